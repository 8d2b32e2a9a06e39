"""Webiny's filters and sorters as facts: those on a field that a task or a log of ours has.

From the schema that its package `tasks` renders (`packages/tasks/__tests__/graphql/task.graphql`):
a filter is a field and how it compares, of a type that is the same for all fields of a kind.
"""

from collections.abc import Mapping
from typing import Final

_TEXT: Final = {
    "": "String",
    "not": "String",
    "in": "[String]",
    "not_in": "[String]",
    "contains": "String",
    "not_contains": "String",
    "startsWith": "String",
    "not_startsWith": "String",
}
_ID: Final = {"": "ID", "not": "ID", "in": "[ID!]", "not_in": "[ID!]"}
_RANGE: Final = ("lt", "lte", "gt", "gte")
# Of the dates that every entry of Webiny's has.
_META_DATE: Final = {
    "": "DateTime",
    **dict.fromkeys(_RANGE, "DateTime"),
    "between": "[DateTime!]",
    "not_between": "[DateTime!]",
}
# Of a date that is a model's own.
_DATE: Final = {
    "": "DateTime",
    "not": "DateTime",
    "in": "[DateTime]",
    "not_in": "[DateTime]",
    **dict.fromkeys(_RANGE, "DateTime"),
}
_NUMBER: Final = {
    "": "Number",
    "not": "Number",
    "in": "[Number]",
    "not_in": "[Number]",
    **dict.fromkeys(_RANGE, "Number"),
    "between": "[Number!]",
    "not_between": "[Number!]",
}


def _named(fields: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The types of filters, by their names."""
    return {
        f"{field}_{compare}" if compare else field: kind
        for field, compares in fields.items()
        for compare, kind in compares.items()
    }


TASKS: Final = _named(
    {
        "id": _ID,
        "createdOn": _META_DATE,
        "savedOn": _META_DATE,
        "createdBy": _ID,
        "name": _TEXT,
        "definitionId": _TEXT,
        "parentId": _TEXT,
        "executionName": _TEXT,
        "iterations": _NUMBER,
        "taskStatus": _TEXT,
        "startedOn": _DATE,
        "finishedOn": _DATE,
    }
)
LOGS: Final = {
    **_named(
        {
            "id": _ID,
            "createdOn": _META_DATE,
            "createdBy": _ID,
            "executionName": _TEXT,
            "task": _TEXT,
            "iteration": _NUMBER,
        }
    ),
    "items": "WebinyTaskLog_ItemsWhereInput",
}
ITEMS: Final = _named({"message": _TEXT, "createdOn": _DATE, "type": _TEXT})


def _sorters(plain: tuple[str, ...], own: tuple[str, ...]) -> frozenset[str]:
    """The sorters of fields. Newer versions have `values_` in front of a model's own."""
    fields = (*plain, *own, *(f"values_{field}" for field in own))
    return frozenset(f"{field}_{order}" for field in fields for order in ("ASC", "DESC"))


TASK_SORTERS: Final = _sorters(
    ("id", "createdOn", "savedOn"),
    (
        *("name", "definitionId", "parentId", "executionName", "iterations"),
        *("taskStatus", "startedOn", "finishedOn"),
    ),
)
LOG_SORTERS: Final = _sorters(("id", "createdOn"), ("executionName", "task", "iteration"))
