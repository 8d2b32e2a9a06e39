"""The resolvers of tasks, and of the definitions."""

from collections.abc import Callable, Mapping
from typing import Any

from handler.contract import ErrorCode
from handler.definition import Debounce
from handler.errors import InvalidInput, Refused
from handler.graphql.arguments import Paging, task_filter
from handler.graphql.request import Request
from handler.graphql.types import (
    enveloped,
    shown_bulk,
    shown_meta,
    shown_task,
    tasks_mutation,
    tasks_query,
)
from handler.lifecycle import (
    VERBS_OF_A_FILTER,
    BulkVerb,
    begin_in_bulk,
    count_within,
    is_private,
)
from handler.record import Json


@tasks_query.field("getTask")
@enveloped
def _get_task(request: Request, *, id: str) -> Json:
    return {"data": shown_task(request.task(id))}


@tasks_query.field("listTasks")
@enveloped
def _list_tasks(request: Request, **arguments: Any) -> Json:
    paging = Paging.of(**arguments)
    wanted = task_filter(request.tenant, paging.where)
    page = request.tasks.list(
        wanted, newest_first=paging.newest_first, limit=paging.limit, after=paging.after
    )
    meta = shown_meta(
        page.items,
        page.cursor,
        lambda: count_within(request.tasks, wanted, request.budget.counts),
        after=paging.after,
    )
    return {"data": [shown_task(record) for record in page.items], "meta": meta}


@tasks_query.field("listDefinitions")
@enveloped
def _list_definitions(request: Request) -> Json:
    return {
        "data": [
            {
                "id": definition.id,
                "title": definition.title,
                "description": definition.description or None,
                "fields": [],
                "definition": definition,
            }
            for definition in request.tasks.definitions()
        ]
    }


@tasks_mutation.field("triggerTask")
@enveloped
def _trigger_task(
    request: Request,
    *,
    definition: str,
    input: object = None,
    name: str | None = None,
    delay: float | None = None,
    timeout: float | None = None,
    expiresAfter: float | None = None,  # noqa: N803  the schema's own word
    priority: float | None = None,
    debounce: Mapping[str, Any] | None = None,
    idempotencyKey: str | None = None,  # noqa: N803  GraphQL's own word
) -> Json:
    record = request.tasks.trigger(
        definition,
        input=_object(input),
        name=name,
        delay=delay or 0,
        timeout=timeout,
        expires_after=expiresAfter,
        priority=priority or 0,
        debounce=_debounce(debounce) if debounce else None,
        idempotency_key=idempotencyKey,
        tenant=request.tenant,
        locale=request.locale,
        created_by=request.identity,
    )
    return {"data": shown_task(record)}


@tasks_mutation.field("retryTask")
@enveloped
def _retry_task(
    request: Request,
    *,
    id: str,
    input: object = None,
    fromStart: bool | None = None,  # noqa: N803  the schema's word
) -> Json:
    task, given = request.task(id), _object(input)
    # Whoever asks the API may not choose what a private definition is given.
    if given and is_private(request.tasks, task.definition_id):
        raise Refused(
            f'Task "{task.id}" is of a private definition: through the API, its retry takes no'
            " input. Next: retry it without one, or from code.",
            code=ErrorCode.TASK_RETRY_ERROR,
            data={"id": task.id},
        )
    retry = request.tasks.retry(task.id, given, from_start=bool(fromStart), by=request.identity)
    return {"data": shown_task(retry)}


@tasks_mutation.field("abortTask")
@enveloped
def _abort_task(request: Request, *, id: str, message: str | None = None) -> Json:
    task_id = request.task(id).id
    return {"data": shown_task(request.tasks.abort(task_id, message, by=request.identity))}


@tasks_mutation.field("runTaskNow")
@enveloped
def _run_task_now(request: Request, *, id: str) -> Json:
    return {"data": shown_task(request.tasks.run_now(request.task(id).id, by=request.identity))}


@tasks_mutation.field("pauseTask")
@enveloped
def _pause_task(request: Request, *, id: str) -> Json:
    return {"data": shown_task(request.tasks.pause(request.task(id).id, by=request.identity))}


@tasks_mutation.field("resumeTask")
@enveloped
def _resume_task(request: Request, *, id: str) -> Json:
    return {"data": shown_task(request.tasks.resume(request.task(id).id, by=request.identity))}


@tasks_mutation.field("signalTask")
@enveloped
def _signal_task(
    request: Request, *, id: str, name: str, data: object = None, key: str | None = None
) -> Json:
    task_id = request.task(id).id
    request.tasks.signal(task_id, name, _object(data, name="data"), key, by=request.identity)
    return {"data": shown_task(request.task(id))}


@tasks_mutation.field("heartbeatTask")
@enveloped
def _heartbeat_task(request: Request, *, id: str, name: str) -> Json:
    record = request.task(id)
    request.tasks.heartbeat(record.id, name)
    return {"data": shown_task(record)}


@tasks_mutation.field("deleteTask")
@enveloped
def _delete_task(request: Request, *, id: str) -> Json:
    request.tasks.delete(request.task(id).id, by=request.identity)
    return {"data": True}


def _debounce(given: Mapping[str, Any]) -> Debounce:
    try:
        return Debounce(given["key"], delay=given["delay"], max_delay=given.get("maxDelay"))
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInput(str(error)) from error


def _object(value: object, *, name: str = "input") -> Mapping[str, object] | None:
    if not isinstance(value, Mapping | None):
        raise InvalidInput(f"{name} is {value!r:.60}; it takes an object, such as {{}}.")
    return value


def _in_bulk(verb: BulkVerb) -> Callable[..., Json]:
    """Resolves a verb that is said of many tasks: those of the caller's tenant."""

    def begin(
        request: Request,
        *,
        where: Mapping[str, Any],
        dryRun: bool | None = None,  # noqa: N803  the schema's word
        rate: float | None = None,
        idempotencyKey: str | None = None,  # noqa: N803  GraphQL's own word
    ) -> Json:
        begun = begin_in_bulk(
            request.tasks,
            verb,
            task_filter(request.tenant, where),
            dry_run=bool(dryRun),
            rate=rate,
            idempotency_key=idempotencyKey,
            by=request.identity,
            budget=request.budget.counts,
        )
        return {"data": shown_bulk(begun)}

    return enveloped(begin)


for _verb in VERBS_OF_A_FILTER:
    tasks_mutation.set_field(f"{_verb}Tasks", _in_bulk(_verb))
