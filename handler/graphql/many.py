"""The resolver of `triggerTasks`: many inputs in one request, told one by one."""

from collections.abc import Sequence
from typing import Final, cast

from handler.errors import BackgroundTaskError, Refused
from handler.graphql.error_answers import told
from handler.graphql.request import Request
from handler.graphql.tasks import check_triggered
from handler.graphql.types import enveloped, shown_task, tasks_mutation
from handler.lifecycle import TaskInput, TriggerOptions, trigger_in_time
from handler.record import Json, TaskRecord, TriggerResult, checked_tags

# The answer has to be made, and what is stored to be sent: ten events, tried five times, may take
# three seconds (`handler/aws/bus.py`).
_LAST_SECONDS: Final = 6.0


@tasks_mutation.field("triggerTasks")
@enveloped
def _trigger_tasks(
    request: Request,
    *,
    definition: str,
    inputs: Sequence[object],
    name: str | None = None,
    delay: float | None = None,
    timeout: float | None = None,
    expiresAfter: float | None = None,  # noqa: N803  the schema's own word
    priority: float | None = None,
    idempotencyKey: str | None = None,  # noqa: N803  GraphQL's own word
    tags: object = None,
) -> Json:
    options = TriggerOptions(
        name=name,
        delay=delay or 0,
        timeout=timeout,
        expires_after=expiresAfter,
        priority=priority or 0,
        tags=checked_tags(tags),
        tenant=request.tenant,
        locale=request.locale,
        created_by=request.identity,
    )
    results = trigger_in_time(
        request.tasks,
        definition,
        cast("Sequence[TaskInput]", inputs),  # what is no object has its error
        options,
        idempotency_key=request.own_key(idempotencyKey),
        is_late=lambda: request.remaining() < _LAST_SECONDS,
    )
    return {"data": _shown(request, results, definition)}


def _shown(request: Request, results: Sequence[TriggerResult], definition: str) -> list[Json]:
    """An entry for each input: its task, or why it has none. One error of many is told once."""
    said: dict[int, Json] = {}
    entries: list[Json] = []
    for result in results:
        error = result.error or _objection(request, result.record)
        if error is None:
            task = shown_task(result.record) if result.record else None
            entries.append({"task": task, "error": None})
            continue
        if id(error) not in said:
            known = request.without_others(_raised(error))
            failure = told(known, request_id=request.id, definition=definition)
            said[id(error)] = failure.to_wire()
        entries.append({"task": None, "error": said[id(error)]})
    return entries


def _objection(request: Request, record: TaskRecord | None) -> Refused | None:
    """Why the caller may not hear of a task that runs in the place of the one asked for."""
    try:
        check_triggered(request, record) if record else None
    except Refused as refused:
        return refused
    return None


def _raised(error: BackgroundTaskError) -> BaseException:
    """What an author's hook has raised, of which a refusal was made."""
    is_made = type(error) is Refused and error.__traceback__ is None
    return error.__cause__ if is_made and error.__cause__ else error
