"""What a failure looks like on the record: a message, a code and data, of whatever has failed."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator

from handler.contract import MAX_ERROR_CHARACTERS, MAX_OUTPUT_BYTES
from handler.record.exceptions import (
    MAX_STACK_CHARACTERS,
    code_of_error,
    data_of_error,
    message_of,
    stack_of,
)
from handler.record.jsonable import size_of
from handler.record.model import Json, StoredModel
from handler.record.shown import to_shown_json
from handler.record.texts import cut, cut_bytes, cut_front, to_text

_MAX_MESSAGE_CHARACTERS: Final = 8_000


def _message(text: str) -> str:
    return cut(to_text(text), _MAX_MESSAGE_CHARACTERS)


def _code(text: str) -> str:
    return cut_bytes(to_text(text), MAX_ERROR_CHARACTERS)


def _stack(text: str) -> str:
    return cut_front(to_text(text), MAX_STACK_CHARACTERS)


class TaskFailure(StoredModel):
    """Why a task, or something that it logged, failed: as the record, the log and the wire have it.

    What is too long is cut, with a mark, whoever makes one.

    Args:
        message: what happened, at most 8,000 characters.
        code: what failures are grouped by, at most 256 bytes.
        data: details, as JSON.
        stack: the traceback's last 4,000 characters. It stands in the log alone.
        given: what was logged in its place, as JSON, where it has more than these. It stands in the
            log alone.
    """

    message: Annotated[str, AfterValidator(_message)]
    code: Annotated[str, AfterValidator(_code)] | None = None
    data: Json | None = None
    stack: Annotated[str, AfterValidator(_stack)] | None = None
    given: Json | None = None

    @classmethod
    def of(
        cls, message: object, *, code: object = None, data: Mapping[str, object] | None = None
    ) -> "TaskFailure":
        """A failure of values of any kind and length, made such that it can be stored.

        Data of more than 10 MiB is left out, with a note of its size.
        """
        return cls(
            message=to_text(message),
            code=to_text(code) if code is not None and to_text(code) else None,
            data=fitting(data, MAX_OUTPUT_BYTES),
        )

    @classmethod
    def from_exception(cls, error: BaseException) -> "TaskFailure":
        """The exception's own `code` and `data`, if any; else its class's name is the code."""
        failure = cls.of(message_of(error), code=code_of_error(error), data=data_of_error(error))
        return failure.model_copy(update={"stack": stack_of(error)})

    @classmethod
    def from_logged(cls, error: object, *, message: object) -> "TaskFailure | None":
        """What a task logs as an error: an exception, a mapping with a `message`, or anything else.

        Args:
            message: what the line itself says, where a mapping has no message.
        """
        if error is None or type(error) is cls:
            return error
        if issubclass(type(error), BaseException):
            return cls.from_exception(error)  # type: ignore[arg-type]
        if not issubclass(type(error), Mapping):
            return cls.of(error)
        shown: Json = to_shown_json(error)
        text, code, data = shown.get("message"), shown.get("code"), shown.get("data")
        failure = cls.of(
            text or message,
            code=code or None,
            data=data if isinstance(data, Mapping) else None,
        )
        if failure.to_wire() == shown:
            return failure
        return failure.model_copy(update={"given": shown})

    def to_wire(self) -> Json:
        """The failure without its stack, as the output and the answer have it."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"stack", "given"})

    def to_line(self) -> Json:
        """What a line of a log has of it: what was logged, as it was given."""
        return self.to_wire() if self.given is None else self.given

    def cut_to(self, max_bytes: int) -> "TaskFailure":
        """The failure with no more data than that, and a note of its size in its place."""
        given, data = fitting(self.given, max_bytes), fitting(self.data, max_bytes)
        return self.model_copy(update={"given": given, "data": data})


def fitting(data: object, max_bytes: int) -> Json | None:
    """`data` as JSON for people to read; nothing if it is empty, a note if it is too large."""
    if data is None or (type(data) is dict and not data):
        return None
    shown = to_shown_json(data)
    size = size_of(shown)
    if size > max_bytes:
        return {"omitted": f"{size:,} bytes; the limit is {max_bytes:,}."}
    return shown or None
