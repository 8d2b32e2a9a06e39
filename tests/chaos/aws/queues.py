"""SQS refuses and fails requests, before or after it has carried them out."""

from collections.abc import Mapping
from typing import Any

from local.aws.patch import Original, module, replace
from tests.chaos.aws.dice import Dice
from tests.chaos.aws.outages import Outages
from tests.chaos.ledger import Fault, Ledger

REFUSED = "SQS refused a request"
FAILED = "SQS failed a request"
UNANSWERED = "SQS's answer was lost"
ODDS = {REFUSED: 0.08, FAILED: 0.05, UNANSWERED: 0.05}
_REQUESTS = ("ReceiveMessage", "DeleteMessage")


class Queues:
    """SQS of the local AWS, with faults."""

    def __init__(self, ledger: Ledger, dice: Dice) -> None:
        self._ledger = ledger
        self._outages = Outages("SQS", ledger, dice, odds=ODDS, outages=0.03, seconds=2.0)

    def apply(self) -> None:
        replace(module("services.sqs"), "_handle_json", self._faulty)

    def _faulty(self, handle: Original) -> Original:
        async def answer(action: str, data: Mapping[str, Any], path: str) -> object:
            fault = self._outages.drawn() if action in _REQUESTS else ""
            if fault:
                self._ledger.add(Fault(kind=fault))
            if fault == REFUSED:
                return _error("AccessDenied", 403)
            if fault in (FAILED, self._outages.outage):
                return _error("InternalFailure", 500)
            answered: object = await handle(action, data, path)
            return _error("InternalFailure", 500) if fault else answered

        return answer


def _error(code: str, status: int) -> object:
    response: object = module("services.sqs")._json_err_resp(code, "By the campaign.", status)
    return response
