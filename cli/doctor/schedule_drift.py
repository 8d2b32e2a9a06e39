"""The schedules in EventBridge Scheduler, against those of the definitions in this folder."""

import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli.doctor.findings import Finding
from cli.doctor.patient import Patient
from cli.errors import CliError
from handler.definition import Definition, Schedule, discover_importable
from infra.documents import schedules
from local.access import Client

_PACKAGE: Final = "definitions"
_UP: Final = "pulumi up, with the definitions of this folder."
# A deploy that doesn't look at AWS first knows nothing of it.
_RESUME: Final = "resume it in the console (background-tasks console), or pulumi up --refresh."


def schedule_drift(patient: Patient) -> Iterator[Finding]:
    """What differs, schedule by schedule."""
    wanted, deployed = _wanted(patient), _deployed(patient)
    drift = [f"{name} is not deployed" for name in sorted(wanted.keys() - deployed.keys())]
    drift += [f"{name} has no definition here" for name in sorted(deployed.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & deployed.keys()):
        drift += [f"{name}: {each}" for each in _differences(*wanted[name], deployed[name])]
    paused = [f"{name} is paused" for name, each in sorted(deployed.items()) if _is_paused(each)]
    yield Finding(
        check="schedules",
        state="failed" if drift else "warning" if paused else "ok",
        value="; ".join(drift + paused) or f"{len(deployed)} as in definitions/",
        expected=f"{len(wanted)} as in definitions/",
        next=" ".join([*([_UP] if drift else ()), *([_RESUME] if paused else ())]),
    )


def _is_paused(deployed: Mapping[str, Any]) -> bool:
    """Whether somebody has turned it off: a deploy turns none off."""
    return str(deployed.get("State", "ENABLED")) != "ENABLED"


def _wanted(patient: Patient) -> Mapping[str, tuple[Definition, Schedule]]:
    """The schedules of the folder's definitions that are not over, by their names."""
    if not (patient.folder / _PACKAGE).is_dir():
        raise CliError(
            f"{patient.folder} has no folder {_PACKAGE}/. Run it in the program's folder"
        )
    sys.path.insert(0, str(patient.folder))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files that are no modules: a deploy says so
            registry = discover_importable(_PACKAGE)
    finally:
        sys.path.remove(str(patient.folder))
    if registry.problems:
        raise CliError(f"a definition can't be imported here: {registry.problems[0]}")
    now = patient.clock.now()
    due = [(each, each.schedule) for each in registry if each.schedule]
    return {
        schedules.schedule_name(definition): (definition, schedule)
        for definition, schedule in due
        if not schedules.is_over(schedule, now)
    }


def _deployed(patient: Patient) -> Mapping[str, Mapping[str, Any]]:
    """The schedules of the stack's group, which is there if any task has one."""
    scheduler: Client = patient.client("scheduler")
    group = f"{patient.prefix}-schedules"
    try:
        pages = list(scheduler.get_paginator("list_schedules").paginate(GroupName=group))
    except scheduler.exceptions.ResourceNotFoundException:
        return {}
    names = [each["Name"] for page in pages for each in page["Schedules"]]
    return {name: scheduler.get_schedule(GroupName=group, Name=name) for name in names}


def _differences(
    definition: Definition, schedule: Schedule, deployed: Mapping[str, Any]
) -> Iterator[str]:
    pairs = {
        "its expression": (deployed.get("ScheduleExpression"), schedule.expression),
        "its time zone": (deployed.get("ScheduleExpressionTimezone"), schedule.time_zone),
        "its input": (deployed["Target"].get("Input"), schedules.event(definition)),
        "its window": (_window_of(deployed), schedule.window_minutes() or 0),
    }
    for what, (there, here) in pairs.items():
        if there != here:
            yield f"{what} is {there}, and here {here}"


def _window_of(deployed: Mapping[str, Any]) -> int:
    return int(deployed.get("FlexibleTimeWindow", {}).get("MaximumWindowInMinutes") or 0)
