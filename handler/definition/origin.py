"""Where a definition was made: in which line, and while which modules were being imported."""

import itertools
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import CodeType, FrameType, FunctionType, MappingProxyType, ModuleType
from typing import Final, TypeGuard, TypeVar

_T = TypeVar("_T")

_numbers: Final = itertools.count()
# The attribute of a module's spec that has the definitions made while the module was imported.
_KEPT: Final = "background_task_definitions"
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """Where `@task` was applied.

    Args:
        file: the file of the function; of the module that made it with another file's code.
        line: in `file`.
        modules: the names of the modules that were being imported, the innermost first.
        spec: of the innermost one. Python makes another each time that it runs a module.
        name: the function's qualified name, in the module `home`.
        home: the name of the function's module.
        is_decorated: whether the function has another decorator above `@task`.
        number: counts the definitions of the process.
    """

    file: str
    line: int
    modules: tuple[str, ...]
    spec: ModuleSpec | None
    name: str
    home: str
    is_decorated: bool
    number: int

    @classmethod
    def of(cls, function: FunctionType, decorator: FrameType | None) -> "Origin":
        """The origin of what a decorator makes of `function`.

        Args:
            decorator: the frame in which the decorator runs.
        """
        caller = decorator.f_back if decorator else None
        importing = list(_modules_of(caller))
        code = function.__code__
        file, line = code.co_filename, code.co_firstlineno
        if importing and importing[0].f_code.co_filename != file:
            file, line = importing[0].f_code.co_filename, importing[0].f_lineno
        return cls(
            file=file,
            line=line,
            modules=tuple(str(frame.f_globals["__name__"]) for frame in importing),
            spec=importing[0].f_globals["__spec__"] if importing else None,
            name=function.__qualname__,
            home=str(function.__module__),
            is_decorated=caller is not None and _is_above(caller, code),
            number=next(_numbers),
        )

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    def keep(self, definition: object) -> None:
        """Keeps a definition with the module that is being imported, whatever becomes of its name.

        Python makes a spec each time that it runs a module, and drops it with the module. So what
        is kept there is what this run of the module has made, and nothing else.
        """
        if self.spec:
            vars(self.spec).setdefault(_KEPT, []).append(definition)

    def found_under_its_name(self) -> object:
        """What the function's name stands for in its module now; `None` if that isn't known."""
        found: object = sys.modules.get(self.home)
        for part in self.name.split("."):
            found = names_in(found).get(part)
        return found


def is_a(value: object, kind: type[_T]) -> TypeGuard[_T]:
    """`isinstance` by the type that a value has; it doesn't ask the value for its `__class__`."""
    return issubclass(type(value), kind)


def names_in(value: object) -> Mapping[str, object]:
    """The names in a module or a class; none in another value. It runs no code of theirs."""
    for kind in (ModuleType, type):
        if is_a(value, kind):
            names: Mapping[str, object] | None = vars(kind)["__dict__"].__get__(value)
            return names or _NOTHING
    return _NOTHING


def all_kept() -> list[object]:
    """What is kept with the modules of this process, as they were imported last."""
    specs = [names_in(module).get("__spec__") for module in [*sys.modules.values()]]
    return [each for spec in specs if is_a(spec, ModuleSpec) for each in _kept_with(spec)]


def _kept_with(spec: ModuleSpec) -> list[object]:
    kept = vars(spec).get(_KEPT)
    return kept if type(kept) is list else []


def _modules_of(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of the modules that are being imported, the innermost first."""
    while frame is not None:
        is_module = frame.f_code.co_name == "<module>"
        if is_module and is_a(frame.f_globals.get("__spec__"), ModuleSpec):
            yield frame
        frame = frame.f_back


def _is_above(caller: FrameType, code: CodeType) -> bool:
    """Whether a line above the one that `caller` runs decorates the function, too.

    A function starts at its first decorator, and each decorator is called in its own line.
    """
    if caller.f_code.co_filename != code.co_filename:
        return False
    lines = [line for _, _, line in code.co_lines() if line and line > code.co_firstlineno]
    return code.co_firstlineno < caller.f_lineno < min(lines, default=0)
