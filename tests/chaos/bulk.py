"""The verbs in bulk: many tasks of one definition are aborted, then retried, then deleted."""

import time
from dataclasses import dataclass

from local.user import Fields
from tests.chaos.errors import CampaignError
from tests.chaos.plan import BULK, Meddling
from tests.chaos.stack import Stack, again

_PATIENCE_SECONDS = 180.0
_LOOK_SECONDS = 0.5
_A_SECOND = 100
_OVER = ("success", "failed", "aborted")
ABORT_MANY, RETRY_MANY, DELETE_MANY = "abort_many", "retry_many", "delete_many"
# What each is said of: what the one before has left.
_WHERE = {
    ABORT_MANY: {"definitionId": BULK},
    RETRY_MANY: {"definitionId": BULK, "taskStatus": "aborted"},
    DELETE_MANY: {"definitionId": BULK, "taskStatus": "aborted"},
}
MEDDLINGS = {
    ABORT_MANY: Meddling.ABORT_MANY,
    RETRY_MANY: Meddling.RETRY_MANY,
    DELETE_MANY: Meddling.DELETE_MANY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRun:
    """One verb in bulk.

    Args:
        task_id: the task that has done the work.
        dry: how many tasks the dry run has counted.
        count: how many the real one has.
        done, skipped, failed: what that task says has come of them.
        moved: how many tasks it has come to, by their own records.
    """

    verb: str
    task_id: str
    dry: int
    count: int
    status: str
    done: int
    skipped: int
    failed: int
    moved: int = 0


class BulkWork:
    """Says one verb after the other, in a thread of its own."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.runs: list[BulkRun] = []

    def run(self, verb: str) -> None:
        """Counts, says the verb, and waits until the task that does it is over."""
        where = _WHERE[verb]
        dry = again(lambda: self._stack.say(verb, where=where, dryRun=True))
        said = again(
            lambda: self._stack.say(
                verb, where=where, dryRun=False, rate=_A_SECOND, idempotencyKey="campaign"
            )
        )
        over = self._when_over(str(said["task"]["id"]))
        output = over["output"] or {}
        self.runs.append(
            BulkRun(
                verb=verb,
                task_id=over["id"],
                dry=dry["count"],
                count=said["count"],
                status=over["taskStatus"],
                done=output.get("done", 0),
                skipped=output.get("skipped", 0),
                failed=output.get("failed", 0),
            )
        )

    def _when_over(self, task_id: str) -> Fields:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found: Fields = again(lambda: self._stack.say("result", id=task_id))
            if found["taskStatus"] in _OVER:
                return found
            time.sleep(_LOOK_SECONDS)
        raise CampaignError(f'Task "{task_id}" works in bulk, and does not end.')
