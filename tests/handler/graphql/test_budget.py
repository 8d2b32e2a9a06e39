"""What one answer may have is counted while it is made."""

import tracemalloc
from types import SimpleNamespace
from typing import Any

import pytest

from handler.contract import Status
from handler.errors import Refused
from handler.graphql.budget import Budget
from handler.graphql.types import _payload, shown_task
from handler.record.task_log import LogLine, TaskLog
from tests.handler.graphql.client import LOG_FIELDS, TASK_FIELDS, Api
from tests.handler.stack import Stack

MEGABYTE = "x" * 1_000_000


def listed(api: Api, fields: str, arguments: str = "(limit: 1000)") -> Any:
    return api.ask(f"{{ backgroundTasks {{ listTasks{arguments} {{ data {{ {fields} }} }} }} }}")


class TestPayloads:
    def test_a_payload_that_is_not_asked_for_is_not_read(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack.create(input={"a": 1}, output={"b": 2})
        read: list[object] = []
        monkeypatch.setattr(
            "handler.graphql.budget.Budget.read", lambda _, value: read.append(value)
        )

        listed(api, "id name taskStatus")
        assert read == []

        listed(api, "output")
        assert read == [{"b": 2}]

    def test_a_payload_for_which_no_room_is_left_is_not_read(self) -> None:
        reads: list[int] = []

        class Record:
            @property
            def output(self) -> dict[str, str]:
                reads.append(1)
                return {"text": MEGABYTE * 3}

        info: Any = SimpleNamespace(context=SimpleNamespace(budget=Budget()), field_name="output")
        task = {"record": Record()}

        _payload(task, info)
        for _ in range(3):
            with pytest.raises(Refused, match="ask for fewer tasks"):
                _payload(task, info)

        assert len(reads) == 2

    def test_a_task_is_shown_without_its_payloads(self, stack: Stack) -> None:
        record = stack.create(input={"a": 1}, output={"b": 2})

        assert not shown_task(record).keys() & {"input", "output"}

    def test_payloads_beyond_what_an_answer_has_room_for_are_errors_beside_the_others(
        self, stack: Stack, api: Api
    ) -> None:
        for number in range(9):
            stack.create(id=f"t{number}", input={"text": MEGABYTE})

        answer = listed(api, "id input")

        tasks = answer["data"]["backgroundTasks"]["listTasks"]["data"]
        assert len(tasks) == 9
        assert len([task for task in tasks if task["input"]]) == 5
        errors = answer["errors"]
        assert len(errors) == 4
        for error in errors:
            assert "ask for fewer tasks" in error["message"]
            assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"
            assert error["path"][-1] == "input"

    def test_many_names_of_one_payload_take_no_more_memory_than_an_answer(
        self, stack: Stack, api: Api
    ) -> None:
        stack.create(input={"text": MEGABYTE})
        names = " ".join(f"a{number}: input" for number in range(100))
        listed(api, "id")

        tracemalloc.start()
        listed(api, names)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert peak < 60_000_000


class TestAnswers:
    def test_many_names_of_a_long_text_end_the_answer(self, stack: Stack, api: Api) -> None:
        for number in range(70):
            stack.create(id=f"t{number}", name="n" * 1_000)
        names = " ".join(f"a{number}: name" for number in range(100))

        tracemalloc.start()
        answer = listed(api, names)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert peak < 40_000_000
        assert answer["data"] is None
        (error,) = answer["errors"]
        assert error["message"].startswith("The answer has more than 6,200,000 bytes. Next: ")

    def test_more_fields_than_a_page_was_thought_to_have_end_the_answer(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.graphql.budget.MAX_FIELDS", 500)
        fields = " ".join(f"f{number}: fields {{ name args {{ name }} }}" for number in range(20))

        answer = api.ask(f"{{ __schema {{ types {{ {fields} }} }} }}")

        (error,) = answer["errors"]
        assert error["message"].startswith("The answer has more than 500 fields. Next: ")

    def test_more_than_1000_errors_end_the_answer(self, stack: Stack, api: Api) -> None:
        for number in range(12):
            stack.create(id=f"t{number}", input={"text": "x" * 6_000_000})

        names = " ".join(f"a{number}: input" for number in range(100))
        answer = listed(api, names)

        (error,) = answer["errors"]
        assert error["message"].startswith("The answer has more than 1,000 errors. Next: ")


class TestLogs:
    def logged(self, stack: Stack, count: int, message: str = "A line.") -> None:
        for number in range(count):
            task = stack.create(id=f"t{number}", status=Status.SUCCESS)
            line = LogLine(message="m", created_on=task.created_on, data={"text": message})
            stack.store.logs.append(TaskLog.of(task, [line]))

    def test_the_logs_of_a_page_are_answered_and_of_no_more_tasks(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.graphql.budget._MAX_LOGS", 50)
        self.logged(stack, 51)
        fifty = listed(api, "logs { iteration }", "(limit: 50)")
        stack.dynamodb.requests.clear()

        more = listed(api, "logs { iteration }", "(limit: 51)")

        assert "errors" not in fifty
        (error,) = more["errors"]
        assert "the logs of 50 tasks" in error["message"]
        assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"
        assert len(stack.dynamodb.calls) <= 52

    def test_webinys_own_list_with_the_logs_of_its_tasks_may_have_the_largest_page(
        self, stack: Stack, api: Api
    ) -> None:
        self.logged(stack, 60)
        fields = f"{TASK_FIELDS} logs {{ {LOG_FIELDS} }}"

        for limit in (60, 1_000, 5_000):
            answer = listed(api, fields, f"(limit: {limit})")
            tasks = answer["data"]["backgroundTasks"]["listTasks"]["data"]
            assert "errors" not in answer
            assert len(tasks) == sum(len(task["logs"]) for task in tasks) == 60

    def test_lines_beyond_what_an_answer_has_room_for_are_an_error(
        self, stack: Stack, api: Api
    ) -> None:
        task = stack.create(id="t1")
        for number in range(30):
            line = LogLine(message="m", created_on=task.created_on, data={"text": "x" * 200_000})
            stack.store.logs.append(
                TaskLog.of(task.model_copy(update={"iterations": number}), [line])
            )

        of_task = api.ask(
            '{ backgroundTasks { getTask(id: "t1") { data { logs { items { data } } } } } }'
        )
        of_list = api.ask(
            '{ backgroundTasks { listLogs(where: {task: "t1"}) { data { items { data } }'
            " error { code } } } }"
        )

        assert "inputs, outputs and logs" in of_task["errors"][0]["message"]
        envelope = of_list["data"]["backgroundTasks"]["listLogs"]
        assert envelope == {"data": None, "error": {"code": "REQUEST_TOO_LARGE"}}

    def test_without_room_for_logs_none_is_read(self, stack: Stack, api: Api) -> None:
        task = stack.create(id="t1")
        for number in range(30):
            line = LogLine(message="m", created_on=task.created_on, data={"text": "x" * 200_000})
            stack.store.logs.append(
                TaskLog.of(task.model_copy(update={"iterations": number}), [line])
            )
        names = " ".join(
            f'a{number}: listLogs(where: {{task: "t1"}}) {{ data {{ id }} error {{ code }} }}'
            for number in range(40)
        )
        stack.dynamodb.requests.clear()

        answer = api.ask(f"{{ backgroundTasks {{ {names} }} }}")

        codes = {list["error"]["code"] for list in answer["data"]["backgroundTasks"].values()}
        assert codes == {"REQUEST_TOO_LARGE"}
        assert stack.dynamodb.calls.count("query") <= 8


class TestCounts:
    """The counts of a request read so much together, however many there are."""

    META = "meta { totalCount isTotalCountCapped }"
    PENDING = 'listTasks(where: {taskStatus: "pending"}, limit: 1)'
    LOGS = 'listLogs(where: {task: "t0"}, limit: 1)'

    def counts(self, api: Api, field: str, times: int) -> list[tuple[int, bool]]:
        names = " ".join(f"a{number}: {field} {{ {self.META} }}" for number in range(times))
        lists = api.ask(f"{{ backgroundTasks {{ {names} }} }}")["data"]["backgroundTasks"]
        metas = [list["meta"] for list in lists.values()]
        return [(meta["totalCount"], meta["isTotalCountCapped"]) for meta in metas]

    def logged(self, stack: Stack, iterations: int, characters: int) -> None:
        task = stack.create(id="t0")
        for number in range(iterations):
            line = LogLine(message="m" * characters, created_on=task.created_on)
            log = TaskLog.of(task.model_copy(update={"iterations": number}), [line])
            stack.store.logs.append(log)

    def test_a_count_that_ends_early_says_so_and_those_behind_it_read_nothing(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.graphql.budget._MAX_COUNTED", 500)
        for _ in range(250):
            stack.create()
        stack.dynamodb.requests.clear()
        self.counts(api, self.PENDING, 1)
        of_one = len(stack.dynamodb.calls)
        stack.dynamodb.requests.clear()

        found = self.counts(api, self.PENDING, 10)

        assert found == [(100, True)] + [(1, True)] * 9
        of_a_page = 2
        assert len(stack.dynamodb.calls) == of_one + 9 * of_a_page

    def test_logs_are_counted_up_to_the_same_budget(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.graphql.budget._MAX_COUNTED", 30)
        self.logged(stack, 10, characters=3_900)
        stack.dynamodb.requests.clear()

        found = self.counts(api, self.LOGS, 50)

        assert found == [(6, True)] + [(1, True)] * 49
        assert stack.dynamodb.calls.count("query") == 51

    def test_short_logs_are_as_much_as_an_entry_each(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.graphql.budget._MAX_COUNTED", 25)
        self.logged(stack, 10, characters=1)

        assert self.counts(api, self.LOGS, 4) == [(10, False), (10, False), (5, True), (1, True)]

    @pytest.mark.parametrize("field", [PENDING, LOGS])
    def test_many_names_of_one_count_are_counted_once(
        self, stack: Stack, api: Api, field: str
    ) -> None:
        self.logged(stack, 2, characters=1)
        stack.create()
        names = " ".join(f"a{number}: totalCount" for number in range(100))
        stack.dynamodb.requests.clear()

        api.ask(f"{{ backgroundTasks {{ {field} {{ b: meta {{ {names} }} c: {self.META} }} }} }}")

        assert len(stack.dynamodb.calls) <= 5

    @pytest.mark.parametrize(
        "field", ["listTasks", 'listTasks(where: {id_in: ["t0"]})', 'listLogs(where: {task: "t0"})']
    )
    def test_a_whole_list_is_not_counted_once_more(
        self, stack: Stack, api: Api, field: str
    ) -> None:
        self.logged(stack, 1, characters=1)
        stack.dynamodb.requests.clear()
        api.ask(f"{{ backgroundTasks {{ {field} {{ data {{ id }} }} }} }}")
        without = len(stack.dynamodb.calls)
        stack.dynamodb.requests.clear()

        assert self.counts(api, field, 1) == [(1, False)]
        assert len(stack.dynamodb.calls) == without
