"""Many tasks: ten thousand in the list, and what is done with some, or with all that match."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler.contract import Status
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from tests.browser.conftest import Open
from tests.browser.seeding import a_task, some_tasks
from tests.browser.serving import Served
from tests.browser.tenants import Tenant
from tests.browser.watching import MOST_BYTES, Wire, expect, settle, watched
from tests.running import Running

pytestmark = pytest.mark.browser

MANY = 10_000
PAGE = 50
# Elements of a page of the list; ten thousand rows would have some hundred thousand.
MOST_ELEMENTS = 3_000


def links(page: Any) -> Any:
    """The names of the rows: each leads to its task."""
    return page.get_by_role("rowheader").get_by_role("link")


def row(page: Any, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def select(page: Any, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Select {name}", exact=True).check()


def failed(name: str, code: str = "NO_ADDRESS", **changes: Any) -> StoredTask:
    failure = TaskFailure(message="It has no address.", code=code)
    given = {"definition_id": "shipOrder", "input": {"order": 1}, **changes}
    output = {"error": failure.to_wire()}
    return a_task(name=name, status=Status.FAILED, error_code=code, output=output, **given)


def pending(name: str, **changes: Any) -> StoredTask:
    """One that says it is open, and that no execution has."""
    never = {"finished_on": None, "output": None, "progress": None, "iterations": 0, "attempts": 0}
    due = datetime.now(UTC) + timedelta(days=300)
    open_one = {"status": Status.PENDING, "started_on": None, "execution_name": None, "due_on": due}
    return a_task(name=name, **{**never, **open_one, **changes})


@pytest.fixture(scope="module")
def many(stack: Running) -> tuple[Tenant, list[StoredTask]]:
    """A tenant with ten thousand tasks, the newest first."""
    tenant = Tenant(stack.deployed, "many")
    return tenant, tenant.seed(some_tasks(MANY))


class TestTenThousand:
    def test_the_first_paint_asks_for_one_page_and_is_small(
        self, browser: Any, console: Served, many: Any
    ) -> None:
        tenant, tasks = many
        with watched(browser, "about:blank") as seen:
            seen.origin = console.origin
            seen.asked.clear()
            wire = Wire(seen.page)
            heard = operations(seen.page)
            seen.page.goto(console.at(tenant.view()))
            expect(links(seen.page)).to_have_count(PAGE)
            settle(seen.page)

            assert sorted(heard[:2]) == ["getCaller", "listTasks"]
            assert 0 < wire.total < MOST_BYTES, wire.sizes
            assert links(seen.page).all_inner_texts() == [task.name for task in tasks[:PAGE]]
            elements = seen.page.evaluate("() => document.querySelectorAll('*').length")
            assert elements < MOST_ELEMENTS

    def test_they_are_counted_as_far_as_a_request_may(self, open_page: Open, many: Any) -> None:
        tenant, _ = many
        page = open_page(tenant.view()).page

        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("10,000"))

    def test_older_pages_are_reached_and_left_and_a_later_one_can_be_loaded_anew(
        self, open_page: Open, many: Any
    ) -> None:
        tenant, tasks = many
        pages = [[task.name for task in tasks[at : at + PAGE]] for at in range(0, 200, PAGE)]
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_text(pages[0])

        for number, names in enumerate(pages[1:], start=2):
            page.get_by_role("link", name="Next page").click()
            expect(links(page)).to_have_text(names)
            expect(page.get_by_role("region", name=f"The list, page {number}")).to_be_focused()

        page.reload()
        expect(links(page)).to_have_text(pages[3])
        page.get_by_role("link", name="Previous page").click()
        expect(links(page)).to_have_text(pages[2])
        page.go_back()
        expect(links(page)).to_have_text(pages[3])
        page.get_by_role("link", name="First page").click()
        expect(links(page)).to_have_text(pages[0])
        elements = page.evaluate("() => document.querySelectorAll('*').length")
        assert elements < MOST_ELEMENTS

    def test_a_few_are_found_among_them(self, open_page: Open, many: Any) -> None:
        tenant, tasks = many
        wanted = [task for task in tasks if task.error_code == "TIMEOUT"]
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_count(PAGE)

        page.get_by_label("Error code").fill("TIMEOUT")
        page.keyboard.press("Enter")
        expect(links(page)).to_have_text([task.name for task in wanted[:PAGE]])
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"{len(wanted)}")

        name = tasks[8_765].name
        page.get_by_role("link", name="Clear the filter").first.click()
        page.get_by_label("Name begins with").fill(name)
        expect(links(page).first).to_have_text(name)

    def test_the_failed_ones_are_counted_by_their_codes(self, open_page: Open, many: Any) -> None:
        tenant, tasks = many
        counts = Counter(task.error_code for task in tasks if task.error_code)
        page = open_page(tenant.view()).page

        page.get_by_role("link", name="Failed, by error code").click()

        expect(
            page.get_by_text("The codes are those of the newest 1,000 failed tasks")
        ).to_be_visible()
        rows = page.get_by_role("row")
        for place, (code, count) in enumerate(counts.most_common(), start=1):
            expect(rows.nth(place).get_by_role("rowheader")).to_have_text(code)
            expect(rows.nth(place).get_by_role("cell").first).to_have_text(f"{count:,}")

    def test_keys_lead_through_a_page_of_them(self, open_page: Open, many: Any) -> None:
        tenant, _ = many
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_count(PAGE)

        page.keyboard.press("k")
        expect(links(page).last).to_be_focused()
        page.get_by_label("Select all of this page").check()
        expect(page.get_by_text(f"{PAGE} tasks selected")).to_be_visible()


def operations(page: Any) -> list[str]:
    """The operations that the page asks the API for, from now on."""
    found: list[str] = []

    def hear(request: Any) -> None:
        if request.url.endswith("/graphql"):
            found.extend(re.findall(r"\b(?:get|list)\w+", request.post_data_json["query"]))

    page.on("request", hear)
    return found


class TestSelected:
    def test_they_are_aborted_from_the_list(self, open_page: Open, tenant: Tenant) -> None:
        for name in ("One", "Two", "Three"):
            tenant.trigger("waitLong", {}, name=name)
        tenant.until(lambda: all(task["taskStatus"] == "running" for task in tenant.tasks()))
        seen = open_page(tenant.view())
        page = seen.page
        expect(links(page)).to_have_text(["Three", "Two", "One"])

        select(page, "One", "Three")
        page.get_by_role("button", name="Abort 2 … open tasks").click()

        dialog = page.get_by_role("dialog", name="Abort 2 open tasks?")
        for words in ("One", "Three", "This can't be undone."):
            expect(dialog).to_contain_text(words)
        seen.check_accessible()
        assert tenant.statuses() == dict.fromkeys(["One", "Two", "Three"], "running")

        dialog.get_by_role("button", name="Abort 2 open tasks").click()
        dialog = page.get_by_role("dialog", name="Abort: what has come of it")
        expect(dialog).to_contain_text("2 aborted")
        expect(dialog.get_by_role("button", name="Close").last).to_be_focused()
        seen.check_accessible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("region", name="The list, page 1")).to_be_focused()

        expect(row(page, "One")).to_contain_text("aborted")
        expect(row(page, "Three")).to_contain_text("aborted")
        expect(row(page, "Two")).to_contain_text("waiting")
        expect(page.get_by_text("selected")).to_have_count(0)
        assert tenant.statuses() == {"One": "aborted", "Two": "running", "Three": "aborted"}

    def test_a_question_can_be_left(self, open_page: Open, tenant: Tenant) -> None:
        tenant.seed([pending("Stays")])
        page = open_page(tenant.view()).page
        select(page, "Stays")
        button = page.get_by_role("button", name="Abort 1 … open task")

        for leave in ("Cancel", "Close"):
            button.click()
            page.get_by_role("dialog").get_by_role("button", name=leave).click()
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(button).to_be_focused()
        button.click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

        assert tenant.statuses() == {"Stays": "pending"}

    def test_they_are_paused_resumed_and_run_now(self, open_page: Open, tenant: Tenant) -> None:
        for name in ("One", "Two"):
            tenant.trigger("waitLong", {}, name=name)
        page = open_page(tenant.view()).page
        expect(row(page, "One")).to_contain_text("waiting")
        expect(row(page, "Two")).to_contain_text("waiting")

        for button, then, words in (
            ("Pause 2 open tasks", "2 paused", "paused"),
            ("Resume 2 paused tasks", "2 resumed", "waiting"),
            ("Run now 2 waiting tasks", "2 set off", "success"),
        ):
            select(page, "One", "Two")
            page.get_by_role("button", name=button).click()
            expect(page.get_by_role("dialog")).to_contain_text(then)
            page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
            expect(row(page, "One")).to_contain_text(words)
            expect(row(page, "Two")).to_contain_text(words)
        assert tenant.statuses() == {"One": "success", "Two": "success"}

    def test_failed_ones_are_retried_and_what_is_over_is_deleted(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        tenant.seed(
            [failed("Again", input={"order": 7, "address": "Baker Street"}), a_task(name="Over")]
        )
        page = open_page(tenant.view()).page

        page.get_by_label("Select all of this page").check()
        page.get_by_role("button", name="Retry 1 failed or aborted task").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("1 retried")
        expect(dialog).to_contain_text("1 other of the selected is no failed or aborted task.")
        dialog.get_by_role("button", name="Close").last.click()
        expect(links(page)).to_have_count(3)
        tenant.until(lambda: len(tenant.tasks(taskStatus="success")) == 2)
        [retry] = [task for task in tenant.tasks() if task["retryOf"]]
        assert retry["taskStatus"] == "success"

        select(page, "Over")
        page.get_by_role("button", name="Delete 1 … task that is over").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete 1 task that is over").click()
        expect(page.get_by_role("dialog")).to_contain_text("1 deleted")
        page.keyboard.press("Escape")
        expect(row(page, "Over")).to_have_count(0)
        assert "Over" not in tenant.statuses()

    def test_what_is_refused_is_listed_with_its_reason(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        ids = [tenant.trigger("waitLong", {}, name=name) for name in ("Open", "Ended meanwhile")]
        tenant.until(lambda: all(task["taskStatus"] == "running" for task in tenant.tasks()))
        seen = open_page(tenant.view())
        page = seen.page
        expect(links(page)).to_have_count(2)
        page.get_by_role("button", name="Hold the list").click()
        page.get_by_label("Select all of this page").check()
        tenant.abort(ids[1])
        tenant.run(ids[1])

        page.get_by_role("button", name="Abort 2 … open tasks").click()
        page.get_by_role("dialog").get_by_role("button", name="Abort 2 open tasks").click()

        dialog = page.get_by_role("dialog", name="Abort: what has come of it")
        expect(dialog).to_contain_text("1 aborted")
        expect(dialog).to_contain_text("1 refused")
        expect(dialog.get_by_role("link", name=ids[1])).to_be_visible()
        expect(dialog).to_contain_text("aborted")
        seen.check_accessible()
        assert tenant.statuses() == {"Open": "aborted", "Ended meanwhile": "aborted"}


class TestAllThatMatch:
    def test_they_are_counted_asked_for_and_aborted(self, open_page: Open, tenant: Tenant) -> None:
        shop, blog = {"tags": {"team": "shop"}}, {"tags": {"team": "blog"}}
        tenant.seed([pending(f"Shop {number}", **shop) for number in range(60)])
        tenant.seed([pending("Blog", **blog), a_task(name="Over", **shop)])
        seen = open_page(tenant.view(tag="team%3Dshop"))
        page = seen.page
        expect(links(page)).to_have_count(PAGE)

        page.get_by_role("button", name="Abort all …").click()
        dialog = page.get_by_role("dialog", name="Abort all that match")
        expect(dialog).to_contain_text("60 open tasks would be aborted")
        expect(dialog).to_contain_text(f"of the tenant {tenant.name}")
        expect(dialog).to_contain_text("The filter: tasks with the tag team=shop")
        seen.check_accessible()
        assert len(tenant.tasks(taskStatus="pending")) == 61

        dialog.get_by_label("Tasks a second, at most").fill("2000")
        expect(dialog.get_by_text("It takes 0.001 to 1,000; empty, it is 25.")).to_be_visible()
        expect(dialog.get_by_role("button", name="Abort 60 open tasks")).to_be_disabled()
        dialog.get_by_label("Tasks a second, at most").fill("500")
        dialog.get_by_role("button", name="Abort 60 open tasks").click()

        dialog = page.get_by_role("dialog", name="Aborting …")
        expect(dialog.get_by_role("link", name="The task that does it")).to_be_visible()
        dialog = page.get_by_role("dialog", name="What has come of it")
        expect(dialog).to_contain_text("60 tasks were aborted.")
        seen.check_accessible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("row").filter(has_text="aborted")).to_have_count(PAGE - 1)
        [left] = tenant.tasks(taskStatus="pending")
        assert left["name"] == "Blog"

    def test_failed_ones_are_retried_and_deleted(self, open_page: Open, tenant: Tenant) -> None:
        ready = {"order": 1, "address": "Baker Street"}
        tenant.seed([failed(f"Order {number}", input=ready) for number in range(5)])
        tenant.seed([failed("Other", code="TIMEOUT")])
        page = open_page(tenant.view(status="failed", error="NO_ADDRESS")).page
        expect(links(page)).to_have_count(5)

        page.get_by_role("button", name="Retry all …").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("5 failed and aborted tasks would be retried")
        dialog.get_by_role("button", name="Retry 5 failed and aborted tasks").click()
        expect(dialog).to_contain_text("5 tasks were retried.")
        dialog.get_by_role("button", name="Close").last.click()
        tenant.until(lambda: len(tenant.tasks(taskStatus="success", definitionId="shipOrder")) == 5)

        page.get_by_role("button", name="Delete all …").click()
        dialog.get_by_role("button", name="Delete 5 tasks that are over").click()
        expect(dialog).to_contain_text("5 tasks were deleted.")
        page.keyboard.press("Escape")
        expect(links(page)).to_have_count(0)
        assert [task["name"] for task in tenant.tasks(taskStatus="failed")] == ["Other"]

    def test_without_a_filter_somebody_has_to_say_so(self, open_page: Open, tenant: Tenant) -> None:
        tenant.seed([pending("One"), pending("Two")])
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_count(2)

        page.get_by_role("button", name="Abort all …").click()
        dialog = page.get_by_role("dialog", name="Abort all that match")
        expect(dialog).to_contain_text(f"this is every task of the tenant {tenant.name}")
        button = dialog.get_by_role("button", name="Abort 2 open tasks")
        expect(button).to_be_disabled()
        dialog.get_by_label(f"Yes, every task of the tenant {tenant.name}").check()
        button.click()

        dialog = page.get_by_role("dialog", name="What has come of it")
        expect(dialog).to_contain_text("were aborted.")
        assert tenant.statuses(definitionId="importOrders") == {"One": "aborted", "Two": "aborted"}

    def test_where_none_matches_there_is_nothing_to_say_yes_to(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        tenant.seed([a_task(name="Over")])
        page = open_page(tenant.view(status="success")).page
        expect(links(page)).to_have_count(1)

        page.get_by_role("button", name="Abort all …").click()

        dialog = page.get_by_role("dialog", name="Abort all that match")
        expect(dialog).to_contain_text("Nothing would be done.")
        expect(dialog.get_by_role("button", name="Abort")).to_have_count(0)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [360, 1_280])
    def test_its_windows_keep_nobody_out(
        self, open_page: Open, tenant: Tenant, scheme: str, width: int
    ) -> None:
        tenant.seed([pending("W" * 900), pending("Two"), failed("Three"), a_task(name="Four")])
        options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        seen = open_page(tenant.view(), **options)
        page = seen.page
        expect(links(page)).to_have_count(4)

        for verb in ("Retry", "Abort", "Delete"):
            page.get_by_role("button", name=f"{verb} all …").click()
            expect(page.get_by_role("dialog")).to_contain_text("Go on?")
            seen.check_accessible()
            assert seen.sideways() == []
            page.keyboard.press("Escape")

        page.get_by_label("Select all of this page").check()
        for verb in ("Abort 2", "Delete 2"):
            page.get_by_role("button", name=f"{verb} …").click()
            expect(page.get_by_role("dialog")).to_contain_text("This can't be undone.")
            seen.check_accessible()
            assert seen.sideways() == []
            page.keyboard.press("Escape")
