"""What the account lets Lambda and Step Functions do, and how much of it is used."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from cli.doctor.findings import Finding
from cli.doctor.patient import Patient
from handler.clock import Clock

# Lambda guide, "Configuring reserved concurrency": AWS keeps so many for all other functions.
_UNRESERVED: Final = 100
_NEARLY: Final = 0.8
_LOOK_BACK: Final = timedelta(hours=1)
_PERIOD_SECONDS: Final = 60
# Service Quotas calls quotas by codes, which differ from partition to partition, and by names.
_START_EXECUTION: Final = "StartExecution"
_MORE: Final = "ask for more in the Service Quotas console; it may take a day."

# CloudWatch metrics of the account: Lambda guide, "Types of metrics for Lambda functions"; AWS CDK,
# `StateTransitionMetric`; Step Functions guide, "Monitoring Step Functions metrics".
_Metric = tuple[str, str, Mapping[str, str]]
_CONCURRENCY: Final[_Metric] = ("AWS/Lambda", "ConcurrentExecutions", {})
_TRANSITIONS: Final = ("AWS/States", "ConsumedCapacity", {"ServiceMetric": "StateTransition"})
_TRANSITION_RATE: Final = (
    "AWS/States",
    "ProvisionedRefillRate",
    {"ServiceMetric": "StateTransition"},
)
_THROTTLED: Final = ("AWS/States", "ThrottledEvents", {"APIName": _START_EXECUTION})


def lambda_concurrency(patient: Patient) -> Iterator[Finding]:
    """How many Lambdas run at a time, of how many may."""
    limits = patient.client("lambda").get_account_settings()["AccountLimit"]
    most = int(limits["ConcurrentExecutions"])
    used = _highest(patient, _CONCURRENCY) or 0.0
    is_small, is_near = most < _UNRESERVED, used > most * _NEARLY
    free = limits["UnreservedConcurrentExecutions"]
    yield Finding(
        check="Lambda concurrency",
        state="failed" if is_near else "warning" if is_small else "ok",
        value=f"{used:,.0f} of {most:,} in the last hour; {free:,} are not reserved",
        expected=f"{_UNRESERVED} at least, and less than {_NEARLY:.0%} of them used",
        next=_MORE if is_near or is_small else "",
    )


def start_execution(patient: Patient) -> Iterator[Finding]:
    """How many executions may start, and whether any was throttled."""
    quotas = _quotas(patient)
    throttled = _highest(patient, _THROTTLED, statistic="Sum") or 0.0
    said = ", ".join(f"{name}: {value:,.0f}" for name, value in sorted(quotas.items()))
    yield Finding(
        check="StartExecution",
        state="failed" if throttled else "ok" if quotas else "unknown",
        value=f"{throttled:,.0f} throttled a minute in the last hour; {said}"
        if throttled
        else said or "Service Quotas names none",
        expected="none throttled",
        next=f"have fewer tasks start at a time, @task(rate=...), or {_MORE}" if throttled else "",
    )


def state_transitions(patient: Patient) -> Iterator[Finding]:
    """How many state transitions there are, of how many may be."""
    most, used = _highest(patient, _TRANSITION_RATE), _highest(patient, _TRANSITIONS) or 0.0
    if most is None:
        yield Finding(
            check="state transitions",
            state="ok",
            value="none in the last hour",
            expected=f"less than {_NEARLY:.0%} of the quota",
        )
        return
    per_second = used / _PERIOD_SECONDS
    is_near = per_second > most * _NEARLY
    yield Finding(
        check="state transitions",
        state="failed" if is_near else "ok",
        value=f"{per_second:,.0f} a second in the last hour, of {most:,.0f}",
        expected=f"less than {_NEARLY:.0%} of them",
        next=_MORE if is_near else "",
    )


def _quotas(patient: Patient) -> Mapping[str, float]:
    """What Service Quotas says of StartExecution, by the quotas' names."""
    client = patient.client("service-quotas")
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="states")
    return {
        each["QuotaName"]: each["Value"]
        for page in pages
        for each in page["Quotas"]
        if _START_EXECUTION.lower() in each["QuotaName"].replace(" ", "").lower()
    }


def _highest(patient: Patient, metric: _Metric, *, statistic: str = "Maximum") -> float | None:
    """The highest value of a metric in a minute of the last hour; `None` where it has none."""
    namespace, name, dimensions = metric
    points: list[Mapping[str, Any]] = patient.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        **_last_hour(patient.clock),
        Period=_PERIOD_SECONDS,
        Statistics=[statistic],
    )["Datapoints"]
    return max((float(each[statistic]) for each in points), default=None)


def _last_hour(clock: Clock) -> Mapping[str, Any]:
    now = clock.now()
    return {"StartTime": now - _LOOK_BACK, "EndTime": now}
