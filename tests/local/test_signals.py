"""Signals from outside: by a URL without a signature, and by an event on the bus."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from handler.contract import SIGNAL_DETAIL_TYPE
from tests.running import Running

# One to begin the wait and one to end it: nothing looks in between.
ITERATIONS = 2


@pytest.fixture
def waiting(aws: Running) -> str:
    """The id of a task that waits for its approval."""
    id = aws.trigger("waitForApproval", {})
    aws.until(lambda: waits(aws, id))
    return id


def waits(aws: Running, id: str) -> bool:
    """Whether a task's execution waits for what is to come."""
    document = (
        "query Get($id: ID!) { backgroundTasks { getTask(id: $id) { data { waitingUntil } } } }"
    )
    return bool(aws.graphql(document, {"id": id})["getTask"]["data"]["waitingUntil"])


def url_of(aws: Running, id: str) -> str:
    return str(aws.record(id)["output"]["url"])


def ask(
    url: str, method: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str, Any]:
    """The status, the text and the headers of an answer to a request that nobody has signed."""
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def ended(aws: Running, id: str) -> Any:
    """The record of a task that was woken, once it is over."""
    aws.until(lambda: aws.record(id)["taskStatus"] != "running")
    return aws.record(id)


def test_whoever_has_its_url_ends_the_wait_of_a_task(aws: Running, waiting: str) -> None:
    url = url_of(aws, waiting)

    status, text, _ = ask(url, "POST", b'{"by": "Anne"}')

    assert (status, json.loads(text)) == (200, {"message": "It has arrived."})
    record = ended(aws, waiting)
    assert (record["taskStatus"], record["output"]) == ("success", {"data": {"by": "Anne"}})
    assert record["iterations"] == ITERATIONS
    assert ask(url, "POST")[0] == 200


def test_a_browser_sees_a_page_and_its_button_sends_the_signal(aws: Running, waiting: str) -> None:
    url = url_of(aws, waiting)
    base = aws.deployed.outputs["endpointUrl"]

    status, page, headers = ask(url, "GET", headers={"Sec-Fetch-Site": "none"})
    assert (status, aws.record(waiting)["taskStatus"]) == (200, "running")
    assert "<button>Confirm: approved</button>" in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")

    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    status, page, _ = ask(url, "POST", b"", {"Origin": base, **form})
    assert (status, "It has arrived." in page) == (200, True)
    assert ended(aws, waiting)["output"] == {"data": None}


def test_nobody_else_does(aws: Running, waiting: str) -> None:
    url = url_of(aws, waiting)
    graphql = aws.deployed.api_url

    assert ask(f"{url}x", "POST")[0] == 404
    assert ask(url.replace(waiting, "unknown"), "GET")[0] == 404
    assert ask(graphql, "POST", b'{"query": "{ __typename }"}')[0] == 403
    assert aws.record(waiting)["taskStatus"] == "running"
    aws.abort(waiting)
    assert ask(url, "POST")[0] == 410


def test_an_event_on_the_bus_ends_the_wait_of_a_task(aws: Running, waiting: str) -> None:
    signal = {"webinyTaskId": waiting, "name": "approved", "data": {"by": "an event"}}

    aws.send(signal, detail_type=SIGNAL_DETAIL_TYPE)

    record = ended(aws, waiting)
    assert (record["taskStatus"], record["output"]) == ("success", {"data": {"by": "an event"}})
    assert record["iterations"] == ITERATIONS


def test_a_signal_that_the_worker_could_not_hand_over_is_handed_over_by_the_sweep(
    aws: Running, waiting: str
) -> None:
    signal = {"webinyTaskId": waiting, "name": "approved", "data": {"by": "a letter"}}
    event = {"id": "letter-1", "detail-type": SIGNAL_DETAIL_TYPE, "detail": signal}
    letter = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}
    queue = aws.deployed.outputs["deadLetterQueueUrl"]
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(letter))

    recovery = aws.deployed.outputs["recoveryFunctionName"]
    aws.client("lambda").invoke(FunctionName=recovery, Payload=b'{"detail": {}}')

    assert ended(aws, waiting)["output"] == {"data": {"by": "a letter"}}
