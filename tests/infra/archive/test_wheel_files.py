"""Which files of the packages' wheels go along."""

import zipfile
from pathlib import Path

import pytest

from infra.archive.wheel_files import wheel_files
from infra.errors import BundleError
from tests.infra.wheel_making import make_wheel


def test_modules_that_an_installer_moves_are_where_python_finds_them(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "one",
        files={
            "one-1.0.data/purelib/one/__init__.py": "",
            "one-1.0.data/platlib/one/fast.so": "",
            "one-1.0.data/scripts/one": "",
            "one-1.0.data/data/share/one.txt": "",
        },
    )

    names = [name for name in wheel_files([wheel]) if ".dist-info" not in name]

    assert sorted(names) == ["one/__init__.py", "one/fast.so"]


def test_a_stub_goes_along_only_where_its_module_reads_it(tmp_path: Path) -> None:
    lazy = "import lazy_loader\n__getattr__, *_ = lazy_loader.attach_stub(__name__, __file__)"
    files = {"a/__init__.py": lazy, "a/__init__.pyi": "", "a/b.py": "", "a/b.pyi": ""}

    names = wheel_files([make_wheel(tmp_path, "a", files=files)])

    assert "a/__init__.pyi" in names
    assert "a/b.pyi" not in names


def test_what_only_installers_and_type_checkers_read_stays_behind(tmp_path: Path) -> None:
    files = {
        "one/__init__.py": "",
        "one/data.txt": "",
        "one/py.typed": "",
        "one/only.pyi": "",
        "one-1.0.dist-info/top_level.txt": "one",
        "one-1.0.dist-info/licenses/LICENSE": "",
    }
    wheel = make_wheel(tmp_path, "one", files=files)
    with zipfile.ZipFile(wheel, "a") as opened:
        opened.writestr("one/", "")

    assert sorted(wheel_files([wheel])) == [
        "one-1.0.dist-info/METADATA",
        "one-1.0.dist-info/licenses/LICENSE",
        "one/__init__.py",
        "one/data.txt",
    ]


def test_packages_may_share_a_file_of_one_content(tmp_path: Path) -> None:
    shared = {"google/__init__.py": "__path__ = []\n"}
    wheels = [make_wheel(tmp_path, name, files=shared) for name in ("one", "other")]

    assert "google/__init__.py" in wheel_files(wheels)


@pytest.mark.parametrize("name", ["definitions/__init__.py", "handler/x.py", "handler.py"])
def test_a_package_with_a_module_of_our_name_is_refused(tmp_path: Path, name: str) -> None:
    wheel = make_wheel(tmp_path, "one", files={name: ""})

    with pytest.raises(BundleError, match=r"one-1\.0.* contains .*this project's own"):
        wheel_files([wheel])


@pytest.mark.parametrize(
    "name",
    ["enum.py", "typing/__init__.py", "json/extra.py", "enum.cpython-313-x86_64-linux-gnu.so"],
)
def test_a_package_that_hides_a_module_of_python_is_refused(tmp_path: Path, name: str) -> None:
    wheel = make_wheel(tmp_path, "one", files={name: ""})

    with pytest.raises(BundleError, match="would hide Python's own"):
        wheel_files([wheel])


def test_a_package_may_have_data_in_a_folder_with_the_name_of_a_module_of_python(
    tmp_path: Path,
) -> None:
    wheel = make_wheel(tmp_path, "one", files={"test/data.txt": "", "json/data.json": ""})

    assert "json/data.json" in wheel_files([wheel])
