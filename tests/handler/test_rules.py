"""The rules that make background tasks trustworthy, with at least one test each."""

import math
from typing import Any

import pytest

from handler import Context, Continue, Definition, Done, TaskRecord, Verdict, task
from handler.contract import INDEX_KEYS, Status
from handler.errors import DeliveryError
from handler.table import STACK
from tests.handler.stack import BusQueue, RefusingBus, Stack

# As in AWS: the name of a rule's execution is the event's id and a random UUID.
EXECUTION = "7bf73129-1428-4cd3-a780-95db273d1602_1d6f6f29-3b0f-4d3b-a9f8-6f8c9e0d7a51"
INVOCATION = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
KIB = 1024


def visit(number: int) -> str:
    return f"2030-01-01T00:00:{number:02}.000Z"


@task(id="exportUsers", title="Export users", in_place=False)
def export_users(context: Context, input: dict[str, str]) -> Verdict:
    """Logs a few lines, moves its cursor on, and continues."""
    for page in range(3):
        context.log.info(f"Page {page} exported.", rows=100)
    return Continue({"cursor": f"user-{context.task.iterations:04}"})


def requests(stack: Stack) -> list[tuple[str, dict[str, Any]]]:
    requests = list(stack.dynamodb.requests)
    stack.dynamodb.requests.clear()
    return requests


class TestOneClaimOneOwner:
    """Rule 1."""

    def test_a_claim_is_the_first_request_and_the_only_one_before_the_task_runs(
        self, stack: Stack
    ) -> None:
        before: list[str] = []

        @task()
        def watched(context: Context) -> Done:
            before.extend(stack.dynamodb.calls)
            return Done()

        record = stack.trigger(watched)
        stack.dynamodb.requests.clear()
        stack.run(record)

        assert before == ["update_item"]

    def test_a_second_execution_of_a_running_task_changes_nothing(self, stack: Stack) -> None:
        answers: list[Any] = []

        @task()
        def delivered_twice(context: Context) -> Done:
            if not answers:
                during = stack.rows()
                answers.append(stack.run(context.task, execution="execution-2", visit="visit-2"))
                assert stack.rows() == during
            return Done("By the first.")

        record = stack.trigger(delivered_twice)

        answer = stack.run(record)

        assert (answer["status"], answer["message"]) == ("done", "By the first.")
        assert answers[0]["status"] == "done"
        assert "belongs to the execution" in answers[0]["message"]
        assert stack.get(record).iterations == 1

    def test_an_execution_keeps_its_task_between_two_iterations(self, stack: Stack) -> None:
        record = stack.trigger(export_users)
        stack.run(record)
        between = stack.get(record)

        answer = stack.run(record, execution="execution-2", visit="visit-2")

        assert answer["status"] == "done"
        assert stack.get(record) == between

    def test_an_iteration_is_counted_by_the_request_that_claims_it(self, stack: Stack) -> None:
        counted: list[int] = []

        @task(in_place=False)
        def counting(context: Context) -> Verdict:
            counted.append(stack.get(context.task).iterations)
            return Continue()

        record = stack.trigger(counting)
        for number in range(3):
            stack.run(record, visit=visit(number))

        assert counted == [1, 2, 3]


class TestAStatusOnlyMovesForward:
    """Rule 2."""

    @pytest.mark.parametrize("verdict", [Done(), Continue()])
    def test_an_abort_during_an_iteration_stays(self, stack: Stack, verdict: Verdict) -> None:
        @task()
        def overtaken(context: Context) -> Verdict:
            stack.tasks.abort(context.task.id)
            return verdict

        record = stack.trigger(overtaken)

        assert stack.run(record)["status"] == "aborted"
        assert stack.get(record).status is Status.ABORTED

    def test_a_checkpoint_does_not_bring_an_aborted_task_back(self, stack: Stack) -> None:
        @task()
        def saving(context: Context) -> Verdict:
            stack.tasks.abort(context.task.id)
            context.save_output({"a": 1})
            return Done()

        record = stack.trigger(saving)
        stack.run(record)

        after = stack.get(record)
        assert (after.status, after.output) == (Status.ABORTED, None)

    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_task_that_is_over_never_runs_again(self, stack: Stack, status: Status) -> None:
        ran: list[int] = []

        @task()
        def over(context: Context) -> Verdict:
            ran.append(1)
            return Done()

        stack.definitions = (over,)
        record = stack.create(definition_id="over", status=status)

        for execution in ("execution-1", "execution-2"):
            stack.run(record, execution=execution)

        assert ran == []
        assert stack.get(record) == record


class TestTheOutcomeIsStoredBeforeItIsAnswered:
    """Rule 3."""

    def test_record_and_log_are_one_transaction_then_the_hook_runs(self, stack: Stack) -> None:
        seen: list[tuple[list[str], Status, list[str]]] = []

        @task()
        def ending(context: Context) -> Verdict:
            return Done("Exported.")

        @ending.on_done
        def look(record: TaskRecord) -> None:
            calls = list(stack.dynamodb.calls)
            seen.append((calls, stack.get(record).status, stack.messages(record)))

        record = stack.trigger(ending)
        stack.dynamodb.requests.clear()
        stack.run(record)

        assert seen == [(["update_item", "transact_write_items"], Status.SUCCESS, ["Exported."])]

    def test_an_outcome_that_was_not_stored_is_not_answered(self, stack: Stack) -> None:
        hooks: list[TaskRecord] = []

        @task()
        def ending(context: Context) -> Verdict:
            return Done()

        ending.on_done(hooks.append)
        record = stack.trigger(ending)

        def lose_the_commit(operation: str, request: dict[str, Any]) -> None:
            if operation == "transact_write_items":
                raise MemoryError

        stack.dynamodb.interference = lose_the_commit
        with pytest.raises(MemoryError):
            stack.run(record)

        assert hooks == []
        assert stack.get(record).status is Status.RUNNING


class TestTwoRequestsPerIteration:
    """Rule 4, and the numbers to hold."""

    def iterate(self, stack: Stack) -> list[tuple[str, dict[str, Any]]]:
        """The requests of an iteration in the middle of a task, with names as long as in AWS."""
        record = stack.trigger(export_users, input={"cursor": "user-0000"})
        for number in range(3):
            stack.dynamodb.requests.clear()
            stack.clock.advance(60)
            # Once in 30 seconds a process asks what is paused, whatever it runs.
            stack.known_settings.unchanged(STACK, at=stack.clock.now())
            stack.run(
                record,
                execution=EXECUTION,
                visit=visit(number),
                invocation=f"{INVOCATION[:-1]}{number}",
            )
        return requests(stack)

    def test_an_iteration_that_logs_a_few_lines_and_continues_makes_two_requests(
        self, stack: Stack
    ) -> None:
        assert [operation for operation, _ in self.iterate(stack)] == [
            "update_item",
            "transact_write_items",
        ]

    def test_a_task_of_one_iteration_makes_two_requests(self, stack: Stack) -> None:
        @task()
        def short(context: Context) -> Done:
            context.log.info("Working.")
            return Done(output={"a": 1})

        record = stack.trigger(short)
        stack.dynamodb.requests.clear()

        stack.run(record)

        assert len(stack.dynamodb.calls) == 2

    def test_without_logs_the_commit_is_a_single_write(self, stack: Stack) -> None:
        @task(database_logs=False, in_place=False)
        def silent(context: Context) -> Verdict:
            context.log.info("Nobody reads this.")
            return Continue()

        record = stack.trigger(silent)
        stack.dynamodb.requests.clear()
        stack.run(record)

        assert stack.dynamodb.calls == ["update_item", "update_item"]

    def test_an_iteration_takes_at_most_six_write_units(self, stack: Stack) -> None:
        # A write takes a unit per KB of the larger item, before or after it; two in a transaction
        # (DynamoDB guide, "DynamoDB read and write operations").
        (_, claim), (_, commit) = self.iterate(stack)
        record = next(row for row in stack.rows() if row["sk"]["S"] == "TASK")
        (_, log) = commit["TransactItems"]

        units = write_units(record) + 2 * write_units(record) + 2 * write_units(log["Put"]["Item"])

        assert claim["Key"] == {"pk": record["pk"], "sk": record["sk"]}
        assert units <= 6

    def test_an_iteration_writes_to_no_index_but_the_first_that_dates_the_start(
        self, stack: Stack
    ) -> None:
        # An index of keys alone is written to when one of its keys changes (guide, "Using Global
        # Secondary Indexes").
        (_, claim), (_, commit) = self.iterate(stack)
        keys = set(INDEX_KEYS)
        once = "startedOn = if_not_exists(startedOn, :now)"
        assert once in claim["UpdateExpression"]
        claim["UpdateExpression"] = claim["UpdateExpression"].replace(once, "")

        written = claim["UpdateExpression"] + " ".join(
            commit["TransactItems"][0]["Update"]["ExpressionAttributeNames"].values()
        )

        assert {key for key in keys if key in written} == set()
        # A log has the sort key of the indexes, but no partition key: it is in no index.
        assert not keys & set(commit["TransactItems"][1]["Put"]["Item"]) - {"createdOn"}

    def test_nothing_scans_the_table(self, stack: Stack) -> None:
        record = stack.trigger(export_users)
        stack.run(record)
        stack.tasks.list()
        stack.tasks.count()
        stack.tasks.abort(record.id)
        stack.tasks.delete(record.id)

        assert "scan" not in stack.dynamodb.calls

    def test_an_iteration_reads_nothing(self, stack: Stack) -> None:
        operations = {operation for operation, _ in self.iterate(stack)}

        assert not operations & {"get_item", "query", "batch_get_item"}


class TestEveryEventIsAccountedFor:
    """Rule 5."""

    def test_a_task_that_could_not_be_sent_is_failed_with_the_reason_and_not_deleted(
        self, stack: Stack
    ) -> None:
        stack.events.stands_for(RefusingBus())

        with pytest.raises(DeliveryError, match="LimitExceededException: Too many") as refused:
            stack.trigger(export_users)

        record: Any = stack.get(str((refused.value.data or {})["id"]))
        assert record.status is Status.FAILED
        assert "LimitExceededException: Too many." in record.output["error"]["message"]

    def test_the_record_is_written_before_its_event_is_sent(self, stack: Stack) -> None:
        found: list[bool] = []
        stack.events.interference = lambda operation, request: found.append(len(stack.rows()) == 1)

        stack.trigger(export_users)

        assert found == [True]

    def test_a_record_that_could_not_be_written_is_not_sent(
        self, stack: Stack, bus_queue: BusQueue
    ) -> None:
        stack.definitions = (export_users,)

        def lose(operation: str, request: dict[str, Any]) -> None:
            raise MemoryError

        stack.dynamodb.interference = lose
        with pytest.raises(MemoryError):
            stack.tasks.trigger("exportUsers", input={})

        assert bus_queue.take() == []


class TestALogLineIsAppended:
    """Rule 7."""

    def test_no_log_row_is_overwritten(self, stack: Stack) -> None:
        @task(in_place=False)
        def talking(context: Context) -> Verdict:
            for message in ("First.", "Second."):
                context.log.info(message)
                stack.clock.advance(60)
                context.log.info("The line before is old: both are written.")
            return Continue()

        record = stack.trigger(talking)
        rows: set[str] = set()
        for number in range(3):
            stack.run(record, visit=visit(number))
        for operation, request in stack.dynamodb.requests:
            for put in puts(operation, request):
                if put["sk"]["S"].startswith("LOG#"):
                    assert put["sk"]["S"] not in rows
                    rows.add(put["sk"]["S"])

        assert len(rows) == 9
        assert len(stack.messages(record)) == 15

    def test_an_abort_adds_its_line_to_what_was_logged(self, stack: Stack) -> None:
        record = stack.trigger(export_users)
        stack.run(record)
        stack.clock.advance(1)

        stack.tasks.abort(record.id, "Enough.")

        assert stack.messages(record) == [
            "Page 0 exported.",
            "Page 1 exported.",
            "Page 2 exported.",
            "Task continuing.",
            "Enough.",
        ]


def write_units(item: dict[str, Any]) -> int:
    return math.ceil(item_bytes(item) / KIB)


def item_bytes(item: dict[str, Any]) -> int:
    """The size of an item's names and values; a number takes at most 21 bytes.

    DynamoDB guide, "DynamoDB item sizes and formats".
    """
    return sum(len(name) + value_bytes(value) for name, value in item.items())


def value_bytes(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    return 21 if kind == "N" else len(content.encode() if isinstance(content, str) else content)


def puts(operation: str, request: dict[str, Any]) -> list[dict[str, Any]]:
    if operation == "put_item":
        return [request["Item"]]
    return [item["Put"]["Item"] for item in request.get("TransactItems", []) if "Put" in item]


def test_write_units_count_item_bytes_in_kib() -> None:
    assert item_bytes({"pk": {"S": "é"}, "n": {"N": "5"}}) == 2 + 2 + 1 + 21
    assert (write_units({"a": {"S": "x" * 1_023}}), write_units({"a": {"S": "x" * 1_024}})) == (
        1,
        2,
    )
    assert isinstance(export_users, Definition)
