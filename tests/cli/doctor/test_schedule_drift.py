"""The schedules in AWS, against those of the definitions in the folder."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.doctor.findings import Finding
from cli.doctor.patient import Patient
from cli.doctor.schedule_drift import schedule_drift
from handler.definition import discover_importable
from infra.documents import schedules
from tests.cli.command_line import CommandLine
from tests.cli.doctor.patients import Absent, changed, patient_of

DEFINITIONS = """
from handler import Context, Done, task

@task(schedule="cron(0 3 * * ? *)")
def every_night(context: Context) -> Done:
    return Done()

@task()
def never(context: Context) -> Done:
    return Done()
"""


@pytest.fixture
def patient(cli: CommandLine, tmp_path: Path) -> Iterator[Patient]:
    """A stack whose folder has one definition with a schedule."""
    patient = patient_of(cli, tmp_path)
    (tmp_path / "definitions" / "__init__.py").touch()
    (tmp_path / "definitions" / "nightly.py").write_text(DEFINITIONS)
    ours = {name: module for name, module in sys.modules.items() if name.startswith("definitions")}
    for name in ours:
        del sys.modules[name]
    yield patient
    for name in [name for name in sys.modules if name.startswith("definitions")]:
        del sys.modules[name]
    sys.modules.update(ours)


def deployed(folder: Path, **changes: Any) -> dict[str, Any]:
    """The schedule as EventBridge Scheduler has it."""
    sys.path.insert(0, str(folder))
    [definition] = [each for each in discover_importable("definitions") if each.schedule]
    sys.path.remove(str(folder))
    return {
        "Name": "everyNight",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "UTC",
        "State": "ENABLED",
        "Target": {"Input": schedules.event(definition)},
        "FlexibleTimeWindow": {"Mode": "OFF"},
        **changes,
    }


def looked(patient: Patient, *there: dict[str, Any]) -> Finding:
    by_name = {each["Name"]: each for each in there}
    [finding] = schedule_drift(
        changed(
            patient,
            scheduler__list_schedules={"Schedules": list(there)},
            scheduler__get_schedule=lambda **said: by_name[said["Name"]],
        )
    )
    return finding


def test_what_is_deployed_as_it_is_here_is_fine(patient: Patient, tmp_path: Path) -> None:
    finding = looked(patient, deployed(tmp_path))

    assert (finding.state, finding.value) == ("ok", "1 as in definitions/")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"ScheduleExpression": "rate(1 day)"},
            "everyNight: its expression is rate(1 day), and here cron(0 3 * * ? *)",
        ),
        (
            {"ScheduleExpressionTimezone": "Europe/Paris"},
            "everyNight: its time zone is Europe/Paris, and here UTC",
        ),
        ({"Target": {"Input": "{}"}}, "everyNight: its input is {}, and here "),
        (
            {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}},
            "everyNight: its window is 5, and here 0",
        ),
    ],
)
def test_what_differs_is_named(
    patient: Patient, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    finding = looked(patient, deployed(tmp_path, **changes))

    assert finding.state == "failed"
    assert finding.value.startswith(says)
    assert finding.next


def test_what_is_missing_or_left_over_is_named(patient: Patient, tmp_path: Path) -> None:
    other = deployed(tmp_path, Name="old")

    assert looked(patient).value == "everyNight is not deployed"
    assert looked(patient, deployed(tmp_path), other).value == "old has no definition here"


def test_a_stack_without_a_group_has_no_schedule(patient: Patient) -> None:
    [finding] = schedule_drift(changed(patient, scheduler__list_schedules=Absent()))

    assert finding.value == "everyNight is not deployed"


def test_definitions_that_cannot_be_imported_are_not_compared(
    patient: Patient, tmp_path: Path
) -> None:
    (tmp_path / "definitions" / "broken.py").write_text("import nothing_like_that\n")

    with pytest.raises(Exception, match="a definition can't be imported here") as raised:
        list(schedule_drift(patient))
    assert "nothing_like_that" in str(raised.value)


def test_one_that_somebody_has_paused_is_told_and_is_no_failure(
    patient: Patient, tmp_path: Path
) -> None:
    finding = looked(patient, deployed(tmp_path, State="DISABLED"))

    assert (finding.state, finding.value) == ("warning", "everyNight is paused")
    assert "pulumi up --refresh" in finding.next
