"""The resolvers of logs: of one task, and as a field of a task."""

from typing import Any

import pytest

from handler import Context, Done, TaskRecord
from handler.record.task_log import LogLine, TaskLog
from tests.handler.graphql.client import LIST_LOGS, Api
from tests.handler.simple_tasks import bare
from tests.handler.stack import Stack


class TestListLogs:
    @pytest.fixture
    def task_id(self, stack: Stack) -> str:
        record = stack.create()
        for iteration in (1, 2, 3):
            record = record.model_copy(update={"iterations": iteration})
            stack.store.logs.append(
                TaskLog.of(
                    record,
                    [LogLine(message=f"Iteration {iteration}.", created_on=record.created_on)],
                )
            )
        return record.id

    def iterations(self, envelope: Any) -> list[int]:
        return [log["iteration"] for log in envelope["data"]]

    def test_logs_of_a_task_come_newest_first_with_their_task(self, api: Api, task_id: str) -> None:
        envelope = api.envelope(LIST_LOGS, where={"task": task_id})

        assert self.iterations(envelope) == [3, 2, 1]
        assert envelope["data"][0]["task"] == {"id": task_id, "name": "Some task"}
        assert envelope["meta"] == {"cursor": None, "hasMoreItems": False, "totalCount": 3}

    @pytest.mark.parametrize("sort", ["createdOn_ASC", "iteration_ASC"])
    def test_an_ascending_sorter_lists_logs_oldest_first(
        self, api: Api, task_id: str, sort: str
    ) -> None:
        assert self.iterations(api.envelope(LIST_LOGS, where={"task": task_id}, sort=[sort])) == [
            1,
            2,
            3,
        ]

    @pytest.mark.parametrize(
        ("sort", "pages"), [("createdOn_DESC", [[3, 2], [1]]), ("createdOn_ASC", [[1, 2], [3]])]
    )
    def test_the_cursor_of_a_page_leads_to_the_next_page(
        self, api: Api, task_id: str, sort: str, pages: list[list[int]]
    ) -> None:
        first = api.envelope(LIST_LOGS, where={"task": task_id}, sort=[sort], limit=2)
        second = api.envelope(
            LIST_LOGS, where={"task": task_id}, sort=[sort], limit=2, after=first["meta"]["cursor"]
        )

        assert [self.iterations(first), self.iterations(second)] == pages
        assert (first["meta"]["hasMoreItems"], second["meta"]["cursor"]) == (True, None)

    def test_a_filter_by_iteration_lists_and_counts_its_log_alone(
        self, api: Api, task_id: str
    ) -> None:
        envelope = api.envelope(LIST_LOGS, where={"task": task_id, "iteration": 2})

        assert self.iterations(envelope) == [2]
        assert envelope["meta"]["totalCount"] == 1

    @pytest.mark.parametrize("iteration", [0, 4, 2.5, -1, 1e300, "2", 10**400, {}, None])
    def test_a_filter_by_any_iteration_lists_its_log_or_nothing(
        self, api: Api, task_id: str, iteration: Any
    ) -> None:
        envelope = api.envelope(LIST_LOGS, where={"task": task_id, "iteration": iteration})

        assert envelope["error"] is None
        assert self.iterations(envelope) == ([3, 2, 1] if iteration is None else [])

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({}, "add where: { task:"),
            ({"where": {}}, "add where: { task:"),
            ({"where": {"task": "nothing"}}, "was not found"),
            ({"where": {"task": "t1"}, "after": "x"}, "is not valid"),
            ({"where": {"task": "t1", "iteration_between": [1]}}, "has 1 values; it takes two"),
            (
                {"where": {"task": "t1", "createdOn_not_between": []}},
                "createdOn_not_between has 0 values; it takes two",
            ),
            ({"where": {"task_in": ["t1", "t2"]}}, "lists the logs of one task"),
            ({"where": {"task": "t1", "task_in": ["t2"]}}, "lists the logs of one task"),
        ],
    )
    def test_a_refused_argument_says_what_to_do(
        self, stack: Stack, api: Api, variables: dict[str, Any], message: str
    ) -> None:
        stack.create(id="t1")

        assert message in api.envelope(LIST_LOGS, **variables)["error"]["message"]

    def test_another_tenants_logs_are_not_found(self, stack: Stack, api: Api) -> None:
        record = stack.create(tenant="acme")

        assert api.envelope(LIST_LOGS, where={"task": record.id})["error"]["code"] == "NOT_FOUND"


class TestLogsOfATask:
    def test_a_tasks_logs_are_sorted_limited_and_filtered(self, stack: Stack, api: Api) -> None:
        record = stack.tasks.trigger("exportUsers")
        for visit in ("a", "b"):
            stack.run(record, visit=visit)

        def iterations(arguments: str) -> list[int]:
            query = (
                f'{{ backgroundTasks {{ getTask(id: "{record.id}") {{ data {{ logs{arguments} {{'
                " iteration } } } } }"
            )
            logs = api.ask(query)["data"]["backgroundTasks"]["getTask"]["data"]["logs"]
            return [log["iteration"] for log in logs]

        assert iterations("") == [1, 2]
        assert iterations("(limit: 1)") == [1]
        assert iterations("(sort: [iteration_DESC], limit: 1)") == [2]
        assert iterations("(where: {iteration: 2})") == [2]

    @pytest.mark.parametrize(
        ("limit", "size"),
        [("0", 2), ("-1", 2), ("null", 2), ("1e9", 2), ("1", 1), ("1.5", 1), ("0.5", 2)],
    )
    def test_any_limit_is_one(self, stack: Stack, api: Api, limit: str, size: int) -> None:
        record = stack.tasks.trigger("exportUsers")
        stack.run(record)
        query = f'{{ backgroundTasks {{ getTask(id: "{record.id}") {{ data {{'
        query += f" logs(limit: {limit}) {{ iteration }} }} }} }} }}"

        answer = api.ask(query)

        assert len(answer["data"]["backgroundTasks"]["getTask"]["data"]["logs"]) == size

    @pytest.mark.parametrize(
        "error",
        [
            {"message": "No row.", "code": "NO_ROW", "data": {"row": 3}, "retries": [1, None]},
            {"reason": "no message", "nested": {"a": {"b": "c"}}},
            {"message": "", "code": 5, "stack": "where it was"},
        ],
    )
    def test_an_error_that_was_logged_as_an_object_is_shown_as_it_was_given(
        self, stack: Stack, api: Api, error: Any
    ) -> None:
        record = self.logging(stack, error)

        (line,) = self.lines(api, record)

        assert (line["type"], line["error"]) == ("error", error)

    def test_an_exception_is_shown_without_its_trace(self, stack: Stack, api: Api) -> None:
        record = self.logging(stack, ValueError("No row."))

        (line,) = self.lines(api, record)

        assert line["error"] == {"message": "No row.", "code": "ValueError"}
        assert "ValueError: No row." in stack.lines(record)[0].model_dump_json()

    def test_a_logs_task_has_its_logs(self, stack: Stack, api: Api) -> None:
        record = stack.tasks.trigger("exportUsers")
        for visit in ("a", "b"):
            stack.run(record, visit=visit)
        query = """query($id: ID!) {
            backgroundTasks { getTask(id: $id) {
                data { logs { iteration task { id logs { iteration items { message } } } } }
            } }
        }"""

        answer = api.ask(query, id=record.id)

        logs = answer["data"]["backgroundTasks"]["getTask"]["data"]["logs"]
        assert [log["task"]["id"] for log in logs] == [record.id, record.id]
        assert all([each["iteration"] for each in log["task"]["logs"]] == [1, 2] for log in logs)

    def logging(self, stack: Stack, error: Any) -> TaskRecord:
        """A task that has logged an error, and is done."""

        def body(context: Context) -> Done:
            context.log.error("It failed.", error=error)
            return Done()

        record = stack.trigger(bare(body))
        stack.run(record)
        return record

    def lines(self, api: Api, record: TaskRecord) -> Any:
        """The lines of a task's logs, but for the last, which says that it is done."""
        (log,) = api.data(LIST_LOGS, where={"task": record.id})
        return log["items"][:-1]
