"""Each check, where all is well and where it isn't, on the local AWS."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from cli.first_deploy import alarms, bucket, capacity, issuer, leftovers, logs, permissions, trial
from cli.first_deploy.__main__ import CHECKS
from cli.first_deploy.results import Check, Failed, Ok, Result, Skipped, When
from tests.cli.first_deploy.conftest import NewStack
from tests.running import Running

pytestmark = pytest.mark.slow

NOTHING: dict[str, Any] = {}  # the outputs of a stack that is not deployed


def failed(result: Result) -> Failed:
    assert isinstance(result, Failed), result
    return result


def ok(result: Result) -> Ok:
    assert isinstance(result, Ok), result
    return result


def skipped(result: Result) -> Skipped:
    assert isinstance(result, Skipped), result
    return result


def test_the_bucket_is_encrypted_as_the_program_sent_it(stack_of: NewStack) -> None:
    assert "SSE-C blocked" in ok(bucket.encryption(stack_of())).said


def test_a_bucket_that_aws_unblocked_is_found(aws: Running, stack_of: NewStack) -> None:
    s3, name = aws.client("s3"), aws.deployed.outputs["payloadBucketName"]
    before = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
    [rule] = before["Rules"]
    unblocked = {key: rule[key] for key in rule if key != "BlockedEncryptionTypes"}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [unblocked]})

    result = bucket.encryption(stack_of())
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=before)

    assert "AWS has {'blocked': []}" in failed(result).said


def deployer_policy(folder: Path, statement: dict[str, Any]) -> None:
    (folder / "docs" / "policies").mkdir(parents=True)
    statements = [{"Effect": "Allow", **statement}]
    (folder / permissions.POLICIES[0]).write_text(json.dumps({"Statement": statements}))


def test_the_permissions_of_an_administrator_are_enough(stack_of: NewStack, tmp_path: Path) -> None:
    deployer_policy(tmp_path, {"Action": ["sqs:CreateQueue", "iam:PassRole"], "Resource": "*"})

    result = permissions.permissions(stack_of(folder=tmp_path))

    assert "may do all" in ok(result).said


@contextmanager
def user(aws: Running, *statements: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The environment of a user who may do what the statements say."""
    iam = aws.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.create_user(UserName="deployer")
    iam.put_user_policy(UserName="deployer", PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    try:
        yield {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
    finally:
        iam.delete_access_key(UserName="deployer", AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName="deployer", PolicyName="own")
        iam.delete_user(UserName="deployer")


QUEUES = "arn:aws:sqs:<region>:<account>:<prefix>-*"


@pytest.mark.parametrize(
    ("actions", "resources", "missing"),
    [
        (["sqs:CreateQueue"], [QUEUES], []),
        (["sqs:CreateQueue", "sqs:DeleteQueue"], [QUEUES], ["sqs:DeleteQueue"]),
        (["sqs:CreateQueue"], [QUEUES, "arn:aws:s3:::<bucket-prefix>-*"], ["sqs:CreateQueue"]),
        (["kms:CreateGrant"], ["<key-arn>"], []),  # the stack has no key
    ],
)
def test_permissions_that_the_deployer_lacks_are_named(
    aws: Running,
    stack_of: NewStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    actions: list[str],
    resources: list[str],
    missing: list[str],
) -> None:
    deployer_policy(tmp_path, {"Action": actions, "Resource": resources})
    queues = "arn:aws:sqs:*:*:background-tasks-dev-*"
    may = {"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": queues}
    look = {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
    stack = stack_of(folder=tmp_path)

    with user(aws, may, look) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        result = permissions.permissions(stack)

    if missing:
        assert failed(result).said.endswith(f"user/deployer may not {', '.join(missing)}.")
    else:
        ok(result)


def test_a_check_whose_call_is_denied_is_skipped_and_says_which(
    aws: Running, stack_of: NewStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer_policy(tmp_path, {"Action": "sqs:CreateQueue", "Resource": "*"})
    stack = stack_of(folder=tmp_path)

    with user(aws, {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        result = Check("", permissions.permissions).run(stack)

    assert "you may not call SimulatePrincipalPolicy" in skipped(result).why


def test_without_the_deployers_policy_there_is_nothing_to_compare(
    stack_of: NewStack, tmp_path: Path
) -> None:
    assert (
        "has no policy of a deployer"
        in skipped(permissions.permissions(stack_of(folder=tmp_path))).why
    )


def test_a_worker_concurrency_that_leaves_too_little_is_found(stack_of: NewStack) -> None:
    result = capacity.lambda_capacity(stack_of(workerConcurrency=100_000))

    assert "workerConcurrency is 100000" in failed(result).said
    assert "pulumi config set workerConcurrency" in failed(result).next


def test_a_worker_concurrency_that_is_reserved_already_is_not_counted_twice(
    aws: Running, stack_of: NewStack
) -> None:
    lambdas, name = aws.client("lambda"), aws.deployed.outputs["workerFunctionName"]
    free = lambdas.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    most = free - capacity.UNRESERVED
    lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=most)

    result = capacity.lambda_capacity(stack_of(workerConcurrency=most))
    lambdas.delete_function_concurrency(FunctionName=name)

    ok(result)


def test_the_concurrency_of_other_workers_counts_too(stack_of: NewStack) -> None:
    workers = {"large": {"concurrency": 99_000}, "small": {}, "free": {"concurrency": 0}}

    result = capacity.lambda_capacity(stack_of(workerConcurrency=500, workers=workers))

    assert "the concurrency of workers are 100000 together" in failed(result).said
    assert "set less of both" in failed(result).next


def test_workers_that_reserve_little_are_well(stack_of: NewStack) -> None:
    ok(capacity.lambda_capacity(stack_of(workers={"large": {"concurrency": 1}})))


def test_the_limit_of_a_new_account_is_found(stack_of: NewStack) -> None:
    stack = stack_of(NOTHING)

    with Stubber(stack.client("lambda")) as stub:
        limit = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
        stub.add_response(
            "get_account_settings",
            {"AccountLimit": limit | {"TotalCodeSize": 100}, "AccountUsage": {"TotalCodeSize": 0}},
        )
        result = capacity.lambda_capacity(stack)

    assert "the account runs 10 Lambdas at a time" in failed(result).said


def test_a_state_machine_that_is_still_being_deleted_is_found(stack_of: NewStack) -> None:
    stack = stack_of(NOTHING)

    with Stubber(stack.client("stepfunctions")) as stub:
        stub.add_response("describe_state_machine", described("DELETING"))
        result = leftovers.state_machine(stack)

    assert "until its last execution is over" in failed(result).said
    assert "Tearing down" in failed(result).next


def described(status: str) -> dict[str, Any]:
    texts = dict.fromkeys(("stateMachineArn", "name", "definition", "roleArn"), "a text")
    return {**texts, "status": status, "type": "STANDARD", "creationDate": datetime.now(UTC)}


def test_the_state_machine_of_a_stack_is_active_and_absent_before(
    stack_of: NewStack,
) -> None:
    other = replace(stack_of(NOTHING), project=replace(stack_of().project, stack="later"))

    assert "is ACTIVE" in ok(leftovers.state_machine(stack_of())).said
    assert (
        "background-tasks-later-state-machine is absent" in ok(leftovers.state_machine(other)).said
    )


def test_a_state_machine_of_somebody_else_is_found(stack_of: NewStack) -> None:
    assert "is ACTIVE" in failed(leftovers.state_machine(stack_of(NOTHING))).said


def test_the_log_group_of_another_worker_is_one_of_the_stacks(stack_of: NewStack) -> None:
    result = logs.kept_logs(stack_of(workers={"large": {}}))

    assert "-worker-large are not there" in failed(result).said


def test_log_groups_of_an_earlier_stack_are_found_with_how_to_delete_them(
    aws: Running, stack_of: NewStack
) -> None:
    later = replace(stack_of(NOTHING), project=replace(stack_of().project, stack="later"))
    client, name = aws.client("logs"), "/aws/lambda/background-tasks-later-api"
    client.create_log_group(logGroupName=f"{name}-of-somebody-else")
    before = leftovers.log_groups(later)
    client.create_log_group(logGroupName=name)

    result = leftovers.log_groups(later)
    for each in (name, f"{name}-of-somebody-else"):
        client.delete_log_group(logGroupName=each)

    ok(before)
    assert failed(result).said.startswith(f"there are {name}, ")
    assert failed(result).next.endswith(f"aws logs delete-log-group --log-group-name {name}")


def test_every_log_group_of_the_stack_is_one_that_is_looked_for(
    aws: Running, stack_of: NewStack
) -> None:
    pages = aws.client("logs").get_paginator("describe_log_groups").paginate()
    there = {group["logGroupName"] for page in pages for group in page["logGroups"]}

    assert leftovers.groups_of(stack_of()).keys() == {
        name for name in there if "background-tasks-dev-" in name
    }


def test_logs_that_are_kept_for_another_time_are_found(stack_of: NewStack) -> None:
    ok(logs.kept_logs(stack_of()))

    assert "logRetentionDays is 30" in failed(logs.kept_logs(stack_of(logRetentionDays=30))).said


def test_a_log_group_that_is_gone_is_found(stack_of: NewStack) -> None:
    renamed = {"deadLetterQueueUrl": "http://127.0.0.1/1/other-undelivered"}

    assert "/aws/lambda/other-worker" in failed(logs.kept_logs(stack_of(renamed))).said


def test_a_task_runs_from_event_to_end(stack_of: NewStack) -> None:
    assert "succeeded" in ok(trial.trial(stack_of())).said


def test_a_task_that_fails_is_told_with_its_error(stack_of: NewStack) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "DEFINITION", "noSuchTask")

        result = trial.trial(stack_of())

    assert "FAILED" in failed(result).said


def test_an_event_that_starts_nothing_is_told_with_where_to_look(
    aws: Running, stack_of: NewStack
) -> None:
    events, bus = aws.client("events"), aws.deployed.outputs["eventBusName"]
    rules = [rule["Name"] for rule in events.list_rules(EventBusName=bus)["Rules"]]
    for rule in rules:
        events.disable_rule(Name=rule, EventBusName=bus)

    result = trial.trial(stack_of(), patience_seconds=2)
    for rule in rules:
        events.enable_rule(Name=rule, EventBusName=bus)

    assert "has no execution that is over, after 2 s" in failed(result).said
    assert aws.deployed.outputs["deadLetterQueueUrl"] in failed(result).next


def test_no_task_is_started_that_nobody_agreed_to(aws: Running, stack_of: NewStack) -> None:
    machine = aws.deployed.state_machine_arn
    before = aws.states.list_executions(stateMachineArn=machine)["executions"]

    result = trial.trial(replace(stack_of(), agrees=lambda _: False))

    assert "nobody agreed" in skipped(result).why
    assert aws.states.list_executions(stateMachineArn=machine)["executions"] == before


@contextmanager
def site(document: str) -> Iterator[str]:
    """The URL of a site with this one document, wherever issuers have theirs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_there = self.path == "/realm/.well-known/openid-configuration"
            self.send_response(200 if is_there else 404)
            self.end_headers()
            self.wfile.write(document.replace("$HOST", self.headers["Host"]).encode())

        def log_message(self, *_: object) -> None:
            """Prints nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/realm"
        finally:
            server.shutdown()


def test_an_issuer_that_answers_is_all_right(stack_of: NewStack) -> None:
    with site('{"issuer": "http://$HOST/realm"}') as url:
        ok(issuer.issuer(stack_of(jwtIssuer=url)))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('{"issuer": "https://login.example.com"}', 'its issuer is "https://login.example.com"'),
        ("no json", "can't be read"),
        ("[]", 'its issuer is "None"'),
    ],
)
def test_an_issuer_that_says_something_else_is_found(
    stack_of: NewStack, document: str, said: str
) -> None:
    with site(document) as url:
        assert said in failed(issuer.issuer(stack_of(jwtIssuer=url))).said


def test_an_issuer_that_cannot_be_reached_is_found(stack_of: NewStack) -> None:
    with site("") as url:
        pass

    assert "can't be read" in failed(issuer.issuer(stack_of(jwtIssuer=url))).said
    assert "isn't set" in skipped(issuer.issuer(stack_of())).why


def test_a_secret_is_not_read(stack_of: NewStack) -> None:
    stack = stack_of(jwtIssuer={"secure": "v1:abc"})

    result = Check("", issuer.issuer).run(stack)

    assert "jwtIssuer is a secret" in skipped(result).why


@pytest.fixture
def topic(aws: Running) -> Iterator[str]:
    sns = aws.client("sns")
    arn = sns.create_topic(Name="background-tasks-dev-alarms")["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


def test_who_has_confirmed_hears_of_the_alarms(
    aws: Running, stack_of: NewStack, topic: str
) -> None:
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")

    # The stack's own topic, and one that is given.
    ok(alarms.alarm_subscriptions(stack_of(alarmEmail="ops@example.com")))
    ok(alarms.alarm_subscriptions(stack_of(alarmTopicArn=topic)))


def test_who_has_not_confirmed_hears_of_nothing(stack_of: NewStack, topic: str) -> None:
    stack = stack_of(alarmEmail="ops@example.com")
    waiting = {"SubscriptionArn": "PendingConfirmation", "Endpoint": "ops@example.com"}

    with Stubber(stack.client("sns")) as stub:
        stub.add_response("list_subscriptions_by_topic", {"Subscriptions": [waiting]})
        result = alarms.alarm_subscriptions(stack)

    assert failed(result).said == "ops@example.com has not confirmed."


def test_a_topic_that_nobody_subscribes_to_is_found(stack_of: NewStack, topic: str) -> None:
    result = alarms.alarm_subscriptions(stack_of(alarmTopicArn=topic))

    assert "nobody subscribes" in failed(result).said
    assert "neither" in skipped(alarms.alarm_subscriptions(stack_of())).why


def test_without_credentials_a_check_fails_and_says_how_to_try_them(
    stack_of: NewStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = stack_of()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    result = Check("", capacity.lambda_capacity).run(stack)

    assert "Unable to locate credentials" in failed(result).said


def test_the_roles_of_the_stacks_config_are_taken_on(aws: Running, stack_of: NewStack) -> None:
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="deployer",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]

    stack = stack_of()
    assumed = replace(
        stack, project=stack.project.with_config({"aws:assumeRoles": [{"roleArn": role}]})
    )
    arn = assumed.identity["Arn"]
    iam.delete_role(RoleName="deployer")

    assert ":assumed-role/deployer/first-deploy" in arn


@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_what_is_for_before_or_after_a_deploy_is_skipped_at_the_other_time(
    stack_of: NewStack, when: When
) -> None:
    deployed = stack_of() if when is When.BEFORE else stack_of(NOTHING)

    skipped(Check("", lambda _: Ok("looked"), when).run(deployed))


def test_there_are_ten_checks() -> None:
    assert len({check.look for check in CHECKS}) == 10
