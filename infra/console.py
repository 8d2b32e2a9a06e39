"""Where to look in the AWS console: pure functions from names to URLs."""

from urllib.parse import quote

from infra.settings import Settings


def links(
    settings: Settings, *, executions: str, table: str, event_bus: str, undelivered: str
) -> dict[str, str]:
    """A URL for each thing that one looks at when a task went wrong.

    Args:
        settings: the stack's.
        executions: the state machine's ARN.
        table: the table's name.
        event_bus: the bus's name.
        undelivered: the dead-letter queue's URL.
    """
    region = settings.aws.region
    return {
        "executions": _page(
            region, f"states/home?region={region}#/statemachines/view/{executions}"
        ),
        "workerLog": _log(region, settings.resource_name("worker")),
        "apiLog": _log(region, settings.resource_name("api")),
        "recoveryLog": _log(region, settings.resource_name("recovery")),
        "table": _page(region, f"dynamodbv2/home?region={region}#item-explorer?table={table}"),
        "eventBus": _page(region, f"events/home?region={region}#/eventbus/{event_bus}"),
        "undelivered": _page(
            region, f"sqs/v3/home?region={region}#/queues/{quote(undelivered, safe='')}"
        ),
    }


def _log(region: str, function: str) -> str:
    # The console reads this part decoded twice, with "$" for "%".
    group = quote(quote(f"/aws/lambda/{function}", safe=""), safe="").replace("%", "$")
    return _page(region, f"cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}")


def _page(region: str, path: str) -> str:
    return f"https://{region}.console.aws.amazon.com/{path}"
