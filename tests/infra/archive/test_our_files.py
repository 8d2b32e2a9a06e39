"""Which of the project's files go along: the engine's code, and whatever is beside a task."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import bundle
from infra.archive.our_files import our_files
from infra.errors import BundleError


def write(root: Path, *names: str, text: str = "") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text or f"# {name}\n")


def names(root: Path) -> list[str]:
    return [name for name, _ in our_files(root, root / "handler")]


class TestBesideATask:
    @pytest.mark.parametrize(
        "name",
        [
            "definitions/orders.sql",
            "definitions/rates.json",
            "definitions/mails/welcome.html",
            "definitions/mails/de/welcome.txt",
            "definitions/notes.md",
            "definitions/no_suffix",
            "definitions/model.bin",
            "definitions/photo.JPG",
            "definitions/x.v2.py",
            "definitions/a name with spaces.csv",
            "definitions/größe.csv",
        ],
    )
    def test_a_file_of_any_kind_goes_along(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, name)

        assert names(tmp_path) == [name]

    @pytest.mark.parametrize(
        "name",
        [
            "definitions/.env",
            "definitions/.DS_Store",
            "definitions/._export.py",
            "definitions/.ipynb_checkpoints/export-checkpoint.py",
            "definitions/.git/config",
            "definitions/__pycache__/export.cpython-313.pyc",
            "definitions/export.pyc",
            "definitions/export.py~",
            "definitions/#export.py#",
            "definitions/.export.py.swp",
            "definitions/export.swp",
            "definitions/Thumbs.db",
            "definitions/deep/desktop.ini",
        ],
    )
    def test_what_tools_leave_behind_stays(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, name)

        assert names(tmp_path) == []

    @pytest.mark.parametrize(
        ("name", "text", "goes_along"),
        [
            ("definitions/conftest.py", "import pytest\n", False),
            ("definitions/deep/export_test.py", "import pytest\n", False),
            ("definitions/conftest.py", "x = 1\n", True),
            ("definitions/test_export.py", "def test_it(): ...\n", True),
            ("definitions/test_data.py", "x = 1\n", True),
            ("definitions/test_task.py", "import pytest\n@task()\ndef x(): ...\n", False),
            ("definitions/test_broken.py", "def test_it(:\n", True),
            ("definitions/test_rates.json", "{}", True),
            ("definitions/test_page.html", "import pytest\n", True),
        ],
    )
    def test_what_discovery_passes_over_as_a_test_stays(
        self, tmp_path: Path, name: str, text: str, goes_along: bool
    ) -> None:
        write(tmp_path, name, text=text)

        assert names(tmp_path) == ([name] if goes_along else [])

    def test_content_is_not_changed(self, tmp_path: Path) -> None:
        content = bytes(range(256)) * 3
        (tmp_path / "definitions").mkdir()
        (tmp_path / "definitions/model.bin").write_bytes(content)

        archive = bundle.build(tmp_path / "bundle.zip", tmp_path, [], engine=tmp_path / "handler")

        with zipfile.ZipFile(archive) as opened:
            assert opened.read("definitions/model.bin") == content

    def test_a_task_reads_its_file_from_the_unzipped_bundle(self, tmp_path: Path) -> None:
        write(tmp_path, "definitions/__init__.py", "definitions/mails/text.html")
        source = """
from importlib.resources import files
from pathlib import Path

one = (Path(__file__).parent / "mails" / "text.html").read_text()
other = (files("definitions") / "mails" / "text.html").read_text()
third = files("definitions.mails").joinpath("text.html").read_text()
"""
        write(tmp_path, "definitions/send.py", text=source)
        archive = bundle.build(tmp_path / "bundle.zip", tmp_path, [], engine=tmp_path / "handler")
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(tmp_path / "task")

        program = "from definitions.send import *; print([one, other, third])"
        said = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path / "task",
            capture_output=True,
            text=True,
            check=True,
        )

        assert eval(said.stdout) == ["# definitions/mails/text.html\n"] * 3


class TestTheEngine:
    def test_its_code_goes_along_without_the_test_kit(self, tmp_path: Path) -> None:
        write(tmp_path, "handler/worker.py", "handler/graphql/schema.graphql")
        write(tmp_path, "handler/testing/kit.py", "handler/py.typed", "handler/notes.md")

        assert names(tmp_path) == ["handler/graphql/schema.graphql", "handler/worker.py"]


class TestLinks:
    def test_a_link_inside_the_project_is_followed(self, tmp_path: Path) -> None:
        write(tmp_path, "shared/rates.json", "shared/mails/text.html")
        (tmp_path / "definitions").mkdir()
        (tmp_path / "definitions/rates.json").symlink_to("../shared/rates.json")
        (tmp_path / "definitions/mails").symlink_to(tmp_path / "shared/mails")

        assert dict(our_files(tmp_path, tmp_path / "handler")) == {
            "definitions/mails/text.html": b"# shared/mails/text.html\n",
            "definitions/rates.json": b"# shared/rates.json\n",
        }

    def test_a_link_out_of_the_project_is_refused(self, tmp_path: Path) -> None:
        project = tmp_path / "project"
        write(tmp_path, "secret.txt", "project/definitions/x.py")
        (project / "definitions/rates.json").symlink_to(tmp_path / "secret.txt")

        with pytest.raises(BundleError, match=r"definitions/rates\.json is a link to .*out of the"):
            names(project)

    def test_a_link_in_circles_is_refused(self, tmp_path: Path) -> None:
        write(tmp_path, "definitions/deep/x.py")
        (tmp_path / "definitions/deep/again").symlink_to("..")

        with pytest.raises(BundleError, match=r"definitions/deep/again is a link to .*it is in"):
            names(tmp_path)

    def test_a_link_to_nothing_is_refused(self, tmp_path: Path) -> None:
        write(tmp_path, "definitions/x.py")
        (tmp_path / "definitions/rates.json").symlink_to("gone.json")

        with pytest.raises(BundleError, match=r"rates\.json is a link to gone\.json, which isn't"):
            names(tmp_path)

    def test_a_project_that_is_reached_by_a_link_is_one(self, tmp_path: Path) -> None:
        write(tmp_path, "real/definitions/x.py", "real/definitions/rates.json")
        (tmp_path / "real/definitions/other.json").symlink_to("rates.json")
        (tmp_path / "link").symlink_to("real")

        assert len(names(tmp_path / "link")) == 3
