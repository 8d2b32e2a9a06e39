"""A stack that is gone in the middle: each view says so, keeps what it had, and comes back."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.callers import as_caller
from tests.browser.conftest import Open
from tests.browser.doorway import Doorway, behind_a_door
from tests.browser.serving import Served, served
from tests.browser.tenants import Tenant
from tests.browser.watching import Watched, expect, settle
from tests.running import Running

pytestmark = pytest.mark.browser

OLD = "No answer: what is shown may be old. It is tried again by itself."


class Away:
    """A page whose stack goes away and comes back. It is never loaded anew."""

    def __init__(self, seen: Watched, door: Doorway) -> None:
        self.seen = seen
        self.page = seen.page
        self._door = door
        self.page.evaluate("() => { window.isSame = true; }")

    def goes(self) -> None:
        self._door.shut()

    def comes(self) -> None:
        self._door.open()

    def look(self) -> None:
        """Somebody comes back to the tab: the page looks at once."""
        self.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")

    @property
    def is_the_same(self) -> bool:
        return bool(self.page.evaluate("() => window.isSame === true"))

    @property
    def old(self) -> Any:
        return self.page.get_by_role("status").filter(has_text=OLD)


@pytest.fixture(scope="module")
def behind(
    stack: Running, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, Doorway]]:
    """A console whose stack is behind a door."""
    folder = tmp_path_factory.mktemp("behind")
    with behind_a_door(stack.deployed) as (deployed, door), served(deployed, folder) as console:
        yield console, door


@pytest.fixture
def door(behind: tuple[Served, Doorway]) -> Iterator[Doorway]:
    """The door of it: open at first, and afterwards."""
    _, door = behind
    yield door
    door.shut()
    door.open()


@pytest.fixture
def away(behind: tuple[Served, Doorway], door: Doorway, open_page: Open) -> Callable[[str], Away]:
    """Opens a view whose stack the test can have go away: `away("tasks")`."""
    console, _ = behind

    def away(view: str) -> Away:
        seen = open_page(view, console=console)
        expect(seen.page.locator(".caller")).to_have_text("local")
        settle(seen.page)
        return Away(seen, door)

    return away


class TestInTheMiddle:
    def test_the_list_keeps_its_rows_and_shows_what_is_new_later(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        tenant.trigger("takeAnything", {}, name="Before")
        here = away(tenant.view())
        expect(here.page.get_by_role("link", name="Before")).to_be_visible()

        here.goes()
        here.look()

        expect(here.old).to_be_visible()
        expect(here.old).to_contain_text("Next:")
        expect(here.page.get_by_role("link", name="Before")).to_be_visible()
        tenant.trigger("takeAnything", {}, name="Meanwhile")
        here.comes()
        expect(here.page.get_by_role("link", name="Meanwhile")).to_be_visible()
        expect(here.old).to_have_count(0)
        assert here.is_the_same

    def test_a_filter_that_is_changed_meanwhile_is_answered_later(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        tenant.trigger("takeAnything", {}, name="One")
        tenant.trigger("takeAnything", {}, name="Two")
        here = away(tenant.view())
        expect(here.page.get_by_role("rowheader")).to_have_count(2)

        here.goes()
        here.page.get_by_label("Name begins with").fill("Tw")
        expect(here.page.get_by_role("alert")).to_contain_text("It is tried again by itself.")
        expect(here.page.get_by_role("rowheader")).to_have_count(0)

        here.comes()
        here.look()
        expect(here.page.get_by_role("rowheader")).to_have_count(1)
        expect(here.page.get_by_role("alert")).to_have_count(0)

    def test_the_groups_by_error_code_say_so_and_come_back(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        id = tenant.trigger("shipOrder", {"order": 1})
        tenant.until(lambda: tenant.record(id)["finishedOn"])
        here = away(tenant.view(group="error"))
        expect(here.page.get_by_role("main")).to_contain_text("NO_ADDRESS")

        here.goes()
        here.page.get_by_role("button", name="Look again").click()

        expect(here.old).to_be_visible()
        expect(here.page.get_by_role("link", name="NO_ADDRESS")).to_be_visible()
        id = tenant.trigger("weighParcel", {"kg": 99})
        tenant.until(lambda: tenant.record(id)["finishedOn"])
        here.comes()
        expect(here.page.get_by_role("link", name="TOO_HEAVY")).to_be_visible()
        expect(here.old).to_have_count(0)
        assert here.is_the_same

    def test_a_running_task_stays_as_it_was_and_goes_on_to_its_end(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        id = tenant.trigger("runOn", {}, name="Runs on")
        tenant.until(lambda: tenant.record(id)["taskStatus"] == "running")
        here = away(tenant.view(f"tasks/{id}"))
        head = here.page.get_by_role("heading", name="Runs on")
        expect(head).to_be_visible()
        expect(here.page.locator(".state").first).to_contain_text("running")

        here.goes()
        here.look()

        expect(here.old).to_be_visible()
        expect(head).to_be_visible()
        expect(here.page.locator(".state").first).to_contain_text("running")
        tenant.abort(id)
        tenant.until(lambda: tenant.record(id)["taskStatus"] == "aborted")
        here.comes()
        here.look()
        expect(here.page.locator(".state").first).to_contain_text("aborted")
        expect(here.old).to_have_count(0)
        assert here.is_the_same

    def test_what_is_done_to_a_task_says_that_it_may_not_have_been_done(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        id = tenant.trigger("waitLong", {}, name="Waits")
        tenant.until(lambda: tenant.record(id)["iterations"] == 1)
        here = away(tenant.view(f"tasks/{id}"))

        here.goes()
        here.page.get_by_role("button", name=re.compile("^Abort")).click()
        window = here.page.get_by_role("dialog")
        window.get_by_role("button", name=re.compile("^Abort")).click()

        expect(window.get_by_role("alert")).to_contain_text(
            "Whether it was done is not known: look at the task before you say it again."
        )
        here.comes()
        window.get_by_role("button", name=re.compile("^Abort")).click()
        expect(here.page.locator(".state").first).to_contain_text("aborted")

    def test_the_definitions_stay_and_are_marked_as_old(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        here = away(tenant.view("definitions", q="weigh"))
        found = here.page.get_by_role("article", name="Weigh parcel")
        expect(found.get_by_text("No task in the last day")).to_be_visible()

        here.goes()
        here.page.get_by_role("button", name="Count again").click()

        expect(here.old).to_be_visible()
        expect(found.get_by_text("No task in the last day")).to_be_visible()
        id = tenant.trigger("weighParcel", {"kg": 1})
        tenant.until(lambda: tenant.record(id)["finishedOn"])
        here.comes()
        here.look()
        expect(found.get_by_role("img", name="1 task in the last day: 1 success")).to_be_visible()
        expect(here.old).to_have_count(0)
        assert here.is_the_same

    def test_a_pause_that_is_not_answered_says_so_and_can_be_tried_again(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        here = away(tenant.view("definitions", q="weigh"))

        here.goes()
        here.page.get_by_role("button", name="Pause … weighParcel").click()
        window = here.page.get_by_role("dialog", name="Pause Weigh parcel?")
        window.get_by_role("button", name="Pause", exact=True).click()
        expect(window.get_by_role("alert")).to_contain_text("Try it again in a moment.")

        here.comes()
        window.get_by_role("button", name="Pause", exact=True).click()
        expect(window).to_have_count(0)
        found = here.page.get_by_role("article", name="Weigh parcel")
        expect(found).to_contain_text(f"for tenant {tenant.name}")

    def test_the_health_says_what_could_not_be_looked_at_and_looks_again_by_itself(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        here = away(tenant.view("health"))
        page = here.page
        again = page.get_by_role("button", name="Look again at all of it")
        expect(again).to_be_enabled()
        queues = page.get_by_role("region", name="Queues")
        expect(queues.get_by_role("listitem")).to_have_count(2)

        here.goes()
        again.click()

        word = page.get_by_role("region", name="In a word")
        expect(word).to_contain_text(re.compile("thing(s)? could not"))
        expect(queues).to_contain_text(OLD)
        expect(queues.get_by_role("listitem")).to_have_count(2)
        doctor = page.get_by_role("region", name="What the doctor says")
        expect(doctor.get_by_role("alert")).to_contain_text("does not answer at")
        expect(doctor.get_by_text("aws sso login")).to_have_count(0)
        here.comes()
        here.look()
        expect(here.old).to_have_count(0)
        expect(doctor).to_contain_text(re.compile(r"\d+ findings"))
        expect(page.get_by_role("alert")).to_have_count(0)
        assert here.is_the_same

    def test_a_form_keeps_what_was_typed_and_triggers_once(
        self, away: Callable[[str], Away], tenant: Tenant
    ) -> None:
        here = away(tenant.view("trigger/weighParcel"))
        kg = here.page.get_by_label("Kg")
        kg.fill("12.5")

        here.goes()
        here.page.get_by_role("button", name="Trigger", exact=True).click()

        expect(here.page.get_by_role("alert")).to_contain_text(
            "Whether it was triggered is not known."
        )
        here.look()
        expect(kg).to_have_value("12.5")
        here.comes()
        here.page.get_by_role("button", name="Trigger", exact=True).click()
        here.page.wait_for_url(re.compile("#/tasks/"))
        expect(here.page.get_by_role("main")).to_contain_text("success")
        assert here.is_the_same
        [task] = tenant.tasks()
        assert tenant.record(task["id"])["input"] == {"kg": 12.5}


FIRST = {
    "tasks": "There is no task yet.",
    "tasks/nothing": "There is no such task",
    "definitions": "Print labels",
    "health": "background-tasks-dev-worker",
    "trigger": "Weigh parcel",
    "trigger/weighParcel": "Kg",
}


class TestAtTheStart:
    @pytest.mark.parametrize(("view", "words"), FIRST.items())
    def test_each_view_says_so_and_is_there_later(
        self,
        behind: tuple[Served, Doorway],
        door: Doorway,
        open_page: Open,
        tenant: Tenant,
        view: str,
        words: str,
    ) -> None:
        door.shut()
        page = open_page(tenant.view(view), console=behind[0]).page

        expect(page.get_by_role("alert").first).to_contain_text("Next:")
        expect(page.get_by_text("It is tried again by itself.").first).to_be_visible()
        door.open()
        page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")

        expect(page.get_by_role("main")).to_contain_text(words)
        expect(page.get_by_role("alert")).to_have_count(0)


@pytest.fixture
def moving(tenant: Tenant, tmp_path: Path) -> Iterator[tuple[Served, Callable[[], None]]]:
    """A console of a local AWS, and what ends that: another one begins, with another key."""
    first = as_caller(tenant, "changer")
    with (
        behind_a_door(first) as (before, doorway),
        behind_a_door(as_caller(tenant, "changer")) as (after, _),
        served(before, tmp_path) as console,
    ):

        def move() -> None:
            doorway.shut()
            after.to_file(tmp_path)

        yield console, move


class TestAnotherLocalAws:
    def test_one_that_was_started_anew_elsewhere_is_found(
        self, moving: tuple[Served, Callable[[], None]], open_page: Open, tenant: Tenant
    ) -> None:
        console, move = moving
        page = open_page(tenant.view(), console=console).page
        expect(page.get_by_text("There is no task yet.")).to_be_visible()

        move()
        tenant.trigger("takeAnything", {}, name="There")

        expect(page.get_by_role("link", name="There")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)

    def test_one_with_another_key_at_the_same_port_is_found(
        self, open_page: Open, tenant: Tenant, tmp_path: Path
    ) -> None:
        before = as_caller(tenant, "changer")
        with served(before, tmp_path) as console:
            page = open_page("tasks?name=nothing-has-this", console=console).page
            expect(page.locator(".caller")).to_have_text("changer")
            settle(page)
            key = before.access.access_key_id
            tenant.client("iam").delete_access_key(UserName="changer", AccessKeyId=key)
            page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
            said = page.get_by_text("It is tried again by itself.")
            expect(said).to_be_visible()

            as_caller(tenant, "changer").to_file(tmp_path)

            expect(said).to_have_count(0)
            expect(page.get_by_role("alert")).to_have_count(0)


class TestTheConsoleItself:
    def test_a_command_that_has_ended_is_said_and_what_is_there_stays(
        self, open_page: Open, tenant: Tenant, tmp_path: Path
    ) -> None:
        tenant.trigger("takeAnything", {}, name="Still there")
        with served(tenant.deployed, tmp_path) as console:
            seen = open_page(tenant.view(), console=console)
            page = seen.page
            expect(page.get_by_role("link", name="Still there")).to_be_visible()
            settle(page)
        # It is the browser that writes this, whatever a page does about it.
        seen.may_say.append("net::ERR_CONNECTION_REFUSED")

        page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")

        said = page.get_by_role("status").filter(has_text="The console itself has ended.")
        expect(said).to_contain_text("Next: start it again in a terminal")
        expect(page.get_by_role("link", name="Still there")).to_be_visible()
        page.get_by_role("link", name="Health").click()
        expect(page.get_by_role("alert")).to_contain_text("Next: start it again, and open its URL.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["tasks", "definitions?q=stock", "health", "trigger/shipOrder"])
def test_everybody_can_read_what_is_old(
    away: Callable[[str], Away], view: str, scheme: str
) -> None:
    here = away(view)
    here.page.emulate_media(color_scheme=scheme)
    here.goes()
    if view == "health":
        here.page.get_by_role("button", name="Look again at all of it").click()
    elif view.startswith("definitions"):
        here.page.get_by_role("button", name="Count again").click()
    elif view.startswith("trigger"):
        here.page.get_by_role("button", name="Trigger", exact=True).click()
    else:
        here.look()
    expect(here.page.locator(".notice").first).to_be_visible()

    here.seen.check_accessible()
    here.page.set_viewport_size({"width": 360, "height": 800})
    assert here.seen.sideways() == []
