"""Every type of resource is created, updated, found and deleted in the local AWS."""

import inspect
import io
import json
import re
import zipfile
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pulumi_aws
import pytest

from local.errors import DeploymentFailed
from local.resources import (
    RESOURCES,
    Account,
    Existing,
    Values,
    delete,
    exists,
)
from tests.local.conftest import Make, Until, changed, made
from tests.local.resources.cases import (
    BUCKET,
    BUS,
    CASES,
    ENCRYPTION,
    FUNCTION,
    MACHINE,
    ROLE,
    RULE,
    TABLE,
    UNCHANGEABLE,
    Case,
    Parents,
    allow,
    code,
    pass_state,
    trust,
)

# A bucket that has lost its own encryption has S3's; its time without an end is the bucket's.
ALWAYS_THERE = frozenset({ENCRYPTION})


@pytest.fixture(scope="module")
def parents(account: Account) -> Parents:
    def parent(kind: str, **inputs: Any) -> Values:
        return dict(made(account, kind, **inputs).values)

    def parent_of(api: Values, kind: str, **inputs: Any) -> Values:
        return parent(f"aws:apigatewayv2/{kind}", apiId=api["id"], **inputs)

    role = parent(ROLE, assumeRolePolicy=trust("lambda.amazonaws.com"))
    schedules_role = parent(ROLE, assumeRolePolicy=trust("scheduler.amazonaws.com"))
    plain = {"role": role["arn"], "runtime": "python3.13", "handler": "code.handler"}
    function = made(account, FUNCTION, **plain, code=code("one"), publish=True)
    second = changed(account, function, **plain, code=code("two"), publish=True)
    bus = parent(BUS)
    api = parent("aws:apigatewayv2/api:Api", protocolType="HTTP")
    proxy = {"integrationType": "AWS_PROXY", "integrationUri": function.values["invokeArn"]}
    integrations = [
        parent_of(api, "integration:Integration", **proxy)["id"],
        parent_of(api, "integration:Integration", **proxy)["id"],
    ]
    return Parents(
        role=role,
        other_role=parent(ROLE, assumeRolePolicy=trust("lambda.amazonaws.com")),
        function=dict(second.values),
        versions=(function.values["version"], second.values["version"]),
        layer=_layer(account),
        key=parent("aws:kms/key:Key"),
        other_key=parent("aws:kms/key:Key"),
        table=parent(
            TABLE,
            billingMode="PAY_PER_REQUEST",
            hashKey="pk",
            attributes=[{"name": "pk", "type": "S"}],
        ),
        bucket=parent(BUCKET),
        bus=bus,
        rule=parent(RULE, eventBusName=bus["name"], eventPattern='{"source": ["a"]}'),
        queue=parent("aws:sqs/queue:Queue"),
        topic=parent("aws:sns/topic:Topic"),
        api=api,
        integrations=(integrations[0], integrations[1]),
        authorizer=parent_of(
            api,
            "authorizer:Authorizer",
            authorizerType="JWT",
            jwtConfiguration={"issuer": "https://a.example", "audiences": ["a"]},
        ),
        log_group=parent("aws:cloudwatch/logGroup:LogGroup"),
        machine=parent(MACHINE, roleArn=role["arn"], definition=pass_state("{}")),
        schedules={
            **parent("aws:scheduler/scheduleGroup:ScheduleGroup"),
            "role": schedules_role["arn"],
        },
    )


def _layer(account: Account) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("python/layered.py", "")
    layer = account.client("lambda").publish_layer_version(
        LayerName="layer", Content={"ZipFile": content.getvalue()}
    )
    return str(layer["LayerVersionArn"])


def test_every_type_of_resource_has_a_case() -> None:
    assert {case.kind for case in CASES} == set(RESOURCES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_the_inputs_of_a_case_are_inputs_of_the_provider(case: Case, parents: Parents) -> None:
    known = _inputs_of_the_provider(case.kind)

    unknown = {key for variant in case.variants(parents) for key in variant} - known

    assert not unknown


def _inputs_of_the_provider(kind: str) -> set[str]:
    module, name = kind.removeprefix("aws:").split("/")[0], kind.rsplit(":", 1)[1]
    resource = getattr(getattr(pulumi_aws, {"lambda": "lambda_"}.get(module, module)), name)
    parameters = inspect.signature(resource._internal_init).parameters
    return {re.sub(r"_(.)", lambda found: found[1].upper(), each) for each in parameters}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_an_updated_resource_is_as_one_created_so(
    case: Case, account: Account, parents: Parents
) -> None:
    variants = list(case.variants(parents))
    expected = [_as_created(account, case, variant) for variant in variants]
    walk = [0] if case.kind in UNCHANGEABLE else _every_change(len(variants))
    it = made(account, case.kind, **variants[0])

    for before, now in pairwise(walk):
        it = changed(account, it, **variants[now])

        assert case.read(account, it) == expected[now], f"from {before} to {now}"
        assert exists(account, it)
    delete(account, it)


def _as_created(account: Account, case: Case, variant: Values) -> object:
    it = made(account, case.kind, **variant)
    seen = case.read(account, it)
    delete(account, it)
    return seen


def _every_change(count: int) -> Sequence[int]:
    """A walk over variants that takes each change from one to another, and each to itself."""
    walk = [0]
    left = {(a, b) for a in range(count) for b in range(count)}
    while left:
        change = min(
            (each for each in left if each[0] == walk[-1]), default=(walk[-1], min(left)[0])
        )
        left.discard(change)
        walk.append(change[1])
    return walk


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_what_is_read_of_a_case_differs_between_its_variants(
    case: Case, account: Account, parents: Parents
) -> None:
    variants = list(case.variants(parents))

    seen = [json.dumps(_as_created(account, case, each), default=str) for each in variants]

    assert len(set(seen)) == len(variants) or case.kind == BUCKET


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_a_deleted_resource_is_gone_and_may_be_deleted_again(
    case: Case, account: Account, parents: Parents
) -> None:
    *_, inputs = case.variants(parents)
    it = made(account, case.kind, **inputs)
    assert exists(account, it)

    delete(account, it)
    delete(account, it)

    assert not exists(account, it) or case.kind in ALWAYS_THERE


@pytest.mark.parametrize("kind", sorted(UNCHANGEABLE))
def test_a_resource_that_aws_cant_change_is_refused_with_words(
    kind: str, account: Account, parents: Parents
) -> None:
    [case] = [case for case in CASES if case.kind == kind]
    [inputs] = case.variants(parents)

    with pytest.raises(DeploymentFailed, match=r"can't change .* Next: delete it"):
        changed(account, Existing(kind, "thing", "id", inputs), **inputs)


def test_an_update_that_takes_a_replacement_is_refused_with_words(
    account: Account, make: Make
) -> None:
    queue = make("aws:sqs/queue:Queue", name="first")

    with pytest.raises(
        DeploymentFailed, match=r'Queue "thing" can\'t change its "name" from \'first\' to \'other'
    ):
        changed(account, queue, name="other")


def test_an_update_without_a_name_keeps_the_generated_one(account: Account, make: Make) -> None:
    queue = make("aws:sqs/queue:Queue")

    now = changed(account, queue, delaySeconds=1)

    assert now.values["name"] == queue.values["name"]


def test_an_input_that_an_update_does_not_know_is_an_error_that_names_it(
    account: Account, make: Make
) -> None:
    queue = make("aws:sqs/queue:Queue")

    with pytest.raises(DeploymentFailed, match="declares colour, which"):
        changed(account, queue, colour="red")


def test_a_protected_table_is_deleted_only_once_it_is_protected_no_more(
    account: Account, make: Make
) -> None:
    keys = {"hashKey": "pk", "attributes": [{"name": "pk", "type": "S"}]}
    table = make(TABLE, billingMode="PAY_PER_REQUEST", deletionProtectionEnabled=True, **keys)

    with pytest.raises(DeploymentFailed, match=r"is protected from deletion: .* Next: set it"):
        delete(account, table)

    assert exists(account, table)
    delete(account, changed(account, table, billingMode="PAY_PER_REQUEST", **keys))
    assert not exists(account, table)


def test_a_new_index_has_the_items_that_are_there(account: Account, make: Make) -> None:
    plain = {"billingMode": "PAY_PER_REQUEST", "hashKey": "pk"}
    table = make(TABLE, **plain, attributes=[{"name": "pk", "type": "S"}])
    dynamodb = account.client("dynamodb")
    dynamodb.put_item(TableName=table.id, Item={"pk": {"S": "1"}, "owner": {"S": "me"}})

    changed(
        account,
        table,
        **plain,
        attributes=[{"name": name, "type": "S"} for name in ("pk", "owner")],
        globalSecondaryIndexes=[{"name": "mine", "hashKey": "owner", "projectionType": "ALL"}],
    )

    found = dynamodb.query(
        TableName=table.id,
        IndexName="mine",
        KeyConditionExpression="#owner = :me",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":me": {"S": "me"}},
    )
    assert [item["pk"]["S"] for item in found["Items"]] == ["1"]


def test_a_full_bucket_is_deleted_only_if_it_may_be_emptied(account: Account, make: Make) -> None:
    bucket, s3 = make(BUCKET), account.client("s3")
    make(
        "aws:s3/bucketVersioning:BucketVersioning",
        bucket=bucket.id,
        versioningConfiguration={"status": "Enabled"},
    )
    s3.put_object(Bucket=bucket.id, Key="a", Body=b"1")
    s3.put_object(Bucket=bucket.id, Key="a", Body=b"2")
    s3.delete_object(Bucket=bucket.id, Key="a")

    with pytest.raises(DeploymentFailed, match=r"has 3 objects, and its forceDestroy is not true"):
        delete(account, bucket)

    delete(account, changed(account, bucket, forceDestroy=True))
    assert not exists(account, bucket)


def test_a_role_with_a_policy_of_another_resource_is_not_deleted(
    account: Account, make: Make
) -> None:
    role = make(ROLE, assumeRolePolicy=trust("lambda.amazonaws.com"))
    make("aws:iam/rolePolicy:RolePolicy", role=role.id, policy=allow("s3:GetObject"))

    with pytest.raises(DeploymentFailed, match=r"could not be deleted: .*DeleteConflict"):
        delete(account, role)


def test_a_role_that_detaches_is_deleted_with_every_policy(account: Account, make: Make) -> None:
    role = make(ROLE, assumeRolePolicy=trust("lambda.amazonaws.com"), forceDetachPolicies=True)
    make("aws:iam/rolePolicy:RolePolicy", role=role.id, policy=allow("s3:GetObject"))

    delete(account, role)

    assert not exists(account, role)


def test_an_updated_function_runs_its_new_code_with_its_new_settings(
    account: Account, parents: Parents, make: Make
) -> None:
    plain = {"role": parents.role["arn"], "runtime": "python3.13", "handler": "code.handler"}
    function = make(FUNCTION, **plain, code=code("first"))
    first = _answer(account, function.id)

    words = {"environment": {"variables": {"word": "new"}}, "memorySize": 256}
    changed(account, function, **plain, code=code("second"), **words)

    assert first == ["first", None, 128]
    assert _answer(account, function.id) == ["second", "new", 256]


def test_an_update_of_nothing_touches_no_function(
    account: Account, parents: Parents, make: Make
) -> None:
    inputs = {"role": parents.role["arn"], "runtime": "python3.13", "handler": "code.handler"}
    function = make(FUNCTION, **inputs, code=code("first"), publish=True)
    functions = account.client("lambda")
    before = functions.get_function_configuration(FunctionName=function.id)["RevisionId"]

    now = changed(account, function, **inputs, code=code("first"), publish=True)

    after = functions.get_function_configuration(FunctionName=function.id)["RevisionId"]
    assert (after, now.values["version"]) == (before, function.values["version"])


def test_an_alias_answers_with_its_version_until_it_is_moved(
    account: Account, parents: Parents, make: Make
) -> None:
    plain = {"role": parents.role["arn"], "runtime": "python3.13", "handler": "code.handler"}
    function = make(FUNCTION, **plain, code=code("first"), publish=True)
    alias = {"functionName": function.id, "name": "live"}
    live = make("aws:lambda/alias:Alias", **alias, functionVersion=function.values["version"])
    deployed = changed(account, function, **plain, code=code("second"), publish=True)
    before = _answer(account, live.id)

    changed(account, live, **alias, functionVersion=deployed.values["version"])

    assert (before[0], _answer(account, live.id)[0]) == ("first", "second")
    assert deployed.values["qualifiedArn"] == f"{function.values['arn']}:2"


def _answer(account: Account, function: str) -> list[Any]:
    response = account.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    answer: list[Any] = json.load(response["Payload"])
    return answer


def test_an_updated_machine_runs_its_new_definition(
    account: Account, parents: Parents, make: Make, until: Until
) -> None:
    states = account.client("stepfunctions")
    machine = make(MACHINE, roleArn=parents.role["arn"], definition=pass_state("first"))

    changed(account, machine, roleArn=parents.role["arn"], definition=pass_state("second"))

    arn = states.start_execution(stateMachineArn=machine.id)["executionArn"]
    output = until(lambda: states.describe_execution(executionArn=arn).get("output"))
    assert json.loads(output) == "second"


def test_a_subscription_to_an_endpoint_of_the_internet_is_refused_with_words(
    account: Account, parents: Parents
) -> None:
    with pytest.raises(DeploymentFailed, match=r"has the protocol https\. .* Next: subscribe"):
        made(
            account,
            "aws:sns/topicSubscription:TopicSubscription",
            topic=parents.topic["arn"],
            protocol="https",
            endpoint="https://a.example",
        )


def test_the_same_files_make_the_same_zip(account: Account, make: Make, parents: Parents) -> None:
    plain = {"role": parents.role["arn"], "runtime": "python3.13", "handler": "code.handler"}

    hashes = {
        account.client("lambda").get_function_configuration(
            FunctionName=make(FUNCTION, **plain, code=code("same")).id
        )["CodeSha256"]
        for _ in range(2)
    }

    assert len(hashes) == 1
