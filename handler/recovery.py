"""The recovery Lambda's entry: called when an execution ends badly, and every few minutes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from handler.record import Json
from handler.runtime import LambdaContext, about_invocation, logger, system

log = logger()

# With one request to the table: others are waiting.
_PATIENCE: Final = timedelta(seconds=20)


class RecoveryFailed(Exception):
    """A sweep went past something that it could not deal with. The log has each, with its id."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> Json:
    """Handles a `Step Functions Execution Status Change`, and sweeps at anything else.

    What it returns is for people.

    Raises:
        RecoveryFailed: at the end of a sweep, so that Lambda's own metric of errors has it.
    """
    with about_invocation(context.aws_request_id):
        return _recover(event, context)


def _recover(event: Mapping[str, Any], context: LambdaContext) -> Json:
    recovery = system(context, patience=_PATIENCE)
    detail = event.get("detail") or {}
    if "executionArn" in detail:
        started_by = detail.get("input") or ""  # a large one is left out
        recovery.reconciliation.execution_ended(detail["name"], started_by=started_by)
        return {"execution": detail["name"]}
    found = recovery.reconciliation.sweep()
    log.info("sweep", extra={"action": "sweep", **found})
    if recovery.survey.is_due:
        surveyed = recovery.survey.take()
        log.info("survey", extra={"action": "survey", **surveyed})
        found["failed"] += surveyed["failed"]
    if found["failed"]:
        raise RecoveryFailed(
            f"The sweep could not deal with {found['failed']} letters, tasks or steps; it has dealt"
            ' with all others. Next: look for "recovery_failed" in this log.'
        )
    return dict(found)
