"""The list of tasks, as somebody looks at it: it is fresh, is filtered, and can be read by all."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler.contract import Status
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from handler.record.task_record import Identity, Progress
from tests.browser.conftest import Open
from tests.browser.seeding import a_task, some_tasks
from tests.browser.serving import Served
from tests.browser.tenants import Tenant
from tests.browser.watching import expect, settle

pytestmark = pytest.mark.browser

SCHEMES_AND_WIDTHS = [(scheme, width) for scheme in ("light", "dark") for width in (360, 1_280)]
RIGHT_TO_LEFT = "\u0637\u0644\u0628\u0627\u062a \u0627\u0644\u064a\u0648\u0645"
SCRIPT = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"


def failed(code: str, **changes: Any) -> StoredTask:
    failure = TaskFailure(message=f"It failed with {code}.", code=code)
    output = {"error": failure.to_wire()}
    return a_task(status=Status.FAILED, error_code=code, output=output, **changes)


def running(**changes: Any) -> StoredTask:
    """One that says it runs, and that no execution has."""
    due = datetime.now(UTC) + timedelta(days=300)
    open_one = {"status": Status.RUNNING, "due_on": due, "finished_on": None, "output": None}
    return a_task(**{**open_one, "progress": None, **changes})


def ago(**since: float) -> dict[str, datetime]:
    """When a task was made, begun and ended that was triggered so long ago."""
    at = datetime.now(UTC) - timedelta(**since)
    return {
        "created_on": at,
        "started_on": at + timedelta(seconds=1),
        "finished_on": at + timedelta(seconds=2),
    }


def links(page: Any) -> Any:
    """The names of the rows: each leads to its task."""
    return page.get_by_role("rowheader").get_by_role("link")


def row(page: Any, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def asked(page: Any) -> list[str]:
    """The documents that the page asks the API for, from now on."""
    found: list[str] = []

    def hear(request: Any) -> None:
        if request.url.endswith("/graphql"):
            found.append(request.post_data_json["query"])

    page.on("request", hear)
    return found


def with_a_clock(page: Any) -> None:
    """Loads the page anew, with a clock that can be turned on."""
    page.clock.install()
    page.reload()


class TestFreshness:
    def test_what_is_triggered_elsewhere_comes_and_ends_without_a_reload(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        page = open_page(tenant.view()).page
        expect(page.get_by_text("There is no task yet.")).to_be_visible()
        page.evaluate("() => { window.isTheSamePage = true; }")

        tenant.trigger(
            "importOrders", {"source": "s3://a", "count": 12, "seconds": 0.2}, name="New"
        )

        expect(row(page, "New")).to_contain_text("running")
        expect(row(page, "New")).to_contain_text("success")
        assert page.evaluate("() => window.isTheSamePage")
        assert tenant.statuses() == {"New": "success"}

    def test_nothing_is_asked_while_the_tab_is_hidden_and_at_once_when_it_is_shown(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        tenant.seed([a_task(name="Old")])
        page = open_page(tenant.view()).page
        with_a_clock(page)
        expect(links(page)).to_have_text(["Old"])
        settle(page)

        hide(page, True)
        heard = asked(page)
        tenant.seed([a_task(name="New")])
        page.clock.run_for(300_000)
        assert heard == []

        hide(page, False)
        expect(links(page)).to_have_count(2)
        assert [document for document in heard if "listTasks" in document] == heard[:1]

    def test_a_list_that_is_paused_stays_as_it_is_until_it_is_refreshed_or_resumed(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        tenant.seed([a_task(name="First", **ago(minutes=3))])
        page = open_page(tenant.view()).page
        with_a_clock(page)
        expect(links(page)).to_have_text(["First"])
        settle(page)

        page.get_by_role("button", name="Hold the list").click()
        tenant.seed([a_task(name="Second", **ago(minutes=2))])
        heard = asked(page)
        page.clock.run_for(300_000)
        assert heard == []

        page.get_by_role("button", name="Refresh the list").click()
        expect(links(page)).to_have_text(["Second", "First"])

        tenant.seed([a_task(name="Third", **ago(minutes=1))])
        page.get_by_role("button", name="Go on refreshing the list").click()
        expect(links(page)).to_have_text(["Third", "Second", "First"])

    def test_new_tasks_wait_while_somebody_is_at_work_in_the_rows(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        old = running(name="Old", **ago(minutes=3) | {"finished_on": None})
        tenant.seed([old])
        page = open_page(tenant.view()).page
        expect(row(page, "Old")).to_contain_text("running")
        page.keyboard.press("j")

        tenant.seed([a_task(name="New"), old.model_copy(update={"status": Status.SUCCESS})])

        # What is there changes in its place, and the focus stays.
        button = page.get_by_role("button", name="Show 1 new task")
        expect(button).to_be_visible()
        expect(row(page, "Old")).to_contain_text("success")
        expect(links(page)).to_have_text(["Old"])
        expect(links(page)).to_be_focused()

        button.click()
        expect(links(page)).to_have_text(["New", "Old"])


def hide(page: Any, is_hidden: bool) -> None:
    """Does what a browser does whose tab goes behind another one, or comes back."""
    page.evaluate(
        """(isHidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


def some(tenant: Tenant) -> None:
    """Tasks that differ in all that a filter asks for."""
    base = {"tags": {"team": "shop"}, "definition_id": "shipOrder"}
    tenant.seed(
        [
            a_task(name="Night run", **base | ago(minutes=2)),
            failed("NO_ADDRESS", name="Night order", **base | ago(minutes=5)),
            failed("TIMEOUT", name="Day order", **base | {"tags": {"team": "blog"}} | ago(hours=3)),
            a_task(name="Old import", **base | {"definition_id": "importOrders"} | ago(days=3)),
            running(name="Now", **base | ago(minutes=1) | {"finished_on": None}),
        ]
    )


ALL = ["Now", "Night run", "Night order", "Day order", "Old import"]


def choose_time(page: Any, label: str) -> None:
    page.get_by_label("Created").select_option(label=label)


def type_into(label: str, text: str) -> Callable[[Any], None]:
    def type_it(page: Any) -> None:
        page.get_by_label(label, exact=True).fill(text)
        page.keyboard.press("Enter")

    return type_it


FILTERS: list[tuple[str, Callable[[Any], object], list[str], str]] = [
    (
        "state",
        lambda page: page.get_by_role("checkbox", name="failed").check(),
        ["Night order", "Day order"],
        "status=failed",
    ),
    (
        "group of states",
        lambda page: page.get_by_role("button", name="Open", exact=True).click(),
        ["Now"],
        "status=pending&status=running",
    ),
    (
        "definition",
        lambda page: page.get_by_role("combobox", name="Definition").select_option("importOrders"),
        ["Old import"],
        "definition=importOrders",
    ),
    ("name", type_into("Name begins with", "Night"), ["Night order", "Night run"], "name=Night"),
    ("tag", type_into("Tag", "team=blog"), ["Day order"], "tag=team%3Dblog"),
    (
        "time",
        lambda page: choose_time(page, "In the last 1 hour"),
        ["Now", "Night run", "Night order"],
        "since=1h",
    ),
    ("error", type_into("Error code", "TIMEOUT"), ["Day order"], "error=TIMEOUT"),
    (
        "order",
        lambda page: page.get_by_role("combobox", name="Order").select_option(label="Oldest first"),
        ALL[::-1],
        "sort=createdOn_ASC",
    ),
]


class TestFilters:
    def test_each_field_finds_the_rows_stands_in_the_url_and_is_undone_by_the_way_back(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        some(tenant)
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_text(ALL)

        for field, set_it, names, said in FILTERS:
            set_it(page)

            expect(links(page)).to_have_text(names)
            assert said in page.url, field

            # Who types a name goes back behind all of it.
            if field == "name":
                page.get_by_role("link", name="Clear the filter").click()
            else:
                page.go_back()
            expect(links(page)).to_have_text(ALL)
            assert said not in page.url, field

    def test_two_moments_are_a_time_too(self, open_page: Open, tenant: Tenant) -> None:
        some(tenant)
        page = open_page(tenant.view()).page
        at = datetime.now().astimezone()

        choose_time(page, "From, to …")
        page.get_by_label("From", exact=True).fill(f"{at - timedelta(hours=4):%Y-%m-%dT%H:%M}")
        page.get_by_label("To", exact=True).fill(f"{at - timedelta(hours=2):%Y-%m-%dT%H:%M}")

        expect(links(page)).to_have_text(["Day order"])
        assert re.search(r"since=20\d\d-.*until=20\d\d-", page.url)

    def test_a_url_that_is_shared_shows_the_same_filter_and_the_same_rows(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        some(tenant)
        page = open_page(tenant.view()).page
        for field in ("state", "tag", "time"):
            next(set_it for name, set_it, *_ in FILTERS if name == field)(page)
            expect(page.get_by_role("list", name="What the tasks are filtered by")).to_be_visible()
        choose_time(page, "In the last 24 hours")
        expect(links(page)).to_have_text(["Day order"])

        shared = open_page(page.url.partition("#/")[2]).page

        expect(links(shared)).to_have_text(["Day order"])
        expect(shared.get_by_role("checkbox", name="failed")).to_be_checked()
        expect(shared.get_by_role("checkbox", name="success")).not_to_be_checked()
        expect(shared.get_by_label("Created")).to_have_value("24h")
        parts = shared.get_by_role("list", name="What the tasks are filtered by")
        expect(parts).to_contain_text("team=blog")
        expect(shared.get_by_label("Tenant")).to_have_value(tenant.name)

    def test_the_tenant_is_a_part_of_the_url_and_its_tasks_are_shown(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        some(tenant)
        page = open_page(tenant.view("tasks", name="nobody")).page
        expect(page.get_by_text("whose names begin with “nobody”")).to_be_visible()
        other = Tenant(tenant.deployed, f"{tenant.name}-2")
        other.seed([a_task(name="Of the other")])

        type_into("Tenant", other.name)(page)

        expect(links(page)).to_have_text(["Of the other"])
        assert page.url.endswith(f"#/tasks?tenant={other.name}")
        page.get_by_role("link", name="Definitions", exact=True).click()
        expect(page).to_have_url(re.compile(f"#/definitions[?]tenant={other.name}$"))
        page.go_back()
        page.go_back()
        expect(page.get_by_text("whose names begin with “nobody”")).to_be_visible()

    def test_what_is_no_filter_is_told_and_left_out(self, open_page: Open, tenant: Tenant) -> None:
        some(tenant)

        page = open_page(tenant.view(status="done", since="yesterday", tag="blog")).page

        alert = page.get_by_role("alert")
        for words in (
            "“done” is no status: it takes pending, running, success, failed, aborted, open, over.",
            "“yesterday” is no since: it takes how long ago, such as 30m, 2h or 7d",
            "“blog” is no tag: it takes a key and a value: customer=42.",
        ):
            expect(alert).to_contain_text(words)
        expect(links(page)).to_have_text(ALL)

    def test_a_tag_without_a_value_is_told_beside_its_field(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        page = open_page(tenant.view()).page

        type_into("Tag", "blog")(page)

        expect(page.get_by_role("alert")).to_have_text("A tag has a key and a value: customer=42")
        expect(page.get_by_label("Tag")).to_have_attribute("aria-invalid", "true")

    def test_what_the_api_refuses_is_told_in_its_words(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        some(tenant)

        page = open_page(tenant.view(tag="team%3Dblog", sort="name_ASC")).page

        expect(page.get_by_role("alert")).to_contain_text("createdOn")
        expect(links(page)).to_have_count(0)
        page.get_by_role("combobox", name="Order").select_option(label="Newest first")
        expect(links(page)).to_have_text(["Day order"])
        expect(page.get_by_role("alert")).to_have_count(0)

    def test_parts_are_taken_out_one_by_one_or_all_at_once(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        some(tenant)
        page = open_page(tenant.view(status="failed", tag="team%3Dblog")).page
        expect(links(page)).to_have_text(["Day order"])

        page.get_by_role("button", name="Remove Tag team=blog").click()
        expect(links(page)).to_have_text(["Night order", "Day order"])

        page.get_by_role("link", name="Clear the filter").first.click()
        expect(links(page)).to_have_text(ALL)
        assert page.url.endswith(f"#/tasks?tenant={tenant.name}")

    def test_a_tag_and_a_code_in_a_row_lead_to_their_tasks(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        some(tenant)
        page = open_page(tenant.view()).page

        row(page, "Day order").get_by_role("link", name="team=blog").click()
        expect(links(page)).to_have_text(["Day order"])

        row(page, "Day order").get_by_role("link", name="Error TIMEOUT").click()
        expect(page.get_by_role("button", name="Remove Error TIMEOUT")).to_be_visible()
        assert "tag=team%3Dblog" in page.url


class TestGroups:
    def test_failed_ones_are_grouped_by_code_and_lead_to_their_list(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        tenant.seed(
            [
                *(failed("TIMEOUT", definition_id="importOrders") for _ in range(3)),
                failed("TIMEOUT", name="Slow", definition_id="shipOrder"),
                *(failed("NO_ADDRESS", definition_id="shipOrder") for _ in range(2)),
                a_task(),
            ]
        )
        page = open_page(tenant.view()).page

        page.get_by_role("link", name="Failed, by error code").click()

        expect(page.get_by_text("All 6 failed tasks of the filter, in 2 groups.")).to_be_visible()
        rows = page.get_by_role("row")
        expect(rows.nth(1)).to_contain_text(re.compile(r"TIMEOUT\s*4.*importOrders 3.*shipOrder 1"))
        expect(rows.nth(2)).to_contain_text(re.compile(r"NO_ADDRESS\s*2.*shipOrder 2"))

        rows.nth(1).get_by_role("link", name="shipOrder").click()

        expect(links(page)).to_have_text(["Slow"])
        for said in ("status=failed", "error=TIMEOUT", "definition=shipOrder"):
            assert said in page.url
        page.go_back()
        page.get_by_role("link", name="TIMEOUT", exact=True).click()
        expect(links(page)).to_have_count(4)

    def test_a_filter_holds_for_the_groups(self, open_page: Open, tenant: Tenant) -> None:
        some(tenant)
        page = open_page(tenant.view(group="error")).page
        expect(page.get_by_text("All 2 failed tasks of the filter, in 2 groups.")).to_be_visible()

        type_into("Tag", "team=blog")(page)

        expect(page.get_by_text("All 1 failed task of the filter, in 1 group.")).to_be_visible()
        assert "group=error" in page.url

    def test_there_may_be_none(self, open_page: Open, tenant: Tenant) -> None:
        page = open_page(tenant.view(group="error")).page

        expect(page.get_by_text("There are no failed tasks.")).to_be_visible()


class TestKeys:
    def test_rows_are_gone_through_selected_and_opened(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        some(tenant)
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_text(ALL)

        for key, name in (
            ("j", "Now"),
            ("j", "Night run"),
            ("j", "Night order"),
            ("k", "Night run"),
        ):
            page.keyboard.press(key)
            expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
        page.keyboard.press("x")
        expect(page.get_by_label("Select Night run")).to_be_checked()
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.get_by_text("2 tasks selected")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_label("Select Night run")).not_to_be_checked()
        expect(page.get_by_text("2 tasks selected")).to_have_count(0)

        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"#/tasks/[^?]+\?tenant="))
        page.go_back()
        expect(links(page)).to_have_text(ALL)

    def test_a_search_and_a_new_task_are_a_key_away(self, open_page: Open, tenant: Tenant) -> None:
        some(tenant)
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_text(ALL)

        page.keyboard.press("/")
        expect(page.get_by_label("Name begins with")).to_be_focused()
        page.keyboard.type("Night")
        expect(links(page)).to_have_text(["Night order", "Night run"])
        expect(page.get_by_label("Name begins with")).to_be_focused()

        links(page).first.focus()
        page.keyboard.press("n")
        page.wait_for_url(f"**/#/trigger?tenant={tenant.name}")
        for keys, view in (("gh", "health"), ("gd", "definitions"), ("gt", "tasks")):
            for key in keys:
                page.keyboard.press(key)
            page.wait_for_url(f"**/#/{view}?tenant={tenant.name}")

    def test_turned_off_they_do_nothing(self, open_page: Open, tenant: Tenant) -> None:
        some(tenant)
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_text(ALL)
        url = page.url
        page.keyboard.press("?")
        page.get_by_label("Use these keys").uncheck()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

        links(page).first.focus()
        for key in "jkxng/td?":
            page.keyboard.press(key)

        expect(links(page).first).to_be_focused()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_text("selected")).to_have_count(0)
        assert page.url == url
        # A link is a link without them.
        page.keyboard.press("Enter")
        page.wait_for_url("**/#/tasks/*")


class TestRows:
    def test_one_that_runs_shows_how_far_how_fast_and_how_long(
        self, open_page: Open, tenant: Tenant
    ) -> None:
        tenant.trigger("checkRows", {}, name="Counts")
        page = open_page(tenant.view()).page

        bar = row(page, "Counts").get_by_role("progressbar")
        expect(bar).to_be_visible()
        expect(row(page, "Counts")).to_contain_text(
            re.compile(r"\d+% · [\d.]+ a second, [\d ms]+ left")
        )
        first = bar.get_attribute("value")
        expect(bar).not_to_have_attribute("value", first)

        [task] = tenant.tasks()
        tenant.abort(task["id"])
        expect(row(page, "Counts")).to_contain_text("aborted")

    def test_a_state_has_a_word_a_sign_and_a_colour(self, open_page: Open, tenant: Tenant) -> None:
        at = datetime.now(UTC)
        tenant.seed(
            [
                running(name="pending", status=Status.PENDING),
                running(name="running"),
                running(name="waiting", waiting_until=at + timedelta(hours=2)),
                running(name="queued", queued_on=at),
                running(name="paused", paused_on=at),
                a_task(name="success"),
                failed("CODE", name="failed"),
                a_task(name="aborted", status=Status.ABORTED),
            ]
        )
        page = open_page(tenant.view()).page
        expect(links(page)).to_have_count(8)

        looks = [
            row(page, name)
            .locator(".state")
            .evaluate(
                "(e) => [e.innerText.trim().split(/\\s+/).pop(), getComputedStyle(e).color,"
                " e.querySelector('.sign').textContent]"
            )
            for name in links(page).all_inner_texts()
        ]

        assert [word for word, *_ in looks] == links(page).all_inner_texts()
        assert len({sign for *_, sign in looks}) == 8
        assert len({colour for _, colour, _ in looks}) > 4

    @pytest.mark.parametrize("width", [360, 1_280])
    def test_texts_of_strangers_are_shown_as_they_are_and_break_nothing(
        self, open_page: Open, tenant: Tenant, width: int
    ) -> None:
        tags = {"<b>key</b>": SCRIPT, "customer": RIGHT_TO_LEFT, "long": "x" * 250}
        tenant.seed(
            [
                a_task(name=SCRIPT, tags=tags),
                failed("<b>CODE</b>" + "X" * 100, name=RIGHT_TO_LEFT, tags=tags),
                a_task(name="W" * 1_000),
                a_task(name="\u202e" + "abc " * 250),
                running(name="Problem", problem=SCRIPT * 3),
            ]
        )
        seen = open_page(tenant.view(), viewport={"width": width, "height": 900})
        page = seen.page

        expect(links(page)).to_have_count(5)

        expect(page.get_by_role("link", name=SCRIPT, exact=True)).to_be_visible()
        expect(row(page, "Problem")).to_contain_text(SCRIPT)
        assert page.locator("main img, main script").count() == 0
        assert "broken" not in page.title()
        assert seen.sideways() == []
        heights = [each.bounding_box()["height"] for each in links(page).all()]
        assert max(heights) < 100

        for view in (
            tenant.view(group="error"),
            tenant.view(tag=quoted("customer", RIGHT_TO_LEFT)),
        ):
            page.goto(f"{page.url.partition('#')[0]}#/{view}")
            expect(page.get_by_text("CODE").first).to_be_visible()
            assert seen.sideways() == []


def quoted(key: str, value: str) -> str:
    from urllib.parse import quote

    return quote(f"{key}={value}")


class TestCallers:
    def test_without_w_there_is_no_button_and_the_page_says_so(
        self, open_page: Open, console_of: Callable[[str], Served], stack: Any
    ) -> None:
        name = f"For the reader {datetime.now(UTC).timestamp()}"
        Tenant(stack.deployed, "root").seed([running(name=name), failed("CODE", name=f"{name} 2")])
        page = open_page(f"tasks?name={name}", console=console_of("reader")).page

        expect(links(page)).to_have_text([name, f"{name} 2"])
        expect(page.locator(".caller")).to_have_text("reader read only")
        for button in ("Abort", "Retry", "Delete", "Pause 1", "Run now"):
            expect(page.get_by_role("button", name=button)).to_have_count(0)
        expect(page.get_by_role("checkbox", name="Select")).to_have_count(0)
        expect(page.get_by_role("link", name="Trigger a task")).to_have_count(0)

    def test_who_may_nothing_is_told_what_to_do(
        self, open_page: Open, console_of: Callable[[str], Served]
    ) -> None:
        seen = open_page(console=console_of("nobody"))

        expect(seen.page.get_by_role("alert").first).to_contain_text("Next:")
        expect(links(seen.page)).to_have_count(0)
        expect(seen.page.get_by_role("link", name="Trigger a task")).to_have_count(0)

    def test_an_owner_sees_own_tasks_alone(
        self, open_page: Open, console_of: Callable[[str], Served], stack: Any
    ) -> None:
        name = f"Owned {datetime.now(UTC).timestamp()}"
        owner = Identity(
            id="arn:aws:iam::000000000000:user/owner", display_name="owner", type="iam"
        )
        Tenant(stack.deployed, "root").seed(
            [a_task(name=f"{name} by ann"), a_task(name=f"{name} by owner", created_by=owner)]
        )

        page = open_page(f"tasks?name={name}", console=console_of("owner")).page

        expect(links(page)).to_have_text([f"{name} by owner"])


class TestEverybody:
    @pytest.mark.parametrize(("scheme", "width"), SCHEMES_AND_WIDTHS)
    def test_the_list_and_the_groups_keep_nobody_out(
        self, open_page: Open, tenant: Tenant, scheme: str, width: int
    ) -> None:
        some(tenant)
        tenant.seed(
            [
                running(
                    name="Far",
                    progress=Progress(done=1, total=9, rate=2.0, remaining_seconds=4.0),
                    problem="The worker is not there.",
                )
            ]
        )
        options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        seen = open_page(tenant.view(status="done", until="1s"), **options)
        page = seen.page
        expect(links(page)).to_have_count(6)
        page.get_by_label("Select Night run").check()
        page.get_by_label("Select Now").check()
        if width < 700:
            page.get_by_role("button", name="Filter").click()
        seen.check_accessible()
        assert seen.sideways() == []

        page.get_by_role("link", name="Failed, by error code").click()
        expect(page.get_by_text("in 2 groups")).to_be_visible()
        seen.check_accessible()
        assert seen.sideways() == []


def test_who_comes_back_from_a_task_goes_on_where_they_were(
    open_page: Open, tenant: Tenant
) -> None:
    tenant.seed(some_tasks(45))
    page = open_page(tenant.view("tasks")).page
    links = page.locator("a.open")
    expect(links).to_have_count(45)
    opened = links.nth(40).get_attribute("href")

    links.nth(40).click()
    expect(page.get_by_role("button", name="Copy id")).to_be_visible()
    page.go_back()

    expect(page.locator("a.open:focus")).to_have_attribute("href", str(opened))
    assert page.evaluate("scrollY") > 0
    page.keyboard.press("j")
    expect(page.locator("a.open:focus")).not_to_have_attribute("href", str(opened))


@pytest.mark.parametrize("view", ["constructor", "__proto__", "toString/1"])
def test_a_view_that_there_is_not_is_told(open_page: Open, view: str) -> None:
    expect(open_page(view).page.get_by_role("heading", level=1)).to_have_text("No such page")
