"""The time: how it is read, written and given."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from handler.clock import Seconds, SystemClock, to_iso, to_milliseconds, to_seconds
from handler.testing import ManualClock


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2030, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC), "2030-01-02T03:04:05.678Z"),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), "2030-01-02T03:04:05.000Z"),
        (datetime(2030, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2029-12-31T23:00:00.000Z"),
    ],
    ids=["milliseconds", "whole second", "another time zone"],
)
def test_a_moment_is_written_in_utc_with_milliseconds_like_javascripts(
    moment: datetime, text: str
) -> None:
    written = to_iso(moment)

    assert written == text


def test_a_moment_that_was_cut_to_milliseconds_comes_back_from_its_text() -> None:
    moment = to_milliseconds(datetime(2030, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC))

    read = datetime.fromisoformat(to_iso(moment))

    assert read == moment == datetime(2030, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("duration", "seconds"), [(5, 5.0), (0.5, 0.5), (-1, -1.0), (timedelta(minutes=2), 120.0)]
)
def test_a_duration_is_a_number_of_seconds_or_a_timedelta(
    duration: Seconds, seconds: float
) -> None:
    found = to_seconds(duration, name="wait")

    assert found == seconds
    assert type(found) is float


@pytest.mark.parametrize(
    ("duration", "kind"), [("10", "str"), (True, "bool"), (None, "NoneType"), ([10], "list")]
)
def test_a_duration_of_another_type_is_refused_with_its_name_and_value(
    duration: object, kind: str
) -> None:
    with pytest.raises(TypeError) as refused:
        to_seconds(duration, name="wait")  # type: ignore[arg-type]

    assert str(refused.value) == (f"wait={duration!r} is a {kind}. Give seconds or a timedelta.")


def test_nan_is_refused_as_a_duration_with_its_name() -> None:
    with pytest.raises(ValueError, match="wait=nan is not a duration"):
        to_seconds(math.nan, name="wait")


def test_the_system_clock_is_in_utc_to_the_millisecond() -> None:
    moments = [SystemClock().now() for _ in range(50)]

    assert {moment.tzinfo for moment in moments} == {UTC}
    assert {moment.microsecond % 1000 for moment in moments} == {0}


def test_the_system_clock_sleeps_for_as_long_as_it_is_asked() -> None:
    clock = SystemClock()
    before = clock.now()

    clock.sleep(0.005)

    assert clock.now() - before >= timedelta(seconds=0.004)


def test_a_manual_clock_moves_by_what_it_sleeps_and_is_advanced() -> None:
    clock = ManualClock()
    start = clock.now()

    clock.sleep(5)
    clock.advance(5)
    clock.advance(timedelta(seconds=5))

    assert clock.now() - start == timedelta(seconds=15)


def test_a_manual_clock_stands_still_by_itself() -> None:
    clock = ManualClock()

    first, second = clock.now(), clock.now()

    assert first == second


def test_a_manual_clock_that_is_moved_to_a_moment_is_there() -> None:
    clock = ManualClock()
    moment = clock.now() + timedelta(days=1)

    clock.move_to(moment)

    assert clock.now() == moment


def test_a_manual_clock_does_not_move_back() -> None:
    clock = ManualClock()
    start = clock.now()

    clock.move_to(start - timedelta(days=1))

    assert clock.now() == start


def test_a_clock_with_a_tick_of_2_seconds_moves_by_them_each_time_it_is_read() -> None:
    clock = ManualClock(tick=2)

    first, second = clock.now(), clock.now()

    assert second - first == timedelta(seconds=2)
