"""How often a failing task is tried again, and how long it waits in between."""

import math
from datetime import timedelta
from typing import Any

import pytest

from handler import Retry


def seconds(retry: Retry, attempts: int) -> list[float]:
    """The longest waits after the first attempts."""
    return [
        retry.wait_after(attempt, random=lambda: 1.0).total_seconds()
        for attempt in range(1, attempts + 1)
    ]


def test_waits_grow_by_the_factor_up_to_the_longest() -> None:
    retry = Retry(backoff=timedelta(seconds=10), factor=3, max_backoff=timedelta(seconds=100))

    waits = seconds(retry, 5)

    assert waits == [10, 30, 90, 100, 100]


def test_waits_may_be_given_as_a_number_of_seconds() -> None:
    retry = Retry(backoff=0.5, factor=3, max_backoff=4)

    waits = seconds(retry, 4)

    assert waits == [0.5, 1.5, 4, 4]


@pytest.mark.parametrize(("random", "wait"), [(0.0, 5), (0.5, 7.5), (1.0, 10)])
def test_jitter_draws_a_wait_from_its_upper_half(random: float, wait: float) -> None:
    retry = Retry(backoff=timedelta(seconds=10))

    drawn = retry.wait_after(1, random=lambda: random)

    assert drawn == timedelta(seconds=wait)


def test_jitter_draws_different_waits() -> None:
    retry = Retry(backoff=timedelta(seconds=10))

    waits = {retry.wait_after(1) for _ in range(20)}

    assert len(waits) > 1


def test_without_jitter_a_wait_has_its_full_length() -> None:
    retry = Retry(backoff=timedelta(seconds=10), jitter=False)

    wait = retry.wait_after(2)

    assert wait == timedelta(seconds=20)


def test_the_hundredth_wait_is_the_longest_wait() -> None:
    retry = Retry(max_attempts=100, factor=10, max_backoff=timedelta(days=1))

    wait = retry.wait_after(100, random=lambda: 1.0)

    assert wait == timedelta(days=1)


def test_no_attempt_follows_the_last_of_three() -> None:
    retry = Retry(max_attempts=3)

    allowed = [retry.allows(attempt, code=None, error=None) for attempt in (1, 2, 3, 4)]

    assert allowed == [True, True, False, False]


@pytest.mark.parametrize(
    ("code", "error", "allowed"),
    [
        ("KeyError", KeyError("k"), False),
        ("BAD_INPUT", None, False),
        ("OTHER", ValueError("v"), True),
        (None, None, True),
    ],
)
def test_no_attempt_follows_an_excluded_exception_or_code(
    code: str | None, error: Exception | None, allowed: bool
) -> None:
    retry = Retry(exclude=(LookupError, "BAD_INPUT"))

    is_allowed = retry.allows(1, code=code, error=error)

    assert is_allowed is allowed


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_attempts": 0},
        {"max_attempts": 101},
        {"factor": 0.5},
        {"factor": 11},
        {"factor": math.nan},
        {"backoff": timedelta(seconds=-1)},
        {"backoff": -0.5},
        {"backoff": math.nan},
        {"max_backoff": math.nan},
        {"backoff": timedelta(hours=2)},  # longer than max_backoff
        {"backoff": 3601},
    ],
    ids=str,
)
def test_a_number_out_of_its_range_is_refused_with_its_value(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Retry\(") as refused:
        Retry(**arguments)  # type: ignore[arg-type]

    assert str(next(iter(arguments.values()))) in str(refused.value)


@pytest.mark.parametrize("name", ["backoff", "max_backoff"])
@pytest.mark.parametrize("value", ["10", None, True])
def test_a_wait_that_is_not_a_duration_is_refused_with_its_name_and_kind(
    name: str, value: object
) -> None:
    with pytest.raises(TypeError) as refused:
        Retry(**{name: value})  # type: ignore[arg-type]

    assert str(refused.value) == (
        f"Retry({name})={value!r} is a {type(value).__name__}. Give seconds or a timedelta."
    )


@pytest.mark.parametrize(
    "options",
    [
        {"exclude": ValueError},
        {"exclude": "CODE"},
        {"exclude": [ValueError]},
        {"exclude": (404,)},
        {"exclude": (int,)},
        {"backoff": "10"},
        {"factor": "2"},
    ],
)
def test_an_argument_of_another_type_is_refused_when_it_is_declared(
    options: dict[str, Any],
) -> None:
    with pytest.raises(TypeError, match=r"Retry\("):
        Retry(**options)


@pytest.mark.parametrize(
    "options",
    [{"max_attempts": 2.5}, {"max_attempts": "3"}, {"backoff": math.inf, "max_backoff": math.inf}],
)
def test_a_number_that_no_state_machine_could_wait_for_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Retry\("):
        Retry(**options)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("very-large", "It must be in camelCase format"),
        ("", "It must be in camelCase format"),
        ("2Large", "It must start with a letter"),
        ("x" * 12, "It must have at most 11 characters, not 12"),
    ],
)
def test_the_name_of_no_worker_is_refused(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=rf"Retry\(on_out_of_memory=\"{name}\"\): .*{said}"):
        Retry(on_out_of_memory=name)


def test_what_is_no_name_of_a_worker_is_refused() -> None:
    given: Any = 4096

    with pytest.raises(TypeError, match=r"on_out_of_memory=4096\): it takes the name of a worker"):
        Retry(on_out_of_memory=given)


@pytest.mark.parametrize("name", [None, "large", "default", "x" * 11])
def test_the_name_of_a_worker_is_taken(name: str | None) -> None:
    assert Retry(on_out_of_memory=name).on_out_of_memory == name
