"""What a start of the worker and one of its iterations cost, in counts.

A time depends on the machine, and on what else it does: `make measure` has those. A count that
grows is no failure of the code. See what has come in, and whether it is worth it: then raise it.
"""

import cProfile
import dataclasses
import functools
import pstats
import sys
from collections.abc import Callable
from typing import Any

import pytest

from handler import Context, Continue, Definition, Done, task
from handler.clock import to_iso
from handler.contract import ENDPOINT, PAYLOAD_NAME, WireKey
from handler.testing import World
from handler.wiring import build
from tests.handler.test_door import run_python

# Those that come along with botocore and pydantic are among them.
ALLOWED_PACKAGES = {
    "annotated_types",
    "botocore",
    "certifi",
    "dateutil",
    "definitions",
    "handler",
    "jmespath",
    "pydantic",
    "pydantic_core",
    "six",
    "typing_extensions",
    "typing_inspection",
    "urllib3",
}
UNUSED = [
    "asyncio",
    "difflib",
    "handler.definition.cron",
    "handler.definition.input_schema",
    "handler.graphql",
    "handler.recovery",
    "handler.testing",
    "pydantic.root_model",
    "statistics",
    "unittest",
]
MOST_MODULES = {"handler": 140, "pydantic": 49, "botocore": 80}
MOST_CALLS = {True: 700, False: 950}  # by whether it goes on in place
ITERATIONS = 10


@functools.cache
def imported() -> frozenset[str]:
    """What a process of the worker has imported when its start is over."""
    variables = {"TABLE_NAME": "t", "EVENT_BUS_NAME": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    result = run_python("import sys, handler.worker; print(*sys.modules)", **variables)
    assert result.returncode == 0, result.stderr
    return frozenset(result.stdout.split())


def test_the_worker_imports_no_package_but_those_that_an_iteration_needs() -> None:
    packages = {name.partition(".")[0] for name in imported()}

    foreign = {
        name
        for name in packages - sys.stdlib_module_names
        if not name.startswith(("_", "sitecustomize", "usercustomize"))
    }

    assert foreign <= ALLOWED_PACKAGES


@pytest.mark.parametrize("module", UNUSED)
def test_the_worker_does_not_import_what_an_ordinary_iteration_leaves_alone(module: str) -> None:
    assert module not in imported()


@pytest.mark.parametrize("package", sorted(MOST_MODULES))
def test_the_worker_imports_few_modules_of_a_package(package: str) -> None:
    modules = {name for name in imported() if name.partition(".")[0] == package}

    assert len(modules) <= MOST_MODULES[package]


def counting(*, in_place: bool) -> Definition:
    @task(id="counting", in_place=in_place)
    def counting(context: Context, input: dict[str, int]) -> Continue | Done:
        """Logs a line and goes on, as an ordinary iteration does."""
        context.log.info("A page was written.", page=input["page"])
        return Done() if input["page"] == ITERATIONS else Continue({"page": input["page"] + 1})

    return counting


@pytest.mark.parametrize("in_place", [True, False], ids=["in place", "in visits"])
def test_an_ordinary_iteration_makes_few_calls_of_functions(in_place: bool) -> None:
    calls_of(in_place=in_place)  # what a process makes once, it has then

    calls = calls_of(in_place=in_place)

    assert calls / ITERATIONS <= MOST_CALLS[in_place], calls / ITERATIONS


def calls_of(*, in_place: bool) -> int:
    """How many functions the runner calls for the iterations of a task."""
    profile = cProfile.Profile()
    definition = counting(in_place=in_place)
    with World.of(definition) as world:
        world.start(definition, {"page": 1})
        run = runner_of(world, profile)

        answers = [run("visit-1")]
        while answers[-1] == "continue":
            answers.append(run(f"visit-{len(answers) + 1}"))

    assert len(answers) == (1 if in_place else ITERATIONS)
    calls: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return calls


def runner_of(world: World, profile: cProfile.Profile) -> Callable[[str], Any]:
    """Runs a visit of the world's task. The profile has its calls, but not those of AWS."""
    parts = world.parts(worker=True)
    clients = parts.clients
    mine = dataclasses.replace(parts, clients=lambda name: Unprofiled(clients(name), profile))
    runner = build(mine, remaining=world.remaining).runner
    payload = world.detail | {
        WireKey.ENDPOINT.value: ENDPOINT,
        WireKey.EXECUTION_NAME.value: "execution-1",
        WireKey.STATE_MACHINE_ID.value: "tasks",
        WireKey.EXECUTION_STARTED_ON.value: to_iso(world.clock.now()),
    }

    def run(visit: str) -> object:
        event = {"name": PAYLOAD_NAME, "payload": payload | {WireKey.VISIT.value: visit}}
        profile.enable()
        try:
            return runner.run(event)["status"]
        finally:
            profile.disable()

    return run


class Unprofiled:
    """A client whose calls a profile does not see."""

    def __init__(self, client: Any, profile: cProfile.Profile) -> None:
        self._client = client
        self._profile = profile

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: object) -> Any:
            self._profile.disable()
            try:
                return getattr(self._client, operation)(**request)
            finally:
                self._profile.enable()

        return call
