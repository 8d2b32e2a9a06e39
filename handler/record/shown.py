"""Any value as JSON for people to read: in a log, or with an error.

It takes whatever an author's code gives it, and never raises. What it shows need not be read back
as the same value: an input and an output go through `to_json`.
"""

import dataclasses
import math
from collections import deque
from collections.abc import Iterable, KeysView, Mapping, ValuesView
from datetime import date, time, timedelta
from enum import Enum
from numbers import Integral
from typing import Final, cast

import pydantic_core
from pydantic import BaseModel

from handler.errors import EngineSignal
from handler.record.model import Json
from handler.record.texts import class_name, cut, to_text

MAX_LEVELS: Final = 32
MAX_VALUES: Final = 100_000
_MAX_KEY_CHARACTERS: Final = 1_000
_FEW: Final = 100
# JSON parsers that keep numbers as floats take no larger ones.
_MAX_INTEGER: Final = 10**300

_DEEPER: Final = f"(deeper than {MAX_LEVELS} levels)"
_CIRCULAR: Final = "(contains itself)"
_MOMENTS: Final = (date, time, timedelta)
_SEQUENCES: Final = (list, tuple, set, frozenset, deque, KeysView, ValuesView)
_BINARY: Final = (bytes, bytearray, memoryview)


def to_shown_json(data: object) -> Json:
    """`data` as a JSON object: models by their aliases, dates as ISO text, the rest as `str`.

    Deeper than 32 levels, a value that contains itself, and a value that can't be shown have a note
    in their place; so has the whole where it has more than 100,000 values. What is not a mapping or
    a model is shown as `{"value": ...}`.
    """
    if _is_flat_json(data):
        return dict(cast("Json", data))
    try:
        shown = _Walk().value(data, level=0)
    except _TooMany:
        return {"omitted": f"more than {MAX_VALUES:,} values"}
    return cast("Json", shown) if isinstance(shown, dict) else {"value": shown}


def _is_flat_json(data: object) -> bool:
    """Whether `data` is an object of short texts and numbers, as most of what is logged is."""
    return (
        type(data) is dict
        and len(data) <= _FEW
        and all(
            type(key) is str and key.isascii() and len(key) <= _FEW and _is_shown_as_it_is(value)
            for key, value in data.items()
        )
    )


def _is_shown_as_it_is(value: object) -> bool:
    if type(value) is str:
        return value.isascii()
    if type(value) is int:
        return -_MAX_INTEGER < value < _MAX_INTEGER
    return value is None or type(value) is bool


class _TooMany(Exception):
    """The data has too many values to be shown."""


class _Walk:
    """One walk through a value."""

    def __init__(self) -> None:
        self._left = MAX_VALUES
        self._around: set[int] = set()  # the values that the walk is inside of

    def value(self, value: object, *, level: int) -> object:
        self._left -= 1
        if self._left < 0:
            raise _TooMany
        try:
            return self._value(value, level)
        except (EngineSignal, _TooMany):
            raise
        except BaseException:  # whatever the value's own code does
            return f"({class_name(value)} can't be shown)"

    def _value(self, value: object, level: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Enum):
            return self.value(value.value, level=level)
        if isinstance(value, str):
            return to_text(value)
        if isinstance(value, Integral):
            number = int(value)
            return number if abs(number) < _MAX_INTEGER else to_text(number)
        if isinstance(value, float):
            return _shown_float(float(value))
        if isinstance(value, _MOMENTS):
            return pydantic_core.to_jsonable_python(value)
        if isinstance(value, _BINARY):
            return bytes(value).decode(errors="backslashreplace")
        return self._container(value, level)

    def _container(self, value: object, level: int) -> object:
        is_mapping = isinstance(value, BaseModel | Mapping) or _is_dataclass(value)
        if not is_mapping and not isinstance(value, _SEQUENCES):
            return to_text(value)
        if id(value) in self._around:
            return _CIRCULAR
        if level >= MAX_LEVELS:
            return _DEEPER
        self._around.add(id(value))
        try:
            if is_mapping:
                return self._mapping(_items(value), level)
            return [self.value(item, level=level + 1) for item in cast("Iterable[object]", value)]
        finally:
            self._around.discard(id(value))

    def _mapping(self, items: Iterable[tuple[object, object]], level: int) -> Json:
        shown: Json = {}
        seen: dict[str, int] = {}
        for key, item in items:
            text = cut(to_text(key.value if isinstance(key, Enum) else key), _MAX_KEY_CHARACTERS)
            name = text
            while name in shown:  # 1 and "1" are two keys
                seen[text] = seen.get(text, 1) + 1
                name = f"{text} ({seen[text]})"
            shown[name] = self.value(item, level=level + 1)
        return shown


def _items(value: object) -> Iterable[tuple[object, object]]:
    if isinstance(value, BaseModel):
        return _fields(value).items()
    if isinstance(value, Mapping):
        return value.items()
    fields = dataclasses.fields(value)  # type: ignore[arg-type]
    return ((field.name, getattr(value, field.name, None)) for field in fields)


def _fields(model: BaseModel) -> Mapping[str, object]:
    try:
        return model.model_dump(by_alias=True, warnings=False)
    except Exception:  # it contains itself, say
        return dict(model.__dict__)


def _is_dataclass(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _shown_float(number: float) -> float | str:
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
