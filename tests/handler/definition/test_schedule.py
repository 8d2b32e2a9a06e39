"""When a task is triggered by the clock."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import Schedule
from handler.definition.schedule import EARLIEST

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(sorted(available_timezones() - {"Factory", "localtime", "posixrules"}))
MOMENTS = st.datetimes(
    datetime.fromisoformat("2026-01-02"), datetime.fromisoformat("2060-01-01")
).map(lambda moment: moment.replace(tzinfo=UTC))


def at(text: str, zone: ZoneInfo | None = None) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=zone) if zone else moment


def ticks(schedule: Schedule, after: datetime, number: int) -> list[datetime]:
    found: list[datetime] = []
    while len(found) < number and (time := schedule.next_after(after)):
        found.append(time)
        after = time
    return found


class TestRates:
    @pytest.mark.parametrize(
        ("expression", "interval"),
        [
            ("rate(1 minute)", timedelta(minutes=1)),
            ("rate(5 minutes)", timedelta(minutes=5)),
            ("rate(1 hour)", timedelta(hours=1)),
            ("rate(12 hours)", timedelta(hours=12)),
            ("rate(1 day)", timedelta(days=1)),
            ("rate(30 days)", timedelta(days=30)),
        ],
    )
    def test_a_rate_counts_from_its_start(self, expression: str, interval: timedelta) -> None:
        start = at("2027-01-01T07:30:00+00:00")
        schedule = Schedule(expression, start=start)

        first = ticks(schedule, start - timedelta(days=99), 3)

        assert first == [start, start + interval, start + 2 * interval]
        assert schedule.next_after(start + interval / 2) == start + interval

    def test_a_day_of_a_rate_has_24_hours_when_the_clocks_change(self) -> None:
        start = at("2027-03-27T12:00:00", BERLIN)

        first, second = ticks(Schedule("rate(1 day)", start=start), start - timedelta(hours=1), 2)

        assert second - first == timedelta(hours=24)
        assert second.astimezone(BERLIN).hour == 13

    @pytest.mark.parametrize(
        ("expression", "message"),
        [
            ("rate(1 minutes)", 'write "rate(1 minute)"'),
            ("rate(5 minute)", 'write "rate(5 minutes)"'),
            ("rate(01 hours)", 'write "rate(1 hour)"'),
            ("rate(0 minutes)", "a rate is 1 or more"),
            ("rate(-1 minutes)", "is not a schedule"),
            ("rate(1.5 hours)", "is not a schedule"),
            ("rate(1 week)", "is not a schedule"),
            ("rate(10 seconds)", "is not a schedule"),
            ("rate(1  day)", "is not a schedule"),
            ("rate( 1 day )", "is not a schedule"),
            ("Rate(1 day)", "is not a schedule"),
            ("rate(99999999999999 days)", "is longer than time itself"),
            ("rate(4000000 days)", "never comes"),
        ],
    )
    def test_a_rate_that_eventbridge_refuses_is_refused(
        self, expression: str, message: str
    ) -> None:
        with pytest.raises(ValueError, match=re.escape(message)) as refused:
            Schedule(expression)
        assert f'"{expression}"' in str(refused.value)

    def test_a_time_zone_for_a_rate_is_refused(self) -> None:
        with pytest.raises(ValueError, match="a day of a rate has 24 hours anywhere"):
            Schedule("rate(1 day)", time_zone="Europe/Berlin")

    @pytest.mark.property
    @given(st.integers(1, 99), st.sampled_from(["minute", "hour", "day"]), MOMENTS, MOMENTS)
    def test_the_next_tick_is_the_first_multiple_of_the_interval_after_a_moment(
        self, value: int, unit: str, start: datetime, after: datetime
    ) -> None:
        schedule = Schedule(f"rate({value} {unit}{'s' if value > 1 else ''})", start=start)
        interval = timedelta(**{f"{unit}s": value})

        following = schedule.next_after(after)

        assert following
        assert following > after
        assert (following - start) % interval == timedelta(0)
        assert following == start or following - interval <= after


class TestOneTime:
    def test_a_time_comes_once_in_its_zone(self) -> None:
        schedule = Schedule("at(2027-07-01T03:00:00)", time_zone="Europe/Berlin")

        assert ticks(schedule, EARLIEST, 2) == [at("2027-07-01T01:00:00+00:00")]

    @pytest.mark.parametrize(
        "expression",
        [
            "at(2027-02-30T03:00:00)",
            "at(2027-01-01)",
            "at(2027-01-01T03:00)",
            "at(2027-01-01T24:00:00)",
            "at(2027-01-01T03:00:00Z)",
            "at(2027-01-01T03:00:00+01:00)",
            "at(2027-01-01 03:00:00)",
            "at()",
            "at(2020-01-01T03:00:00)",
        ],
    )
    def test_a_time_that_can_not_come_is_refused(self, expression: str) -> None:
        with pytest.raises(ValueError, match=re.escape(f'"{expression}"')):
            Schedule(expression)

    @pytest.mark.parametrize(
        ("expression", "bounds"),
        [
            ("at(2027-03-28T02:30:00)", {}),
            ("cron(30 2 28 3 ? 2027)", {}),
            (
                "cron(30 2 * * ? *)",
                {"start": at("2027-03-27T12:00Z"), "end": at("2027-03-28T12:00Z")},
            ),
        ],
    )
    def test_a_time_that_the_clock_skips_is_refused_with_what_it_shows_in_its_place(
        self, expression: str, bounds: Any
    ) -> None:
        with pytest.raises(ValueError, match="never comes") as refused:
            Schedule(expression, time_zone="Europe/Berlin", **bounds)

        assert str(refused.value) == (
            f'"{expression}" never comes: the clock of Europe/Berlin skips 02:30:00 on 2027-03-28, '
            "and shows 03:30:00 in its place. Write a time that it shows."
        )

    def test_a_skipped_time_is_not_blamed_where_the_bounds_leave_it_out(self) -> None:
        end = at("2027-03-28T00:00Z")

        with pytest.raises(ValueError, match=r"never comes from .* Correct the date or the year"):
            Schedule(
                "cron(30 2 * * ? *)",
                time_zone="Europe/Berlin",
                start=end - timedelta(hours=1),
                end=end,
            )

    @pytest.mark.parametrize("time", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
    @pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
    def test_a_time_at_the_end_of_all_years_is_taken_or_refused_with_words(
        self, time: str, zone: str
    ) -> None:
        said = ""
        try:
            Schedule(f"at({time})", time_zone=zone)
        except ValueError as error:
            said = str(error)

        assert bool(said) == (time.startswith("0001") or zone == "America/New_York")
        assert "Correct the date or the year." in said or not said

    @pytest.mark.parametrize("name", ["start", "end"])
    def test_a_start_or_an_end_of_one_time_is_refused(self, name: str) -> None:
        some_day: Any = {name: at("2027-01-01T00:00:00+00:00")}
        with pytest.raises(ValueError, match="start and end change nothing"):
            Schedule("at(2027-07-01T03:00:00)", **some_day)


class TestTimeZones:
    def test_a_time_of_day_stays_the_same_over_the_year(self) -> None:
        schedule = Schedule("cron(0 3 1 * ? *)", time_zone="Europe/Berlin")

        hours = {f"{tick:%m}": tick.hour for tick in ticks(schedule, at("2026-12-31T00:00Z"), 12)}

        assert (hours["01"], hours["07"], hours["12"]) == (2, 1, 2)

    def test_a_time_that_the_clock_skips_in_spring_is_left_out(self) -> None:
        schedule = Schedule("cron(30 2 * * ? *)", time_zone="Europe/Berlin")

        days = [f"{tick:%m-%d}" for tick in ticks(schedule, at("2027-03-26T12:00Z"), 3)]

        assert days == ["03-27", "03-29", "03-30"]

    def test_a_time_that_the_clock_shows_twice_in_autumn_comes_once(self) -> None:
        schedule = Schedule("cron(30 2 * * ? *)", time_zone="Europe/Berlin")

        days = [f"{tick:%m-%d %H:%M}" for tick in ticks(schedule, at("2027-10-30T12:00Z"), 2)]

        assert days == ["10-31 00:30", "11-01 01:30"]

    @pytest.mark.property
    @given(ZONES, st.integers(0, 23), st.integers(0, 59), MOMENTS)
    def test_in_every_zone_the_wall_shows_the_time_once_a_day(
        self, name: str, hour: int, minute: int, after: datetime
    ) -> None:
        zone = ZoneInfo(name)
        found = ticks(Schedule(f"cron({minute} {hour} * * ? *)", time_zone=name), after, 100)

        local = [tick.astimezone(zone) for tick in found]
        assert found[0] > after
        assert found == sorted(set(found))
        assert all((time.hour, time.minute) == (hour, minute) for time in local)
        days = [time.date() for time in local]
        assert len(set(days)) == len(days)
        skipped = (days[-1] - days[0]).days + 1 - len(days)
        assert skipped <= 3  # the clocks change, or a zone skips a day

    @pytest.mark.parametrize(
        "name", ["Berlin", "europe/berlin", "CEST", "+01:00", "", "Europe/Berlin ", "../etc/passwd"]
    )
    def test_what_is_no_iana_time_zone_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="is not an IANA time zone"):
            Schedule("cron(0 3 * * ? *)", time_zone=name)

    def test_a_zone_that_is_no_text_is_refused(self) -> None:
        with pytest.raises(TypeError, match="write the zone's IANA name"):
            Schedule("cron(0 3 * * ? *)", time_zone=BERLIN)  # type: ignore[arg-type]

    def test_where_no_time_zones_are_known_the_deploy_has_to_check_them(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A worker imports the definition too; it must not fail for the lack of a database.
        monkeypatch.setattr("handler.definition.schedule._time_zones", frozenset)

        schedule = Schedule("cron(0 3 * * ? *)", time_zone="Europe/Berlin")

        assert schedule.time_zone == "Europe/Berlin"


class TestBounds:
    def test_nothing_comes_before_the_start_or_from_the_end_on(self) -> None:
        schedule = Schedule(
            "cron(0 3 * * ? *)",
            start=at("2027-01-10T03:00:00+00:00"),
            end=at("2027-01-12T03:00:00+00:00"),
        )

        days = [tick.day for tick in ticks(schedule, EARLIEST, 9)]

        assert days == [10, 11]

    @pytest.mark.parametrize("name", ["start", "end"])
    def test_a_moment_without_a_zone_is_refused(self, name: str) -> None:
        naive: Any = {name: at("2027-01-01T00:00:00")}
        with pytest.raises(ValueError, match=f"{name}=2027-01-01 00:00:00 has no time zone"):
            Schedule("rate(1 day)", **naive)

    @pytest.mark.parametrize("name", ["start", "end"])
    @pytest.mark.parametrize(
        "moment", [at("0001-01-01T00:00:00+05:00"), at("9999-12-31T23:59:59-01:00")]
    )
    def test_a_moment_without_a_form_in_utc_is_refused(self, name: str, moment: datetime) -> None:
        given: Any = {name: moment}
        with pytest.raises(ValueError, match=rf"^{name}=.* is outside of the years 1 to 9999"):
            Schedule("rate(1 day)", **given)

    @pytest.mark.parametrize("expression", ["rate(1 day)", "cron(0 3 * * ? *)"])
    @pytest.mark.parametrize("zone", [UTC, BERLIN])
    def test_a_start_at_the_beginning_of_all_years_changes_nothing(
        self, expression: str, zone: Any
    ) -> None:
        start = datetime.min.replace(tzinfo=zone) + timedelta(days=1)

        schedule = Schedule(expression, start=start)

        assert schedule.next_after(start)
        assert schedule.next_after(EARLIEST)

    def test_a_cron_from_the_last_day_of_all_years_on_is_refused(self) -> None:
        with pytest.raises(ValueError, match="never comes from 9999-12-31"):
            Schedule(
                "cron(0 3 * * ? *)",
                time_zone="Europe/Berlin",
                start=at("9999-12-31T23:30:00+00:00"),
            )

    @pytest.mark.parametrize("name", ["start", "end"])
    @pytest.mark.parametrize("value", ["2027-01-01", 1, datetime(2027, 1, 1, tzinfo=UTC).date()])
    def test_what_is_no_moment_is_refused(self, name: str, value: object) -> None:
        given: Any = {name: value}
        with pytest.raises(TypeError, match="is not a datetime"):
            Schedule("rate(1 day)", **given)

    @pytest.mark.parametrize("later", [timedelta(0), timedelta(days=1)])
    def test_a_start_that_is_not_before_the_end_is_refused(self, later: timedelta) -> None:
        end = at("2027-01-01T00:00:00+00:00")
        with pytest.raises(ValueError, match="is not before"):
            Schedule("rate(1 day)", start=end + later, end=end)

    def test_the_hour_that_comes_twice_is_compared_as_moments(self) -> None:
        first = at("2027-10-31T02:30:00", BERLIN)

        schedule = Schedule("rate(1 minute)", start=first, end=first.replace(fold=1))

        assert schedule.next_after(EARLIEST) == at("2027-10-31T00:30:00+00:00")

    def test_a_schedule_without_a_time_between_start_and_end_is_refused(self) -> None:
        with pytest.raises(
            ValueError, match=r'"cron\(0 3 \* \* \? \*\)" never comes from .* before'
        ):
            Schedule(
                "cron(0 3 * * ? *)",
                start=at("2027-01-01T04:00:00+00:00"),
                end=at("2027-01-01T05:00:00+00:00"),
            )

    @pytest.mark.parametrize(
        "expression",
        [
            "cron(0 3 30 2 ? *)",
            "cron(0 3 31 4,6,9,11 ? *)",
            "cron(0 3 29 2 ? 2027)",
            "cron(0 3 * * ? 2025)",
            "cron(0 3 31W 4 ? *)",
        ],
    )
    def test_a_date_that_never_comes_is_refused(self, expression: str) -> None:
        with pytest.raises(ValueError, match="never comes from 2026-01-01"):
            Schedule(expression)

    def test_a_schedule_that_was_over_yesterday_is_still_valid(self) -> None:
        # A worker imports the definition every day, and must not fail on the first after the end.
        over = Schedule("cron(0 3 * * ? 2026)")

        assert over.next_after(at("2027-01-01T00:00:00+00:00")) is None


class TestWindows:
    @pytest.mark.parametrize(
        ("window", "minutes"),
        [(0, 0), (60, 1), (900.0, 15), (timedelta(minutes=15), 15), (timedelta(days=1), 1440)],
    )
    def test_a_window_is_whole_minutes_up_to_a_day(self, window: Any, minutes: int) -> None:
        assert Schedule("rate(7 days)", window=window).window_minutes() == minutes

    @pytest.mark.parametrize(
        "window", [-60, 30, 90, timedelta(seconds=1), timedelta(days=1, minutes=1), float("inf")]
    )
    def test_any_other_window_is_refused(self, window: Any) -> None:
        with pytest.raises(ValueError, match="whole minutes from 0 to 1,440"):
            Schedule("rate(7 days)", window=window)

    @pytest.mark.parametrize("window", ["15", True, None])
    def test_a_window_that_is_no_duration_is_refused(self, window: Any) -> None:
        with pytest.raises(TypeError, match="Give seconds or a timedelta"):
            Schedule("rate(7 days)", window=window)


@pytest.mark.property
@given(st.text(max_size=60) | st.text("ratecon()0123456789 minutehourday*?/-,:T", max_size=60))
def test_any_text_is_a_schedule_or_is_refused_with_words(text: str) -> None:
    said = f'"{text}"'
    try:
        Schedule(text)
    except ValueError as error:
        said = str(error)

    assert said.startswith(f'"{text.strip()}"')


@pytest.mark.parametrize(
    "expression", ["cron(0 3 * * ? *)", "rate(1 day)", "at(2027-01-01T03:00:00)"]
)
@pytest.mark.parametrize("around", ["{}\n", " {}", "\t{} "])
def test_a_blank_or_a_line_break_around_an_expression_is_named(
    expression: str, around: str
) -> None:
    with pytest.raises(ValueError, match="has a blank or a line break before") as refused:
        Schedule(around.format(expression))

    assert str(refused.value).startswith(f'"{expression}" has ')


def test_an_expression_of_more_than_256_characters_is_refused() -> None:
    minutes = ",".join(["0"] * 150)

    with pytest.raises(ValueError, match="characters; the limit is 256"):
        Schedule(f"cron({minutes} 3 * * ? *)")


def test_only_the_expression_may_be_given_without_a_name() -> None:
    with pytest.raises(TypeError, match="positional"):
        Schedule("cron(0 3 * * ? *)", "Europe/Berlin")  # type: ignore[call-arg]
