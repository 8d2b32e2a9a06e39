"""The client of `handler.client`, and async tasks, in the whole system: IAM, gateway, Lambdas."""

import pytest
from botocore.credentials import Credentials

from handler.client import Client, Iam
from handler.errors import Refused, RequestError, TaskAborted, TaskFailed
from local.deployed import Deployed
from local.logs import FUNCTIONS, Logs
from tests.running import Running


def client_of(deployed: Deployed) -> Client:
    access = deployed.access
    key = {
        "region": access.region,
        "accessKeyId": access.access_key_id,
        "secretAccessKey": access.secret_access_key,
    }
    return Client.from_outputs({**deployed.outputs, **key})


def test_a_program_triggers_an_async_task_and_gets_its_result(aws: Running) -> None:
    client = client_of(aws.deployed)

    id = client.trigger("askAround", {"whom": ["Ann", "Bob", "Cem"]}).id
    record = client.wait(id, 30)

    assert record.has_succeeded
    assert record.iterations == 2
    assert client.result(id) == {"answers": ["Ann is fine", "Bob is fine", "Cem is fine"]}
    assert [log.iteration for log in client.logs(id)] == [2]  # the first one was in place
    assert client.get(id).input["cursor"] == 3

    def lines() -> list[str]:
        found = Logs(aws.deployed, FUNCTIONS, 0).new()
        return [line.text for line in found if line.is_of(id)]

    aws.until(lambda: "Everybody was asked." in "".join(lines()))
    assert {name for name in ("Ann", "Bob", "Cem") if f"{name} was asked." in "".join(lines())} == {
        "Ann",
        "Bob",
        "Cem",
    }


def test_a_program_hears_why_there_is_no_result(aws: Running) -> None:
    client = client_of(aws.deployed)
    failed = client.trigger("endBadly", {"how": "fail"}).id
    aborted = client.trigger("countUp", {"until": 100, "wait": 1_000_000}, delay=3_600).id

    client.wait(failed, 30)
    client.abort(aborted, "No more.")

    with pytest.raises(TaskFailed) as raised:
        client.result(failed)
    assert (raised.value.code, raised.value.data) == ("ON_PURPOSE", {"why": "a test"})
    with pytest.raises(TaskAborted):
        client.result(aborted)


def test_a_key_that_the_account_does_not_know_is_refused(aws: Running) -> None:
    nobody = Iam(Credentials("AKIAUNKNOWN", "secret"), region=aws.deployed.access.region)
    unknown = Client(aws.deployed.api_url, nobody)

    with pytest.raises(Refused, match="answered 403"):
        unknown.trigger("testingRun")


def test_an_address_that_is_not_the_apis_is_told(aws: Running) -> None:
    access = aws.deployed.access
    key = Credentials(access.access_key_id, access.secret_access_key)
    client = Client(access.endpoint_url, Iam(key, region=access.region), attempts=1)

    with pytest.raises(RequestError, match="answered 404"):
        client.get("t1")
