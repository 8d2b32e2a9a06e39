"""Somebody looks at one task: what has become of it, and what can be done."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from handler.contract import Status
from handler.record.task_record import Identity
from tests.browser.conftest import Open
from tests.browser.seeding import a_task, create
from tests.browser.watching import expect
from tests.running import Running

pytestmark = pytest.mark.browser

TASK: Final = """query($id: ID!) { backgroundTasks { getTask(id: $id) {
    data { id taskStatus input output retryOf retriedBy pausedOn abortedBy { displayName } }
    error { code }
} } }"""
RETRY: Final = "mutation($id: ID!) { backgroundTasks { retryTask(id: $id) { data { id } } } }"
IS_AT_END: Final = """() => {
  const box = document.querySelector(".log");
  return box.scrollHeight - box.scrollTop - box.clientHeight < 2;
}"""
SCHEMES: Final = ["light", "dark"]
WIDTHS: Final = [360, 1_280]


def task_of(stack: Running, id: str) -> Any:
    """What the stack has of a task; `None`: it is gone."""
    return stack.graphql(TASK, {"id": id})["getTask"]["data"]


def is_over(stack: Running, id: str) -> None:
    stack.until(lambda: stack.record(id)["taskStatus"] not in ("pending", "running"))


def has_begun(stack: Running, id: str) -> None:
    stack.until(lambda: stack.record(id)["iterations"])


def state(page: Any) -> Any:
    return page.locator(".task-state .state")


def region(page: Any, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True)


def entries(page: Any) -> Any:
    """What the timeline has, without what is in its entries."""
    return region(page, "Timeline").locator("ol.course:not(.course-inner) > li")


def button(page: Any, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def opened(page: Any, name: str) -> Any:
    """A part of the view that is folded at first."""
    button(page, name).click()
    return region(page, name)


class TestFailed:
    def test_it_says_why(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("shipOrder", {"order": 4_711})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page

        why = page.get_by_role("region", name="Why it has failed")
        expect(state(page)).to_contain_text("failed")
        expect(why).to_contain_text("Order 4711 has no address.")
        expect(why).to_contain_text("NO_ADDRESS")
        why.get_by_text("Its data").click()
        expect(why.get_by_role("group", name="The data of the error")).to_contain_text("4711")
        expect(entries(page).last).to_contain_text("Failed")

    def test_it_is_retried_with_another_input_and_the_two_name_each_other(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("shipOrder", {"order": 12}, name="An order")
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page

        button(page, "Retry …").click()
        dialog = page.get_by_role("dialog", name="Retry this task")
        expect(dialog.get_by_role("textbox", name="Order")).to_have_value("12")
        dialog.get_by_role("textbox", name="Address").fill("Baker Street 221b")
        expect(dialog.get_by_text("Changed:")).to_contain_text("address")
        button(page, "Retry").click()

        expect(page).not_to_have_url(re.compile(id))
        retry = page.url.rpartition("/")[2]
        expect(state(page)).to_contain_text("success")
        expect(dialog).to_have_count(0)
        given = opened(page, "Input")
        expect(given).to_contain_text("Baker Street 221b")
        assert task_of(stack, retry)["input"] == {"order": 12, "address": "Baker Street 221b"}
        assert task_of(stack, retry)["retryOf"] == id
        assert task_of(stack, id)["retriedBy"] == retry

        chain = region(page, "Family").locator(".retries").get_by_role("listitem")
        expect(chain).to_have_count(2)
        expect(chain.nth(1)).to_contain_text("This one")
        chain.nth(0).get_by_role("link", name="An order").click()
        expect(state(page)).to_contain_text("failed")
        expect(button(page, "Retry …")).to_have_count(0)
        expect(chain.nth(0)).to_contain_text("This one")
        expect(chain.nth(1)).to_contain_text("success")
        page.get_by_text("It was retried as").get_by_role("link", name=retry).click()
        expect(page).to_have_url(re.compile(f"{retry}$"))

    def test_one_that_somebody_else_has_retried_leads_to_its_retry(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("shipOrder", {"order": 13})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page
        button(page, "Retry …").wait_for()
        retry = stack.graphql(RETRY, {"id": id})["retryTask"]["data"]["id"]

        button(page, "Retry …").click()

        dialog = page.get_by_role("dialog", name="Retry this task")
        expect(dialog).to_contain_text("It was retried already")
        dialog.get_by_role("link", name=retry).click()
        expect(page).to_have_url(re.compile(f"{retry}$"))
        expect(dialog).to_have_count(0)

    def test_an_input_that_it_does_not_take_is_told_at_its_field(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("shipOrder", {"order": 14})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page

        button(page, "Retry …").click()
        dialog = page.get_by_role("dialog", name="Retry this task")
        dialog.get_by_role("textbox", name="Order").fill("many")
        dialog.get_by_role("textbox", name="Address").fill("Baker Street")
        button(page, "Retry").click()

        expect(dialog.get_by_role("alert")).to_contain_text("order")
        order = dialog.get_by_role("textbox", name="Order")
        expect(order).to_have_attribute("aria-invalid", "true")
        expect(dialog.get_by_role("textbox", name="Address")).to_have_value("Baker Street")
        assert task_of(stack, id)["retriedBy"] is None


class TestActions:
    def test_it_is_aborted_with_a_message_once_it_is_said_twice(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("runOn", {})
        page = open_page(f"tasks/{id}").page
        expect(state(page)).to_contain_text("running")

        for leave in ("Escape", "Cancel"):
            button(page, "Abort …").click()
            dialog = page.get_by_role("dialog", name="Abort this task?")
            expect(dialog).to_contain_text("can't be undone")
            if leave == "Escape":
                page.keyboard.press("Escape")
            else:
                button(page, "Cancel").click()
            expect(dialog).to_have_count(0)
            expect(button(page, "Abort …")).to_be_focused()
        assert task_of(stack, id)["taskStatus"] == "running"

        button(page, "Abort …").click()
        page.get_by_label("Message").fill("Not <b>needed</b>")
        button(page, "Abort the task").click()
        expect(state(page)).to_contain_text("aborted")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_text("Aborted by")).to_contain_text("local")
        expect(region(page, "Log")).to_contain_text("Not <b>needed</b>")
        expect(page.get_by_role("status").filter(has_text="was aborted")).to_be_visible()
        task = task_of(stack, id)
        assert (task["taskStatus"], task["abortedBy"]["displayName"]) == ("aborted", "local")

    def test_it_is_paused_resumed_and_run_now(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("waitLong", {})
        page = open_page(f"tasks/{id}").page
        expect(state(page)).to_contain_text("waiting")
        expect(page.get_by_text("waits for its next iteration")).to_be_visible()

        button(page, "Pause").click()
        expect(state(page)).to_contain_text("paused")
        assert task_of(stack, id)["pausedOn"]
        expect(button(page, "Run now")).to_have_count(0)
        button(page, "Resume").click()
        expect(state(page)).to_contain_text("waiting")
        assert not task_of(stack, id)["pausedOn"]
        button(page, "Run now").click()

        expect(state(page)).to_contain_text("success")
        course = region(page, "Timeline")
        for words in ("The task was paused.", "The task was resumed.", "it runs now."):
            expect(course.get_by_text(words)).to_be_visible()
        assert task_of(stack, id)["taskStatus"] == "success"

    def test_a_signal_brings_it_data(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("waitForApproval", {})
        page = open_page(f"tasks/{id}").page
        expect(page.get_by_text("waits for the signal “approved”")).to_be_visible()

        button(page, "Signal …").click()
        dialog = page.get_by_role("dialog", name="Send a signal")
        expect(dialog.get_by_label("Name")).to_have_value("approved")
        dialog.get_by_label("Data").fill('{"by": "אן"')
        button(page, "Send the signal").click()
        expect(dialog.get_by_label("Data")).to_be_focused()
        dialog.get_by_label("Data").fill('{"by": "אן"}')
        button(page, "Send the signal").click()

        expect(state(page)).to_contain_text("success")
        expect(dialog).to_have_count(0)
        expect(region(page, "Timeline")).to_contain_text('The signal "approved" has come.')
        expect(opened(page, "Output")).to_contain_text("אן")
        assert task_of(stack, id)["output"]["data"] == {"by": "אן"}

    def test_it_is_deleted_and_the_list_is_next(self, open_page: Open, stack: Running) -> None:
        id = create(stack, a_task(name=f"To be deleted {uuid4()}"))
        page = open_page(f"tasks/{id}").page

        delete = button(page, "Delete …")
        delete.focus()
        page.keyboard.down("Enter")
        dialog = page.get_by_role("dialog", name="Delete this task?")
        for _ in range(20):  # it is held
            page.keyboard.down("Enter")
        page.keyboard.up("Enter")
        expect(dialog).to_be_visible()
        assert task_of(stack, id)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(delete).to_be_focused()
        assert task_of(stack, id)

        delete.click()
        button(page, "Delete the task").click()
        expect(page).to_have_url(re.compile("#/tasks$"))
        expect(page.get_by_role("status").filter(has_text="was deleted")).to_be_visible()
        assert task_of(stack, id) is None

    def test_what_is_refused_is_told_where_it_was_asked(
        self, open_page: Open, stack: Running
    ) -> None:
        id = create(stack, a_task(name=f"Deleted twice {uuid4()}"))
        page = open_page(f"tasks/{id}").page
        button(page, "Delete …").click()
        stack.graphql(
            "mutation($id: ID!) { backgroundTasks { deleteTask(id: $id) { data } } }", {"id": id}
        )

        button(page, "Delete the task").click()

        alert = page.get_by_role("dialog").get_by_role("alert")
        expect(alert).to_be_focused()
        expect(alert).to_contain_text("NOT_FOUND")


def lines(page: Any) -> Any:
    return page.locator(".log-line")


class TestLog:
    def test_each_of_2000_lines_can_be_reached(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("talkALot", {"an_error": 100, "text": "Said"})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page
        log = region(page, "Log")

        expect(log.get_by_role("status").first).to_have_text("2,008 lines")
        expect(lines(page).last).to_contain_text("Task done.")
        assert page.evaluate(IS_AT_END)
        assert page.locator("*").count() < 4_000

        log.get_by_label("Errors only").check()
        expect(lines(page)).to_have_count(20)
        expect(log.get_by_role("status").first).to_have_text("20 of 2,008 lines")
        log.get_by_label("Errors only").uncheck()
        log.get_by_label("Lines with this text").fill("SAID 19")
        expect(lines(page)).to_have_count(1 + 10 + 100)
        log.get_by_label("Lines with this text").fill("")

        # Of an iteration: from its place in the timeline, and back.
        region(page, "Timeline").get_by_role("button", name="2,008 lines, 20 errors").click()
        expect(log.get_by_text("Iterations 1 to 8")).to_be_visible()
        button(page, "All iterations").click()

        for _ in range(10):
            more = log.get_by_role("button", name="earlier")
            if not more.count():
                break
            more.click()
        said = [text for text in lines(page).all_inner_texts() if "Said" in text]
        numbers = [int(found[1]) for text in said if (found := re.search(r"Said (\d+)", text))]
        assert numbers == list(range(1, 2_001))

    def test_the_iterations_that_are_not_read_yet_are_a_click_away(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("countUp", {"until": 450})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page
        log = region(page, "Log")
        log.get_by_label("Lines with this text").fill("Counted to")
        expect(log.get_by_role("status").first).to_contain_text("200 of")

        for count in ("400 of", "450 of"):
            while log.get_by_role("button", name="Show").count():
                log.get_by_role("button", name="Show").click()
            log.get_by_role("button", name="Read earlier iterations").click()
            expect(log.get_by_role("status").first).to_contain_text(count)
        while log.get_by_role("button", name="Show").count():
            log.get_by_role("button", name="Show").click()

        expect(lines(page)).to_have_count(450)
        expect(lines(page).first).to_contain_text("Counted to 1.")
        expect(log.get_by_role("button", name="earlier")).to_have_count(0)
        expect(entries(page).nth(2)).to_contain_text("Iterations 1 to 450, in place")

    def test_one_that_runs_is_followed_without_a_reload_and_nobody_who_reads_is_moved(
        self, open_page: Open, stack: Running
    ) -> None:
        given = {"lines": 300, "a_visit": 30, "seconds": 0.7, "text": "Now"}
        id = stack.trigger("talkALot", given)
        page = open_page(f"tasks/{id}").page
        page.evaluate("() => { window.isSamePage = true; }")

        expect(page.get_by_text("Now 30", exact=True)).to_be_attached()
        expect(page.get_by_text("Now 90", exact=True)).to_be_attached()
        box = page.get_by_role("region", name="Lines of the log")
        expect(page.get_by_label("Follow", exact=True)).to_be_checked()
        box.evaluate("(each) => { each.scrollTop = 0; }")
        expect(page.get_by_label("Follow", exact=True)).not_to_be_checked()
        expect(state(page)).to_contain_text("success")
        expect(page.get_by_text("Now 300", exact=True)).to_be_attached()
        assert box.evaluate("(each) => each.scrollTop") == 0
        page.get_by_label("Follow", exact=True).check()
        assert page.evaluate(IS_AT_END)
        assert page.evaluate("() => window.isSamePage")


class TestLargeInput:
    def test_9_mb_are_a_tree_that_unfolds_and_are_copied_and_downloaded_whole(
        self, open_page: Open, stack: Running
    ) -> None:
        count = 90_000
        input = {
            "rows": [{"number": number, "text": "<x>" * 27} for number in range(count)],
            "last": {"of": ["all"], "text": "ב" * 30_000},
        }
        id = create(stack, a_task(definition_id="takeAnything", input=input, output={"n": 1}))
        page = open_page(
            f"tasks/{id}", permissions=["clipboard-read", "clipboard-write"], accept_downloads=True
        ).page

        panel = opened(page, "Input")
        tree = panel.get_by_role("group", name="The input")
        tree.get_by_role("button", name="rows").wait_for()
        expect(panel.get_by_text(re.compile(r"\d+\.\d MB"))).to_be_visible()
        rows = tree.get_by_role("button", name="rows")
        expect(rows).to_have_attribute("aria-expanded", "true")
        expect(rows).to_contain_text("90,000 entries")
        expect(tree.locator("ul ul > li")).to_have_count(100 + 90 + 2)
        assert page.locator("*").count() < 4_000

        # The arrows fold it, and walk on.
        rows.focus()
        page.keyboard.press("ArrowLeft")
        expect(rows).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("ArrowDown")
        expect(tree.get_by_role("button", name="last")).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowRight")
        # The last one of all is three clicks away.
        tree.get_by_role("button", name="89,000 to 89,999").click()
        tree.get_by_role("button", name="89,900 to 89,999").click()
        tree.get_by_role("button", name=re.compile(r"^89999\b")).click()
        expect(tree.get_by_text("89999", exact=True)).to_have_count(2)
        expect(tree.get_by_text("Show 20,000 more of 30,000 characters")).to_be_visible()
        assert page.locator("*").count() < 6_000

        button(page, "Copy all").click()
        expect(button(page, "Copied")).to_be_visible()
        copied = page.evaluate("() => navigator.clipboard.readText()")
        assert json.loads(copied) == input
        with page.expect_download() as download:
            button(page, "Download").click()
        assert download.value.suggested_filename == f"{id}-input.json"
        assert json.loads(Path(download.value.path()).read_text()) == input


class TestText:
    def test_it_is_text_whatever_is_in_it(self, open_page: Open, stack: Running) -> None:
        bad = "<img src=x onerror='window.wasRun = true'><script>window.wasRun = true</script>"
        failure = {"message": f"Failed {bad}", "code": "<b>CODE</b>", "data": {bad: [bad]}}
        id = create(
            stack,
            a_task(
                name=f"{bad} \u202eשם הפוך",
                definition_id="takeAnything",
                status=Status.FAILED,
                input={bad: {bad: bad}},
                output={"error": failure, bad: bad},
                error_code="<b>CODE</b>",
                tags={"team": "<i>שלום</i>"},
                created_by=Identity(id="x", display_name=bad, type="iam"),
            ),
        )
        seen = open_page(f"tasks/{id}", viewport={"width": 360, "height": 900})
        page = seen.page

        expect(page.get_by_role("heading", level=1)).to_contain_text(bad)
        expect(page.get_by_role("heading", level=1).locator("bdi")).to_have_count(1)
        expect(page.get_by_role("region", name="Why it has failed")).to_contain_text(bad)
        page.get_by_text("Its data").click()
        expect(page.get_by_role("group", name="The data of the error")).to_contain_text(bad)
        expect(opened(page, "Input")).to_contain_text(bad)
        expect(opened(page, "Output")).to_contain_text(bad)
        expect(page.locator(".tag", has_text="<i>שלום</i>")).to_be_visible()
        expect(entries(page).first).to_contain_text(bad)
        expect(page).to_have_title(re.compile(id))

        assert page.locator("main img, main script, main i, main b b").count() == 0
        assert page.evaluate("() => window.wasRun") is None
        assert seen.sideways() == []

    def test_so_is_its_log(self, open_page: Open, stack: Running) -> None:
        bad = "<img src=x onerror='window.wasRun = true'>"
        id = stack.trigger("takeAnything", {bad: 1, "echo": bad + "\u202e" + "w" * 9_000})
        is_over(stack, id)
        seen = open_page(f"tasks/{id}", viewport={"width": 360, "height": 900})
        page = seen.page

        expect(region(page, "Log")).to_contain_text("Took <img src=x onerror=alert(1)>.")
        expect(region(page, "Log")).to_contain_text(bad)
        output = opened(page, "Output")
        expect(output).to_contain_text(bad)
        output.get_by_role("button", name="characters").click()
        expect(output.locator(".tree-text")).to_contain_text("w" * 8_000)

        assert page.locator("main img").count() == 0
        assert page.evaluate("() => window.wasRun") is None
        assert seen.sideways() == []


def history(stack: Running, id: str) -> list[Any]:
    """The events of a task's execution, once it is over."""
    pages = stack.client("stepfunctions").get_paginator("get_execution_history")
    found = pages.paginate(executionArn=stack.run(id).arn)
    return [event for page in found for event in page["events"]]


def counted(events: list[Any]) -> Counter[str]:
    """How many there are of each type."""
    return Counter(event["type"] for event in events)


def entered(events: list[Any]) -> int:
    """How many states were entered."""
    return sum(event["type"].endswith("StateEntered") for event in events)


def seconds_of(events: list[Any]) -> float:
    """How long the worker ran."""
    ran, since = 0.0, None
    for event in events:
        if event["type"] in ("TaskScheduled", "TaskStarted"):
            since = event["timestamp"]
        elif event["type"] in ("TaskSucceeded", "TaskFailed") and since:
            ran, since = ran + (event["timestamp"] - since).total_seconds(), None
    return ran


class TestTimeline:
    def test_it_tells_failed_attempts_and_waits(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("callShop", {})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page

        told = [
            "Triggered by local",
            "An execution begins",
            "Iteration 1",
            "Attempt 1 of 3 failed",
            "Waited",
            "Iteration 2",
            "Attempt 2 of 3 failed",
            "Waited",
            "Iteration 3",
            "Waited",
            "Iteration 4",
            "Done",
        ]
        expect(entries(page)).to_have_count(len(told))
        expect(entries(page)).to_contain_text(told)
        # It has failed by itself: nobody did that.
        expect(entries(page).nth(3)).not_to_contain_text("local")

    def test_it_tells_a_signal_and_who_sent_it(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("waitForApproval", {})
        has_begun(stack, id)
        document = """mutation($id: ID!) { backgroundTasks {
            signalTask(id: $id, name: "approved") { error { message } }
        } }"""
        stack.graphql(document, {"id": id})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page

        line = entries(page).filter(has_text='The signal "approved" has come.')
        expect(line).to_contain_text("local")
        waited = entries(page).filter(has_text="Waited")
        expect(waited).to_contain_text("until it was woken")

    def test_it_tells_crashes_by_their_class(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("endBadly", {"how": "exit"})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page

        attempts = region(page, "Timeline").locator(".attempts > li")
        expect(attempts.first).to_contain_text("its process died")
        expect(attempts.first).to_contain_text("Runtime.ExitError")
        expect(attempts.last).to_contain_text("answered")
        expect(attempts).to_have_count(counted(history(stack, id))["TaskScheduled"])
        attempts.first.get_by_text("Its cause").click()
        expect(attempts.first.locator("pre")).to_contain_text("exit status")
        expect(region(page, "Log").get_by_text("did not end").first).to_be_visible()

    def test_a_long_row_that_went_as_it_should_is_one_entry(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("countInVisits", {"until": 20})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page

        expect(entries(page)).to_have_count(2 + 3 + 1)
        group = entries(page).nth(2)
        expect(group).to_contain_text("Iterations 1 to 18 · 18 visits")
        group.get_by_role("button", name="Unfold").click()
        expect(group.locator(".course-inner > li")).to_have_count(18)
        group.get_by_role("button", name="2 lines").nth(3).click()
        log = region(page, "Log")
        expect(log.get_by_text("Iteration 4", exact=True)).to_be_visible()
        expect(lines(page)).to_contain_text(["Counted to 4.", "Task continuing."])
        group.get_by_role("button", name="Fold", exact=True).click()
        expect(group.locator(".course-inner")).to_have_count(0)

    def test_a_thousand_iterations_in_place_are_one_entry(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("talkALot", {"lines": 1_100, "a_visit": 1})
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page

        course = region(page, "Timeline")
        more = course.get_by_role("button", name="Read more of the log")
        for read in (901, 701, 501, 301, 101):
            words = f"The log is read back to iteration {read}."
            expect(course.get_by_text(words)).to_be_visible()
            more.click()
        expect(more).to_have_count(0)
        expect(entries(page)).to_have_count(4)
        expect(entries(page).nth(2)).to_contain_text("Iterations 1 to 1,100, in place")
        expect(region(page, "Log").get_by_role("status").first).to_have_text("2,200 lines")
        assert page.locator("*").count() < 4_000

    def test_it_goes_on_while_the_task_waits(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("waitLong", {})
        page = open_page(f"tasks/{id}").page

        waits = entries(page).filter(has_text="Waits")
        expect(waits).to_contain_text("so far")
        stack.abort(id, "Enough.")
        expect(entries(page).last).to_contain_text("Aborted")
        expect(waits).to_have_count(0)


class TestFamily:
    def test_it_has_its_children_with_counts_by_status(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("packBoxes", {"boxes": 11, "broken": 2}, name="Boxes <b>of</b> today")
        is_over(stack, id)
        page = open_page(f"tasks/{id}").page
        family = region(page, "Family")

        counts = family.get_by_role("list", name="Children by status").get_by_role("listitem")
        expect(counts).to_contain_text(["11 children", "success 9", "failed 2"])
        children = family.locator(".relatives > li")
        expect(children).to_have_count(10)
        expect(children.first).to_contain_text("BROKEN")
        family.get_by_role("button", name="Show more").click()
        expect(children).to_have_count(11)
        expect(family.get_by_role("button", name="Show more")).to_have_count(0)

        family.get_by_role("button", name="Children of Box 3").click()
        expect(family.get_by_text("No children that the API shows")).to_be_visible()
        family.get_by_role("link", name="Box 3").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Box 3")
        family.get_by_role("link", name="Boxes <b>of</b> today").click()
        expect(page).to_have_url(re.compile(f"{id}$"))

    def test_children_that_come_are_seen_without_a_reload(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("packBoxes", {"boxes": 3}, delay=6_000)
        page = open_page(f"tasks/{id}").page
        family = region(page, "Family")
        expect(family.get_by_text("No children that the API shows")).to_be_visible()

        button(page, "Run now").click()

        counts = family.get_by_role("list", name="Children by status")
        expect(counts).to_contain_text("success 3")
        expect(family.locator(".relatives > li")).to_have_count(3)


class TestCost:
    def test_it_is_what_the_history_has(self, open_page: Open, stack: Running) -> None:
        id = stack.trigger("countUp", {"until": 3, "wait": 20})
        events = history(stack, id)
        page = open_page(f"tasks/{id}").page

        visits = counted(events)["TaskStateEntered"]
        assert visits > 1
        costs = region(page, "What it cost").locator("dl b")
        expect(costs).to_have_count(4)
        expect(costs).to_have_text(
            [re.compile(r"^[\d.]+ s$"), str(visits), str(entered(events)), str(1 + 3 + visits)]
        )
        said = float(costs.first.inner_text().removesuffix(" s"))
        assert said == pytest.approx(seconds_of(events), abs=0.06)

    def test_retries_are_counted_as_step_functions_does(
        self, open_page: Open, stack: Running
    ) -> None:
        id = stack.trigger("endBadly", {"how": "exit"})
        events = history(stack, id)
        page = open_page(f"tasks/{id}").page

        tries, visits = (counted(events)[name] for name in ("TaskScheduled", "TaskStateEntered"))
        assert tries > visits
        costs = region(page, "What it cost").locator("dl b")
        expect(costs.nth(1)).to_have_text(str(tries))
        expect(costs.nth(2)).to_have_text(str(entered(events) + tries - visits))


class TestOthers:
    def test_one_that_is_not_there_is_told_so(self, open_page: Open) -> None:
        page = open_page("tasks/<b>nothing</b>").page

        expect(page.get_by_role("heading", name="There is no such task")).to_be_visible()
        expect(page.locator("main code")).to_have_text("<b>nothing</b>")
        page.get_by_role("link", name="See the tasks").click()
        expect(page).to_have_url(re.compile("#/tasks$"))

    def test_who_may_only_read_sees_all_and_does_nothing(
        self, open_page: Open, stack: Running, console_of: Any
    ) -> None:
        id = stack.trigger("callShop", {})
        is_over(stack, id)
        page = open_page(f"tasks/{id}", console=console_of("reader")).page

        expect(page.get_by_text("You may only read: you have no permission")).to_be_visible()
        actions = page.get_by_role("group", name="What can be done with this task")
        expect(actions.get_by_role("button")).to_have_count(0)
        expect(opened(page, "Input")).to_contain_text("has_called")

        # AWS gives them no history; the log tells what it can.
        course = region(page, "Timeline")
        expect(course.get_by_text("Your AWS credentials may not read it")).to_be_visible()
        expect(entries(page).filter(has_text="Waited")).to_have_count(3)
        expect(entries(page).filter(has_text="Attempt 2 of 3 failed")).to_have_count(1)
        expect(entries(page).last).to_contain_text("Done")
        cost = region(page, "What it cost")
        expect(cost.get_by_text("not known: there is no history")).to_have_count(3)
        expect(lines(page)).to_have_count(4)


LOOKS: Final[dict[str, dict[str, Any]]] = {
    "shipOrder": {"order": 1},
    "endBadly": {"how": "exit"},
    "packBoxes": {"boxes": 4, "broken": 1},
    "talkALot": {"lines": 300, "an_error": 3},
    "waitForApproval": {},
    "waitLong": {},
}


@pytest.fixture(scope="module")
def looked_at(stack: Running) -> dict[str, str]:
    """A task of each kind, as it is when it has come as far as it comes by itself."""
    ids = {name: stack.trigger(name, given) for name, given in LOOKS.items()}
    for name, id in ids.items():
        if name in ("waitForApproval", "waitLong"):
            has_begun(stack, id)
        else:
            is_over(stack, id)
    return ids


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_read_it(
    open_page: Open, looked_at: dict[str, str], scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 900}
    seen = open_page(f"tasks/{looked_at['shipOrder']}", viewport=viewport, color_scheme=scheme)
    page = seen.page
    opened(page, "Input")  # the next ones remember it
    opened(page, "Output")
    for name, id in looked_at.items():
        page.goto(page.url.replace(page.url.rpartition("/")[2], id))
        expect(page.locator(".task-id code")).to_have_text(id)
        expect(page.get_by_text(re.compile("^(Loading|being read) "))).to_have_count(0)
        for more in page.locator("main summary").all():
            more.click()

        seen.check_accessible()
        assert seen.sideways() == [], name


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_answer_what_is_asked(
    open_page: Open, looked_at: dict[str, str], scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 900}
    seen = open_page(f"tasks/{looked_at['shipOrder']}", viewport=viewport, color_scheme=scheme)
    page = seen.page
    for name, verbs in {
        "shipOrder": ("Retry", "Delete"),
        "waitForApproval": ("Signal", "Abort"),
    }.items():
        page.goto(page.url.replace(page.url.rpartition("/")[2], looked_at[name]))
        for verb in verbs:
            button(page, f"{verb} …").click()
            expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_visible()
            seen.check_accessible()
            assert seen.sideways() == [], verb
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
