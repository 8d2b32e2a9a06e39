"""URLs of the AWS console, made from the names of the stack's resources."""

from urllib.parse import quote

from infra.settings import Settings


def links(
    settings: Settings, *, executions: str, table: str, event_bus: str, undelivered: str
) -> dict[str, str]:
    """The pages to look at when a task went wrong, by name.

    Args:
        settings: the stack's settings.
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
    # The console decodes this part of the URL twice, and writes "$" for "%".
    group = quote(quote(f"/aws/lambda/{function}", safe=""), safe="").replace("%", "$")
    return _page(region, f"cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}")


def _page(region: str, path: str) -> str:
    return f"https://{region}.console.aws.amazon.com/{path}"
