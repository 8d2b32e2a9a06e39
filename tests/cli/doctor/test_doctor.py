"""What the doctor finds, each with the next step."""

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from cli.doctor import access, examination
from cli.doctor.findings import Finding
from cli.doctor.idle_tasks import PATIENCE
from cli.doctor.patient import Patient
from cli.target import Target
from handler import Concurrency, Context, Done, task
from handler.table.keys import task_key
from infra.archive.wheels import MACHINES
from tests.cli.command_line import CommandLine
from tests.cli.doctor.patients import (
    OUTPUTS,
    Absent,
    archive,
    changed,
    compiled,
    patient_of,
    refused,
)
from tests.handler.client.conftest import UNAVAILABLE

ROOT = Path(__file__).parents[3]
New = Callable[..., Patient]


@task(id="export", concurrency=Concurrency(2, key="customer"))
def export(context: Context, input: dict[str, Any]) -> Done:
    return Done()


@pytest.fixture
def patient(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    monkeypatch.setattr("cli.doctor.schedule_drift.discover_importable", lambda _: _Definitions())
    return patient_of(cli, tmp_path)


class _Definitions(list[Any]):
    problems = ()


def found(patient: Patient, name: str) -> Finding:
    """What is said of one thing."""
    [finding] = [each for each in examination.examined(patient) if each.check == name]
    return finding


def test_a_healthy_stack_has_no_failure(patient: Patient) -> None:
    findings = list(examination.examined(patient))

    assert {
        each.check: each.state for each in findings if each.state not in ("ok", "not here")
    } in (
        {},
        {"Python here": "warning"},  # a machine without Python 3.13
    )
    assert all(each.value for each in findings)


def test_the_outputs_are_those_of_the_program() -> None:
    exported = re.findall(r'pulumi\.export\("(\w+)"', (ROOT / "__main__.py").read_text())

    assert set(exported) == {*access.OUTPUTS, *access.OPTIONAL_OUTPUTS}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (refused("ExpiredToken"), "they have expired"),
        (refused("InvalidClientTokenId"), "AWS doesn't know them"),
        (NoCredentialsError(), "Unable to locate credentials"),
        ({"Account": "999999999999", "Arn": "arn:x"}, "arn:x"),
    ],
)
def test_credentials_that_are_none_of_the_stacks_are_told(
    patient: Patient, answer: object, says: str
) -> None:
    finding = found(changed(patient, sts__get_caller_identity=answer), "credentials")

    assert finding.state == "failed"
    assert says in finding.value
    assert finding.next


def test_outputs_of_several_regions_are_told(patient: Patient) -> None:
    target = Target("x", {**OUTPUTS, "apiUrl": "https://a.execute-api.us-east-1.amazonaws.com/"})
    of_config = Target("x", OUTPUTS, {"aws:region": "eu-west-1"})

    by_url, by_config = (
        found(replace(patient, target=each), "region") for each in (target, of_config)
    )

    assert by_url.value == "eu-central-1, but apiUrl is in us-east-1"
    assert by_config.value == "eu-central-1, but aws:region is in eu-west-1"
    assert by_url.state == by_config.state == "failed"


def test_outputs_that_are_missing_are_named(patient: Patient) -> None:
    fewer = {name: value for name, value in OUTPUTS.items() if name != "tableName"}

    finding = found(replace(patient, target=Target("x", fewer)), "outputs")

    assert (finding.state, finding.value) == ("failed", "there is no tableName")


def test_an_api_that_does_not_answer_is_told_and_stops_nothing(
    patient: Patient, cli: CommandLine
) -> None:
    cli.clock.at_sleep = lambda _: None
    cli.server.faults.extend([UNAVAILABLE] * 500)

    findings = {each.check: each for each in examination.examined(patient)}

    assert findings["API"].state == "failed"
    assert findings["open tasks"].state == "unknown"
    assert findings["dead letters"].state == "ok"


@pytest.mark.parametrize(
    ("config", "check", "says"),
    [
        ({"State": "Failed"}, "functions", "tasks-dev-api is Failed"),
        ({"LastUpdateStatus": "Failed"}, "functions", "its last update Failed"),
        ({"CodeSha256": "other"}, "code", "2 different archives"),
        ({"Runtime": "python3.12"}, "Python there", "python3.12, python3.13"),
        ({"Architectures": ["x86_64"]}, "wheels", "Python 3.13 on aarch64"),
    ],
)
def test_a_function_that_differs_is_told(
    patient: Patient, config: dict[str, Any], check: str, says: str
) -> None:
    services: Any = patient.clients
    whole = services.answers["lambda.get_function_configuration"]

    def configuration(**asked: str) -> dict[str, Any]:
        said: dict[str, Any] = whole(**asked)
        return said | (config if said["FunctionName"] == "tasks-dev-api" else {})

    finding = found(changed(patient, lambda__get_function_configuration=configuration), check)

    assert finding.state == "failed"
    assert says in finding.value
    assert finding.next


@pytest.mark.parametrize(
    ("code", "state", "value"),
    [
        (compiled(), "ok", "Python 3.13 on aarch64"),
        (compiled(MACHINES["x86_64"]), "failed", "Python 3.13 on x86_64"),
        (compiled(python="312"), "failed", "Python 3.12 on aarch64"),
        (archive("handler/api.py"), "warning", "no compiled modules"),
        (b"no zip", "unknown", "can't be looked at: the code is no zip archive"),
    ],
)
def test_the_wheels_of_the_code_are_compared_with_the_processor(
    patient: Patient, code: bytes, state: str, value: str
) -> None:
    finding = found(replace(patient, download=lambda _: code), "wheels")

    assert finding.state == state
    assert finding.value.startswith(value)


def test_the_archive_that_was_built_here_is_not_downloaded(
    patient: Patient, tmp_path: Path
) -> None:
    (tmp_path / ".build").mkdir()
    (tmp_path / ".build" / "tasks.zip").write_bytes(compiled(MACHINES["x86_64"]))
    digest = hashlib.sha256(compiled(MACHINES["x86_64"])).digest()
    services: Any = patient.clients
    whole = services.answers["lambda.get_function_configuration"]
    sha = base64.b64encode(digest).decode()

    finding = found(
        changed(
            patient,
            lambda__get_function_configuration=lambda **asked: whole(**asked) | {"CodeSha256": sha},
        ),
        "wheels",
    )

    assert finding.value == "Python 3.13 on x86_64"


def test_messages_in_the_queues_are_counted(patient: Patient) -> None:
    some = {"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1"}
    sick = changed(patient, sqs__get_queue_attributes={"Attributes": some})

    letters, failures = found(sick, "dead letters"), found(sick, "recovery failures")

    assert (letters.state, letters.value) == ("warning", "about 3")
    assert (failures.state, failures.value) == ("failed", "about 3")
    assert "https://failures" in failures.next


def test_an_open_task_that_nothing_runs_is_named(patient: Patient, cli: CommandLine) -> None:
    runs, idle, waits, paused = (cli.trigger(times=2) for _ in range(4))
    for id in (runs, idle, waits, paused):
        cli.visit(cli.stack.get(id))
    cli.stack.tasks.pause(paused)
    never = cli.trigger()

    def status(**said: str) -> dict[str, str]:
        arn = said["executionArn"]
        if arn.endswith(f":{cli.stack.get(idle).execution_name}"):
            raise Absent
        assert arn.startswith(
            f"{OUTPUTS['stateMachineArn']}".replace("stateMachine:", "execution:", 1)
        )
        return {"status": "RUNNING"}

    sick = changed(patient, stepfunctions__describe_execution=status)

    assert found(sick, "open tasks").state == "ok"  # it is early
    cli.clock.advance((PATIENCE + timedelta(minutes=2)).total_seconds())
    finding = found(sick, "open tasks")

    assert finding.state == "failed"
    assert finding.value.startswith("2 of 5 are idle: ")
    assert idle in finding.value
    assert never in finding.value
    assert runs not in finding.value
    assert paused not in finding.value


def test_an_execution_that_is_over_runs_nothing(patient: Patient, cli: CommandLine) -> None:
    id = cli.trigger(times=2)
    cli.visit(cli.stack.get(id))
    cli.clock.advance((PATIENCE + timedelta(minutes=2)).total_seconds())

    finding = found(
        changed(patient, stepfunctions__describe_execution={"status": "ABORTED"}), "open tasks"
    )

    assert (finding.state, id in finding.value) == ("failed", True)


def test_a_slot_of_a_task_that_is_over_is_named(patient: Patient, cli: CommandLine) -> None:
    cli.stack.definitions = (*cli.stack.definitions, export)
    held = cli.stack.tasks.trigger(export, input={"customer": "acme"}).id
    lost = cli.stack.tasks.trigger(export, input={"customer": "acme"}).id
    assert found(patient, "slots").state == "ok"
    table = cli.stack.parts().settings.table_name
    cli.stack.dynamodb.delete_item(TableName=table, Key=task_key(lost))  # its slot stays taken

    finding = found(patient, "slots")

    assert finding.state == "failed"
    assert lost in finding.value
    assert held not in finding.value


def test_what_one_may_not_look_at_is_told_as_such(patient: Patient) -> None:
    services: Any = patient.clients
    denied = {key: refused("AccessDeniedException", key) for key in services.answers}

    findings = list(examination.examined(changed(patient, **_as_changes(denied))))

    told = {each.check: each for each in findings if each.state == "unknown"}
    assert {"credentials", "functions", "wheels", "dead letters", "Lambda concurrency"} <= {*told}
    assert told["dead letters"].next.endswith("sqs:GetQueueAttributes.")
    assert not [each for each in findings if each.state == "failed"]


def _as_changes(answers: dict[str, Any]) -> dict[str, Any]:
    return {
        key.replace("service-quotas", "quotas").replace(".", "__"): value
        for key, value in answers.items()
    }


def test_an_aws_that_does_not_answer_is_told(patient: Patient) -> None:
    services: Any = patient.clients
    error = EndpointConnectionError(endpoint_url="https://x")
    findings = list(
        examination.examined(
            changed(patient, **_as_changes(dict.fromkeys(services.answers, error)))
        )
    )

    assert {each.state for each in findings if each.check in ("functions", "wheels")} == {"unknown"}


@pytest.mark.parametrize(
    ("metric", "statistic", "value", "check", "state"),
    [
        ("ConcurrentExecutions", "Maximum", 900.0, "Lambda concurrency", "failed"),
        ("ConcurrentExecutions", "Maximum", 700.0, "Lambda concurrency", "ok"),
        ("ThrottledEvents", "Sum", 3.0, "StartExecution", "failed"),
    ],
)
def test_a_quota_that_is_nearly_used_up_is_told(
    patient: Patient, metric: str, statistic: str, value: float, check: str, state: str
) -> None:
    def points(**said: Any) -> Any:
        return {"Datapoints": [{statistic: value}] if said["MetricName"] == metric else []}

    finding = found(changed(patient, cloudwatch__get_metric_statistics=points), check)

    assert finding.state == state
    assert bool(finding.next) is (state == "failed")


def test_state_transitions_are_compared_with_their_rate(patient: Patient) -> None:
    def points(**said: Any) -> Any:
        values = {"ConsumedCapacity": 60 * 4_900.0, "ProvisionedRefillRate": 5_000.0}
        value = values.get(said["MetricName"])
        return {"Datapoints": [{"Maximum": value}] if value else []}

    finding = found(changed(patient, cloudwatch__get_metric_statistics=points), "state transitions")

    assert finding.state == "failed"
    assert finding.value == "4,900 a second in the last hour, of 5,000"


def test_a_new_account_has_few_lambdas(patient: Patient) -> None:
    few = {"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}}

    finding = found(changed(patient, lambda__get_account_settings=few), "Lambda concurrency")

    assert finding.state == "warning"


def test_it_changes_nothing(patient: Patient, cli: CommandLine) -> None:
    cli.trigger()
    before = len(cli.stack.dynamodb.requests)

    list(examination.examined(patient))

    writes = {"put_item", "update_item", "delete_item", "transact_write_items", "batch_write_item"}
    assert not {each for each, _ in cli.stack.dynamodb.requests[before:]} & writes
    assert not [body for body in cli.server.bodies if body["query"].startswith("mutation")]


def test_it_waits_for_no_sdk_of_aws_that_takes_seconds_to_import() -> None:
    code = "import cli.commands.doctor, sys; print('pulumi_aws' in sys.modules)"

    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert said.stdout == "False\n"
