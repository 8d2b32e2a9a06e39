"""Corners that were wrong once: each test is the case as it was met."""

import json
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from ariadne import graphql_sync
from pydantic import BaseModel, ConfigDict

import handler.api as api
from handler import (
    Context,
    Continue,
    Done,
    Failed,
    Filter,
    InvalidInput,
    Retry,
    TriggerRequest,
    Verdict,
    task,
)
from handler.contract import MAX_WAIT_SECONDS, Status
from handler.definition.registry import discover
from handler.errors import DefinitionError, StoreUnavailable
from handler.graphql.tasks import Request, make_schema
from handler.record.task_record import SYSTEM
from handler.testing import World, abort, kill, run
from tests.handler.stack import Stack, event_file, refusal


class Lambda:
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


LAMBDA = Lambda()


class Cursor(BaseModel):
    cursor: int = 0
    phase: str = "first"


@task(id="oneRun", max_iterations=1)
def one_run(context: Context) -> Done:
    return Done()


def test_a_crash_in_the_last_allowed_iteration_runs_it_again() -> None:
    result = run(one_run, before={2: kill})

    assert result.record.status is Status.SUCCESS


def test_what_a_loop_left_is_not_written_over_a_later_checkpoint() -> None:
    @task()
    def two_phases(context: Context, input: Cursor) -> Done | Continue:
        if input.phase == "first":
            for _ in context.each(
                ((number + 1, number) for number in range(input.cursor, 3)), input
            ):
                pass
            context.save_input({"phase": "second"})
            return Continue()
        return Done(output={"phase": input.phase, "cursor": input.cursor})

    result = run(two_phases)

    assert (result.iterations, result.record.output) == (2, {"phase": "second", "cursor": 3})


def test_children_that_were_triggered_after_the_abort_are_aborted_too() -> None:
    @task()
    def child(context: Context) -> Done:
        return Done()

    @task()
    def parent(context: Context) -> Verdict:
        context.trigger(child)
        return context.wait_for_children(lambda children: Done())

    result = run(parent, children=[child], before={2: abort})

    assert result.record.status is Status.ABORTED
    assert [one.status for one in result.children] == [Status.ABORTED]


@pytest.mark.parametrize("raised", [ValueError("file \udcff"), SystemExit("file \udcff")])
def test_text_that_is_not_unicode_is_escaped_and_the_task_ends(raised: BaseException) -> None:
    @task()
    def odd_text(context: Context) -> Done:
        context.log.info("name \udcff", name="\udcff")
        raise raised

    result = run(odd_text)

    assert result.record.status is Status.FAILED
    assert result.record.output == {
        "error": {"message": "file \\udcff", "code": type(raised).__name__}
    }


def test_an_exception_that_cannot_be_shown_ends_the_task() -> None:
    class SilentError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even that")

    @task()
    def silent(context: Context) -> Done:
        raise SilentError

    assert run(silent).record.output == {
        "error": {"message": "(SilentError can't be shown)", "code": "SilentError"}
    }


def test_input_that_does_not_validate_is_not_tried_again() -> None:
    @task(retry=Retry(max_attempts=5))
    def strict(context: Context, input: Cursor) -> Done | Continue:
        return Continue({"cursor": "none"})

    result = run(strict)

    assert (result.record.status, result.iterations, result.waits) == (Status.FAILED, 1, ())


def test_a_strict_model_takes_a_date_as_json_has_it() -> None:
    class Report(BaseModel):
        model_config = ConfigDict(strict=True)
        day: date

    @task()
    def report(context: Context, input: Report) -> Done:
        return Done(output={"day": input.day})

    assert run(report, {"day": date(2030, 1, 1)}).record.output == {"day": "2030-01-01"}


def test_any_mapping_is_an_output_and_a_list_is_none() -> None:
    @task()
    def proxied(context: Context) -> Done:
        return Done(output=MappingProxyType({"a": 1}))

    @task()
    def listed(context: Context) -> Done:
        return Done(output=[1, 2])  # type: ignore[arg-type]

    assert run(proxied).record.output == {"a": 1}
    assert "an output is a mapping" in str(run(listed).record.output)


def test_an_abort_gives_its_hook_what_the_iteration_has_saved_meanwhile() -> None:
    seen: list[dict[str, object]] = []

    @task()
    def saving(context: Context, input: Cursor) -> Done:
        context.save_input({"cursor": 7})
        return Done()

    saving.on_abort(lambda record: seen.append(record.input))

    run(saving, after={2: abort})

    assert seen == [{"cursor": 7}]


def test_the_outcome_of_an_aborted_iteration_is_marked_as_void() -> None:
    result = run(one_run, before={2: abort})

    assert "This outcome is void: the task is aborted meanwhile." in result.messages


def test_a_log_line_after_half_a_minute_costs_no_request_more_than_the_outcome() -> None:
    with World.of(slow := _slow()) as world:
        world.start(slow)
        slow_clock.append(world)
        world.finish()

        assert world.result().calls == ("update_item", "transact_write_items")


slow_clock: list[World] = []


def _slow() -> Any:
    @task()
    def slow(context: Context) -> Done:
        context.log.info("Started.")
        slow_clock[-1].clock.advance(40)
        return Done()

    return slow


@pytest.mark.parametrize("delay", [MAX_WAIT_SECONDS + 1, 1e300])
def test_an_event_with_too_long_a_delay_is_refused_and_one_by_hand_is_kept_as_failed(
    stack: Stack, delay: float
) -> None:
    event = event_file("worker_by_hand")
    stack.definitions = (one_run,)

    answer = stack.invoke(
        {
            "payload": (
                event["payload"] | {"delay": delay, "webinyTaskDefinitionId": "oneRun", "input": {}}
            )
        }
    )

    assert answer["error"]["code"] == "MAX_DELAY_ERROR"
    assert stack.get(event["payload"]["webinyTaskId"]).status is Status.FAILED


def test_a_veto_of_any_kind_keeps_an_event_by_hand_as_failed(stack: Stack) -> None:
    @task(id="vetoed")
    def vetoed(context: Context, input: dict[str, object]) -> Done:
        return Done()

    @vetoed.on_before_trigger
    def veto(request: TriggerRequest) -> None:
        raise KeyError("closed")

    stack.definitions = (vetoed,)
    event = event_file("worker_by_hand")

    answer = stack.invoke({"payload": event["payload"] | {"webinyTaskDefinitionId": "vetoed"}})

    assert answer["error"]["code"] == "KeyError"
    assert stack.get(event["payload"]["webinyTaskId"]).status is Status.FAILED


def test_an_abort_holds_although_the_execution_cannot_be_stopped(stack: Stack) -> None:
    record = stack.trigger(one_run, delay=60)
    stack.run(record, delay=60)
    stack.stepfunctions.fail(refusal("AccessDeniedException"))

    assert stack.system.tasks.abort(record.id).status is Status.ABORTED


def test_a_metric_that_cannot_be_written_loses_no_answer(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE")

    assert stack.run(stack.trigger(one_run))["status"] == "done"


def test_a_store_that_goes_away_while_the_log_is_written_is_no_failure_of_the_task(
    stack: Stack,
) -> None:
    @task(id="logging")
    def logging(context: Context) -> Done:
        context.log.info("Started.")
        stack.clock.advance(40)
        stack.dynamodb.fail(refusal("ThrottlingException"))
        stack.remaining_seconds = lambda: 5.01
        return Done()

    record = stack.trigger(logging)

    with pytest.raises(StoreUnavailable):
        stack.run(record)
    stack.dynamodb.recover()
    assert stack.get(record).status is Status.RUNNING


def test_the_limit_of_the_records_definition_holds_whatever_the_event_says(stack: Stack) -> None:
    @task(id="many", max_iterations=3)
    def many(context: Context) -> Verdict:
        return Done() if context.task.iterations == 3 else Continue()

    record = stack.trigger(many)
    stack.definitions = (many, one_run)
    answers = [
        stack.run(record, visit=f"visit-{number}", delay=-1, webinyTaskDefinitionId="oneRun")[
            "status"
        ]
        for number in range(3)
    ]

    assert answers == ["continue", "continue", "done"]


def test_ids_are_looked_up_once_each_and_never_cut_short(stack: Stack) -> None:
    records = [stack.create(id=f"t{number}") for number in range(3)]
    ids = tuple(record.id for record in records)

    page = stack.system.tasks.list(Filter(ids=(*ids, ids[0])))

    assert {record.id for record in page.items} == set(ids)
    with pytest.raises(InvalidInput, match="3 of the ids are tasks; limit is 2"):
        stack.system.tasks.list(Filter(ids=ids), limit=2)


def test_a_cursor_of_another_list_is_refused(stack: Stack) -> None:
    for number in range(3):
        stack.create(id=f"t{number}", status=Status.SUCCESS)
    cursor = stack.system.tasks.list(limit=1).cursor

    with pytest.raises(InvalidInput, match="is not one of ours"):
        stack.system.tasks.list(Filter(statuses=frozenset({Status.SUCCESS})), limit=1, after=cursor)


def test_a_definition_in_a_folder_that_is_no_package_stops_the_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "overlooked" / "deep").mkdir(parents=True)
    (tmp_path / "overlooked" / "__init__.py").touch()
    (tmp_path / "overlooked" / "deep" / "export.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(DefinitionError, match=r"export\.py is in a folder without an __init__\.py"):
        discover("overlooked")


def test_task_without_parentheses_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"write @task\(\), with parentheses"):
        task(lambda context: Failed("never"))  # type: ignore[arg-type]


def test_a_loop_refuses_an_input_that_it_cannot_move_on_before_the_first_item() -> None:
    class Frozen(BaseModel):
        model_config = ConfigDict(frozen=True)
        cursor: int = 0

    handled: list[int] = []

    @task()
    def frozen(context: Context, input: Frozen) -> Done:
        handled.extend(context.each([(1, 1)], input, save_every=timedelta(seconds=1)))
        return Done()

    assert 'give Frozen a field "cursor"' in str(run(frozen).record.output)
    assert handled == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("delay", "5"), ("input", [1]), ("input", "x"), ("name", 5), ("tenant", None), ("locale", 7)],
)
def test_a_malformed_event_by_hand_is_kept_as_failed_with_each_field_named(
    stack: Stack, key: str, value: object
) -> None:
    event = event_file("worker_by_hand")

    answer = stack.invoke({"payload": event["payload"] | {key: value}})

    record = stack.get(event["payload"]["webinyTaskId"])
    assert answer["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
    assert (record.status, record.tenant) == (Status.FAILED, "root")
    assert key in str(record.output)


def test_null_is_no_filter_and_no_limit(stack: Stack) -> None:
    stack.create(id="t1")
    schema = make_schema(())
    query = """query L($limit: Int, $where: WebinyBackgroundTaskListWhereInput) {
        backgroundTasks { listTasks(limit: $limit, where: $where) { data { id } error { message } } } }"""

    _, answer = graphql_sync(
        schema,
        {"query": query, "variables": {"limit": None, "where": {"taskStatus": None, "id": None}}},
        context_value=Request(tasks=stack.tasks, identity=SYSTEM),
    )

    assert answer["data"]["backgroundTasks"]["listTasks"] == {"data": [{"id": "t1"}], "error": None}


def test_an_answer_that_lambda_would_not_return_says_so(stack: Stack) -> None:
    big = stack.create(id="t1", input={"text": "x" * 6_000_000})
    query = f'{{ backgroundTasks {{ getTask(id: "{big.id}") {{ data {{ input }} }} }} }}'

    answer = api.handler({"body": json.dumps({"query": query})}, LAMBDA)

    assert json.loads(str(answer["body"]))["errors"][0]["message"].endswith(
        "Ask for fewer tasks or fields."
    )


def test_a_body_that_is_nested_too_deep_is_no_request() -> None:
    assert api.handler({"body": "[" * 100_000}, LAMBDA)["statusCode"] == 400
