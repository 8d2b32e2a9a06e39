"""What an alias has from its function, and what is its own."""

import json

import pytest
from botocore.config import Config
from pulumi import AssetArchive, StringAsset

from local.resources import Account, Existing
from tests.local.conftest import Make, Until
from tests.local.resources.cases import FUNCTION, MACHINE, ROLE, allow, document, trust

CODE = AssetArchive(
    {
        "code.py": StringAsset(
            "def handler(event, context):\n"
            "    if event.get('fail'):\n"
            "        raise ValueError('It fails.')\n"
            "    return context.invoked_function_arn\n"
        )
    }
)
INVOKE = "lambda:InvokeFunction"


@pytest.fixture
def role(make: Make) -> Existing:
    role = make(ROLE, assumeRolePolicy=trust("lambda.amazonaws.com"))
    make("aws:iam/rolePolicy:RolePolicy", role=role.id, policy=allow("sqs:SendMessage"))
    return role


@pytest.fixture
def live(make: Make, role: Existing) -> Existing:
    """An alias of a function that says as what it was invoked, or fails."""
    function = make(
        FUNCTION,
        role=role.values["arn"],
        runtime="python3.13",
        handler="code.handler",
        code=CODE,
        publish=True,
    )
    return make(
        "aws:lambda/alias:Alias", functionName=function.id, name="live", functionVersion="1"
    )


def test_an_alias_is_within_the_limit_of_its_function(account: Account, live: Existing) -> None:
    functions = account.access.session.client(
        "lambda",
        endpoint_url=account.access.endpoint_url,
        config=Config(retries={"total_max_attempts": 1}),
    )
    functions.put_function_concurrency(
        FunctionName=live.values["functionName"], ReservedConcurrentExecutions=0
    )

    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName=live.id, Payload=b"{}")


@pytest.mark.parametrize("qualifier", [":live", ""])
def test_a_machine_may_invoke_what_its_role_names(
    qualifier: str, account: Account, live: Existing, make: Make, until: Until
) -> None:
    arn = live.id.removesuffix(":live")
    role = make(ROLE, assumeRolePolicy=trust("states.amazonaws.com"))
    allowed = {"Effect": "Allow", "Action": INVOKE, "Resource": f"{arn}{qualifier}"}
    make("aws:iam/rolePolicy:RolePolicy", role=role.id, policy=document(allowed))
    machine = make(MACHINE, roleArn=role.values["arn"], definition=_invoking(live.id))
    states = account.client("stepfunctions")

    run = states.start_execution(stateMachineArn=machine.id)["executionArn"]

    until(lambda: states.describe_execution(executionArn=run)["status"] != "RUNNING")
    ended = states.describe_execution(executionArn=run)
    if qualifier:
        assert json.loads(ended["output"])["Payload"] == live.id
    else:
        assert f"not authorized to perform: {INVOKE} on resource: {live.id}" in ended["cause"]


def _invoking(arn: str) -> str:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": {}},
        "End": True,
    }
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": task}})


def test_the_event_that_an_alias_fails_on_goes_where_the_alias_says(
    account: Account, live: Existing, make: Make, until: Until
) -> None:
    failures = make("aws:sqs/queue:Queue")
    make(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        functionName=live.values["functionName"],
        qualifier="live",
        maximumRetryAttempts=0,
        destinationConfig={"onFailure": {"destination": failures.values["arn"]}},
    )
    bus = make("aws:cloudwatch/eventBus:EventBus")
    rule = make(
        "aws:cloudwatch/eventRule:EventRule",
        eventBusName=bus.id,
        eventPattern='{"source": ["test"]}',
    )
    make(
        "aws:lambda/permission:Permission",
        function=live.values["functionName"],
        qualifier="live",
        action=INVOKE,
        principal="events.amazonaws.com",
        sourceArn=rule.values["arn"],
    )
    make(
        "aws:cloudwatch/eventTarget:EventTarget",
        rule=rule.values["name"],
        eventBusName=bus.id,
        arn=live.id,
        input='{"fail": true}',
    )

    entry = {"EventBusName": bus.id, "Source": "test", "DetailType": "Work", "Detail": "{}"}
    account.client("events").put_events(Entries=[entry])

    queue = account.client("sqs")
    [message] = until(lambda: queue.receive_message(QueueUrl=failures.id).get("Messages"))
    assert json.loads(message["Body"])["requestPayload"] == {"fail": True}
