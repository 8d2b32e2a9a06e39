"""The locks agree: tests run the versions that are deployed."""

import re
from importlib import metadata
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from infra.archive import wheels
from infra.archive.lock_check import ENGINE
from infra.archive.wheels import REQUIREMENTS, ROOT, entries
from infra.lock import commands
from infra.lock.locks import DEV, DEV_DIRECT, DIRECT, PROGRAM
from infra.lock.resolving import OLDEST_PYTHON


def pins(path: Path) -> dict[str, str]:
    """The versions of a requirements file, by the names of the packages."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[\w, ]+\])?==([^\s;]+)", path.read_text(), re.M)
    return {wheels.normalized(name): version for name, version in found}


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


def test_a_program_has_the_versions_that_developers_have() -> None:
    assert pins(DIRECT).items() <= pins(PROGRAM).items() <= pins(DEV).items()


@pytest.mark.parametrize("lock", [PROGRAM, REQUIREMENTS, DEV], ids=lambda path: path.name)
def test_every_package_that_anybody_installs_is_locked_by_its_hashes(lock: Path) -> None:
    assert {*pins(lock)} == {next(iter(wheels.pins(entry))) for entry in entries(lock.read_text())}
    assert [
        entry
        for entry in entries(lock.read_text())
        if not re.search("--hash=sha256:[0-9a-f]{64}", entry)
    ] == []


@pytest.mark.parametrize("lock", [PROGRAM, DEV], ids=lambda path: path.name)
def test_nothing_of_a_package_runs_while_it_is_installed(lock: Path) -> None:
    assert "\n--only-binary=:all:\n" in lock.read_text()


def test_whatever_a_locked_package_needs_here_is_locked() -> None:
    needed = {
        wheels.normalized(requirement.name)
        for name in pins(DEV)
        if (distribution := found(name))
        for requirement in map(Requirement, distribution.requires or ())
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }

    assert len(needed) > 50
    assert needed <= pins(DEV).keys()


def found(name: str) -> metadata.Distribution | None:
    """A package of this machine; those of other systems are not here."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


@pytest.mark.parametrize("file", ["Makefile", ".ci/run"])
def test_every_install_asks_for_the_hashes(file: str) -> None:
    lines = [line for line in (ROOT / file).read_text().splitlines() if "pip install" in line]

    assert lines
    assert all(" --require-hashes -r requirements-dev.txt" in line for line in lines)


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
