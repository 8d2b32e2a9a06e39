"""Lambda's processes are killed while they work."""

import threading
from typing import Any

from handler.contract import WireKey
from local.aws.patch import Original, module, replace
from tests.chaos.aws.dice import Dice
from tests.chaos.ledger import Fault, Ledger

# By the last part of the function's name. An iteration of the campaign takes about a tenth of a
# second.
ODDS = {"worker": 0.07, "api": 0.03, "recovery": 0.12}
# An API that dies halfway leaves half a deletion, or a payload without a record.
DELETION_ODDS = 0.25
BIG_REQUEST_ODDS = 0.15
_BIG_REQUEST_CHARACTERS = 100_000
LATEST_SECONDS = 0.12
# A deploy has ended the process between two lines of ministack's: nothing was invoked.
_ENDED_BEFORE = "'NoneType' object has no attribute 'stdin'"


class Lambdas:
    """Lambda of the local AWS, whose processes die."""

    def __init__(self, ledger: Ledger, dice: Dice) -> None:
        self._ledger = ledger
        self._dice = dice

    def apply(self) -> None:
        replace(module("core.lambda_runtime"), "Worker", self._mortal)

    def _mortal(self, worker: Original) -> Original:
        ledger, dice = self._ledger, self._dice

        class Worker(worker):  # type: ignore[misc]
            """An execution environment that may be killed during an invocation."""

            def invoke(self, event: Any, request_id: str, **context: object) -> dict[str, Any]:
                role = str(self.func_name).rpartition("-")[2]
                chance = dice.roll(role)
                if ledger.is_calm or chance.random() >= _odds(role, event):
                    return self._answer(event, request_id, **context)
                module("core.lambda_runtime").ensure_spawned(
                    self
                )  # so that its start takes none of the time
                killer = threading.Timer(
                    chance.uniform(0, LATEST_SECONDS), self._kill, (role, _task_of(event))
                )
                killer.start()
                try:
                    return self._answer(event, request_id, **context)
                finally:
                    killer.cancel()
                    killer.join()

            def _answer(self, event: Any, request_id: str, **context: object) -> dict[str, Any]:
                response: dict[str, Any] = super().invoke(event, request_id, **context)
                if _ENDED_BEFORE in str(response):
                    response = super().invoke(event, request_id, **context)
                return response

            def _kill(self, role: str, task_id: str) -> None:
                if (process := self._proc) is not None and process.poll() is None:
                    ledger.add(Fault(kind=f"The {role} was killed", task_id=task_id))
                    process.kill()
                    process.wait()  # so that the next invocation sees that it is gone

        return Worker


def _odds(role: str, event: Any) -> float:
    body = str(event.get("body") or "") if isinstance(event, dict) else ""
    if "deleteTask" in body:
        return DELETION_ODDS
    return BIG_REQUEST_ODDS if len(body) > _BIG_REQUEST_CHARACTERS else ODDS.get(role, 0.0)


def _task_of(event: Any) -> str:
    payload = event.get("payload") if isinstance(event, dict) else None
    return str(payload.get(WireKey.TASK_ID, "")) if isinstance(payload, dict) else ""
