"""What a failure looks like on the record: exceptions of any kind, as errors with a message and a
code.
"""

import traceback
from collections.abc import Mapping
from typing import Final

from handler.contract import MAX_ERROR_CHARACTERS
from handler.definition.verdicts import Failed
from handler.record.jsonable import jsonable
from handler.record.task_record import ErrorRecord, Json

_LONGEST_STACK: Final = 4_000
_LONGEST_MESSAGE: Final = 8_000


def error_of(error: BaseException) -> ErrorRecord:
    """An exception as an error: its own `code` and `data` if it has them, else its type as the
    code.
    """
    # SystemExit has a `code` too, which is no such thing.
    code, data = (
        (getattr(error, "code", None), getattr(error, "data", None))
        if isinstance(error, Exception)
        else (None, None)
    )
    return ErrorRecord(
        message=_message_of(error)[:_LONGEST_MESSAGE],
        code=(readable_text(code) if isinstance(code, str) and code else type(error).__name__)[
            :MAX_ERROR_CHARACTERS
        ],
        data=readable(data) if isinstance(data, Mapping) and data else None,
        stack=readable_text(_stack_of(error))[-_LONGEST_STACK:],
    )


def error_of_failed(failed: Failed) -> ErrorRecord:
    """A `Failed` as an error."""
    return ErrorRecord(
        message=readable_text(failed.message)[:_LONGEST_MESSAGE],
        code=readable_text(failed.code)[:MAX_ERROR_CHARACTERS] if failed.code else None,
        data=readable(failed.data) if failed.data else None,
    )


def readable_text(value: object) -> str:
    """`value` as text that can be stored: what isn't Unicode (a file's name may not be) is
    escaped.
    """
    try:
        return str(value).encode(errors="backslashreplace").decode()
    except Exception:  # a broken __str__ is no reason to lose the rest
        return f"({type(value).__name__} can't be shown)"


def _message_of(error: BaseException) -> str:
    return readable_text(error) or f"{type(error).__name__} was raised, without a message."


def _stack_of(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # it shows the exception, and may fail as that does
        return "".join(traceback.format_tb(error.__traceback__))


def readable(data: Mapping[str, object]) -> Json:
    """`data` as JSON, and as text where it is none (it may contain itself): better than nothing,
    and never an error.
    """
    try:
        return jsonable(data)
    except ValueError:
        return {"text": readable_text(repr(data))[:_LONGEST_STACK]}
