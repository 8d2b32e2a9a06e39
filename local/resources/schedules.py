"""EventBridge Scheduler's groups and schedules."""

from datetime import datetime

from local.errors import DeploymentFailed
from local.resources.declaration import Account, Declaration, Existing, Values, to_api
from local.resources.resource_type import ResourceType

_DEFAULT_GROUP = "default"


def _create_group(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    group = account.client("scheduler").create_schedule_group(Name=name, **declared.take_rest())
    return {"id": name, "name": name, "arn": group["ScheduleGroupArn"]}


def _update_group(account: Account, before: Existing, declared: Declaration) -> Values:
    """A group has a name and tags, nothing else."""
    name = declared.require("name")
    arn = account.client("scheduler").get_schedule_group(Name=name)["Arn"]
    return {"id": before.id, "name": name, "arn": arn}


def _create_schedule(account: Account, declared: Declaration) -> Values:
    request = _as_request(declared)
    return _schedule(request, account.client("scheduler").create_schedule(**request))


def _update_schedule(account: Account, _before: Existing, declared: Declaration) -> Values:
    request = _as_request(declared)
    return _schedule(request, account.client("scheduler").update_schedule(**request))


def _as_request(declared: Declaration) -> Values:
    """The whole schedule: UpdateSchedule, too, forgets what it is not given."""
    name, group = declared.physical_name(), declared.take("groupName", _DEFAULT_GROUP)
    dates = {
        api: datetime.fromisoformat(text)
        for key, api in (("startDate", "StartDate"), ("endDate", "EndDate"))
        if (text := declared.take(key))
    }
    target = declared.require("target")
    _refuse_other_targets(declared, target["arn"])
    return {
        "Name": name,
        "GroupName": group,
        "Target": to_api(target),
        **declared.take_rest(),
        **dates,
    }


def _refuse_other_targets(declared: Declaration, arn: str) -> None:
    if ":states:" not in arn:
        raise DeploymentFailed(
            f"{declared} has the target {arn}. The local AWS triggers state machines by the clock,"
            " and nothing else."
        )


def _schedule(request: Values, response: Values) -> Values:
    group, name = request["GroupName"], request["Name"]
    return {"id": f"{group}/{name}", "name": name, "arn": response["ScheduleArn"]}


def _schedule_id(before: Existing) -> Values:
    group, name = before.id.split("/", 1)
    return {"GroupName": group, "Name": name}


GROUP = ResourceType(
    create=_create_group,
    update=_update_group,
    delete=lambda account, before: account.client("scheduler").delete_schedule_group(
        Name=before.id
    ),
    find=lambda account, before: account.client("scheduler").get_schedule_group(Name=before.id),
)
SCHEDULE = ResourceType(
    create=_create_schedule,
    update=_update_schedule,
    delete=lambda account, before: account.client("scheduler").delete_schedule(
        **_schedule_id(before)
    ),
    find=lambda account, before: account.client("scheduler").get_schedule(**_schedule_id(before)),
    fixed=("name", "groupName"),
)
