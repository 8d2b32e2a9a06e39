"""The resolvers of tasks, and of the definitions."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from graphql import GraphQLResolveInfo

from handler.contract import BULK_DEFINITION, ErrorCode
from handler.definition import Debounce
from handler.errors import InvalidInput, Refused
from handler.graphql.arguments import Paging
from handler.graphql.request import Request
from handler.graphql.types import (
    definition_type,
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
    count_recent,
    count_within,
    is_private,
)
from handler.record import Json, TaskRecord, checked_tags
from handler.table import CountBudget, Filter


@tasks_query.field("getTask")
@enveloped
def _get_task(request: Request, *, id: str) -> Json:
    return {"data": shown_task(request.task(id))}


@tasks_query.field("listTasks")
@enveloped
def _list_tasks(request: Request, **arguments: Any) -> Json:
    paging = Paging.of(**arguments)
    wanted = request.filter(paging.where, search=paging.search)
    page = request.tasks.list(
        wanted,
        sort_by=paging.sort_by,
        newest_first=paging.descending,
        limit=paging.limit,
        after=request.opened(paging.after),
    )
    meta = shown_meta(
        page.items,
        request.sealed(page.cursor),
        lambda: count_within(request.tasks, wanted, request.budget.counts),
        after=paging.after,
    )
    return {"data": [shown_task(record) for record in page.items], "meta": meta}


@tasks_query.field("listDefinitions")
@enveloped
def _list_definitions(request: Request) -> Json:
    definitions = request.tasks.definitions()
    return {
        "data": [
            {
                "id": definition.id,
                "title": definition.title,
                "description": definition.description or None,
                "fields": [],
                "definition": definition,
                "left": len(definitions) - number,
            }
            for number, definition in enumerate(definitions)
        ]
    }


@definition_type.field("counts")
def _counts(shown: Mapping[str, Any], info: GraphQLResolveInfo) -> Json:
    """The counts of a definition. Each of those that are left has its share of the budget."""
    request: Request = info.context
    budget = request.budget.counts
    share = CountBudget(left=budget.left // shown["left"])
    had = share.left
    counts = count_recent(
        request.tasks,
        shown["definition"],
        tenant=request.tenant,
        created_by=request.own_identity,
        budget=share,
    )
    budget.spend(had - share.left)
    return counts


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
    tags: object = None,
) -> Json:
    record = request.tasks.trigger(
        definition,
        input=_object(input),
        name=name,
        delay=delay or 0,
        timeout=timeout,
        expires_after=expiresAfter,
        priority=priority or 0,
        debounce=_debounce(request, debounce) if debounce else None,
        idempotency_key=request.own_key(idempotencyKey),
        tags=checked_tags(tags),
        tenant=request.tenant,
        locale=request.locale,
        created_by=request.identity,
    )
    check_triggered(request, record)
    return {"data": shown_task(record)}


def check_triggered(request: Request, record: TaskRecord) -> None:
    """Refuses to tell of a task that a trigger has found, where it is not the caller's to know."""
    request.check_own(
        record,
        otherwise="Nothing was triggered: a task of somebody else runs in its place.",
        code=ErrorCode.TASK_CONFLICT,
    )


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
    _check_may_retry(request, task)
    # Whoever asks the API may not choose what the engine's own task does.
    if given and is_private(request.tasks, task.definition_id):
        raise Refused(
            f'Task "{task.id}" is of the engine\'s own: its retry takes no input. Next: retry it'
            " without one, or say its verb anew.",
            code=ErrorCode.TASK_RETRY_ERROR,
            data={"id": task.id},
        )
    retry = request.tasks.retry(task.id, given, from_start=bool(fromStart), by=request.identity)
    request.check_own(
        retry,
        otherwise=f'Task "{task.id}" was retried by somebody else.',
        code=ErrorCode.TASK_RETRY_ERROR,
    )
    return {"data": shown_task(retry)}


def _check_may_retry(request: Request, task: TaskRecord) -> None:
    """Refuses the retry of an engine's own task to whoever may not say all that one may do.

    It would do once more what its first caller was allowed to: delete tasks, or abort those of
    every tenant.
    """
    if task.definition_id == BULK_DEFINITION and not request.may_do_anything:
        raise Refused(
            f'Not authorized! Task "{task.id}" does what was said of many tasks: its retry needs'
            " every permission, for every tenant. Next: say the verb of these tasks anew.",
            code=ErrorCode.SECURITY_NOT_AUTHORIZED,
            data={"id": task.id},
        )


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


def _debounce(request: Request, given: Mapping[str, Any]) -> Debounce:
    try:
        said = Debounce(given["key"], delay=given["delay"], max_delay=given.get("maxDelay"))
        return replace(said, key=request.own_key(said.key) or said.key)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInput(str(error)) from error


def _object(value: object, *, name: str = "input") -> Mapping[str, object] | None:
    if not isinstance(value, Mapping | None):
        raise InvalidInput(f"{name} is {value!r:.60}; it takes an object, such as {{}}.")
    return value


def _sayable(request: Request, verb: BulkVerb, where: Mapping[str, Any]) -> Filter:
    """The tasks of a filter that a caller may say a verb of."""
    wanted = request.filter(where)
    if where and wanted == request.filter({}):
        raise InvalidInput(
            f"The filter has {', '.join(sorted(where))}, and none of these says anything: it would"
            " be every task. Next: give a value; or leave them out, if every task is meant.",
            data={"filter": sorted(where)[0]},
        )
    if verb is not BulkVerb.RETRY or request.may_do_anything:
        return wanted
    hidden = (*wanted.except_definition_ids, BULK_DEFINITION)  # as of one: `_check_may_retry`
    return replace(wanted, except_definition_ids=hidden)


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
            _sayable(request, verb, where),
            dry_run=bool(dryRun),
            rate=rate,
            idempotency_key=request.own_key(idempotencyKey),
            by=request.identity,
            budget=request.budget.counts,
        )
        return {"data": shown_bulk(begun)}

    return enveloped(begin)


for _verb in VERBS_OF_A_FILTER:
    tasks_mutation.set_field(f"{_verb}Tasks", _in_bulk(_verb))
