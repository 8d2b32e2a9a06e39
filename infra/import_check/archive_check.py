"""Finds the imports in an archive that would fail on Lambda, without running anything.

Every import of ours is resolved against the archive's own files, the standard library of Lambda's
Python, and what the Lambda runtime brings; and so are the packages that ours import, as far as
their imports run for certain.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from infra.archive.lambda_python import GONE_NAMES, RUNTIME, STANDARD_LIBRARY, THIS_PYTHON
from infra.archive.our_files import OUR_PACKAGES
from infra.import_check.imports import Import, imports_of
from infra.import_check.modules import Modules

_NOT_VALID: Final = f"is not valid in {THIS_PYTHON}, which runs this program"


@dataclass(frozen=True, slots=True)
class Missing:
    """An import that finds nothing.

    Args:
        file: the file that has the import, as a path in the archive.
        line: its line there, from 1.
        module: the module that is looked for.
        name: what is looked for in it; "" if the module itself is not there.
        user: the file and line of ours by which that file is imported; "" if it is ours.
    """

    file: str
    line: int
    module: str
    name: str = ""
    user: str = ""

    @property
    def is_ours(self) -> bool:
        return self.file.partition("/")[0] in OUR_PACKAGES


@dataclass(frozen=True, slots=True)
class Faulty:
    """A line of ours that Python refuses.

    Args:
        what: what happens there: `is not valid in Python 3.11`.
    """

    file: str
    line: int
    what: str
    reason: str

    @property
    def text(self) -> str:
        return (
            f"{self.file}, line {self.line}, {self.what}: {self.reason}. Next: correct that line."
        )


def check(modules: Modules, *, deep: bool) -> tuple[list[Missing], list[Faulty]]:
    """Every import that would fail, and every module of ours that can't be read.

    Args:
        deep: whether to go on into the packages that our modules import.
    """
    walk = _Walk(modules, deep)
    walk.run()
    return sorted(walk.missing, key=_place), walk.unreadable


def _place(missing: Missing) -> tuple[bool, str, int, str]:
    return not missing.is_ours, missing.file, missing.line, missing.module


class _Walk:
    """Goes from our modules to what they import, once each."""

    def __init__(self, modules: Modules, deep: bool) -> None:
        self._modules = modules
        self._deep = deep
        self._seen: set[str] = set()
        self.missing: list[Missing] = []
        self.unreadable: list[Faulty] = []

    def run(self) -> None:
        waiting = deque((module, "") for module in sorted(self._modules) if _is_ours(module))
        while waiting:
            module, user = waiting.popleft()
            if module in self._seen or not self._modules.has_source(module):
                continue
            self._seen.add(module)
            for each in self._imports_of(module):
                waiting.extend(self._found(module, user, each))

    def _imports_of(self, module: str) -> list[Import]:
        try:
            return imports_of(
                self._modules.tree(module),
                self._modules.package_of(module),
                is_there=self._is_there,
                thorough=_is_ours(module),
            )
        except (SyntaxError, ValueError) as error:
            self._add_unreadable(module, error)
        return []

    def _add_unreadable(self, module: str, error: SyntaxError | ValueError) -> None:
        # A package may be written for a newer Python than the one that runs this.
        if _is_ours(module):
            line = getattr(error, "lineno", None) or 1
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            self.unreadable.append(Faulty(self._modules.path(module), line, _NOT_VALID, reason))

    def _found(self, module: str, user: str, each: Import) -> Iterator[tuple[str, str]]:
        """Notes what is missing, and gives the modules to go on with."""
        path = self._modules.path(module)
        ours = _is_ours(module)
        lacks = self._what_is_missing(each, checks_names=ours)
        if each.required:
            place = "" if ours else user
            self.missing += [Missing(path, each.line, each.module, name, place) for name in lacks]
        if lacks or not (self._deep and each.required):
            return
        via = f"{path}, line {each.line}" if ours else user
        for target in self._targets(each):
            yield target, via

    def _targets(self, each: Import) -> Iterator[str]:
        parts = each.module.split(".")
        yield from (".".join(parts[: end + 1]) for end in range(len(parts)))
        yield from (f"{each.module}.{name}" for name in each.names)

    def _is_there(self, each: Import) -> bool:
        return not self._what_is_missing(each, checks_names=True)

    def _what_is_missing(self, each: Import, *, checks_names: bool) -> list[str]:
        """The names that an import doesn't find; "" stands for the module itself."""
        if not self._has_module(each.module):
            return [""]
        if checks_names:
            return [name for name in each.names if not self._has_name(each.module, name)]
        return []

    def _has_module(self, module: str) -> bool:
        modules = self._modules
        if modules.has_top(module):
            return module in modules or self._is_made_at_run_time(module)
        top = module.partition(".")[0]
        return top in RUNTIME or module in STANDARD_LIBRARY

    def _is_made_at_run_time(self, module: str) -> bool:
        parent = module.rpartition(".")[0]
        while parent not in self._modules:
            parent = parent.rpartition(".")[0]
        return self._modules.is_dynamic(parent)

    def _has_name(self, module: str, name: str) -> bool:
        modules = self._modules
        if modules.has_top(module):
            if module not in modules or f"{module}.{name}" in modules:
                return True
            names = modules.names(module)
            return names is None or name in names
        return f"{module}.{name}" not in GONE_NAMES


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in OUR_PACKAGES
