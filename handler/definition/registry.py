"""Finds the definitions: every module of `definitions/`, imported; id -> definition."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from handler.definition.definition import Definition, code_of
from handler.definition.task_code import Hook
from handler.errors import DefinitionError, UnknownDefinition


class Registry:
    """The definitions by id, in the order of their files' names, `testingRun` first as in Webiny.

    Raises:
        DefinitionError: two of them have the same id; the message names both files.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._definitions: dict[str, Definition] = {}
        for definition in definitions:
            known = self._definitions.setdefault(definition.id, definition)
            if known is not definition:
                raise DefinitionError(
                    f'Two tasks have the id "{definition.id}": {code_of(known).file} and '
                    f"{code_of(definition).file}. Give one of them another id."
                )

    def get(self, id: str) -> Definition:
        """Raises `UnknownDefinition` when there is none."""
        if (definition := self._definitions.get(id)) is None:
            known = sorted(self._definitions)
            raise UnknownDefinition(
                "Task definition was not found!", data={"id": id, "known": known}
            )
        return definition

    def find(self, id: str) -> Definition | None:
        return self._definitions.get(id)

    def first_hook(self, id: str, *names: Hook) -> Hook | None:
        """The first of `names` that the definition has; `None` where there is no definition."""
        definition = self.find(id)
        return code_of(definition).first_hook(*names) if definition else None

    def keeps_logs(self, id: str) -> bool:
        """Whether tasks of a definition keep logs. They do where there is no such definition."""
        definition = self.find(id)
        return definition is None or definition.database_logs

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._definitions.values())


def discover(package: str = "definitions") -> Registry:
    """Imports every module of `package` and of its folders; registers each definition in them.

    Raises:
        DefinitionError: a module can't be imported, or two definitions have one id; the message
            names the files.
    """
    root = _import(package)
    # A folder that can't be imported is passed over here, and reported below.
    names = sorted(
        found.name
        for found in pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda _: None)
    )
    _refuse_overlooked(root, package, names)
    modules = [_import(name) for name in names]
    return Registry(
        sorted(_definitions_of(modules), key=lambda definition: definition.id != "testingRun")
    )


def _definitions_of(modules: Iterable[ModuleType]) -> list[Definition]:
    found = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Definition)
    ]
    # A definition that one file imports from another (to trigger it) is still one definition.
    return list({id(definition): definition for definition in found}.values())


def _refuse_overlooked(root: ModuleType, package: str, names: Iterable[str]) -> None:
    """Refuses a file that Python would not find: one in a folder that is not a package."""
    found = {package, *names}
    for folder in root.__path__:
        for path in sorted(Path(folder).rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join([package, *parts]).removesuffix(".__init__")
            if name not in found and name.rpartition(".")[0] not in found:
                raise DefinitionError(
                    f"{path} is in a folder without an __init__.py; add an empty one."
                )


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except DefinitionError:
        raise
    except (Exception, SystemExit) as error:  # whatever it raises, its author needs the file
        raise DefinitionError(
            f"{_file_of(name)} can't be imported: {type(error).__name__}: {error}. "
            "Fix the file, or move it out."
        ) from error


def _file_of(name: str) -> str:
    return f"{name.replace('.', '/')}.py"
