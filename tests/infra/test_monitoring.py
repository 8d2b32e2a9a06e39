"""What shows the stack and calls for help: alarms, their topic, the dashboard, queries, traces."""

import json
import re
from typing import Any

import pytest

from infra.documents.queries import QUERIES
from infra.names import METRICS_NAMESPACE
from tests.infra.recording import ROOT, Program, run
from tests.infra.test_program import FUNCTION, MACHINE

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"
TOPIC = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
LAYER = "arn:aws:lambda:eu-central-1:615299751070:layer:AWSOpenTelemetryDistroPython:12"


def stack(**config: Any) -> Program:
    return run({"vendorDependencies": False, **config})


def documented_metrics() -> set[str]:
    guide = (ROOT / "docs" / "reliability.md").read_text()
    table = guide.partition("## Metrics")[2].partition("\n\nThere are two dimensions")[0]
    return {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row[:90])}


class TestAlarms:
    def test_a_recovery_that_fails_or_does_not_run_sets_off_an_alarm(
        self, program: Program
    ) -> None:
        failing, silent = (
            program.one(ALARM, "monitoring-recovery-failing"),
            program.one(ALARM, "monitoring-recovery-silent"),
        )

        for alarm in (failing, silent):
            assert alarm["namespace"] == "AWS/Lambda"
            assert alarm["dimensions"] == {"FunctionName": "background-tasks-dev-recovery"}
            assert (alarm["statistic"], alarm["period"]) == ("Sum", 300)
        assert (failing["metricName"], failing["datapointsToAlarm"]) == ("Errors", 2)
        assert (failing["comparisonOperator"], failing["threshold"]) == ("GreaterThanThreshold", 0)
        assert failing["treatMissingData"] == "notBreaching"
        assert (silent["metricName"], silent["evaluationPeriods"]) == ("Invocations", 3)
        assert (silent["comparisonOperator"], silent["threshold"]) == ("LessThanThreshold", 1)
        # Nothing is measured of a function that nothing invokes.
        assert silent["treatMissingData"] == "breaching"

    @pytest.mark.parametrize("queue", ["undelivered", "recovery-failures"])
    def test_a_queue_that_is_not_emptied_sets_off_an_alarm(
        self, program: Program, queue: str
    ) -> None:
        alarm = program.one(ALARM, f"monitoring-{queue}-waiting")
        total, *metrics = alarm["metricQueries"]

        assert alarm["name"] == f"background-tasks-dev-{queue}-waiting"
        assert (total["expression"], total["returnData"]) == ("visible + hidden", True)
        assert {each["id"]: each["metric"]["metricName"] for each in metrics} == {
            "visible": "ApproximateNumberOfMessagesVisible",
            "hidden": "ApproximateNumberOfMessagesNotVisible",
        }
        assert all(
            each["metric"]["dimensions"] == {"QueueName": f"background-tasks-dev-{queue}"}
            for each in metrics
        )
        # Half an hour: six sweeps.
        assert alarm["evaluationPeriods"] * metrics[0]["metric"]["period"] == 30 * 60

    def test_alarms_are_only_shown_if_the_stack_names_no_topic(self, program: Program) -> None:
        alarms = program.all(ALARM)

        assert len(alarms) == 9
        assert all("alarmActions" not in alarm and "okActions" not in alarm for alarm in alarms)

    def test_every_alarm_tells_the_topic_of_the_config_when_it_begins_and_ends(self) -> None:
        topic = "arn:aws:sns:eu-central-1:123456789012:alarms"
        alarms = run({"alarmTopicArn": topic, "vendorDependencies": False}).all(ALARM)

        assert [(alarm["alarmActions"], alarm["okActions"]) for alarm in alarms] == [
            ([topic], [topic])
        ] * 9

    def test_most_of_the_tasks_that_end_failing_sets_off_an_alarm_if_they_are_a_few(
        self, program: Program
    ) -> None:
        alarm = program.one(ALARM, "monitoring-tasks-failing")
        rate, *metrics = alarm["metricQueries"]

        assert rate["expression"] == (
            "IF(failed + succeeded >= 5, 100 * failed / (failed + succeeded), 0)"
        )
        assert {each["metric"]["metricName"] for each in metrics} == {"TasksFailed", "TasksSuccess"}
        assert all(
            each["metric"]["dimensions"] == {"service": "background-tasks-dev"} for each in metrics
        )
        assert alarm["threshold"] == 50

    def test_an_iteration_near_the_end_of_its_lambda_sets_off_an_alarm(
        self, program: Program
    ) -> None:
        alarm = program.one(ALARM, "monitoring-iteration-too-long")

        assert (alarm["metricName"], alarm["statistic"]) == ("Duration", "Maximum")
        assert alarm["threshold"] == 0.9 * 900 * 1000
        assert alarm["dimensions"] == {"FunctionName": "background-tasks-dev-worker"}

    def test_what_is_throttled_sets_off_an_alarm(self, program: Program) -> None:
        _, workers, executions = program.one(ALARM, "monitoring-throttled")["metricQueries"]

        assert workers["metric"]["metricName"] == "Throttles"
        assert executions["metric"]["dimensions"]["StateMachineArn"].endswith("-state-machine")

    def test_a_stack_without_metrics_has_no_alarms_of_them(self) -> None:
        without = stack(metrics=False)

        assert len(without.all(ALARM)) == 6
        variables = [each["environment"]["variables"] for each in without.all(FUNCTION)]
        assert {each["POWERTOOLS_METRICS_NAMESPACE"] for each in variables} == {""}

    def test_a_stack_may_have_no_alarms(self) -> None:
        assert stack(alarms=False).all(ALARM) == []


class TestTopic:
    def test_an_address_without_a_topic_gets_one_that_alarms_of_the_account_alone_may_use(
        self,
    ) -> None:
        told = stack(alarmEmail="on-call@example.com")

        topic = told.one(TOPIC)
        subscription = told.one(SUBSCRIPTION)
        allowed, denied = json.loads(told.one("aws:sns/topicPolicy:TopicPolicy")["policy"])[
            "Statement"
        ]
        assert topic["name"] == "background-tasks-dev-alarms"
        assert (subscription["protocol"], subscription["endpoint"]) == (
            "email",
            "on-call@example.com",
        )
        assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert allowed["Condition"] == {
            "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"},
            "StringEquals": {"aws:SourceAccount": "123456789012"},
        }
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert {alarm["alarmActions"][0] for alarm in told.all(ALARM)} == {subscription["topic"]}

    def test_an_address_beside_a_topic_subscribes_to_that(self) -> None:
        topic = "arn:aws:sns:eu-central-1:123456789012:alarms"

        told = stack(alarmEmail="on-call@example.com", alarmTopicArn=topic)

        assert told.all(TOPIC) == []
        assert told.one(SUBSCRIPTION)["topic"] == topic


@pytest.fixture(scope="module")
def body() -> dict[str, Any]:
    shown = stack(dashboard=True, workerMemoryMb=2048)
    body: dict[str, Any] = json.loads(shown.one(DASHBOARD)["dashboardBody"])
    return body


class TestDashboard:
    def test_its_url_is_an_output(self) -> None:
        shown = stack(dashboard=True)

        assert shown.one(DASHBOARD)["dashboardName"] == "background-tasks-dev"
        assert shown.outputs["dashboardUrl"] == (
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1"
            "#dashboards/dashboard/background-tasks-dev"
        )

    def test_it_is_there_if_it_is_asked_for(self, program: Program) -> None:
        assert program.all(DASHBOARD) == []

    def test_no_widget_covers_another_or_leaves_the_page(self, body: dict[str, Any]) -> None:
        cells = [
            (x, y)
            for each in body["widgets"]
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        ]

        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24

    def test_every_id_of_a_graph_is_one(self, body: dict[str, Any]) -> None:
        for widget in body["widgets"]:
            series = widget["properties"].get("metrics", [])
            ids = [each[-1]["id"] for each in series if "id" in each[-1]]

            assert len(ids) == len(set(ids))
            assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]*", id) for id in ids)

    def test_it_shows_the_stacks_own_resources(self, body: dict[str, Any]) -> None:
        text = json.dumps(body)

        for name in ("worker", "api", "recovery", "tasks", "undelivered", "recovery-failures"):
            assert f"background-tasks-dev-{name}" in text

    def test_what_the_worker_costs_follows_its_memory(self, body: dict[str, Any]) -> None:
        costs = [each for each in body["widgets"] if "costs" in each["properties"]["title"]]
        lines = [line[0] for line in costs[0]["properties"]["metrics"] if isinstance(line[0], dict)]

        assert {line["label"]: line["expression"] for line in lines}["worker"] == (
            "busy / 1000 * 2.0 * 0.0000133334"
        )


def test_every_metric_of_ours_that_is_shown_or_watched_is_one_that_the_lambdas_write(
    program: Program,
) -> None:
    shown = json.dumps(stack(dashboard=True).one(DASHBOARD))

    ours = set(re.findall(rf'{METRICS_NAMESPACE}\\?", \\?"(\w+)', shown))
    ours |= set(re.findall(r'MetricName=\\+"(\w+)', shown))
    ours |= {
        query["metricName"]
        for alarm in program.all(ALARM)
        for query in [alarm, *(each.get("metric", {}) for each in alarm.get("metricQueries", []))]
        if query.get("namespace") == METRICS_NAMESPACE
    }
    assert len(ours) >= 9
    assert ours <= documented_metrics()


def test_queries_over_the_logs_of_all_functions_are_saved(program: Program) -> None:
    saved = program.all(QUERY)

    assert {each["name"] for each in saved} == {
        f"background-tasks-dev/{title}" for title in QUERIES
    }
    assert all(
        each["logGroupNames"]
        == [f"/aws/lambda/background-tasks-dev-{name}" for name in ("worker", "api", "recovery")]
        for each in saved
    )


class TestTracing:
    def test_nothing_is_traced_by_default(self, program: Program) -> None:
        assert all("tracingConfig" not in each for each in program.all(FUNCTION))
        assert program.one(MACHINE)["tracingConfiguration"] == {"enabled": False}
        assert not [each for each in program.policy("worker") if "xray" in str(each)]

    @pytest.mark.parametrize(
        "config", [{"tracing": "xray"}, {"tracing": "otel", "otelLayerArn": LAYER}]
    )
    def test_functions_and_state_machine_write_traces(self, config: dict[str, Any]) -> None:
        traced = stack(**config)

        assert all(each["tracingConfig"] == {"mode": "Active"} for each in traced.all(FUNCTION))
        assert traced.one(MACHINE)["tracingConfiguration"] == {"enabled": True}
        for role in ("worker", "api", "recovery", "state-machine"):
            assert "xray:PutTraceSegments" in str(traced.policy(role))

    def test_open_telemetry_comes_with_its_layer_before_the_others(self) -> None:
        other = "arn:aws:lambda:eu-central-1:123456789012:layer:ours:1"

        traced = stack(tracing="otel", otelLayerArn=LAYER, layers=[other])

        for function in traced.all(FUNCTION):
            assert function["layers"] == [LAYER, other]
            assert function["environment"]["variables"]["AWS_LAMBDA_EXEC_WRAPPER"] == (
                "/opt/otel-instrument"
            )
