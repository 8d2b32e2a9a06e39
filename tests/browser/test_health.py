"""The health of a stack: what is wrong is said first, and where; and what is well is said, too."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler.contract import EnvVar, Status
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from tests.browser.callers import CONFIG, as_caller
from tests.browser.conftest import DEFINITIONS, Open
from tests.browser.seeding import a_task
from tests.browser.serving import Served, served
from tests.browser.tenants import Tenant
from tests.browser.watching import WIDTHS, expect, settle
from tests.running import Running
from tests.starting import started

pytestmark = pytest.mark.browser

OVERDUE = timedelta(hours=2)
# The deadline of what a test leaves open: the recovery does not look at it.
DUE = timedelta(days=300)
# Each text of the doctor's line, as it comes.
WATCH = """() => {
  window.heard = [];
  const region = document.querySelector("[aria-labelledby=health-doctor]");
  const hear = () => window.heard.push(region.querySelector("p").textContent.trim());
  new MutationObserver(hear).observe(region, {
    subtree: true, childList: true, characterData: true,
  });
}"""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Served]]:
    """A stack where nothing is wrong, and its console, run in the folder of its program."""
    folder = tmp_path_factory.mktemp("quiet")
    with (
        started(folder, definitions=sorted(DEFINITIONS.glob("*.py")), config=CONFIG) as running,
        served(running.deployed, folder) as console,
    ):
        yield running, console


@pytest.fixture
def calm(quiet: tuple[Running, Served]) -> Iterator[tuple[Running, Served]]:
    """The same; what a test sends into its queues is gone afterwards."""
    running, _ = quiet
    yield quiet
    sqs = running.client("sqs")
    for url in queues(running).values():
        sqs.purge_queue(QueueUrl=url)


@pytest.fixture
def own(quiet: tuple[Running, Served]) -> Tenant:
    """A tenant that nobody else has tasks of."""
    return Tenant(quiet[0].deployed, f"tenant-{uuid.uuid4().hex[:8]}")


def queues(running: Running) -> dict[str, str]:
    """The URLs of the queues, by what the page calls their messages."""
    sqs = running.client("sqs")
    letters = str(running.deployed.outputs["deadLetterQueueUrl"])
    failures = letters.rpartition("/")[2].replace("-undelivered", "-recovery-failures")
    return {
        "dead letter": letters,
        "failure of the recovery": sqs.get_queue_url(QueueName=failures)["QueueUrl"],
    }


def ended(code: str, *, since: timedelta = timedelta(minutes=5)) -> StoredTask:
    """A task that was ended from outside."""
    failure = TaskFailure(message=f"It was ended: {code}.", code=code)
    at = datetime.now(UTC) - since
    return a_task(
        name=f"Ended by {code}",
        status=Status.FAILED,
        error_code=code,
        output={"error": failure.to_wire()},
        created_on=at,
        finished_on=at,
    )


def left_open(name: str, status: Status, *, since: timedelta = OVERDUE) -> StoredTask:
    """A task that nothing holds, and nothing moves."""
    at = datetime.now(UTC) - since
    return a_task(
        name=name,
        status=status,
        created_on=at,
        started_on=None if status is Status.PENDING else at,
        saved_on=at,
        finished_on=None,
        output=None,
        progress=None,
        due_on=at + DUE,
    )


@contextmanager
def paused_schedule(running: Running) -> Iterator[None]:
    """Within the block, takeStock's is paused."""
    scheduler = running.client("scheduler")
    [(group, name)] = [
        (each["GroupName"], each["Name"])
        for each in scheduler.list_schedules()["Schedules"]
        if "stock" in each["Name"].lower()
    ]
    found = scheduler.get_schedule(GroupName=group, Name=name)
    read_only = ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata")
    own = {key: value for key, value in found.items() if key not in read_only}
    scheduler.update_schedule(**{**own, "State": "DISABLED"})
    try:
        yield
    finally:
        scheduler.update_schedule(**own)


def verdict(page: Any) -> Any:
    return page.get_by_role("region", name="In a word")


def findings(page: Any) -> Any:
    return page.get_by_role("region", name="What the doctor says").get_by_role("listitem")


def states(page: Any) -> list[str]:
    """What the doctor says of each thing, without its sign."""
    said = findings(page).locator(".state").all_inner_texts()
    return [re.sub(r"^\W+", "", each) for each in said]


def settled(page: Any) -> None:
    """Waits until all was looked at."""
    expect(page.get_by_role("button", name="Look again at all of it")).to_be_enabled()
    settle(page)


class TestWell:
    def test_a_stack_where_nothing_is_wrong_is_well(
        self, open_page: Open, quiet: tuple[Running, Served]
    ) -> None:
        page = open_page("health", console=quiet[1]).page
        settled(page)

        expect(verdict(page)).to_have_text("✓All is well")
        assert {*states(page)} == {"ok", "not here"}
        queue = page.get_by_role("region", name="Queues")
        expect(queue.get_by_role("listitem")).to_contain_text(["none", "none"])

    def test_the_versions_are_those_that_are_deployed(
        self, open_page: Open, quiet: tuple[Running, Served], own: Tenant
    ) -> None:
        running, console = quiet
        config = running.client("lambda").get_function_configuration(
            FunctionName=running.deployed.outputs["workerFunctionName"]
        )
        version = config["Environment"]["Variables"][EnvVar.CODE_VERSION]
        own.seed([left_open("Old", Status.RUNNING).model_copy(update={"code_version": "abc123"})])
        id = own.trigger("waitLong", {})
        own.until(lambda: own.record(id)["iterations"] == 1)

        page = open_page(own.view("health"), console=console).page

        table = page.get_by_role("table", name="The Lambdas of the stack")
        for role in ("worker", "API", "recovery"):
            row = table.get_by_role("row").filter(has=page.get_by_text(role, exact=True))
            expect(row).to_contain_text(version)
        found = page.get_by_role("region", name="Versions deployed").get_by_role("listitem")
        expect(found.filter(has_text=version)).to_contain_text("1 task deployed now")
        expect(found.filter(has_text="abc123")).to_contain_text("1 task an earlier version")


class TestTroubles:
    @pytest.mark.parametrize("letter", ["dead letter", "failure of the recovery"])
    def test_a_message_in_a_queue_is_said_first_and_leads_to_it(
        self, open_page: Open, calm: tuple[Running, Served], letter: str
    ) -> None:
        running, console = calm
        url, sqs = queues(running)[letter], running.client("sqs")
        sqs.send_message(QueueUrl=url, MessageBody="{}")
        page = open_page("health", console=console).page
        settled(page)

        expect(verdict(page)).to_contain_text("1 thing needs a look")
        line = verdict(page).get_by_role("button", name=f"1 {letter}", exact=True)
        line.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Queues")).to_be_focused()
        tile = page.get_by_role("region", name="Queues").get_by_role("listitem")
        expect(tile.filter(has_text="about 1")).to_have_count(1)

        sqs.purge_queue(QueueUrl=url)
        page.get_by_role("button", name="Look again at all of it").click()

        expect(verdict(page)).to_have_text("✓All is well")
        expect(tile.filter(has_text="none")).to_have_count(2)

    def test_the_oldest_open_tasks_are_there_and_what_should_have_moved_is_marked(
        self, open_page: Open, quiet: tuple[Running, Served], own: Tenant
    ) -> None:
        own.seed(
            [
                left_open("Forgotten", Status.PENDING, since=timedelta(days=3)),
                left_open("Stuck", Status.RUNNING),
                left_open("New", Status.PENDING, since=timedelta(minutes=1)),
            ]
        )
        id = own.trigger("waitLong", {}, name="Waits")
        own.until(lambda: own.record(id)["iterations"] == 1)
        page = open_page(own.view("health"), console=quiet[1]).page
        region = page.get_by_role("region", name="Oldest open tasks")

        rows = region.get_by_role("listitem")
        expect(rows).to_have_text(
            [
                re.compile(r"^Forgotten.*3 d ago.*nothing holds it"),
                re.compile(r"^New.*1 m ago.*at work"),
                re.compile(r"^Stuck.*2 h ago.*nothing holds it"),
                re.compile(r"^Waits.*waits, goes on in \d+ (h|d|m)"),
                re.compile(r"^Forgotten"),
                re.compile(r"^Stuck"),
            ]
        )
        expect(verdict(page)).to_contain_text("2 open tasks should have moved by now")
        rows.get_by_role("link").first.click()
        expect(page.get_by_role("heading", name="Forgotten")).to_be_visible()

    def test_tasks_that_were_ended_are_counted_by_their_codes_and_lead_to_them(
        self, open_page: Open, quiet: tuple[Running, Served], own: Tenant
    ) -> None:
        own.seed(
            [
                ended("WORKER_OUT_OF_MEMORY"),
                ended("WORKER_OUT_OF_MEMORY"),
                ended("NEVER_CLAIMED"),
                ended("TASK_TIMEOUT", since=timedelta(days=3)),
                ended("NO_ADDRESS"),
            ]
        )
        page = open_page(own.view("health"), console=quiet[1]).page
        region = page.get_by_role("region", name="Tasks ended from outside")

        expect(region.get_by_role("listitem")).to_have_text(
            [
                re.compile("^1 *NEVER_CLAIMED its event was sent again"),
                re.compile("^2 *WORKER_OUT_OF_MEMORY the worker ran out of memory"),
            ]
        )
        expect(verdict(page)).to_contain_text("3 tasks ended from outside")
        region.get_by_label("In the last").select_option("7 days")
        expect(region.get_by_role("link", name="1 with TASK_TIMEOUT")).to_be_visible()
        assert "period=7d" in page.url

        region.get_by_role("link", name="2 with WORKER_OUT_OF_MEMORY").click()

        expect(page.get_by_role("rowheader")).to_have_count(2)
        expect(page.get_by_label("Error code")).to_have_value("WORKER_OUT_OF_MEMORY")

    def test_the_failures_of_the_day_are_there_by_definition(
        self, open_page: Open, quiet: tuple[Running, Served], own: Tenant
    ) -> None:
        for kg in (5, 50, 500):
            own.trigger("weighParcel", {"kg": kg})
        own.trigger("shipOrder", {"order": 1})
        own.until(lambda: len(own.tasks(taskStatus_in=["failed", "success"])) == 4)
        page = open_page(own.view("health"), console=quiet[1]).page
        region = page.get_by_role("region", name="Failures of the last day")

        expect(region.get_by_role("link", name="3 failed tasks")).to_be_visible()
        expect(region).to_contain_text("of 2 definitions")
        expect(region.get_by_role("listitem")).to_have_text(
            [re.compile("^Weigh parcel2 · 67%"), re.compile("^Ship an order1 · 100%")]
        )
        region.get_by_role("link", name="Weigh parcel").click()
        expect(page.get_by_role("rowheader")).to_have_count(2)


class TestTheDoctor:
    def test_its_findings_come_one_by_one_and_the_worst_are_first_at_the_end(
        self, open_page: Open, calm: tuple[Running, Served]
    ) -> None:
        running, console = calm
        url = queues(running)["failure of the recovery"]
        running.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
        with paused_schedule(running):
            page = open_page("health", console=console).page
            settled(page)
            page.evaluate(WATCH)
            again = page.get_by_role("region", name="What the doctor says").get_by_role("button")
            again.focus()
            page.keyboard.press("Enter")
            expect(page.get_by_text(re.compile(r"^\d+ findings$"))).to_be_visible()
            settled(page)

            heard = dict.fromkeys(page.evaluate("() => window.heard"))
            coming = [
                each for each in heard if re.fullmatch(r"Looking: \d+ findings? so far …", each)
            ]
            assert len(coming) > 2, heard
            count = findings(page).count()
            assert list(heard)[-1] == f"{count} findings"
            order = states(page)
            worst = ["failed", "warning", "not known", "ok", "not here"]
            assert order == sorted(order, key=worst.index)
            assert {"failed", "warning", "ok"} <= {*order}
            expect(findings(page).filter(has_text="is paused")).to_contain_text("Next: resume it")
            expect(verdict(page)).to_contain_text("schedules: a warning")

    def test_who_may_only_call_the_api_is_told_what_else_is_needed(
        self, open_page: Open, quiet: tuple[Running, Served], tmp_path: Any
    ) -> None:
        running, _ = quiet
        with served(as_caller(running, "reader"), tmp_path) as console:
            page = open_page("health", console=console).page
            settled(page)

            expect(verdict(page)).to_contain_text("Nothing is wrong with what could be looked at")
            queue = page.get_by_role("region", name="Queues")
            expect(queue).to_contain_text("they need sqs:GetQueueUrl and sqs:GetQueueAttributes")
            versions = page.get_by_role("region", name="Versions deployed")
            expect(versions).to_contain_text("they need lambda:GetFunctionConfiguration")
            expect(findings(page).first).to_contain_text("not known")
            expect(page.get_by_role("region", name="Oldest open tasks")).to_contain_text(
                "open task"
            )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_read_what_is_wrong(
    open_page: Open, calm: tuple[Running, Served], own: Tenant, scheme: str, width: int
) -> None:
    running, console = calm
    running.client("sqs").send_message(QueueUrl=queues(running)["dead letter"], MessageBody="{}")
    own.seed([left_open("x" * 200, Status.PENDING), ended("NEVER_CLAIMED")])
    viewport = {"width": width, "height": 900}
    seen = open_page(own.view("health"), console=console, viewport=viewport, color_scheme=scheme)
    settled(seen.page)
    expect(verdict(seen.page)).to_contain_text("1 dead letter")

    seen.check_accessible()
    assert seen.sideways() == []
