"""The recovery Lambda's entry: called when an execution ends badly, and every few minutes."""

from collections.abc import Mapping
from typing import Any

from handler.record import Json
from handler.runtime import LambdaContext, logger, system

log = logger()


def handler(event: Mapping[str, Any], context: LambdaContext) -> Json:
    """Handles a `Step Functions Execution Status Change`, and sweeps at anything else.

    What it returns is for people.
    """
    reconciliation = system(context).reconciliation
    detail = event.get("detail") or {}
    if "executionArn" in detail:
        reconciliation.execution_ended(detail["name"])
        return {"execution": detail["name"]}
    found = reconciliation.sweep()
    log.info("sweep", extra={"action": "sweep", **found})
    return dict(found)
