"""URLs of the AWS console, made from the names of the stack's resources."""

from urllib.parse import quote

from infra.partitions import CONSOLE_DOMAINS, partition_of
from infra.settings import Settings


def links(
    settings: Settings,
    *,
    executions: str,
    table: str,
    event_bus: str,
    undelivered: str,
    recovery_failures: str,
) -> dict[str, str]:
    """The pages to look at when a task went wrong, by name; none where there is no public console.

    Args:
        settings: the stack's settings.
        executions: the state machine's ARN.
        table: the table's name.
        event_bus: the bus's name.
        undelivered: the dead-letter queue's URL.
        recovery_failures: the URL of the queue of the recovery's own failures.
    """
    region = settings.aws.region
    domain = CONSOLE_DOMAINS.get(partition_of(executions))
    if domain is None:
        return {}
    paths = {
        "executions": f"states/home?region={region}#/statemachines/view/{executions}",
        "workerLog": _log(region, settings.resource_name("worker")),
        "apiLog": _log(region, settings.resource_name("api")),
        "recoveryLog": _log(region, settings.resource_name("recovery")),
        "table": f"dynamodbv2/home?region={region}#item-explorer?table={table}",
        "eventBus": f"events/home?region={region}#/eventbus/{event_bus}",
        "undelivered": _queue(region, undelivered),
        "recoveryFailures": _queue(region, recovery_failures),
    }
    return {name: f"https://{region}.{domain}/{path}" for name, path in paths.items()}


def _queue(region: str, url: str) -> str:
    return f"sqs/v3/home?region={region}#/queues/{quote(url, safe='')}"


def _log(region: str, function: str) -> str:
    # The console decodes this part of the URL twice, and writes "$" for "%".
    group = quote(quote(f"/aws/lambda/{function}", safe=""), safe="").replace("%", "$")
    return f"cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
