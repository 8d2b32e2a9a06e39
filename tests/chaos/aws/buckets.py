"""S3 fails requests for payloads, before or after it has done what it was asked."""

from typing import Any

from local.aws.patch import Original, module, replace
from tests.chaos.aws.callers import caller_of
from tests.chaos.aws.dice import Dice, drawn
from tests.chaos.ledger import Fault, Ledger, Unasked

Response = tuple[int, dict[str, str], bytes]

FAILED = "S3 failed a request"
UNANSWERED = "S3's answer was lost"
ODDS = {FAILED: 0.05, UNANSWERED: 0.03}
_PAYLOADS = "/tasks/"  # keys are tasks/<id>/<digest>, behind the bucket's name


class Buckets:
    """S3 of the local AWS, with faults."""

    def __init__(self, ledger: Ledger, dice: Dice) -> None:
        self._ledger = ledger
        self._dice = dice

    def apply(self) -> None:
        replace(module("services.s3"), "handle_request", self._faulty)

    def _faulty(self, handle: Original) -> Original:
        async def answer(
            method: str, path: str, headers: dict[str, str], *more: Any, **named: Any
        ) -> Response:
            if _PAYLOADS not in path:
                return await handled(handle(method, path, headers, *more, **named))
            task_id = path.split(_PAYLOADS)[1].split("/", maxsplit=1)[0]
            if method == "GET" and caller_of(headers) == "recovery":
                self._ledger.add(Unasked(task_id=task_id, what="the recovery read a payload of it"))
            fault = "" if self._ledger.is_calm else drawn(self._dice.roll("S3"), ODDS)
            if fault:
                self._ledger.add(Fault(kind=fault, task_id=task_id))
            if fault == FAILED:
                return _SLOW_DOWN
            answered = await handled(handle(method, path, headers, *more, **named))
            return _SLOW_DOWN if fault == UNANSWERED else answered

        async def handled(request: Any) -> Response:
            response: Response = await request
            return response

        return answer


_SLOW_DOWN: Response = (
    503,
    {"Content-Type": "application/xml"},
    b"<Error><Code>SlowDown</Code><Message>By the campaign.</Message></Error>",
)
