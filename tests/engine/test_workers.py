"""Workers beside the default one, on the real engine: deployed, changed, and taken away."""

from typing import Any, Final

import pytest

from tests.engine.setups import SMALL, stack
from tests.engine.stack import Engine, Stack

FUNCTION: Final = "aws:lambda/function:Function"
MACHINE: Final = "aws:sfn/stateMachine:StateMachine"
FILM: Final = """
from handler import Context, Done, Retry, task

@task(worker="large", retry=Retry(on_out_of_memory="huge"))
def cut_film(context: Context) -> Done:
    return Done()
"""


@pytest.fixture
def dev(engine: Engine) -> Stack:
    """A stack with a task that names two workers, which its config doesn't have yet."""
    new = stack(engine, "dev", SMALL)
    (new.folder / "definitions" / "cut_film.py").write_text(FILM)
    return new


def with_workers(stack: Stack) -> Stack:
    """Sets them as the guide does."""
    stack.set("workers.large.memoryMb", 4096, "--path")
    stack.set("workers.large.ephemeralStorageMb", 2048, "--path")
    return stack.set("workers.huge.memoryMb", 10_240, "--path")


def made(stack: Stack, kind: str, name: str) -> dict[str, Any]:
    [inputs] = [
        each["inputs"]
        for each in stack.export()
        if each["type"] == kind and each["urn"].endswith(f"::background-tasks-{name}")
    ]
    found: dict[str, Any] = inputs
    return found


def test_a_definition_that_names_a_worker_which_is_not_there_stops_the_preview(dev: Stack) -> None:
    refused = dev.preview().must_fail()

    assert 'task "cutFilm" has worker="large", and the stack has no such worker' in refused.output
    assert "pulumi config set --path 'background-tasks:workers.large.memoryMb'" in refused.output


def test_workers_are_set_by_their_paths_deployed_and_taken_away(dev: Stack) -> None:
    with_workers(dev).preview().must()
    dev.up().must()

    large = made(dev, FUNCTION, "worker-large")
    assert (large["memorySize"], large["ephemeralStorage"]["size"]) == (4096, 2048)
    assert made(dev, FUNCTION, "worker-huge")["memorySize"] == 10_240
    assert "worker-large:live" in made(dev, MACHINE, "state-machine")["definition"]
    assert dev.up("--expect-no-changes").must().changes == {}

    (dev.folder / "definitions" / "cut_film.py").unlink()
    dev.write({"background-tasks:workers": {}})
    gone = dev.up().must()

    assert len([each for each in gone.changes["delete"] if each.startswith(FUNCTION)]) == 2
    assert "large" not in made(dev, MACHINE, "state-machine")["definition"]
