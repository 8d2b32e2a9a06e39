"""The guide for those who write tasks: its code runs as it stands."""

import importlib
import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

import boto3
import pytest
from moto import mock_aws
from pydantic import BaseModel

import handler
from handler import Aborted, Context, Definition, Done, TaskRecord, contract, task
from handler.definition.definition import DEFAULT_MAX_ITERATIONS, code_of
from handler.definition.discovery import discover
from handler.definition.registry import Registry
from handler.errors import DefinitionError
from handler.record.model import Json
from handler.table.conditions import Guard
from handler.testing import World, abort, kill, run
from tests.docs.guide import DOCS, anchors_of, files_of, laid_out, links_of, loaded


@dataclass
class Point:
    x: int


class Place(TypedDict):
    x: int


GUIDE = (DOCS / "writing-tasks.md").read_text()
FILES = files_of(GUIDE)
TESTS = {file: code for file, code in FILES.items() if file.startswith("tests/")}

EXAMPLES = [path.read_text() for path in (DOCS / "examples").glob("*.py")]

# Every task of the guide: its input, and what it hands over.
RUNS: dict[str, tuple[Json, Json | None]] = {
    "sayHello": ({}, None),
    "countFiles": ({"bucket": "photos"}, {"files": 0}),
    "countDown": ({"left": 2}, {"iterations": 3}),
    "sendReminder": ({"at": "2030-01-01T12:00:00Z"}, None),
    "openAccount": ({"email": "ann@example.com", "account_id": "a1"}, {"account_id": "a1"}),
    "sumUp": ({"numbers": 5}, {"sum": 10}),
    "sendLetters": ({"letters": 3, "a_day": 2}, None),
    "findKey": ({"pockets": ["coin", "key", "coin", "key", "key"]}, {"looked_at": 4}),
    "auditPages": ({"pages": 120}, {"audited": 120, "broken": 1}),
    "auditPage": ({"page": 1}, None),
    "copyRows": ({"rows": 5}, {"rows": 5}),
    "shrinkPhotos": ({"bucket": "photos"}, {"bytes": 0}),
    "fillTable": ({"table": "points", "customers": ["ann", "bob"]}, {"customers": 2}),
    "cleanUp": ({}, None),
    "checkLinks": (
        {"links": ["https://example.com", "ftp://example.com"]},
        {"broken": ["ftp://example.com"]},
    ),
    "checkPages": (
        {"pages": ["https://example.com", "ftp://example.com"]},
        {"broken": ["ftp://example.com"]},
    ),
    "warmUp": ({"target": 21}, {"degrees": 21}),
    "greetEveryone": ({"names": ["Ann"]}, {"greetings": ["Hello, Ann!"]}),
    "greetOne": ({"name": "Ann"}, {"greeting": "Hello, Ann!"}),
    "publishPage": (
        {"page": "home", "editor": "ann@example.com"},
        {"approved_on": "2030-01-01T00:00:00Z"},
    ),
    "shipOrder": ({}, {"paid": "12.50"}),
    "cutFilm": ({}, {"machine": 1}),
    "fetchRates": ({}, {"EUR": 1.0}),
    "renderFilm": ({}, {"frames": 100}),
    "readSheet": ({}, {"rows": 10}),
    "addPoints": ({"table": "points", "customer": "ann", "points": 5}, None),
    "awaitPayment": ({"order": "4700"}, None),
    "makeReport": ({"year": 2024}, {"pages": 1}),
    "pingShop": ({}, {"status": 200}),
    "importPrices": ({"decimal_comma": True}, {"lines": 3}),
}

# What is sent to those that wait for it: its name, and its data.
SIGNALS: dict[str, tuple[str, Json | None]] = {
    "publishPage": ("approved", None),
    "shipOrder": ("paid", {"amount": "12.50"}),
    "cutFilm": ("cut-1", None),
}


@pytest.fixture(scope="module", autouse=True)
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The guide's files in a folder of their own; those of `definitions/` can be imported beside
    the project's.
    """
    folder = tmp_path_factory.mktemp("guide")
    with (
        laid_out(folder, FILES, others=("shop", "guide.")),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.syspath_prepend(folder)
        yield folder


@pytest.fixture
def registry() -> Registry:
    return discover()


@pytest.fixture
def account() -> Iterator[None]:
    """The table and the bucket that two of the tasks use."""
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="photos")
        boto3.client("dynamodb").create_table(
            TableName="points",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "customer", "AttributeType": "S"}],
        )
        yield


def names_of_tests(code: str) -> list[str]:
    return [
        line.removeprefix("def ").partition("(")[0]
        for line in code.splitlines()
        if line.startswith("def test_")
    ]


def test_the_guide_has_tests_to_run() -> None:
    assert sum(len(names_of_tests(code)) for code in TESTS.values()) > 10


@pytest.mark.parametrize(
    ("file", "name"),
    [(file, name) for file, code in TESTS.items() for name in names_of_tests(code)],
)
def test_each_test_in_the_guide_passes(project: Path, file: str, name: str) -> None:
    test: Callable[[], None] = getattr(loaded(project / file), name)
    test()


@pytest.mark.parametrize("id", RUNS)
@pytest.mark.usefixtures("account")
def test_each_task_in_the_guide_does_what_it_says(registry: Registry, id: str) -> None:
    input, output = RUNS[id]
    with World.of(*registry) as world:
        world.start(registry.get(id), input)
        if id in SIGNALS:
            world.tasks.signal(world.task_id, *SIGNALS[id])
        world.finish()
        record = world.result().record
        assert (record.status, record.output) == ("success", output)


def test_every_task_in_the_guide_is_run(registry: Registry, project: Path) -> None:
    in_the_guide = {
        definition.id
        for definition in registry
        if code_of(definition).file.startswith(str(project))
    }
    assert in_the_guide == set(RUNS)


@pytest.mark.slow
def test_ten_thousand_pages_are_audited_in_two_iterations(registry: Registry) -> None:
    with World.of(*registry, max_steps=20_000) as world:
        world.start(registry.get("auditPages"), {"pages": 10_000})
        world.finish()
        record = world.result().record

    assert record.output == {"audited": 10_000, "broken": 100}
    assert record.iterations == 2


@pytest.mark.usefixtures("account")
def test_points_are_added_once_wherever_the_worker_dies(registry: Registry) -> None:
    input, _ = RUNS["addPoints"]
    run(registry.get("addPoints"), input, before={2: kill})
    item = boto3.client("dynamodb").get_item(TableName="points", Key={"customer": {"S": "ann"}})[
        "Item"
    ]
    assert item["points"] == {"N": "5"}


def test_an_account_is_opened_once_wherever_the_worker_dies(registry: Registry) -> None:
    definition = registry.get("openAccount")
    calls = len(run(definition, {"email": "ann@example.com"}).calls)
    accounts: dict[str, str] = vars(importlib.import_module("definitions.open_account"))["accounts"]
    for call in range(1, calls + 1):
        accounts.clear()
        result = run(definition, {"email": "ann@example.com"}, before={call: kill})
        assert result.record.output == {"account_id": next(iter(accounts))}
        assert len(accounts) == 1


@pytest.mark.slow
def test_every_photo_is_shrunk_wherever_the_worker_dies(registry: Registry) -> None:
    names = [f"{number:02}.jpg" for number in range(20)]

    def shrunk(**options: Any) -> tuple[object, list[str], int]:
        with mock_aws():
            s3 = boto3.client("s3")
            s3.create_bucket(Bucket="photos")
            for name in names:
                s3.put_object(Bucket="photos", Key=f"large/{name}", Body=b"0123456789")
            result = run(registry.get("shrinkPhotos"), {"bucket": "photos"}, **options)
            listing = s3.list_objects_v2(Bucket="photos", Prefix="small/")["Contents"]
            return result.record.output, [photo["Key"] for photo in listing], len(result.calls)

    output, keys, calls = shrunk()
    assert output == {"bytes": 100}
    assert keys == [f"small/{name}" for name in names]
    for call in range(1, calls + 1):
        assert shrunk(before={call: kill})[:2] == (output, keys)


@pytest.mark.usefixtures("account")
def test_a_table_is_filled_25_customers_a_request(registry: Registry) -> None:
    customers = [f"customer {number}" for number in range(60)]

    run(registry.get("fillTable"), {"table": "points", "customers": customers})

    assert boto3.client("dynamodb").scan(TableName="points")["Count"] == 60


def test_the_connection_is_closed_however_the_loop_ends(registry: Registry) -> None:
    connection = vars(importlib.import_module("definitions.copy_rows"))["Connection"]
    for options in ({}, {"before": {3: abort}}, {"after": {2: kill}}):
        connection.copied.clear()
        run(registry.get("copyRows"), {"rows": 5}, **options)
        assert connection.copied
        assert not connection.is_open


class Cursor(BaseModel):
    cursor: int = 0


def numbers(input: Cursor) -> Iterator[tuple[int, int]]:
    for number in range(input.cursor, 10):
        yield number + 1, number


@task()
def lists(context: Context, input: Cursor) -> Done:
    return Done(output={"numbers": list(context.each(numbers(input), input))})


@task()
def zips(context: Context, input: Cursor) -> Done:
    for _ in zip(context.each(numbers(input), input), "abc", strict=False):
        pass
    return Done()


@task()
def counts(context: Context, input: Cursor) -> Done:
    for _ in enumerate(context.each(numbers(input), input)):
        pass
    return Done()


@task()
def comprehends(context: Context, input: Cursor) -> Done:
    return Done(output={"numbers": [item for item in context.each(numbers(input), input)]})  # noqa: C416


@task()
def slices(context: Context, input: Cursor) -> Done:
    for _ in itertools.islice(context.each(numbers(input), input), 3):
        pass
    return Done()


@task()
def yields(context: Context, input: Cursor) -> Done:
    def items() -> Iterator[int]:
        for number in context.each(numbers(input), input):  # noqa: UP028  what is refused
            yield number

    return Done(output={"numbers": list(items())})


@task()
def pools(context: Context, input: Cursor) -> Done:
    with ThreadPoolExecutor(2) as pool:
        return Done(output={"numbers": list(pool.map(abs, context.each(numbers(input), input)))})


@pytest.mark.parametrize(
    "definition",
    [lists, zips, counts, comprehends, slices, yields, pools],
    ids=lambda definition: definition.id,
)
def test_what_the_guide_calls_refused_is_refused(definition: Definition) -> None:
    result = run(definition)

    assert result.record.has_failed
    assert "batch=25" in str(result.record.output)


def test_a_zone_becomes_its_offset_and_an_output_is_json() -> None:
    class Meeting(BaseModel):
        at: datetime

    @task()
    def meet(context: Context, input: Meeting) -> Done:
        assert not isinstance(input.at.tzinfo, ZoneInfo)
        return Done(output={"at": input.at, "price": Decimal("1.10"), "rooms": {2, 1}})

    at = datetime(2030, 7, 1, 3, tzinfo=ZoneInfo("Europe/Berlin"))
    record = run(meet, input={"at": at}).record

    stored = {"at": "2030-07-01T03:00:00+02:00"}
    assert record.input == stored
    assert record.output == {**stored, "price": "1.10", "rooms": [1, 2]}


@pytest.mark.parametrize("annotation", [Point, Place, Point | BaseModel])
def test_an_input_that_is_neither_a_model_nor_a_dict_is_refused(annotation: object) -> None:
    def visit(context: Context, input: Any) -> Done:
        return Done()

    visit.__annotations__["input"] = annotation

    with pytest.raises(DefinitionError, match="annotate it with a model, or with dict"):
        task(id="visit")(visit)


def test_a_task_that_returns_aborted_takes_its_children_along(registry: Registry) -> None:
    @task()
    def gives_up(context: Context) -> Aborted:
        context.trigger("greetOne", input={"name": "Ann"}, delay=60)
        return Aborted()

    result = run(gives_up, children=[registry.get("greetOne")])

    assert result.record.was_aborted
    assert [child.status for child in result.children] == ["aborted"]


def test_a_failed_child_makes_the_parent_say_whose(registry: Registry) -> None:
    result = run(
        registry.get("greetEveryone"),
        {"names": ["Ann", "Voldemort"]},
        children=[registry.get("greetOne")],
    )
    assert result.answers[-1]["error"] == {
        "message": "1 of 2 could not be greeted.",
        "code": "UNGREETED",
        "data": {"names": ["Voldemort"]},
    }


def test_below_zero_nothing_is_counted(registry: Registry) -> None:
    result = run(registry.get("countDown"), {"left": -1})
    assert result.record.status == "failed"
    assert result.answers[-1]["error"] == {
        "message": "Can't count down from -1.",
        "code": "BELOW_ZERO",
        "data": {"left": -1},
    }


def test_the_retries_in_the_guide_wait_longer_each_time(registry: Registry) -> None:
    first, second = run(registry.get("fetchRates")).waits
    assert 15 <= first <= 30 <= second <= 60


def test_the_hooks_in_the_guide_do_what_it_says(registry: Registry) -> None:
    with World.of(registry.get("makeReport"), registry.get("sayHello")) as world:
        report = world.start(registry.get("makeReport"), {"year": 2024})
        world.finish()
        assert [
            task.name for task in world.tasks.list(newest_first=False).items if task.id != report.id
        ] == ["Report of 2024 is ready"]
        with pytest.raises(ValueError, match="the first is of 2000"):
            world.start(registry.get("makeReport"), {"year": 1999})


def test_a_hook_that_raises_is_logged_and_changes_nothing(registry: Registry) -> None:
    result = run(registry.get("makeReport"), {"year": 2024}, before={1: spoil_the_input})
    assert result.record.status == "failed"
    assert f'Error executing on_error hook for task "{result.record.id}".' in result.messages


def spoil_the_input(world: World) -> None:
    """As older code may have left it: the task doesn't take it any more."""
    record = world.store.get(world.task_id)
    spoilt = record.checkpointed(now=world.clock.now(), input={"year": "last"})
    world.store.save(spoilt, before=record, guard=Guard())


def test_the_guide_names_the_limits_as_they_are() -> None:
    limits = " ".join(GUIDE.partition("## Limits\n")[2].partition("\n## ")[0].split())
    assert f"An iteration has {contract.WORKER_TIMEOUT_SECONDS // 60} minutes" in limits
    assert f"a wait {contract.MAX_WAIT_SECONDS // contract.DAY_SECONDS} days" in limits
    assert f"an input and an output {contract.MAX_INPUT_BYTES // 1024**2} MiB each" in limits
    assert contract.MAX_INPUT_BYTES == contract.MAX_OUTPUT_BYTES
    assert f"| `max_iterations` | {DEFAULT_MAX_ITERATIONS} |" in GUIDE


def test_the_guide_names_every_member_of_the_context() -> None:
    table = GUIDE.partition("## Everything on the context")[2]
    members = {name for name in dir(Context) if not name.startswith("_")} | {"log", "definition"}
    assert {name for name in members if not re.search(rf"`{name}\b", table)} == set()


def test_the_guide_names_everything_that_the_door_has() -> None:
    table = GUIDE.partition("| for | names |")[2].partition("`Seconds` is")[0]
    names = re.findall(r"`(\w+)`", table)
    assert sorted(names) == sorted(handler.__all__)


def test_the_guide_names_every_argument_of_a_loop_and_of_task() -> None:
    loop = GUIDE.partition("| `total` |")[1:]
    arguments = set(inspect.signature(Context.each).parameters) - {"self", "source", "input"}
    assert {name for name in arguments if f"`{name}`" not in "".join(loop)} == set()
    options = GUIDE.partition("## Options")[2].partition("## Limits")[0]
    assert {name for name in inspect.signature(task).parameters if f"`{name}`" not in options} == (
        set()
    )


def test_the_guide_names_every_field_of_a_record() -> None:
    table = GUIDE.partition("| on a record | |")[2].partition("\n\n")[0]
    fields = {name for name in dir(TaskRecord) if name.startswith(("is_", "has_", "was_"))}
    fields |= set(TaskRecord.model_fields)
    assert set(re.findall(r"`(\w+)`", table)) - {"datetime", "Status", "None"} == fields


def test_every_link_in_the_guide_leads_somewhere() -> None:
    for target in links_of(GUIDE):
        file, _, anchor = target.partition("#")
        assert (DOCS / file).exists(), target
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else GUIDE)


def test_no_task_takes_the_name_of_a_resource_without_a_list() -> None:
    code = "\n".join([*FILES.values(), *EXAMPLES])

    assert not re.search(r"^    (bucket|table|queue|url|query|location): str\b", code, re.MULTILINE)


def test_the_guide_names_every_example() -> None:
    for example in (DOCS / "examples").glob("*.py"):
        assert f"(examples/{example.name})" in GUIDE
