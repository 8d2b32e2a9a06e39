"""The modules that a set of files makes, as Python finds them: by the files' names."""

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

from infra.archive.module_names import is_module_name, module_of

Files = Mapping[str, Callable[[], bytes]]
"""What each file contains, by its path from the folder that Python searches."""

# Code that gives a module names, or submodules, which its source doesn't spell.
_DYNAMIC: Final = re.compile(
    r"__getattr__|globals\(|vars\(|locals\(|setattr\(|exec\(|import \*|sys\.modules|__path__"
    r"|meta_path"
)


class Modules:
    """The modules in some files. A module's name is dotted: `definitions.export`."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._names: dict[str, frozenset[str] | None] = {}

    def __contains__(self, module: str) -> bool:
        return module in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def has_top(self, module: str) -> bool:
        """Whether the module's topmost package is here: then no other place is searched for it."""
        return module.partition(".")[0] in self._paths

    def path(self, module: str) -> str:
        """The module's file; "" for a folder that has no `__init__.py`."""
        return self._paths[module]

    def has_source(self, module: str) -> bool:
        return self._paths.get(module, "").endswith(".py")

    def package_of(self, module: str) -> str:
        """What the module's relative imports start from."""
        is_package = PurePosixPath(self._paths[module]).name == "__init__.py"
        return module if is_package else module.rpartition(".")[0]

    def tree(self, module: str) -> ast.Module:
        """The module's source, parsed.

        Raises:
            SyntaxError: it isn't valid for the Python that runs this, or for Lambda's.
            ValueError: it isn't text.
        """
        source = self._files[self._paths[module]]()
        tree = _parsed(source)
        # Read now what is asked for later: trees take too much memory to be kept.
        self._names.setdefault(module, _names_of(source, tree))
        return tree

    def is_dynamic(self, module: str) -> bool:
        """Whether the module may have names, or submodules, that can't be read from its source."""
        return self.names(module) is None

    def names(self, module: str) -> frozenset[str] | None:
        """The names that the module defines; `None` if its source doesn't spell them all."""
        if module not in self._names:
            self._names[module] = self._read_names(module)
        return self._names[module]

    def _read_names(self, module: str) -> frozenset[str] | None:
        path = self._paths[module]
        if not path:
            return frozenset()
        if not path.endswith(".py"):
            return None
        source = self._files[path]()
        try:
            return _names_of(source, _parsed(source))
        except (SyntaxError, ValueError):
            return None

    @cached_property
    def _paths(self) -> dict[str, str]:
        paths: dict[str, str] = {}
        for path in sorted(self._files):
            if (module := module_of(path)) is not None:
                paths[module] = path
        for path in self._files:
            for folder in PurePosixPath(path).parents:
                if is_module_name(folder.parts):
                    paths.setdefault(".".join(folder.parts), "")
        return paths


def _parsed(source: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in somebody's package
        return ast.parse(source, feature_version=(3, 13))


def _names_of(source: bytes, tree: ast.Module) -> frozenset[str] | None:
    if _DYNAMIC.search(source.decode(errors="replace")):
        return None
    return frozenset(_bound(tree)) | _MODULE_NAMES


# Names that every module has.
_MODULE_NAMES: Final = frozenset(
    {"__doc__", "__file__", "__loader__", "__name__", "__package__", "__spec__", "__dict__"}
)


def _bound(tree: ast.Module) -> Iterator[str]:
    """The names that a module's statements bind, whether they are sure to run or not."""
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
                yield from _global_names(node)
                continue
            case ast.ClassDef(name=name):
                yield name
                continue
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=alias):
                yield alias or name.partition(".")[0]
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
        if type(node).__name__ == "TypeAlias":  # from Python 3.12 on
            yield node.name.id  # type: ignore[attr-defined]
        waiting.extend(ast.iter_child_nodes(node))


def _global_names(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            yield from node.names
