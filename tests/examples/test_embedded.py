"""The example of another program, deployed into the local AWS from its own folder."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from handler.contract import EXPIRY_ATTRIBUTE
from local.deployed import LOCAL_CONFIG, Deployed
from local.deployment import deploy
from local.emulator import Options, running_emulator
from local.project import Project
from tests.installing import EXAMPLE
from tests.running import Running

pytestmark = [pytest.mark.system, pytest.mark.slow]

BOUNDARY = "arn:aws:iam::aws:policy/AdministratorAccess"
# A stack whose bus, table, bucket and boundary somebody else has made, by hand.
ON_EXISTING = """
from pathlib import Path
import pulumi
from infra import BackgroundTasks, BackgroundTasksArgs

config = pulumi.Config()
tasks = BackgroundTasks(
    "second",
    BackgroundTasksArgs(
        definitions=Path("definitions"),
        event_bus_arn=config.require("bus"),
        table_arn=config.require("table"),
        payload_bucket_arn=config.require("bucket"),
        permissions_boundary_arn=config.require("boundary"),
        environment={"ORDERS_TABLE": config.require("orders")},
        tags={"team": "shop"},
        worker_policy_statements=[
            {"Effect": "Allow", "Action": ["dynamodb:UpdateItem"], "Resource": ["*"]}
        ],
        vendor_dependencies=False,
    ),
)
pulumi.export("apiUrl", tasks.api_url)
pulumi.export("eventBusName", tasks.event_bus_name)
pulumi.export("stateMachineArn", tasks.state_machine_arn)
pulumi.export("tableName", tasks.table_name)
pulumi.export("payloadBucketName", tasks.payload_bucket_name)
pulumi.export("workerFunctionName", tasks.worker_function_name)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The example's stack, up."""
    folder = copied(tmp_path_factory.mktemp("a shop") / "program")
    project = Project.from_folder(folder).with_config(LOCAL_CONFIG)
    with running_emulator(Options(region=project.region, wait_scale=0.01)) as emulator:
        yield Running(Deployed(emulator.access, deploy(project, emulator.access)))


def copied(folder: Path) -> Path:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".build"))
    return folder


def ship(shop: Running, *order_ids: str) -> str:
    """Sends an event by hand, to the bus that the program has made itself."""
    detail = {"webinyTaskDefinitionId": "shipOrders", "input": {"order_ids": order_ids}}
    [entry] = shop.client("events").put_events(
        Entries=[
            {
                "EventBusName": shop.deployed.event_bus_name,
                "Source": "by-hand",
                "DetailType": "WebinyBackgroundTask",
                "Detail": json.dumps(detail),
            }
        ]
    )["Entries"]
    return str(entry["EventId"])


def test_a_task_that_is_triggered_on_the_programs_own_bus_succeeds(shop: Running) -> None:
    ended = shop.run(ship(shop, "a", "b"))

    assert ended.status == "SUCCEEDED", ended.cause
    orders = shop.client("dynamodb").scan(TableName=shop.deployed.outputs["ordersTableName"])
    assert sorted(item["orderId"]["S"] for item in orders["Items"]) == ["a", "b"]
    assert all(item["shipped"]["BOOL"] for item in orders["Items"])


def test_its_record_is_in_the_programs_own_table(shop: Running) -> None:
    task_id = ship(shop, "c")
    shop.run(task_id)

    items = shop.client("dynamodb").scan(TableName=shop.table)["Items"]

    assert shop.table.startswith("task-records-")
    assert any(task_id in item["pk"]["S"] for item in items)
    assert len(shop.client("dynamodb").list_tables()["TableNames"]) == 2


def test_a_second_stack_beside_it_runs_on_what_was_made_by_hand(
    shop: Running, tmp_path: Path
) -> None:
    folder = copied(tmp_path / "second")
    (folder / "__main__.py").write_text(ON_EXISTING)
    made = _made_by_hand(shop)
    project = Project.from_folder(folder).with_config(made)

    outputs = deploy(project, shop.deployed.access)

    second = Running(Deployed(shop.deployed.access, outputs))
    ended = second.run(ship(second, "d"))
    assert ended.status == "SUCCEEDED", ended.cause
    assert (outputs["tableName"], outputs["payloadBucketName"]) == ("by-hand", "by-hand")
    function = second.client("lambda").get_function(FunctionName=outputs["workerFunctionName"])
    assert function["Configuration"]["Environment"]["Variables"]["ORDERS_TABLE"] == made["orders"]
    assert function["Configuration"].get("Layers", []) == []
    role = second.client("iam").get_role(
        RoleName=function["Configuration"]["Role"].rpartition("/")[2]
    )
    assert role["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY


def _made_by_hand(shop: Running) -> dict[str, str]:
    """A table like the component's, a bus and a bucket; the second stack's config."""
    dynamodb, s3 = shop.client("dynamodb"), shop.client("s3")
    like = dynamodb.describe_table(TableName=shop.table)["Table"]
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in like["GlobalSecondaryIndexes"]
    ]
    table = dynamodb.create_table(
        TableName="by-hand",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=like["KeySchema"],
        AttributeDefinitions=like["AttributeDefinitions"],
        GlobalSecondaryIndexes=indexes,
    )["TableDescription"]
    dynamodb.update_time_to_live(
        TableName="by-hand",
        TimeToLiveSpecification={"AttributeName": EXPIRY_ATTRIBUTE, "Enabled": True},
    )
    s3.create_bucket(
        Bucket="by-hand",
        CreateBucketConfiguration={"LocationConstraint": shop.deployed.access.region},
    )
    bus = shop.client("events").create_event_bus(Name="by-hand")
    return {
        "bus": bus["EventBusArn"],
        "table": table["TableArn"],
        "bucket": "arn:aws:s3:::by-hand",
        "boundary": BOUNDARY,
        "orders": shop.deployed.outputs["ordersTableName"],
    }
