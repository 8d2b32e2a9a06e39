"""EventBridge Scheduler's groups and schedules."""

from datetime import datetime

from local.errors import DeploymentFailed
from local.resources.declaration import Account, Declaration, Values, to_api

_DEFAULT_GROUP = "default"


def create_group(account: Account, declared: Declaration) -> Values:
    """Creates a schedule group."""
    name = declared.physical_name()
    group = account.client("scheduler").create_schedule_group(Name=name, **declared.take_rest())
    return {"id": name, "name": name, "arn": group["ScheduleGroupArn"]}


def create_schedule(account: Account, declared: Declaration) -> Values:
    """Creates a schedule, in the default group unless another is declared."""
    name = declared.physical_name()
    dates = {
        api: datetime.fromisoformat(text)
        for key, api in (("startDate", "StartDate"), ("endDate", "EndDate"))
        if (text := declared.take(key))
    }
    group = declared.take("groupName", _DEFAULT_GROUP)
    target = declared.require("target")
    if ":states:" not in target["arn"]:
        raise DeploymentFailed(
            f"{declared} has the target {target['arn']}. The local AWS triggers state machines by"
            " the clock, and nothing else."
        )
    schedule = account.client("scheduler").create_schedule(
        Name=name, GroupName=group, Target=to_api(target), **declared.take_rest(), **dates
    )
    return {"id": f"{group}/{name}", "name": name, "arn": schedule["ScheduleArn"]}
