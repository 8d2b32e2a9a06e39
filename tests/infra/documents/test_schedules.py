"""What EventBridge Scheduler is told of a schedule: names, events, dates."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import Context, Definition, Done, Schedule, task
from handler.definition.names import MAX_ID_CHARACTERS, is_camel_case
from handler.errors import DefinitionError
from infra.documents import schedules

IDS = st.from_regex(r"[a-z][a-z0-9]{0,30}([A-Z][a-z0-9]{1,30}){0,6}", fullmatch=True).filter(
    is_camel_case
)
FIRST, LAST = datetime.fromisoformat("2026-01-02"), datetime.fromisoformat("2090-01-01")
# CreateSchedule's `Name` (EventBridge Scheduler API reference).
NAME = re.compile(r"[0-9a-zA-Z-_.]{1,64}")


def of(id: str, schedule: Schedule | None = None) -> Definition:
    def body(context: Context, input: dict[str, object]) -> Done:
        return Done()

    return task(id=id, schedule=schedule)(body)


@pytest.mark.property
@given(IDS.filter(lambda text: len(text) <= MAX_ID_CHARACTERS), st.booleans())
def test_a_schedules_name_is_one_that_scheduler_takes(id: str, has_start: bool) -> None:
    start = FIRST.replace(tzinfo=UTC) if has_start else None

    assert NAME.fullmatch(schedules.schedule_name(of(id, Schedule("rate(1 day)", start=start))))
    assert len(schedules.description(id)) <= 512


def test_a_definitions_id_is_never_longer_than_the_name_of_a_schedule() -> None:
    longest = "a" * MAX_ID_CHARACTERS

    assert schedules.schedule_name(of(longest, Schedule("rate(1 day)"))) == longest
    assert len(longest) <= schedules.MAX_NAME_CHARACTERS
    with pytest.raises(DefinitionError, match="at most 64 characters, not 100"):
        of("a" * 100)


def test_a_rate_with_a_start_is_another_schedule_when_something_of_it_changes() -> None:
    start = FIRST.replace(tzinfo=UTC)
    weekly = Schedule("rate(7 days)", start=start)
    changes = [
        Schedule("rate(6 days)", start=start),
        Schedule("rate(7 days)", start=start + timedelta(minutes=1)),
        Schedule("rate(7 days)", start=start, end=LAST.replace(tzinfo=UTC)),
    ]

    names = {schedules.schedule_name(of("weekly", each)) for each in [weekly, *changes]}

    assert len(names) == 4
    assert schedules.schedule_name(of("weekly", weekly)) in names
    assert all(re.fullmatch(r"weekly-[0-9a-f]{8}", name) for name in names)


@pytest.mark.property
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_any_input_survives_the_event_of_a_tick(value: object) -> None:
    @task(id="any", schedule="rate(1 day)", schedule_input={"value": value})
    def any_input(context: Context, input: dict[str, object]) -> Done:
        return Done()

    event = json.loads(schedules.event(any_input).replace(Schedule.TIME, "2027-01-01T03:00:00Z"))

    assert event["detail"]["input"] == {"value": value}
    assert event["id"] == "any-2027-01-01T03:00:00Z"


@pytest.mark.property
@given(
    st.datetimes(FIRST, LAST, timezones=st.timezones()),
    st.timedeltas(timedelta(minutes=1), timedelta(days=4000)),
    st.timedeltas(timedelta(days=-4000), timedelta(days=4000)),
)
def test_a_schedule_is_over_from_its_end_on_and_its_dates_are_to_come(
    start: datetime, length: timedelta, later: timedelta
) -> None:
    # In UTC: in one zone, Python adds by the clock on the wall.
    end, now = start.astimezone(UTC) + length, start.astimezone(UTC) + later
    schedule = Schedule("rate(1 minute)", start=start, end=end)

    dates = schedules.dates(schedule, now)

    is_over = schedules.is_over(schedule, now)
    assert is_over == (schedule.next_after(now) is None)
    assert later < length or is_over
    assert later >= timedelta(0) or not is_over
    if not is_over:
        next_start = datetime.fromisoformat(dates["start_date"])
        since = next_start - start.astimezone(UTC).replace(microsecond=0)
        assert next_start >= now.replace(microsecond=0)
        assert since % timedelta(minutes=1) == timedelta(0)
        assert datetime.fromisoformat(dates["end_date"]) == end.replace(microsecond=0)
