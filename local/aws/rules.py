"""A rule is as it was put last, and what is in use is not deleted.

On AWS, PutRule forgets what it is not given, a rule with targets can't be deleted, and neither can
a bus with rules (EventBridge API reference, PutRule, DeleteRule, DeleteEventBus). ministack keeps
the description, the state and the role of before, and deletes targets and rules along.
"""

from typing import Any

from local.aws.patch import Original, module, replace

_DEFAULTS = {"State": "ENABLED", "Description": "", "RoleArn": ""}


def apply() -> None:
    """Forgets what a rule is no longer given, and refuses to delete what is in use."""
    events = module("services.eventbridge")
    replace(events, "_put_rule", _forgetting)
    replace(events, "_delete_rule", _unless_it_has_targets)
    replace(events, "_delete_event_bus", _unless_it_has_rules)


def _forgetting(put_rule: Original) -> Original:
    return lambda data: put_rule({**_DEFAULTS, **data})


def _unless_it_has_targets(delete_rule: Original) -> Original:
    def delete(data: dict[str, Any]) -> Any:
        events = module("services.eventbridge")
        key = events._rule_key(data.get("Name"), data.get("EventBusName", "default"))
        if events._targets.get(key):
            return _refused("Rule can't be deleted since it has targets.")
        return delete_rule(data)

    return delete


def _unless_it_has_rules(delete_bus: Original) -> Original:
    def delete(data: dict[str, Any]) -> Any:
        bus = data.get("Name")
        rules = module("services.eventbridge")._rules.values()
        if any(rule["EventBusName"] == bus for rule in rules):
            return _refused(f"Cannot delete event bus {bus} because it has rules.")
        return delete_bus(data)

    return delete


def _refused(message: str) -> Any:
    return module("core.responses").error_response_json("ValidationException", message, 400)
