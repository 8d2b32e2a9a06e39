"""Finding the definitions."""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handler import Context, Done, task
from handler.definition.registry import Registry, discover
from handler.errors import DefinitionError, UnknownDefinition

TASK = """
from handler import Context, Done, task

@task()
def {name}(context: Context) -> Done:
    return Done()
"""
_number = itertools.count()

Package = Callable[[dict[str, str]], str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Makes a package of some files and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)
    names: list[str] = []

    def make(files: dict[str, str]) -> str:
        names.append(f"definitions_{next(_number)}")
        for file, text in ({"__init__.py": ""} | files).items():
            path = tmp_path / names[-1] / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return names[-1]

    yield make
    for module in [module for module in sys.modules if module.partition(".")[0] in names]:
        del sys.modules[module]


def ids(registry: Registry) -> list[str]:
    return [definition.id for definition in registry]


def test_every_module_is_found_in_the_order_of_the_files_names(package: Package) -> None:
    name = package({"b.py": TASK.format(name="of_b"), "a.py": TASK.format(name="of_a")})

    assert ids(discover(name)) == ["ofA", "ofB"]


def test_the_projects_own_definitions_are_found_testing_run_first() -> None:
    found = ids(discover())

    assert found[0] == "testingRun"
    assert "importCsv" in found


def test_a_folder_is_looked_into(package: Package) -> None:
    name = package({"users/__init__.py": "", "users/export.py": TASK.format(name="export_users")})

    assert ids(discover(name)) == ["exportUsers"]


def test_a_definition_that_another_file_imports_is_found_once(package: Package) -> None:
    name = package(
        {
            "a.py": TASK.format(name="of_a"),
            "b.py": "from .a import of_a\n" + TASK.format(name="of_b"),
        }
    )

    assert ids(discover(name)) == ["ofA", "ofB"]


def test_two_definitions_of_one_id_are_refused_with_both_files(package: Package) -> None:
    name = package({"a.py": TASK.format(name="same"), "b.py": TASK.format(name="same")})

    with pytest.raises(DefinitionError, match='Two tasks have the id "same"') as refused:
        discover(name)

    assert "a.py" in refused.value.message
    assert "b.py" in refused.value.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "import nothing_of_that_name",
            "ModuleNotFoundError: No module named 'nothing_of_that_name'",
        ),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def broken(:", "SyntaxError"),
        ("from handler import nothing", "ImportError"),
    ],
)
@pytest.mark.parametrize("file", ["broken.py", "folder/broken.py"])
def test_a_module_that_cannot_be_imported_is_named_with_the_reason(
    package: Package, text: str, reason: str, file: str
) -> None:
    name = package({"folder/__init__.py": "", file: text})

    with pytest.raises(DefinitionError) as refused:
        discover(name)

    assert f"{name}/{file} can't be imported" in refused.value.message
    assert reason in refused.value.message


def test_a_definition_that_is_refused_says_so_itself(package: Package) -> None:
    name = package({"bad.py": TASK.format(name="x").replace("@task()", '@task(id="not camel")')})

    with pytest.raises(DefinitionError, match='Task ID "not camel" is invalid') as refused:
        discover(name)

    assert "bad.py" in refused.value.message
    assert "can't be imported" not in refused.value.message


def test_a_package_without_definitions_is_empty(package: Package) -> None:
    assert ids(discover(package({"helpers.py": "x = 1"}))) == []


def test_a_definition_is_looked_up_by_its_id() -> None:
    @task()
    def known(context: Context) -> Done:
        return Done()

    registry = Registry([known])

    assert registry.get("known") is known
    assert registry.find("known") is known
    assert registry.find("unknown") is None
    with pytest.raises(UnknownDefinition, match="Task definition was not found!") as refused:
        registry.get("unknown")
    assert refused.value.data == {"id": "unknown", "known": ["known"]}
