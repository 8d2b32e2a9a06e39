"""The tasks of a world: small, and one for each thing that a task may do.

What a task does to the world, `acts` says. It is a request as any other: the others have their
turns there, and the machine may die there.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel

from handler import (
    Aborted,
    Concurrency,
    Context,
    Continue,
    Definition,
    Done,
    Failed,
    Rate,
    Retry,
    Signal,
    TaskRecord,
    Verdict,
    task,
    tasks,
)
from tests.simulation.machine import Machine
from tests.simulation.plan import SHARED_SLOTS, bounded, cleaning
from tests.simulation.scheduler import current

_LONG_WAIT: Final = timedelta(days=100)
LISTENS_SECONDS: Final = 3_600.0
_SAVE_AT_EACH: Final = timedelta(0)
# With so many, lines are written before the iteration ends.
_LINES, _LINE = 5, "x" * 15_000


def here() -> Machine:
    """The machine that this code runs on."""
    machine: Machine = current().locals
    return machine


def acts(task_id: str, effect: str) -> None:
    """Tells the world of an effect of a task."""
    here().client("world").act(task=task_id, effect=effect)


def works(seconds: float) -> None:
    """Takes its time."""
    here().sleep(seconds)


# The definitions whose tasks run a few at a time.
_BOUNDED: Final[list[Definition]] = []


def _with_bounded(
    id: str,
    *,
    limit: int = 1,
    key: str | None = None,
    rate: Rate | None = None,
    **options: Any,
) -> Callable[[Any], Definition]:
    """A task, beside which stands one that does the same with a limit, and perhaps a rate."""

    def make(function: Any) -> Definition:
        concurrency = Concurrency(limit, key=key)
        bound = task(id=bounded(id), concurrency=concurrency, rate=rate, **options)
        _BOUNDED.append(bound(function))
        return task(id=id, **options)(function)

    return make


# The definitions whose tasks delete themselves at their end.
_CLEANING: Final[list[Definition]] = []


def _with_twin(
    id: str, *, limit: int | None = None, key: str | None = None, **options: Any
) -> Callable[[Any], Definition]:
    """A task, beside which stands one that does the same and deletes itself at its end.

    Args:
        limit: of another one beside it, with this key.
    """

    def make(function: Any) -> Definition:
        ends = ("success", "failed", "aborted")
        _CLEANING.append(task(id=cleaning(id), self_cleanup=ends, **options)(function))
        if limit is not None:
            return _with_bounded(id, limit=limit, key=key, **options)(function)
        return task(id=id, **options)(function)

    return make


class StepsInput(BaseModel):
    steps: int
    wait: int = 0
    counted: int = 0
    text: str = ""
    group: str = ""


@_with_twin("simSteps", limit=1, key="group", crash_retries=3, tags={"sim": "steps", "a": "b"})
def sim_steps(context: Context, input: StepsInput) -> Done | Continue:
    """A step an iteration; it carries a text along."""
    acts(context.task.id, f"row {input.counted}")
    counted = input.counted + 1
    if counted < input.steps:
        return Continue({"counted": counted}, wait=input.wait)
    return Done(output={"counted": counted, "text": input.text})


@task(id="simShares", crash_retries=3, concurrency=Concurrency(SHARED_SLOTS, key="group"))
def sim_shares(context: Context, input: StepsInput) -> Done | Continue:
    """A step an iteration; of each group, a few tasks at a time."""
    acts(context.task.id, f"row {input.counted}")
    works(0.2)
    acts(context.task.id, f"end of row {input.counted}")
    counted = input.counted + 1
    if counted < input.steps:
        return Continue({"counted": counted}, wait=input.wait)
    return Done(output={"counted": counted})


class WalkInput(BaseModel):
    rows: int
    cursor: int = 0
    counted: int = 0


@task(id="simWalk", worker="small", retry=Retry(max_attempts=1, on_out_of_memory="large"))
def sim_walk(context: Context, input: WalkInput) -> Done:
    """Walks through rows, a few an iteration, and saves at each."""
    source = ((row + 1, row) for row in range(input.cursor, input.rows))
    for row in context.each(
        source, input, total=input.rows, per_iteration=3, save_every=_SAVE_AT_EACH
    ):
        acts(context.task.id, f"row {row}")
        input.counted += 1
    return Done(output={"counted": input.counted})


class FlakyInput(BaseModel):
    failures: int


_MANY_ATTEMPTS: Final = Retry(
    max_attempts=20, backoff=timedelta(seconds=3), on_out_of_memory="large"
)


@_with_bounded("simFlaky", rate=Rate(1, per=7, burst=2), crash_retries=3, retry=_MANY_ATTEMPTS)
def sim_flaky(context: Context, input: FlakyInput) -> Done:
    """Succeeds once it was attempted often enough."""
    acts(context.task.id, f"attempt {context.task.attempts}")
    if context.task.attempts <= input.failures:
        raise ConnectionError("It can't be reached.")
    return Done(output={"counted": 1})


@_with_twin("simFails", limit=1, crash_retries=3)
def sim_fails(context: Context) -> Failed:
    return Failed("Failed on purpose.", code="ON_PURPOSE")


@_with_twin("simEndless", max_iterations=3, crash_retries=3)
def sim_endless(context: Context) -> Continue:
    """Runs into its limit."""
    return Continue()


@_with_twin("simWaits", limit=1, crash_retries=3)
def sim_waits(context: Context) -> Verdict:
    """Waits for so long that somebody has to end it."""
    return Continue(wait=_LONG_WAIT)


@task(id="simListens", crash_retries=3)
def sim_listens(context: Context) -> Verdict:
    """Waits for a signal, and counts it."""

    def then(signal: Signal | None) -> Verdict:
        acts(context.task.id, "heard" if signal else "heard nothing")
        return Done(output={"counted": 1 if signal else 0})

    return context.wait_for_signal("go", then, timeout=LISTENS_SECONDS)


class ChildInput(BaseModel):
    number: int
    begun: int = 0
    is_idle: bool = False


@_with_twin("simChild", crash_retries=3, tags={"sim": "child"})
def sim_child(context: Context, input: ChildInput) -> Verdict:
    """A step, or one step after another until its parent is aborted."""
    acts(context.task.id, f"row {input.begun}")
    if input.is_idle and input.begun < 200:
        return Continue({"begun": input.begun + 1}, wait=100)
    return Done(output={"counted": 1})


class ParentInput(BaseModel):
    children: int
    is_idle: bool = False
    aborts_itself: bool = False
    cleans: bool = False


@_with_twin("simParent", limit=2, crash_retries=3, tags={"sim": "parent"})
def sim_parent(context: Context, input: ParentInput) -> Verdict:
    """Triggers children, with keys and without, and joins them; or waits with them."""
    for number in range(input.children):
        key = str(number) if number % 2 else None
        child = context.trigger(
            cleaning(sim_child.id) if input.cleans else sim_child,
            input=ChildInput(number=number, is_idle=input.is_idle),
            name=f"{context.task.name}/{number}",
            idempotency_key=key,
        )
        here().client("world").told_child(
            task=context.task.id, key=f"{number} of {context.task.created_on}", child=child.id
        )
    if input.aborts_itself:
        return Aborted()
    if input.is_idle:
        return Continue(wait=_LONG_WAIT)
    return context.wait_for_children(_joined)


def _joined(children: list[TaskRecord]) -> Verdict:
    if lost := [child.id for child in children if child.status != "success"]:
        return Failed(f"Children did not succeed: {', '.join(lost)}", code="CHILDREN")
    return Done(output={"counted": len(children)})


class OutputsInput(BaseModel):
    steps: int
    counted: int = 0


@_with_twin("simOutputs", crash_retries=3)
def sim_outputs(context: Context, input: OutputsInput) -> Done | Continue:
    """Saves outputs that the record has no room for, each in place of the one before."""
    for number in range(2):
        context.save_output({"text": _text(context, number)})
        context.save_progress(input.counted, input.steps)
    acts(context.task.id, f"row {input.counted}")
    counted = input.counted + 1
    if counted < input.steps:
        return Continue({"counted": counted}, wait=20)
    return Done(output={"counted": counted, "text": _text(context, 2)})


def _text(context: Context, number: int) -> str:
    """What can't be compressed, and is another each time."""
    return here().random.randbytes(2_500).hex() + f"{context.task.id}{number}"


@task(id="simTalks", crash_retries=3)
def sim_talks(context: Context) -> Done:
    """Logs so much that lines are written early, and works meanwhile."""
    for number in range(_LINES):
        context.log.info(_LINE, number=number)
        works(0.05)
    return Done(output={"counted": 1})


@_with_bounded("simSlow", limit=2, crash_retries=3)
def sim_slow(context: Context) -> Done:
    """Works for a while and asks whether it still may: two invocations of it overlap."""
    for _ in range(6):
        if context.is_aborted():
            acts(context.task.id, "told")
            return Done(output={"counted": 0})
        works(0.6)
    acts(context.task.id, "finished")
    return Done(output={"counted": 1})


@task(id="simQuiet", crash_retries=3, database_logs=False)
def sim_quiet(context: Context) -> Done:
    return Done(output={"counted": 1})


@task(id="simHookRaises", crash_retries=3)
def sim_hook_raises(context: Context) -> Done:
    return Done(output={"counted": 1})


@task(id="simHookTriggers", crash_retries=3)
def sim_hook_triggers(context: Context) -> Done:
    return Done(output={"counted": 1})


@_with_bounded("simHookDeletes", crash_retries=3)
def sim_hook_deletes(context: Context) -> Done:
    return Done(output={"counted": 1})


DEFINITIONS: Final[tuple[Definition, ...]] = (
    sim_steps,
    sim_shares,
    sim_walk,
    sim_flaky,
    sim_fails,
    sim_endless,
    sim_waits,
    sim_listens,
    sim_child,
    sim_parent,
    sim_outputs,
    sim_talks,
    sim_slow,
    sim_quiet,
    sim_hook_raises,
    sim_hook_triggers,
    sim_hook_deletes,
    *_CLEANING,
    *_BOUNDED,
)
# In a file of their own, which a bad deploy keeps from being imported.
OF_THE_BROKEN_FILE: Final = frozenset({"simSteps", "simHookTriggers", "simStepsBounded"})


def _told(hook: str) -> Any:
    def run(record: TaskRecord) -> None:
        acts(record.id, hook)

    return run


for _definition in DEFINITIONS:
    if _definition is not sim_quiet:
        _definition.on_error(_told("on_error"))
        _definition.on_abort(_told("on_abort"))
    if not _definition.id.startswith("simHook") and _definition is not sim_quiet:
        _definition.on_done(_told("on_done"))
sim_endless.on_max_iterations(_told("on_max_iterations"))


@sim_hook_raises.on_done
def _raises(record: TaskRecord) -> None:
    acts(record.id, "on_done")
    raise RuntimeError("It raised on purpose.")


@sim_hook_triggers.on_done
def _triggers(record: TaskRecord) -> None:
    acts(record.id, "on_done")
    tasks.trigger(
        "simSteps", input={"steps": 1}, name=f"{record.name}/next", idempotency_key=record.id
    )


@_BOUNDED[-1].on_done
@sim_hook_deletes.on_done
def _deletes(record: TaskRecord) -> None:
    acts(record.id, "on_done")
    tasks.delete(record.id)
