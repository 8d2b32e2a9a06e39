"""What the worker may answer: small, and always with a status."""

import json
from collections.abc import Mapping

from handler.contract import MAX_ANSWER_BYTES, NO_DELAY, Answer, Key
from handler.record.task_record import ErrorRecord, Json

_ECHOED = (Key.TASK_ID, Key.DEFINITION_ID, Key.TENANT, Key.LOCALE)
# A message of more characters is cut: each may take 12 bytes escaped, and the whole must fit.
_LONGEST_MESSAGE = 1_500
_LONGEST_CODE = 256


class Answers:
    """Answers to one event: each echoes the event's ids, as far as it has them."""

    def __init__(self, payload: Mapping[str, object]) -> None:
        self._echo: Json = {
            key.value: value
            for key in _ECHOED
            if isinstance(value := payload.get(key), str) and len(value) <= _LONGEST_CODE
        }

    def done(self, message: str = "", output: Mapping[str, object] | None = None) -> Json:
        answer = self._answer(Answer.DONE) | (
            {Key.MESSAGE.value: message[:_LONGEST_MESSAGE]} if message else {}
        )
        return _with(answer, Key.OUTPUT, dict(output)) if output else answer

    def proceed(self, *, wait: int = 0) -> Json:
        """`continue`; the delay is spent, so that the next `Run` doesn't wait for it again."""
        return (
            self._answer(Answer.CONTINUE)
            | {Key.DELAY.value: NO_DELAY}
            | ({Key.WAIT.value: wait} if wait else {})
        )

    def error(self, error: ErrorRecord) -> Json:
        wire: Json = {"message": error.message[:_LONGEST_MESSAGE]}
        if error.code:
            wire["code"] = error.code[:_LONGEST_CODE]
        answer = self._answer(Answer.ERROR) | {Key.ERROR.value: wire}
        with_data = answer | {Key.ERROR.value: wire | {"data": error.data}}
        return with_data if error.data and _fits(with_data) else answer

    def aborted(self) -> Json:
        return self._answer(Answer.ABORTED)

    def _answer(self, status: Answer) -> Json:
        return {Key.STATUS.value: status.value, **self._echo}


def _with(answer: Json, key: Key, value: Json) -> Json:
    larger = answer | {key.value: value}
    return larger if _fits(larger) else answer


def _fits(answer: Json) -> bool:
    # Measured as Lambda sends it: json.dumps escapes what isn't ASCII, which is the longer of the
    # two forms.
    return len(json.dumps(answer)) <= MAX_ANSWER_BYTES
