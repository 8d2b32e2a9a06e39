"""The locks agree: tests run the versions that are deployed."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest

from infra.archive.wheels import REQUIREMENTS, ROOT
from infra.lock import commands
from infra.lock.direct import ENGINE
from infra.lock.locks import DEV, DEV_DIRECT, DIRECT
from infra.lock.resolving import OLDEST_PYTHON


def pins(path: Path) -> dict[str, str]:
    """The versions of a requirements file, by the names of the packages."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[\w,]+\])?==([^\s;]+)", path.read_text(), re.M)
    return {name.lower().replace("_", "-"): version for name, version in found}


def names(path: Path) -> set[str]:
    """The packages that a requirements file names, with a version or without one."""
    lines = re.findall(r"^[A-Za-z][A-Za-z0-9._-]*", path.read_text(), re.M)
    return {name.lower().replace("_", "-") for name in lines}


def test_developers_have_the_versions_that_the_lambdas_run() -> None:
    assert pins(REQUIREMENTS)
    assert pins(REQUIREMENTS).items() <= pins(DEV).items()


def test_developers_have_the_versions_that_a_deploy_uses() -> None:
    assert pins(DIRECT).items() <= pins(DEV).items()


def test_the_bundle_has_the_versions_of_requirements_txt() -> None:
    assert {name: pins(DIRECT)[name] for name in ENGINE} == {
        name: pins(REQUIREMENTS)[name] for name in ENGINE
    }


def test_each_package_of_requirements_dev_in_is_locked() -> None:
    assert names(DEV_DIRECT) <= pins(DEV).keys()


def test_the_lock_gives_each_package_one_version() -> None:
    assert names(DEV) == pins(DEV).keys()


def test_boto3_goes_with_the_local_aws() -> None:
    pinned = [each for each in requires("ministack") or () if each.startswith("botocore==")]

    assert pinned
    assert all(each.startswith(f"botocore=={pins(DEV)['botocore']}") for each in pinned)


def test_the_oldest_python_is_the_one_that_the_project_names() -> None:
    assert f'requires-python = ">={OLDEST_PYTHON}"' in (ROOT / "pyproject.toml").read_text()


def test_an_unknown_lock_is_refused_with_the_names_of_the_locks() -> None:
    with pytest.raises(SystemExit, match="bundle, dev"):
        commands.main("devv")


@pytest.mark.parametrize("word", ["add", "remove"])
def test_a_word_without_a_package_is_refused_with_an_example(word: str) -> None:
    with pytest.raises(SystemExit, match=f"infra.lock {word} requests`") as refused:
        commands.main(word)

    assert f'"{word}" lacks the name of a package. Next: ' in str(refused.value)


def test_help_shows_each_word(capsys: pytest.CaptureFixture[str]) -> None:
    commands.main("--help")

    assert "python -m infra.lock add requests " in capsys.readouterr().out
