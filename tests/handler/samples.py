"""Tasks of every kind, for tests that interrupt them. Each keeps what its code has done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from handler import (
    Aborted,
    Context,
    Continue,
    Definition,
    Done,
    Failed,
    Retry,
    TaskRecord,
    Verdict,
    task,
)
from handler.record.model import Json
from handler.record.stored_task import StoredTask
from handler.testing import Result, World
from handler.testing.world import Action

AT_ONCE = timedelta(0)


@dataclass(kw_only=True)
class Sample:
    """A task, and what it does to the world."""

    definition: Definition
    input: Json = field(default_factory=dict)
    children: Sequence[Definition] = ()
    effects: list[Any] = field(default_factory=list)
    hooks: list[TaskRecord] = field(default_factory=list)
    stored: list[StoredTask] = field(default_factory=list)  # the task and its children, at the end

    def run(
        self, *, before: dict[int, Action] | None = None, after: dict[int, Action] | None = None
    ) -> Result:
        with World.of(self.definition, *self.children, before=before, after=after) as world:
            world.start(self.definition, self.input)
            world.finish()
            result = world.result()
            ids = [result.record.id, *(child.id for child in result.children)]
            self.stored = [world.store.get(id) for id in ids]
        return result

    def remembering_hooks(self) -> "Sample":
        """Its hooks keep the records that they are given."""
        for hook in (self.definition.on_done, self.definition.on_error, self.definition.on_abort):
            hook(self.hooks.append)
        return self


class CountInput(BaseModel):
    """How far to count, and how far the count is."""

    total: int
    cursor: int = 0


class CheckpointInput(BaseModel):
    step: int = 0
    half: bool = False


def cursor_loop(**options: Any) -> Sample:
    """Goes through a source two items an iteration, saving its cursor after each."""
    effects: list[int] = []

    @task(id="countUp", **options)
    def count_up(context: Context, input: CountInput) -> Done:
        source = ((number + 1, number) for number in range(input.cursor, input.total))
        for number in context.each(
            source, input, total=input.total, per_iteration=2, save_every=AT_ONCE
        ):
            effects.append(number)
            context.log.info("Counted.", number=number)
        return Done("Counted.", output={"counted": input.cursor})

    return Sample(definition=count_up, input={"total": 5}, effects=effects).remembering_hooks()


def fan_out() -> Sample:
    """Triggers two children, waits for them, and adds up their outputs."""
    effects: list[int] = []

    @task(id="double")
    def double(context: Context, input: dict[str, int]) -> Done:
        effects.append(input["number"])
        return Done(output={"doubled": 2 * input["number"]})

    @task(id="fanOut")
    def fan_out(context: Context) -> Verdict:
        for number in (1, 2):
            context.trigger(double, input={"number": number})
        return context.wait_for_children(_sum)

    return Sample(definition=fan_out, children=[double], effects=effects).remembering_hooks()


def _sum(children: list[TaskRecord]) -> Verdict:
    return Done(
        output={"sum": sum(int(str((child.output or {})["doubled"])) for child in children)}
    )


def flaky(**options: Any) -> Sample:
    """Succeeds at its third attempt, at the earliest."""
    effects: list[int] = []

    @task(id="flaky", retry=Retry(max_attempts=6, jitter=False, **options))
    def flaky(context: Context) -> Verdict:
        effects.append(context.task.attempts)
        if context.task.attempts == 1:
            raise ConnectionError("It can't be reached.")
        return (
            Failed("It is not ready.")
            if context.task.attempts == 2
            else Done(output={"reached": True})
        )

    return Sample(definition=flaky, effects=effects).remembering_hooks()


def checkpoints() -> Sample:
    """Saves its input and its output on the way, logs, and waits between its iterations."""
    effects: list[str] = []

    @task(id="checkpoints")
    def checkpoints(context: Context, input: CheckpointInput) -> Verdict:
        if input.step == 2:
            return Done("Saved.")
        context.log.info("First half.", step=input.step)
        if not input.half:
            effects.append(f"{input.step} a")
            context.save_input({"half": True})
        context.save_output({"steps": input.step + 1})
        effects.append(f"{input.step} b")
        context.log.error("Second half.", error=ValueError("not that bad"))
        if context.is_aborted():
            return Aborted()
        return Continue(CheckpointInput(step=input.step + 1), wait=10)

    return Sample(definition=checkpoints, effects=effects).remembering_hooks()


def in_visits() -> Sample:
    """The cursor's loop, each of its iterations in a visit of its own."""
    return cursor_loop(in_place=False)


def flaky_at_once() -> Sample:
    """Succeeds at its third attempt, each right after the one before."""
    return flaky(backoff=0)


def in_place() -> Sample:
    """Goes on in place: silent, with a line, with what it saves, and with a child."""
    effects: list[str] = []

    @task(id="child")
    def child(context: Context) -> Done:
        effects.append("child")
        return Done()

    @task(id="inPlace")
    def in_place(context: Context, input: CheckpointInput) -> Verdict:
        effects.append(f"step {input.step}")
        if input.step == 2:
            context.log.info("A line.")
            context.save_output({"saved": True})
        if input.step == 3:
            context.trigger(child)
            context.save_progress(3, 4)
        if input.step == 4:
            return context.wait_for_children(lambda children: Done(f"{len(children)} child."))
        return Continue(CheckpointInput(step=input.step + 1))

    return Sample(definition=in_place, children=[child], effects=effects).remembering_hooks()


SAMPLES: dict[str, Callable[[], Sample]] = {
    "cursorLoop": cursor_loop,
    "fanOut": fan_out,
    "flaky": flaky,
    "checkpoints": checkpoints,
    "inVisits": in_visits,
    "flakyAtOnce": flaky_at_once,
    "inPlace": in_place,
}
