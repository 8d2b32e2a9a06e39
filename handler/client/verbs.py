"""The verbs of the client, and the GraphQL document of each.

A new verb is a row in `VERBS` and a method of `Client`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_STATE: Final = """
    id definitionId name parentId taskStatus executionName iterations createdOn savedOn startedOn
    finishedOn waitingUntil waitingFor pausedOn pausedWith deadline startBy retryOf retriedBy
    tenant priority concurrencyKey queuedOn startsOn problem progress
    createdByVersion codeVersion tags errorCode
    createdBy { id displayName type } abortedBy { id displayName type }
"""
_LINES: Final = """
    iteration executionName createdOn createdBy { id displayName type }
    items { message type createdOn data error createdBy { id displayName type } }
"""


# A text passes where the API has its enum: of a name that isn't there, the API then says which are.
_DEFINITION: Final = "String!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A question to the API, or an order.

    Args:
        operation: the field of `backgroundTasks` that answers it.
        takes: the types of its arguments, by their names.
        asks: which fields of `data` it asks for; empty where it has none.
        beside: what it asks for beside `data` and `error`.
        changes: whether it is a mutation.
        repeats: whether to send it twice does no more than to send it once.
    """

    operation: str
    takes: Mapping[str, str]
    asks: str
    beside: str = ""
    changes: bool = False
    repeats: bool = True
    document: str = field(init=False)

    def __post_init__(self) -> None:
        kind = "mutation" if self.changes else "query"
        variables = ", ".join(f"${name}: {type}" for name, type in self.takes.items())
        arguments = ", ".join(f"{name}: ${name}" for name in self.takes)
        if self.takes:
            variables, arguments = f"({variables})", f"({arguments})"
        data = f"data {{ {self.asks} }}" if self.asks else "data"
        document = (
            f"{kind} {variables} {{ backgroundTasks {{ {self.operation}{arguments} {{"
            f" {data} {self.beside} error {{ message code data }} }} }} }}"
        )
        object.__setattr__(self, "document", document)


def _of_one(operation: str) -> Verb:
    """A change of one task, which is the same however often it is made."""
    return Verb(operation=operation, takes={"id": "ID!"}, asks=_STATE, changes=True)


def _of_many(operation: str) -> Verb:
    """A change of the tasks of a filter."""
    return Verb(
        operation=operation,
        takes={
            "where": "WebinyBackgroundTaskListWhereInput!",
            "dryRun": "Boolean",
            "rate": "Number",
            "idempotencyKey": "String",  # the client always sends one, as of a trigger
        },
        asks=f"count isCountCapped task {{ {_STATE} }}",
        changes=True,
    )


_LIMIT: Final = """
    definitionId key tenant slots deployed used queued isCapped oldestQueuedOn changedOn
    changedBy { id displayName type }
"""
# A limit: of the tasks of a definition that have a key.
_LIMIT_OF: Final = {"definition": _DEFINITION, "key": "JSON"}
_PAGE: Final = {"limit": "Int", "after": "String"}
_PAUSE: Final = "definitionId everyTenant pausedOn pausedBy { id displayName type }"
_EVERY_TENANT: Final = {"everyTenant": "Boolean"}
_ID: Final = {"id": "ID!"}
_RATE: Final = {"rate": "Number"}
_SETTINGS: Final = "retentionDays"


def _of_a_pause(operation: str, asks: str, *takes: Mapping[str, str]) -> Verb:
    """A change of what is paused."""
    all_of_them = {name: type for each in takes for name, type in each.items()}
    return Verb(operation=operation, takes=all_of_them, asks=asks, changes=True)


VERBS: Final[Mapping[str, Verb]] = {
    "trigger": Verb(
        operation="triggerTask",
        takes={
            "definition": _DEFINITION,
            "input": "JSON",
            "name": "String",
            "delay": "Number",
            "timeout": "Number",
            "expiresAfter": "Number",
            "priority": "Number",
            "debounce": "WebinyBackgroundTaskDebounceInput",
            "idempotencyKey": "String",  # the client always sends one: so it may send it again
            "tags": "JSON",
        },
        asks=_STATE,
        changes=True,
    ),
    "trigger_many": Verb(
        operation="triggerTasks",
        takes={
            "definition": _DEFINITION,
            "inputs": "[JSON!]!",
            "name": "String",
            "delay": "Number",
            "timeout": "Number",
            "expiresAfter": "Number",
            "priority": "Number",
            "idempotencyKey": "String",  # as of a trigger
            "tags": "JSON",
        },
        asks=f"task {{ {_STATE} }} error {{ message code data }}",
        changes=True,
    ),
    "get": Verb(operation="getTask", takes={"id": "ID!"}, asks=_STATE),
    "list": Verb(
        operation="listTasks",
        takes={
            "where": "WebinyBackgroundTaskListWhereInput",
            "sort": "[WebinyBackgroundTaskListSorter!]",
            **_PAGE,
        },
        asks=_STATE,
        beside="meta { cursor }",
    ),
    "definitions": Verb(operation="listDefinitions", takes={}, asks="id title description fields"),
    "input": Verb(operation="getTask", takes={"id": "ID!"}, asks="input"),
    "output": Verb(operation="getTask", takes={"id": "ID!"}, asks="output"),
    "result": Verb(operation="getTask", takes={"id": "ID!"}, asks=f"{_STATE} output"),
    "abort": Verb(
        operation="abortTask",
        takes={"id": "ID!", "message": "String"},
        asks=_STATE,
        changes=True,
    ),
    "retry": Verb(
        operation="retryTask",
        takes={"id": "ID!", "input": "JSON", "fromStart": "Boolean"},
        asks=_STATE,
        changes=True,
    ),
    "run_now": _of_one("runTaskNow"),
    "signal": Verb(
        operation="signalTask",
        takes={
            "id": "ID!",
            "name": "String!",
            "data": "JSON",
            "key": "String",  # as of a trigger
        },
        asks=_STATE,
        changes=True,
    ),
    "heartbeat": Verb(
        operation="heartbeatTask",
        takes={"id": "ID!", "name": "String!"},
        asks=_STATE,
        changes=True,
    ),
    "pause": _of_one("pauseTask"),
    "resume": _of_one("resumeTask"),
    "delete": Verb(operation="deleteTask", takes=_ID, asks="", changes=True),
    "settings": Verb(operation="getSettings", takes={}, asks=_SETTINGS),
    "update_settings": Verb(
        operation="updateSettings",
        takes={"input": "UpdateBackgroundTaskSettingsInput!"},
        asks=_SETTINGS,
        changes=True,
    ),
    "abort_many": _of_many("abortTasks"),
    "retry_many": _of_many("retryTasks"),
    "delete_many": _of_many("deleteTasks"),
    "pauses": Verb(operation="listPauses", takes={}, asks=_PAUSE),
    "pause_definition": _of_a_pause("pauseDefinition", _PAUSE, _ID, _EVERY_TENANT),
    "resume_definition": _of_a_pause("resumeDefinition", _STATE, _ID, _EVERY_TENANT, _RATE),
    "pause_all": _of_a_pause("pauseAll", _PAUSE, _EVERY_TENANT),
    "resume_all": _of_a_pause("resumeAll", _STATE, _EVERY_TENANT, _RATE),
    "limits": Verb(
        operation="getLimits",
        takes={**_LIMIT_OF, **_PAGE},
        asks=_LIMIT,
        beside="meta { cursor }",
    ),
    "set_limit": Verb(
        operation="setLimit",
        takes={**_LIMIT_OF, "limit": "Int!", **_EVERY_TENANT},
        asks=_LIMIT,
        changes=True,
    ),
    "reset_limit": Verb(
        operation="resetLimit", takes={**_LIMIT_OF, **_EVERY_TENANT}, asks=_LIMIT, changes=True
    ),
    "queue": Verb(
        operation="listQueue",
        takes={**_LIMIT_OF, **_EVERY_TENANT, **_PAGE},
        asks=_STATE,
        beside="meta { cursor }",
    ),
    "drain_queue": Verb(
        operation="drainQueue",
        takes={
            **_LIMIT_OF,
            **_EVERY_TENANT,
            "message": "String",
            "dryRun": "Boolean",
            "rate": "Number",
            "idempotencyKey": "String",  # as of a trigger
        },
        asks=f"count isCountCapped task {{ {_STATE} }}",
        changes=True,
    ),
    "logs": Verb(
        operation="listLogs",
        takes={
            "where": "WebinyBackgroundTaskLogListWhereInput",
            "sort": "[WebinyBackgroundTaskLogListSorter!]",
            "limit": "Int",
            "after": "String",
        },
        asks=_LINES,
        beside="meta { cursor }",
    ),
}
