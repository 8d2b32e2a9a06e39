"""The recovery Lambda's entry: told of executions that ended badly, and called every few
minutes.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from handler.aws.dead_letters import DeadLetters
from handler.clock import RemainingSeconds
from handler.lifecycle.reconciliation import Reconciliation
from handler.record.task_record import Json
from handler.runtime import LambdaContext, log, remaining_of
from handler.wiring import client, system


def handler(event: Mapping[str, Any], context: LambdaContext) -> Json:
    """Answers a `Step Functions Execution Status Change`, and anything else with a sweep. What it
    returns is for people.
    """
    recovery = _reconciliation(remaining_of(context))
    detail = event.get("detail") or {}
    if "executionArn" in detail:
        recovery.execution_ended(detail["name"])
        return {"execution": detail["name"]}
    found = recovery.sweep()
    log.info("sweep", extra={"action": "sweep", **found})
    return dict(found)


def _reconciliation(remaining: RemainingSeconds) -> Reconciliation:
    parts = system(remaining=remaining)
    return Reconciliation(
        registry=parts.registry,
        store=parts.store,
        tasks=parts.tasks,
        bus=parts.bus,
        executions=parts.executions,
        dead_letters=DeadLetters(client("sqs"), queue_url=parts.settings.dead_letter_queue_url),
        hooks=parts.hooks,
        clock=parts.clock,
        meter=parts.meter,
        patience=timedelta(seconds=parts.settings.recovery_after_seconds),
    )
