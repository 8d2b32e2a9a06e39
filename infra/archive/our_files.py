"""The project's own files that the bundle carries: the engine, and the tasks with their files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import handler
from handler.definition import is_test
from infra.errors import BundleError

# The engine's code, wherever it is installed. The authors' test kit imports moto, which no Lambda
# has.
ENGINE: Final = Path(handler.__file__).parent
_ENGINE_SUFFIXES: Final = frozenset({".py", ".graphql"})
# What the page of GraphiQL is made of: 1.5 MB, of which most stacks need nothing.
_PAGE: Final = "handler/graphiql/"
_PAGE_SUFFIXES: Final = frozenset({".css", ".html", ".js"})
_TEST_KIT: Final = "handler/testing"

# The authors' tasks. Whatever is beside them goes along, but for tests, which no Lambda imports,
# and for what tools leave behind.
TASKS: Final = "definitions"
OUR_PACKAGES: Final = ("handler", TASKS)
_JUNK_NAMES: Final = frozenset({"__pycache__", "desktop.ini", "Thumbs.db"})
_JUNK_SUFFIXES: Final = (".pyc", ".pyo", ".swo", ".swp", "~", "#")


def our_files(
    root: Path, engine: Path = ENGINE, *, graphiql: bool = False
) -> Iterator[tuple[str, bytes]]:
    """Each file's path in the bundle, and its content.

    Args:
        root: the folder that the tasks' folder is in.
        graphiql: whether the page of GraphiQL goes along.

    Raises:
        BundleError: a link leads out of the project, in circles or nowhere, or a file can't be
            read.
    """
    for path in _Tree(engine.parent).files(engine):
        name = path.relative_to(engine.parent).as_posix()
        is_of_page = name.startswith(_PAGE) and path.suffix in _PAGE_SUFFIXES
        is_code = path.suffix in _ENGINE_SUFFIXES and not name.startswith(_TEST_KIT)
        if is_code or (graphiql and is_of_page):
            yield name, _content(path, name)
    for path in _Tree(root).files(root / TASKS):
        name = path.relative_to(root).as_posix()
        content = _content(path, name)
        if not is_test(path):
            yield name, content


def _content(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"{name} can't be read: {error.strerror}. Next: let this user read it, or move it out."
        ) from error


class _Tree:
    """Walks folders of a project, through links too, but never out of it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._project = root.resolve()

    def files(self, folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
        if not folder.is_dir():
            return
        here = (*above, folder.resolve())
        for path in sorted(folder.iterdir()):
            if _is_junk(path.name):
                continue
            if path.is_symlink():
                self._check_link(path, here)
            if path.is_dir():
                yield from self.files(path, here)
            elif path.is_file():
                yield path

    def _check_link(self, path: Path, folders: tuple[Path, ...]) -> None:
        name = path.relative_to(self._root).as_posix()
        target = Path(path.readlink())
        if not path.exists():
            raise BundleError(f"{name} is a link to {target}, which isn't there. Next: remove it.")
        if not path.resolve().is_relative_to(self._project):
            raise BundleError(
                f"{name} is a link to {target}, out of the project: another machine would make"
                " another bundle. Next: copy what it leads to."
            )
        if path.resolve() in folders:
            raise BundleError(
                f"{name} is a link to {target}, a folder that it is in. Next: remove it."
            )


def _is_junk(name: str) -> bool:
    """Hidden files, caches, and what editors and file managers leave behind."""
    return name.startswith(".") or name in _JUNK_NAMES or name.endswith(_JUNK_SUFFIXES)
