"""The schema's types, and how a task and a log are shown."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType, ScalarType
from graphql import GraphQLResolveInfo

from handler.errors import EngineSignal, InvalidInput
from handler.graphql import audit
from handler.graphql.budget import Budget
from handler.graphql.error_answers import told
from handler.graphql.request import Request
from handler.record import BulkResult, Json, TaskLog, TaskRecord
from handler.table import TaskCount

query: Final = QueryType()
mutation: Final = MutationType()
tasks_query: Final = ObjectType("WebinyBackgroundTaskQuery")
tasks_mutation: Final = ObjectType("WebinyBackgroundTaskMutation")
task_type: Final = ObjectType("WebinyBackgroundTask")
log_type: Final = ObjectType("WebinyBackgroundTaskLog")
definition_type: Final = ObjectType("WebinyBackgroundTaskDefinition")
meta_type: Final = ObjectType("WebinyBackgroundTaskMeta")
date_type: Final = ScalarType("DateTime")


def enveloped(resolve: Callable[..., Json], *, like: str | None = None) -> Callable[..., Json]:
    """Puts what `resolve` raises into the answer's `error`, as Webiny's clients expect it.

    It runs if the caller has the permission that the operation needs. Each call is a line in the
    log: who did what, to which task, and how it went.

    Args:
        like: the operation that it is another form of, and needs the permission of; by default the
            field's own name.
    """

    @functools.wraps(resolve)
    def answer(_: object, info: GraphQLResolveInfo, **arguments: object) -> Json:
        request: Request = info.context
        try:
            request = request.for_operation(info.field_name, like=like)
            request.check_definition(arguments.get("definition"))
            answer = resolve(request, **arguments)
            request.check_shown(_records(answer.get("data")))
        except EngineSignal:
            raise
        except BaseException as error:  # of a hook's code, too; the caller gets an answer
            known = request.without_others(error)
            failure = told(known, request_id=request.id, definition=arguments.get("definition"))
            answer = {"data": None, "error": failure.to_wire()}
        audit.write(request, info.field_name, arguments, answer)
        return answer

    answer.__dict__["like"] = like  # the tests ask each field of the schema what it needs
    return answer


def _records(data: object) -> Iterator[TaskRecord]:
    """The tasks that an answer is about, or has."""
    if isinstance(data, list):
        for each in data:
            yield from _records(each)
    elif isinstance(data, dict):
        if isinstance(record := data.get("record"), TaskRecord):
            yield record
        yield from _records(data.get("task"))


def shown_task(record: TaskRecord) -> Json:
    """A task, as `schema.graphql` names its fields. Its payloads are read if they are asked for."""
    fields = record.model_dump(mode="json", by_alias=True, exclude={"input", "output"})
    return fields | {"record": record, "executionName": record.execution_name or ""}


def shown_bulk(begun: BulkResult) -> Json:
    """What a verb has begun that is said of many tasks."""
    task = shown_task(begun.task) if begun.task else None
    return {"count": begun.count, "isCountCapped": begun.is_capped, "task": task}


def shown_log(entry: TaskLog, record: TaskRecord) -> Json:
    """A log, as `schema.graphql` names its fields."""
    shown = entry.model_dump(mode="json", by_alias=True)
    for line, logged in zip(shown["items"], entry.lines, strict=True):
        line["createdBy"] = line["createdBy"] or shown["createdBy"]
        line["error"] = logged.error.to_line() if logged.error else None
    return shown | {"id": entry.id, "record": record}


def shown_meta(
    page: Sequence[object], cursor: str | None, count: Callable[[], TaskCount], *, after: str | None
) -> Json:
    """The `meta` of a page. `count` runs if `totalCount` is asked for, and once at most.

    A page with none before and none behind it is the whole list: it is not counted once more.
    """

    @functools.cache
    def counted() -> TaskCount:
        if cursor is None and after is None:
            return TaskCount(len(page))
        found = count()
        return TaskCount(max(found.number, len(page)), is_capped=found.is_capped)

    return {"cursor": cursor, "hasMoreItems": cursor is not None, "count": counted}


@query.field("backgroundTasks")
@mutation.field("backgroundTasks")
def _background_tasks(*_: object) -> Json:
    return {}


@meta_type.field("totalCount")
def _total_count(meta: Mapping[str, Callable[[], TaskCount]], _: GraphQLResolveInfo) -> int:
    return meta["count"]().number


@meta_type.field("isTotalCountCapped")
def _is_capped(meta: Mapping[str, Callable[[], TaskCount]], _: GraphQLResolveInfo) -> bool:
    return meta["count"]().is_capped


@task_type.field("input")
@task_type.field("output")
def _payload(task: Mapping[str, Any], info: GraphQLResolveInfo) -> object:
    budget: Budget = info.context.budget
    budget.check_read()  # before it is read: what is too much is not read at all
    payload: object = getattr(task["record"], info.field_name)
    budget.read(payload)
    return payload


@task_type.field("parentId")
@task_type.field("retryOf")
@task_type.field("retriedBy")
def _other_task(task: Mapping[str, Any], info: GraphQLResolveInfo) -> str | None:
    """The task that is named, if the caller may hear of it."""
    id: str | None = task.get(info.field_name)
    request: Request = info.context
    return id if id is None or request.may_tell(id) else None


@log_type.field("task")
def _task_of_log(entry: Mapping[str, Any], _: GraphQLResolveInfo) -> Json:
    return shown_task(entry["record"])


@date_type.value_parser
def _parse_date(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput(
            f'"{value!s:.60}" is no date; it takes ISO 8601, such as "2030-01-01T00:00:00Z".'
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
