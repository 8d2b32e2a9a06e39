"""The definitions: how each has done, what holds it up, and when the clock triggers it."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.browser.conftest import Open
from tests.browser.serving import Served
from tests.browser.tenants import Tenant
from tests.browser.watching import WIDTHS, expect, settle
from tests.running import Running

pytestmark = pytest.mark.browser

PAUSES = """{ backgroundTasks { listPauses {
    data { definitionId everyTenant pausedBy { displayName } } error { message }
} } }"""
LIMITS = """query($key: JSON) { backgroundTasks { getLimits(definition: printLabels, key: $key) {
    data { key slots deployed used queued changedOn } error { message }
} } }"""


def show_all(page: Any) -> None:
    """The page begins with some of the definitions, where there are many."""
    expect(page.get_by_role("article").first).to_be_visible()
    more = page.get_by_role("button", name=re.compile(r"^Show \d+ more$"))
    while more.count():
        more.click()


def card(page: Any, title: str) -> Any:
    return page.get_by_role("article", name=title, exact=True)


def dialog(page: Any, title: str) -> Any:
    return page.get_by_role("dialog", name=title)


def weigh(tenant: Tenant, *kgs: int) -> None:
    """Has parcels weighed, and waits for the ends of the tasks; those over 30 kg fail."""
    for kg in kgs:
        tenant.trigger("weighParcel", {"kg": kg}, name=f"{kg} kg")
    tenant.until(lambda: not {"pending", "running"} & {*tenant.statuses().values()})


def limit_of(running: Running, key: str) -> Any:
    """A limit of printLabels, as the API has it."""
    answer = running.graphql(LIMITS, {"key": key})["getLimits"]
    assert answer["error"] is None, answer
    [limit] = answer["data"]
    return limit


def pauses(running: Running) -> list[tuple[str | None, bool]]:
    answer = running.graphql(PAUSES)["listPauses"]
    assert answer["error"] is None, answer
    return [(each["definitionId"], each["everyTenant"]) for each in answer["data"]]


class TestWhatThereIs:
    def test_a_docstring_is_there_and_its_details_unfold(self, open_page: Open) -> None:
        page = open_page("definitions?q=weigh").page
        found = card(page, "Weigh parcel")

        expect(found.get_by_text("Weighs a parcel before it is sent.")).to_be_visible()
        rest = found.get_by_text("A courier takes 30 kg at most.")
        expect(rest).to_be_hidden()
        found.get_by_text("More", exact=True).focus()
        page.keyboard.press("Enter")

        expect(rest).to_be_visible()
        expect(rest).to_contain_text("- Heavier ones fail with TOO_HEAVY.")

    def test_markup_in_a_title_is_text(self, open_page: Open) -> None:
        page = open_page("definitions?q=anything").page

        found = card(page, 'Take <b>anything</b> & "everything"')

        expect(found.get_by_text("Say <script>alert(1)</script>.")).to_be_visible()

    def test_one_may_be_called_as_what_every_object_has(self, open_page: Open) -> None:
        page = open_page("definitions?q=constructor").page

        found = card(page, "A word of JavaScript's")
        settle(page)

        expect(found.get_by_role("code")).to_have_text("constructor")
        expect(found.get_by_role("heading", name="Limit")).to_have_count(0)

    def test_one_is_found_by_words_and_the_url_says_so(self, open_page: Open) -> None:
        page = open_page("definitions").page
        show_all(page)
        expect(card(page, "Print labels")).to_be_visible()

        page.keyboard.press("/")
        page.keyboard.type("label print")

        expect(page.get_by_role("article")).to_have_count(1)
        expect(card(page, "Print labels")).to_be_visible()
        expect(page.get_by_text(re.compile(r"^1 of \d+ definitions$"))).to_be_visible()
        assert page.url.endswith("q=label+print")
        page.reload()
        expect(page.get_by_role("article")).to_have_count(1)

    def test_those_with_a_schedule_or_a_limit_are_found(self, open_page: Open) -> None:
        page = open_page("definitions").page

        page.get_by_label("Which").select_option("With a schedule")
        expect(page.get_by_role("article")).to_have_count(2)
        expect(card(page, "Take stock")).to_be_visible()
        page.get_by_label("Which").select_option("With a limit")
        expect(page.get_by_role("article")).to_have_count(2)

        expect(card(page, "Print labels")).to_be_visible()


class TestTheLastDay:
    def test_tasks_are_counted_by_their_states_in_words_and_in_a_chart(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        weigh(tenant, 1, 2, 29, 31)
        page = open_page(tenant.view("definitions", q="weigh")).page
        found = card(page, "Weigh parcel")

        expect(
            found.get_by_role("img", name="4 tasks in the last day: 3 success, 1 failed")
        ).to_be_visible()
        expect(found.get_by_role("listitem")).to_have_text(
            [re.compile(r"3.*success"), re.compile(r"1.*failed.*25% of those over")]
        )

    def test_a_count_leads_to_these_tasks(self, open_page: Open, tenant: Tenant) -> None:
        weigh(tenant, 7, 70)
        page = open_page(tenant.view("definitions", q="weigh")).page

        page.get_by_role("link", name="1 failed in the last day, of weighParcel").click()

        expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
        expect(page.get_by_role("rowheader")).to_have_count(1)
        expect(page.get_by_role("link", name="70 kg")).to_be_visible()
        expect(page.get_by_role("checkbox", name="failed")).to_be_checked()

    def test_they_are_counted_again_when_somebody_asks(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        page = open_page(tenant.view("definitions", q="weigh")).page
        found = card(page, "Weigh parcel")
        expect(found.get_by_text("No task in the last day")).to_be_visible()
        weigh(tenant, 3)

        page.get_by_role("button", name="Count again").click()

        expect(found.get_by_role("img", name="1 task in the last day: 1 success")).to_be_visible()
        page.get_by_label("Which").select_option("With failures")
        expect(page.get_by_text("No definition is of this kind.")).to_be_visible()


class TestLimits:
    def test_what_is_used_and_what_queues_is_said_and_a_limit_is_changed_and_reset(
        self, open_page: Open, stack: Running
    ) -> None:
        printer = f"hall {uuid.uuid4().hex[:6]}"
        ids = [stack.trigger("printLabels", {"printer": printer}) for _ in range(4)]
        stack.until(lambda: limit_of(stack, printer)["queued"] == 2)
        page = open_page("definitions?q=labels").page
        limits = page.get_by_role("region", name="Limits of printLabels")
        found = limits.get_by_role("listitem").filter(has_text=printer)

        expect(found.get_by_role("meter", name="2 of 2 slots used")).to_be_visible()
        expect(found).to_contain_text("2 of 2 used, all of them")
        expect(found).to_contain_text(re.compile(r"2 queued, the oldest (now|\d+ s ago)"))

        found.get_by_role("button", name=f"Change … the limit of {printer}").click()
        window = dialog(page, "The limit of printLabels")
        expect(window).to_contain_text(f"Of the tasks with the key {printer}.")
        window.get_by_label("How many run at a time").fill("3")
        page.keyboard.press("Enter")

        expect(window).to_have_count(0)
        expect(page.get_by_role("status").get_by_text("is 3.")).to_be_visible()
        expect(found).to_contain_text("Set to 3 by local, now; deployed: 2")
        assert limit_of(stack, printer)["slots"] == 3
        stack.until(lambda: limit_of(stack, printer)["used"] == 3)

        found.get_by_role("button", name=f"Change … the limit of {printer}").click()
        window.get_by_role("button", name="As deployed").click()

        expect(window).to_have_count(0)
        expect(found).to_contain_text("3 of 2 used, 1 over it")
        after = limit_of(stack, printer)
        assert (after["slots"], after["queued"], after["changedOn"]) == (2, 1, None)
        for id in ids:
            stack.abort(id)

    def test_one_that_nothing_uses_yet_is_set_by_its_key(
        self, open_page: Open, stack: Running
    ) -> None:
        printer = f"roof {uuid.uuid4().hex[:6]}"
        page = open_page("definitions?q=labels").page

        page.get_by_role("button", name="Set another … limit of printLabels").click()
        window = dialog(page, "The limit of printLabels")
        window.get_by_label("Key", exact=True).fill(printer)
        window.get_by_label("How many run at a time").fill("2000")
        expect(window.get_by_role("button", name="Set", exact=True)).to_be_disabled()
        window.get_by_label("How many run at a time").fill("0")
        window.get_by_label("It may be for the tasks of every tenant").check()
        window.get_by_role("button", name="Set", exact=True).click()

        expect(window).to_have_count(0)
        found = page.get_by_role("listitem").filter(has_text=printer)
        expect(found).to_contain_text("0 of 0 used, none may start")
        assert limit_of(stack, printer)["slots"] == 0


class TestPauses:
    def test_a_definition_is_paused_and_resumed(self, open_page: Open, tenant: Tenant) -> None:
        page = open_page(tenant.view("definitions", q="weigh")).page
        found = card(page, "Weigh parcel")

        button = found.get_by_role("button", name="Pause … weighParcel")
        button.focus()
        page.keyboard.press("Enter")
        window = dialog(page, "Pause Weigh parcel?")
        window.get_by_role("button", name="Pause", exact=True).click()

        expect(window).to_have_count(0)
        expect(found).to_contain_text(f"for tenant {tenant.name}, now, by local")
        expect(page.get_by_text("1 definition is paused:")).to_be_visible()
        assert pauses(tenant) == [("weighParcel", False)]

        found.get_by_role("button", name=re.compile("^Resume …")).click()
        window = dialog(page, "Resume Weigh parcel?")
        window.get_by_label("How many go on in a second").fill("0")
        expect(window.get_by_role("button", name="Resume", exact=True)).to_be_disabled()
        window.get_by_label("How many go on in a second").fill("50")
        window.get_by_role("button", name="Resume", exact=True).click()

        expect(window).to_have_count(0)
        expect(found.locator(".state", has_text="paused")).to_have_count(0)
        assert pauses(tenant) == []
        page.get_by_role("link", name="The task that has them go on").click()
        expect(page.get_by_role("main")).to_contain_text("success")

    def test_all_definitions_are_paused_and_resumed(self, open_page: Open, tenant: Tenant) -> None:
        page = open_page(tenant.view("definitions")).page

        page.get_by_role("button", name="Pause all …").click()
        window = dialog(page, "Pause all definitions?")
        window.get_by_role("button", name="Cancel").click()
        assert pauses(tenant) == []
        page.get_by_role("button", name="Pause all …").click()
        window.get_by_role("button", name="Pause", exact=True).click()

        note = page.get_by_role("region", name="All definitions are paused")
        expect(note).to_contain_text(f"for tenant {tenant.name}, now, by local")
        assert pauses(tenant) == [(None, False)]

        note.get_by_role("button", name=re.compile("^Resume …")).click()
        dialog(page, "Resume all definitions?").get_by_role(
            "button", name="Resume", exact=True
        ).click()

        expect(note).to_have_count(0)
        assert pauses(tenant) == []


class TestSchedules:
    @pytest.fixture
    def schedule(self, stack: Running) -> Iterator[Callable[[], dict[str, Any]]]:
        """What EventBridge Scheduler has of it; it is on again afterwards."""
        scheduler = stack.client("scheduler")
        [(group, name)] = [
            (each["GroupName"], each["Name"])
            for each in scheduler.list_schedules()["Schedules"]
            if "stock" in each["Name"].lower()
        ]

        def found() -> dict[str, Any]:
            answer = scheduler.get_schedule(GroupName=group, Name=name)
            moving = ("ResponseMetadata", "LastModificationDate")
            return {key: value for key, value in answer.items() if key not in moving}

        before = found()
        yield found
        if found() != before:
            own = ("Arn", "CreationDate")
            scheduler.update_schedule(
                **{key: value for key, value in before.items() if key not in own}
            )

    def test_its_next_run_is_said_on_its_own_clock(self, open_page: Open) -> None:
        page = open_page("definitions?q=stock", timezone_id="Asia/Tokyo").page
        found = page.get_by_role("region", name="Schedule of takeStock")

        now = datetime.now(ZoneInfo("Europe/Berlin"))
        year = next(
            year
            for year in (now.year, now.year + 1)
            if datetime(year, 1, 1, 4, 30, tzinfo=now.tzinfo) > now
        )
        expect(found).to_contain_text("cron(30 4 1 1 ? *) Europe/Berlin")
        expect(found).to_contain_text("within 15 minutes of it")
        expect(found).to_contain_text(f"1 Jan {year}, 04:30 Europe/Berlin")
        expect(found).to_contain_text(f"1 Jan {year}, 12:30)")

    def test_it_runs_now_with_the_input_of_a_tick(self, open_page: Open, stack: Running) -> None:
        begun = datetime.now(UTC).replace(microsecond=0)
        page = open_page("definitions?q=stock").page

        page.get_by_role("link", name="Run now … takeStock").click()
        expect(page.get_by_role("heading", name="Trigger Take stock")).to_be_visible()
        expect(page.get_by_label("Shelves")).to_have_value("all")
        page.get_by_role("button", name="Trigger", exact=True).click()

        page.wait_for_url(re.compile("#/tasks/"))
        expect(page.get_by_role("main")).to_contain_text("success")
        record = stack.record(page.url.rpartition("/")[2])
        assert record["definitionId"] == "takeStock"
        assert record["input"]["shelves"] == "all"
        assert datetime.fromisoformat(record["input"]["until"]) >= begun

    def test_it_is_paused_and_resumed_and_nothing_else_of_it_changes(
        self, open_page: Open, schedule: Callable[[], dict[str, Any]]
    ) -> None:
        before = schedule()
        assert before["State"] == "ENABLED"
        page = open_page("definitions?q=stock").page
        found = page.get_by_role("region", name="Schedule of takeStock")

        found.get_by_role("button", name="Pause schedule … of takeStock").click()
        window = dialog(page, "Pause the schedule of takeStock?")
        window.get_by_role("button", name="Pause", exact=True).click()

        expect(window).to_have_count(0)
        expect(found).to_contain_text("none while it is paused; else")
        assert schedule() == {**before, "State": "DISABLED"}

        found.get_by_role("button", name="Resume schedule … of takeStock").click()
        dialog(page, "Resume the schedule of takeStock?").get_by_role(
            "button", name="Resume", exact=True
        ).click()

        expect(found.locator(".state")).to_contain_text("on")
        assert schedule() == before


class TestPeople:
    def test_who_may_only_read_has_no_buttons_that_change_anything(
        self, open_page: Open, console_of: Callable[[str], Served]
    ) -> None:
        page = open_page("definitions", console=console_of("reader")).page
        show_all(page)
        expect(page.locator(".caller")).to_contain_text("read only")
        expect(page.get_by_role("region", name="Limits of printLabels")).to_be_visible()
        expect(
            card(page, "Take stock").get_by_role("link", name="Tasks of takeStock")
        ).to_be_visible()

        names = page.get_by_role("main").get_by_role("button").all_inner_texts()
        assert set(names) == {"Count again"}
        expect(page.get_by_role("link", name=re.compile("Trigger|Run now"))).to_have_count(0)

    def test_who_may_only_call_the_api_is_told_what_the_schedules_need(
        self, open_page: Open, console_of: Callable[[str], Served]
    ) -> None:
        page = open_page("definitions", console=console_of("changer")).page
        show_all(page)

        note = page.get_by_role("status").filter(has_text="The schedules can't be shown")
        expect(note).to_contain_text("not authorized to perform: scheduler:ListSchedules")
        expect(note).to_contain_text("these need scheduler:ListSchedules and scheduler:GetSchedule")
        found = card(page, "Weigh parcel")
        expect(found.get_by_role("button", name="Pause … weighParcel")).to_be_visible()
        found.get_by_role("button", name="Pause … weighParcel").click()
        expect(page.get_by_label(re.compile("every tenant"))).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_read_and_use_its_windows(
    open_page: Open, tenant: Tenant, scheme: str, width: int
) -> None:
    weigh(tenant, 1, 99)
    printer = f"hall {'x' * 60}"
    printing = tenant.trigger("printLabels", {"printer": printer})
    tenant.graphql("mutation { backgroundTasks { pauseAll { error { message } } } }")
    viewport = {"width": width, "height": 900}
    seen = open_page(tenant.view("definitions"), viewport=viewport, color_scheme=scheme)
    page = seen.page
    show_all(page)
    expect(page.get_by_role("region", name="All definitions are paused")).to_be_visible()
    expect(card(page, "Weigh parcel").get_by_role("img")).to_be_visible()
    expect(page.get_by_role("region", name="Limits of printLabels")).to_be_visible()
    settle(page)
    for summary in card(page, "Weigh parcel").get_by_text("More", exact=True).all():
        summary.click()

    seen.check_accessible()
    assert seen.sideways() == []
    for name, title in (
        ("Pause all …", "Pause all definitions?"),
        ("Pause … weighParcel", "Pause Weigh parcel?"),
        ("Set another … limit of printLabels", "The limit of printLabels"),
        ("Pause schedule … of takeStock", "Pause the schedule of takeStock?"),
        (re.compile("^Resume …"), "Resume all definitions?"),
    ):
        page.get_by_role("button", name=name).first.click()
        expect(dialog(page, title)).to_be_visible()
        seen.check_accessible()
        assert seen.sideways() == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    tenant.abort(printing)
