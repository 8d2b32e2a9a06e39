"""Somebody triggers a task by the page, and sees what becomes of it."""

import json
import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.browser.conftest import Open
from tests.browser.serving import Served
from tests.browser.tenants import Tenant
from tests.browser.watching import expect, settle
from tests.running import Running

pytestmark = pytest.mark.browser

A_TASK: Final = re.compile(r"#/tasks/([0-9a-z]+)$")
TASK: Final = """query($id: ID!) { backgroundTasks { getTask(id: $id) { data {
    id name definitionId taskStatus input tags priority createdOn deadline startBy startsOn
    waitingUntil
} } } }"""
AGAIN: Final = """mutation($key: String) { backgroundTasks {
    triggerTask(definition: waitLong, idempotencyKey: $key) { data { id } error { message } }
} }"""
NAMED: Final = """query($name: String) { backgroundTasks { listTasks(where: { name: $name }) {
    data { id } error { message }
} } }"""


def unique(words: str) -> str:
    """A name that no other task has."""
    return f"{words}, {uuid4()}"


def task_of(stack: Running, id: str) -> Any:
    """What the stack has of a task."""
    return stack.graphql(TASK, {"id": id})["getTask"]["data"]


def count_of(stack: Running, name: str) -> int:
    """How many tasks are called so."""
    listed = stack.graphql(NAMED, {"name": name})["listTasks"]
    assert listed["error"] is None
    return len(listed["data"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def triggered(page: Any) -> str:
    """The id of the task whose page opens."""
    page.wait_for_url(A_TASK)
    found = A_TASK.search(page.url)
    assert found
    return found[1]


def field(page: Any, name: str) -> Any:
    return page.get_by_role("textbox", name=name)


def options(page: Any) -> None:
    page.get_by_text("More: name, delay, tags").click()


def is_trigger(request: Any) -> bool:
    return "triggerTask" in (request.post_data or "")


def button(page: Any) -> Any:
    return page.get_by_role("button", name="Trigger", exact=True)


def sent(page: Any) -> Any:
    """What is sent when it is triggered: its input, without what the model fills in."""
    with page.expect_request(is_trigger) as request:
        button(page).click()
    return request.value.post_data_json["variables"]["input"]


def json_of(page: Any) -> Any:
    return page.get_by_label("The input as JSON")


class TestForm:
    def test_a_task_is_triggered_and_seen_to_run_to_its_end_without_a_reload(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("definitions").page
        page.evaluate("() => { window.isSamePage = true; }")

        page.keyboard.press("n")
        page.get_by_label("Which definition").fill("import or")
        page.get_by_role("link", name="Import orders").click()
        field(page, "Source").fill("s3://orders/today.csv")
        field(page, "Count").fill("24")
        field(page, "Seconds").fill("0.2")
        page.get_by_label("Mode").select_option("replace")
        page.get_by_label("Dry run").select_option("true")
        field(page, "Since").fill("2030-01-31")
        page.get_by_role("button", name="Set Labels").click()
        page.get_by_role("button", name="Add an item to Labels").click()
        field(page, "Item 1").fill("new")
        page.get_by_role("button", name="Add an item to Labels").click()
        field(page, "Item 2").fill("عاجل")
        page.get_by_role("button", name="Set Address").click()
        field(page, "Street").fill("Baker Street")
        given = sent(page)

        id = triggered(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Import orders")
        state = page.locator(".task-state .state")
        expect(state).to_contain_text("running")
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_text(re.compile(r"^\s*\d+ of 24"))).to_be_visible()
        expect(state).to_contain_text("success")
        expect(page.locator(".progress")).to_contain_text("24 of 24")
        course = page.get_by_role("region", name="Timeline").get_by_role("listitem")
        expect(course.first).to_contain_text("Triggered")
        expect(course.last).to_contain_text("Done")
        expect(page.get_by_text("Read 24 of 24.")).to_be_visible()
        page.get_by_role("button", name="Output").click()
        output = page.get_by_role("group", name="The output")
        expect(output).to_contain_text("imported")
        expect(output).to_contain_text("24")
        expect(output).to_contain_text("replace")
        assert page.evaluate("() => window.isSamePage")

        typed = {
            "source": "s3://orders/today.csv",
            "count": 24,
            "seconds": 0.2,
            "mode": "replace",
            "is_dry": True,
            "since": "2030-01-31",
            "labels": ["new", "عاجل"],
            "address": {"street": "Baker Street"},
        }
        assert given == typed  # what nobody has typed is left to the model
        task = task_of(stack, id)
        assert (task["definitionId"], task["taskStatus"]) == ("importOrders", "success")
        assert task["input"].pop("done") > 0  # it has said so itself
        assert task["input"] == {**typed, "address": {"street": "Baker Street", "city": "London"}}

    def test_it_has_a_field_for_each_type_and_says_what_was_meant(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("trigger/bookRoom", timezone_id="Europe/Berlin").page

        field(page, "Name required").fill("אליס")
        field(page, "Age").fill("41")
        page.get_by_role("button", name="Add an item to Guests").click()
        field(page, "Name required").nth(1).fill("Bob")
        page.get_by_role("button", name="Move item 2 of Guests up").click()
        page.get_by_label("Arrives").fill("2030-07-01T12:30")
        field(page, "Stays").fill("1d12h")
        field(page, "Price").fill("123456789.123456789012345678")
        page.get_by_role("button", name="Set Extras").click()
        page.get_by_role("button", name="Add a key to Extras").click()
        page.get_by_label("Key", exact=True).fill("towels")
        field(page, "Value").fill("2")
        page.get_by_label("Kind of Payment").select_option("Invoice")
        field(page, "Company").fill("Acme")
        field(page, "Price").fill("80.10")

        assert sent(page) == {
            "guests": [{"name": "Bob"}, {"name": "אליס", "age": 41}],
            "arrives": "2030-07-01T10:30:00Z",
            "stays": "PT129600S",
            "price": 80.1,
            "extras": {"towels": 2},
            "payment": {"kind": "invoice", "company": "Acme"},
        }
        assert task_of(stack, triggered(page))["input"] == {
            "guests": [{"name": "Bob", "age": None}, {"name": "אליס", "age": 41}],
            "arrives": "2030-07-01T10:30:00Z",
            "stays": "P1DT12H",
            "price": "80.1",
            "extras": {"towels": 2},
            "payment": {"kind": "invoice", "company": "Acme"},
            "wish": None,
        }

    def test_what_is_no_choice_is_there_without_a_click(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("trigger/bookRoom").page

        field(page, "Name required").fill("Ann")
        page.get_by_label("Arrives").fill("2030-07-01T12:30")
        field(page, "Number").fill("1234")
        button(page).click()

        given = task_of(stack, triggered(page))["input"]
        assert given["payment"] == {"kind": "card", "number": "1234"}

    def test_a_form_is_filled_in_and_sent_without_a_mouse(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("trigger/shipOrder").page
        order = field(page, "Order")
        order.wait_for()

        page.get_by_role("tab", name="Form").focus()
        page.keyboard.press("Tab")
        expect(order).to_be_focused()
        page.keyboard.type("0x")
        page.keyboard.press("Tab")
        page.keyboard.type("Baker Street")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(order).to_be_focused()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("7")
        page.keyboard.press("Enter")

        assert task_of(stack, triggered(page))["input"] == {"order": 7, "address": "Baker Street"}
        expect(page.locator("main")).to_be_focused()

    def test_what_is_said_beside_the_input_reaches_the_stack(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("trigger/waitLong").page
        key = str(uuid4())

        options(page)
        page.get_by_label("Name", exact=True).fill("  A <b>reminder</b> ")
        page.get_by_label("Delay").fill("1h30m")
        page.get_by_label("Timeout").fill("7d")
        page.get_by_label("Expires after").fill("2d")
        page.get_by_label("Priority").fill("90")
        page.get_by_label("Idempotency key").fill(key)
        page.get_by_role("button", name="Add a key to tags").click()
        expect(page.get_by_label("Key", exact=True)).to_be_focused()
        page.get_by_label("Key", exact=True).fill("customer")
        field(page, "Value").fill("42")
        button(page).click()

        id = triggered(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("A <b>reminder</b>")
        expect(page.locator(".tag", has_text="customer: 42")).to_be_visible()
        task = task_of(stack, id)
        assert task["name"] == "A <b>reminder</b>"
        assert task["tags"] == {"customer": "42"}
        assert task["priority"] == 90
        created = moment(task["createdOn"])
        later = {
            name: round((moment(task[name]) - created).total_seconds())
            for name in ("deadline", "startBy")
        }
        assert later == {"deadline": 7 * 86_400, "startBy": 2 * 86_400}
        assert task["waitingUntil"] or task["startsOn"]

        # The same key is the same task.
        again = stack.graphql(AGAIN, {"key": key})
        assert again["triggerTask"]["data"]["id"] == id


class TestJson:
    def test_it_may_be_json_and_both_are_of_one_input(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("trigger/importOrders").page

        field(page, "Source").fill("s3://orders/<b>")
        page.get_by_role("tab", name="JSON").click()
        expect(json_of(page)).to_have_value(re.compile("s3://orders/<b>"))
        json_of(page).fill('{"source": "s3://other", "count": 3, "seconds": 0, "labels": ["a"]}')
        page.get_by_role("tab", name="JSON").press("ArrowLeft")
        expect(page.get_by_role("tab", name="Form")).to_be_focused()
        expect(field(page, "Source")).to_have_value("s3://other")
        expect(field(page, "Item 1")).to_have_value("a")
        field(page, "Count").fill("4")
        page.get_by_role("tab", name="Form").press("ArrowRight")

        given = {"source": "s3://other", "count": 4, "seconds": 0, "labels": ["a"]}
        assert sent(page) == given
        kept = task_of(stack, triggered(page))["input"]
        assert {name: kept[name] for name in given} == given

    def test_text_that_is_no_json_is_told_with_its_place_and_stays(self, open_page: Open) -> None:
        page = open_page("trigger/importOrders").page

        page.get_by_role("tab", name="JSON").click()
        typed = '{"source": "s3://other",\n  "count": }'
        json_of(page).fill(typed)
        button(page).click()

        expect(page.get_by_role("alert")).to_contain_text("Line 2, column 12")
        page.get_by_role("tab", name="Form").click()
        expect(page.get_by_text("The JSON is not valid, so no form can show it.")).to_be_visible()
        page.get_by_role("button", name="Mend the JSON").click()
        expect(json_of(page)).to_be_focused()
        expect(json_of(page)).to_have_value(typed)

    @pytest.mark.parametrize("text", ["9007199254740993", "0.12345678901234567890"])
    def test_numbers_are_what_was_typed(self, open_page: Open, stack: Running, text: str) -> None:
        page = open_page("trigger/takeAnything").page

        json_of(page).fill(f'{{"n": {text}}}')
        with page.expect_request(is_trigger) as request:
            button(page).click()

        assert f'"n":{text}' in re.sub(r"\s", "", request.value.post_data)
        assert task_of(stack, triggered(page))["input"] == {"n": json.loads(text)}


class TestWrong:
    def test_what_the_schema_refuses_is_told_at_its_field_and_nothing_is_lost(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("trigger/importOrders").page

        field(page, "Count").fill("0")
        field(page, "Seconds").fill("soon")
        field(page, "Since").fill("2030-01-31")
        options(page)
        page.get_by_label("Name", exact=True).fill("Never triggered")
        page.get_by_label("Delay").fill("tomorrow")
        button(page).click()
        alert = page.get_by_role("alert")
        expect(alert).to_be_focused()
        expect(alert).to_contain_text("tomorrow")
        expect(page.get_by_label("Delay")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Delay").fill("1h")
        button(page).click()

        expect(alert).to_be_focused()
        for name, why in {
            "Source": "is required",
            "Count": "takes 1 or more",
            "Seconds": "takes a number",
        }.items():
            wrong = field(page, name)
            expect(wrong).to_have_attribute("aria-invalid", "true")
            expect(wrong).to_have_accessible_description(re.compile(why))
        alert.get_by_role("button", name="count").click()
        expect(field(page, "Count")).to_be_focused()
        field(page, "Count").fill("2")
        expect(field(page, "Count")).not_to_have_attribute("aria-invalid", "true")
        expect(field(page, "Since")).to_have_value("2030-01-31")
        expect(page.get_by_label("Name", exact=True)).to_have_value("Never triggered")
        assert count_of(stack, "Never triggered") == 0

    def test_what_the_model_refuses_is_told_at_its_field_and_mended_there(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("trigger/bookRoom").page

        field(page, "Name required").fill("nobody")
        page.get_by_label("Arrives").fill("2030-07-01T12:30")
        field(page, "Number").fill("1234")
        button(page).click()

        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("nobody is no guest")
        name = field(page, "Name required")
        expect(name).to_have_attribute("aria-invalid", "true")
        expect(name).to_have_accessible_description(re.compile("nobody is no guest"))
        expect(field(page, "Number")).to_have_value("1234")
        alert.get_by_role("button", name="guests.0.name").click()
        expect(name).to_be_focused()
        name.fill("Ann")
        field(page, "Price").fill("20000")
        button(page).click()
        expect(alert).to_contain_text("nobody can pay that")
        field(page, "Price").fill("20")
        button(page).click()

        assert task_of(stack, triggered(page))["input"]["price"] == "20"

    def test_the_api_has_the_last_word(self, open_page: Open, stack: Running) -> None:
        page = open_page("trigger/importOrders").page

        page.get_by_role("tab", name="JSON").click()
        json_of(page).fill('{"source": "s3://orders", "count": "1", "seconds": 0}')
        button(page).click()
        expect(page.get_by_role("alert")).to_contain_text("By its schema")
        page.get_by_role("button", name="Send it all the same").click()

        assert task_of(stack, triggered(page))["definitionId"] == "importOrders"


class TestOnce:
    def test_a_double_click_triggers_once(self, open_page: Open, stack: Running) -> None:
        name = unique("Of a double click")
        page = open_page("trigger/shipOrder").page

        field(page, "Order").fill("1")
        options(page)
        page.get_by_label("Name", exact=True).fill(name)
        button(page).dblclick()

        triggered(page)
        assert count_of(stack, name) == 1

    def test_a_lost_answer_that_is_tried_again_triggers_once(
        self, open_page: Open, stack: Running
    ) -> None:
        seen = open_page("trigger/shipOrder")
        seen.may_say.append("ERR_FAILED")
        page = seen.page
        lost: list[Any] = []
        name = unique("Of a lost answer")

        def lose(route: Any) -> None:
            if lost or not is_trigger(route.request):
                route.continue_()
                return
            lost.append(route.fetch().json())  # the stack has it, and nobody hears of it
            route.abort()

        page.route("**/graphql", lose)
        field(page, "Order").fill("1")
        options(page)
        page.get_by_label("Name", exact=True).fill(name)
        button(page).click()
        expect(page.get_by_role("alert")).to_contain_text("Trigger it again")
        expect(field(page, "Order")).to_have_value("1")
        button(page).click()

        id = triggered(page)
        assert lost[0]["data"]["backgroundTasks"]["triggerTask"]["data"]["id"] == id
        assert count_of(stack, name) == 1


class TestPrefill:
    def test_a_link_brings_an_input(self, open_page: Open, stack: Running) -> None:
        given = {"order": 12, "address": "<b>Baker Street</b>"}
        page = open_page(f"trigger/shipOrder?input={quote(json.dumps(given))}").page

        expect(page.get_by_text("The input comes from the link")).to_be_visible()
        expect(field(page, "Order")).to_have_value("12")
        expect(field(page, "Address")).to_have_value("<b>Baker Street</b>")
        button(page).click()

        assert task_of(stack, triggered(page))["input"] == given

    def test_a_link_with_what_is_no_json_is_mended_by_hand(
        self, open_page: Open, stack: Running
    ) -> None:
        page = open_page("trigger/shipOrder?input=%7B%22order%22%3A1").page

        expect(json_of(page)).to_have_value('{"order":1')
        json_of(page).press("End")
        json_of(page).press_sequentially("}")

        assert sent(page) == {"order": 1}
        assert task_of(stack, triggered(page))["input"] == {"order": 1, "address": ""}


class TestDefinitions:
    def test_one_without_an_input_takes_none(self, open_page: Open, stack: Running) -> None:
        page = open_page("trigger/waitForApproval").page

        expect(page.get_by_text("It takes no input")).to_be_visible()
        button(page).click()

        assert not task_of(stack, triggered(page))["input"]

    def test_one_with_any_input_has_json_alone(self, open_page: Open, stack: Running) -> None:
        page = open_page("trigger/takeAnything").page

        expect(page.get_by_role("heading", level=1)).to_have_text(
            'Trigger Take <b>anything</b> & "everything"'
        )
        expect(page.get_by_text("Say <script>alert(1)</script>.")).to_be_visible()
        expect(page.get_by_role("tab")).to_have_count(0)
        json_of(page).fill('{"echo": "שלום", "a b": {"c": [1, null, true]}}')
        button(page).click()

        given = {"echo": "שלום", "a b": {"c": [1, None, True]}}
        assert task_of(stack, triggered(page))["input"] == given

    def test_one_that_is_not_there_is_told_so(self, open_page: Open) -> None:
        page = open_page("trigger/nothingOfThisKind").page

        expect(page.get_by_text("The stack has no definition")).to_be_visible()
        page.get_by_role("link", name="Choose another").click()
        expect(page.get_by_label("Which definition")).to_be_visible()

    def test_a_caller_who_may_change_nothing_sees_the_form_and_triggers_nothing(
        self, open_page: Open, console_of: Any
    ) -> None:
        reader: Served = console_of("reader")
        page = open_page("trigger/shipOrder", console=reader).page

        field(page, "Order").fill("1")
        expect(page.get_by_text("You may only read the tasks of this tenant")).to_be_visible()
        expect(button(page)).to_be_disabled()
        field(page, "Order").press("Enter")
        expect(page).to_have_url(re.compile("#/trigger/shipOrder$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1_280])
def test_everybody_can_fill_it_in(open_page: Open, scheme: str, width: int) -> None:
    seen = open_page(
        "trigger/bookRoom", viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = seen.page
    settle(page)
    page.get_by_role("button", name="Set Extras").click()
    page.get_by_role("button", name="Add a key to Extras").click()
    options(page)
    page.get_by_role("button", name="Add a key to tags").click()
    field(page, "Wish").fill("w" * 2_000)
    button(page).click()
    expect(page.get_by_role("alert")).to_be_visible()

    seen.check_accessible()
    assert seen.sideways() == []

    page.get_by_role("tab", name="JSON").click()
    seen.check_accessible()
    assert seen.sideways() == []


def test_what_was_typed_is_there_again_until_it_is_sent(open_page: Open, tenant: Tenant) -> None:
    page = open_page(tenant.view("trigger/weighParcel")).page
    expect(page.get_by_label("Kg")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Kg")).to_be_visible()
    expect(page.get_by_text("What you had typed is here again.")).to_have_count(0)

    page.get_by_label("Kg").fill("12.5")
    page.get_by_role("link", name="Health").click()
    expect(page.get_by_role("heading", name="Health", level=1)).to_be_visible()
    page.go_back()

    expect(page.get_by_label("Kg")).to_have_value("12.5")
    page.get_by_role("button", name="Begin anew").click()
    expect(page.get_by_label("Kg")).to_have_value("")
    page.get_by_label("Kg").fill("7")
    page.reload()
    expect(page.get_by_label("Kg")).to_have_value("7")
    page.get_by_role("button", name="Trigger", exact=True).click()
    expect(page).to_have_url(re.compile("#/tasks/"))
    page.goto(page.url.partition("#")[0] + f"#/{tenant.view('trigger/weighParcel')}")
    expect(page.get_by_label("Kg")).to_have_value("")
