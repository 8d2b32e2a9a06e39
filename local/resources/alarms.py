"""CloudWatch alarms."""

from typing import Any

from local.resources.declaration import Account, Declaration, Existing, Values, to_api
from local.resources.resource_type import ResourceType, putting


def _put(account: Account, declared: Declaration) -> Values:
    """ministack takes an alarm of several metrics, but never sets it off."""
    name = declared.physical_name()
    dimensions = _dimensions(declared.take("dimensions"))
    queries = [_query(query) for query in declared.take("metricQueries", [])]
    request = declared.take_rest() | (
        {"Metrics": queries} if queries else {"Dimensions": dimensions}
    )
    # Two names of the provider's differ from the API's.
    request["OKActions"] = request.pop("OkActions", [])
    account.client("cloudwatch").put_metric_alarm(AlarmName=name, **request)
    return {"id": name, "name": name, "arn": account.arn("cloudwatch", f"alarm:{name}")}


def _query(query: Values) -> Values:
    metric = query.get("metric")
    request: Values = to_api({key: value for key, value in query.items() if key != "metric"})
    if metric:
        request["MetricStat"] = {
            "Metric": {
                "Namespace": metric["namespace"],
                "MetricName": metric["metricName"],
                "Dimensions": _dimensions(metric.get("dimensions")),
            },
            "Period": metric["period"],
            "Stat": metric["stat"],
        }
    return request


def _dimensions(dimensions: dict[str, Any] | None) -> list[Values]:
    return [{"Name": name, "Value": value} for name, value in (dimensions or {}).items()]


def _find(account: Account, before: Existing) -> list[Values]:
    alarms: list[Values] = account.client("cloudwatch").describe_alarms(AlarmNames=[before.id])[
        "MetricAlarms"
    ]
    return alarms


ALARM = ResourceType(
    create=_put,
    update=putting(_put),
    delete=lambda account, before: account.client("cloudwatch").delete_alarms(
        AlarmNames=[before.id]
    ),
    find=_find,
)
