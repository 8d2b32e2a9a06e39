"""What a person sets reaches the provider, and the resources, however it is set."""

import json
from typing import Any

import pulumi_aws
import pytest
from pulumi._types import input_type_py_to_pulumi_names

from tests.engine.aws_provider.config import KEYS
from tests.engine.setups import SMALL, stack
from tests.engine.stack import Engine, Stack

# A value for each key of the AWS provider's configuration reference
# (https://www.pulumi.com/registry/packages/aws/installation-configuration/).
AWS_KEYS: dict[str, Any] = {
    "accessKey": "AKIAEXAMPLE",
    "allowedAccountIds": ["000000000000"],
    "assumeRoleWithWebIdentity": {
        "roleArn": "arn:aws:iam::000000000000:role/ci",
        "webIdentityTokenFile": "/var/run/token",
    },
    "assumeRoles": [{"roleArn": "arn:aws:iam::000000000000:role/deployer", "sessionName": "ci"}],
    "customCaBundle": "/etc/ssl/ours.pem",
    "defaultTags": {"tags": {"owner": "platform", "costCentre": "42"}},
    "ec2MetadataServiceEndpoint": "http://127.0.0.1:1338",
    "ec2MetadataServiceEndpointMode": "IPv4",
    "endpoints": [{"sqs": "http://127.0.0.1:9", "lambda": "http://127.0.0.1:9"}],
    "forbiddenAccountIds": ["111111111111"],
    "httpProxy": "http://proxy.example.com:3128",
    "httpsProxy": "http://proxy.example.com:3129",
    "ignoreTags": {"keys": ["touched-by"], "keyPrefixes": ["kubernetes.io/"]},
    "insecure": True,
    "maxRetries": 7,
    "noProxy": "127.0.0.1",
    "profile": "work",
    "region": "eu-west-1",
    "retryMode": "adaptive",
    "s3UsEast1RegionalEndpoint": "regional",
    "s3UsePathStyle": True,
    "secretKey": "secret",
    "sharedConfigFiles": ["/home/me/config"],
    "sharedCredentialsFiles": ["/home/me/credentials"],
    "skipCredentialsValidation": True,
    "skipMetadataApiCheck": True,
    "skipRegionValidation": True,
    "skipRequestingAccountId": True,
    "stsRegion": "eu-west-1",
    "tagPolicyCompliance": "warning",
    "token": "token",
    "tokenBucketRateLimiterCapacity": 100,
    "useDualstackEndpoint": True,
    "useFipsEndpoint": True,
    "userAgents": ["ours/1.0"],
}


@pytest.fixture
def dev(engine: Engine) -> Stack:
    return stack(engine, "dev", SMALL)


def _configured(stack: Stack) -> dict[str, Any]:
    """The configuration of the provider that creates the resources."""
    [*_, last] = stack.engine.record.calls("Create")
    return last.config


def _created(stack: Stack, type: str, name: str) -> dict[str, Any]:
    [inputs] = [
        call.inputs
        for call in stack.engine.record.calls("Create")
        if (call.type, call.name) == (type, name)
    ]
    return inputs


def test_the_keys_of_the_provider_are_those_of_its_sdk() -> None:
    assert set(input_type_py_to_pulumi_names(pulumi_aws.ProviderArgs).values()) == KEYS


def test_every_key_of_the_provider_reaches_it(dev: Stack) -> None:
    assert AWS_KEYS.keys() == KEYS
    dev.write({f"aws:{key}": value for key, value in AWS_KEYS.items()})

    dev.preview().must()

    assert _configured(dev) == AWS_KEYS


def test_the_provider_is_told_of_accounts_roles_and_secrets_that_the_cli_sets(dev: Stack) -> None:
    dev.set("aws:allowedAccountIds[0]", "123456789012", "--path")
    dev.set("aws:assumeRoles[0].roleArn", "arn:aws:iam::123456789012:role/deployer", "--path")
    dev.set("aws:defaultTags.tags.owner", "platform", "--path")
    dev.set("aws:secretKey", "for-nobody-else", "--secret")
    dev.set("aws:skipCredentialsValidation", True)

    dev.up().must()

    configured = _configured(dev)
    assert configured["allowedAccountIds"] == ["123456789012"]
    assert configured["assumeRoles"] == [{"roleArn": "arn:aws:iam::123456789012:role/deployer"}]
    assert configured["secretKey"] == "for-nobody-else"
    assert configured["skipCredentialsValidation"] is True
    assert "for-nobody-else" not in str(dev.export())


def test_the_providers_default_tags_are_on_every_resource_beside_ours(dev: Stack) -> None:
    dev.write({"aws:defaultTags": {"tags": {"owner": "platform"}}})

    dev.up().must()

    outputs = [each["outputs"] for each in dev.export() if each["custom"]]
    tags = [each["tagsAll"] for each in outputs if "tagsAll" in each]
    ours = {"project": "background-tasks", "stack": "dev", "owner": "platform"}
    assert len(tags) > 20
    assert [each for each in tags if each != ours] == []
    assert dev.up("--expect-no-changes").must().changes == {}


def test_an_unknown_key_of_the_provider_is_refused_by_it(dev: Stack) -> None:
    dev.set("aws:regoin", "eu-west-1")

    refused = dev.preview().must_fail()

    assert "regoin" in refused.output


def test_who_may_do_what_is_set_by_the_cli(dev: Stack) -> None:
    principal = "arn:aws:sts::*:assumed-role/Admin/*"
    dev.set("apiTenants[0]", "root", "--path")
    dev.set("apiPermissions[0].principal", principal, "--path")
    dev.set("apiPermissions[0].permissions", "rwd", "--path")
    dev.set("apiPermissions[0].tenants[0]", "*", "--path")

    dev.up().must()

    variables = _created(dev, "aws:lambda/function:Function", "background-tasks-api")[
        "environment"
    ]["variables"]
    assert json.loads(variables["API_ACCESS"]) == {
        "tenants": ["root"],
        "principals": [{"principal": principal, "permissions": "rwd", "tenants": ["*"]}],
    }


# Each way in which a person sets keys, with the same values.
def _by_cli(stack: Stack) -> None:
    stack.set("workerMemoryMb", 3008).set("protectData", True)
    stack.set("corsOrigins[0]", "https://admin.example.com", "--path")
    stack.set("importCsvBuckets[0]", 123456, "--path")
    stack.set("tags.costCentre", 42, "--path")
    stack.set("jwtIssuer", "https://login.example.com/")
    stack.set("jwtAudience[0]", 12345, "--path")


def _by_cli_as_secrets(stack: Stack) -> None:
    stack.set("workerMemoryMb", 3008, "--secret").set("protectData", True, "--secret")
    stack.set("corsOrigins[0]", "https://admin.example.com", "--path", "--secret")
    stack.set("importCsvBuckets[0]", 123456, "--path", "--secret")
    stack.set("tags.costCentre", 42, "--path", "--secret")
    stack.set("jwtIssuer", "https://login.example.com/", "--secret")
    stack.set("jwtAudience[0]", 12345, "--path", "--secret")


def _by_file(stack: Stack) -> None:
    values = {
        "workerMemoryMb": 3008,
        "protectData": True,
        "corsOrigins": ["https://admin.example.com"],
        "importCsvBuckets": ["123456"],
        "tags": {"costCentre": "42"},
        "jwtIssuer": "https://login.example.com/",
        "jwtAudience": ["12345"],
    }
    stack.write({f"background-tasks:{key}": value for key, value in values.items()})


def _by_file_in_quotes(stack: Stack) -> None:
    values = {
        "workerMemoryMb": "3008",
        "protectData": "true",
        "corsOrigins": '["https://admin.example.com"]',
        "importCsvBuckets": '["123456"]',
        "tags": {"costCentre": "42"},  # the engine takes no text for it
        "jwtIssuer": "https://login.example.com/",
        "jwtAudience": '["12345"]',
    }
    stack.write({f"background-tasks:{key}": value for key, value in values.items()})


@pytest.mark.parametrize("set_keys", [_by_cli, _by_cli_as_secrets, _by_file, _by_file_in_quotes])
def test_numbers_booleans_lists_and_texts_mean_the_same_however_they_are_set(
    dev: Stack, set_keys: Any
) -> None:
    dev.set("corsOrigins[0]", "https://gone.example.com", "--path")
    set_keys(dev)

    previewed = dev.preview().must()

    name = "background-tasks"
    worker = _created(dev, "aws:lambda/function:Function", f"{name}-worker")
    api = _created(dev, "aws:apigatewayv2/api:Api", f"{name}-api")
    authorizer = _created(dev, "aws:apigatewayv2/authorizer:Authorizer", f"{name}-api")
    table = _created(dev, "aws:dynamodb/table:Table", f"{name}-tasks")
    assert previewed.warnings == ()
    assert worker["memorySize"] == 3008
    assert table["deletionProtectionEnabled"] is True
    assert table["tags"]["costCentre"] == "42"
    assert api["corsConfiguration"]["allowOrigins"] == ["https://admin.example.com"]
    assert authorizer["jwtConfiguration"] == {
        "issuer": "https://login.example.com/",
        "audiences": ["12345"],
    }


def test_a_secret_of_the_config_is_no_plain_text_in_the_state(dev: Stack) -> None:
    dev.set("environment.TOKEN", "for-nobody-else", "--path", "--secret")
    dev.set("tags.owner", "for-nobody-else", "--path", "--secret")

    dev.up().must()

    assert "for-nobody-else" not in str(dev.export())
    assert dev.up("--expect-no-changes").must().changes == {}
    worker = _created(dev, "aws:lambda/function:Function", "background-tasks-worker")
    assert worker["environment"]["variables"]["TOKEN"] == "for-nobody-else"


@pytest.mark.parametrize("number", [1.5, 2**53 + 1, 12345678901234567890, 10**30])
@pytest.mark.parametrize("key", ["tags", "environment", "importCsvTables"])
def test_a_number_that_would_be_another_text_is_refused(
    dev: Stack, key: str, number: float
) -> None:
    def given(value: object) -> dict[str, Any]:
        return {f"background-tasks:{key}": [value] if key == "importCsvTables" else {"ABC": value}}

    refused = dev.write(given(number)).preview().must_fail()

    assert "put it in quotes" in refused.output
    dev.write(given(str(number))).preview().must()


def test_the_commands_of_a_refusal_set_lists_maps_and_secrets(dev: Stack) -> None:
    dev.write({"background-tasks:environment": {"A": "x"}, "background-tasks:corsOrigins": ["x"]})
    dev.set("tags.costCentre", "a,b", "--path", "--secret")

    refused = dev.preview().must_fail()

    commands = {
        "--path 'background-tasks:environment.<name>' <value>": ("environment.AB", "x"),
        "--path 'background-tasks:corsOrigins[0]' <value>": ("corsOrigins[0]", "*"),
        "--secret --path 'background-tasks:tags.<name>' <value>": ("tags.costCentre", "a"),
    }
    assert [command for command in commands if command not in refused.output] == []
    dev.write({"background-tasks:environment": {}})
    for command, (path, value) in commands.items():
        flags = ["--path", *(["--secret"] if "--secret" in command else [])]
        dev.set(f"background-tasks:{path}", value, *flags)
    dev.preview().must()


def test_a_key_of_an_odd_namespace_is_refused_without_a_traceback(dev: Stack) -> None:
    refused = dev.write({"a.b:c": "d", "gcp:project": "e"}).preview().must_fail()

    assert "pulumi config rm a.b:c" in refused.output
    assert "pulumi config rm gcp:project" in refused.output
    assert "Traceback" not in refused.output
