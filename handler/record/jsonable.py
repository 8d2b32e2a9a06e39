"""Any value as JSON, so that what a task hands over can be stored, sent and shown."""

import dataclasses
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final, cast

import pydantic_core
from pydantic import BaseModel

from handler.record.model import Json
from handler.record.natives import native
from handler.record.texts import to_text

_LOST: Final = "\ufffd"  # what pydantic writes into the key of a model's dict
# Of JSON that Python doesn't read.
_MAX_LEVELS: Final = 100
_MAX_DIGITS: Final = 4_000
_LEFT_OUT: Final = "(left out: nested too deeply, or a number of too many digits)"
_COMPACT: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def to_json(value: Mapping[str, object] | BaseModel, *, escapes: bool = False) -> Json:
    """`value` as JSON: models by their aliases, dates as ISO text, NaN as text, the rest as `str`.

    numpy's numbers are numbers, and a set is a list in an order of its own: the same in every
    process.

    Args:
        escapes: whether text that is not Unicode, as in a file's name, is escaped. Else it raises.

    Raises:
        ValueError: it contains itself, is nested too deeply, or has text that is not Unicode.
    """
    return cast("Json", json.loads(to_json_bytes(value, escapes=escapes)))


def to_json_bytes(value: Mapping[str, object] | BaseModel, *, escapes: bool = False) -> bytes:
    """`value` as compact JSON in UTF-8: the limits count its bytes. Arguments as `to_json`."""
    try:
        plain = _plain(value)
        return _to_json(_escaped(plain) if escapes else plain)
    except RecursionError as error:
        raise ValueError("Circular reference, or nested too deeply") from error


def _to_json(value: object) -> bytes:
    return pydantic_core.to_json(value, **_OPTIONS)


def _plain(value: object) -> object:
    """`value` in JSON's own types; NaN, and keys that are no text, are left."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {_plain_key(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | deque | Iterator):
        return [_plain(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(part) for part in value), key=_sort_key)
    serializer = getattr(type(value), "__pydantic_serializer__", None)
    if serializer is not None:
        return _dumped(serializer, value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: _plain(getattr(value, part.name)) for part in dataclasses.fields(value)}
    return pydantic_core.to_jsonable_python(value, **_OPTIONS)


def _plain_key(key: object) -> object:
    """A key that JSON has a text for, such as a path; other keys as they are."""
    plain = _plain(key)
    return plain if isinstance(plain, str) else key


def _sort_key(plain: object) -> bytes:
    return _to_json(_escaped(plain))


def _dumped(serializer: Any, value: object) -> object:
    try:
        dump = serializer.to_python(value, mode="json", by_alias=True, fallback=_known)
    except UnicodeError:  # bytes, which JSON takes as text alone; a key that is not Unicode
        dump = None
    if dump is None or _has_lost_key(dump):
        dump = serializer.to_python(value, by_alias=True)
    return _plain(dump)


def _has_lost_key(dump: object) -> bool:
    """Whether a key has a sign of replacement: pydantic puts it where text is not Unicode."""
    if isinstance(dump, Mapping):
        return any(_LOST in str(key) or _has_lost_key(part) for key, part in dump.items())
    return isinstance(dump, list) and any(map(_has_lost_key, dump))


def _escaped(plain: object) -> object:
    """`plain`, of JSON's own types, with what is not Unicode escaped in its texts and keys."""
    if isinstance(plain, str):
        return to_text(plain)
    if isinstance(plain, dict):
        return {_escaped(key): _escaped(part) for key, part in plain.items()}
    return [_escaped(part) for part in plain] if isinstance(plain, list) else plain


def _known(value: object) -> object:
    known = native(value)
    return str(value) if known is value else known


_OPTIONS: Final[dict[str, Any]] = {
    "by_alias": True,
    "fallback": _known,
    "inf_nan_mode": "strings",
    "bytes_mode": "base64",
}


def size_of(value: object) -> int:
    """The bytes of `value`, which is JSON, as compact text in UTF-8."""
    return len(_COMPACT.encode(value).encode())


def json_object(text: str) -> Json:
    """`text` as a JSON object; empty where it is not one, or one that Python doesn't read."""
    return _object(text) or {}


def json_object_as_far(text: str) -> tuple[Json, bool]:
    """`text` as a JSON object, and whether it is the whole of it.

    Python doesn't read JSON that is nested too deeply, nor whole numbers of more than 4,300 digits
    (library reference, "Integer string conversion length limitation"). A text stands in the place
    of these. Empty where the text is no JSON object.
    """
    if (whole := _object(text)) is not None:
        return whole, True
    return _object(_shallow(text), parse_int=_short_number) or {}, False


def _object(text: str, **options: Any) -> Json | None:
    try:
        value = json.loads(text, **options)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else {}


def _short_number(digits: str) -> object:
    return int(digits) if len(digits) < _MAX_DIGITS else _LEFT_OUT


def _shallow(text: str) -> str:
    """JSON text with a note in the place of what is nested too deeply."""
    kept: list[str] = []
    level = start = 0
    for token in _BRACKETS.finditer(text):
        if token[0] in "[{":
            level += 1
            if level == _MAX_LEVELS:
                kept.append(text[start : token.start()])
        elif token[0] in "]}":
            if level == _MAX_LEVELS:
                kept.append(f'"{_LEFT_OUT}"')
                start = token.end()
            level -= 1
    return "".join([*kept, text[start:]])
