"""What the handler asks of DynamoDB and S3, the models answer as moto does."""

import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import moto.s3.models
import pytest
from moto import mock_aws

from handler import (
    Concurrency,
    Context,
    Continue,
    Debounce,
    Definition,
    Done,
    Filter,
    Rate,
    Verdict,
    task,
)
from handler.contract import MAX_RECORD_PAYLOAD_BYTES, Status
from handler.table.keys import task_key
from handler.testing import ManualClock, abort, deliver_again, kill, world
from handler.testing.aws import aws_client, create_table
from handler.testing.world import Action
from tests.handler import stack as stacks
from tests.handler.recovering import Recovering
from tests.handler.samples import SAMPLES, Sample
from tests.handler.stack import TABLE, BusQueue, Stack
from tests.simulation.services.compared.mirrored import Mirrored
from tests.simulation.services.compared.outcomes import plain
from tests.simulation.services.dynamodb import DynamoDB
from tests.simulation.services.s3 import S3

# Random, so that no compression makes it fit into a record.
LARGE = base64.b64encode(random.Random(1).randbytes(MAX_RECORD_PAYLOAD_BYTES)).decode()


class Mirrors:
    """The models of DynamoDB and S3, and clients of moto that ask them, too."""

    def __init__(self, now: Callable[[], Any]) -> None:
        self.model = DynamoDB(now=now)
        self.clients = {
            "dynamodb": Mirrored(aws_client("dynamodb"), self.model),
            "s3": Mirrored(aws_client("s3"), S3(now=now)),
        }

    def client(self, service: str) -> Any:
        return self.clients.get(service) or aws_client(service)

    def made(self, service: str) -> int:
        """How many requests were made of a service; every outcome was the same."""
        assert self.clients[service].differences == []
        return self.clients[service].made


@pytest.fixture
def mirrors(monkeypatch: pytest.MonkeyPatch) -> Mirrors:
    """Every world and every stack of a test uses these clients."""
    clock = ManualClock()
    mirrors = Mirrors(clock.now)
    for module in (world, stacks):
        monkeypatch.setattr(module, "aws_client", mirrors.client)
    monkeypatch.setattr(moto.s3.models, "utcnow", lambda: clock.now().replace(tzinfo=None))
    return mirrors


@pytest.fixture
def recovering(mirrors: Mirrors) -> Iterator[Recovering]:
    with Stack.inside_moto() as stack:
        yield Recovering(stack, BusQueue())


@pytest.mark.slow  # as the random programs are; those below stay
@pytest.mark.parametrize("action", [kill, abort, deliver_again], ids=lambda each: each.__name__)
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_tasks_that_are_interrupted(
    mirrors: Mirrors, sample: Callable[[], Sample], action: Action
) -> None:
    sample().run(before={2: action})
    sample().run(after={2: action})

    assert mirrors.made("dynamodb") > 20


def test_a_task_with_payloads_that_no_record_has_room_for(mirrors: Mirrors) -> None:
    @task(id="large")
    def large(context: Context, input: dict[str, str]) -> Verdict:
        if context.task.iterations == 1:
            context.save_input({"text": input["text"][::-1]})
            return Continue()
        return Done(output={"text": input["text"]})

    result = Sample(definition=large, input={"text": LARGE}).run()

    assert result.record.output == {"text": LARGE[::-1]}
    assert mirrors.made("s3") > 3


def test_lists_counts_logs_and_deletions(recovering: Recovering, mirrors: Mirrors) -> None:
    stack = recovering.stack
    stack.settings = replace(stack.settings, retention_days=1)
    definition = _echo()
    records = [stack.trigger(definition, input={"text": text}) for text in ("a", "b", LARGE)]
    for record in records[1:]:
        stack.run(record)
    stack.tasks.abort(records[0].id)

    for statuses in (None, frozenset({Status.SUCCESS}), frozenset({Status.ABORTED})):
        wanted = Filter(definition_id=definition.id, statuses=statuses)
        page = stack.tasks.list(wanted, limit=1)
        stack.tasks.list(wanted, limit=2, after=page.cursor)
    stack.tasks.count()
    stack.tasks.logs(records[1].id)
    stack.tasks.delete(records[1].id)

    assert mirrors.made("dynamodb") > 20
    _assert_same_table(mirrors)


def test_sweeps_over_tasks_that_nothing_runs_any_more(
    recovering: Recovering, mirrors: Mirrors
) -> None:
    stack = recovering.stack
    stack.settings = replace(stack.settings, retention_days=1)
    recovering.pending()
    recovering.running()
    parent = recovering.claimed_by("gone")
    recovering.claimed_by("gone too", parent_id=parent.id)
    recovering.send_to_dlq({"id": "by-hand", "detail": {"webinyTaskDefinitionId": "someTask"}})

    for _ in range(3):
        recovering.wait(3)
        recovering.sweep()
        stack.clock.advance(timedelta(days=1))

    assert mirrors.made("dynamodb") > 20
    _assert_same_table(mirrors)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 60])
def test_slots_rates_and_debounces(recovering: Recovering, mirrors: Mirrors, limit: int) -> None:
    stack = recovering.stack
    rate, concurrency = Rate(1, per=1, burst=2 + limit), Concurrency(limit, key="text")
    definition = _echo(rate=rate, concurrency=concurrency)
    made = [stack.trigger(definition, input={"text": "a"}) for _ in range(limit + 4)]
    debounce = Debounce("k", delay=5)
    last = [
        stack.trigger(definition, input={"text": text}, debounce=debounce) for text in ("b", LARGE)
    ]
    for number, record in enumerate(made[:limit]):
        stack.run(record, execution=f"execution-{number}")
    stack.tasks.abort(made[limit].id)
    stack.tasks.pause(made[limit + 1].id)
    stack.tasks.resume(made[limit + 1].id)
    aws_client("dynamodb").delete_item(TableName=TABLE, Key=task_key(made[limit + 1].id))
    mirrors.model.delete_item(TableName=TABLE, Key=task_key(made[limit + 1].id))
    stack.clock.advance(timedelta(minutes=10))
    for number, record in enumerate([*made[limit + 2 :], *last[1:]]):
        stack.run(record, execution=f"execution-{100 + number}")
    for _ in range(2):
        recovering.sweep()
        stack.clock.advance(timedelta(minutes=20))

    assert last[0].id == last[1].id
    assert mirrors.made("dynamodb") > 20
    _assert_same_table(mirrors)


def test_a_response_that_differs_is_noticed() -> None:
    with mock_aws():
        model = DynamoDB()
        client: Any = Mirrored(aws_client("dynamodb"), model)
        create_table(client, TABLE)
        key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        model.put_item(TableName=TABLE, Item=key)

        client.get_item(TableName=TABLE, Key=key)

    assert client.differences == [("get_item", {"TableName": TABLE, "Key": key}, {"Item": key}, {})]


def _echo(**options: Any) -> Definition:
    @task(id="echo", **options)
    def echo(context: Context, input: dict[str, str]) -> Done:
        context.log.info("Echoing.")
        return Done(output=input)

    return echo


def _assert_same_table(mirrors: Mirrors) -> None:
    rows = aws_client("dynamodb").scan(TableName=TABLE)["Items"]
    left = [plain(item) for _, item in mirrors.model.items(TABLE)]
    assert sorted(left, key=repr) == sorted(map(plain, rows), key=repr)
