"""Rules and buses: what is put last holds, and what is in use stays."""

import pytest

from local.errors import DeploymentFailed
from local.resources import Account, delete, exists
from tests.local.conftest import Make

BUS = "aws:cloudwatch/eventBus:EventBus"
RULE = "aws:cloudwatch/eventRule:EventRule"


def test_a_rule_forgets_what_it_is_given_no_more(account: Account, make: Make) -> None:
    events = account.client("events")
    rule = make(RULE, eventPattern='{"source": ["a"]}', description="First.", state="DISABLED")

    events.put_rule(Name=rule.id, EventPattern='{"source": ["b"]}')

    now = events.describe_rule(Name=rule.id)
    assert (now["State"], now.get("Description")) == ("ENABLED", None)


def test_a_rule_with_a_target_is_not_deleted(account: Account, make: Make) -> None:
    rule = make(RULE, eventPattern='{"source": ["a"]}')
    queue = make("aws:sqs/queue:Queue")
    make("aws:cloudwatch/eventTarget:EventTarget", rule=rule.id, arn=queue.values["arn"])

    with pytest.raises(DeploymentFailed, match="Rule can't be deleted since it has targets"):
        delete(account, rule)

    assert exists(account, rule)


def test_a_bus_with_a_rule_is_not_deleted(account: Account, make: Make) -> None:
    bus = make(BUS)
    rule = make(RULE, eventBusName=bus.id, eventPattern='{"source": ["a"]}')

    with pytest.raises(DeploymentFailed, match="because it has rules"):
        delete(account, bus)

    assert exists(account, rule)
