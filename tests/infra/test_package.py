"""The package that another Pulumi program installs: what is in it, and that it is enough."""

import ast
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import infra
from infra.archive import wheels
from infra.archive.wheels import normalized
from tests.installing import EXAMPLE, ROOT, Installed, built

# Runs the program in the current folder on Pulumi's mocks, and prints what it registers. The tests
# come last on the path: the package is found in the environment, or not at all.
RECORD = """
import json, runpy, sys
sys.path[0] = "."
sys.path.append(sys.argv[1])
from tests.infra.recording import run_program

found = run_program(
    lambda: runpy.run_path("__main__.py", run_name="__main__"),
    config={"orders:vendorDependencies": True},
)
import handler, infra.archive.wheels
functions = found.all("aws:lambda/function:Function")
print(json.dumps({
    "archives": sorted({each["code"].path for each in functions}),
    "homes": [handler.__file__, infra.__file__, infra.archive.wheels.__file__],
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed.into(tmp_path_factory.mktemp("an environment") / "venv")


def _tops(names: list[str]) -> set[str]:
    return {name.partition("/")[0] for name in names}


class TestTheDoor:
    def test_it_opens_to_each_name_that_it_lists(self) -> None:
        assert infra.__all__ == sorted(infra.__all__)
        assert all(getattr(infra, name).__name__ == name for name in infra.__all__)

    def test_it_has_no_other_name(self) -> None:
        with pytest.raises(AttributeError, match="no attribute 'BackgroundTask'"):
            infra.BackgroundTask  # noqa: B018

    def test_what_locks_packages_waits_for_no_sdk_of_aws(self) -> None:
        code = "import infra.lock.commands, sys; print('pulumi_aws' in sys.modules)"

        said = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
        )

        assert said.stdout == "False\n"


@pytest.mark.slow
class TestContent:
    def test_a_wheel_has_the_engine_the_components_and_the_lock(self, tmp_path: Path) -> None:
        [wheel] = built("wheel", tmp_path)

        with zipfile.ZipFile(wheel) as opened:
            names = opened.namelist()
            lock = opened.read(f"infra/archive/{wheels.LOCK_NAME}")

        assert {name for name in _tops(names) if "dist-info" not in name} == {"handler", "infra"}
        assert lock == (ROOT / wheels.LOCK_NAME).read_bytes()
        assert _files("handler") | _files("infra") <= set(names)
        assert not [name for name in names if name.startswith("infra/lock")]

    def test_a_wheel_from_the_source_distribution_is_the_same(self, tmp_path: Path) -> None:
        [source] = built("sdist", tmp_path / "source")
        with tarfile.open(source) as opened:
            opened.extractall(tmp_path, filter="data")
            [folder] = _tops(opened.getnames())
        [direct] = built("wheel", tmp_path / "direct")

        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "wheel"],
            cwd=tmp_path / folder,
            check=True,
            capture_output=True,
        )

        [wheel] = (tmp_path / "wheel").iterdir()
        assert wheel.read_bytes() == direct.read_bytes()

    def test_every_package_that_it_imports_is_among_its_dependencies(
        self, installed: Installed
    ) -> None:
        asked = _dependencies(installed)
        # Imported in Lambdas, from the bundle, and in tests alone.
        elsewhere = {"ariadne", "graphql-core", "aws-lambda-powertools", "moto", "pytest"}
        # What the others bring along.
        brought = {"botocore": "boto3", "pydantic-core": "pydantic"}

        missing = _imported(installed.site_packages) - asked - elsewhere - {*brought}

        assert {name for name in missing if not name.startswith("mypy-boto3-")} == set()  # types
        assert {*brought.values()} <= asked

    def test_the_versions_that_this_project_deploys_with_are_in_its_ranges(
        self, installed: Installed
    ) -> None:
        locked = wheels.pins((ROOT / "requirements.txt").read_text())

        for requirement in _requirements(installed):
            assert requirement.specifier.contains(locked[normalized(requirement.name)])


@pytest.mark.slow
def test_a_program_elsewhere_is_deployed_from_the_package_alone(
    installed: Installed, tmp_path: Path
) -> None:
    program = tmp_path / "another program"
    shutil.copytree(EXAMPLE, program, ignore=shutil.ignore_patterns("__pycache__"))
    (program / ".wheels").symlink_to((ROOT / ".wheels").resolve())
    (tmp_path / "record.py").write_text(RECORD)

    ran = subprocess.run(
        [installed.python, tmp_path / "record.py", ROOT],
        cwd=program,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )

    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert all(home.startswith(str(installed.folder)) for home in said["homes"])
    [code] = said["archives"]
    assert code == ".build/order-tasks-arm64.zip"  # no absolute path reaches the state
    with zipfile.ZipFile(program / code) as opened:
        assert {"handler", "definitions", "pydantic", "ariadne"} <= _tops(opened.namelist())
        assert "definitions/ship_orders.py" in opened.namelist()
        assert "definitions/testing_run.py" not in opened.namelist()


def _files(package: str) -> set[str]:
    """The files of a package of the checkout, without what writes its locks."""
    every = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*") if path.is_file()}
    return {
        path.as_posix()
        for path in every
        if "__pycache__" not in path.parts and path.parts[:2] != ("infra", "lock")
    }


def _requirements(installed: Installed) -> list[Requirement]:
    [found] = metadata.distributions(name="background-tasks", path=[str(installed.site_packages)])
    every = [Requirement(each) for each in found.requires or ()]
    return [each for each in every if each.marker is None]


def _dependencies(installed: Installed) -> set[str]:
    return {normalized(each.name) for each in _requirements(installed)}


def _imported(folder: Path) -> set[str]:
    """The packages that the installed modules import, by their own names."""
    tops = {
        module.partition(".")[0]
        for package in ("handler", "infra")
        for path in (folder / package).rglob("*.py")
        for module in _modules(ast.parse(path.read_text()))
    }
    packages = metadata.packages_distributions()
    return {
        normalized(packages[top][0])
        for top in tops - sys.stdlib_module_names - {"_typeshed", "definitions", "handler", "infra"}
    }


def _modules(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found
