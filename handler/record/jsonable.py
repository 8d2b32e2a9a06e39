"""Any value as JSON, so that what a task hands over can be stored, sent and shown."""

import json
from collections.abc import Mapping
from typing import cast

import pydantic_core
from pydantic import BaseModel

from handler.record.model import Json


def to_json(value: Mapping[str, object] | BaseModel) -> Json:
    """`value` as JSON: models by their aliases, dates as ISO text, NaN as text, the rest as `str`.

    Raises:
        ValueError: it contains itself, or text that is not Unicode.
    """
    return cast("Json", json.loads(to_json_bytes(value)))


def to_json_bytes(value: Mapping[str, object] | BaseModel) -> bytes:
    """`value` as compact JSON in UTF-8: the limits count its bytes. Raises as `to_json`."""
    known = value if isinstance(value, BaseModel) else dict(value)
    return pydantic_core.to_json(
        known, by_alias=True, fallback=str, inf_nan_mode="strings", bytes_mode="base64"
    )


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
