"""The Lambdas' entries, each in a process of its own, with a bad file under `definitions/`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Each test starts a process.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
GOOD = """
from handler import Context, Done, task

@task()
def good_task(context: Context) -> Done:
    return Done("fine")
"""
# Runs everything that the three Lambdas do, against moto, and prints what came of it.
PROGRAM = """
import json, sys
from types import SimpleNamespace
from moto import mock_aws

context = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 30_000)

def api(text):
    from handler import api
    answer = api.handler({"body": json.dumps({"query": text})}, context)
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"])

def worker(id, definition, **more):
    from handler import worker
    payload = {
        "webinyTaskId": id, "webinyTaskDefinitionId": definition, "tenant": "root",
        "locale": "en-US", "delay": 0, "endpoint": "manage", "executionName": "execution-1",
        "stateMachineId": "arn", "visit": "visit-1", **more,
    }
    try:
        return worker.handler({"name": "background-task", "payload": payload}, context)
    except Exception as error:
        return {"raised": type(error).__name__, "message": str(error)}

with mock_aws():
    from handler.testing.aws import aws_client, create_table
    create_table(aws_client("dynamodb"), "t")
    aws_client("events").create_event_bus(Name="b")
    aws_client("sqs").create_queue(QueueName="q")
    from handler import recovery, runtime
    from datetime import datetime, UTC
    from handler.record import StoredTask
    store = runtime.system(context).store
    old = StoredTask.new(
        now=datetime(2020, 1, 1, tzinfo=UTC), id="broken1", definition_id="brokenTask",
        name="Of a broken file", input={},
    )
    store.create(old)
    print(json.dumps({"result": {
        "definitions": api("{ backgroundTasks { listDefinitions "
                           "{ data { id } error { code } } } }"),
        "triggered": api('mutation { backgroundTasks { triggerTask(definition: goodTask) '
                         '{ data { id } error { message } } } }'),
        "broken": worker("broken1", "brokenTask"),
        "good": worker("event1", "goodTask", byHand=True, input={}),
        "sweep": recovery.handler({}, context),
        "aborted": api('mutation { backgroundTasks { abortTask(id: "broken1") '
                       '{ data { taskStatus } error { message } } } }'),
        "listed": api("{ backgroundTasks { listTasks { data { id taskStatus } } } }"),
        "swept": recovery.handler({}, context),
    }}), file=sys.__stdout__, flush=True)
"""


def call(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    """What the three entries answer with the `definitions` of a folder, and the lines they log."""
    (folder / "handler").symlink_to(ROOT / "handler")
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TABLE_NAME": "t",
        "EVENT_BUS_NAME": "b",
        "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/q",
        "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:tasks",
        "POWERTOOLS_METRICS_NAMESPACE": "BackgroundTasks",
        "POWERTOOLS_SERVICE_NAME": "worker",
        "AWS_LAMBDA_FUNCTION_NAME": "worker",
    }
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    return lines[-1]["result"], lines[:-1]


def write(folder: Path, **files: str) -> None:
    (folder / "definitions").mkdir()
    for name, text in {"__init__": "", **files}.items():
        (folder / "definitions" / f"{name}.py").write_text(text)


def errors_of(lines: list[Any]) -> list[Any]:
    return [line for line in lines if line.get("action") == "definition_not_imported"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import requests_that_no_bundle_has", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("import sys; sys.exit(2)", "SystemExit: 2"),
        ("import asyncio; raise asyncio.CancelledError", "CancelledError"),
        ("from handler import task\ntask(id='2fa')(lambda context: None)", 'Task ID "2fa"'),
    ],
)
def test_a_file_that_cannot_be_imported_is_logged_and_all_else_runs(
    tmp_path: Path, text: str, reason: str
) -> None:
    write(tmp_path, broken=text, good=GOOD)

    found, lines = call(tmp_path)

    of_api = found["definitions"]["data"]["backgroundTasks"]["listDefinitions"]
    assert of_api == {"data": [{"id": "goodTask"}], "error": None}
    assert found["triggered"]["data"]["backgroundTasks"]["triggerTask"]["error"] is None
    assert found["good"]["status"] == "done"
    assert found["broken"]["raised"] == "DefinitionUnavailable"
    assert "broken.py" in found["broken"]["message"]
    assert set(found["sweep"].values()) == {0}
    assert found["aborted"]["data"]["backgroundTasks"]["abortTask"]["data"] == {
        "taskStatus": "aborted"
    }
    tasks = found["listed"]["data"]["backgroundTasks"]["listTasks"]["data"]
    assert {"id": "broken1", "taskStatus": "aborted"} in tasks
    (error,) = errors_of(lines)
    assert error["level"] == "ERROR"
    assert error["file"].endswith("definitions/broken.py")
    assert reason in error["message"]
    assert sum("DefinitionsNotImported" in line for line in lines) == 1


@pytest.mark.parametrize("init", ["1 / 0", None])
def test_without_any_definition_the_api_and_the_recovery_work(
    tmp_path: Path, init: str | None
) -> None:
    if init is not None:
        write(tmp_path, __init__=init, good=GOOD)

    found, lines = call(tmp_path)

    of_api = found["definitions"]["data"]["backgroundTasks"]["listDefinitions"]
    assert of_api == {"data": [], "error": None}
    assert "errors" in found["triggered"]
    assert found["broken"]["raised"] == found["good"]["raised"] == "DefinitionUnavailable"
    assert found["aborted"]["data"]["backgroundTasks"]["abortTask"]["data"] == {
        "taskStatus": "aborted"
    }
    (error,) = errors_of(lines)
    assert error["file"] == "definitions/__init__.py"


def test_where_every_file_can_be_imported_nothing_is_logged(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD, broken=GOOD.replace("good_task", "broken_task"))

    found, lines = call(tmp_path)

    assert found["broken"]["status"] == "done"
    assert errors_of(lines) == []
