"""Metrics for CloudWatch."""

import json
from typing import Any

import pytest

from handler import Context, Done, Failed, Verdict, task
from handler.aws.metrics import CloudWatchMetrics, NoMetrics
from tests.handler.stack import Stack


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]


def test_a_count_is_a_log_line_in_the_embedded_format(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "BackgroundTasks")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "worker")

    CloudWatchMetrics().count("TasksFailed", definition="importCsv")

    (line,) = metrics(capsys)
    (declared,) = line["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "BackgroundTasks"
    assert [metric["Name"] for metric in declared["Metrics"]] == ["TasksFailed"]
    assert set(declared["Dimensions"][0]) == {"definition", "service"}
    assert (line["TasksFailed"], line["definition"]) == ([1.0], "importCsv")


def test_a_count_that_cannot_be_written_is_logged_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)

    CloudWatchMetrics().count("TasksFailed", definition="importCsv")

    assert metrics(capsys) == []
    assert caplog.messages == ["A metric could not be written."]


def test_no_metrics_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    NoMetrics().count("TasksFailed", definition="importCsv")

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

    assert stack.metrics_counted.take() == [(metric, "ending")]
