"""The policies in docs/policies/: what a deployment may do, and what the state's backend asks."""

import fnmatch
import json
from typing import Any, Final

import pytest

from tests.infra.provider_actions import ACTIONS
from tests.infra.recording import ARNS, ROOT, Program
from tests.infra.variants import KEY, VARIANTS, deployed

pytestmark = pytest.mark.program


FOLDER: Final = ROOT / "docs" / "policies"
DEPLOYER: Final = ("deployer-code", "deployer-data")
# A managed policy's characters, whitespace aside (IAM quotas, "Managed policies").
MOST_CHARACTERS: Final = 6_144
# What a first deployment replaces them by (docs/security.md).
PLACES: Final = {
    "<account>": "123456789012",
    "<region>": "eu-central-1",
    "<prefix>": "background-tasks-prod",
    "<bucket-prefix>": "background-tasks-prod",
    "<key-arn>": KEY,
    "<state-bucket>": "states",
    "<state-key-arn>": KEY,
}
# Who uses the customer's key for each type that has it, beside the roles and the deployer: they are
# allowed by their own policies.
USERS_OF_KEY: Final[dict[str, set[str]]] = {
    "aws:cloudwatch/logGroup:LogGroup": {"logs.eu-central-1.amazonaws.com"},
    "aws:dynamodb/table:Table": set(),  # by grants of whoever makes the table
    "aws:iam/rolePolicy:RolePolicy": set(),
    "aws:lambda/function:Function": set(),  # by the function's role
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": set(),
    "aws:sfn/stateMachine:StateMachine": {"delivery.logs.amazonaws.com"},
    "aws:sns/topic:Topic": {"cloudwatch.amazonaws.com"},
    "aws:sqs/queue:Queue": {"events.amazonaws.com"},
}


def statements(*names: str) -> list[dict[str, Any]]:
    texts = [(FOLDER / f"{name}.json").read_text() for name in names]
    return [statement for text in texts for statement in json.loads(filled_in(text))["Statement"]]


def filled_in(text: str) -> str:
    for place, value in PLACES.items():
        text = text.replace(place, value)
    return text


def allows(action: str, arn: str) -> bool:
    return any(
        action in statement["Action"] and fnmatch.fnmatchcase(arn, resource)
        for statement in statements(*DEPLOYER)
        for resource in statement["Resource"]
    )


@pytest.fixture(scope="module")
def stack() -> Program:
    return deployed("everything")


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_of_every_type_that_the_program_makes_it_is_known_what_the_provider_asks(
    variant: str,
) -> None:
    made = {each.type for each in deployed(variant).resources if each.type.startswith("aws:")}

    assert made <= ACTIONS.keys()
    if variant == "everything":
        assert made == ACTIONS.keys()


def test_a_deployment_may_do_what_the_provider_asks_and_no_more() -> None:
    allowed = [action for each in statements(*DEPLOYER) for action in each["Action"]]

    assert set(allowed) == set().union(*ACTIONS.values())
    assert len(allowed) == len(set(allowed))
    assert not any("*" in action for action in allowed)


@pytest.mark.parametrize("type", sorted(ARNS.keys() & ACTIONS.keys()))
def test_a_deployment_may_do_it_to_every_resource_of_the_stack(stack: Program, type: str) -> None:
    made = [each for each in stack.all(type) if each]

    arns = [stack.arn_of(type, {"name": each.get("bucket"), **each}) for each in made]

    assert arns
    asked = {action for action in ACTIONS[type] if is_asked_of(action, type)}
    assert [(action, arn) for arn in arns for action in asked if not allows(action, arn)] == []


def is_asked_of(action: str, type: str) -> bool:
    """Whether an action is asked of the resource itself, and not of a role, a key or an object."""
    service = ARNS[type].split(":")[0]
    return action.startswith(f"{service}:") and action not in (
        "lambda:GetLayerVersion",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    )


def test_roles_are_passed_to_the_services_that_they_trust_alone(stack: Program) -> None:
    [passing] = [each for each in statements(*DEPLOYER) if "iam:PassRole" in each["Action"]]

    trusted = {
        statement["Principal"]["Service"]
        for role in stack.all("aws:iam/role:Role")
        for statement in json.loads(role["assumeRolePolicy"])["Statement"]
    }

    assert set(passing["Condition"]["StringEquals"]["iam:PassedToService"]) == trusted
    assert passing["Action"] == ["iam:PassRole"]


def test_only_what_takes_no_arn_is_allowed_on_everything() -> None:
    everything = [each["Sid"] for each in statements(*DEPLOYER) if each["Resource"] == ["*"]]

    assert everything == ["WhatTakesNoArn"]


@pytest.mark.parametrize("name", [*DEPLOYER, "state-backend"])
def test_each_fits_a_managed_policy_with_the_longest_names(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text()
    longest = text.replace("<prefix>", "p" * 44).replace("<bucket-prefix>", "p" * 44)

    assert len("".join(longest.split())) <= MOST_CHARACTERS


def test_the_state_is_reached_in_its_own_folder_alone() -> None:
    assert [(each["Action"], each["Resource"]) for each in statements("state-backend")] == [
        (["s3:ListBucket"], ["arn:aws:s3:::states"]),
        (["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::states/.pulumi/*"]),
        (["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], [KEY]),
    ]


def test_the_keys_policy_names_each_service_that_the_program_hands_the_key_to(
    stack: Program,
) -> None:
    having = {each.type for each in stack.resources if KEY in json.dumps(each.inputs, default=str)}
    named = [each["Principal"].get("Service") for each in statements("key")]

    assert {type for type in having if type.startswith("aws:")} == USERS_OF_KEY.keys()
    assert set(filter(None, named)) == set().union(*USERS_OF_KEY.values())


def test_a_service_uses_the_key_for_the_stacks_own_resources_alone() -> None:
    for statement in statements("key"):
        if "Service" in statement["Principal"]:
            arns = [arn for keys in statement["Condition"].values() for arn in keys.values()]
            assert "123456789012" in json.dumps(arns)


@pytest.mark.parametrize("role", ["worker", "api", "recovery", "state-machine", "scheduler"])
def test_whatever_works_with_encrypted_data_may_use_the_key(stack: Program, role: str) -> None:
    allowed = {
        action
        for statement in stack.policy(role)
        if statement["Resource"] == [KEY]
        for action in statement["Action"]
    }

    assert allowed == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_there_is_no_other_document_in_the_folder() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*DEPLOYER, "key", "state-backend"}
