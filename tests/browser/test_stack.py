"""The stack of these tests has what they look at: tasks of all kinds, and many of them."""

import json
import time

import pytest

from tests.browser.seeding import a_task, create, seed, some_tasks
from tests.running import Running

pytestmark = pytest.mark.browser

LIST = """query($status: String) { backgroundTasks { listTasks(
    where: { taskStatus: $status }, limit: 100
) {
    data { id name taskStatus errorCode } meta { totalCount hasMoreItems } error { message }
} } }"""
SIZES = "query($id: ID!) { backgroundTasks { getTask(id: $id) { data { name output } } } }"
ABORT = "mutation($id: ID!) { backgroundTasks { abortTask(id: $id) { error { message } } } }"


class TestSeeds:
    def test_ten_thousand_tasks_are_there_within_half_a_minute(self, stack: Running) -> None:
        begun = time.monotonic()

        count = seed(stack, some_tasks(10_000))

        assert count == 10_000
        assert time.monotonic() - begun < 30
        listed = stack.graphql(LIST)["listTasks"]
        assert listed["error"] is None
        assert len(listed["data"]) == 100
        assert listed["meta"]["hasMoreItems"]
        assert listed["meta"]["totalCount"] >= 1_000
        failed = stack.graphql(LIST, {"status": "failed"})["listTasks"]["data"]
        assert {task["taskStatus"] for task in failed} == {"failed"}
        assert all(task["errorCode"] for task in failed)

    def test_one_task_is_found_by_its_id_with_its_payloads(self, stack: Running) -> None:
        task = a_task(name="<b>One</b>")
        seed(stack, [task])

        record = stack.record(task.id)

        assert (record["name"], record["input"]) == ("<b>One</b>", task.input)

    def test_an_input_may_have_9_mb(self, stack: Running) -> None:
        input = {"rows": [{"number": number, "text": "x" * 80} for number in range(90_000)]}
        assert len(json.dumps(input)) > 9_000_000
        task = a_task(input=input, definition_id="takeAnything")
        create(stack, task)

        # It is more than an answer of the API may have.
        shown = stack.graphql(SIZES, {"id": task.id})["getTask"]["data"]
        assert (shown["name"], shown["output"]) == (task.name, task.output)


class TestDefinitions:
    def test_orders_are_imported_with_a_progress(self, stack: Running) -> None:
        id = stack.trigger("importOrders", {"source": "s3://orders", "count": 12, "seconds": 0})

        stack.run(id)

        record = stack.record(id)
        assert record["output"] == {"imported": 12, "mode": "add", "dry": False}

    def test_a_log_has_2000_lines(self, stack: Running) -> None:
        id = stack.trigger("talkALot", {})

        stack.run(id)

        logs = stack.record(id)["logs"]
        said = [line["message"] for log in logs for line in log["items"]]
        assert len([each for each in said if each.startswith("Line ")]) == 2_000

    def test_an_order_without_an_address_fails_and_is_shipped_with_one(
        self, stack: Running
    ) -> None:
        bad = stack.trigger("shipOrder", {"order": 1})
        good = stack.trigger("shipOrder", {"order": 1, "address": "Baker Street"})

        assert stack.run(bad).error == "NO_ADDRESS"
        assert stack.run(good).status == "SUCCEEDED"

    def test_boxes_are_children(self, stack: Running) -> None:
        id = stack.trigger("packBoxes", {"boxes": 4, "broken": 1})

        stack.until(lambda: stack.record(id)["finishedOn"])

        assert stack.record(id)["output"] == {"packed": 3}

    def test_one_runs_until_it_is_aborted(self, stack: Running) -> None:
        id = stack.trigger("runOn", {})
        stack.until(lambda: stack.record(id)["taskStatus"] == "running")

        assert stack.graphql(ABORT, {"id": id})["abortTask"]["error"] is None

        stack.run(id)
        assert stack.record(id)["taskStatus"] == "aborted"

    def test_one_sleeps(self, stack: Running) -> None:
        id = stack.trigger("waitLong", {})

        stack.until(lambda: stack.record(id)["iterations"] == 1)

        assert stack.record(id)["taskStatus"] == "running"

    def test_anything_is_taken(self, stack: Running) -> None:
        id = stack.trigger("takeAnything", {"echo": "<b>\u202eabc"})

        stack.run(id)

        assert stack.record(id)["output"] == {"keys": 1, "echo": "<b>\u202eabc"}
