"""URLs of the AWS console, made from the names of the stack's resources."""

from collections.abc import Mapping
from urllib.parse import quote

from infra.documents.partitions import CONSOLE_DOMAINS, partition_of, region_of


def links(
    *,
    prefix: str,
    executions: str,
    table: str,
    event_bus: str,
    undelivered: str,
    recovery_failures: str,
    other_workers: Mapping[str, str],
) -> dict[str, str]:
    """The pages to look at when a task went wrong, by name; none where there is no public console.

    Args:
        prefix: what the names of the functions begin with.
        executions: the state machine's ARN.
        table: the table's name.
        event_bus: the bus's name.
        undelivered: the dead-letter queue's URL.
        recovery_failures: the URL of the queue of the recovery's own failures.
        other_workers: the functions beside the default worker's, by the workers' names.
    """
    region = region_of(executions)
    domain = CONSOLE_DOMAINS.get(partition_of(executions))
    if domain is None:
        return {}
    paths = {
        "executions": f"states/home?region={region}#/statemachines/view/{executions}",
        "workerLog": _log(region, f"{prefix}-worker"),
        **{f"{name}WorkerLog": _log(region, each) for name, each in other_workers.items()},
        "apiLog": _log(region, f"{prefix}-api"),
        "recoveryLog": _log(region, f"{prefix}-recovery"),
        "table": f"dynamodbv2/home?region={region}#item-explorer?table={table}",
        "eventBus": f"events/home?region={region}#/eventbus/{event_bus}",
        "undelivered": _queue(region, undelivered),
        "recoveryFailures": _queue(region, recovery_failures),
    }
    return {name: f"https://{region}.{domain}/{path}" for name, path in paths.items()}


def dashboard(*, executions: str, name: str) -> str:
    """The page of the dashboard that is called `name`, or "" where there is none to show."""
    region = region_of(executions)
    domain = CONSOLE_DOMAINS.get(partition_of(executions))
    if not name or domain is None:
        return ""
    return f"https://{region}.{domain}/cloudwatch/home?region={region}#dashboards/dashboard/{name}"


def _queue(region: str, url: str) -> str:
    return f"sqs/v3/home?region={region}#/queues/{quote(url, safe='')}"


def _log(region: str, function: str) -> str:
    # The console decodes this part of the URL twice, and writes "$" for "%".
    group = quote(quote(f"/aws/lambda/{function}", safe=""), safe="").replace("%", "$")
    return f"cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
