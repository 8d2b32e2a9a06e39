"""Where ministack is corrected: each of these differs from AWS without its correction in
local/aws.
"""

import errno
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from local.access import Access, Client
from local.aws import patch
from local.aws.lambda_errors import exit_report, with_endings
from local.graphql_client import GraphqlFailed, execute
from tests.local.conftest import Outputs, Until

Invoke = Callable[[object], dict[str, Any]]
Run = Callable[[str], dict[str, Any]]
DeadLetter = Callable[[], dict[str, str]]
Afterwards = Callable[..., None]


@pytest.fixture
def afterwards(request: pytest.FixtureRequest) -> Afterwards:
    """Undoes, when the test is over, what it changed in the program that all tests share."""

    def undo(call: Callable[..., object], **arguments: object) -> None:
        request.addfinalizer(lambda: call(**arguments))

    return undo


@pytest.fixture
def invoke(access: Access, outputs: Outputs) -> Invoke:
    def run(event: object) -> dict[str, Any]:
        answer = access.client("lambda").invoke(
            FunctionName=outputs["functionName"], Payload=json.dumps(event).encode()
        )
        assert answer["FunctionError"] == "Unhandled"
        report: dict[str, Any] = json.load(answer["Payload"])
        return report

    return run


@pytest.fixture
def run(access: Access, outputs: Outputs, until: Until) -> Run:
    """Runs the state machine to its end and describes the execution."""
    states = access.client("stepfunctions")

    def to_the_end(how: str) -> dict[str, Any]:
        arn = states.start_execution(
            stateMachineArn=outputs["stateMachineArn"], input=json.dumps({"detail": {"how": how}})
        )["executionArn"]
        execution: dict[str, Any] = until(lambda: finished(states, arn))
        return execution

    return to_the_end


def finished(states: Client, arn: str) -> dict[str, Any] | None:
    execution: dict[str, Any] = states.describe_execution(executionArn=arn)
    return execution if execution["status"] != "RUNNING" else None


def test_an_exception_is_reported_by_its_class(invoke: Invoke) -> None:
    report = invoke({"how": "raise"})
    assert report["errorType"] == "StoreUnavailable"
    assert report["errorMessage"] == "The table does not answer."
    assert "in handler" in report["stackTrace"][0]
    assert len(report["requestId"]) == 36


@pytest.mark.parametrize(
    ("how", "ending"),
    [
        ("exit", "with error: exit status 3"),
        ("exit quietly", "without providing a reason"),
        ("kill", "with error: signal: killed"),
    ],
)
def test_a_process_that_ended_is_an_exit_error_that_says_how(
    invoke: Invoke, how: str, ending: str
) -> None:
    report = invoke({"how": how})
    assert report["errorType"] == "Runtime.ExitError"
    assert str(report["errorMessage"]).endswith(f"Error: Runtime exited {ending}")


def test_a_segmentation_fault_is_called_as_lambda_calls_it() -> None:
    assert (
        exit_report(-11, "1")["errorMessage"]
        == "RequestId: 1 Error: Runtime exited with error: signal: segmentation fault"
    )


def test_a_process_that_was_gone_before_it_could_read_its_event_ended_too() -> None:
    class Worker:
        """ministack's, whose process somebody has killed."""

        _proc: subprocess.Popen[bytes]

        def _spawn(self) -> None:
            self._proc = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])

        def invoke(self, event: object, request_id: str) -> dict[str, str]:
            self._spawn()
            return {
                "status": "error",
                "error": str(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))),
            }

    report = json.loads(with_endings(Worker)().invoke({}, "1")["error"])
    assert report["errorType"] == "Runtime.ExitError"
    assert report["errorMessage"] == "RequestId: 1 Error: Runtime exited with error: exit status 3"


def test_a_function_that_took_too_long_is_a_sandbox_timeout(
    access: Access, outputs: Outputs, invoke: Invoke, afterwards: Afterwards
) -> None:
    functions = access.client("lambda")
    functions.update_function_configuration(FunctionName=outputs["functionName"], Timeout=1)
    afterwards(
        functions.update_function_configuration, FunctionName=outputs["functionName"], Timeout=30
    )
    report = invoke({"how": "sleep"})
    assert report["errorType"] == "Sandbox.Timedout"
    assert str(report["errorMessage"]).endswith("Error: Task timed out after 1.00 seconds")


def test_a_module_that_does_not_import_is_an_import_module_error(
    access: Access, outputs: Outputs, invoke: Invoke, afterwards: Afterwards
) -> None:
    functions = access.client("lambda")
    functions.update_function_configuration(
        FunctionName=outputs["functionName"], Handler="missing.handler"
    )
    afterwards(
        functions.update_function_configuration,
        FunctionName=outputs["functionName"],
        Handler="answer.handler",
    )
    report = invoke({})
    assert report["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'missing'" in str(report["errorMessage"])


def test_a_state_machine_catches_a_failed_function_by_its_error_type(run: Run) -> None:
    caught = json.loads(run("raise")["output"])
    assert caught["Error"] == "StoreUnavailable"
    assert json.loads(caught["Cause"])["errorMessage"] == "The table does not answer."


def test_an_answer_beyond_256_kib_fails_the_execution_past_any_catch(run: Run) -> None:
    execution = run("big")
    assert (execution["status"], execution["error"]) == ("FAILED", "States.DataLimitExceeded")
    assert "size exceeding the maximum number of bytes" in execution["cause"]


def test_a_stopped_execution_stays_stopped(access: Access, outputs: Outputs, until: Until) -> None:
    states = access.client("stepfunctions")
    arn = states.start_execution(
        stateMachineArn=outputs["stateMachineArn"], input='{"detail": {"how": "doze"}}'
    )["executionArn"]

    def types_of_events() -> list[str]:
        return [event["type"] for event in states.get_execution_history(executionArn=arn)["events"]]

    until(lambda: "TaskScheduled" in types_of_events())
    states.stop_execution(executionArn=arn, error="Stopped", cause="By a test.")
    functions = access.client("lambda")
    # The function is busy until it wakes; an answer to another invocation of the same moment comes
    # after its own.
    assert json.load(
        functions.invoke(FunctionName=outputs["functionName"], Payload=b'{"how": "doze"}')[
            "Payload"
        ]
    )
    assert types_of_events()[-1] == "ExecutionAborted"
    assert states.describe_execution(executionArn=arn)["status"] == "ABORTED"


def test_a_state_machine_may_invoke_only_what_its_role_allows(
    access: Access, outputs: Outputs, run: Run, afterwards: Afterwards
) -> None:
    iam, role = access.client("iam"), outputs["roles"]["machine"]
    document = iam.get_role_policy(RoleName=role, PolicyName="invoke")["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName="invoke")
    afterwards(
        iam.put_role_policy, RoleName=role, PolicyName="invoke", PolicyDocument=json.dumps(document)
    )
    execution = run("ok")
    caught = json.loads(execution["output"])
    assert caught["Error"] == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction" in caught["Cause"]


def test_a_throttled_function_is_a_too_many_requests_exception(
    access: Access, outputs: Outputs, run: Run, afterwards: Afterwards
) -> None:
    functions = access.client("lambda")
    functions.put_function_concurrency(
        FunctionName=outputs["functionName"], ReservedConcurrentExecutions=0
    )
    afterwards(functions.delete_function_concurrency, FunctionName=outputs["functionName"])
    execution = run("ok")
    assert json.loads(execution["output"])["Error"] == "Lambda.TooManyRequestsException"


@pytest.fixture
def dead_letter(access: Access, outputs: Outputs, until: Until) -> DeadLetter:
    """Sends an event, which nothing may take, and reads what became of it."""

    def send() -> dict[str, str]:
        entry = {
            "EventBusName": outputs["eventBusName"],
            "Source": "test",
            "DetailType": "Work",
            "Detail": '{"a": 1}',
        }
        event_id = access.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"]
        queue = access.client("sqs")
        [message] = until(
            lambda: queue.receive_message(
                QueueUrl=outputs["queueUrl"], MessageAttributeNames=["All"]
            ).get("Messages")
        )
        queue.delete_message(QueueUrl=outputs["queueUrl"], ReceiptHandle=message["ReceiptHandle"])
        assert json.loads(message["Body"])["id"] == event_id
        return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    return send


def test_an_event_for_a_missing_state_machine_goes_to_the_dead_letter_queue(
    access: Access, outputs: Outputs, dead_letter: DeadLetter, afterwards: Afterwards
) -> None:
    events, bus = access.client("events"), outputs["eventBusName"]
    [rule] = events.list_rules(EventBusName=bus)["Rules"]
    [target] = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
    missing = target["Arn"] + "-missing"
    events.put_targets(Rule=rule["Name"], EventBusName=bus, Targets=[{**target, "Arn": missing}])
    afterwards(events.put_targets, Rule=rule["Name"], EventBusName=bus, Targets=[target])
    attributes = dead_letter()
    assert attributes["ERROR_CODE"] == "NO_RESOURCE"
    assert attributes["TARGET_ARN"] == missing
    assert attributes["RULE_ARN"] == outputs["ruleArn"]
    assert set(attributes) == {
        "RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE",
        "EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS",
    }  # fmt: skip


def test_an_event_that_the_role_may_not_deliver_goes_to_the_dead_letter_queue(
    access: Access, outputs: Outputs, dead_letter: DeadLetter, afterwards: Afterwards
) -> None:
    iam, role = access.client("iam"), outputs["roles"]["rule"]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    afterwards(
        iam.put_role_policy, RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document)
    )
    attributes = dead_letter()
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"


def test_an_event_for_a_function_that_does_not_know_the_rule_goes_to_the_dead_letter_queue(
    access: Access, outputs: Outputs, dead_letter: DeadLetter, afterwards: Afterwards
) -> None:
    events, bus = access.client("events"), outputs["eventBusName"]
    [rule] = events.list_rules(EventBusName=bus)["Rules"]
    [target] = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
    function = access.client("lambda").get_function_configuration(
        FunctionName=outputs["functionName"]
    )["FunctionArn"]
    events.put_targets(Rule=rule["Name"], EventBusName=bus, Targets=[{**target, "Arn": function}])
    afterwards(events.put_targets, Rule=rule["Name"], EventBusName=bus, Targets=[target])
    attributes = dead_letter()
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"


def test_a_ministack_without_what_is_corrected_says_which_and_what_to_install() -> None:
    with pytest.raises(
        patch.UnknownMinistack,
        match=r"without made_up\.absent, .*pip install -r requirements-dev\.txt",
    ):
        patch.replace(types.ModuleType("made_up"), "absent", lambda original: original)


def test_a_ministack_without_the_line_that_is_corrected_says_so() -> None:
    owner = types.ModuleType("made_up")
    owner.script = "one line, and another"  # type: ignore[attr-defined]
    with pytest.raises(patch.UnknownMinistack, match=r"without the line 'third' in made_up.script"):
        patch.replace_text(owner, "script", "third", "fourth")


def test_a_ministack_without_the_module_says_so() -> None:
    with pytest.raises(patch.UnknownMinistack, match=r"without the module ministack.made_up"):
        patch.module("made_up")


def test_an_api_may_invoke_only_a_function_that_lets_it(
    access: Access, outputs: Outputs, afterwards: Afterwards
) -> None:
    functions, name = access.client("lambda"), outputs["functionName"]
    policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    [statement] = [statement for statement in policy["Statement"] if statement["Sid"] == "api"]
    functions.remove_permission(FunctionName=name, StatementId="api")
    afterwards(
        functions.add_permission,
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
    )
    with pytest.raises(GraphqlFailed, match=r"answered 500: .*Internal Server Error"):
        execute(access, outputs["apiUrl"], "{ anything }")


def test_put_events_refuses_what_is_no_event_and_takes_the_rest(
    access: Access, outputs: Outputs
) -> None:
    details = ["[]", "5", "{", '{"how": "ok"}', ""]
    entries = [
        {
            "EventBusName": outputs["eventBusName"],
            "Source": "test",
            "DetailType": "Other",
            "Detail": detail,
        }
        for detail in details
    ]
    answer = access.client("events").put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 4
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == [
        "MalformedDetail",
        "MalformedDetail",
        "MalformedDetail",
        None,
        "InvalidArgument",
    ]
