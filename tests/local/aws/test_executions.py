"""Executions under the limits and permissions of Step Functions."""

import json

from local.access import Access
from tests.local.aws.conftest import Afterwards, Run, TrustAnother
from tests.local.conftest import Outputs, Until


def test_a_result_of_more_than_256_kib_fails_the_execution_despite_a_catch(run: Run) -> None:
    execution = run("big")

    assert (execution["status"], execution["error"]) == ("FAILED", "States.DataLimitExceeded")
    assert "size exceeding the maximum number of bytes" in execution["cause"]


def test_a_stopped_execution_stays_stopped(access: Access, outputs: Outputs, until: Until) -> None:
    states, functions = access.client("stepfunctions"), access.client("lambda")
    arn = states.start_execution(
        stateMachineArn=outputs["stateMachineArn"], input='{"detail": {"how": "doze"}}'
    )["executionArn"]

    def types_of_events() -> list[str]:
        return [event["type"] for event in states.get_execution_history(executionArn=arn)["events"]]

    until(lambda: "TaskScheduled" in types_of_events())

    states.stop_execution(executionArn=arn, error="Stopped", cause="By a test.")
    # The function takes one event at a time: this call returns after the execution's own.
    response = functions.invoke(FunctionName=outputs["functionName"], Payload=b'{"how": "doze"}')

    assert json.load(response["Payload"])
    assert types_of_events()[-1] == "ExecutionAborted"
    assert states.describe_execution(executionArn=arn)["status"] == "ABORTED"


def test_a_role_without_the_permission_to_invoke_fails_the_task(
    access: Access, outputs: Outputs, run: Run, afterwards: Afterwards
) -> None:
    iam, policy = access.client("iam"), {"PolicyName": "invoke"}
    policy["RoleName"] = outputs["roles"]["machine"]
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    iam.delete_role_policy(**policy)
    afterwards(iam.put_role_policy, **policy, PolicyDocument=json.dumps(document))

    execution = run("ok")

    caught = json.loads(execution["output"])
    assert caught["Error"] == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction" in caught["Cause"]


def test_a_role_that_trusts_another_machine_fails_the_task(
    outputs: Outputs, run: Run, trust_another: TrustAnother
) -> None:
    trust_another(outputs["roles"]["machine"], f"{outputs['stateMachineArn']}-of-another")

    execution = run("ok")

    assert json.loads(execution["output"])["Error"] == "Lambda.AWSLambdaException"


def test_a_throttled_function_fails_the_task_with_too_many_requests(
    access: Access, outputs: Outputs, run: Run, afterwards: Afterwards
) -> None:
    functions, name = access.client("lambda"), outputs["functionName"]
    before = functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    afterwards(
        functions.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=before
    )

    execution = run("ok")

    assert json.loads(execution["output"])["Error"] == "Lambda.TooManyRequestsException"
