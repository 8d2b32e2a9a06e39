"""What an iteration returns, and how long it waits."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from handler import Done, Failed
from handler.contract import MAX_WAIT_SECONDS
from handler.definition.verdicts import whole_seconds

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (None, 0),
        (0, 0),
        (-5, 0),
        (1, 1),
        (0.5, 1),
        (1.000001, 2),
        (-0.5, 0),
        (math.inf, MAX_WAIT_SECONDS),
        (-math.inf, 0),
        (timedelta(minutes=2), 120),
        (timedelta(milliseconds=1), 1),
        (timedelta(days=400), MAX_WAIT_SECONDS),
        (timedelta(days=355), MAX_WAIT_SECONDS),
        (timedelta(seconds=MAX_WAIT_SECONDS - 1), MAX_WAIT_SECONDS - 1),
        (timedelta(days=-1), 0),
        (NOW + timedelta(seconds=30), 30),
        (NOW + timedelta(seconds=30, milliseconds=1), 31),
        (NOW - timedelta(seconds=30), 0),
        (NOW + timedelta(days=400), MAX_WAIT_SECONDS),
        (datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=1))), 3600),
    ],
)
def test_a_wait_is_whole_seconds_from_0_to_355_days(
    wait: float | timedelta | datetime | None, seconds: int
) -> None:
    result = whole_seconds(wait, now=NOW)

    assert result == seconds
    assert type(result) is int


def test_the_longest_wait_is_355_days() -> None:
    assert MAX_WAIT_SECONDS == 30_672_000


@pytest.mark.parametrize(
    ("wait", "message"),
    [
        (datetime(2030, 1, 1), "has no time zone"),  # noqa: DTZ001  the very mistake
        (math.nan, "nan"),
        (True, "True is no wait"),
        ("10", "is a str"),
        ([10], "is a list"),
    ],
)
def test_what_is_no_wait_is_refused_in_words_that_name_it(wait: object, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        whole_seconds(wait, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", [Done, Failed])
def test_a_message_that_is_no_text_is_refused_where_the_verdict_is_made(verdict: type) -> None:
    with pytest.raises(TypeError, match="the first argument is the message"):
        verdict({"output": 1})
