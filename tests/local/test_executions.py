"""The whole system on the local AWS, with IAM enforced: from an event to the end of its task."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from infra.documents import policies
from infra.documents.state_machine_definition import definition
from infra.state_machine import arn_from_name
from tests.running import Ended, Running

RUN_ONCE = ["TransformEvent", "Run", "CheckStatus"]


def test_a_task_that_is_done_ends_in_done(aws: Running) -> None:
    task_id = aws.trigger("countUp", {"until": 1})

    ended = aws.run(task_id)
    record = aws.record(task_id)

    assert (ended.status, ended.states) == ("SUCCEEDED", [*RUN_ONCE, "Done"])
    assert ended.output["message"] == "Counted."
    assert ended.output["output"] == {"count": 1}
    assert (record["taskStatus"], record["iterations"], record["output"]) == (
        "success",
        1,
        {"count": 1},
    )
    assert record["createdBy"]["type"] == "iam"
    assert record["startedOn"]
    assert record["finishedOn"]


@pytest.mark.parametrize(
    ("definition", "visits"), [("countUp", 1), ("countInVisits", 3)], ids=["in place", "in visits"]
)
def test_a_task_that_continues_runs_again_with_its_new_input(
    aws: Running, definition: str, visits: int
) -> None:
    task_id = aws.trigger(definition, {"until": 3})

    ended = aws.run(task_id)
    record = aws.record(task_id)

    assert ended.states == ["TransformEvent", *["Run", "CheckStatus"] * visits, "Done"]
    assert (record["iterations"], record["input"]["count"], record["output"]) == (
        3,
        2,
        {"count": 3},
    )
    lines = [[line["message"] for line in log["items"]] for log in record["logs"]]
    assert lines == [
        ["Counted to 1.", "Task continuing."],
        ["Counted to 2.", "Task continuing."],
        ["Counted to 3.", "Counted."],
    ]


def test_a_task_that_continues_with_a_wait_enters_wait(aws: Running) -> None:
    ended = aws.run(aws.trigger("countUp", {"until": 2, "wait": 5}))

    assert ended.states == [*RUN_ONCE, "Wait", "Run", "CheckStatus", "Done"]
    entered = _entered(aws, ended.arn, "Wait")
    assert entered["wait"] == 5
    assert "input" not in entered


def test_a_delayed_task_waits_before_its_first_iteration(
    aws: Running,
) -> None:
    task_id = aws.trigger("countUp", {"until": 1}, delay=30)

    ended = aws.run(task_id)
    record = aws.record(task_id)

    assert ended.states == [*RUN_ONCE, "Wait", "Run", "CheckStatus", "Done"]
    assert (record["iterations"], record["executionName"]) == (1, ended.arn.rpartition(":")[2])


def test_a_failed_task_ends_in_error_with_its_code_and_its_error_as_the_cause(
    aws: Running,
) -> None:
    task_id = aws.trigger("endBadly", {"how": "fail"})

    ended = aws.run(task_id)

    error = {"message": "Failed on purpose.", "code": "ON_PURPOSE", "data": {"why": "a test"}}
    record = aws.record(task_id)
    assert (ended.status, ended.states) == ("FAILED", [*RUN_ONCE, "Error"])
    assert (ended.error, json.loads(ended.cause or "")) == ("ON_PURPOSE", error)
    assert (record["taskStatus"], record["output"]) == ("failed", {"error": error})
    assert record["logs"][0]["items"][-1]["type"] == "error"


def rows_of(aws: Running, task_id: str) -> Any:
    """What the table has of a task's logs."""
    return aws.client("dynamodb").query(
        TableName=aws.table,
        KeyConditionExpression="pk = :task AND begins_with(sk, :log)",
        ExpressionAttributeValues={":task": {"S": f"TASK#{task_id}"}, ":log": {"S": "LOG#"}},
    )["Items"]


def test_an_exception_ends_in_error_with_its_type_as_the_code(aws: Running) -> None:
    task_id = aws.trigger("endBadly", {"how": "raise"})

    ended = aws.run(task_id)
    line = aws.record(task_id)["logs"][0]["items"][-1]

    error = {"message": "Raised on purpose.", "code": "ZeroDivisionError"}
    assert (ended.states[-1], ended.error) == ("Error", "ZeroDivisionError")
    assert json.loads(ended.cause or "") == line["error"] == error
    assert "end_badly.py" in json.dumps(rows_of(aws, task_id))


@pytest.mark.parametrize(
    ("how", "code"), [("exit", "WORKER_KILLED"), ("kill", "WORKER_OUT_OF_MEMORY")]
)
def test_a_worker_that_dies_twice_fails_its_task(aws: Running, how: str, code: str) -> None:
    # Lambda ends a process that takes too much memory with SIGKILL: both look alike.
    task_id = aws.trigger("endBadly", {"how": how})

    ended = aws.run(task_id)
    record = aws.record(task_id)

    assert (ended.status, ended.states, ended.error) == ("FAILED", [*RUN_ONCE, "Error"], code)
    assert (record["taskStatus"], record["iterations"]) == ("failed", 3)
    assert record["output"]["error"]["code"] == code
    assert "did not end" in record["logs"][0]["items"][0]["message"]


def test_an_aborted_task_ends_in_aborted(aws: Running) -> None:
    task_id = aws.trigger("waitForAbort", {})
    aws.until(lambda: aws.record(task_id)["taskStatus"] == "running")

    aws.abort(task_id, "Enough.")
    ended = aws.run(task_id)
    record = aws.record(task_id)

    assert (ended.status, ended.states) == ("SUCCEEDED", [*RUN_ONCE, "Aborted"])
    assert record["taskStatus"] == "aborted"
    assert "Enough." in [line["message"] for log in record["logs"] for line in log["items"]]


def test_an_abort_stops_a_waiting_execution(aws: Running) -> None:
    task_id = aws.trigger("countUp", {"until": 2, "wait": 100_000})
    aws.until(lambda: aws.record(task_id)["iterations"] == 1)
    execution = aws.execution(task_id)
    aws.until(lambda: aws.record(task_id)["logs"])

    aws.abort(task_id)
    ended = aws.ended(execution)

    assert (ended.status, ended.states[-1]) == ("ABORTED", "Wait")
    assert aws.record(task_id)["taskStatus"] == "aborted"


def test_an_event_sent_by_hand_creates_a_record_with_the_id_of_the_event(aws: Running) -> None:
    event_id = aws.send(
        {"webinyTaskDefinitionId": "countUp", "input": {"until": 2}, "name": "By hand"}
    )

    ended = aws.run(event_id)
    record = aws.record(event_id)

    assert ended.states[-1] == "Done"
    assert (record["name"], record["taskStatus"], record["iterations"]) == ("By hand", "success", 2)
    assert record["createdBy"]["type"] == "event"


def test_a_hand_sent_event_of_an_unknown_definition_is_stored_as_a_failed_task(
    aws: Running,
) -> None:
    event_id = aws.send({"webinyTaskDefinitionId": "noSuchTask"})

    ended = aws.run(event_id)
    record = aws.record(event_id)

    assert (ended.states, ended.error) == ([*RUN_ONCE, "Error"], "TASK_DEFINITION_ERROR")
    assert (record["taskStatus"], record["definitionId"]) == ("failed", "noSuchTask")


def test_a_hand_sent_event_with_an_invalid_input_fails_and_names_each_field(
    aws: Running,
) -> None:
    event_id = aws.send({"webinyTaskDefinitionId": "countUp", "input": {"until": "many"}})

    ended = aws.run(event_id)

    assert ended.error == "VALIDATION_FAILED_INVALID_FIELDS"
    assert list(json.loads(ended.cause or "")["data"]["invalidFields"]) == ["until"]
    assert aws.record(event_id)["taskStatus"] == "failed"


def test_an_event_of_an_unknown_task_ends_in_error(aws: Running) -> None:
    aws.send({"webinyTaskId": "0123456789abcdef01234567", "webinyTaskDefinitionId": "countUp"})

    ended = aws.run("0123456789abcdef01234567")

    assert (ended.states, ended.error) == ([*RUN_ONCE, "Error"], "TASK_NOT_FOUND")


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ({"id": "e1", "detail": {"webinyTaskDefinitionId": 7}}, ["webinyTaskDefinitionId"]),
        ({"id": "e2", "detail": {}}, ["webinyTaskDefinitionId"]),
        ({"id": "e3", "detail": [1, 2]}, ["webinyTaskDefinitionId"]),
        ({}, ["webinyTaskId", "webinyTaskDefinitionId"]),
        ([], ["webinyTaskId", "webinyTaskDefinitionId"]),
        (None, ["webinyTaskId", "webinyTaskDefinitionId"]),
        (
            {
                "detail": {
                    "webinyTaskId": "t",
                    "webinyTaskDefinitionId": "countUp",
                    "tenant": 5,
                    "delay": "x",
                }
            },
            ["tenant", "delay"],
        ),
    ],
)
def test_a_malformed_event_ends_in_error_and_names_each_field(
    aws: Running, event: object, fields: list[str]
) -> None:
    ended = aws.ended(aws.start(event))

    invalid = json.loads(ended.cause or "")["data"]["invalidFields"]
    named = {field.partition(".")[0] for field in invalid}
    assert (ended.states, ended.error) == ([*RUN_ONCE, "Error"], "VALIDATION_FAILED_INVALID_FIELDS")
    assert named == set(fields)


def test_the_same_event_delivered_twice_is_one_task(aws: Running) -> None:
    task_id = aws.trigger("countUp", {"until": 4, "wait": 20})
    first = aws.execution(task_id)
    event = json.loads(aws.states.describe_execution(executionArn=first)["input"])

    second = aws.start(event)
    ended = [aws.ended(arn) for arn in (first, second)]

    assert [execution.status for execution in ended] == ["SUCCEEDED", "SUCCEEDED"]
    quiet = [execution for execution in ended if execution.states == [*RUN_ONCE, "Done"]]
    assert len(quiet) == 1
    assert "changed nothing" in quiet[0].output["message"]
    assert aws.record(task_id)["iterations"] == 4


def test_an_event_delivered_after_the_end_succeeds_and_changes_nothing(aws: Running) -> None:
    task_id = aws.trigger("countUp", {"until": 1})
    first = aws.run(task_id)
    event = json.loads(aws.states.describe_execution(executionArn=first.arn)["input"])

    late = aws.ended(aws.start(event))

    assert (late.status, late.states) == ("SUCCEEDED", [*RUN_ONCE, "Done"])
    assert aws.record(task_id)["iterations"] == 1


def test_stopping_an_execution_in_the_console_aborts_its_task(aws: Running) -> None:
    task_id = aws.trigger("countUp", {"until": 2, "wait": 100_000})
    aws.until(lambda: aws.record(task_id)["iterations"] == 1)
    execution = aws.execution(task_id)

    aws.states.stop_execution(executionArn=execution, cause="Stopped by a person.")
    aws.until(lambda: aws.record(task_id)["taskStatus"] == "aborted")
    messages = [line["message"] for log in aws.record(task_id)["logs"] for line in log["items"]]

    assert "The execution was stopped. Stopped by a person." in messages


STUB = """
import json
def handler(event, context):
    answer = json.loads(event["payload"]["input"]["answer"])
    if answer == "raise":
        raise KeyError("a bug of ours")
    return answer
"""


@pytest.fixture(scope="module")
def stub_machine(aws: Running) -> Iterator[str]:
    """The state machine with a stub worker, which returns the answer in the event."""
    iam, functions = aws.client("iam"), aws.client("lambda")
    role = "arn:aws:iam::000000000000:role/stub"
    source = arn_from_name(str(aws.deployed.outputs["stateMachineArn"]), "stub")
    trust = policies.trust("states", source=source)
    iam.create_role(RoleName="stub", AssumeRolePolicyDocument=json.dumps(trust))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("stub.py", STUB)
    function = functions.create_function(
        FunctionName="stub",
        Runtime="python3.13",
        Role=role,
        Handler="stub.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    document = json.dumps(policies.state_machine(workers=[function]))
    iam.put_role_policy(RoleName="stub", PolicyName="stub", PolicyDocument=document)
    machine = aws.states.create_state_machine(
        name="stub",
        roleArn=role,
        definition=json.dumps(definition(worker_arn=function)),
        type="STANDARD",
    )["stateMachineArn"]
    yield machine
    aws.states.delete_state_machine(stateMachineArn=machine)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"status": "sideways"}, '{"status":"sideways"}'),
        ({"statusCode": 500, "body": "Internal"}, '"statusCode":500'),
        (None, "null"),
        ([{"status": "done"}], '[{"status":"done"}]'),
        ("done", '"done"'),
        (7, "7"),
    ],
)
def test_an_answer_without_a_known_status_ends_in_unknown_status_with_the_answer(
    aws: Running, stub_machine: str, answer: object, shown: str
) -> None:
    ended = _answered(aws, stub_machine, answer)

    assert (ended.status, ended.states, ended.error) == (
        "FAILED",
        [*RUN_ONCE, "UnknownStatus"],
        "UnknownStatus",
    )
    assert shown.strip('"') in (ended.cause or "")


def test_a_broken_worker_ends_in_unknown_error_with_its_exception(
    aws: Running, stub_machine: str
) -> None:
    ended = _answered(aws, stub_machine, "raise")

    assert (ended.status, ended.states, ended.error) == (
        "FAILED",
        ["TransformEvent", "Run", "UnknownError"],
        "KeyError",
    )
    assert "a bug of ours" in (ended.cause or "")


def test_an_error_without_a_code_gets_the_code_task_error(aws: Running, stub_machine: str) -> None:
    ended = _answered(aws, stub_machine, {"status": "error", "error": {"message": "No code."}})

    assert (ended.states[-1], ended.error) == ("Error", "TASK_ERROR")


def _answered(aws: Running, machine: str, answer: object) -> Ended:
    event = {
        "id": "e",
        "detail": {"webinyTaskDefinitionId": "x", "input": {"answer": json.dumps(answer)}},
    }
    return aws.ended(
        aws.states.start_execution(stateMachineArn=machine, input=json.dumps(event))["executionArn"]
    )


def _entered(aws: Running, arn: str, state: str) -> dict[str, object]:
    """What a state was entered with."""
    events = aws.states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    details = [
        event["stateEnteredEventDetails"] for event in events if "stateEnteredEventDetails" in event
    ]
    [entered] = [json.loads(detail["input"]) for detail in details if detail["name"] == state]
    return dict(entered)
