"""What newer code has written beside what this code knows stays as it is, at every write."""

import string
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from handler import Aborted, Context, Continue, Definition, Done, Failed, Retry, Verdict, task
from handler.record import StoredTask
from handler.table import items, reading
from handler.testing import Killed
from handler.testing.aws import aws_client
from tests.handler.recovering import Recovering
from tests.handler.stack import TABLE, BusQueue, Stack

KNOWN = {str(field.alias) for field in StoredTask.model_fields.values()}
LONG = "x" * 20_000
VERDICTS: dict[str, Verdict] = {
    "done": Done("Done.", output={"long": LONG}),
    "failed": Failed("No."),
    "aborted": Aborted(),
}
Row = dict[str, Any]


class Pages(BaseModel):
    page: int = 0
    text: str = ""


class Newer:
    """Newer code: it adds attributes to each row once, and sees whether they stay."""

    def __init__(self, attributes: Row) -> None:
        self.attributes = attributes
        self.lost: list[str] = []
        self.seen: set[tuple[str, str]] = set()
        self.writes: set[str] = set()

    def look(self, operation: str, request: Row) -> None:
        if operation in ("get_item", "query", "batch_get_item"):
            return
        self.writes.add(operation)
        for row in aws_client("dynamodb").scan(TableName=TABLE)["Items"]:
            key = (row["pk"]["S"], row["sk"]["S"])
            if key[0] == "SWEEP":
                continue  # no part of a task
            if key not in self.seen:
                self.seen.add(key)
                aws_client("dynamodb").put_item(TableName=TABLE, Item=row | self.attributes)
            elif not self.attributes.items() <= row.items():
                self.lost.append(f"{operation} of {key}")


def definitions(verdict: Verdict) -> tuple[Definition, Definition]:
    """A task that does all that makes a write, and its child."""

    @task()
    def child(context: Context) -> Done:
        return Done()

    @task(retry=Retry(), crash_retries=2)
    def parent(context: Context, input: Pages) -> Verdict:
        context.log.info("Begun.")
        match context.task.iterations:
            case 1:
                context.trigger(child)
                context.save_input(Pages(page=1, text=LONG))
                context.save_progress(1, total=3)
                return Continue(Pages(page=2), wait=60)
            case 2:
                raise ValueError("not yet")
            case 3:
                context.save_input(Pages(page=3))
                raise Killed
        return verdict

    parent.on_done(lambda record: None)
    parent.on_error(lambda record: None)
    parent.on_abort(lambda record: None)
    return parent, child


def live(recovering: Recovering, verdict: Verdict) -> None:
    """The whole life of a task and its child: trigger, iterations, end, follow-ups, deletion."""
    stack = recovering.stack
    parent, child = definitions(verdict)
    stack.definitions = (parent, child)
    record = stack.tasks.trigger(parent, delay=5)
    stack.run(record, delay=5)
    for number in range(4):
        stack.clock.advance(100)
        with suppress(Killed):
            stack.run(record, delay=-1, visit=f"visit-{number}")
    assert stack.get(record).is_over
    [of_child] = stack.store.index.children(record.id)
    for _ in range(2):
        recovering.wait(5)
        recovering.sweep()
    if stack.get(of_child).is_open:
        stack.tasks.abort(of_child.id)
    recovering.wait(5)
    recovering.sweep()
    assert not stack.get(record).has_follow_ups
    stack.tasks.delete(record.id)
    stack.tasks.delete(of_child.id)


TYPES = st.one_of(
    st.builds(lambda text: {"S": text}, st.text(max_size=20)),
    st.builds(lambda number: {"N": str(number)}, st.integers(-(10**30), 10**30)),
    st.builds(lambda flag: {"BOOL": flag}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda content: {"B": content}, st.binary(min_size=1, max_size=20)),
    st.just({"SS": ["a", "b"]}),
)
VALUES = st.recursive(
    TYPES,
    lambda inner: (
        st.builds(lambda values: {"L": values}, st.lists(inner, max_size=3))
        | st.builds(
            lambda values: {"M": values}, st.dictionaries(st.text("abc", min_size=1), inner)
        )
    ),
    max_leaves=5,
)
NAMES = st.text(string.ascii_letters + string.digits + "_-.#:ü", min_size=1, max_size=30).filter(
    lambda name: name not in KNOWN | {"pk", "sk"}
)


@pytest.mark.property
@pytest.mark.slow
@pytest.mark.parametrize("verdict", VERDICTS)
@settings(suppress_health_check=list(HealthCheck), max_examples=5)
@given(attributes=st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_no_write_of_a_tasks_life_loses_what_it_does_not_know(
    verdict: str, attributes: Row
) -> None:
    newer = Newer(attributes)
    with Stack.inside_moto() as stack:
        recovering = Recovering(stack, BusQueue())
        stack.settings = replace(stack.settings, retention_days=1, code_version="v1")
        stack.dynamodb.afterwards = newer.look

        live(recovering, VERDICTS[verdict])

        assert newer.lost == []
        assert len(newer.seen) >= 5  # two records, a child's row, logs
        assert {"put_item", "update_item", "transact_write_items", "batch_write_item"} <= (
            newer.writes
        )
        left = [row for row in stack.rows() if row["pk"]["S"] != "SWEEP"]
        assert left == []


@pytest.mark.property
@given(attributes=st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_it_does_not_know_changes_nothing_of_what_it_reads(attributes: Row) -> None:
    with Stack.inside_moto() as stack:
        record = stack.create()
        [row] = stack.rows()

        read = reading.stored_task(row | attributes)

        assert read.unreadable == ()
        assert items.task_item(read) == items.task_item(record)
