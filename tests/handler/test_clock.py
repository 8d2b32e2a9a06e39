"""The time, and how it is written."""

from datetime import UTC, datetime, timedelta, timezone

from handler.clock import SystemClock, to_iso
from handler.testing import ManualClock


def test_a_moment_is_written_as_javascript_does() -> None:
    assert to_iso(datetime(2030, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC)) == "2030-01-02T03:04:05.678Z"


def test_a_moment_is_written_in_utc() -> None:
    assert (
        to_iso(datetime(2030, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))))
        == "2029-12-31T23:00:00.000Z"
    )


def test_the_systems_clock_is_aware_and_sleeps() -> None:
    clock = SystemClock()
    before = clock.now()

    clock.sleep(0.001)

    assert before.tzinfo is UTC
    assert clock.now() - before >= timedelta(seconds=0.001)


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock()
    start = clock.now()

    clock.sleep(5)
    clock.advance(5)

    assert clock.now() - start == timedelta(seconds=10)


def test_a_manual_clock_never_moves_back() -> None:
    clock = ManualClock()
    start = clock.now()

    clock.move_to(start - timedelta(days=1))

    assert clock.now() == start


def test_a_ticking_clock_moves_each_time_it_is_read() -> None:
    clock = ManualClock(tick=2)

    assert clock.now() + timedelta(seconds=2) == clock.now()
