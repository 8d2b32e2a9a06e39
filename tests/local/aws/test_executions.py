"""Executions under the limits and permissions of Step Functions."""

import json

import pytest
from pulumi import AssetArchive, StringAsset

from local.access import Access
from local.resources import Account, delete
from tests.local.aws.conftest import Afterwards, Run, TrustAnother
from tests.local.conftest import Make, Outputs, Until
from tests.local.resources.cases import FUNCTION, MACHINE, ROLE, allow, pass_state, trust

DOZING = AssetArchive(
    {
        "code.py": StringAsset(
            "import time\ndef handler(event, context):\n    print('It runs.')\n    time.sleep(0.1)"
        )
    }
)


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


def test_the_executions_of_a_deleted_machine_invoke_nothing_more(
    account: Account, make: Make, until: Until
) -> None:
    states, functions = account.client("stepfunctions"), account.client("lambda")
    role = make(
        ROLE,
        assumeRolePolicy=trust("states.amazonaws.com", "lambda.amazonaws.com"),
        inlinePolicies=[{"name": "invoke", "policy": allow("lambda:InvokeFunction")}],
    )
    plain = {"role": role.values["arn"], "runtime": "python3.13", "handler": "code.handler"}
    function = make(FUNCTION, **plain, code=DOZING)
    group = make("aws:cloudwatch/logGroup:LogGroup", name=f"/aws/lambda/{function.id}")
    machine = make(MACHINE, roleArn=role.values["arn"], definition=_endless(function.id))

    def runs() -> int:
        pages = account.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=group.id, filterPattern='"It runs."')
        return sum(len(page["events"]) for page in found)

    states.start_execution(stateMachineArn=machine.id)
    until(runs)

    delete(account, machine)
    # What began before the deletion has begun when this call returns.
    functions.invoke(FunctionName=function.id, Payload=b"{}")
    before = runs()
    for _ in range(3):
        functions.invoke(FunctionName=function.id, Payload=b"{}")

    assert runs() == before + 3


def _endless(function: str) -> str:
    run = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": {}},
        "Next": "Run",
    }
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": run}})


def test_a_deleted_machine_takes_its_versions_along(account: Account, make: Make) -> None:
    states = account.client("stepfunctions")
    role = make(ROLE, assumeRolePolicy=trust("states.amazonaws.com"))
    machine = make(MACHINE, roleArn=role.values["arn"], definition=pass_state("{}"), publish=True)

    delete(account, machine)

    with pytest.raises(states.exceptions.StateMachineDoesNotExist):
        states.start_execution(stateMachineArn=machine.values["stateMachineVersionArn"])
