"""EventBridge buses, rules and targets."""

import secrets

from local.resources.declaration import Account, Declaration, Values

_DEFAULT_BUS = "default"


def create_bus(account: Account, declared: Declaration) -> Values:
    """Creates an event bus."""
    name = declared.physical_name()
    bus = account.client("events").create_event_bus(Name=name, **declared.take_rest())
    return {"id": name, "name": name, "arn": bus["EventBusArn"]}


def create_rule(account: Account, declared: Declaration) -> Values:
    """Creates a rule, on the default bus unless another is declared."""
    name = declared.physical_name()
    bus = declared.take("eventBusName", _DEFAULT_BUS)
    declared.take("forceDestroy")  # nothing is deleted here
    rule = account.client("events").put_rule(Name=name, EventBusName=bus, **declared.take_rest())
    return {
        "id": name if bus == _DEFAULT_BUS else f"{bus}/{name}",
        "name": name,
        "arn": rule["RuleArn"],
    }


def create_target(account: Account, declared: Declaration) -> Values:
    """Adds a target to a rule."""
    rule, bus = declared.require("rule"), declared.take("eventBusName", _DEFAULT_BUS)
    target_id = declared.take("targetId") or f"{declared.name}-{secrets.token_hex(4)[:7]}"
    declared.take("forceDestroy")
    target = {"Id": target_id, **declared.take_rest()}
    response = account.client("events").put_targets(Rule=rule, EventBusName=bus, Targets=[target])
    _refuse_failures(declared, response["FailedEntries"])
    return {"id": f"{rule}-{target_id}", "targetId": target_id}


def _refuse_failures(declared: Declaration, failures: list[Values]) -> None:
    for failure in failures:
        raise RuntimeError(f"{declared}: {failure['ErrorCode']}: {failure['ErrorMessage']}")
