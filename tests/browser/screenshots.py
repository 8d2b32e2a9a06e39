"""Takes the pictures of the guides: `python -m tests.browser.screenshots`.

The stack has the same tasks each time, but for their moments and their ids.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from handler.clock import SystemClock
from handler.contract import Status
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from tests.browser import setup
from tests.browser.callers import CONFIG
from tests.browser.conftest import DEFINITIONS
from tests.browser.seeding import a_task, seed, some_tasks
from tests.browser.serving import served
from tests.browser.watching import running_browser, watched
from tests.clients.setup import Missing
from tests.running import Running
from tests.starting import ROOT, started

FOLDER: Final = ROOT / "docs" / "images"
# Those that look like somebody's own; the others are there for what may be in a text.
_SHOWN: Final = (
    "close_month",
    "import_orders",
    "print_labels",
    "ship_order",
    "take_stock",
    "weigh_parcel",
)
# What the tasks of each are called.
_NAMES: Final = {
    "importOrders": "Orders of shop {number}",
    "shipOrder": "Order {number}",
    "weighParcel": "Parcel {number}",
}
_SEEDED: Final = 400
_MINUTES: Final = 2.5  # between two of them
_SETTLE_MS: Final = 1_500
_HEIGHT: Final = 800
_RUNS_SECONDS: Final = 100.0
_FOUND: Final = """query($id: ID!) { backgroundTasks {
    getTask(id: $id) { data { waitingFor progress } }
} }"""
_SIGNAL: Final = """mutation($id: ID!) { backgroundTasks {
    signalTask(id: $id, name: "approved", data: { by: "Ann" }) { error { message } }
} }"""


class Picture(NamedTuple):
    """What a picture is of.

    Args:
        name: of its file, without `console-` and its colours.
        view: of the page; `{task}` is the id of a task that runs.
        schemes: the colours; there is a picture of each.
        fill: what is typed into fields, by their labels.
    """

    name: str
    view: str
    width: int = 1_280
    height: int = _HEIGHT
    schemes: tuple[str, ...] = ("light", "dark")
    fill: tuple[tuple[str, str], ...] = ()


PICTURES: Final = (
    Picture("tasks", "tasks", height=840),
    Picture("tasks-narrow", "tasks", width=390, schemes=("light",)),
    Picture("task", "tasks/{task}", height=740),
    Picture(
        "trigger",
        "trigger/importOrders",
        height=850,
        fill=(("Source", "s3://shop/orders.csv"), ("Count", "250")),
    ),
    Picture("definitions", "definitions", height=1_070),
    Picture("health", "health"),
)


def history() -> Iterator[StoredTask]:
    """Tasks of the last day: all over but for those of the last minutes."""
    soon = timedelta(minutes=10)
    now = SystemClock().now()
    for number, task in enumerate(some_tasks(_SEEDED, minutes=_MINUTES)):
        definition = list(_NAMES)[number % len(_NAMES)]
        changes: dict[str, Any] = {
            "definition_id": definition,
            "name": _NAMES[definition].format(number=4_711 - number),
        }
        if task.status.is_open and (definition != "importOrders" or now - task.created_on > soon):
            changes |= {
                "status": Status.SUCCESS,
                "progress": None,
                "due_on": None,
                "finished_on": task.created_on + timedelta(seconds=20),
            }
        elif task.finished_on and task.finished_on > now:
            changes["finished_on"] = task.created_on + timedelta(seconds=3)
        yield task.model_copy(update=changes)


def ended(code: str, name: str) -> StoredTask:
    """A task that was ended from outside."""
    failure = TaskFailure(message="The worker ran out of memory.", code=code)
    output = {"error": failure.to_wire()}
    changes = {"status": Status.FAILED, "error_code": code, "output": output}
    created = SystemClock().now() - timedelta(hours=3)
    moments = {"created_on": created, "finished_on": created + timedelta(minutes=4)}
    return a_task(name=name, definition_id="importOrders", **changes, **moments)


def prepare(running: Running) -> dict[str, str]:
    """Gives the stack something to look at; returns the ids that the views name."""
    seed(running, [*history(), ended("WORKER_OUT_OF_MEMORY", "Orders of the year")])
    letters = str(running.deployed.outputs["deadLetterQueueUrl"])
    running.client("sqs").send_message(QueueUrl=letters, MessageBody="{}")
    # What runs is long enough to be seen running in each picture.
    shops = {"shops": ["Berlin", "London", "Madrid"], "closed": ["Madrid"]}
    month = {"month": "2026-10", "seconds": _RUNS_SECONDS / 400, **shops}
    task = running.trigger("closeMonth", month, name="October")
    running.until(lambda: is_waiting(running, task))
    running.graphql(_SIGNAL, {"id": task})
    for number in range(3):
        hall = {"printer": "hall 1", "seconds": _RUNS_SECONDS}
        running.trigger("printLabels", hall, name=f"Labels of order {4_712 + number}")
    running.until(lambda: has_progress(running, task))
    return {"task": task}


def is_waiting(running: Running, task: str) -> bool:
    """Whether a task waits for a signal."""
    waiting = running.graphql(_FOUND, {"id": task})["getTask"]["data"]["waitingFor"]
    return bool(waiting and waiting.get("signal"))


def has_progress(running: Running, task: str) -> bool:
    """Whether a task says how far it is, and how fast it goes."""
    progress = running.graphql(_FOUND, {"id": task})["getTask"]["data"]["progress"]
    return bool(progress and progress.get("rate"))


def take(
    browser: Any, url_of: Callable[[str], str], picture: Picture, ids: dict[str, str]
) -> Iterator[Path]:
    """Takes a picture in each of its colours, and returns the files."""
    url = url_of(picture.view.format(**ids))
    for scheme in picture.schemes:
        viewport = {"width": picture.width, "height": picture.height}
        options = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
        with watched(browser, url, **options) as seen:
            page = seen.page
            page.locator(".caller").wait_for(state="attached")
            page.wait_for_load_state("networkidle")
            for label, text in picture.fill:
                page.get_by_label(label).fill(text)
            page.wait_for_timeout(_SETTLE_MS)
            path = FOLDER / f"console-{picture.name}-{scheme}.png"
            page.screenshot(path=path, animations="disabled", caret="hide")
        yield path


def main(names: list[str]) -> int:
    """Takes all pictures, or those of these names."""
    try:
        setup.install()
    except Missing as error:
        print(error, file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    definitions = [DEFINITIONS / f"{name}.py" for name in _SHOWN]
    with (
        tempfile.TemporaryDirectory() as folder,
        started(Path(folder), definitions=definitions, config=CONFIG, has_others=False) as running,
    ):
        ids = prepare(running)
        # In the folder of the program, as an operator runs it.
        with served(running.deployed, Path(folder)) as console, running_browser() as browser:
            for picture in wanted:
                for path in take(browser, console.at, picture, ids):
                    size = path.stat().st_size
                    print(f"{path.relative_to(ROOT)}: {size // 1_000} KB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
