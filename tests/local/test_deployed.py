import json
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from local.access import Access
from local.deployed import Deployed
from local.errors import LocalError
from local.guide import guide

ACCESS = Access("http://127.0.0.1:4566", "eu-central-1", "AKIA", "secret")
OUTPUTS = {
    "apiUrl": "http://127.0.0.1:4566/graphql",
    "eventBusName": "tasks-dev-bus",
    "stateMachineArn": "arn:aws:states:eu-central-1:000000000000:stateMachine:tasks-dev",
}


@pytest.fixture
def deployed() -> Deployed:
    return Deployed(ACCESS, OUTPUTS)


def test_the_written_outputs_lead_back_to_the_same_deployment(
    deployed: Deployed, tmp_path: Path
) -> None:
    deployed.to_file(tmp_path)
    read = Deployed.from_file(tmp_path)
    assert read.access == ACCESS
    assert (read.api_url, read.event_bus_name) == (OUTPUTS["apiUrl"], OUTPUTS["eventBusName"])


def test_the_written_outputs_are_the_stacks_and_the_endpoint(
    deployed: Deployed, tmp_path: Path
) -> None:
    written = json.loads(deployed.to_file(tmp_path).read_text())
    assert written["endpointUrl"] == "http://127.0.0.1:4566"
    assert written["stateMachineArn"] == OUTPUTS["stateMachineArn"]


def test_only_the_owner_may_read_the_key(deployed: Deployed, tmp_path: Path) -> None:
    assert stat.S_IMODE(deployed.to_file(tmp_path).stat().st_mode) == 0o600


def test_without_a_local_aws_the_next_step_is_said(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"No local AWS is up.*python -m local up"):
        Deployed.from_file(tmp_path)


def test_the_guide_shows_a_put_events_line_that_a_shell_and_aws_can_read(
    deployed: Deployed,
) -> None:
    [line] = [
        line.strip() for line in guide(deployed).splitlines() if "aws events put-events" in line
    ]
    words = shlex.split(line)
    assert words[:4] == ["aws", "events", "put-events", "--entries"]
    [entry] = json.loads(words[4])
    assert entry["EventBusName"] == "tasks-dev-bus"
    assert entry["DetailType"] == "WebinyBackgroundTask"
    assert json.loads(entry["Detail"]) == {"webinyTaskDefinitionId": "testingRun"}


def test_the_guide_shows_python_that_compiles(deployed: Deployed) -> None:
    [line] = [line.strip() for line in guide(deployed).splitlines() if " -c " in line]
    code = shlex.split(line)[2]
    compile(code, "guide", "exec")
    assert "put_events" in code


def test_the_guide_shows_how_to_reach_the_account(deployed: Deployed) -> None:
    [line] = [
        line.strip() for line in guide(deployed).splitlines() if line.strip().startswith("export ")
    ]
    variables = dict(word.split("=", 1) for word in shlex.split(line)[1:])
    code = (
        "import boto3; client = boto3.client('events'); print(client.meta.region_name,"
        " client.meta.endpoint_url)"
    )

    # Alone: what a person's own configuration says must not be needed.
    finished = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )

    assert finished.stdout.split() == ["eu-central-1", "http://127.0.0.1:4566"]
