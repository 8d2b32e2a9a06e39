"""What a failure looks like on the record: any exception as a message, a code and data."""

import traceback
from collections.abc import Mapping
from typing import Final

from handler.contract import MAX_ERROR_CHARACTERS
from handler.record.jsonable import to_json
from handler.record.model import Json, StoredModel

_MAX_STACK_CHARACTERS: Final = 4_000
_MAX_MESSAGE_CHARACTERS: Final = 8_000


class TaskFailure(StoredModel):
    """Why a task, or something that it logged, failed: as the record, the log and the wire have it.

    Args:
        message: what happened, at most 8,000 characters.
        code: what failures are grouped by, at most 256 characters.
        data: details, as JSON.
        stack: the traceback's last 4,000 characters. It stands in the log alone.
    """

    message: str
    code: str | None = None
    data: Json | None = None
    stack: str | None = None

    @classmethod
    def of(
        cls, message: object, *, code: object = None, data: Mapping[str, object] | None = None
    ) -> "TaskFailure":
        """A failure of values of any kind and length, cut to what can be stored."""
        return cls(
            message=to_text(message)[:_MAX_MESSAGE_CHARACTERS],
            code=to_text(code)[:MAX_ERROR_CHARACTERS] if code else None,
            data=to_json_or_text(data) if data else None,
        )

    @classmethod
    def from_exception(cls, error: BaseException) -> "TaskFailure":
        """The exception's own `code` and `data`, if any; else its class's name is the code."""
        # SystemExit.code is an exit status, not an error code.
        has_details = isinstance(error, Exception)
        code = getattr(error, "code", None) if has_details else None
        data = getattr(error, "data", None) if has_details else None
        return cls.of(
            to_text(error) or f"{type(error).__name__} was raised, without a message.",
            code=code if isinstance(code, str) and code else type(error).__name__,
            data=data if isinstance(data, Mapping) else None,
        ).model_copy(update={"stack": to_text(_stack_of(error))[-_MAX_STACK_CHARACTERS:]})

    def to_wire(self) -> Json:
        """The failure without its stack, as the output and the answer have it."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"stack"})


def to_text(value: object) -> str:
    """`value` as text that can be stored. What is not Unicode (as in a file's name) is escaped."""
    try:
        return str(value).encode(errors="backslashreplace").decode()
    except Exception:  # a broken __str__ must not lose the rest
        return f"({type(value).__name__} can't be shown)"


def to_json_or_text(data: Mapping[str, object]) -> Json:
    """`data` as JSON, or as text where it is not JSON (it may contain itself). It never raises."""
    try:
        return to_json(data)
    except ValueError:
        return {"text": to_text(repr(data))[:_MAX_STACK_CHARACTERS]}


def _stack_of(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # it shows the exception, and may fail as that does
        return "".join(traceback.format_tb(error.__traceback__))
