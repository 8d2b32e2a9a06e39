"""A stack that the doctor looks at: what each AWS service answers is the test's to say."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from botocore.exceptions import ClientError

from cli.doctor.patient import Patient
from cli.target import Target
from handler.client import Client
from infra.archive.wheels import MACHINES
from tests.cli.command_line import CommandLine

MACHINE: Final = "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks-dev-tasks"
OUTPUTS: Final = {
    "apiFunctionName": "tasks-dev-api",
    "apiUrl": "https://abc.execute-api.eu-central-1.amazonaws.com/graphql",
    "console": {"task": "https://console"},
    "deadLetterQueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/tasks-dev-undelivered",
    "eventBusName": "tasks-dev-bus",
    "payloadBucketName": "payloads",
    "recoveryFunctionName": "tasks-dev-recovery",
    "stateMachineArn": MACHINE,
    "tableName": "tasks",
    "workerFunctionName": "tasks-dev-worker",
}


def refused(code: str, operation: str = "Operation") -> ClientError:
    """What boto3 raises."""
    return ClientError({"Error": {"Code": code, "Message": f"{code}."}}, operation)


def archive(*names: str) -> bytes:
    """A zip archive with empty files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name in names:
            opened.writestr(name, "")
    return content.getvalue()


def compiled(machine: str = MACHINES["arm64"], python: str = "313") -> bytes:
    """The archive of a bundle with a compiled module."""
    return archive("handler/api.py", f"pydantic_core/_core.cpython-{python}-{machine}-linux-gnu.so")


class Absent(Exception):
    """A thing that a service doesn't have."""


class Service:
    """A service's client. An answer that is an exception is raised, a callable is called."""

    def __init__(self, name: str, answers: Mapping[str, Any], real: Any = None) -> None:
        self._name = name
        self._answers = answers
        self._real = real
        self.exceptions = SimpleNamespace(
            ExecutionDoesNotExist=Absent, ResourceNotFoundException=Absent
        )

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **said: [getattr(self, operation)(**said)])

    def __getattr__(self, operation: str) -> Any:
        if self._real is not None:
            return getattr(self._real, operation)

        def call(**said: Any) -> Any:
            answer = self._answers[f"{self._name}.{operation}"]
            if isinstance(answer, Exception):
                raise answer
            return answer(**said) if callable(answer) else answer

        return call


@dataclass
class Services:
    """In the place of `AwsClients`."""

    answers: dict[str, Any]
    real: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return Service(service, self.answers, self.real.get(service))


def healthy() -> dict[str, Any]:
    """What the services say of a stack that is all right."""

    def function(**said: str) -> dict[str, Any]:
        return {
            **said,
            "Runtime": "python3.13",
            "Architectures": ["arm64"],
            "CodeSha256": "abc",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }

    return {
        "sts.get_caller_identity": {
            "Account": "123456789012",
            "Arn": "arn:aws:iam::123456789012:user/ann",
        },
        "lambda.get_function_configuration": function,
        "lambda.get_function": {"Code": {"Location": "https://code"}},
        "lambda.get_account_settings": {
            "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}
        },
        "sqs.get_queue_attributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        "sqs.get_queue_url": {"QueueUrl": "https://failures"},
        "stepfunctions.describe_execution": {"status": "RUNNING"},
        "scheduler.list_schedules": {"Schedules": []},
        "service-quotas.list_service_quotas": {
            "Quotas": [
                {"QuotaName": "StartExecution throttle token refill rate", "Value": 300.0},
                {"QuotaName": "Something else", "Value": 1.0},
            ]
        },
        "cloudwatch.get_metric_statistics": {"Datapoints": []},
    }


def patient_of(cli: CommandLine, folder: Path, **changes: Any) -> Patient:
    """The patient, on the stack of a command line: the table and the API are real."""
    (folder / "definitions").mkdir(exist_ok=True)
    patient = Patient(
        target=Target(
            "the stack dev", {**OUTPUTS, "tableName": cli.stack.parts().settings.table_name}
        ),
        clients=Services(healthy(), {"dynamodb": cli.stack.dynamodb}),  # type: ignore[arg-type]
        folder=folder,
        clock=cli.clock,
        make_api=lambda: Client(cli.server.url, "token", clock=cli.clock),
        download=lambda _: compiled(),
    )
    return replace(patient, **changes)


def changed(patient: Patient, **answers: Any) -> Patient:
    """The patient, of which services answer something else: `lambda__get_function=...`."""
    services: Any = patient.clients
    own = {
        key.replace("__", ".").replace("quotas", "service-quotas"): value
        for key, value in answers.items()
    }
    return replace(patient, clients=Services(services.answers | own, services.real))  # type: ignore[arg-type]
