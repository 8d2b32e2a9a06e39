"""The modules of a package: which of its files are tasks' modules, and what to do about the others.

A file that could be meant as a task is imported or refused. A file that nobody means as one is
passed over.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from handler.errors import DefinitionError

_INIT: Final = "__init__.py"
_CACHE: Final = "__pycache__"
# What looks like Python code and isn't a module's source: a compiled module, a notebook, the backup
# copies of editors, a file that a browser or Windows has renamed.
_NOT_SOURCE: Final = re.compile(r"\.(pyc|pyd|so|ipynb)$|\.py(?!i$)", re.IGNORECASE)
# The files that pytest collects (pytest's guide, "Conventions for Python test discovery").
_TEST_FILE: Final = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py")
_NOT_IN_LAMBDAS: Final = re.compile(r"(_?pytest|hypothesis|moto|handler\.testing)(?=\.|$)")


class Module(NamedTuple):
    """A module's name, and its file."""

    name: str
    file: Path

    @property
    def package(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def path(self) -> str:
        """Its file, from the package's folder on: `definitions/users/export.py`."""
        stem = self.name.replace(".", "/")
        return f"{stem}/{_INIT}" if self.file.name == _INIT else f"{stem}.py"


class PassedOver(NamedTuple):
    """A file that is not imported, and why."""

    file: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.file} is passed over: {self.reason}."


Found = Module | PassedOver | DefinitionError


def modules_of(package: str, folders: Iterable[str]) -> Iterator[Found]:
    """Every file of a package's folders that could be a module, by name.

    Yields:
        A module; a file that is passed over; or the error of a file that would be overlooked.
    """
    known: dict[str, Path] = {}
    for folder in folders:
        for found in _in_folder(Path(folder), package, frozenset()):
            if isinstance(found, Module) and found.name in known:
                yield _twice(found, known[found.name])
                continue
            if isinstance(found, Module):
                known[found.name] = found.file
            yield found


def refused(file: Path | str, what: str, cause: BaseException | None = None) -> DefinitionError:
    """The error of a file."""
    # Linux takes names, and Python raises texts, that are not Unicode; the error goes out as JSON.
    name, what = (str(text).encode(errors="backslashreplace").decode() for text in (file, what))
    error = DefinitionError(f"{name} {what}", data={"file": name})
    error.__cause__ = cause
    return error


def _in_folder(folder: Path, package: str, above: frozenset[Path]) -> Iterator[Found]:
    if (real := folder.resolve()) in above:
        return  # a link to a folder that it is in
    try:
        # A package comes before the module of its name, as in Python's own search.
        paths = sorted((path.stem, not path.is_dir(), path.name, path) for path in folder.iterdir())
    except OSError as error:
        yield refused(folder, f"can't be read: {error}. Make it readable, or move it out.")
        return
    for _, is_file, _, path in paths:
        if not is_file:
            yield from _of_folder(path, package, above | {real})
        else:
            yield from _of_file(path, package)


def _of_folder(folder: Path, package: str, above: frozenset[Path]) -> Iterator[Found]:
    if folder.name == _CACHE:
        return
    if folder.name.startswith("."):
        if any(folder.rglob("*.py")):
            yield PassedOver(folder, "it is a hidden folder")
        return
    has_init = (folder / _INIT).is_file()
    for found in _in_folder(folder, f"{package}.{folder.name}", above):
        if not isinstance(found, Module):
            yield found
        elif "." in folder.name:
            yield _dotted(found.file, folder.name, folder.name.replace(".", "_"))
        elif not has_init:
            yield refused(found.file, f"is in a folder without an {_INIT}; add an empty one.")
        else:
            yield found


def _of_file(path: Path, package: str) -> Iterator[Found]:
    if path.suffix != ".py":
        if _NOT_SOURCE.search(path.name):
            yield PassedOver(path, "its name does not end in .py")
    elif path.name.startswith("."):
        yield PassedOver(path, "it is a hidden file")
    elif path.name == _INIT:
        yield Module(package, path)
    elif "." in path.stem:
        yield _dotted(path, path.name, f"{path.stem.replace('.', '_')}.py")
    elif not path.is_file():
        what = "a link to a file that is not there" if path.is_symlink() else "not a regular file"
        yield refused(path, f"is {what}. Correct it, or delete it.")
    elif imported := _only_for_tests(path):
        reason = f"it is named like a test, and imports {imported}. No task of it is registered"
        yield PassedOver(path, reason)
    else:
        yield Module(f"{package}.{path.stem}", path)


def _dotted(path: Path, name: str, better: str) -> DefinitionError:
    return refused(
        path, f"can't be imported: a module's name has no dot. Rename {name} to {better}."
    )


def _twice(module: Module, other: Path) -> DefinitionError:
    return refused(
        module.file,
        f"can't be imported: {other} is the module {module.name}, too. Rename one of them.",
    )


def is_test(path: Path) -> bool:
    """Whether a file is only for tests, so that no Lambda can import it: no bundle carries it."""
    return bool(_only_for_tests(path))


def _only_for_tests(path: Path) -> str:
    """What a file that is named like a test imports and no Lambda has; "" if it is no such file."""
    if not _TEST_FILE.fullmatch(path.name):
        return ""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ""  # its import says what is wrong
    names = (name for statement in tree.body for name in _imported_by(statement))
    return next((found[0] for name in names if (found := _NOT_IN_LAMBDAS.match(name))), "")


def _imported_by(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.Import(names=names):
            return [each.name for each in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return [f"{module}.{each.name}" for each in names]
    return []
