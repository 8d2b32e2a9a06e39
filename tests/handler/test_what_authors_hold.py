"""What authors hold has only what is theirs; the door has all that it takes, returns, raises."""

import inspect
import re
import typing
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

import handler
from handler import (
    Context,
    Continue,
    Definition,
    Done,
    Identity,
    Loop,
    Retry,
    Schedule,
    TaskLogger,
    TaskRecord,
    Tasks,
    Verdict,
    task,
)
from handler.testing import run
from tests.handler.stack import Stack

# Every public member. A new one is a promise to authors: it belongs here and in the guide.
MEMBERS: dict[type, set[str]] = {
    Context: {
        "children",
        "definition",
        "each",
        "is_aborted",
        "is_close_to_timeout",
        "locale",
        "log",
        "remaining_seconds",
        "save_input",
        "save_output",
        "save_progress",
        "task",
        "tenant",
        "trigger",
        "map",
        "wait_for_children",
        "signal_url",
        "wait_for_signal",
    },
    TaskLogger: {"error", "info"},
    Loop: {"done"},
    Tasks: {
        "abort",
        "abort_many",
        "count",
        "definitions",
        "delete",
        "delete_many",
        "drain_queue",
        "get",
        "limits",
        "list",
        "logs",
        "pause",
        "pause_all",
        "pause_definition",
        "pauses",
        "queue",
        "reset_limit",
        "resume",
        "resume_all",
        "resume_definition",
        "run_now",
        "signal",
        "heartbeat",
        "result",
        "retry",
        "retry_many",
        "trigger",
        "set_limit",
        "settings",
        "trigger_many",
        "wait",
        "update_settings",
    },
    Definition: {
        "aliases",
        "concurrency",
        "crash_retries",
        "rate",
        "timeout",
        "expires_after",
        "database_logs",
        "in_place",
        "self_cleanup",
        "description",
        "id",
        "max_iterations",
        "on_abort",
        "on_before_trigger",
        "on_done",
        "on_error",
        "on_max_iterations",
        "private",
        "retry",
        "schedule",
        "schedule_input",
        "tags",
        "title",
        "worker",
    },
    Schedule: {
        "TIME",
        "end",
        "expression",
        "is_rate",
        "next_after",
        "start",
        "time_zone",
        "window",
        "window_minutes",
    },
    TaskRecord: {
        *TaskRecord.model_fields,
        "has_failed",
        "has_succeeded",
        "is_open",
        "is_over",
        "was_aborted",
    },
}


def held() -> dict[type, object]:
    """One of each, as a running task has it."""
    found: dict[type, object] = {}

    class Cursor(BaseModel):
        cursor: int = 0

    @task()
    def holding(context: Context, input: Cursor) -> Verdict:
        loop: Any = context.each([], input)
        for thing in (context, context.log, context.task, context.definition, loop):
            found[type(thing)] = thing
        return Done()

    run(holding)
    return found


@pytest.fixture(scope="module")
def things() -> dict[type, object]:
    return held()


@pytest.mark.parametrize("kind", MEMBERS)
def test_an_object_has_exactly_the_members_that_are_promised(
    kind: type, things: dict[type, object]
) -> None:
    own = set(dir(kind)) | set(vars(things[kind]) if kind in things else ())
    public = {name for name in own if not name.startswith("_")}

    inherited = set(dir(BaseModel)) if issubclass(kind, BaseModel) else set()
    assert public - inherited == MEMBERS[kind]


def test_a_record_says_how_it_stands_by_properties_and_not_by_methods(stack: Stack) -> None:
    records = [
        stack.create(status=status).to_record()
        for status in ("pending", "running", "success", "failed", "aborted")
    ]

    assert [record.id for record in records if record.has_failed] == [records[3].id]
    assert [record.is_open for record in records] == [True, True, False, False, False]
    assert [record.is_over for record in records] == [False, False, True, True, True]
    assert [record.has_succeeded for record in records] == [False, False, True, False, False]
    assert [record.was_aborted for record in records] == [False, False, False, False, True]


def test_the_dates_of_a_record_are_datetimes_with_a_time_zone(stack: Stack) -> None:
    @task(id="dated")
    def dated(context: Context) -> Done:
        return Done()

    record = stack.trigger(dated)
    stack.run(record)

    read = stack.tasks.get(record.id)
    for moment in (read.created_on, read.saved_on, read.started_on, read.finished_on):
        assert isinstance(moment, datetime)
        assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [(90, 90), (89.5, 90), (timedelta(minutes=1.5), 90), (timedelta(0), 0)],
)
def test_a_delay_is_seconds_or_a_timedelta(stack: Stack, delay: Any, seconds: int) -> None:
    @task(id="delayed")
    def delayed(context: Context) -> Done:
        return Done()

    stack.definitions = (delayed,)

    one = stack.tasks.trigger(delayed, delay=delay)
    (many,) = stack.tasks.trigger_many(delayed, [{}], delay=delay)

    assert one.delay == seconds
    assert many.record
    assert many.record.delay == seconds


@pytest.mark.parametrize("wait", [30, 30.0, timedelta(seconds=30)])
def test_every_duration_takes_seconds_or_a_timedelta(wait: Any) -> None:
    seen: list[bool] = []

    @task(retry=Retry(max_attempts=2, backoff=wait, max_backoff=wait, jitter=False))
    def waiting(context: Context) -> Verdict:
        seen.append(context.is_close_to_timeout(wait))
        if context.task.iterations == 1:
            raise ConnectionError("Once.")
        return Continue(wait=wait) if context.task.iterations == 2 else Done()

    result = run(waiting, remaining_seconds=29)

    assert result.waits == (30, 30)
    assert seen == [True, True, True]


def test_the_door_exports_every_type_that_it_takes_or_returns() -> None:
    exported = {id(getattr(handler, name)) for name in handler.__all__}
    missing = {
        f"{owner}: {kind.__name__}"
        for owner, kind in mentioned()
        if id(kind) not in exported and kind.__module__.startswith("handler.")
    }

    assert missing == set()


def test_the_door_exports_every_error_that_a_docstring_of_it_names() -> None:
    texts = [
        inspect.getdoc(member) or ""
        for name in handler.__all__
        for member in public_members(getattr(handler, name))
    ]

    named = {
        error
        for text in texts
        for error in re.findall(r"^ +([A-Z]\w+): ", text.partition("Raises")[2], re.MULTILINE)
    }
    assert {"InvalidInput", "DeliveryError", "StoreUnavailable", "UnknownDefinition"} <= named
    assert named - {*handler.__all__, "TypeError", "ValueError"} == set()


def mentioned() -> Iterator[tuple[str, type]]:
    """The types in the signatures and fields of everything that the door exports."""
    for name in handler.__all__:
        thing = getattr(handler, name)
        members = [thing] if inspect.isfunction(thing) else public_members(thing)
        for member in members:
            for hint in hints_of(member).values():
                yield from ((name, kind) for kind in types_in(hint))


def public_members(kind: Any) -> list[Any]:
    if not inspect.isclass(kind):
        return []
    found = [
        member.fget if isinstance(member, property) else member
        for name, member in vars(kind).items()
        if not name.startswith("_")
    ]
    return [kind, *(member for member in found if inspect.isfunction(member))]


def hints_of(member: Any) -> dict[str, Any]:
    try:
        hints = typing.get_type_hints(member)
    except NameError:  # a name that is there for the type checker alone
        return {}
    fields = getattr(member, "model_fields", None)
    if inspect.isclass(member) and fields is not None:
        return {name: hint for name, hint in hints.items() if name in fields}
    return {name: hint for name, hint in hints.items() if not name.startswith("_")}


def types_in(hint: Any) -> Iterator[type]:
    if inspect.isclass(hint) and not typing.get_args(hint):
        yield hint
    if origin := typing.get_origin(hint):
        if inspect.isclass(origin):
            yield origin
        for argument in typing.get_args(hint):
            for each in argument if isinstance(argument, list) else [argument]:
                yield from types_in(each)


def test_the_walk_over_the_signatures_sees_what_is_there() -> None:
    kinds = {kind for _, kind in mentioned()}

    assert {Identity, TaskRecord, Loop, Definition, Retry, datetime} <= kinds
