"""A shop's program: its orders, its event bus, and the background tasks that work on both."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra import BackgroundTasks, BackgroundTasksArgs, task_table_inputs

config = pulumi.Config()

bus = aws.cloudwatch.EventBus("orders")
orders = aws.dynamodb.Table(
    "orders",
    billing_mode="PAY_PER_REQUEST",
    hash_key="orderId",
    attributes=[aws.dynamodb.TableAttributeArgs(name="orderId", type="S")],
)
task_records = aws.dynamodb.Table(
    "task-records", billing_mode="PAY_PER_REQUEST", **task_table_inputs()
)

tasks = BackgroundTasks(
    "order-tasks",
    BackgroundTasksArgs(
        definitions=Path("definitions"),
        event_bus_arn=bus.arn,
        table_arn=task_records.arn,
        environment={"ORDERS_TABLE": orders.name},
        worker_policy_statements=[
            {"Effect": "Allow", "Action": ["dynamodb:UpdateItem"], "Resource": [orders.arn]}
        ],
        tags={"team": "shop"},
        vendor_dependencies=config.require_bool("vendorDependencies"),
    ),
)

pulumi.export("apiUrl", tasks.api_url)
pulumi.export("eventBusName", tasks.event_bus_name)
pulumi.export("stateMachineArn", tasks.state_machine_arn)
pulumi.export("tableName", tasks.table_name)
pulumi.export("ordersTableName", orders.name)
