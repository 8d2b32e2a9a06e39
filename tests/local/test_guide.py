"""The lines that `python -m local up` prints for copying."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from local.access import Access
from local.deployed import Deployed
from local.guide import guide, next_steps

ACCESS = Access("http://127.0.0.1:4566", "eu-central-1", "AKIA", "secret")
DEPLOYED = Deployed(
    ACCESS,
    {
        "apiUrl": "http://127.0.0.1:4566/graphql",
        "eventBusName": "tasks-dev-bus",
        "stateMachineArn": "arn:aws:states:eu-central-1:000000000000:stateMachine:tasks-dev",
    },
)


def line_with(text: str) -> str:
    [line] = [line.strip() for line in guide(DEPLOYED).splitlines() if text in line]
    return line


def test_the_put_events_line_is_valid_for_the_shell_and_for_aws() -> None:
    words = shlex.split(line_with("aws events put-events"))

    assert words[:4] == ["aws", "events", "put-events", "--entries"]
    [entry] = json.loads(words[4])
    assert entry["EventBusName"] == "tasks-dev-bus"
    assert entry["DetailType"] == "WebinyBackgroundTask"
    assert json.loads(entry["Detail"]) == {"webinyTaskDefinitionId": "testingRun"}


def test_the_command_line_is_named_by_its_link_or_as_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.chdir(tmp_path)

    assert line_with("-m cli list") == "bin/python -m cli list"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "background-tasks").touch()
    assert line_with("background-tasks list") == "bin/background-tasks list"


def test_schedules_have_a_section_if_there_are_any() -> None:
    line = "nightly  cron(0 3 * * ? *)  next 2027-01-02 03:00 Europe/Berlin"

    assert f"Triggered by the clock:\n  {line}\n" in guide(DEPLOYED, [line])
    assert "Triggered by the clock" not in guide(DEPLOYED)


def test_the_python_line_compiles() -> None:
    code = shlex.split(line_with(" -c "))[2]

    compile(code, "guide", "exec")
    assert "put_events" in code


def test_the_export_line_points_boto3_at_the_local_aws() -> None:
    words = shlex.split(line_with("export "))
    variables = dict(word.split("=", 1) for word in words[1:])
    code = (
        "import boto3; client = boto3.client('events'); print(client.meta.region_name,"
        " client.meta.endpoint_url)"
    )

    # These variables only: a person's own AWS configuration must not be needed.
    finished = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )

    assert finished.stdout.split() == ["eu-central-1", "http://127.0.0.1:4566"]


def test_the_next_steps_are_aligned() -> None:
    _, *steps = next_steps().splitlines()

    starts = {step.index(text) for step, text in zip(steps, ("keep", "add", "write"), strict=True)}
    assert len(starts) == 1
