"""The example of a task that waits for a job outside of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.moto_api import state_manager

from docs.examples import export_athena as example
from docs.examples.export_athena import athena, export_athena
from handler.testing import Result, World, abort, run
from tests.docs.dying import Actions, survives_a_kill_at_every_call

QUERY = {"report": "revenue"}


@pytest.fixture(autouse=True)
def a_query_that_takes_several_polls() -> Iterator[None]:
    state_manager.set_transition("athena::execution", {"progression": "manual", "times": 2})
    yield
    state_manager.unset_transition("athena::execution")


@pytest.fixture
def tokens() -> Iterator[list[str]]:
    """The tokens of the started queries."""
    seen: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        seen.append(params["ClientRequestToken"])

    events = athena().meta.events
    events.register("provide-client-params.athena.StartQueryExecution", note)
    yield seen
    events.unregister("provide-client-params.athena.StartQueryExecution", note)


def states() -> list[str]:
    """The states of all queries in the account."""
    return [
        athena().get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]["State"]
        for id in athena().list_query_executions()["QueryExecutionIds"]
    ]


@pytest.mark.usefixtures("moto")
def test_its_output_is_the_location_of_the_result() -> None:
    result = run(export_athena, QUERY)

    assert result.record.status == "success"
    assert result.record.output == {
        "location": f"s3://shop/results/{result.record.input['query_id']}.csv"
    }


@pytest.mark.usefixtures("moto")
def test_it_waits_5_5_10_and_20_seconds() -> None:
    assert run(export_athena, QUERY).waits == (5, 5, 10, 20)


@pytest.mark.usefixtures("moto")
def test_polling_the_query_does_not_count_toward_max_iterations() -> None:
    with World.of(export_athena) as world:
        id = world.start(export_athena, QUERY).id
        world.finish()
        stored = world.store.get(id)

    assert (stored.iterations, stored.counted_iterations) == (5, 2)


@pytest.mark.usefixtures("moto")
def test_a_stopped_query_fails_the_task() -> None:
    def stop(_: object) -> None:
        for id in athena().list_query_executions()["QueryExecutionIds"]:
            athena().stop_query_execution(QueryExecutionId=id)

    result = run(export_athena, QUERY, after={4: stop})

    assert result.record.status == "failed"
    assert result.answers[-1]["error"] == {
        "message": "The query is CANCELLED.",
        "code": "QUERY_FAILED",
    }


@pytest.mark.slow
def test_a_worker_killed_at_any_call_starts_one_query(tokens: list[str]) -> None:
    state_manager.set_transition("athena::execution", {"progression": "manual", "times": 1})

    def from_nothing(before: Actions, after: Actions) -> tuple[Result, object]:
        tokens.clear()
        with mock_aws():
            result = run(export_athena, QUERY, before=before, after=after)
            # Athena starts one query per token (API reference, StartQueryExecution); moto starts
            # one per request.
            assert set(tokens) == {f"background-task-{result.record.id}"}
            return result, (result.record.output or {}).keys()

    survives_a_kill_at_every_call(from_nothing)


@pytest.mark.parametrize("call", range(1, 9))
@pytest.mark.usefixtures("moto")
def test_an_abort_before_any_call_leaves_no_query_running(call: int) -> None:
    result = run(export_athena, QUERY, before={call: abort})

    assert result.record.status == "aborted"
    assert set(states()) <= {"CANCELLED"}


@pytest.mark.usefixtures("moto")
def test_a_query_of_whoever_triggers_it_is_refused() -> None:
    with pytest.raises(ValueError, match="report"):
        example.ExportAthenaInput.model_validate({"report": "SELECT * FROM salaries"})
