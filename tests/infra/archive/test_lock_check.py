"""A lock of somebody else's: what the bundle can be made from, and what is said of the rest."""

import re
import zipfile
from pathlib import Path

import pytest

from infra import bundle
from infra.archive import wheels
from infra.archive.lock_check import ENGINE, check_lock
from infra.arguments import BackgroundTasksArgs
from infra.errors import BundleError

OURS = wheels.REQUIREMENTS.read_text()
HASH = f" --hash=sha256:{'0' * 64}\n"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "their-lock.txt"


def test_the_projects_own_lock_passes() -> None:
    check_lock(wheels.REQUIREMENTS)


def test_a_lock_with_more_packages_comments_and_options_passes(lock: Path) -> None:
    lock.write_text(
        f"# theirs\n--only-binary=:all:\n\n{OURS}\nidna2==1.0 \\\n   {HASH}    # via x\n"
    )

    check_lock(lock)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("extra==1.0\n", 'The line "extra==1.0" of {lock} has no hash.'),
        (f"extra>=1.0{HASH}", "has no version: it takes <package>==<version>."),
        (f"extra @ https://example.com/x.whl{HASH}", "has no version"),
        (f"extra==1.0 ; python_version < '3.12'{HASH}", "has a condition, and the Lambdas have"),
    ],
)
def test_a_line_that_names_no_one_wheel_is_refused(lock: Path, line: str, said: str) -> None:
    lock.write_text(OURS + line)

    with pytest.raises(BundleError) as refused:
        check_lock(lock)

    assert said.format(lock=lock) in str(refused.value)
    assert "Next: compile the lock for Lambda: `uv pip compile" in str(refused.value)


@pytest.mark.parametrize("name", ENGINE)
def test_a_lock_without_a_package_of_the_engine_is_refused(lock: Path, name: str) -> None:
    lock.write_text(re.sub(rf"^{name}==.*\n(?:[ \t]+.*\n)*", "", OURS, flags=re.MULTILINE))

    with pytest.raises(BundleError, match=rf"lacks {name}, which the Lambdas .*Next: add {name}=="):
        check_lock(lock)


def test_a_lock_that_is_not_there_is_refused(lock: Path) -> None:
    with pytest.raises(BundleError, match=r"their-lock\.txt is not there.*Next: correct"):
        check_lock(lock)


@pytest.mark.slow
class TestBundle:
    def test_it_has_the_packages_of_their_lock(self, lock: Path) -> None:
        less = re.sub(r"^idna==.*\n(?:[ \t]+.*\n)*", "", OURS, flags=re.MULTILINE)
        idna = next(each for each in wheels.entries(OURS) if each.startswith("idna=="))
        folders = [f"--find-links {each}\n" for each in wheels.CACHE.absolute().glob("*/*")]
        lock.write_text(f"--no-index\n{''.join(folders)}{less}{idna}")
        args = BackgroundTasksArgs(requirements=lock, lambda_architecture="x86_64")

        built = bundle.archive("their-own", args)

        with zipfile.ZipFile(built.path) as opened:
            assert {"idna/core.py", "pydantic/main.py"} <= set(opened.namelist())

    def test_an_import_that_their_lock_lacks_is_told_in_their_words(
        self, lock: Path, tmp_path: Path
    ) -> None:
        lock.write_text(OURS)
        tasks = tmp_path / "definitions"
        tasks.mkdir()
        (tasks / "__init__.py").touch()
        (tasks / "fetch.py").write_text("import yaml\n")
        args = BackgroundTasksArgs(definitions=tasks, requirements=lock, vendor_dependencies=False)

        with pytest.raises(BundleError) as refused:
            bundle.archive("their-own", args)

        assert str(refused.value) == (
            "definitions/fetch.py, line 1, imports yaml, which the bundle doesn't have. Next: have"
            " PyYAML in the lock of BackgroundTasksArgs(requirements=...)"
        )
