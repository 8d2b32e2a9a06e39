"""The blocks of docs/cost.md."""

import math
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from handler.definition import Registry
from handler.lifecycle.census import Census
from infra.recovery_function import SWEEP
from tests.docs.figures.blocks import Block, Paragraph, Table
from tests.docs.figures.facts import PRICES, Price, allowed, dollars
from tests.docs.figures.workload import (
    API_GB,
    API_SECONDS,
    ARCHITECTURE,
    BYTES_OF_A_LINE,
    BYTES_OF_A_STEP,
    BYTES_OF_A_SWEEP,
    BYTES_OF_AN_INVOCATION,
    DAYS_OF_A_MONTH,
    GB,
    HOURS_OF_A_MONTH,
    MB_OF_A_VCPU,
    MEMORY_GB,
    MILLION,
    REQUEST_SECONDS,
    SECONDS_OF_A_MONTH,
    SWEEP_SECONDS,
    WORK_SECONDS,
)
from tests.infra.recording import run
from tests.measure import footprint
from tests.measure.footprint import RETENTION_DAYS, Iteration, transitions
from tests.measure.meter import Meter

# Durable functions keep their data for 14 days by default (Lambda API reference, "DurableConfig").
DURABLE_DAYS: Final = 14
# Express executions end after five minutes, and are billed by started 64 MB (Step Functions guide,
# "Quotas"; Step Functions pricing).
EXPRESS_SECONDS: Final = 5 * 60
EXPRESS_GB: Final = 64 / 1024
# The smallest container, and one of a whole processor: vCPU, GB.
SMALL: Final = (0.25, 0.5)
WHOLE: Final = (1.0, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a way costs, in dollars, by what is paid for."""

    orchestration: float = 0
    storing: float = 0
    keeping: float = 0
    computing: float = 0
    logging: float = 0

    @property
    def together(self) -> float:
        return float(sum(astuple(self)))

    def times(self, count: float) -> "Cost":
        return Cost(
            orchestration=self.orchestration * count,
            storing=self.storing * count,
            keeping=self.keeping * count,
            computing=self.computing * count,
            logging=self.logging * count,
        )


def blocks() -> list[Block]:
    """Everything in docs/cost.md that is made from the code and the prices."""
    return [
        _workload(),
        _ways(),
        _volumes(),
        _break_even(),
        _task(),
        _idle(),
        _prices(),
    ]


def _workload() -> Paragraph:
    return Paragraph(
        "workload",
        f"The workload is {MILLION:,} iterations of {WORK_SECONDS * 1000:.0f} ms in a Lambda of"
        f" {MEMORY_GB:g} GB on {ARCHITECTURE}, the default of `workerMemoryMb`. A request to a"
        f" table is assumed to take {REQUEST_SECONDS * 1000:.0f} ms, a line of a log"
        f" {BYTES_OF_A_LINE} bytes, what a rival stores of a step {BYTES_OF_A_STEP} bytes. What is"
        f" stored is kept for {RETENTION_DAYS} days (`taskRetentionDays`), by durable functions"
        f" for {DURABLE_DAYS}, and a month has {HOURS_OF_A_MONTH} hours. The time that Step"
        " Functions takes between two states is not counted.",
    )


def _ways() -> Table:
    header = (
        f"{MILLION:,} iterations",
        "orchestration",
        "storing",
        "keeping",
        "computing",
        "logs",
        "together",
    )
    rows = [
        (way, *map(_money, astuple(cost)), f"**{_money(cost.together)}**")
        for way, cost in costs(MILLION).items()
    ]
    return Table("ways", header, rows)


def costs(count: int) -> dict[str, Cost]:
    """What so many iterations cost, by the way in which they are run."""
    in_place = WORK_SECONDS + REQUEST_SECONDS
    return {
        "ours: items of one `context.each`": _ours(footprint.of_a_loop(WORK_SECONDS)).times(count),
        IN_PLACE: _ours(footprint.in_place(in_place, logs=False)).times(count),
        "ours: in place, a line each": _ours(footprint.in_place(in_place, logs=True)).times(count),
        VISITS: _ours(footprint.of_a_visit(logs=True)).times(count),
        DURABLE: _durable(steps=1).times(count),
        "durable functions, a step every 5 seconds": _durable(steps=WORK_SECONDS / 5).times(count),
        "Step Functions Standard, a loop of Task and Choice": _standard(states=2).times(count),
        "Step Functions Standard, a Map of one Task": _standard(states=1).times(count),
        "Step Functions Express, a loop that stores nothing": _express().times(count),
        CONTAINER: _containers(count, SMALL),
        "a container of 1 vCPU, all month": _containers(count, WHOLE),
    }


IN_PLACE: Final = "ours: in place, nothing logged"
VISITS: Final = "ours: a visit each (`in_place=False`), a line each"
DURABLE: Final = "durable functions, a step each"
CONTAINER: Final = "a container of 0.25 vCPU, all month"


def _ours(each: Iteration) -> Cost:
    """What one iteration more costs."""
    return Cost(
        orchestration=dollars("transition", transitions(each.visits)),
        storing=dollars("write_unit", each.write_units + each.dating_units),
        keeping=_kept(each.stored_bytes, months=RETENTION_DAYS / DAYS_OF_A_MONTH),
        computing=_lambda(WORK_SECONDS + each.requests * REQUEST_SECONDS, each.visits),
        logging=_logs(invocations=each.visits, lines=each.visits + each.lines),
    )


def _durable(*, steps: float) -> Cost:
    """What an iteration costs that is so many steps, or a part of one."""
    executions = steps / allowed("durable_operations")
    data = steps * BYTES_OF_A_STEP / GB
    return Cost(
        orchestration=dollars("durable_operation", steps + executions),
        storing=dollars("durable_gb_written", data),
        keeping=dollars("durable_gb_month", data) * DURABLE_DAYS / DAYS_OF_A_MONTH,
        computing=_lambda(WORK_SECONDS + steps * REQUEST_SECONDS, executions),
        logging=_logs(invocations=executions),
    )


def _standard(*, states: int) -> Cost:
    return Cost(
        orchestration=dollars("transition", states),
        computing=_lambda(WORK_SECONDS, 1),
        logging=_logs(invocations=1),
    )


def _express() -> Cost:
    return Cost(
        orchestration=dollars("express_request", WORK_SECONDS / EXPRESS_SECONDS)
        + dollars("express_gb_second", WORK_SECONDS * EXPRESS_GB),
        computing=_lambda(WORK_SECONDS, 1),
        logging=_logs(invocations=1),
    )


def _containers(count: float, size: tuple[float, float]) -> Cost:
    """As many as have time for the work, each for a month, and a write for each iteration."""
    vcpu, gb = size
    hour = dollars("fargate_vcpu_hour", vcpu) + dollars("fargate_gb_hour", gb)
    return Cost(
        storing=dollars("write_unit", count),
        computing=containers_for(count, vcpu) * hour * HOURS_OF_A_MONTH,
    )


def containers_for(count: float, vcpu: float) -> int:
    """How many containers a month of so many iterations takes, if it is the processor they need."""
    needed = count * WORK_SECONDS * MEMORY_GB * 1024 / MB_OF_A_VCPU
    return math.ceil(needed / (vcpu * SECONDS_OF_A_MONTH))


def _kept(size: float, *, months: float) -> float:
    """So many bytes in the table, which can be restored to any second."""
    return size / GB * months * (dollars("table_gb_month") + dollars("backup_gb_month"))


def _lambda(seconds: float, invocations: float, *, gb: float = MEMORY_GB) -> float:
    duration = dollars(f"lambda_gb_second_{ARCHITECTURE}", seconds * gb)
    return duration + dollars("lambda_request", invocations)


def _logs(*, invocations: float, lines: float = 0) -> float:
    """Written, and kept for a month (`logRetentionDays`)."""
    size = invocations * BYTES_OF_AN_INVOCATION + lines * BYTES_OF_A_LINE
    return (dollars("log_gb") + dollars("log_gb_month")) * size / GB


def _volumes() -> Table:
    counts = (MILLION // 10, MILLION, 10 * MILLION, 100 * MILLION)
    ways = (IN_PLACE, VISITS, DURABLE, CONTAINER)
    rows = [[way, *(_money(costs(count)[way].together) for count in counts)] for way in ways]
    needed = [str(containers_for(count, SMALL[0])) for count in counts]
    return Table(
        "volumes",
        ("a month", *(f"{count:,}" for count in counts)),
        [*rows, ["how many such containers", *needed]],
    )


def _break_even() -> Paragraph:
    container = _containers(1, SMALL)
    one = costs(1)[IN_PLACE]
    # The write of each iteration costs both the same, but for what ours writes at a visit.
    even = container.computing / (one.together - container.storing)
    share = even * WORK_SECONDS / SECONDS_OF_A_MONTH
    return Paragraph(
        "break-even",
        f"The small container costs {_money(container.computing)} a month, busy or not. From"
        f" {even / MILLION:.1f} million iterations a month on it is the cheaper one: when"
        f" {share:.0%} of the month are work.",
    )


def _task() -> Table:
    rows = [(what, takes, _money(each * MILLION)) for what, takes, each in _parts_of_a_task()]
    return Table("task", ("of a task", "takes", "a million"), rows)


def _parts_of_a_task() -> Iterator[tuple[str, str, float]]:
    """What a task goes through, what of it is paid for, and dollars."""
    whole, of_a_visit = footprint.of_a_task(), footprint.of_a_visit(logs=False)
    yield (
        "its trigger, by code",
        f"1 event, {_written(whole.trigger)}",
        dollars("event") + _writing(whole.trigger),
    )
    child = footprint.of_a_childs_trigger()
    yield (
        "the trigger of a child",
        f"1 event, {_written(child)}",
        dollars("event") + _writing(child),
    )
    bare, one, two = map(footprint.of_a_tagged_trigger, range(3))
    of_each = two.write_units - one.write_units
    yield (
        "each tag, at its trigger",
        f"{of_each} write units; and {one.write_units - bare.write_units - of_each} for them all",
        dollars("write_unit", of_each),
    )
    yield (
        "its trigger by the API, besides",
        f"a request, {API_SECONDS * 1000:.0f} ms of Lambda",
        dollars("api_request") + _lambda(API_SECONDS, 1, gb=API_GB),
    )
    started = transitions(1, executions=1)
    yield (
        "start, first iteration, end",
        f"{started:g} transitions, {_written(whole.run)}",
        (
            dollars("transition", started)
            + _writing(whole.run)
            + _lambda(WORK_SECONDS + whole.run.requests * REQUEST_SECONDS, 1)
            + _logs(invocations=1, lines=1)
        ),
    )
    yield "its rows are dated for their expiry", _written(whole.dating), _writing(whole.dating)
    waited = transitions(1, waits=1)
    yield (
        "a wait, of a second or a month; 2 write units more if it is longer than ten minutes",
        (f"{waited:g} transitions, {of_a_visit.write_units:g} write units"),
        (
            dollars("transition", waited)
            + dollars("write_unit", of_a_visit.write_units + of_a_visit.dating_units)
            + _lambda(of_a_visit.requests * REQUEST_SECONDS, 1)
            + _logs(invocations=1, lines=1)
        ),
    )
    yield (
        "a month of it, asleep or finished",
        f"{whole.stored_bytes} bytes",
        _kept(whole.stored_bytes, months=1),
    )
    told = footprint.of_a_task(is_told_of=True).run
    units, requests = told.write_units - whole.run.write_units, told.requests - whole.run.requests
    yield (
        "`statusEvents: true`: its start and its end; each wait is one event more",
        f"2 events, {units} write unit{'s' if units > 1 else ''}",
        (
            dollars("event", 2)
            + dollars("write_unit", units)
            + _lambda((2 + requests) * REQUEST_SECONDS, 0)
        ),
    )
    yield "an input or output in S3", "1 PUT, 1 GET", dollars("s3_put") + dollars("s3_get")


def _written(meter: Meter) -> str:
    units = f"{meter.write_units} write unit{'s' if meter.write_units > 1 else ''}"
    return f"{units}, {meter.index_writes.total()} in indexes"


def _writing(meter: Meter) -> float:
    units = meter.write_units + meter.index_writes.total()
    return dollars("write_unit", units) + dollars("read_unit", meter.read_units)


def _idle() -> Table:
    sweeps = _sweeps()
    alarms, metrics = _alarms()
    census = Census(Registry(()))
    census.has_all_tasks = True
    own = len(census.total())
    requests = dollars("s3_put") + dollars("sqs_request") + dollars("read_unit", 3)
    lines = (
        (
            "alarms",
            f"{alarms}, which look at {metrics} metrics; an account's first ten are free",
            dollars("alarm_metric", metrics),
        ),
        ("metrics of the sweeps", f"{own}", dollars("metric", own)),
        (
            "the recovery",
            f"{sweeps:,.0f} sweeps, each some {SWEEP_SECONDS:g} s at {MEMORY_GB:g} GB",
            _lambda(SWEEP_SECONDS, 1) * sweeps,
        ),
        ("what the sweeps ask", "the table, the queue, the bucket", requests * sweeps),
        (
            "logs",
            f"some {BYTES_OF_A_SWEEP:,} bytes a sweep",
            sweeps * BYTES_OF_A_SWEEP / GB * (dollars("log_gb") + dollars("log_gb_month")),
        ),
        ("table, bucket, bus, queues, API, state machine", "by use alone", 0.0),
    )
    optional = (
        ("`dashboard: true`", "an account's first three are free", dollars("dashboard")),
        ("`kmsKeyArn`", "a key, without its requests", dollars("kms_key")),
        ("each definition in use", "some ten metrics", dollars("metric", 10)),
    )
    together = sum(cost for _, _, cost in lines)
    rows = [
        *((what, how, _money(cost)) for what, how, cost in lines),
        ("together", "", f"**{_money(together)}**"),
        *((f"besides: {what}", how, _money(cost)) for what, how, cost in optional),
    ]
    return Table("idle", ("idle, a month", "how much", "dollars"), rows)


def _sweeps() -> float:
    minutes = int(re.fullmatch(r"rate\((\d+) minutes\)", SWEEP)[1])  # type: ignore[index]
    return HOURS_OF_A_MONTH * 60 / minutes


def _alarms() -> tuple[int, int]:
    """How many alarms a stack has, and how many metrics they look at."""
    alarms = run({"vendorDependencies": False}).all("aws:cloudwatch/metricAlarm:MetricAlarm")
    metrics = (
        [query for query in alarm.get("metricQueries", [{"metric": 1}]) if "metric" in query]
        for alarm in alarms
    )
    return len(alarms), sum(map(len, metrics))


def _prices() -> Table:
    return Table(
        "prices",
        ("price", "dollars", "for", "page", "as of", "checked"),
        list(map(_price, PRICES.values())),
    )


def _price(price: Price) -> tuple[str, ...]:
    unit = f"{price.per:,} {price.unit}" if price.per > 1 else f"1 {price.unit}"
    amount = f"{price.dollars:.10f}".rstrip("0")
    whole, _, fraction = amount.partition(".")
    source = f"[{price.source}]({price.url})"
    return (
        price.what,
        f"{whole}.{fraction:0<2}",
        unit,
        source,
        price.as_of or "no date",
        price.checked,
    )


def _money(amount: float) -> str:
    """In dollars, to the cent."""
    if not amount:
        return "$0"
    cents = Decimal(f"{amount:.6f}").quantize(Decimal("0.01"), ROUND_HALF_UP)
    return "under $0.01" if not cents else f"${cents:,}"
