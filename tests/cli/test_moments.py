"""Durations and moments, as people write them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import moments
from cli.errors import UsageError

NOW = datetime(2030, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0", 0),
        ("0.5", 0.5),
        ("45s", 45),
        ("10m", 600),
        ("2h", 7_200),
        ("1h30m", 5_400),
        ("7d", 604_800),
        ("2w", 1_209_600),
        (" 2H ", 7_200),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert moments.duration(text, "--delay") == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "-1h", "1x", "1 h", "2 hours", "1e9", "nan", "9" * 40])
def test_anything_else_is_refused_with_the_flag_and_an_example(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        moments.duration(text, "--delay")

    assert "--delay" in raised.value.message
    assert "2h" in raised.value.message


def test_since_is_how_long_ago_or_a_date() -> None:
    assert moments.moment("2h", "--since", now=NOW) == NOW - timedelta(hours=2)
    assert moments.moment("2030-01-01", "--since", now=NOW) == NOW - timedelta(days=1)
    assert moments.moment("2030-01-01T01:00:00+01:00", "--since", now=NOW) == NOW - timedelta(
        days=1
    )


@pytest.mark.parametrize("text", ["yesterday", "", "2030-13-01", "999999999w"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        moments.moment(text, "--since", now=NOW)


@given(st.text())
def test_no_text_is_anything_but_a_moment_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert moments.moment(text, "--since", now=NOW).tzinfo


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (-5, "0s"), (45, "45s"), (125, "2m 5s"), (3_600, "1h"), (90_061, "1d 1h")],
)
def test_a_short_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert moments.short(timedelta(seconds=seconds)) == text
