"""`handler.tasks`: list, delete, definitions."""

from collections.abc import Callable
from typing import Any

import pytest

from handler import Context, Done, Filter, Tasks, task
from handler.contract import Status
from handler.errors import InvalidInput, NotFound, Refused
from tests.handler.simple_tasks import exporting
from tests.handler.stack import Stack


class TestDelete:
    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_task_that_is_over_is_deleted_with_its_logs(
        self, stack: Stack, status: Status
    ) -> None:
        record = stack.create(status=status)
        stack.create(parent_id=record.id, id="c1")

        stack.tasks.delete(record.id)

        with pytest.raises(NotFound):
            stack.tasks.get(record.id)
        assert {row["pk"]["S"] for row in stack.rows()} == {"TASK#c1"}

    @pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING])
    def test_an_open_task_is_refused_with_what_to_do(self, stack: Stack, status: Status) -> None:
        record = stack.create(status=status)

        with pytest.raises(Refused, match=f"is {status}; .* Abort it first") as refused:
            stack.tasks.delete(record.id)

        assert refused.value.code == "TASK_DELETE_ERROR"
        assert stack.get(record) == record

    def test_a_task_that_does_not_exist_is_not_found(self, stack: Stack) -> None:
        with pytest.raises(NotFound):
            stack.tasks.delete("nothing")

    def test_a_task_that_is_being_deleted_is_gone_for_everybody_else(self, stack: Stack) -> None:
        record = stack.create(status=Status.SUCCESS)

        def delete_first(operation: str, request: dict[str, Any]) -> None:
            if operation == "delete_item":
                stack.dynamodb.recover()
                with pytest.raises(NotFound):
                    stack.tasks.delete(record.id)

        stack.dynamodb.interference = delete_first

        stack.tasks.delete(record.id)

        assert stack.rows() == []


class TestList:
    def test_a_list_of_ids_is_looked_up_once_each_and_has_pages(self, stack: Stack) -> None:
        records = [stack.create(id=f"t{number}") for number in range(3)]
        ids = tuple(record.id for record in records)

        page = stack.system.tasks.list(Filter(ids=(*ids, ids[0])))

        assert {record.id for record in page.items} == set(ids)
        first = stack.system.tasks.list(Filter(ids=ids), limit=2)
        rest = stack.system.tasks.list(Filter(ids=ids), limit=2, after=first.cursor)
        assert {record.id for record in (*first.items, *rest.items)} == set(ids)
        assert (len(first.items), rest.cursor) == (2, None)

    def test_a_cursor_of_another_list_is_refused(self, stack: Stack) -> None:
        for number in range(3):
            stack.create(id=f"t{number}", status=Status.SUCCESS)
        cursor = stack.system.tasks.list(limit=1).cursor

        with pytest.raises(InvalidInput, match="is not valid"):
            stack.system.tasks.list(
                Filter(statuses=frozenset({Status.SUCCESS})), limit=1, after=cursor
            )

    @pytest.mark.parametrize("wanted", ["nap", "", [], {"definition_id": "nap"}])
    def test_what_is_no_filter_is_refused_with_what_one_looks_like(
        self, stack: Stack, wanted: Any
    ) -> None:
        for ask in (stack.tasks.list, stack.tasks.count):
            with pytest.raises(InvalidInput, match="it takes a Filter, such as Filter"):
                ask(wanted)


class TestARecordInThePlaceOfAnId:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda tasks, record: tasks.get(record),
            lambda tasks, record: tasks.abort(record),
            lambda tasks, record: tasks.run_now(record),
            lambda tasks, record: tasks.pause(record),
            lambda tasks, record: tasks.resume(record),
            lambda tasks, record: tasks.retry(record),
            lambda tasks, record: tasks.signal(record, "paid"),
            lambda tasks, record: tasks.heartbeat(record, "paid"),
            lambda tasks, record: tasks.wait(record, 0),
            lambda tasks, record: tasks.result(record),
            lambda tasks, record: tasks.logs(record),
            lambda tasks, record: tasks.delete(record),
        ],
    )
    def test_it_is_refused_with_what_to_hand_over(
        self, stack: Stack, ask: Callable[[Tasks, Any], object]
    ) -> None:
        record = stack.create().to_record()

        with pytest.raises(InvalidInput, match=f'"{record.id}"; it takes an id, such as record.id'):
            ask(stack.tasks, record)


class TestDefinitions:
    def test_private_definitions_are_listed_on_request_and_triggered_by_code(
        self, stack: Stack
    ) -> None:
        @task(private=True)
        def secret(context: Context) -> Done:
            return Done()

        public = exporting()
        stack.definitions = (public, secret)

        assert stack.tasks.definitions() == (public,)
        assert stack.tasks.definitions(private=True) == (public, secret)
        assert stack.tasks.trigger("secret").status is Status.PENDING
