"""What one answer may have: it is counted while it is made, and not when it is too late."""

import json
from typing import Any, Final

from graphql import ExecutionContext, FieldNode, GraphQLLeafType, GraphQLObjectType
from graphql.pyutils import Path

from handler.graphql.limits import MAX_FIELDS, too_large
from handler.table import CountBudget

# Lambda quotas, "Invocation payload": 6 MB, which Lambda's error calls 6,291,556 bytes. A response
# that is larger as a whole ends the process, and the caller gets a 502.
MAX_ANSWER_BYTES: Final = 6_200_000
# Inputs, outputs and logs of that many bytes leave room for the rest of the answer.
_MAX_READ_BYTES: Final = 5_900_000
_MAX_ERRORS: Final = 1_000
# As many as a page of tasks has. Each is a query of its own: all of them, a third of the API's 30
# seconds.
_MAX_LOGS: Final = 1_000
# Tasks that others name, of a caller who may see their own alone: each is a read.
_MAX_LINKS: Final = 50
# Entries of an index, some two queries of 1 MB; or 2,000 records; or 10 MB of logs.
_MAX_COUNTED: Final = 10_000


class AnswerTooLarge(BaseException):
    """Ends the making of an answer: GraphQL makes a `null` of every exception, and goes on."""


class Budget:
    """What is left of one answer.

    Args:
        counts: what is left for all counts of a request together.
        max_bytes: how many bytes it may have, in Lambda's response: of a batch, what the answers
            before it have left.
    """

    def __init__(
        self, counts: CountBudget | None = None, *, max_bytes: int = MAX_ANSWER_BYTES
    ) -> None:
        self.counts = counts or CountBudget(left=_MAX_COUNTED)
        self.max_bytes = max_bytes
        self._bytes_read = 0
        self._bytes = 0
        self._fields = 0
        self._errors = 0
        self._logs = 0
        self._links = 0

    def read(self, value: object) -> None:
        """Counts an input, an output or a log that was read."""
        self._bytes_read += size_of(value)
        self.check_read()

    def check_read(self) -> None:
        """Whether more may be read. Raises `Refused`."""
        most = min(_MAX_READ_BYTES, self.max_bytes)
        if self._bytes_read > most:
            raise too_large(
                f"The inputs, outputs and logs of an answer may have {most:,} bytes;"
                " these have more. Next: ask for fewer tasks, or read a large one from code."
            )

    def read_logs(self) -> None:
        """Counts a task whose logs are read. Raises `Refused`."""
        self._logs += 1
        if self._logs > _MAX_LOGS:
            raise too_large(
                f"An answer may have the logs of {_MAX_LOGS} tasks."
                f" Next: ask for at most {_MAX_LOGS} tasks with their logs."
            )

    def read_link(self) -> None:
        """Counts a task that is read since another one names it. Raises `Refused`."""
        self._links += 1
        if self._links > _MAX_LINKS:
            raise too_large(
                f"An answer may have {_MAX_LINKS} parents and retries, with the permission for own"
                " tasks. Next: ask for fewer tasks with these."
            )

    def add_field(self, name: str) -> None:
        """Counts a field of the answer. Raises `AnswerTooLarge`."""
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise AnswerTooLarge(too_many("fields", MAX_FIELDS))
        self.add(name)

    def add(self, value: object) -> None:
        """Counts a name or a value of the answer. Raises `AnswerTooLarge`."""
        self._bytes += size_of(value)
        if self._bytes > self.max_bytes:
            raise AnswerTooLarge(too_many("bytes", MAX_ANSWER_BYTES))

    def add_error(self) -> None:
        """Counts an error of the answer. Raises `AnswerTooLarge`."""
        self._errors += 1
        if self._errors > _MAX_ERRORS:
            raise AnswerTooLarge(too_many("errors", _MAX_ERRORS))


def too_many(what: str, limit: int) -> str:
    """What is said of an answer that has too many of something."""
    return (
        f"The answer has more than {limit:,} {what}. Next: ask for fewer tasks or fields at a time."
    )


def size_of(value: object) -> int:
    """How many bytes a value of an answer is in Lambda's response."""
    return size_in_response(json.dumps(value, default=str))


def size_in_response(body: str) -> int:
    """How many bytes a body, or a part of it, is in Lambda's response: as a text of JSON.

    Each of its quotation marks takes two.
    """
    return len(body) + body.count('"') + body.count("\\")


class Counted(ExecutionContext):
    """Makes an answer, and counts it in the budget of the request."""

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_nodes: list[FieldNode],
        path: Path,
    ) -> Any:
        self._budget.add_field(str(path.key))
        return super().execute_field(parent_type, source, field_nodes, path)

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]
        value = super().complete_leaf_value(return_type, result)
        self._budget.add(value)
        return value

    def handle_field_error(self, error: Any, return_type: Any, path: Path) -> None:
        self._budget.add_error()
        super().handle_field_error(error, return_type, path)

    @property
    def _budget(self) -> Budget:
        budget: Budget = self.context_value.budget
        return budget
