"""What an expression computes with: paths, values, and the functions that give a value."""

from collections.abc import Callable

from tests.simulation.services.dynamodb.paths import Path, found, path_of
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.tokens import Tokens
from tests.simulation.services.dynamodb.values import Item, Value

Values = dict[str, Value]
"""The values of a request by their placeholders."""

Operand = Callable[[Item, Values], Value | None]
"""What an operand is, for an item; `None` where nothing stands."""


def at(path: Path) -> Operand:
    """What stands at a path."""
    if len(path) == 1:
        name = path[0]
        return lambda item, _: item.get(name)  # type: ignore[arg-type]
    return lambda item, _: found(item, path)


def given(placeholder: str) -> Operand:
    """A value of the request."""
    return lambda _, values: values[placeholder]


def path_or_value(tokens: Tokens) -> Operand:
    """Reads a path or a value."""
    if tokens.peek().startswith(":"):
        return given(tokens.value())
    return at(path_of(tokens))


def compared(tokens: Tokens) -> Operand:
    """Reads what a condition compares: a path, a value, or a `size`."""
    if tokens.peek().lower() == "size" and tokens.peek(1) == "(":
        tokens.take()
        tokens.expect("(")
        inner = path_or_value(tokens)
        tokens.expect(")")
        return _size_of(inner)
    return path_or_value(tokens)


def _size_of(operand: Operand) -> Operand:
    def size(item: Item, values: Values) -> Value | None:
        if (value := operand(item, values)) is None:
            return None
        [(kind, content)] = value.items()
        if kind in ("N", "BOOL", "NULL"):
            raise invalid("Invalid operand type for operator or function; operator: size")
        return {"N": str(len(content))}

    return size
