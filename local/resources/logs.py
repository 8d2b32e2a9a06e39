"""CloudWatch log groups, metric filters and saved queries."""

from typing import Any

from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType, putting

_MOST_QUERIES = 1000  # of a page, and of a region (CloudWatch Logs API reference and quotas)


def _create_group(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    days = declared.take("retentionInDays", 0)
    declared.drop("skipDestroy")
    account.client("logs").create_log_group(logGroupName=name, **_as_request(declared))
    _keep_for(account, name, days)
    return _group(account, name)


def _update_group(account: Account, before: Existing, declared: Declaration) -> Values:
    declared.drop(*LOG_GROUP.fixed, "skipDestroy")
    days = declared.take("retentionInDays", 0)
    if days != before.get("retentionInDays", 0):
        _keep_for(account, before.id, days)
    key = declared.take("kmsKeyId")
    if key != before.get("kmsKeyId"):
        _encrypt(account, before.id, key)
    return _group(account, before.id)


def _group(account: Account, name: str) -> Values:
    return {"id": name, "name": name, "arn": account.arn("logs", f"log-group:{name}")}


def _keep_for(account: Account, name: str, days: int) -> None:
    if days:
        account.client("logs").put_retention_policy(logGroupName=name, retentionInDays=days)
    else:
        account.client("logs").delete_retention_policy(logGroupName=name)


def _encrypt(account: Account, name: str, key: str | None) -> None:
    if key:
        account.client("logs").associate_kms_key(logGroupName=name, kmsKeyId=key)
    else:
        account.client("logs").disassociate_kms_key(logGroupName=name)


def _delete_group(account: Account, before: Existing) -> None:
    if not before.get("skipDestroy", False):
        account.client("logs").delete_log_group(logGroupName=before.id)


def _find_group(account: Account, before: Existing) -> bool:
    groups = account.client("logs").describe_log_groups(logGroupNamePrefix=before.id)["logGroups"]
    return before.id in [group["logGroupName"] for group in groups]


def _put_filter(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    account.client("logs").put_metric_filter(
        logGroupName=declared.require("logGroupName"),
        filterName=name,
        filterPattern=declared.require("pattern"),
        metricTransformations=[_as_transformation(declared.require("metricTransformation"))],
        **_as_request(declared),
    )
    return {"id": name, "name": name}


def _as_transformation(metric: Values) -> Values:
    names = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}
    request = {names.get(key, key): value for key, value in metric.items() if value is not None}
    if "defaultValue" in request:
        request["defaultValue"] = float(request["defaultValue"])  # the provider has it as text
    return request


def _filter_id(before: Existing) -> Values:
    return {"logGroupName": before.get("logGroupName"), "filterName": before.id}


def _find_filter(account: Account, before: Existing) -> bool:
    filters = account.client("logs").describe_metric_filters(
        logGroupName=before.get("logGroupName"), filterNamePrefix=before.id
    )["metricFilters"]
    return before.id in [each["filterName"] for each in filters]


def _create_query(account: Account, declared: Declaration) -> Values:
    return _put_query(account, declared)


def _update_query(account: Account, before: Existing, declared: Declaration) -> Values:
    declared.drop("queryDefinitionId")
    return _put_query(account, declared, queryDefinitionId=before.id)


def _put_query(account: Account, declared: Declaration, **more: Any) -> Values:
    name = declared.physical_name()
    id = account.client("logs").put_query_definition(name=name, **_as_request(declared), **more)[
        "queryDefinitionId"
    ]
    return {"id": id, "queryDefinitionId": id, "name": name}


def _find_query(account: Account, before: Existing) -> bool:
    queries = account.client("logs").describe_query_definitions(maxResults=_MOST_QUERIES)
    return before.id in [query["queryDefinitionId"] for query in queries["queryDefinitions"]]


def _as_request(declared: Declaration) -> Values:
    return {key[0].lower() + key[1:]: value for key, value in declared.take_rest().items()}


LOG_GROUP = ResourceType(
    create=_create_group,
    update=_update_group,
    delete=_delete_group,
    find=_find_group,
    fixed=("name", "logGroupClass"),
)
METRIC_FILTER = ResourceType(
    create=_put_filter,
    update=putting(_put_filter),
    delete=lambda account, before: account.client("logs").delete_metric_filter(
        **_filter_id(before)
    ),
    find=_find_filter,
    fixed=("name", "logGroupName"),
)
QUERY = ResourceType(
    create=_create_query,
    update=_update_query,
    delete=lambda account, before: account.client("logs").delete_query_definition(
        queryDefinitionId=before.id
    ),
    find=_find_query,
    fixed=(),
)
