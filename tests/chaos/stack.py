"""The system that a campaign runs against: the real program, with the campaign's tasks."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.clock import SystemClock
from handler.contract import EnvVar
from handler.table.dynamo import Dynamo
from handler.table.payloads import PayloadBucket
from handler.table.store import Store
from local.deployed import Deployed, running_project
from local.emulator import ACCOUNT_ID, Emulator, Options
from local.errors import LocalError
from local.project import Project
from local.user import User
from tests.chaos.definitions.chaos_effects import EFFECTS
from tests.chaos.ledger import FILE, Ledger, Reader

ROOT = Path(__file__).parents[2]
_WAIT_SCALE = 0.01
# Patience of the recovery, visibility of a dead letter: minutes on AWS, seconds here.
PATIENCE_SECONDS = 1
_WORKER_TIMEOUT_SECONDS = 8  # it gives up on the table when less than five are left
_CONCURRENT_WORKERS = (
    4  # more would only wait for two processors; what is beyond is throttled, as on AWS
)
_ATTEMPTS = 20

Failure = (BotoCoreError, ClientError, LocalError, OSError)


class Stack(User):
    """The system, as a campaign uses it. A call that fails by one of the faults is tried again."""

    def __init__(self, deployed: Deployed, folder: Path) -> None:
        super().__init__(deployed)
        self.ledger = Ledger(folder)
        self.reader = Reader(folder / FILE)
        self._access = deployed.access
        self._outputs = deployed.outputs

    def prepare(self) -> None:
        """Creates the table of effects, and shortens what takes minutes on AWS."""
        self._client("dynamodb").create_table(
            TableName=EFFECTS,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("task", "effect")
            ],
            KeySchema=[
                {"AttributeName": "task", "KeyType": "HASH"},
                {"AttributeName": "effect", "KeyType": "RANGE"},
            ],
        )
        worker, recovery = (
            self._outputs["workerFunctionName"],
            self._outputs["recoveryFunctionName"],
        )
        functions, queues = self._client("lambda"), self._client("sqs")
        functions.update_function_configuration(
            FunctionName=worker, Timeout=_WORKER_TIMEOUT_SECONDS
        )
        functions.put_function_concurrency(
            FunctionName=worker, ReservedConcurrentExecutions=_CONCURRENT_WORKERS
        )
        variables = functions.get_function_configuration(FunctionName=recovery)["Environment"][
            "Variables"
        ]
        variables |= {EnvVar.RECOVERY_AFTER_SECONDS.value: str(PATIENCE_SECONDS)}
        functions.update_function_configuration(
            FunctionName=recovery, Environment={"Variables": variables}
        )
        url, attributes = (
            self._outputs["deadLetterQueueUrl"],
            {"VisibilityTimeout": str(PATIENCE_SECONDS)},
        )
        queues.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def sweep(self, *, wait: bool = False) -> None:
        """Has the recovery look around, as its schedule does; `wait` is for its end."""
        kind = "RequestResponse" if wait else "Event"
        event = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
        function = self._outputs["recoveryFunctionName"]
        again(
            lambda: self._client("lambda").invoke(
                FunctionName=function, InvocationType=kind, Payload=event
            )
        )

    def stop(self, execution: str) -> bool:
        """Stops an execution, as a person does in the console. Returns whether it was running."""
        machine = str(self._outputs["stateMachineArn"])
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{execution}"
        try:
            self._client("stepfunctions").stop_execution(
                executionArn=arn, cause="Stopped by the campaign."
            )
        except ClientError:
            return False
        return True

    def undelivered(self) -> int:
        """How many events wait in the dead-letter queue, seen or unseen."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self._outputs["deadLetterQueueUrl"]
        found = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)[
            "Attributes"
        ]
        return sum(int(found[name]) for name in names)

    def effects(self) -> Mapping[str, dict[str, int]]:
        """How often each effect of each task happened."""
        found: dict[str, dict[str, int]] = {}
        for page in self._client("dynamodb").get_paginator("scan").paginate(TableName=EFFECTS):
            for item in page["Items"]:
                found.setdefault(item["task"]["S"], {})[item["effect"]["S"]] = int(
                    item["times"]["N"]
                )
        return found

    def store(self) -> Store:
        """The table, as its administrator reads it."""
        clock = SystemClock()
        dynamo = Dynamo(
            self._client("dynamodb"),
            table=self._outputs["tableName"],
            clock=clock,
            remaining=lambda: 60.0,
        )
        bucket = PayloadBucket(self._client("s3"), name=self._outputs["payloadBucketName"])
        return Store(dynamo, clock=clock, bucket=bucket)

    def _client(self, service: str) -> Any:
        return self._access.client(service)


def again(call: Callable[[], Any]) -> Any:
    """Tries a call until it works: to be hit by a fault is what it is for."""
    for _ in range(_ATTEMPTS):
        try:
            return call()
        except Failure as error:
            failure = error
            time.sleep(0.1)
    raise failure


@contextmanager
def running_stack(seed: int) -> Iterator[Stack]:
    """The system, deployed and prepared. Leaving the block ends its processes."""
    with tempfile.TemporaryDirectory(prefix="background-tasks-chaos-") as folder:
        project = _project(Path(folder))
        options = Options(wait_scale=_WAIT_SCALE, program=("tests.chaos.aws", str(seed)))
        with running_project(
            project.with_config({"workerPolicyStatements": _policy(project.region)}), options
        ) as (deployed, emulator):
            stack = Stack(deployed, _folder(emulator))
            stack.prepare()
            yield stack


def _folder(emulator: Emulator) -> Path:
    return emulator.log.parent


def _project(folder: Path) -> Project:
    """A copy of the project with the campaign's definitions among its own."""
    for package in ("handler", "definitions", "infra"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in [ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml"), *ROOT.glob("requirements*.txt")]:
        shutil.copy(file, folder)
    for definition in (ROOT / "tests" / "chaos" / "definitions").glob("*.py"):
        shutil.copy(definition, folder / "definitions")
    return Project.from_folder(folder)


def _policy(region: str) -> list[dict[str, Any]]:
    table = f"arn:aws:dynamodb:{region}:{ACCOUNT_ID}:table/{EFFECTS}"
    return [{"Effect": "Allow", "Action": ["dynamodb:UpdateItem"], "Resource": [table]}]
