"""What EventBridge Scheduler is told of a schedule: names, events, dates."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import Context, Done, Schedule, task
from handler.definition.names import is_camel_case
from infra import schedules

IDS = st.from_regex(r"[a-z][a-z0-9]{0,30}([A-Z][a-z0-9]{1,30}){0,6}", fullmatch=True).filter(
    is_camel_case
)
FIRST, LAST = datetime.fromisoformat("2026-01-02"), datetime.fromisoformat("2090-01-01")
# CreateSchedule's `Name` (EventBridge Scheduler API reference).
NAME = re.compile(r"[0-9a-zA-Z-_.]{1,64}")


@pytest.mark.property
@given(IDS)
def test_a_schedules_name_is_one_that_scheduler_takes(id: str) -> None:
    assert NAME.fullmatch(schedules.schedule_name(id))
    assert len(schedules.description(id)) <= 512


@pytest.mark.property
@given(st.sets(st.text("ab", min_size=1, max_size=3).map(lambda text: "x" * 62 + text), min_size=2))
def test_two_tasks_have_two_names_however_alike_their_ids_are(ids: set[str]) -> None:
    assert len({schedules.schedule_name(id) for id in ids}) == len(ids)


def test_the_name_of_a_schedule_stays_the_same_from_deploy_to_deploy() -> None:
    long_id = "recalculate" + "MonthlySubscriptionInvoices" * 3

    assert schedules.schedule_name(long_id) == schedules.schedule_name(long_id)
    assert schedules.schedule_name(long_id).startswith("recalculateMonthlySubscription")
    assert schedules.schedule_name("everyNight") == "everyNight"


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
