"""Finding the definitions, by their files and by their ids."""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handler import Context, Definition, Done, task
from handler.definition.registry import Registry, discover
from handler.definition.task_code import Hook
from handler.errors import DefinitionError, UnknownDefinition

TASK = """
from handler import Context, Definition, Done, task

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


def test_the_definitions_of_every_module_are_found_in_the_order_of_the_files_names(
    package: Package,
) -> None:
    name = package({"b.py": TASK.format(name="of_b"), "a.py": TASK.format(name="of_a")})

    found = ids(discover(name))

    assert found == ["ofA", "ofB"]


def test_the_projects_own_definitions_are_found_testing_run_first() -> None:
    found = ids(discover())

    assert found[0] == "testingRun"
    assert "importCsv" in found


def test_a_definition_in_a_folder_is_found(package: Package) -> None:
    name = package({"users/__init__.py": "", "users/export.py": TASK.format(name="export_users")})

    found = ids(discover(name))

    assert found == ["exportUsers"]


def test_a_file_in_a_folder_without_an_init_file_is_refused_with_its_path(
    package: Package,
) -> None:
    name = package({"users/export.py": TASK.format(name="export_users")})

    with pytest.raises(DefinitionError, match=r"is in a folder without an __init__.py") as refused:
        discover(name)

    assert "users/export.py" in refused.value.message


def test_a_definition_that_another_file_imports_is_found_once(package: Package) -> None:
    name = package(
        {
            "a.py": TASK.format(name="of_a"),
            "b.py": "from .a import of_a\n" + TASK.format(name="of_b"),
        }
    )

    found = ids(discover(name))

    assert found == ["ofA", "ofB"]


def test_two_definitions_with_one_id_are_refused_with_both_files(package: Package) -> None:
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
def test_a_module_that_cannot_be_imported_is_refused_with_its_file_and_the_reason(
    package: Package, text: str, reason: str, file: str
) -> None:
    name = package({"folder/__init__.py": "", file: text})

    with pytest.raises(DefinitionError) as refused:
        discover(name)

    assert f"{name}/{file} can't be imported" in refused.value.message
    assert reason in refused.value.message


def test_a_definition_that_is_not_valid_is_refused_with_its_own_message(package: Package) -> None:
    name = package({"bad.py": TASK.format(name="x").replace("@task()", '@task(id="not camel")')})

    with pytest.raises(DefinitionError, match='Task ID "not camel" is invalid') as refused:
        discover(name)

    assert "bad.py" in refused.value.message
    assert "can't be imported" not in refused.value.message


def test_a_package_without_definitions_is_empty(package: Package) -> None:
    name = package({"helpers.py": "x = 1"})

    found = ids(discover(name))

    assert found == []


@pytest.fixture
def known() -> Definition:
    """A definition without logs, with a hook."""

    @task(database_logs=False)
    def known(context: Context) -> Done:
        return Done()

    known.on_error(print)
    return known


def test_a_definition_is_found_by_its_id(known: Definition) -> None:
    registry = Registry([known])

    assert registry.get("known") is known
    assert registry.find("known") is known
    assert list(registry) == [known]


def test_an_id_without_a_definition_is_refused_with_the_known_ids(known: Definition) -> None:
    registry = Registry([known])

    with pytest.raises(UnknownDefinition, match="Task definition was not found!") as refused:
        registry.get("unknown")

    assert refused.value.data == {"id": "unknown", "known": ["known"]}
    assert registry.find("unknown") is None


@pytest.mark.parametrize(
    ("id", "names", "hook"),
    [
        ("known", (Hook.ON_MAX_ITERATIONS, Hook.ON_ERROR), Hook.ON_ERROR),
        ("known", (Hook.ON_DONE,), None),
        ("unknown", (Hook.ON_ERROR,), None),
    ],
)
def test_the_first_hook_of_an_id_is_that_of_its_definition(
    known: Definition, id: str, names: tuple[Hook, ...], hook: Hook | None
) -> None:
    registry = Registry([known])

    found = registry.first_hook(id, *names)

    assert found == hook


@pytest.mark.parametrize(("id", "keeps_logs"), [("known", False), ("unknown", True)])
def test_tasks_keep_logs_unless_their_definition_says_no(
    known: Definition, id: str, keeps_logs: bool
) -> None:
    registry = Registry([known])

    kept = registry.keeps_logs(id)

    assert kept is keeps_logs
