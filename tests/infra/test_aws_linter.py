"""What AWS's linter says of the documents, each in the CloudFormation resource that takes it."""

import json
from typing import Any, Final

import pytest
from cfnlint import lint as cfn_lint

from tests.docs.test_policies import DEPLOYER, FOLDER, filled_in
from tests.infra.recording import Program
from tests.infra.variants import VARIANTS, deployed, run_variant

pytestmark = pytest.mark.slow

Template = dict[str, Any]

# The type of a template that takes the policy of a type of the program, and the property that says
# what it is the policy of.
POLICIES: Final = {
    "aws:sqs/queuePolicy:QueuePolicy": ("AWS::SQS::QueuePolicy", "Queues", "queueUrl"),
    "aws:s3/bucketPolicy:BucketPolicy": ("AWS::S3::BucketPolicy", "Bucket", "bucket"),
    "aws:sns/topicPolicy:TopicPolicy": ("AWS::SNS::TopicPolicy", "Topics", "arn"),
}


def lint(*resources: Template) -> list[str]:
    """What the linter has to say of these resources."""
    named = {f"Resource{number}": each for number, each in enumerate(resources)}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": named}
    found = cfn_lint(json.dumps(template, indent=1), regions=["eu-central-1"])
    return [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in found]


def resource(type: str, **properties: Any) -> Template:
    return {"Type": type, "Properties": properties}


def machine(program: Program) -> Template:
    inputs = program.one("aws:sfn/stateMachine:StateMachine")
    logging = inputs["loggingConfiguration"]
    group = {"CloudWatchLogsLogGroup": {"LogGroupArn": logging.get("logDestination")}}
    return resource(
        "AWS::StepFunctions::StateMachine",
        StateMachineType=inputs["type"],
        Definition=json.loads(inputs["definition"]),
        RoleArn=inputs["roleArn"],
        LoggingConfiguration={
            "Level": logging["level"],
            "IncludeExecutionData": logging.get("includeExecutionData", False),
            **({"Destinations": [group]} if "logDestination" in logging else {}),
        },
    )


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_the_state_machine_passes(variant: str) -> None:
    assert lint(machine(deployed(variant))) == []


@pytest.mark.parametrize("level", ["OFF", "FATAL", "ALL"])
def test_the_state_machine_passes_with_each_level_of_its_log(level: str) -> None:
    program = run_variant("dev", Program(), executionLogLevel=level)

    assert lint(machine(program)) == []


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_the_roles_pass(variant: str) -> None:
    program = deployed(variant)
    policies = {each["name"]: each for each in program.all("aws:iam/rolePolicy:RolePolicy")}

    roles = [
        resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument=json.loads(role["assumeRolePolicy"]),
            Policies=[
                {
                    "PolicyName": role["name"],
                    "PolicyDocument": json.loads(policies[role["name"]]["policy"]),
                }
            ],
        )
        for role in program.all("aws:iam/role:Role")
    ]

    assert len(roles) == len(policies) == (7 if variant == "everything" else 6)
    assert lint(*roles) == []


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_the_policies_of_queues_bucket_and_topic_pass(variant: str) -> None:
    resources = []
    for made in deployed(variant).resources:
        if made.type in POLICIES:
            type, name, key = POLICIES[made.type]
            of = made.inputs[key]
            document = json.loads(made.inputs["policy"])
            properties = {name: of if name == "Bucket" else [of], "PolicyDocument": document}
            resources.append(resource(type, **properties))

    assert lint(*resources) == []


def test_the_policies_of_the_docs_pass() -> None:
    documents = {
        name: json.loads(filled_in((FOLDER / f"{name}.json").read_text()))
        for name in (*DEPLOYER, "state-backend", "key")
    }
    key = resource("AWS::KMS::Key", KeyPolicy=documents.pop("key"), EnableKeyRotation=True)

    managed = [
        resource("AWS::IAM::ManagedPolicy", PolicyDocument=document)
        for document in documents.values()
    ]

    assert lint(*managed, key) == []


def test_the_linter_sees_what_is_wrong() -> None:
    wrong = machine(deployed("dev"))
    wrong["Properties"]["Definition"]["StartAt"] = "Nowhere"
    unknown = {"Effect": "Allow", "Action": ["sqs:Fly"], "Resource": ["*"]}
    document = {"Version": "2012-10-17", "Statement": [unknown]}

    found = lint(wrong, resource("AWS::IAM::ManagedPolicy", PolicyDocument=document))

    assert len(found) >= 2
    assert any("Nowhere" in each for each in found)
    assert any("fly" in each.lower() for each in found)
