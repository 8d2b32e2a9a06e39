"""What a failure looks like on the record: exceptions of any kind, as errors with a message and a code."""

import traceback
from collections.abc import Mapping
from typing import Final

from handler.jsonable import jsonable
from handler.records import ErrorRecord, Json
from handler.verdicts import Failed

_LONGEST_STACK: Final = 4_000
_LONGEST_MESSAGE: Final = 8_000


def error_of(error: BaseException) -> ErrorRecord:
    """An exception as an error: its own `code` and `data` if it has them, else its type as the code."""
    code = getattr(error, "code", None)
    data = getattr(error, "data", None)
    return ErrorRecord(
        message=_message_of(error)[:_LONGEST_MESSAGE],
        code=code if isinstance(code, str) and code else type(error).__name__,
        data=readable(data) if isinstance(data, Mapping) and data else None,
        stack="".join(traceback.format_exception(error))[-_LONGEST_STACK:],
    )


def error_of_failed(failed: Failed) -> ErrorRecord:
    """A `Failed` as an error."""
    message = failed.message if isinstance(failed.message, str) else str(failed.message)
    return ErrorRecord(
        message=message[:_LONGEST_MESSAGE], code=failed.code, data=readable(failed.data) if failed.data else None
    )


def _message_of(error: BaseException) -> str:
    text = str(error)
    return text or f"{type(error).__name__} was raised, without a message."


def readable(data: Mapping[str, object]) -> Json:
    """`data` as JSON, and as text where it is none (it may contain itself): better than nothing, and never an error."""
    try:
        return jsonable(data)
    except ValueError:
        return {"text": repr(data)[:_LONGEST_STACK]}
