"""What stands around each view: it opens, everybody can read it, and it asks nobody else."""

import re
from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.browser.seeding import a_task
from tests.browser.serving import Served
from tests.browser.tenants import Tenant
from tests.browser.watching import MOST_BYTES, WIDTHS, Wire, expect, settle, watched

pytestmark = pytest.mark.browser

# What somebody does who is faster than the browser draws: as soon as the page has an element.
AT_ONCE = """
  new MutationObserver((_, seen) => {
    if (!document.querySelector("%s")) return;
    seen.disconnect();
    %s;
  }).observe(document, { childList: true, subtree: true });
"""
PRESS_J = 'document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }))'
FOLLOW_HEALTH = """document.querySelector("nav a[href='#/health']").click()"""

VIEWS = ["tasks", "definitions", "health", "trigger/importOrders", "nothing"]


def test_it_opens_with_a_title_and_shows_who_asks(open_page: Open) -> None:
    page = open_page().page

    expect(page.get_by_role("link", name="Tasks", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    expect(page).to_have_title(re.compile(r"^Tasks · the local AWS at http://127\.0\.0\.1:\d+$"))
    expect(page.locator(".caller")).to_have_text("local")
    expect(page.get_by_text("read only")).to_have_count(0)


def test_a_caller_who_may_change_nothing_is_told_so(open_page: Open, console_of: Any) -> None:
    page = open_page(console=console_of("reader")).page

    expect(page.locator(".caller")).to_contain_text("read only")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_read_it(open_page: Open, view: str, scheme: str, width: int) -> None:
    seen = open_page(view, viewport={"width": width, "height": 900}, color_scheme=scheme)
    settle(seen.page)

    seen.check_accessible()
    assert seen.sideways() == []


def test_the_first_paint_of_the_list_is_small(browser: Any, console: Served) -> None:
    with watched(browser, "about:blank") as seen:
        seen.origin = console.origin
        seen.asked.clear()
        wire = Wire(seen.page)
        seen.page.goto(console.at("tasks"))
        settle(seen.page)

    assert console.url in wire.sizes
    assert 0 < wire.total < MOST_BYTES, wire.sizes


def test_the_help_is_opened_and_left_by_keys_alone(open_page: Open) -> None:
    page = open_page().page
    expect(page.locator(".caller")).to_have_text("local")

    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys and colours")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    button = page.get_by_role("button", name="Keys and colours")
    button.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


def test_the_help_keeps_everybody_in(open_page: Open) -> None:
    seen = open_page()
    settle(seen.page)
    seen.page.get_by_role("button", name="Keys and colours").click()

    expect(seen.page.get_by_role("dialog")).to_be_visible()

    seen.check_accessible()


def test_keys_lead_from_view_to_view_and_the_focus_goes_along(open_page: Open) -> None:
    page = open_page().page
    settle(page)

    for keys, view in (("gd", "definitions"), ("gh", "health"), ("gt", "tasks")):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(f"**/#/{view}")
        expect(page.locator("main")).to_be_focused()


def test_keys_do_nothing_where_somebody_types_or_has_turned_them_off(open_page: Open) -> None:
    page = open_page().page
    settle(page)

    page.get_by_label("Tenant").focus()
    page.keyboard.type("gd?")
    assert page.url.endswith("#/tasks")
    page.get_by_label("Tenant").fill("")

    page.get_by_role("button", name="Keys and colours").click()
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_content_is_a_key_away(open_page: Open) -> None:
    page = open_page().page
    settle(page)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()
    assert page.url.endswith("#/tasks")


def background(page: Any) -> Any:
    return page.evaluate("() => getComputedStyle(document.body).backgroundColor")


def test_the_colours_are_the_systems_until_somebody_chooses_and_the_choice_stays(
    open_page: Open,
) -> None:
    page = open_page(color_scheme="light").page
    light = background(page)
    page.emulate_media(color_scheme="dark")
    dark = background(page)
    assert light != dark

    page.get_by_role("button", name="Keys and colours").click()
    page.get_by_label("Light", exact=True).check()
    assert background(page) == light

    page.reload()
    assert background(page) == light
    page.get_by_role("button", name="Keys and colours").click()
    page.get_by_label("As the system").check()
    assert background(page) == dark


def test_a_token_of_yesterday_is_told_what_to_do(browser: Any, console: Served) -> None:
    with watched(browser, f"{console.origin}/yesterday/") as seen:
        seen.may_say.append("404")
        expect(seen.page.locator("body")).to_contain_text("has printed last")


def test_a_stack_that_is_gone_says_so_and_comes_back_by_itself(door: Any, open_page: Open) -> None:
    console, doorway = door
    doorway.shut()
    page = open_page(console=console).page

    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("Next:")
    expect(alert).to_contain_text("It is tried again by itself.")

    doorway.open()
    expect(page.locator(".caller")).to_have_text("local")
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("view", ["constructor", "__proto__/1", "toString"])
def test_a_view_that_is_none_says_so_whatever_it_is_called(open_page: Open, view: str) -> None:
    page = open_page(view).page

    expect(page.get_by_role("heading", name="No such page")).to_be_visible()


def test_what_breaks_a_view_breaks_nothing_else(open_page: Open) -> None:
    """A log without lines stands for what nobody has thought of."""
    page = open_page("tasks").page
    settle(page)
    odd = {
        "getTask": {"data": {"id": "odd", "tags": {}}},
        "listLogs": {"data": [{"iteration": 1, "items": 3}], "meta": {}},
    }
    page.route("**/graphql", lambda route: route.fulfill(json={"data": {"backgroundTasks": odd}}))
    page.evaluate("location.hash = '#/tasks/odd'")

    expect(page.get_by_role("heading", name="This can't be shown")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("TypeError")

    page.unroute("**/graphql")
    page.get_by_role("link", name="Health", exact=True).click()
    expect(page.get_by_role("heading", name="Health", level=1)).to_be_visible()


def test_a_key_does_what_it_does_as_soon_as_there_are_rows(open_page: Open, tenant: Tenant) -> None:
    tenant.seed([a_task(name="One")])
    page = open_page(tenant.view()).page

    page.add_init_script(AT_ONCE % ("a.open", PRESS_J))
    page.reload()

    expect(page.get_by_role("link", name="One", exact=True)).to_be_focused()


def test_a_link_is_followed_as_soon_as_it_is_there(open_page: Open) -> None:
    page = open_page().page

    page.add_init_script(AT_ONCE % ("nav", FOLLOW_HEALTH))
    page.reload()

    expect(page.get_by_role("heading", name="Health", level=1)).to_be_visible()
