"""A change of one thing touches the resources that it is about, in place, and no others."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.engine.pulumi_cli import Cli
from tests.engine.setups import SMALL, stack
from tests.engine.stack import ROOT, Engine, Stack

NAME = "background-tasks"
FUNCTION, ROLE_POLICY = "aws:lambda/function:Function", "aws:iam/rolePolicy:RolePolicy"
LOG_GROUP, SCHEDULE = "aws:cloudwatch/logGroup:LogGroup", "aws:scheduler/schedule:Schedule"
ALIAS = "aws:lambda/alias:Alias"


def _lambdas(*names: str) -> list[str]:
    """These functions, each with the alias that names its newest version."""
    return [f"{type}::{NAME}-{each}" for type in (ALIAS, FUNCTION) for each in names]


FUNCTIONS = _lambdas("api", "recovery", "worker")
# What is lost with them can't be had again.
DATA = frozenset(
    {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:dynamodb/table:Table",
        "aws:s3/bucket:Bucket",
        "aws:sqs/queue:Queue",
    }
)
NIGHTLY = """
from handler import Context, Done, task

@task(schedule="{schedule}")
def nightly(context: Context) -> Done:
    return Done()
"""
# Each key of the project with another value than it has by default.
OTHER_VALUES: dict[str, object] = {
    "alarmEmail": "on-call@example.com",
    "alarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms",
    "alarms": False,
    "apiMemoryMb": 1024,
    "apiPermissions": [],  # it does not go with an issuer of tokens
    "apiTenants": ["root", "shop"],
    "apiPolicyStatements": [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::uploads/*"]}
    ],
    "dashboard": True,
    "corsOrigins": ["https://admin.example.com"],
    "environment": {"BUCKET": "uploads"},
    "executionLogData": True,
    "executionLogLevel": "FATAL",
    "graphiql": True,
    "importCsvBuckets": ["uploads"],
    "importCsvTables": ["customers"],
    "introspection": True,
    "jwtAudience": ["console"],
    "jwtIssuer": "https://login.example.com/",
    "jwtPermissionsClaim": "permissions",
    "jwtScopePermissions": {"tasks/read": "r"},
    "jwtScopes": ["tasks/manage"],
    "jwtTenantClaim": "tenant",
    "kmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "lambdaArchitecture": "x86_64",
    "lambdaLogLevel": "ERROR",
    "layers": ["arn:aws:lambda:eu-central-1:123456789012:layer:ours:7"],
    "logRetentionDays": 365,
    "metrics": False,
    "otelLayerArn": "arn:aws:lambda:eu-central-1:901920570463:layer:aws-otel-python-arm64:1",
    "permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
    "protectData": True,
    "recoveryAfterSeconds": 300,
    "securityGroupIds": ["sg-0a1b2c3d"],
    "smokeTest": True,
    "statusEvents": True,
    "subnetIds": ["subnet-0a1b2c3d"],
    "tags": {"team": "data"},
    "taskRetentionDays": 365,
    "tracing": "otel",
    "vendorDependencies": True,
    "workerConcurrency": 5,
    "workerMemoryMb": 3008,
    "workers": {"large": {"memoryMb": 4096}},
    "workerPolicyStatements": [
        {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::uploads/*"]}
    ],
}


@pytest.fixture(scope="module")
def up(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack that is up, with a task that has a schedule."""
    new = stack(Engine(cli, tmp_path_factory.mktemp("changes")), "dev", SMALL)
    _write_nightly(new.folder, "cron(0 3 * * ? *)")
    new.up().must()
    return new


@pytest.fixture
def changed(up: Stack, tmp_path: Path) -> Stack:
    """The same stack in a checkout of the test's own, for it to change something."""
    own = up.at(up.engine.checkout(tmp_path.name))
    (own.folder / "Pulumi.dev.yaml").write_text((up.folder / "Pulumi.dev.yaml").read_text())
    _write_nightly(own.folder, "cron(0 3 * * ? *)")
    return own


def _write_nightly(folder: Path, schedule: str) -> None:
    (folder / "definitions" / "nightly.py").write_text(NIGHTLY.format(schedule=schedule))


def _a_definition(stack: Stack) -> None:
    file = stack.folder / "definitions" / "testing_run.py"
    file.write_text(file.read_text() + "\nCHANGED = True\n")


def _a_schedule(stack: Stack) -> None:
    _write_nightly(stack.folder, "cron(0 4 * * ? *)")


def _setting(key: str, value: object) -> Callable[[Stack], object]:
    return lambda stack: stack.write({f"{NAME}:{key}": value})


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        pytest.param(_a_definition, FUNCTIONS, id="a definition"),
        pytest.param(
            _setting("workerMemoryMb", 3008),
            _lambdas("recovery", "worker"),
            id="the worker's memory",
        ),
        pytest.param(_setting("apiMemoryMb", 1024), _lambdas("api"), id="the API's memory"),
        pytest.param(
            _setting("workerPolicyStatements", OTHER_VALUES["workerPolicyStatements"]),
            [f"{ROLE_POLICY}::{NAME}-recovery", f"{ROLE_POLICY}::{NAME}-worker"],
            id="the worker's policy",
        ),
        pytest.param(
            _setting("apiPolicyStatements", OTHER_VALUES["apiPolicyStatements"]),
            [f"{ROLE_POLICY}::{NAME}-api"],
            id="the API's policy",
        ),
        pytest.param(
            _setting("logRetentionDays", 365),
            [
                f"{LOG_GROUP}::{NAME}-{each}"
                for each in ("api", "api-access", "recovery", "state-machine", "worker")
            ],
            id="the logs' retention",
        ),
        pytest.param(_setting("taskRetentionDays", 365), FUNCTIONS, id="the tasks' retention"),
        pytest.param(_setting("lambdaArchitecture", "x86_64"), FUNCTIONS, id="the architecture"),
        pytest.param(
            _a_schedule, [*FUNCTIONS, f"{SCHEDULE}::{NAME}-scheduler-nightly"], id="a schedule"
        ),
    ],
)
def test_a_change_of_one_thing_updates_what_it_is_about_and_nothing_else(
    changed: Stack, change: Callable[[Stack], object], touched: list[str]
) -> None:
    change(changed)

    previewed = changed.preview().must()

    assert previewed.changes == {"update": sorted(touched)}


def test_another_region_is_refused_and_moves_nothing(changed: Stack) -> None:
    before = {each["urn"]: each["id"] for each in changed.export() if each["custom"]}

    refused = changed.write({"aws:region": "us-east-1"}).up().must_fail()

    assert '"aws:region" is "us-east-1", and the stack is in eu-central-1' in refused.output
    kept = {each["urn"]: each["id"] for each in changed.export() if each["custom"]}
    assert {urn: id for urn, id in kept.items() if urn in before} == before
    assert not {"replace", "create-replacement", "delete-replaced"} & refused.changes.keys()


def test_a_rate_whose_start_has_passed_stays_as_it_is_until_it_changes(changed: Stack) -> None:
    start = "datetime.datetime(2026, 1, 5, 3, tzinfo=datetime.timezone.utc)"
    file = changed.folder / "definitions" / "weekly.py"

    def deploy(expression: str) -> dict[str, list[str]]:
        schedule = f'Schedule("{expression}", start={start})'
        text = NIGHTLY.replace('"{schedule}"', schedule).replace("nightly", "weekly")
        file.write_text("import datetime\nfrom handler import Schedule\n" + text)
        return changed.up().must().changes

    deploy("rate(7 minutes)")

    assert deploy("rate(7 minutes)") == {}
    replaced = deploy("rate(8 minutes)")
    assert [len(replaced[each]) for each in ("create", "delete")] == [1, 1]
    assert "replace" not in replaced


def test_a_schedule_that_is_removed_is_deleted_with_its_group_and_role(changed: Stack) -> None:
    (changed.folder / "definitions" / "nightly.py").unlink()

    previewed = changed.preview().must()

    assert previewed.changes["update"] == FUNCTIONS
    assert {each.partition("::")[0] for each in previewed.changes["delete"]} == {
        "aws:iam/role:Role",
        ROLE_POLICY,
        SCHEDULE,
        "aws:scheduler/scheduleGroup:ScheduleGroup",
    }


def test_no_key_of_the_config_has_data_replaced_or_deleted(changed: Stack) -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert OTHER_VALUES.keys() == declared.keys()
    changed.write({f"{NAME}:{key}": value for key, value in OTHER_VALUES.items()})

    previewed = changed.preview().must()

    changes = previewed.changes
    lost = [
        each
        for op in changes.keys() - {"create", "update"}
        for each in changes[op]
        if each.partition("::")[0] in DATA
    ]
    assert lost == []
    assert f"aws:dynamodb/table:Table::{NAME}-tasks" in changes["update"]  # it was tried
