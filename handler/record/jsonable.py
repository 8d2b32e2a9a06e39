"""Any value as JSON, so that what a task hands over can be stored, sent and shown."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pydantic_core
from pydantic import BaseModel

from handler.record.model import Json
from handler.record.natives import native


def to_json(value: Mapping[str, object] | BaseModel) -> Json:
    """`value` as JSON: models by their aliases, dates as ISO text, NaN as text, the rest as `str`.

    numpy's numbers are numbers, and a set is a list in an order of its own: the same in every
    process.

    Raises:
        ValueError: it contains itself, is nested too deeply, or has text that is not Unicode.
    """
    return cast("Json", json.loads(to_json_bytes(value)))


def to_json_bytes(value: Mapping[str, object] | BaseModel) -> bytes:
    """`value` as compact JSON in UTF-8: the limits count its bytes. Raises as `to_json`."""
    try:
        return _to_json(_plain(value))
    except RecursionError as error:
        raise ValueError("Circular reference, or nested too deeply") from error


def _to_json(value: object) -> bytes:
    return pydantic_core.to_json(
        value, by_alias=True, fallback=_known, inf_nan_mode="strings", bytes_mode="base64"
    )


def _plain(value: object) -> object:
    """`value` without models, which have their own rules for NaN, and without sets."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(part) for part in value), key=_to_json)
    serializer = getattr(type(value), "__pydantic_serializer__", None)
    return _dumped(serializer, value) if serializer is not None else value


def _dumped(serializer: Any, value: object) -> object:
    try:
        dump = serializer.to_python(value, mode="json", by_alias=True, fallback=_known)
    except UnicodeDecodeError:  # bytes, which JSON takes as text alone
        dump = serializer.to_python(value, by_alias=True)
    return _plain(dump)


def _known(value: object) -> object:
    known = native(value)
    return str(value) if known is value else known


def size_of(value: object) -> int:
    """The bytes of `value`, which is JSON, as compact text in UTF-8."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def json_object(text: str) -> Json:
    """`text` as a JSON object; empty where it is not one."""
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
