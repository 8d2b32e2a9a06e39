"""The guide of the client: its code runs against the real API."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from handler import Context, Done, Failed, Verdict, task
from handler.client import Client
from handler.client.verbs import VERBS
from tests.docs.guide import DOCS, anchors_of, files_of, links_of, loaded
from tests.handler.client.conftest import Server, serving
from tests.handler.stack import Stack, WatchedClock

GUIDE = (DOCS / "client.md").read_text()


@task(id="makeReport")
def make_report(context: Context, input: dict[str, int]) -> Verdict:
    if input["year"] < 2000:
        return Failed("None before 2000.", code="TOO_EARLY", data=input)
    return Done(output={"pages": 7})


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Stack.inside_moto() as stack:
        yield stack


@pytest.fixture
def server(stack: Stack) -> Iterator[Server]:
    with serving(stack) as server:
        stack.definitions = (*stack.definitions, make_report)
        yield server


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, ModuleType]:
    """The guide's files."""
    for file, code in files_of(GUIDE).items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)
    return {path.stem: loaded(path) for path in (tmp_path / "shop").iterdir()}


def waiting(stack: Stack, server: Server, *, runs: bool = True) -> Client:
    """A client, while whose first pause the task is run."""
    watch = WatchedClock()

    def run(_: int) -> None:
        for record in stack.tasks.list().items:
            if runs and record.is_open:
                stack.run(record)

    watch.at_sleep = run
    return Client(server.url, "token", clock=watch)


def test_a_report_is_waited_for(
    modules: dict[str, ModuleType], stack: Stack, server: Server
) -> None:
    report_of = modules["reports"].report_of

    assert report_of(waiting(stack, server), 2024) == "7 pages"
    assert report_of(waiting(stack, server), 1999) == "TOO_EARLY: {'year': 1999}"
    assert "still pending after 600 s" in report_of(waiting(stack, server, runs=False), 2024)


def test_a_task_is_given_up(modules: dict[str, ModuleType], server: Server) -> None:
    client = Client(server.url, "token")
    id = client.trigger("makeReport", {"year": 2024}).id

    assert modules["reports"].give_up(client, id) == ["Nobody waits for it any more."]


def test_each_way_to_a_client_leads_to_one(modules: dict[str, ModuleType], server: Server) -> None:
    clients = modules["clients"]
    outputs = json.dumps({"apiUrl": server.url})

    made: list[Any] = [
        clients.of_the_stack(outputs),
        clients.of_an_own_domain(server.url),
        clients.of_a_person(server.url, "token"),
    ]

    assert {client.url for client in made} == {server.url}
    assert made[-1].trigger("testingRun").tenant == "acme"


def test_the_table_of_methods_has_each_with_its_arguments() -> None:
    methods = {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(Client, inspect.isfunction)
        if not name.startswith("_")
    }

    for name, signature in methods.items():
        arguments = [str(parameter.name) for parameter in signature.parameters.values()][1:]
        row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{name}("))
        shown = row.partition("`")[2].partition(")")[0]
        assert [
            word.strip(" *") for word in shown.partition("(")[2].split(",") if word.strip(" *")
        ] == (arguments)
    assert set(VERBS) - {"input", "output"} <= set(methods)


def test_its_links_lead_somewhere() -> None:
    for link in links_of(GUIDE):
        path, _, anchor = link.partition("#")
        target = DOCS / path if path else DOCS / "client.md"
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target.read_text()), link
