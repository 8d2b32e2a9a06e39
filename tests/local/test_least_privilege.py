"""Each permission of each role is needed: without it, something of the stack does not work."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

import pytest
from botocore.exceptions import ClientError

from handler.errors import BackgroundTaskError
from infra.documents.policies import LOG_DELIVERY, NETWORK_INTERFACES, SAMPLE_TRACES, WRITE_TRACES
from tests.infra.variants import deployed
from tests.local import acting
from tests.local.acting import Acting
from tests.local.roles import Grant, Role, names_of_roles
from tests.running import Running
from tests.starting import started

pytestmark = pytest.mark.slow

Use = Callable[[Acting], None]

# How long what is broken is waited for.
_IMPATIENT_SECONDS: Final = 2.0

TASKS: Final[dict[Grant, Use]] = {
    **{
        (f"dynamodb:{action}", "table"): acting.takes_a_task_from_its_trigger_to_its_deletion
        for action in (
            "BatchGetItem",
            "ConditionCheckItem",
            "DeleteItem",
            "GetItem",
            "PutItem",
            "Query",
            "UpdateItem",
        )
    },
    ("dynamodb:Query", "indexes"): acting.takes_a_task_from_its_trigger_to_its_deletion,
    ("events:PutEvents", "bus"): acting.takes_a_task_from_its_trigger_to_its_deletion,
    ("s3:DeleteObject", "payloads"): acting.takes_a_task_from_its_trigger_to_its_deletion,
    ("s3:GetObject", "payloads"): acting.takes_a_task_from_its_trigger_to_its_deletion,
    ("s3:ListBucket", "bucket"): acting.takes_a_task_from_its_trigger_to_its_deletion,
    ("s3:PutObject", "payloads"): acting.takes_a_task_from_its_trigger_to_its_deletion,
    ("states:StopExecution", "executions"): acting.stops_the_execution_of_an_aborted_task,
}
# What each role's permissions are for.
USES: Final[dict[str, dict[Grant, Use]]] = {
    "worker": {
        **TASKS,
        ("states:GetExecutionHistory", "executions"): acting.sees_how_its_process_died,
        (
            "sqs:SendMessage",
            "dead letters",
        ): acting.leaves_a_signal_that_it_could_not_hand_over,
    },
    "api": TASKS,
    "recovery": {
        **TASKS,
        ("dynamodb:BatchWriteItem", "table"): acting.dates_the_rows_of_a_task_that_is_over,
        ("states:DescribeExecution", "executions"): acting.ends_a_task_whose_execution_is_gone,
        ("sqs:ReceiveMessage", "dead letters"): acting.takes_dead_letters_out_of_the_queue,
        ("sqs:DeleteMessage", "dead letters"): acting.takes_dead_letters_out_of_the_queue,
        ("sqs:SendMessage", "failures"): acting.leaves_a_record_of_a_failed_invocation,
    },
    "state-machine": {("lambda:InvokeFunction", "worker"): acting.invokes_the_worker},
    "start": {("states:StartExecution", "state machine"): acting.starts_an_execution_for_an_event},
    "schedules": {
        ("states:StartExecution", "state machine"): acting.starts_an_execution_for_a_tick,
        (
            "sqs:SendMessage",
            "dead letters",
        ): acting.sends_a_tick_that_starts_nothing_to_the_dead_letters,
    },
}
# What the local AWS does without asking for, and where AWS says that it asks.
_LOGS: Final = 'Lambda guide, "Sending Lambda function logs to CloudWatch Logs"'
_DELIVERY: Final = 'Step Functions guide, "Using CloudWatch Logs to log execution history"'
NOT_ASKED_FOR: Final[dict[str, dict[Grant, str]]] = {
    **{
        role: {("logs:CreateLogStream", "log"): _LOGS, ("logs:PutLogEvents", "log"): _LOGS}
        for role in ("worker", "api", "recovery")
    },
    "state-machine": {(action, "*"): _DELIVERY for action in LOG_DELIVERY},
}
# Each resource that a service may act for.
TRUSTED: Final = {
    "state-machine": acting.invokes_the_worker,
    "start": acting.starts_an_execution_for_an_event,
    "schedules": acting.starts_an_execution_for_a_tick,
}
ELSEWHERE: Final = "arn:aws:events:eu-central-1:000000000000:rule/of-somebody-else"
BROKEN: Final = (AssertionError, BackgroundTaskError, ClientError)
# What the roles may besides, where a stack has a key, a VPC or traces: the local AWS asks for none.
_KEY: Final = 'S3 guide, "Using SSE-KMS"; SQS guide, "Key management"'
_VPC: Final = 'Lambda guide, "Giving Lambda functions access to resources in an Amazon VPC"'
_TRACES: Final = 'X-Ray guide, "How AWS X-Ray works with IAM"'
ONLY_IF_CONFIGURED: Final = {
    "kms:Decrypt": _KEY,
    "kms:GenerateDataKey": _KEY,
    **dict.fromkeys(NETWORK_INTERFACES, _VPC),
    **dict.fromkeys((*WRITE_TRACES, *SAMPLE_TRACES), _TRACES),
}
CASES = [
    pytest.param(role, grant, use, id=f"{role}-{grant[0]}-{grant[1]}")
    for role, uses in USES.items()
    for grant, use in uses.items()
]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A system of its own: what doesn't work here leaves letters and tasks behind."""
    with started(tmp_path_factory.mktemp("project")) as running:
        yield running


@pytest.fixture(scope="module")
def acting_as(aws: Running) -> Iterator[Callable[[str], Acting]]:
    """Each role at work, by the end of its name."""
    at_work: dict[str, Acting] = {}
    users = []

    def acts(suffix: str) -> Acting:
        if suffix not in at_work:
            role = Role(aws, suffix)
            users.append(role.access())
            at_work[suffix] = Acting(aws, role, users[-1].__enter__())
        return at_work[suffix]

    yield acts
    for user in users:
        user.__exit__(None, None, None)


@pytest.fixture(scope="module")
def works(acting_as: Callable[[str], Acting]) -> Callable[[str, Use], None]:
    """Sees once that something works with all that a role may."""
    seen: set[tuple[str, Use]] = set()

    def check(role: str, use: Use) -> None:
        if (role, use) not in seen:
            use(acting_as(role))
            seen.add((role, use))

    return check


@pytest.mark.parametrize(("role", "grant", "use"), CASES)
def test_without_a_permission_something_does_not_work(
    role: str,
    grant: Grant,
    use: Use,
    acting_as: Callable[[str], Acting],
    works: Callable[[str, Use], None],
) -> None:
    works(role, use)
    at_work = replace(acting_as(role), patience_seconds=_IMPATIENT_SECONDS)

    with at_work.role.without(*grant), pytest.raises(BROKEN):
        use(at_work)


@pytest.mark.parametrize("role", ["worker", "api", "recovery"])
def test_with_another_prefix_in_its_condition_a_role_reaches_no_payloads(
    role: str, acting_as: Callable[[str], Acting]
) -> None:
    at_work = acting_as(role)
    document = at_work.role.document
    for statement in document["Statement"]:
        if "Condition" in statement:
            statement["Condition"] = {"StringLike": {"s3:prefix": "other/*"}}

    with at_work.role.having(document), pytest.raises(BROKEN):
        acting.takes_a_task_from_its_trigger_to_its_deletion(at_work)


@pytest.mark.parametrize("role", ["worker", "api", "recovery"])
def test_whoever_may_trigger_and_abort_a_task_may_retry_it(
    role: str, acting_as: Callable[[str], Acting]
) -> None:
    acting.retries_a_task(acting_as(role))


@pytest.mark.parametrize("role", ["worker", "api", "recovery"])
def test_whoever_may_trigger_and_abort_a_task_may_change_its_limit_and_drain_its_queue(
    role: str, acting_as: Callable[[str], Acting]
) -> None:
    acting.changes_a_limit_and_drains_its_queue(acting_as(role))


@pytest.mark.parametrize("role", ["worker", "api", "recovery"])
def test_whoever_may_trigger_a_task_may_do_it_at_a_rate_and_in_a_burst(
    role: str, acting_as: Callable[[str], Acting]
) -> None:
    acting.triggers_at_a_rate_and_in_a_burst(acting_as(role))


@pytest.mark.parametrize("role", [*TRUSTED])
def test_a_role_that_trusts_its_service_for_another_resource_is_of_no_use(
    role: str, acting_as: Callable[[str], Acting], works: Callable[[str, Use], None]
) -> None:
    works(role, TRUSTED[role])
    at_work = replace(acting_as(role), patience_seconds=_IMPATIENT_SECONDS)

    with at_work.role.trusting(source=ELSEWHERE), pytest.raises(BROKEN):
        TRUSTED[role](at_work)


@pytest.mark.parametrize("role", [*USES])
def test_every_permission_has_a_use_or_a_reason_why_none_can_be_seen(
    aws: Running, role: str
) -> None:
    granted = Role(aws, role).grants

    explained = {*USES[role], *NOT_ASKED_FOR.get(role, {})}

    assert explained == granted


@pytest.mark.parametrize("role", [*NOT_ASKED_FOR])
def test_nothing_that_is_seen_here_needs_what_the_local_aws_does_not_ask_for(
    role: str, acting_as: Callable[[str], Acting]
) -> None:
    at_work = acting_as(role)

    with ExitStack() as taken_away:
        for grant in NOT_ASKED_FOR[role]:
            taken_away.enter_context(at_work.role.without(*grant))
        for use in dict.fromkeys(USES[role].values()):
            use(at_work)


def test_what_a_role_may_only_with_some_config_has_a_reason_why_it_is_not_tried() -> None:
    policies = deployed("everything").all("aws:iam/rolePolicy:RolePolicy")
    statements = [each for one in policies for each in json.loads(one["policy"])["Statement"]]
    tried = {
        action for table in (USES, NOT_ASKED_FOR) for role in table.values() for action, _ in role
    }

    besides = {action for each in statements for action in each["Action"]} - tried

    assert besides == ONLY_IF_CONFIGURED.keys()


def test_every_role_of_the_stack_is_looked_at(aws: Running) -> None:
    assert set(names_of_roles(aws)) == {Role(aws, suffix).name for suffix in USES}
