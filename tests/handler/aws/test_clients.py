"""The process's clients of AWS services."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoRegionError
from botocore.loaders import Loader

from handler.aws.clients import client, engine_client, lazy_engine_client

# A service that no other test makes a client of: the clients live as long as the process.
SERVICE = "kinesis"


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


def test_a_client_is_made_once_for_each_service(region: None) -> None:
    first, second, other = client(SERVICE), client(SERVICE), client("firehose")

    assert first is second
    assert first is not other
    assert first.meta.service_model.service_name == SERVICE
    assert first.meta.region_name == "eu-central-1"


def test_a_client_of_an_author_waits_as_long_as_boto3_does(region: None) -> None:
    made = client(SERVICE)

    assert made.meta.config.read_timeout == boto3.client("kinesis").meta.config.read_timeout == 60


def test_a_client_of_the_engine_gives_up_after_three_attempts_and_some_seconds(
    region: None,
) -> None:
    made = engine_client(SERVICE)

    config = made.meta.config
    assert (config.connect_timeout, config.read_timeout) == (3, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_a_client_of_the_engine_does_not_check_the_shape_of_a_request(region: None) -> None:
    made = engine_client(SERVICE)
    answer: Any = (SimpleNamespace(status_code=200), {"Records": []})
    made.meta.events.register("before-call.kinesis.GetRecords", lambda **_: answer)

    response = made.get_records(ShardIterator=5)

    assert response == {"Records": []}


def test_a_client_of_the_engine_is_made_without_a_look_at_every_service(
    region: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Loader, "list_available_services", lambda _, kind: asked.append(kind))

    made = engine_client("polly")

    assert made.meta.service_model.service_name == "polly"
    assert asked == []


def test_a_lazy_client_is_made_when_it_is_first_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    lazy = lazy_engine_client("kafka")

    with pytest.raises(NoRegionError):
        lazy.list_clusters()


def test_a_lazy_client_calls_the_engines_client(region: None) -> None:
    lazy = lazy_engine_client(SERVICE)

    assert lazy.meta is engine_client(SERVICE).meta


def test_a_client_of_the_engine_knows_what_botocore_knows_of_its_service(region: None) -> None:
    ours, botocores = engine_client(SERVICE).meta, boto3.client("kinesis").meta

    assert ours.service_model.metadata == botocores.service_model.metadata
    assert ours.service_model.operation_names == botocores.service_model.operation_names
    assert ours.endpoint_url == botocores.endpoint_url
