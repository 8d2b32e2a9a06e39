"""The GraphQL schema's resolvers: each operation as an envelope of what the service answers."""

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import islice
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType, ScalarType, make_executable_schema
from graphql import GraphQLResolveInfo, GraphQLSchema

from handler.clock import to_iso
from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT, Status
from handler.definition.definition import Definition
from handler.errors import BackgroundTaskError, InvalidInput, NotFound
from handler.lifecycle.service import DEFAULT_LIMIT, MAX_LIMIT, Tasks
from handler.record.task_record import Identity, Json, TaskLog, TaskRecord
from handler.table.index_query import ANY_TIME
from handler.table.listing import Filter

log = logging.getLogger(__name__)

DEFINITION_ENUM: Final = "WebinyBackgroundTaskDefinitionEnum"
# Webiny's own default for the logs of a task.
_MOST_LOGS: Final = 10_000
# DateTime as a filter is exact to the millisecond, as the records are.
_TICK: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, for which tenant, and the service that answers: the context of every resolver."""

    tasks: Tasks
    identity: Identity
    tenant: str = DEFAULT_TENANT
    locale: str = DEFAULT_LOCALE

    def task(self, id: str) -> TaskRecord:
        """A task of the caller's tenant; another tenant's is not found."""
        record = self.tasks.get(_without_revision(id))
        if record.tenant != self.tenant:
            raise NotFound(f'Task "{id}" was not found!', data={"id": id})
        return record


Resolver = Callable[..., Json]


def make_schema(definitions: tuple[Definition, ...]) -> GraphQLSchema:
    """`schema.graphql`, with the ids of `definitions` as the enum of what can be triggered."""
    # A GraphQL enum is never empty; Webiny has the same placeholder.
    ids = " ".join(definition.id for definition in definitions) or "Empty"
    text = files("handler.graphql").joinpath("schema.graphql").read_text()
    return make_executable_schema(
        [text, f"enum {DEFINITION_ENUM} {{ {ids} }}"],
        _query,
        _tasks_query,
        _mutation,
        _tasks_mutation,
        _task,
        _log,
        _meta,
        _date,
    )


def _envelope(resolve: Callable[..., Json]) -> Resolver:
    """Puts what `resolve` raises into the answer's `error`, as Webiny's clients expect it."""

    @functools.wraps(resolve)
    def enveloped(_: object, info: GraphQLResolveInfo, **arguments: object) -> Json:
        try:
            return resolve(info.context, **arguments)
        except BackgroundTaskError as error:
            return {"data": None, "error": error.to_wire()}
        except Exception as error:  # the caller gets an answer; the log, the trace
            log.exception("The API failed.", extra={"action": "api_failed"})
            return {"data": None, "error": {"message": str(error), "code": type(error).__name__}}

    return enveloped


_query = QueryType()
_mutation = MutationType()
_tasks_query = ObjectType("WebinyBackgroundTaskQuery")
_tasks_mutation = ObjectType("WebinyBackgroundTaskMutation")
_task = ObjectType("WebinyBackgroundTask")
_log = ObjectType("WebinyBackgroundTaskLog")
_meta = ObjectType("WebinyBackgroundTaskMeta")
_date = ScalarType("DateTime")


@_query.field("backgroundTasks")
@_mutation.field("backgroundTasks")
def _background_tasks(*_: object) -> Json:
    return {}


@_tasks_query.field("getTask")
@_envelope
def _get_task(request: Request, *, id: str) -> Json:
    return {"data": _shown_task(request.task(id))}


@_tasks_query.field("listTasks")
@_envelope
def _list_tasks(
    request: Request,
    *,
    where: Json | None = None,
    sort: list[str] | None = None,
    limit: int | None = None,
    after: str | None = None,
    search: str | None = None,
) -> Json:
    _refuse_search(search)
    wanted = _filter(request.tenant, where or {})
    page = request.tasks.list(
        wanted,
        newest_first=_descending(sort, default=True),
        limit=DEFAULT_LIMIT if limit is None else limit,
        after=after,
    )
    meta = {
        "cursor": page.cursor,
        "hasMoreItems": page.cursor is not None,
        "count": lambda: request.tasks.count(wanted),
    }
    return {"data": [_shown_task(record) for record in page.items], "meta": meta}


@_tasks_query.field("listDefinitions")
@_envelope
def _list_definitions(request: Request) -> Json:
    return {
        "data": [
            {
                "id": definition.id,
                "title": definition.title,
                "description": definition.description or None,
                "fields": [],
            }
            for definition in request.tasks.definitions()
        ]
    }


@_tasks_query.field("listLogs")
@_envelope
def _list_logs(
    request: Request,
    *,
    where: Json | None = None,
    sort: list[str] | None = None,
    limit: int | None = None,
    after: str | None = None,
    search: str | None = None,
) -> Json:
    _refuse_search(search)
    task_id = (where or {}).get("task")
    if not isinstance(task_id, str):
        raise InvalidInput('listLogs lists the logs of one task: add where: { task: "<its id>" }.')
    limit = DEFAULT_LIMIT if limit is None else limit
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"limit is {limit}; it takes 1 to {MAX_LIMIT}.")
    record = request.task(task_id)
    found = _logs(
        request, record, where or {}, newest_first=_descending(sort, default=True), after=after
    )
    logs = list(islice(found, limit + 1))
    cursor = str(logs[limit - 1]["iteration"]) if len(logs) > limit else None
    count = functools.partial(_count_logs, request, record)
    return {
        "data": logs[:limit],
        "meta": {"cursor": cursor, "hasMoreItems": cursor is not None, "count": count},
    }


@_tasks_mutation.field("triggerTask")
@_envelope
def _trigger_task(
    request: Request,
    *,
    definition: str,
    input: object = None,
    name: str | None = None,
    delay: float | None = None,
) -> Json:
    if not isinstance(input, Mapping | None):
        raise InvalidInput(f"input is {input!r:.60}; it takes an object, such as {{}}.")
    record = request.tasks.trigger(
        definition,
        input=input,
        name=name,
        delay=delay or 0,
        tenant=request.tenant,
        locale=request.locale,
        created_by=request.identity,
    )
    return {"data": _shown_task(record)}


@_tasks_mutation.field("abortTask")
@_envelope
def _abort_task(request: Request, *, id: str, message: str | None = None) -> Json:
    return {"data": _shown_task(request.tasks.abort(request.task(id).id, message))}


@_tasks_mutation.field("deleteTask")
@_envelope
def _delete_task(request: Request, *, id: str) -> Json:
    request.tasks.delete(request.task(id).id)
    return {"data": True}


@_task.field("logs")
def _task_logs(
    task: Mapping[str, Any],
    info: GraphQLResolveInfo,
    *,
    where: Json | None = None,
    limit: float | None = None,
    sort: list[str] | None = None,
) -> list[Json]:
    if task.get("isOfLog"):
        raise InvalidInput("A log's task has that log already; ask for the logs of a task once.")
    limit = _MOST_LOGS if limit is None else limit
    if not isinstance(limit, int | float) or not 1 <= limit <= _MOST_LOGS:
        raise InvalidInput(f"limit is {limit!r}; it takes 1 to {_MOST_LOGS}.")
    found = _logs(
        info.context,
        task["record"],
        where or {},
        newest_first=_descending(sort, default=False),
        after=None,
    )
    return list(islice(found, int(limit)))


@_log.field("task")
def _log_task(log: Mapping[str, Any], _: GraphQLResolveInfo) -> Json:
    return _shown_task(log["record"]) | {"isOfLog": True}


@_meta.field("totalCount")
def _total_count(meta: Mapping[str, Callable[[], int]], _: GraphQLResolveInfo) -> int:
    return meta["count"]()


@_date.value_parser
def _parse_date(value: object) -> datetime:
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shown_task(record: TaskRecord) -> Json:
    return record.model_dump(mode="json", by_alias=True) | {"record": record}


def _logs(
    request: Request, record: TaskRecord, where: Json, *, newest_first: bool, after: str | None
) -> Any:
    if after is not None and not after.isdecimal():
        raise InvalidInput(
            f'The cursor "{after[:60]}" is not one of ours; pass on `meta.cursor` of the page'
            " before."
        )
    beyond = int(after) if after is not None else None
    found = request.tasks.logs(record.id, newest_first=newest_first, beyond=beyond)
    wanted = where.get("iteration")
    return (
        _shown_log(entry, record) for entry in found if wanted is None or entry.iteration == wanted
    )


def _count_logs(request: Request, record: TaskRecord) -> int:
    return sum(1 for _ in request.tasks.logs(record.id))


def _shown_log(entry: TaskLog, record: TaskRecord) -> Json:
    return entry.model_dump(mode="json", by_alias=True) | {"id": entry.id, "record": record}


def _descending(sort: list[str] | None, *, default: bool) -> bool:
    if not sort:
        return default
    if len(sort) > 1:
        raise InvalidInput(f"sort has {len(sort)} fields; it takes one.")
    return sort[0].endswith("_DESC")


def _refuse_search(search: str | None) -> None:
    if search:
        raise InvalidInput(f'search is "{search}", but no index answers it; filter with `where`.')


def _filter(tenant: str, where: Mapping[str, Any]) -> Filter:
    where = {name: value for name, value in where.items() if value is not None}  # null is no filter
    ids = [where["id"]] if "id" in where else where.get("id_in")
    if ids is not None:
        ids = [_without_revision(id) for id in ids]
    statuses = [where["taskStatus"]] if "taskStatus" in where else where.get("taskStatus_in")
    return Filter(
        tenant=tenant,
        ids=tuple(ids) if ids is not None else None,
        parent_id=where.get("parentId"),
        definition_id=where.get("definitionId"),
        statuses=frozenset(map(_status, statuses)) if statuses is not None else None,
        created=_created(where),
    )


def _without_revision(id: str) -> str:
    """Webiny's ids may carry a revision, `#0001`."""
    return id.partition("#")[0]


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError as error:
        raise InvalidInput(
            f'taskStatus is "{text}"; it takes one of {", ".join(Status)}.'
        ) from error


def _created(where: Mapping[str, Any]) -> tuple[str, str]:
    exact = where.get("createdOn")
    since = exact or where.get("createdOn_gte") or _moved(where.get("createdOn_gt"), _TICK)
    until = exact or where.get("createdOn_lte") or _moved(where.get("createdOn_lt"), -_TICK)
    return (to_iso(since) if since else ANY_TIME[0], to_iso(until) if until else ANY_TIME[1])


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    return moment + by if moment else None
