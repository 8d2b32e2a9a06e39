"""The system that a campaign runs against: the real program, with the campaign's tasks."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.client.verbs import VERBS
from handler.clock import SystemClock
from handler.contract import EnvVar
from handler.record import TaskSettings
from handler.table import keys
from handler.table.dynamo import Dynamo
from handler.table.payloads import PayloadBucket
from handler.table.settings_table import KnownSettings, SettingsTable
from handler.table.store import Store
from local.deployed import Deployed, running_project
from local.emulator import ACCOUNT_ID, Emulator, Options
from local.errors import LocalError
from local.graphql_client import GraphqlFailed
from local.project import Project
from local.user import Fields, User
from tests.chaos import bundle
from tests.chaos.ageing import Ageing
from tests.chaos.definitions.chaos_effects import CAMPAIGN, EFFECTS, URL_OFFERED
from tests.chaos.ledger import FILE, Ledger, Reader
from tests.chaos.odd_records import OddRecord

ROOT = Path(__file__).parents[2]
_WAIT_SCALE = 0.01
# Patience of the recovery, visibility of a dead letter: minutes on AWS, seconds here.
PATIENCE_SECONDS = 1
# They give up on the table when less than five are left; a hook that hangs takes all of them.
_WORKER_TIMEOUT_SECONDS, _RECOVERY_TIMEOUT_SECONDS = 10, 8
_CONCURRENT_WORKERS = (
    4  # more would only wait for two processors; what is beyond is throttled, as on AWS
)
# Longer than a bad deploy.
_PATIENCE_OF_A_CALLER_SECONDS = 20.0

# A file for importCsv: the record of a task that nobody has triggered.
_RECORDS = ("tasks/import/records.csv", b"pk,sk,taskStatus\nTASK#imported,TASK,success\n")

Failure = (BotoCoreError, ClientError, LocalError, OSError)

_DELETE = """
mutation Delete($id: ID!) {
  backgroundTasks { deleteTask(id: $id) { data error { message code data } } }
}"""
_LIST = """
query List {
  backgroundTasks {
    listTasks(limit: 100) { data { id taskStatus name } error { message code data } }
  }
}"""


class Stack(User):
    """The system, as a campaign uses it. A call that fails by one of the faults is tried again."""

    def __init__(self, deployed: Deployed, folder: Path, project: Project) -> None:
        super().__init__(deployed)
        self.ledger = Ledger(folder)
        self.reader = Reader(folder / FILE)
        self.retention_days = int(project.config[f"{project.name}:taskRetentionDays"])
        self.project = project.folder
        self.ageing = Ageing(
            dynamodb=deployed.access.client("dynamodb"),
            s3=deployed.access.client("s3"),
            table=deployed.outputs["tableName"],
            bucket=deployed.outputs["payloadBucketName"],
        )
        self._access = deployed.access
        self._outputs = deployed.outputs
        self._functions = [
            str(self._outputs[f"{role}FunctionName"]) for role in ("worker", "api", "recovery")
        ]

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
        worker, _, recovery = self._functions
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
            FunctionName=recovery,
            Environment={"Variables": variables},
            Timeout=_RECOVERY_TIMEOUT_SECONDS,
        )
        url, attributes = (
            self._outputs["deadLetterQueueUrl"],
            {"VisibilityTimeout": str(PATIENCE_SECONDS)},
        )
        queues.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def import_of_records(self) -> Mapping[str, str]:
        """The input of an import of records into the stack's own table, out of its own bucket."""
        key, content = _RECORDS
        bucket, table = self._outputs["payloadBucketName"], self._outputs["tableName"]
        again(partial(self._client("s3").put_object, Bucket=bucket, Key=key, Body=content))
        return {"bucket": bucket, "key": key, "table": table, "key_field": "pk"}

    def deploy(self, changes: bundle.Files, *, roles: Sequence[str] = ()) -> None:
        """Has the Lambdas run the bundle with other files in it, or as it is again (`{}`).

        Args:
            roles: the last parts of their names; by default all of them.
        """
        [built] = (self.project / ".build").glob("*.zip")
        code = bundle.with_files(built.read_bytes(), changes)
        for function in self._functions:
            if not roles or function.rpartition("-")[2] in roles:
                self._client("lambda").update_function_code(FunctionName=function, ZipFile=code)

    def sweep(self) -> bool:
        """Has the recovery look around, as its schedule does.

        Returns whether it came to its end, and could deal with all that it found.
        """
        event = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
        answer = self._client("lambda").invoke(FunctionName=self._functions[-1], Payload=event)
        return "FunctionError" not in answer

    def delete(self, task_id: str) -> None:
        """Deletes a task, which has to be over."""
        self._envelope("deleteTask", _DELETE, {"id": task_id})

    def say(self, verb: str, **arguments: object) -> Fields:
        """Says a verb of the client to the API, once, and returns the `data` of its answer."""
        known = VERBS[verb]
        data: Fields = self._envelope(known.operation, known.document, arguments)["data"]
        return data

    def offered_url(self, task_id: str) -> str:
        """The URL that a task has offered to people."""
        key = {"task": {"S": task_id}, "effect": {"S": URL_OFFERED}}
        found = self._client("dynamodb").get_item(TableName=EFFECTS, Key=key)
        return str(found["Item"]["signalUrl"]["S"])

    def list(self) -> int:
        """Lists tasks, without their payloads, and returns how many there are on the page."""
        return len(self._envelope("listTasks", _LIST, {})["data"])

    def stop(self, execution: str) -> bool:
        """Stops an execution, as a person does in the console. Returns whether it was running."""
        return self._in_the_console("stop_execution", execution, cause="Stopped by the campaign.")

    def redrive(self, execution: str) -> bool:
        """Redrives an execution, as a person does in the console: one that runs is stopped first.

        Returns whether it runs again.
        """
        return self._in_the_console("redrive_execution", execution)

    def lose_payloads(self, task_id: str) -> bool:
        """Removes the payloads of a task from the bucket. Returns whether it had any there."""
        key, table = keys.task_key(task_id), self._outputs["tableName"]
        item = again(lambda: self._client("dynamodb").get_item(TableName=table, Key=key))
        pointers = [item.get("Item", {}).get(name, {}).get("M", {}) for name in ("input", "output")]
        lost = [pointer["key"]["S"] for pointer in pointers if "key" in pointer]
        for name in lost:
            bucket = self._outputs["payloadBucketName"]
            again(partial(self._client("s3").delete_object, Bucket=bucket, Key=name))
        return bool(lost)

    def write(self, record: OddRecord) -> None:
        """Writes an odd record into the table, as a person does."""
        for row in record.rows:
            put = self._client("dynamodb").put_item
            again(partial(put, TableName=self._outputs["tableName"], Item=row))

    def lose_track_of(self, task_id: str, content: bytes) -> None:
        """Leaves a payload in the bucket that no record names: its writer died before that."""
        bucket, key = self._outputs["payloadBucketName"], f"tasks/{task_id}/input"
        again(partial(self._client("s3").put_object, Bucket=bucket, Key=key, Body=content))

    def happens(self, effect: str) -> None:
        """Lets the campaign's tasks know of something that concerns all of them."""
        key = {"task": {"S": CAMPAIGN}, "effect": {"S": effect}}
        item = key | {"times": {"N": "1"}}
        self._client("dynamodb").put_item(TableName=EFFECTS, Item=item)

    def now(self) -> datetime:
        return datetime.now(UTC)

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
        settings = SettingsTable(
            dynamo, clock=clock, deployed=TaskSettings(retention_days=0), known=KnownSettings()
        )
        return Store(dynamo, clock=clock, bucket=bucket, settings=settings)

    def _in_the_console(self, operation: str, execution: str, **more: str) -> bool:
        machine = str(self._outputs["stateMachineArn"])
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{execution}"

        def call() -> bool:
            try:
                getattr(self._client("stepfunctions"), operation)(executionArn=arn, **more)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                    raise
                if error.response["Error"]["Code"] == "ThrottlingException":
                    raise
                return False
            return True

        return bool(again(call))

    def _envelope(self, operation: str, document: str, variables: Mapping[str, Any]) -> Any:
        envelope = self.graphql(document, variables)[operation]
        if envelope["error"]:
            raise GraphqlFailed(f"{operation} answered {json.dumps(envelope)}")
        return envelope

    def _client(self, service: str) -> Any:
        return self._access.client(service)


def again(call: Callable[[], Any]) -> Any:
    """Tries a call until it works: to be hit by a fault is what it is for."""
    deadline = time.monotonic() + _PATIENCE_OF_A_CALLER_SECONDS
    while True:
        try:
            return call()
        except Failure:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def running_stack(seed: int) -> Iterator[Stack]:
    """The system, deployed and prepared. Leaving the block ends its processes."""
    with tempfile.TemporaryDirectory(prefix="background-tasks-chaos-") as folder:
        project = _project(Path(folder))
        options = Options(wait_scale=_WAIT_SCALE, program=("tests.chaos.aws", str(seed)))
        with running_project(
            project.with_config({"workerPolicyStatements": _policy(project.region)}), options
        ) as (deployed, emulator):
            stack = Stack(deployed, _folder(emulator), project)
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
    """The effects; and what importCsv asks of a table, of which people list many."""
    tables = f"arn:aws:dynamodb:{region}:{ACCOUNT_ID}:table"
    return [
        _allow(["dynamodb:UpdateItem", "dynamodb:GetItem"], f"{tables}/{EFFECTS}"),
        _allow(["dynamodb:DescribeTable"], f"{tables}/background-tasks-*"),
    ]


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": [resource]}
