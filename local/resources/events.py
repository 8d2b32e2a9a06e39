"""EventBridge buses, rules and targets."""

import secrets

from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType, putting

_DEFAULT_BUS = "default"
# What an update resets that the program no longer sets.
_BUS: Values = {"DeadLetterConfig": {}, "Description": "", "KmsKeyIdentifier": ""}


def _create_bus(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    bus = account.client("events").create_event_bus(Name=name, **declared.take_rest())
    return {"id": name, "name": name, "arn": bus["EventBusArn"]}


def _update_bus(account: Account, before: Existing, declared: Declaration) -> Values:
    name = declared.require("name")
    request = _BUS | declared.take_rest()
    bus = account.client("events").update_event_bus(Name=name, **request)
    return {"id": before.id, "name": name, "arn": bus["Arn"]}


def _put_rule(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    bus = declared.take("eventBusName", _DEFAULT_BUS)
    declared.drop("forceDestroy")  # for rules that AWS manages
    rule = account.client("events").put_rule(Name=name, EventBusName=bus, **declared.take_rest())
    return {
        "id": name if bus == _DEFAULT_BUS else f"{bus}/{name}",
        "name": name,
        "arn": rule["RuleArn"],
    }


def _rule_id(before: Existing) -> Values:
    *bus, name = before.id.rsplit("/", 1)
    return {"Name": name, "EventBusName": bus[0] if bus else _DEFAULT_BUS}


def _put_target(account: Account, declared: Declaration) -> Values:
    rule, bus = declared.require("rule"), declared.take("eventBusName", _DEFAULT_BUS)
    target_id = declared.take("targetId") or f"{declared.name}-{secrets.token_hex(4)[:7]}"
    declared.drop("forceDestroy")
    target = {"Id": target_id, **declared.take_rest()}
    response = account.client("events").put_targets(Rule=rule, EventBusName=bus, Targets=[target])
    _refuse_failures(declared, response["FailedEntries"])
    return {"id": f"{rule}-{target_id}", "targetId": target_id}


def _refuse_failures(declared: Declaration, failures: list[Values]) -> None:
    for failure in failures:
        raise RuntimeError(f"{declared}: {failure['ErrorCode']}: {failure['ErrorMessage']}")


def _rule_of(before: Existing) -> Values:
    return {"Rule": before.get("rule"), "EventBusName": before.get("eventBusName", _DEFAULT_BUS)}


def _find_target(account: Account, before: Existing) -> bool:
    targets = account.client("events").list_targets_by_rule(**_rule_of(before))["Targets"]
    return before.get("targetId") in [target["Id"] for target in targets]


BUS = ResourceType(
    create=_create_bus,
    update=_update_bus,
    delete=lambda account, before: account.client("events").delete_event_bus(Name=before.id),
    find=lambda account, before: account.client("events").describe_event_bus(Name=before.id),
)
RULE = ResourceType(
    create=_put_rule,
    update=putting(_put_rule),
    delete=lambda account, before: account.client("events").delete_rule(**_rule_id(before)),
    find=lambda account, before: account.client("events").describe_rule(**_rule_id(before)),
    fixed=("name", "eventBusName"),
)
TARGET = ResourceType(
    create=_put_target,
    update=putting(_put_target),
    delete=lambda account, before: account.client("events").remove_targets(
        **_rule_of(before), Ids=[before.get("targetId")]
    ),
    find=_find_target,
    fixed=("rule", "eventBusName", "targetId"),
)
