"""How often a failing task is tried again, and after how long."""

from datetime import timedelta

import pytest

from handler import Retry


def seconds(retry: Retry, attempts: int) -> list[float]:
    return [
        retry.wait_after(attempt, draw=lambda: 1.0).total_seconds()
        for attempt in range(1, attempts + 1)
    ]


def test_waits_grow_by_the_factor_up_to_the_longest() -> None:
    retry = Retry(backoff=timedelta(seconds=10), factor=3, max_backoff=timedelta(seconds=100))

    assert seconds(retry, 5) == [10, 30, 90, 100, 100]


def test_jitter_draws_from_the_upper_half_of_a_wait() -> None:
    retry = Retry(backoff=timedelta(seconds=10))

    assert retry.wait_after(1, draw=lambda: 0.0) == timedelta(seconds=5)
    assert retry.wait_after(1, draw=lambda: 1.0) == timedelta(seconds=10)
    assert len({retry.wait_after(1) for _ in range(20)}) > 1


def test_without_jitter_a_wait_is_exact() -> None:
    assert Retry(backoff=timedelta(seconds=10), jitter=False).wait_after(2) == timedelta(seconds=20)


def test_a_hundred_attempts_do_not_overflow() -> None:
    retry = Retry(max_attempts=100, factor=10, max_backoff=timedelta(days=1))

    assert retry.wait_after(100, draw=lambda: 1.0) == timedelta(days=1)


def test_attempts_end_at_the_most() -> None:
    retry = Retry(max_attempts=3)

    assert [retry.allows(attempt, code=None, error=None) for attempt in (1, 2, 3, 4)] == [
        True,
        True,
        False,
        False,
    ]


def test_excluded_exceptions_and_codes_are_final_at_once() -> None:
    retry = Retry(exclude=(LookupError, "BAD_INPUT"))

    assert not retry.allows(1, code="KeyError", error=KeyError("k"))
    assert not retry.allows(1, code="BAD_INPUT", error=None)
    assert retry.allows(1, code="OTHER", error=ValueError("v"))


def test_a_code_is_excluded_where_nothing_was_raised() -> None:
    assert Retry(exclude=(LookupError,)).allows(1, code=None, error=None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_attempts": 0},
        {"max_attempts": 101},
        {"factor": 0.5},
        {"factor": 11},
        {"factor": float("nan")},
        {"backoff": timedelta(seconds=-1)},
        {"backoff": timedelta(hours=2)},  # longer than max_backoff
    ],
)
def test_a_number_out_of_its_range_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Retry\(") as refused:
        Retry(**arguments)  # type: ignore[arg-type]

    assert str(next(iter(arguments.values()))) in str(refused.value)
