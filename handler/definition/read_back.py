"""Whether a value reads back as it was: what is stored must be what the author has handed over."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from numbers import Real
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from handler.record import fields_of, native

_WITHOUT_PARTS: Final = (str, bytes, bytearray, int, float, type(None))


class Change(NamedTuple):
    """The first value that would read back as another one, and where it is."""

    path: tuple[object, ...]
    before: object
    after: object


def first_change(before: object, after: object) -> Change | None:
    """What of `before` is another value in `after`; `None` if nothing is."""
    return None if _is_equal(before, after) else next(_changes(before, after, ()), None)


def _is_equal(before: object, after: object) -> bool:
    """Whether two values compare as equal, as nearly all do: the short way."""
    try:
        return type(before) is type(after) and bool(before == after)
    except Exception:  # an author's own `__eq__`, or an array's, which says it for each element
        return False


def _changes(before: object, after: object, path: tuple[object, ...]) -> Iterator[Change]:
    before = native(before)
    if before is after:
        return
    parts, parts_after = parts_of(before), parts_of(after)
    if parts is None or not _same_kind(before, after):
        if parts is not None or not _is_same(before, after):
            yield Change(path, before, after)
    elif parts_after is None or list(parts) != list(parts_after):
        yield Change(path, before, after)
    else:
        for name, part in parts.items():
            yield from _changes(part, parts_after[name], (*path, name))


def parts_of(value: object) -> dict[Any, object] | None:
    """What a value consists of, in an order of its own; `None` for one without parts."""
    if isinstance(value, _WITHOUT_PARTS):
        return None
    if isinstance(value, BaseModel):
        return fields_of(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: value[key] for key in sorted(value, key=_order)}
    if isinstance(value, Sequence):
        return dict(enumerate(value))
    if hasattr(value, "popleft"):  # a deque is no Sequence
        return dict(enumerate(value))  # type: ignore[arg-type]
    return None


def _order(key: object) -> tuple[str, str]:
    return type(key).__name__, repr(key)


def _same_kind(before: object, after: object) -> bool:
    """Whether an author can tell the two apart by their type: a list is not a tuple."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return True  # a Counter that reads back as a dict has lost nothing
    return type(before) is type(after)


def _is_one_moment(before: datetime, after: datetime) -> bool:
    """Python calls no two times equal of which one is in the hour that a clock shows twice."""
    if before.tzinfo is None or after.tzinfo is None:
        return False
    return before.astimezone(UTC) == after.astimezone(UTC)


def _is_same(before: object, after: object) -> bool:
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if (
        isinstance(before, datetime)
        and isinstance(after, datetime)
        and _is_one_moment(before, after)
    ):
        return True
    if isinstance(before, Real) and isinstance(after, Real):
        return before == after or (math.isnan(before) and math.isnan(after))
    if isinstance(before, Set) and isinstance(after, Set):
        return before == after or sorted(map(_order, before)) == sorted(map(_order, after))
    if not isinstance(before, type(after)):
        return False
    if type(before).__eq__ is object.__eq__:  # only an author could tell: by what it consists of
        return getattr(before, "__dict__", None) == getattr(after, "__dict__", None)
    return _is_equal(before, after) or bool(before != before and after != after)  # Decimal's NaN
