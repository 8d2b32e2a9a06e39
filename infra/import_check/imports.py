"""What a module imports when it runs on Lambda, read from its source without running it."""

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from infra.archive.lambda_python import PLATFORM, VERSION_INFO

_IMPORT_ERRORS: Final = frozenset({"ImportError", "ModuleNotFoundError"})
_CATCH_IMPORT_ERRORS: Final = _IMPORT_ERRORS | {"Exception", "BaseException"}

IsThere = Callable[["Import"], bool]


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a module.

    Args:
        module: the module's absolute name.
        names: what a `from` import takes from it; empty for `import module` and for `*`.
        line: where it stands, from 1.
        required: whether the module that imports it fails without it.
    """

    module: str
    names: tuple[str, ...]
    line: int
    required: bool = True


def imports_of(
    tree: ast.Module, package: str, *, is_there: IsThere, thorough: bool
) -> list[Import]:
    """The imports of a module that its Lambda makes.

    What is for type checkers, for other systems and for other versions of Python is left out. An
    import in a `try` that survives an `ImportError` is not required.

    Args:
        tree: the module's source, parsed.
        package: the package that its relative imports start from.
        is_there: whether an import will find what it names. It decides whether the fallback of a
            `try` runs.
        thorough: whether to read functions too, and branches that may run. Otherwise only what
            runs for certain when the module is imported: the way to read other people's packages.
    """
    return list(_Reader(package, is_there, thorough).statements(tree.body, required=True))


@dataclass(frozen=True, slots=True)
class _Reader:
    package: str
    is_there: IsThere
    thorough: bool
    in_function: bool = False

    def statements(self, body: Iterable[ast.stmt], *, required: bool) -> Iterator[Import]:
        for statement in body:
            yield from self.statement(statement, required)

    def statement(self, statement: ast.stmt, required: bool) -> Iterator[Import]:
        match statement:
            case ast.Import() | ast.ImportFrom():
                yield from _named(statement, self.package, required)
            case ast.If():
                yield from self._branches(statement, required)
            case ast.Try() | ast.TryStar():
                yield from self._try(statement, required)
            case ast.With() | ast.AsyncWith():
                survives = any(_suppresses_import_error(item) for item in statement.items)
                yield from self.statements(statement.body, required=required and not survives)
            case ast.ClassDef():
                yield from self.statements(statement.body, required=required)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if self.thorough:
                function = replace(self, in_function=True)
                yield from function.statements(statement.body, required=required)
            case _ if self.thorough:
                for body in _bodies(statement):
                    yield from self.statements(body, required=required)
        if self.thorough:
            yield from self._calls(statement, required)

    def _branches(self, statement: ast.If, required: bool) -> Iterator[Import]:
        condition = _known(statement.test)
        runs_either = condition is _UNKNOWN and self.thorough
        if runs_either or (condition is not _UNKNOWN and condition):
            yield from self.statements(statement.body, required=required)
        if runs_either or (condition is not _UNKNOWN and not condition):
            yield from self.statements(statement.orelse, required=required)

    def _try(self, statement: ast.Try | ast.TryStar, required: bool) -> Iterator[Import]:
        survives = any(self._catches(each) and not _raises(each) for each in statement.handlers)
        tried = list(self.statements(statement.body, required=required and not survives))
        failed = survives and not all(self.is_there(each) for each in tried)
        yield from tried
        if self.thorough:
            for handler in statement.handlers:
                if failed or not self._catches(handler):
                    yield from self.statements(handler.body, required=required)
            if not failed:
                yield from self.statements(statement.orelse, required=required)
        yield from self.statements(statement.finalbody, required=required)

    def _catches(self, handler: ast.ExceptHandler) -> bool:
        # `except Exception` around the work of a function reports an error; it is no fallback.
        return _names(handler.type, _IMPORT_ERRORS if self.in_function else _CATCH_IMPORT_ERRORS)

    def _calls(self, statement: ast.stmt, required: bool) -> Iterator[Import]:
        """`importlib.import_module("module")` and `__import__("module")`, in its expressions."""
        for expression in _expressions(statement):
            for node in ast.walk(expression):
                if isinstance(node, ast.Call) and (module := _module_of_call(node, self.package)):
                    yield Import(module, (), node.lineno, required)


def _named(
    statement: ast.Import | ast.ImportFrom, package: str, required: bool
) -> Iterator[Import]:
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield Import(alias.name, (), statement.lineno, required)
        return
    module = _absolute(statement.module or "", statement.level, package)
    names = tuple(alias.name for alias in statement.names if alias.name != "*")
    yield Import(module, names, statement.lineno, required)


def _absolute(module: str, level: int, package: str) -> str:
    if level == 0:
        return module
    parts = package.split(".")
    if level > len(parts):
        return "." * level + module  # above the topmost package: no module has such a name
    return ".".join([*parts[: len(parts) - level + 1], *filter(None, [module])])


def _module_of_call(call: ast.Call, package: str) -> str | None:
    match call.func:
        case ast.Name(id="import_module" | "__import__"):
            pass
        case ast.Attribute(value=owner, attr="import_module" | "__import__") if _is_importlib(
            owner
        ):
            pass
        case _:
            return None
    match call.args:
        case [ast.Constant(value=str(name)), *_]:
            level = len(name) - len(name.lstrip("."))
            return _absolute(name[level:], level, package)
    return None


def _is_importlib(expression: ast.expr) -> bool:
    match expression:
        case ast.Name(id="importlib"):
            return True
        case ast.Call(func=ast.Name(id="__import__"), args=[ast.Constant(value="importlib"), *_]):
            return True
    return False


def _bodies(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """The blocks of any other statement: of a function, a loop, a `match`."""
    for field in ("body", "orelse"):
        if isinstance(block := getattr(statement, field, None), list):
            yield block
    for case in getattr(statement, "cases", ()):
        yield case.body


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, without those of the statements inside it."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr


def _raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(statement, ast.Raise) for statement in handler.body)


def _names(node: ast.expr | None, errors: frozenset[str]) -> bool:
    """Whether an `except` with this expression catches one of these errors."""
    match node:
        case None:  # a bare `except` catches all
            return "BaseException" in errors
        case ast.Tuple(elts=parts):
            return any(_names(part, errors) for part in parts)
    return _dotted(node).rpartition(".")[2] in errors


def _suppresses_import_error(item: ast.withitem) -> bool:
    match item.context_expr:
        case ast.Call(func=function, args=arguments) if _dotted(function).endswith("suppress"):
            return any(_names(argument, _CATCH_IMPORT_ERRORS) for argument in arguments)
    return False


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
    return ""


_UNKNOWN: Final = object()

# What expressions are on Lambda.
_VALUES: Final[dict[str, object]] = {
    "TYPE_CHECKING": False,
    "typing.TYPE_CHECKING": False,
    "t.TYPE_CHECKING": False,
    "__name__": "a module's own name",
    "os.name": "posix",
    "sys.implementation.name": "cpython",
    "sys.platform": PLATFORM,
    "sys.version_info": VERSION_INFO,
    "sys.version_info.major": VERSION_INFO[0],
    "sys.version_info.minor": VERSION_INFO[1],
}
_CALLS: Final[dict[str, object]] = {
    "platform.python_implementation": "CPython",
    "platform.system": "Linux",
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[object, object], object]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,  # type: ignore[dict-item]
    ast.LtE: operator.le,  # type: ignore[dict-item]
    ast.Gt: operator.gt,  # type: ignore[dict-item]
    ast.GtE: operator.ge,  # type: ignore[dict-item]
    ast.In: lambda left, right: left in right,  # type: ignore[operator]
    ast.NotIn: lambda left, right: left not in right,  # type: ignore[operator]
}


def _known(node: ast.expr | None) -> object:
    """The value that an expression has on Lambda, or `_UNKNOWN`."""
    try:
        return _value(node)
    except (TypeError, IndexError):
        return _UNKNOWN  # an expression that would raise, or that compares what can't be compared


def _value(node: ast.expr | None) -> object:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() | ast.Attribute():
            return _VALUES.get(_dotted(node), _UNKNOWN)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            values = tuple(_value(part) for part in parts)
            return _UNKNOWN if _UNKNOWN in values else values
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            value = _value(operand)
            return value if value is _UNKNOWN else not value
        case ast.BoolOp():
            return _combined(node)
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            return _compared(_value(left), type(comparison), _value(right))
        case ast.Subscript(value=value, slice=place):
            return _part(_value(value), place)
        case ast.Call():
            return _called(node)
    return _UNKNOWN


def _combined(node: ast.BoolOp) -> object:
    values = [_value(each) for each in node.values]
    decides = isinstance(node.op, ast.Or)
    if any(value is not _UNKNOWN and bool(value) is decides for value in values):
        return decides
    return _UNKNOWN if _UNKNOWN in values else not decides


def _compared(left: object, comparison: type[ast.cmpop], right: object) -> object:
    if left is _UNKNOWN or right is _UNKNOWN or comparison not in _COMPARISONS:
        return _UNKNOWN
    return _COMPARISONS[comparison](left, right)


def _part(value: object, place: ast.expr) -> object:
    if not isinstance(value, tuple):
        return _UNKNOWN
    if isinstance(place, ast.Slice):
        ends = [None if each is None else _value(each) for each in (place.lower, place.upper)]
        return _UNKNOWN if _UNKNOWN in ends else value[slice(*ends)]  # type: ignore[arg-type]
    index = _value(place)
    return value[index] if isinstance(index, int) else _UNKNOWN


def _called(node: ast.Call) -> object:
    if not node.args:
        return _CALLS.get(_dotted(node.func), _UNKNOWN)
    match node.func:
        case ast.Attribute(value=value, attr="startswith"):
            text, start = _value(value), _value(node.args[0])
            if isinstance(text, str) and isinstance(start, str | tuple):
                return text.startswith(start)
    return _UNKNOWN
