"""The stack's dashboard: what runs, what failed and why, what is slow, what waits, what it costs.

The document of a CloudWatch dashboard (CloudWatch API reference, "Dashboard body structure and
syntax"), made from names.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handler.contract import DEFAULT_WORKER
from infra.documents.partitions import region_of

Json = dict[str, object]
Series = list[object]

WIDTH: Final = 24  # of a dashboard, in columns (the same reference)
HEIGHT: Final = 6
PERIOD_SECONDS: Final = 5 * 60
# In US dollars, in us-east-1, in 2026 (AWS's pricing pages of Lambda, Step Functions and DynamoDB).
# Elsewhere they are up to half as much more.
PER_GB_SECOND: Final = {"arm64": 0.0000133334, "x86_64": 0.0000166667}  # Lambda, first tier
PER_INVOCATION: Final = 0.2 / 1_000_000  # Lambda
PER_TRANSITION: Final = 25 / 1_000_000  # Step Functions, Standard
TRANSITIONS_OF_A_VISIT: Final = 2  # Run and CheckStatus; a wait is one more
PER_WRITE_UNIT: Final = 0.625 / 1_000_000  # DynamoDB, on demand
PER_READ_UNIT: Final = 0.125 / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the dashboard looks at."""

    namespace: str  # of the metrics that the Lambdas write
    prefix: str
    state_machine_arn: str
    worker: str
    api: str
    recovery: str
    table: str
    undelivered: str
    recovery_failures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker: its name, its function's, and its memory."""

    name: str
    function: str
    memory_mb: int

    def named(self, label: str) -> str:
        """A label of the default worker's, as this one has it."""
        return label if self.name == DEFAULT_WORKER else f"{label}, {self.name}"


def body(
    names: Names, *, worker_memory_mb: int, architecture: str, others: Sequence[Worker] = ()
) -> Json:
    """The dashboard, three widgets in a row.

    Args:
        others: the workers beside the default one.
    """
    default = Worker(name=DEFAULT_WORKER, function=names.worker, memory_mb=worker_memory_mb)
    workers = [default, *others]
    widgets = [
        _tasks(names),
        _by_definition(names, "Failed, by definition", "TasksFailed", "Sum"),
        _errors(names, workers),
        _by_definition(names, "Seconds from trigger to end, p95", "TaskSeconds", "p95"),
        _iterations(names, workers),
        _by_definition(names, "Crashes, by definition", "Crashes", "Sum"),
        _waiting(names),
        _recovery(names, workers),
        _cost(names, workers, architecture=architecture),
    ]
    return {"widgets": list(_placed(widgets))}


def _placed(widgets: Iterable[Json]) -> Iterable[Json]:
    width = WIDTH // 3
    for position, widget in enumerate(widgets):
        row, column = divmod(position, 3)
        place = {"x": column * width, "y": row * HEIGHT, "width": width, "height": HEIGHT}
        yield {**place, **widget}


def _tasks(names: Names) -> Json:
    series = [
        *_open(names),
        _of_the_stack(names, "TasksStarted", "Sum", "started"),
        _of_the_stack(names, "TasksSuccess", "Sum", "succeeded"),
        _of_the_stack(names, "TasksFailed", "Sum", "failed"),
        _of_the_stack(names, "TasksAborted", "Sum", "aborted"),
    ]
    return _graph(names, "Tasks: what runs", series)


def _open(names: Names) -> list[Series]:
    """The open tasks, which are counted once an hour: in between, the last count stands."""
    counted: Series = [names.namespace, "OpenTasks", "service", names.prefix]
    options = {"stat": "Maximum", "id": "counted", "visible": False}
    expression = {"expression": "FILL(counted, REPEAT)", "label": "open", "id": "open"}
    return [[*counted, options], [expression]]


def _by_definition(names: Names, title: str, metric: str, statistic: str) -> Json:
    search = (
        f'SEARCH(\'{{{names.namespace},Definition,service}} MetricName="{metric}"'
        f" service=\"{names.prefix}\"', '{statistic}', {PERIOD_SECONDS})"
    )
    return _graph(names, title, [[{"expression": search, "label": "", "id": "by"}]])


def _errors(names: Names, workers: Sequence[Worker]) -> Json:
    functions = (*(each.function for each in workers), names.recovery)
    groups = (f"/aws/lambda/{each}" for each in functions)
    query = (
        " | ".join(f"SOURCE '{group}'" for group in groups)
        + ' | filter level = "ERROR"'
        + " | stats count(*) as times, latest(@timestamp) as last by definition_id, message"
        + " | sort times desc | limit 20"
    )
    properties = {
        "title": "Why: errors in the logs",
        "region": region_of(names.state_machine_arn),
        "query": query,
        "view": "table",
    }
    return {"type": "log", "properties": properties}


def _iterations(names: Names, workers: Sequence[Worker]) -> Json:
    series: list[Series] = [
        [
            *("AWS/Lambda", "Duration", "FunctionName", each.function),
            {"stat": statistic, "label": each.named(f"iteration, {statistic}")},
        ]
        for each in workers
        for statistic in ("p50", "p95", "Maximum")
    ]
    return _graph(names, "Milliseconds of an iteration: what is slow", series)


def _waiting(names: Names) -> Json:
    queues = {
        "dead letters": names.undelivered,
        "failures of the recovery": names.recovery_failures,
    }
    series = [_of_the_stack(names, "OldestPendingSeconds", "Maximum", "oldest pending, seconds")]
    for label, queue in queues.items():
        options = {"stat": "Maximum", "label": label}
        metric = "ApproximateNumberOfMessagesVisible"
        series.append(["AWS/SQS", metric, "QueueName", queue, options])
    return _graph(names, "What waits", series)


def _recovery(names: Names, workers: Sequence[Worker]) -> Json:
    series: list[Series] = [
        ["AWS/Lambda", "Errors", "FunctionName", names.recovery, {"label": "recovery failed"}],
        *_throttles(workers),
        ["AWS/Lambda", "Errors", "FunctionName", names.api, {"label": "API failed"}],
        _of_the_stack(names, "RecoveryErrors", "Sum", "recovery met trouble"),
    ]
    return _graph(names, "What watches over it", series)


def _throttles(workers: Sequence[Worker]) -> Iterable[Series]:
    for each in workers:
        label = {"label": each.named("worker throttled")}
        yield ["AWS/Lambda", "Throttles", "FunctionName", each.function, label]


def _cost(names: Names, workers: Sequence[Worker], *, architecture: str) -> Json:
    """Dollars in five minutes, by what can be told from metrics. Logs and events are not in it."""
    visit = PER_INVOCATION + TRANSITIONS_OF_A_VISIT * PER_TRANSITION
    inputs: list[Series] = [
        *_invocations(workers),
        ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", names.table, _hidden("writes")],
        ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", names.table, _hidden("reads")],
    ]
    per_second = PER_GB_SECOND[architecture]
    expressions = {
        **{
            each.named("worker"): (
                f"busy{_id(number)} / 1000 * {each.memory_mb / 1024} * {per_second:.10f}"
            )
            for number, each in enumerate(workers)
        },
        "visits of Run": f"{_visits(workers)} * {visit:.10f}",
        "table": f"writes * {PER_WRITE_UNIT:.10f} + reads * {PER_READ_UNIT:.10f}",
    }
    lines: list[Series] = [
        [{"expression": expression, "label": label, "id": f"cost{number}"}]
        for number, (label, expression) in enumerate(expressions.items())
    ]
    return _graph(names, "About what it costs, US dollars in 5 minutes", [*inputs, *lines])


def _invocations(workers: Sequence[Worker]) -> Iterable[Series]:
    for number, each in enumerate(workers):
        for metric, id in (("Duration", "busy"), ("Invocations", "visits")):
            hidden = _hidden(f"{id}{_id(number)}")
            yield ["AWS/Lambda", metric, "FunctionName", each.function, hidden]


def _visits(workers: Sequence[Worker]) -> str:
    """The visits of all workers: a metric of one that nobody invokes has a gap, not a zero."""
    if len(workers) == 1:
        return "visits"
    ids = (f"FILL(visits{_id(number)}, 0)" for number in range(len(workers)))
    return f"({' + '.join(ids)})"


def _id(number: int) -> str:
    """What tells the metrics of one worker from the default one's."""
    return str(number) if number else ""


def _hidden(id: str) -> Mapping[str, object]:
    return {"id": id, "visible": False}


def _of_the_stack(names: Names, metric: str, statistic: str, label: str) -> Series:
    options = {"stat": statistic, "label": label}
    return [names.namespace, metric, "service", names.prefix, options]


def _graph(names: Names, title: str, series: list[Series]) -> Json:
    properties = {
        "title": title,
        "region": region_of(names.state_machine_arn),
        "view": "timeSeries",
        "stat": "Sum",
        "period": PERIOD_SECONDS,
        "metrics": series,
        "yAxis": {"left": {"min": 0}},
    }
    return {"type": "metric", "properties": properties}
