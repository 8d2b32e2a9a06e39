"""Which logs of a task a query asks for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handler.errors import InvalidInput
from handler.graphql.arguments import unsorted
from handler.graphql.conditions import Conditions
from handler.record import TaskLog

# A log row's key has ten digits for its iteration.
LAST_ITERATION: Final = 10**10 - 1
_TASK_PARTS: Final = (
    *("not", "not_in"),
    *("contains", "not_contains", "startsWith", "not_startsWith"),
)
_SORTED: Final = ("createdOn", "iteration")
_ANY: Final = "sort by iteration, which is the order of their creation, too"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the logs of a task must have. Its first and its last iteration bound what is read.

    Args:
        first: the first iteration, 0 or more.
        last: the last iteration.
    """

    given: Conditions
    first: int
    last: int

    @classmethod
    def of(cls, where: Mapping[str, Any]) -> "LogFilter":
        """The filter of a `where`.

        Raises:
            InvalidInput: nothing answers a filter, or a value of it is none.
        """
        given = Conditions(where)
        given.refuse("items", ("",), "read the logs, and look through their items")
        given.refuse("task", _TASK_PARTS, 'filter by task: "<its id>"')
        given.check_pairs("iteration", "createdOn")
        return cls(given, *_bounds(given))

    def matches(self, log: TaskLog) -> bool:
        """Whether a log of the task is one of those that are asked for."""
        return (
            self.given.has_number("iteration", log.iteration)
            and self.given.has_moment("createdOn", log.created_on)
            and self.given.has_text("executionName", log.execution_name)
            and self.given.has_text("id", log.id)
            and self.given.has_text("createdBy", log.created_by.id)
        )


def task_of(where: Mapping[str, Any]) -> str:
    """The one task whose logs are listed.

    Raises:
        InvalidInput: there is none, or there are several.
    """
    tasks = set(Conditions(where).any_of("task") or ())
    if len(tasks) != 1 or not all(isinstance(task, str) for task in tasks):
        raise InvalidInput('listLogs lists the logs of one task: add where: { task: "<its id>" }.')
    return str(tasks.pop())


def check_order(field: str | None) -> None:
    """Raises `InvalidInput` for an order of logs that nothing answers."""
    if field is not None and field not in _SORTED:
        raise unsorted(field, _ANY)


def _bounds(given: Conditions) -> tuple[int, int]:
    """The first and the last iteration that may match. The first is behind the last if none may."""
    exact, between = given.get("iteration"), given.get("iteration_between") or (None, None)
    least = _numbers(exact, between[0], given.get("iteration_gte"), given.get("iteration_gt"))
    most = _numbers(exact, between[1], given.get("iteration_lte"), given.get("iteration_lt"))
    if many := _numbers(*(given.get("iteration_in") or ())):
        least.append(min(many))
        most.append(max(many))
    return max([0, *map(math.ceil, least)]), min([LAST_ITERATION, *map(math.floor, most)])


def _numbers(*values: object) -> list[int | float]:
    """Those of `values` that are finite numbers."""
    return [
        value
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    ]
