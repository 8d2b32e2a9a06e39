"""Attribute values: checked, in one form for equal values, and their sizes."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from tests.simulation.services.dynamodb.numbers import canonical, number
from tests.simulation.services.dynamodb.refusals import invalid

Value = dict[str, Any]
"""An attribute value as boto3 has it: `{"S": "text"}`. Never changed once it is stored."""

Item = dict[str, Value]
"""An item, or a key: attribute values by their names. Never changed once it is stored."""

# "Supported data types and naming rules", Document types: 32 levels.
_MAX_DEPTH: Final = 32
_MAX_ITEM_BYTES: Final = 400 * 1024  # "Constraints in Amazon DynamoDB", Items
ORDERED: Final = frozenset({"S", "N", "B"})
SETS: Final = frozenset({"SS", "NS", "BS"})


def checked(value: Mapping[str, Any], depth: int = 1) -> Value:
    """A copy of a value in the one form that all equal values have. Raises `ValidationException`.

    Numbers have no zeros at their ends, and sets are sorted: two values are equal if their copies
    are.
    """
    if len(value) != 1:
        raise invalid("Supplied AttributeValue has to contain exactly one of the datatypes")
    [(kind, content)] = value.items()
    if kind == "S":
        return {"S": content}
    return {kind: _FORMS[kind](content, depth)}


def checked_item(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """The same, of each value of an item."""
    return {name: checked(value) for name, value in item.items()}


def order(value: Value) -> "str | Decimal | bytes":
    """What a value of `S`, `N` or `B` sorts by among those of its type.

    Strings sort by their UTF-8 bytes, binaries by their unsigned bytes ("Working with queries in
    DynamoDB", and the CreateTable API); Python's order of code points is that of UTF-8.
    """
    [(kind, content)] = value.items()
    return number(content) if kind == "N" else content


def size_of(item: Mapping[str, Value]) -> int:
    """How many bytes an item has ("DynamoDB item sizes and formats")."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else len(name.encode())
        text = value.get("S")
        if text is None:
            total += _size(value)
        else:
            total += len(text) if text.isascii() else len(text.encode())
    return total


def check_size(size: int, what: str) -> None:
    """Raises `ValidationException` for an item of more than 400 KB."""
    if size > _MAX_ITEM_BYTES:
        raise invalid(f"{what} has exceeded the maximum allowed size")


def _size(value: Value) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_size(content)
        case "B":
            return len(content)
        case "SS":
            return sum(len(each.encode()) for each in content)
        case "NS":
            return sum(map(_number_size, content))
        case "BS":
            return sum(map(len, content))
        case "L":
            return 3 + sum(1 + _size(each) for each in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in content.items())
    return 1


def _number_size(text: str) -> int:
    digits = text.lstrip("-").replace(".", "").strip("0")
    return 1 + (len(digits) + 1) // 2


def _text(content: Any, _: int) -> str:
    return str(content)


def _number(content: Any, _: int) -> str:
    return canonical(content)


def _binary(content: Any, _: int) -> bytes:
    return bytes(content)


def _flag(content: Any, _: int) -> bool:
    return bool(content)


def _null(content: Any, _: int) -> bool:
    if content is not True:
        raise invalid("Null attribute value types must have the value of true")
    return True


def _set_of(form: Callable[[Any, int], Any], key: Callable[[Any], Any]) -> Callable[..., Any]:
    def of(content: Any, depth: int) -> list[Any]:
        if not content:
            raise invalid("An set may not be empty")
        members = {form(each, depth) for each in content}
        if len(members) < len(content):
            raise invalid("Input collection contains duplicates.")
        return sorted(members, key=key)

    return of


def _list(content: Any, depth: int) -> list[Value]:
    return [checked(each, _deeper(depth)) for each in content]


def _map(content: Any, depth: int) -> Item:
    return {name: checked(each, _deeper(depth)) for name, each in content.items()}


def _deeper(depth: int) -> int:
    if depth >= _MAX_DEPTH:
        raise invalid("Nesting Levels have exceeded supported limits")
    return depth + 1


_FORMS: Final[Mapping[str, Callable[[Any, int], Any]]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _flag,
    "NULL": _null,
    "SS": _set_of(_text, str),
    "NS": _set_of(_number, number),
    "BS": _set_of(_binary, bytes),
    "L": _list,
    "M": _map,
}
