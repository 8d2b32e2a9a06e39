"""A list of operations in one request, as Apollo's batch link sends them."""

import json
from typing import Any

import pytest

from handler import api as api_module
from handler.testing.world import Killed
from tests.handler.graphql.client import GET_TASK, LIST_DEFINITIONS, TRIGGER_TASK, Api
from tests.handler.stack import Stack

TRIGGER = {"query": TRIGGER_TASK, "variables": {"definition": "testingRun"}}
IDS = {"query": LIST_DEFINITIONS}
WRONG = {"query": "{ nope }"}


def sent(api: Api, *operations: object) -> Any:
    """What a batch is answered."""
    answer = api.send(list(operations))
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "application/json"
    answers = json.loads(answer["body"])
    assert len(answers) == len(operations)
    return answers


def triggered(answer: Any) -> Any:
    return answer["data"]["backgroundTasks"]["triggerTask"]


def test_each_operation_is_answered_in_its_place(stack: Stack, api: Api) -> None:
    first, second, third = sent(
        api, TRIGGER, IDS, TRIGGER | {"operationName": "TriggerTask", "extensions": {}}
    )

    ids = [triggered(answer)["data"]["id"] for answer in (first, third)]
    assert len(set(ids)) == 2
    assert all(stack.get(id).definition_id == "testingRun" for id in ids)
    assert len(second["data"]["backgroundTasks"]["listDefinitions"]["data"]) == 2


def test_a_batch_of_one_is_answered_with_a_list(api: Api) -> None:
    (answer,) = sent(api, IDS)
    assert "errors" not in answer


@pytest.mark.parametrize(
    "odd", [None, 5, "text", [], [IDS], {}, {"query": 5}, {"query": None}, {"variables": {}}]
)
def test_what_is_no_operation_is_an_error_in_its_place_and_the_others_are_carried_out(
    api: Api, odd: object
) -> None:
    before, wrong, behind = sent(api, TRIGGER, odd, TRIGGER)

    (error,) = wrong["errors"]
    assert error["message"].startswith('This is no operation: it has no "query". Send JSON: ')
    assert error["extensions"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
    assert triggered(before)["error"] is triggered(behind)["error"] is None


def test_a_document_that_is_wrong_or_asks_for_too_much_stands_alone(api: Api) -> None:
    much = {"query": "{ backgroundTasks { listTasks(limit: 1000) { data { %s } } } }" % ("id " * 3)}
    much["query"] = much["query"].replace("id id id", " ".join(f"a{n}: id" for n in range(101)))

    first, second, third = sent(api, WRONG, much, TRIGGER)

    assert "nope" in first["errors"][0]["message"]
    assert second["errors"][0]["extensions"]["code"] == "REQUEST_TOO_LARGE"
    assert triggered(third)["error"] is None


def test_a_failure_of_the_table_in_one_is_told_there(stack: Stack, api: Api) -> None:
    stack.dynamodb.fail(RuntimeError("away"), times=1)

    first, second = sent(api, TRIGGER, TRIGGER)

    assert triggered(first)["error"]["code"]
    assert triggered(second)["error"] is None


def test_more_than_ten_are_refused_and_none_is_carried_out(stack: Stack, api: Api) -> None:
    stack.dynamodb.requests.clear()

    answer = api.send([TRIGGER] * 11)

    assert answer["statusCode"] == 413
    (error,) = json.loads(answer["body"])["errors"]
    assert error["message"].startswith("The batch has 11 operations; it may have 10. Next: ")
    assert stack.dynamodb.requests == []
    assert len(sent(api, *[TRIGGER] * 10)) == 10


def test_an_empty_batch_is_no_request(api: Api) -> None:
    assert api.send([])["statusCode"] == 400


def test_what_a_request_may_ask_for_is_shared_by_its_batch(stack: Stack, api: Api) -> None:
    reads = " ".join(f'a{number}: getTask(id: "t") {{ data {{ id }} }}' for number in range(20))
    many = {"query": f"{{ backgroundTasks {{ {reads} }} }}"}

    *fitting, over, last = sent(api, many, many, many, IDS)

    assert all("errors" not in answer for answer in fitting)
    assert "The request has 60 reads; it may have 50." in over["errors"][0]["message"]
    assert "errors" not in last


def test_an_operation_that_is_not_carried_out_counts_for_nothing(api: Api) -> None:
    reads = " ".join(f'a{number}: getTask(id: "t") {{ data {{ id }} }}' for number in range(40))
    document = f"query Many {{ backgroundTasks {{ {reads} }} }} query Few {{ __typename }}"
    few = {"query": document, "operationName": "Few"}

    assert all("errors" not in answer for answer in sent(api, few, few, few))


def test_the_answers_together_are_no_larger_than_lambda_returns(stack: Stack, api: Api) -> None:
    for number in range(3):
        stack.create(id=f"t{number}", input={"text": "x" * 2_500_000})
    asked = [
        {"query": GET_TASK.replace("eventResponse", ""), "variables": {"id": f"t{number}"}}
        for number in range(3)
    ]

    first, second, third, last = sent(api, *asked, IDS)

    assert first["data"]["backgroundTasks"]["getTask"]["error"] is None
    assert second["data"]["backgroundTasks"]["getTask"]["error"] is None
    assert third["errors"]
    assert "errors" not in last
    assert len(json.dumps(api.send([*asked, IDS]))) < 6_291_556


def test_a_killed_process_answers_nothing(
    stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(api_module, "execute", die)
    with pytest.raises(Killed):
        api.send([TRIGGER, TRIGGER])
