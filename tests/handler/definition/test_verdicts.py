"""What an iteration of a task returns, and how long it waits."""

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
def test_a_wait_becomes_whole_seconds_from_0_to_355_days(
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
        (datetime(2030, 1, 1), "has no time zone"),  # noqa: DTZ001  the mistake in question
        (math.nan, "wait=nan is not a duration"),
        (True, "wait=True is a bool"),
        ("10", "wait='10' is a str"),
        ([10], "is a list"),
    ],
)
def test_a_wait_that_is_neither_a_duration_nor_a_moment_is_refused_with_its_value(
    wait: object, message: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        whole_seconds(wait, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", [Done, Failed])
def test_a_message_that_is_not_text_is_refused_when_the_verdict_is_made(verdict: type) -> None:
    with pytest.raises(TypeError, match="the first argument is the message"):
        verdict({"output": 1})


@pytest.mark.parametrize("output", ["text", 5, [1]])
def test_an_output_that_is_not_a_mapping_or_a_model_is_refused_with_its_value(
    output: object,
) -> None:
    with pytest.raises(TypeError, match="an output is a mapping or a model") as refused:
        Done(output=output)  # type: ignore[arg-type]

    assert f"Done(output={output!r})" in str(refused.value)
