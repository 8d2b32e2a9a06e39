"""Who did what: a line of the API's log for each operation on a task."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from handler.graphql.arguments import without_revision
from handler.graphql.request import Request
from handler.record import Json, cut, to_text

log = logging.getLogger(__name__)
# Whatever the level of the other lines: who asked for what is known from here alone.
log.setLevel(logging.INFO)

# Operations on no task.
_UNLOGGED: Final = frozenset(
    {"getCaller", "getLimits", "getSettings", "listDefinitions", "listPauses"}
)
# What names the definition that they are about.
_OF_DEFINITIONS: Final = {
    "pauseDefinition": "id",
    "resumeDefinition": "id",
    "setLimit": "definition",
    "resetLimit": "definition",
    "listQueue": "definition",
    "drainQueue": "definition",
}
_OF_A_TRIGGER: Final = ("triggerTask", "triggerTasks")
_MAX_CHARACTERS: Final = 500


def write(
    request: Request, operation: str, arguments: Mapping[str, Any], answer: Mapping[str, Any]
) -> None:
    """Logs an operation: who asked for it, for which tenant and task, and how it went."""
    if operation in _UNLOGGED:
        return
    error = answer.get("error") or {}
    details = {
        "action": "audit",
        "operation": operation,
        "outcome": error.get("code", "error") if error else "ok",
        "identity_id": request.identity.id,
        "identity_type": request.identity.type,
        "tenant": request.tenant,
        "source_ip": request.identity.source,
        "user_agent": request.user_agent or None,
        **_ids(operation, arguments, answer),
        "request_id": request.id,
    }
    shown: Json = {name: _shown(value) for name, value in details.items() if value is not None}
    if operation == "triggerTasks":
        shown |= _of_many(answer.get("data") or ())
    log.info("%s: %s", operation, shown["outcome"], extra=shown)


def _ids(operation: str, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> Json:
    """What the operation is about."""
    if operation in _OF_A_TRIGGER:
        made = answer.get("data") or (answer.get("error") or {}).get("data")
        definition_id = arguments.get("definition")
        return {"about_definition_id": definition_id, "about_task_id": _made_id(made)}
    if operation not in _OF_DEFINITIONS:
        return {"about_task_id": _task_id(arguments, answer)}
    return {
        "about_definition_id": arguments.get(_OF_DEFINITIONS[operation]),
        "about_task_id": _made_id(answer.get("data")),
    }


def _of_many(entries: Sequence[Mapping[str, Any]]) -> Json:
    """The ids of the tasks that were triggered together, and how many inputs were refused.

    Each has some 24 characters: a line of a log takes 1,000 of them (CloudWatch Logs quotas,
    "Event size": 256 KB and more).
    """
    made = [entry["task"]["id"] for entry in entries if entry["task"]]
    return {"about_task_ids": " ".join(made), "refused": str(len(entries) - len(made))}


def _task_id(arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> object:
    """The task that is asked for, by the id that its record has; else the one that was made."""
    where = arguments.get("where") or {}
    made = answer.get("data") or (answer.get("error") or {}).get("data") or {}
    asked = arguments.get("id") or where.get("task") or where.get("id") or where.get("parentId")
    if asked:
        return without_revision(asked) if isinstance(asked, str) else asked
    return _made_id(made)


def _made_id(made: object) -> object:
    if not isinstance(made, Mapping):
        return None
    return made.get("id") or (made.get("task") or {}).get("id")


def _shown(value: object) -> str:
    return cut(to_text(value), _MAX_CHARACTERS)
