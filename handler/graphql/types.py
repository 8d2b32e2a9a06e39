"""What every resolver is given, the schema's types, and how a task and a log are shown."""

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType, ScalarType
from graphql import GraphQLResolveInfo

from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT
from handler.definition import is_veto
from handler.errors import BackgroundTaskError, EngineSignal, NotFound
from handler.graphql.arguments import without_revision
from handler.lifecycle import Tasks
from handler.record import Identity, Json, TaskFailure, TaskLog, TaskRecord

log = logging.getLogger(__name__)

query: Final = QueryType()
mutation: Final = MutationType()
tasks_query: Final = ObjectType("WebinyBackgroundTaskQuery")
tasks_mutation: Final = ObjectType("WebinyBackgroundTaskMutation")
task_type: Final = ObjectType("WebinyBackgroundTask")
log_type: Final = ObjectType("WebinyBackgroundTaskLog")
meta_type: Final = ObjectType("WebinyBackgroundTaskMeta")
date_type: Final = ScalarType("DateTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, for which tenant, and the service that answers: the context of every resolver."""

    tasks: Tasks
    identity: Identity
    tenant: str = DEFAULT_TENANT
    locale: str = DEFAULT_LOCALE

    def task(self, id: str) -> TaskRecord:
        """A task of the caller's tenant. A task of another tenant is not found."""
        record = self.tasks.get(without_revision(id))
        if record.tenant != self.tenant:
            raise NotFound(f'Task "{id}" was not found!', data={"id": id})
        return record


def enveloped(resolve: Callable[..., Json]) -> Callable[..., Json]:
    """Puts what `resolve` raises into the answer's `error`, as Webiny's clients expect it."""

    @functools.wraps(resolve)
    def answer(_: object, info: GraphQLResolveInfo, **arguments: object) -> Json:
        try:
            return resolve(info.context, **arguments)
        except EngineSignal:
            raise
        except BaseException as error:  # of a hook's code, too; the caller gets an answer
            failure = TaskFailure.from_exception(error)
            if is_veto(error):
                _report_veto(failure, arguments.get("definition"))
            elif not isinstance(error, BackgroundTaskError):
                _report(failure)
            return {"data": None, "error": failure.to_wire()}

    return answer


def _report_veto(failure: TaskFailure, definition: object) -> None:
    extra = {"action": "trigger_vetoed", "definition_id": definition, "code": failure.code}
    reason = " ".join(failure.message.split())
    log.warning('on_before_trigger of "%s" vetoed a trigger: %s', definition, reason, extra=extra)


def _report(failure: TaskFailure) -> None:
    # Its text, and not the exception: logging would run the code of an author's class once more.
    log.error("The API failed.\n%s", failure.stack, extra={"action": "api_failed"})


def shown_task(record: TaskRecord) -> Json:
    """A task, as `schema.graphql` names its fields."""
    return record.model_dump(mode="json", by_alias=True) | {"record": record}


def shown_log(entry: TaskLog, record: TaskRecord) -> Json:
    """A log, as `schema.graphql` names its fields."""
    return entry.model_dump(mode="json", by_alias=True) | {"id": entry.id, "record": record}


def shown_meta(cursor: str | None, count: Callable[[], int]) -> Json:
    """The `meta` of a page. `count` runs if `totalCount` is asked for."""
    return {"cursor": cursor, "hasMoreItems": cursor is not None, "count": count}


@query.field("backgroundTasks")
@mutation.field("backgroundTasks")
def _background_tasks(*_: object) -> Json:
    return {}


@meta_type.field("totalCount")
def _total_count(meta: Mapping[str, Callable[[], int]], _: GraphQLResolveInfo) -> int:
    return meta["count"]()


@log_type.field("task")
def _task_of_log(entry: Mapping[str, Any], _: GraphQLResolveInfo) -> Json:
    return shown_task(entry["record"]) | {"isOfLog": True}


@date_type.value_parser
def _parse_date(value: object) -> datetime:
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
