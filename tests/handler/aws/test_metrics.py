"""Counting what happens."""

import json
from typing import Any

import pytest

from handler import Context, Done, Failed, Verdict, task
from handler.aws.metrics import CloudWatchMeter
from tests.handler.stack import Stack


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]


def test_a_count_is_a_log_line_in_the_embedded_format(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "BackgroundTasks")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "worker")

    CloudWatchMeter().count("TasksFailed", definition="importCsv")

    (line,) = metrics(capsys)
    (declared,) = line["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "BackgroundTasks"
    assert [metric["Name"] for metric in declared["Metrics"]] == ["TasksFailed"]
    assert set(declared["Dimensions"][0]) == {"definition", "service"}
    assert (line["TasksFailed"], line["definition"]) == ([1.0], "importCsv")


@pytest.mark.parametrize(
    ("verdict", "metric"),
    [(Done(), "TasksSuccess"), (Failed("boom"), "TasksFailed")],
    ids=["done", "failed"],
)
def test_the_end_of_a_task_is_counted_once(
    stack: Stack, capsys: pytest.CaptureFixture[str], verdict: Verdict, metric: str
) -> None:
    @task()
    def ending(context: Context) -> Verdict:
        return verdict

    record = stack.trigger(ending)
    stack.run(record)
    stack.run(record)
    stack.run(record, execution="execution-2")

    assert [(line[metric], line["definition"]) for line in metrics(capsys)] == [([1.0], "ending")]
