"""Metrics for CloudWatch."""

import json
from typing import Any

import pytest

from handler import Context, Done, Failed, Verdict, task
from handler.aws.metrics import CloudWatchMetrics, NoMetrics
from tests.handler.stack import Stack


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]


@pytest.fixture(autouse=True)
def namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "BackgroundTasks")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "tasks-dev-worker")


def test_a_count_is_a_log_line_in_the_embedded_format_for_the_stack_and_for_the_definition(
    capsys: pytest.CaptureFixture[str],
) -> None:
    CloudWatchMetrics("tasks-dev").count(
        {"TasksFailed": 1, "RunSeconds": 2.5}, definition="importCsv"
    )

    (line,) = metrics(capsys)
    (declared,) = line["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "BackgroundTasks"
    assert declared["Metrics"] == [
        {"Name": "TasksFailed", "Unit": "Count"},
        {"Name": "RunSeconds", "Unit": "Seconds"},
    ]
    assert list(map(set, declared["Dimensions"])) == [{"service", "Definition"}, {"service"}]
    assert (line["service"], line["Definition"]) == ("tasks-dev", "importCsv")
    assert (line["TasksFailed"], line["RunSeconds"]) == ([1.0], [2.5])


def test_a_measure_is_of_the_stack_or_of_a_definition_and_not_of_both(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = CloudWatchMetrics("tasks-dev")

    written.measure({"OpenTasks": 3})
    written.measure({"OpenTasks": 2}, definition="importCsv")

    found = [line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] for line in metrics(capsys)]
    assert [list(map(set, sets)) for sets in found] == [[{"service"}], [{"service", "Definition"}]]


def test_without_the_stacks_name_the_lambdas_stands_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    CloudWatchMetrics().count({"TasksFailed": 1})

    (line,) = metrics(capsys)
    assert line["service"] == "tasks-dev-worker"


def test_a_count_that_cannot_be_written_is_logged_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)

    CloudWatchMetrics().count({"TasksFailed": 1}, definition="importCsv")

    assert metrics(capsys) == []
    assert caplog.messages == ["A metric could not be written."]


def test_no_metrics_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    NoMetrics().count({"TasksFailed": 1}, definition="importCsv")
    NoMetrics().measure({"OpenTasks": 1})

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("verdict", "metric"),
    [(Done(), "TasksSuccess"), (Failed("boom"), "TasksFailed")],
    ids=["done", "failed"],
)
def test_the_end_of_a_task_is_counted_once_however_often_its_event_arrives(
    stack: Stack, verdict: Verdict, metric: str
) -> None:
    @task()
    def ending(context: Context) -> Verdict:
        return verdict

    triggered = stack.trigger(ending)
    stack.run(triggered)
    stack.run(triggered)
    stack.run(triggered, execution="execution-2")

    assert stack.metrics_counted.take() == [("TasksStarted", "ending"), (metric, "ending")]
