"""EventBridge Scheduler's cron expressions: which are valid, and which times they name."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.definition.cron import (
    DAY,
    FIELDS,
    HOUR,
    MINUTE,
    MONTH,
    WEEKDAY,
    YEAR,
    Cron,
    Field,
    IsDay,
)

START = datetime.fromisoformat("2027-01-01T00:00:00")
YEARS = Field(name="year", first=2027, last=2030)  # those of the generated expressions


def days_of(expression: str, number: int = 5) -> list[str]:
    """The first days that an expression names from 2027 on."""
    times = islice(Cron.parse(expression).times(START), number)
    return [f"{time:%Y-%m-%d}" for time in times]


# --- Generated expressions, each with the values that it names --------------------------------


@st.composite
def items(draw: st.DrawFn, field: Field) -> tuple[str, frozenset[int]]:
    """One item of a list: `*`, a value, a range, or a step of one of these."""
    low = draw(st.integers(field.first, field.last))
    high = draw(st.integers(low, field.last))
    step = draw(st.integers(1, field.last - field.first))

    def named(value: int) -> str:
        names = field.names
        return draw(st.sampled_from([str(value), *([names[value - field.first]] if names else [])]))

    text, values = draw(
        st.sampled_from(
            [
                ("*", range(field.first, field.last + 1)),
                (named(low), range(low, low + 1)),
                (f"{named(low)}-{named(high)}", range(low, high + 1)),
                (f"*/{step}", range(field.first, field.last + 1, step)),
                (f"{named(low)}/{step}", range(low, field.last + 1, step)),
                (f"{named(low)}-{named(high)}/{step}", range(low, high + 1, step)),
            ]
        )
    )
    return text, frozenset(values)


def lists(field: Field) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    return st.lists(items(field), min_size=1, max_size=4).map(
        lambda found: (
            ",".join(text for text, _ in found),
            frozenset(value for _, values in found for value in values),
        )
    )


def weekday(day: date) -> int:
    return {6: 1, 0: 2, 1: 3, 2: 4, 3: 5, 4: 6, 5: 7}[day.weekday()]


def month_of(day: date) -> list[date]:
    return days_of_month(day.year, day.month)


@cache
def days_of_month(year: int, month: int) -> list[date]:
    first = date(year, month, 1)
    return [
        first + timedelta(days=number)
        for number in range(31)
        if (first + timedelta(days=number)).month == month
    ]


def closest_weekday(day: date, number: int) -> bool:
    """Whether `day` is the weekday closest to a day of its month; of two, the one before a Sunday's
    Monday and after a Saturday's Friday."""
    month = month_of(day)
    if number > len(month):
        return False
    wanted = month[number - 1]
    weekdays = [each for each in month if each.weekday() < 5]
    return day == min(weekdays, key=lambda each: (abs((each - wanted).days), each))


@st.composite
def days(draw: st.DrawFn) -> tuple[str, str, IsDay]:
    """The fields day-of-month and day-of-week, with a function that says which days they name."""
    number, nth = draw(st.integers(1, 31)), draw(st.integers(1, 5))
    week = draw(st.integers(1, 7))
    day_list, day_numbers = draw(lists(DAY))
    week_list, week_numbers = draw(lists(WEEKDAY))
    forms: list[tuple[str, str, IsDay]] = [
        (day_list, "?", lambda day: day.day in day_numbers),
        ("?", week_list, lambda day: weekday(day) in week_numbers),
        ("L", "?", lambda day: day == month_of(day)[-1]),
        ("LW", "?", lambda day: closest_weekday(day, len(month_of(day)))),
        (f"{number}W", "?", lambda day: closest_weekday(day, number)),
        ("?", "L", lambda day: weekday(day) == 7),
        (
            "?",
            f"{week}L",
            lambda day: day == [d for d in month_of(day) if weekday(d) == week][-1],
        ),
        (
            "?",
            f"{week}#{nth}",
            lambda day: [d for d in month_of(day) if weekday(d) == week][nth - 1 : nth] == [day],
        ),
    ]
    return draw(st.sampled_from(forms))


@pytest.mark.property
@given(lists(MINUTE), lists(HOUR), lists(MONTH), days(), lists(YEARS))
def test_a_valid_expression_names_exactly_the_times_that_its_fields_allow(
    minute: tuple[str, frozenset[int]],
    hour: tuple[str, frozenset[int]],
    month: tuple[str, frozenset[int]],
    day: tuple[str, str, IsDay],
    year: tuple[str, frozenset[int]],
) -> None:
    day_text, week_text, is_day = day
    # A year's * is 1970 to 2199 in an expression.
    years = year[0] if "*" not in year[0] else "2027-2030"
    year_values = year[1] if "*" not in year[0] else frozenset(range(2027, 2031))
    expression = f"cron({minute[0]} {hour[0]} {day_text} {month[0]} {week_text} {years})"

    times = takewhile(lambda time: time.year <= YEARS.last, Cron.parse(expression).times(START))

    by_hand = all_times(minute[1], hour[1], month[1], is_day, year_values)
    assert list(islice(times, 300)) == list(islice(by_hand, 300))


def all_times(
    minutes: frozenset[int],
    hours: frozenset[int],
    months: frozenset[int],
    is_day: IsDay,
    years: frozenset[int],
) -> Iterator[datetime]:
    day = START.date()
    while day.year <= 2030:
        if day.year in years and day.month in months and is_day(day):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    yield datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001
        day += timedelta(days=1)


@st.composite
def beyond(draw: st.DrawFn) -> tuple[int, str]:
    """A field's number, and a value that it does not take."""
    number = draw(st.integers(0, 5))
    field = FIELDS[number]
    outside = draw(
        st.integers(field.last + 1, 9_999)
        | (st.integers(0, field.first - 1) if field.first else st.nothing())
    )
    inside = draw(st.integers(field.first + 1, field.last))
    steps = st.integers(field.last - field.first + 1, 999) | st.just(0)
    junk = st.text("abcXYZ!+.;:_ü٣ ", min_size=1, max_size=4)
    return number, draw(
        st.sampled_from(
            [
                str(outside),
                f"{outside}-{outside}",
                f"{inside},{outside}",
                f"{inside}-{field.first}",
                f"*/{draw(steps)}",
                f"{inside}/{draw(steps)}",
                f"{inside}-",
                f"-{inside}",
                f"{inside},",
                f",{inside}",
                f"{inside}/",
                f"/{inside}",
                f"*{inside}",
                f"{inside}-*",
                "**",
                "",
                f"-{inside}-{inside}",
                draw(junk.filter(lambda text: text.strip() and text not in field.names)),
            ]
        )
    )


@pytest.mark.property
@given(beyond())
def test_one_wrong_field_is_refused_with_its_name_and_what_it_takes(wrong: tuple[int, str]) -> None:
    number, text = wrong
    fields = ["0", "3", "?" if number == 4 else "*", "*", "*" if number == 4 else "?", "*"]
    fields[number] = text

    with pytest.raises(ValueError, match=r"fields|blank|takes") as refused:
        Cron.parse(f"cron({' '.join(fields)})")

    if text and " " not in text:
        assert f"{FIELDS[number].name} takes {FIELDS[number].first} to" in str(refused.value)


@pytest.mark.property
@given(st.text(max_size=40) | st.text("0123456789*/,-?LW# ", max_size=40))
def test_any_text_is_taken_or_refused_with_words(text: str) -> None:
    said = "has "
    try:
        list(islice(Cron.parse(f"cron({text})").times(START), 3))
    except ValueError as error:
        said = str(error)

    assert re.match(r"has |names |takes ", said)


# --- Instances ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("cron(0 3 * * ? *)", ["2027-01-01", "2027-01-02", "2027-01-03"]),
        ("cron(0 3 L * ? *)", ["2027-01-31", "2027-02-28", "2027-03-31"]),
        ("cron(0 3 LW * ? *)", ["2027-01-29", "2027-02-26", "2027-03-31"]),
        ("cron(0 3 1W * ? *)", ["2027-01-01", "2027-02-01", "2027-03-01"]),
        ("cron(0 3 1W 5 ? *)", ["2027-05-03", "2028-05-01", "2029-05-01"]),  # 1 May is a Saturday
        ("cron(0 3 31W * ? *)", ["2027-01-29", "2027-03-31", "2027-05-31"]),
        ("cron(0 3 29 2 ? *)", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("cron(0 3 ? * MON-FRI *)", ["2027-01-01", "2027-01-04", "2027-01-05"]),
        ("cron(0 3 ? * 1,7 *)", ["2027-01-02", "2027-01-03", "2027-01-09"]),
        ("cron(0 3 ? * L *)", ["2027-01-02", "2027-01-09", "2027-01-16"]),
        ("cron(0 3 ? * 6L *)", ["2027-01-29", "2027-02-26", "2027-03-26"]),
        ("cron(0 3 ? * FRIL *)", ["2027-01-29", "2027-02-26", "2027-03-26"]),
        ("cron(0 3 ? * MON#1 *)", ["2027-01-04", "2027-02-01", "2027-03-01"]),
        ("cron(0 3 ? * 3#5 *)", ["2027-03-30", "2027-06-29", "2027-08-31"]),
        ("cron(0 3 1 JAN,JUL ? *)", ["2027-01-01", "2027-07-01", "2028-01-01"]),
        ("cron(00 03 1 1 ? 2029/2)", ["2029-01-01", "2031-01-01", "2033-01-01"]),
    ],
)
def test_an_expression_names_these_days(expression: str, days: list[str]) -> None:
    assert days_of(expression, 3) == days


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("cron(0 3 * * * *)", 'one of the two is "?": write "cron(0 3 * * ? *)"'),
        ("cron(0 3 * * MON *)", 'write "cron(0 3 ? * MON *)"'),
        ("cron(0 3 1 * MON *)", 'write "cron(0 3 1 * ? *)"'),
        ("cron(0 3 ? * ? *)", 'names neither of day-of-month "?" and day-of-week "?"'),
        ("cron(*/60 * * * ? *)", 'has minute "*/60"; minute takes 0 to 59'),
        ("cron(0 25 * * ? *)", 'has hour "25"; hour takes 0 to 23'),
        ("cron(0 24 * * ? *)", 'has hour "24"; hour takes 0 to 23'),
        ("cron(0 22-2 * * ? *)", "a range goes up: 0-2,22-23 for what passes over the end"),
        ("cron(0 3 0 * ? *)", 'has day-of-month "0"; day-of-month takes 1 to 31'),
        ("cron(0 3 1,L * ? *)", 'has day-of-month "1,L"; '),
        ("cron(0 3 32W * ? *)", 'has day-of-month "32"; '),
        ("cron(0 3 W * ? *)", "has an empty day-of-month; "),
        ("cron(0 3 * 13 ? *)", 'has month "13"; month takes 1 to 12, JAN to DEC'),
        ("cron(0 3 * jan ? *)", "write JAN"),
        ("cron(0 3 ? * 0 *)", 'has day-of-week "0"; day-of-week takes 1 to 7, SUN to SAT'),
        ("cron(0 3 ? * 3#6 *)", "# is followed by 1 to 5, and stands alone"),
        ("cron(0 3 ? * 3#1,6#3 *)", "# is followed by 1 to 5, and stands alone"),
        ("cron(0 3 * * ? 1969)", 'has year "1969"; year takes 1970 to 2199'),
        ("cron(0 3 * * ?)", "has five fields; add the sixth, the year: *"),
        ("cron(0 0 3 * * ? *)", "has 7 fields; a cron takes six"),
        ("cron(0  3 * * ? *)", "takes one blank between two fields"),
        ("cron()", "takes one blank between two fields"),
        ("cron(0 3 * *\n? *)", "takes one blank between two fields, and no other blank or line"),
        ("cron(0\t3 * * ? *)", "takes one blank between two fields, and no other blank or line"),
        ("cron(0 3 * * ? *", "has no bracket at its end; write cron(minute hour day-of-month"),
    ],
)
def test_a_wrong_expression_is_refused_with_what_to_write(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Cron.parse(expression)


def test_the_fields_are_those_of_eventbridge_scheduler() -> None:
    limits = {field.name: (field.first, field.last) for field in FIELDS}

    assert limits == {
        "minute": (0, 59),
        "hour": (0, 23),
        "day-of-month": (1, 31),
        "month": (1, 12),
        "day-of-week": (1, 7),
        "year": (1970, 2199),
    }
    assert YEAR.last - YEAR.first == 229
