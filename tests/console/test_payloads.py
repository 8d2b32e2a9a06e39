"""Inputs and outputs that are too large for an answer of the API."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import NoCredentialsError

from console.payloads import payload
from console.stack import Source
from console.stack import Stack as Shown
from handler import Context, Done, task
from handler.client import Client
from handler.errors import InvalidInput, NotFound, Refused, SettingsError, StoreError
from tests.handler.client.conftest import Server, serving
from tests.handler.stack import BUCKET, TABLE, Stack, refusal
from tests.kept_schemas import kept_schemas
from tests.modelled import modelled

ROWS = 70_000
NAME = "<b>" * 20


@task(id="export")
def export(context: Context, input: dict[str, Any]) -> Done:
    """Gives back what it got."""
    return Done(output={"rows": [{"id": number, "name": NAME} for number in range(ROWS)]})


@dataclass
class Reachable:
    """A stack that is spoken to as by the command line."""

    stack: Stack
    server: Server
    outputs: dict[str, Any] = field(
        default_factory=lambda: {"tableName": TABLE, "payloadBucketName": BUCKET}
    )
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def client(self, tenant: str | None) -> Client:
        return Client(self.server.url, "token", tenant=tenant, timeout=5, attempts=1)

    def aws(self, service: str) -> Any:
        self.asked.append(service)
        if self.error:
            raise self.error
        return self.stack.client(service)

    def read(self, id: str, which: str = "output", *, tenant: str | None = None) -> Any:
        return payload(Shown(lambda: cast("Source", self)), id, which, tenant=tenant)


@pytest.fixture(scope="module", autouse=True)
def quick_aws() -> Iterator[None]:
    with modelled("dynamodb", "events", "s3", "sqs"), kept_schemas():
        yield


@pytest.fixture
def reachable() -> Iterator[Reachable]:
    with Stack.inside_moto() as stack, serving(stack) as server:
        stack.definitions = (*stack.definitions, export)
        yield Reachable(stack, server)


@pytest.fixture
def exported(reachable: Reachable) -> str:
    """The id of a task that has a large output."""
    record = reachable.stack.tasks.trigger(export, input={"n": 1})
    reachable.stack.run(record)
    return record.id


def test_what_the_api_refuses_is_read_from_the_table_and_the_bucket(
    reachable: Reachable, exported: str
) -> None:
    document = "query ($id: ID!) { backgroundTasks { getTask(id: $id) { data { output } } } }"
    with pytest.raises(Refused) as refused:
        reachable.client(None).graphql(document, {"id": exported})
    assert refused.value.code == "REQUEST_TOO_LARGE"

    found = reachable.read(exported)["value"]

    assert len(found["rows"]) == ROWS
    assert found["rows"][-1] == {"id": ROWS - 1, "name": NAME}


def test_what_is_small_is_read_as_well(reachable: Reachable, exported: str) -> None:
    assert reachable.read(exported, "input") == {"value": {"n": 1}}


def test_a_task_of_another_tenant_is_not_found(reachable: Reachable, exported: str) -> None:
    with pytest.raises(NotFound):
        reachable.read(exported, tenant="other")
    assert reachable.asked == []


def test_a_task_that_is_not_there_is_not_found(reachable: Reachable) -> None:
    with pytest.raises(NotFound):
        reachable.read("nobody")
    assert reachable.asked == []


def test_nothing_but_the_two_is_read(reachable: Reachable, exported: str) -> None:
    with pytest.raises(InvalidInput):
        reachable.read(exported, "created_by")
    assert reachable.server.bodies == []


def test_without_aws_credentials_it_says_what_to_do(reachable: Reachable, exported: str) -> None:
    reachable.error = NoCredentialsError()

    with pytest.raises(SettingsError, match="log in to AWS"):
        reachable.read(exported)


@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_a_refusal_of_aws_is_told(reachable: Reachable, exported: str, service: str) -> None:
    denied = refusal("AccessDeniedException" if service == "dynamodb" else "AccessDenied")
    shown = reachable.client(None).get(exported)
    reachable.client = lambda tenant: cast("Client", _Known(shown))  # type: ignore[method-assign]
    reachable.stack.client(service).fail(denied)

    with pytest.raises(StoreError):
        reachable.read(exported)


@dataclass
class _Known:
    """A client that has a task already: the API of these tests has the same table."""

    record: Any

    def get(self, _: str) -> Any:
        return self.record


def test_outputs_that_lack_a_name_are_told(reachable: Reachable, exported: str) -> None:
    reachable.outputs = {"tableName": TABLE}

    with pytest.raises(SettingsError, match="payloadBucketName"):
        reachable.read(exported)
