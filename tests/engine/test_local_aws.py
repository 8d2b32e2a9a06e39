"""The program, deployed into the local AWS by the real engine: tasks run there."""

from collections.abc import Iterator

import pytest

from handler.contract import WireKey
from local.access import Access
from local.deployed import Deployed
from local.emulator import Options, running_emulator
from local.sample import KEY_FIELD, Sample
from tests.engine.setups import SMALL, stack
from tests.engine.stack import Engine, Stack
from tests.running import Running

REGION = "eu-central-1"
# The provider's names of the services that the program uses.
SERVICES = (
    *("apigatewayv2", "cloudwatch", "cloudwatchevents", "cloudwatchlogs", "dynamodb", "iam"),
    *("lambda", "s3", "scheduler", "sfn", "sns", "sqs", "sts"),
)
GREETING = """
from handler import Context, Done, task

@task({arguments})
def greeting(context: Context) -> Done:
    return Done("{text}")
"""
BROKEN = """
from handler import Context, Failed, task

@task(id="testingRun")
def testing_run(context: Context, input: dict[str, object]) -> Failed:
    return Failed("It is broken.")
"""
# How an account is asked for what is in it: service, operation, and where the answer has it.
LISTS: tuple[tuple[str, str, str], ...] = (
    ("apigatewayv2", "get_apis", "Items"),
    ("cloudwatch", "describe_alarms", "MetricAlarms"),
    ("cloudwatch", "list_dashboards", "DashboardEntries"),
    ("dynamodb", "list_tables", "TableNames"),
    ("events", "list_event_buses", "EventBuses"),
    ("events", "list_rules", "Rules"),
    ("iam", "list_roles", "Roles"),
    ("lambda", "list_functions", "Functions"),
    ("logs", "describe_log_groups", "logGroups"),
    ("s3", "list_buckets", "Buckets"),
    ("scheduler", "list_schedule_groups", "ScheduleGroups"),
    ("scheduler", "list_schedules", "Schedules"),
    ("sns", "list_topics", "Topics"),
    ("sqs", "list_queues", "QueueUrls"),
    ("stepfunctions", "list_state_machines", "stateMachines"),
)


@pytest.fixture
def access() -> Iterator[Access]:
    """A local AWS with nothing in it."""
    with running_emulator(Options(region=REGION, wait_scale=0.01)) as emulator:
        yield emulator.access


def _pointed_at(access: Access, stack: Stack) -> Stack:
    """The stack with the keys by which a person points the real provider at an endpoint."""
    stack.set("aws:region", REGION).set("aws:accessKey", access.access_key_id)
    stack.set("aws:secretKey", access.secret_access_key, "--secret")
    stack.write(
        {
            "aws:endpoints": [dict.fromkeys(SERVICES, access.endpoint_url)],
            "aws:s3UsePathStyle": True,
            "aws:skipCredentialsValidation": True,
            "aws:skipRequestingAccountId": True,
        }
    )
    return stack


def _content(access: Access) -> dict[str, int]:
    """How much of each kind is in the account."""
    return {
        operation: len(getattr(access.client(service), operation)().get(answer, []))
        for service, operation, answer in LISTS
    }


def _message(running: Running, task_id: str) -> str:
    """What a task has said as it was done."""
    assert running.run(task_id).status == "SUCCEEDED"
    [*_, line] = [each for log in running.record(task_id)["logs"] for each in log["items"]]
    return str(line["message"])


def _write_greeting(stack: Stack, text: str, arguments: str = "") -> None:
    definition = GREETING.format(text=text, arguments=arguments)
    (stack.folder / "definitions" / "greeting.py").write_text(definition)


def test_tasks_run_and_changes_take_effect_and_a_destroy_leaves_nothing(
    engine: Engine, access: Access
) -> None:
    empty = _content(access)
    sample = Sample(access, bucket="files", table="airports")
    new = _pointed_at(access, stack(engine, "dev", SMALL))
    new.write({f"background-tasks:{key}": value for key, value in sample.config().items()})
    _write_greeting(new, "Good morning.")

    # Up, and again.
    new.up().must()
    assert new.up("--expect-no-changes").must().changes == {}
    assert new.refresh("--expect-no-changes").must().changes == {}

    # Tasks by event and by the API.
    running = Running(Deployed(access, new.outputs()))
    sample.create()
    places = {"bucket": sample.bucket, "key": sample.key, "table": sample.table}
    import_it = {**places, "key_field": KEY_FIELD}
    by_api = running.trigger("importCsv", import_it)
    assert running.run(by_api).status == "SUCCEEDED"
    assert sample.rows_in_table() == sample.rows_in_file()
    for task_id in (
        running.send({WireKey.DEFINITION_ID: "importCsv", "input": import_it}),
        running.send({WireKey.DEFINITION_ID: "testingRun"}),
        running.trigger("testingRun", {}),
    ):
        assert running.run(task_id).status == "SUCCEEDED"
    assert "Good morning." in _message(running, running.send({WireKey.DEFINITION_ID: "greeting"}))

    # Another definition, another memory, a schedule.
    _write_greeting(new, "Good evening.", 'schedule="cron(0 18 * * ? *)"')
    new.set("workerMemoryMb", 3008).up().must()

    lambdas = access.client("lambda")
    worker = new.outputs()["workerFunctionName"]
    assert lambdas.get_function_configuration(FunctionName=worker)["MemorySize"] == 3008
    assert "Good evening." in _message(running, running.send({WireKey.DEFINITION_ID: "greeting"}))
    [schedule] = access.client("scheduler").list_schedules()["Schedules"]
    assert schedule["Name"] == "greeting"

    # Nothing stays but what was there before.
    new.destroy().must()

    access.client("s3").delete_object(Bucket=sample.bucket, Key=sample.key)
    access.client("s3").delete_bucket(Bucket=sample.bucket)
    access.client("dynamodb").delete_table(TableName=sample.table)
    assert _content(access) == empty
    assert new.export() == []


def test_a_smoke_test_runs_after_each_up_and_in_no_preview(engine: Engine, access: Access) -> None:
    new = _pointed_at(access, stack(engine, "dev", {**SMALL, "smokeTest": True}))

    previewed = new.preview().must()
    brought_up = new.up().must()
    again = new.up("--expect-no-changes").must()
    previewed_again = new.preview("--expect-no-changes").must()

    passed = 'The smoke test has passed: the task testingRun "'
    assert [passed in ran.output for ran in (previewed, previewed_again)] == [False, False]
    assert [passed in ran.output for ran in (brought_up, again)] == [True, True]

    # What deploys need not work.
    (new.folder / "definitions" / "testing_run.py").write_text(BROKEN)
    failed = new.up().must_fail()

    assert "the smoke test failed" in failed.output
    assert "It is broken." in failed.output
    assert "Traceback" not in failed.output
    assert new.preview("--expect-no-changes").must().changes == {}  # it is deployed all the same
    new.destroy().must()
