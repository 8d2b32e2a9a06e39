"""Open tasks that nothing runs, and slots that nobody uses."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from cli.doctor.findings import Finding
from cli.doctor.patient import Patient
from handler.contract import WORKER_TIMEOUT_SECONDS
from handler.record import TaskRecord
from handler.table import Dynamo, LimitList, Limits, LimitView

# So many open tasks are looked at, the oldest first, and so many of their executions.
MOST_TASKS: Final = 1_000
MOST_EXECUTIONS: Final = 100
_NAMED: Final = 5
# An iteration may take as long as the worker may, and the sweep comes every five minutes; whoever
# has ended gives its slot back at once, or the sweep takes it within as long.
_SWEEP: Final = timedelta(minutes=5)
PATIENCE: Final = timedelta(seconds=WORKER_TIMEOUT_SECONDS) + _SWEEP
_RUNS: Final = frozenset({"RUNNING", "PENDING_REDRIVE"})
_LIMITS_PER_PAGE: Final = 100
_SECONDS: Final = 60.0


def idle_tasks(patient: Patient) -> Iterator[Finding]:
    """Open tasks that have not moved for longer than they may, and have no execution that runs."""
    where = {"taskStatus_in": ["pending", "running"]}
    found = list(patient.api.list(where, sort="createdOn_ASC", limit=MOST_TASKS))
    now = patient.clock.now()
    quiet = [record for record in found if _is_quiet(record, now)]
    idle = [record for record in quiet[:MOST_EXECUTIONS] if not _runs(patient, record)]
    capped = " or more" if len(found) == MOST_TASKS else ""
    ids = ", ".join(record.id for record in idle[:_NAMED])
    more = f" and {len(idle) - _NAMED} more" if len(idle) > _NAMED else ""
    yield Finding(
        check="open tasks",
        state="failed" if idle else "ok",
        value=f"{len(idle)} of {len(found):,}{capped} are idle: {ids}{more}"
        if idle
        else f"{len(found):,}{capped}, none of them idle",
        expected=f"each moves within {PATIENCE.total_seconds() / 60:.0f} minutes, or waits",
        next="look at the log and the failures of the recovery, which should end them; then"
        " background-tasks abort, and retry."
        if idle
        else "",
    )


def _is_quiet(record: TaskRecord, now: datetime) -> bool:
    """Whether it should have moved by now. What is paused, queues or waits should not."""
    if record.paused_on or record.queued_on:
        return False
    moved = max(
        filter(
            None,
            (record.created_on, record.saved_on, record.waiting_until, record.starts_on),
        )
    )
    return now - moved > PATIENCE


def _runs(patient: Patient, record: TaskRecord) -> bool:
    """Whether its execution runs."""
    if not record.execution_name:
        return False
    states = patient.client("stepfunctions")
    machine = patient.target.output("stateMachineArn")
    arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{record.execution_name}"
    try:
        return states.describe_execution(executionArn=arn)["status"] in _RUNS
    except states.exceptions.ExecutionDoesNotExist:
        return False


def idle_slots(patient: Patient) -> Iterator[Finding]:
    """Slots of limits that are taken by tasks that are over, or gone."""
    dynamo = _dynamo(patient)
    limits = Limits(dynamo, clock=patient.clock)
    pages = LimitList(dynamo, limits=limits)
    number, held = 0, []
    for definition in patient.definitions:
        for view in _limits(pages, definition.id):
            number += 1
            held += [
                f'{definition.id} "{view.shown}": {each.name}'
                for each in limits.held(view)
                if each.is_gone or each.is_over > PATIENCE
            ]
    named = ", ".join(held[:_NAMED])
    yield Finding(
        check="slots",
        state="failed" if held else "ok",
        value=f"{len(held)} are taken by tasks that are over: {named}"
        if held
        else f"{number} limits, all of their slots taken by open tasks",
        expected="a task that is over has none",
        next="the sweep frees them within minutes; if they stay, look at the log of the recovery."
        if held
        else "",
    )


def _limits(pages: LimitList, definition_id: str) -> Iterator[LimitView]:
    after = None
    while True:
        views, after = pages.limits(definition_id, tenant=None, limit=_LIMITS_PER_PAGE, after=after)
        yield from views
        if after is None:
            return


def _dynamo(patient: Patient) -> Dynamo:
    return Dynamo(
        patient.client("dynamodb"),
        table=patient.target.output("tableName"),
        clock=patient.clock,
        remaining=lambda: _SECONDS,
    )
