"""Any value as JSON has it, so that what a task hands over can be stored, sent and shown."""

import json
from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel
from pydantic_core import to_json

from handler.record.task_record import Json


def jsonable(value: Mapping[str, object] | BaseModel) -> Json:
    """`value` as JSON: models by their aliases, dates as ISO text, NaN as text, anything unknown as
    its `str`.

    Raises:
        ValueError: it contains itself, or text that isn't Unicode.
    """
    known = value if isinstance(value, BaseModel) else dict(value)
    return cast(
        "Json",
        json.loads(
            to_json(known, by_alias=True, fallback=str, inf_nan_mode="strings", bytes_mode="base64")
        ),
    )


def size_of(value: object) -> int:
    """The bytes of `value` as compact JSON in UTF-8: what the limits count."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
