"""What the worker may answer: small, and always with a status."""

import json
from collections.abc import Mapping

from handler.contract import MAX_ANSWER_BYTES, NO_DELAY, AnswerStatus, WireKey
from handler.record.task_record import ErrorRecord, Json

_ECHOED = (WireKey.TASK_ID, WireKey.DEFINITION_ID, WireKey.TENANT, WireKey.LOCALE)
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
        answer = self._answer(AnswerStatus.DONE) | (
            {WireKey.MESSAGE.value: message[:_LONGEST_MESSAGE]} if message else {}
        )
        return _with(answer, WireKey.OUTPUT, dict(output)) if output else answer

    def proceed(self, *, wait: int = 0) -> Json:
        """`continue`; the delay is spent, so that the next `Run` doesn't wait for it again."""
        return (
            self._answer(AnswerStatus.CONTINUE)
            | {WireKey.DELAY.value: NO_DELAY}
            | ({WireKey.WAIT.value: wait} if wait else {})
        )

    def error(self, error: ErrorRecord) -> Json:
        wire: Json = {"message": error.message[:_LONGEST_MESSAGE]}
        if error.code:
            wire["code"] = error.code[:_LONGEST_CODE]
        answer = self._answer(AnswerStatus.ERROR) | {WireKey.ERROR.value: wire}
        with_data = answer | {WireKey.ERROR.value: wire | {"data": error.data}}
        return with_data if error.data and _fits(with_data) else answer

    def aborted(self) -> Json:
        return self._answer(AnswerStatus.ABORTED)

    def _answer(self, status: AnswerStatus) -> Json:
        return {WireKey.STATUS.value: status.value, **self._echo}


def _with(answer: Json, key: WireKey, value: Json) -> Json:
    larger = answer | {key.value: value}
    return larger if _fits(larger) else answer


def _fits(answer: Json) -> bool:
    # Measured as Lambda sends it: json.dumps escapes what isn't ASCII, which is the longer of the
    # two forms.
    return len(json.dumps(answer)) <= MAX_ANSWER_BYTES
