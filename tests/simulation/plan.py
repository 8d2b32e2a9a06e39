"""Which tasks a world runs, and what people do to each: all of it from the seed."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

Fields = Mapping[str, object]


class Way(StrEnum):
    """How a task is triggered."""

    API = "the API"
    CODE = "code"
    KEY = "code, with a key, several times"
    MANY = "code, with others in one call"
    HAND = "an event sent by hand"


class Meddling(StrEnum):
    """What a person does to a task."""

    ABORT = "aborts it"
    DELETE = "aborts and deletes it"
    STOP = "stops its execution"
    REDRIVE = "stops and redrives its execution"
    TIME_OUT = "has its execution time out"
    STARTS_IT = "starts an execution of it"
    LIST = "lists the tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One task.

    Args:
        number: its place in the plan; its name is `t<number>`.
        status: how it ends if nothing is in its way.
        code: its error's code if it ends as failed.
        counted: what its output counts.
        at: when it is triggered, in seconds.
        meddling: what a person does to it, once it has begun so many iterations.
        haste: how long after that, in seconds.
        hurried: when somebody tells it to run now, in seconds after its record was made.
        paused: when somebody pauses it, likewise, and for how many seconds.
        retried: when somebody retries it, in seconds after it has ended badly.
        retried_early: when somebody tries to, in seconds after its record was made.
        child_aborted: when somebody aborts a child of it, in seconds after that has begun. It is
            retried as the task itself is.
        timeout: its limit, in seconds after its trigger.
        expires_after: the same, for its start.
        signalled: when somebody sends it a signal, in seconds after its record was made: the same
            one each time.
        cleans_up: whether it deletes itself at its end.
        children_clean_up: whether its children do.
        is_bounded: whether it needs a slot.
    """

    number: int
    definition: str
    input: Fields = field(default_factory=dict)
    way: Way = Way.CODE
    status: str = "success"
    code: str = ""
    counted: int | None = 1
    children: int = 0
    at: float = 0.0
    delay: int = 0
    meddling: Meddling | None = None
    after_iterations: int = 0
    haste: float = 0.0
    hurried: tuple[float, ...] = ()
    paused: tuple[float, float] | None = None
    retried: tuple[float, ...] = ()
    retried_early: float | None = None
    child_aborted: float | None = None
    signalled: tuple[float, ...] = ()
    timeout: int | None = None
    expires_after: int | None = None
    cleans_up: bool = False
    children_clean_up: bool = False
    is_bounded: bool = False

    @property
    def name(self) -> str:
        return f"t{self.number}"

    @property
    def is_endless(self) -> bool:
        """Whether it never ends by itself."""
        return self.status == ""

    @property
    def is_limited(self) -> bool:
        """Whether its time is."""
        return self.timeout is not None or self.expires_after is not None

    def as_it_comes(self, *, is_limited: bool, cleans_up: bool) -> "Planned":
        """The same, without a limit that does not come; with a definition that cleans up."""
        limited = self if is_limited else replace(self, timeout=None, expires_after=None)
        if not cleans_up:
            return limited
        definition = cleaning(self.definition) if self.cleans_up else self.definition
        input = {**self.input, "cleans": True} if self.children_clean_up else self.input
        return replace(limited, definition=definition, input=input)


def cleaning(definition: str) -> str:
    """The definition whose tasks do the same, and delete themselves at their end."""
    return f"{definition}Cleans"


def bounded(definition: str) -> str:
    """The definition whose tasks do the same, a few at a time."""
    return f"{definition}Bounded"


Maker = Callable[[random.Random, int], Planned]
_SPREAD_SECONDS: Final = 900.0
_HASTE_SECONDS: Final = 0.12
_MEDDLED: Final = 0.3
_HURRIED: Final = 0.15
_PAUSED: Final = 0.1
_RETRIED: Final = 0.7
_RETRIED_EARLY: Final = 0.05
_CHILD_ABORTED: Final = 0.5
_LIMITED: Final = 0.25
_LISTENING: Final = 0.5
_CLEANED_UP: Final = 0.2
# Those of which there is one that cleans up.
CLEANING: Final = frozenset(
    {"simSteps", "simFails", "simEndless", "simWaits", "simParent", "simOutputs", "simChild"}
)
# Those of which there is one with a limit.
BOUNDED: Final = frozenset(
    {"simSteps", "simFlaky", "simFails", "simWaits", "simSlow", "simParent", "simHookDeletes"}
)
# Of those that share slots.
SHARED_KEYS: Final = 20
SHARED_SLOTS: Final = 3
_SHARED_ABORTED: Final = 0.2
_IS_BOUNDED: Final = 0.6
_BURSTS: Final = (50.0, 55.0, 800.0)
_ENDINGS: Final = (Meddling.ABORT, Meddling.DELETE, Meddling.STOP)
_ANY: Final = (
    *(Meddling.ABORT, Meddling.ABORT, Meddling.ABORT, Meddling.DELETE, Meddling.DELETE),
    *(Meddling.STOP, Meddling.REDRIVE, Meddling.REDRIVE, Meddling.TIME_OUT),
    *(Meddling.STARTS_IT, Meddling.LIST),
)


def plan(
    seed: str, tasks: int, *, is_operated: bool = False, is_bounded: bool = False
) -> Sequence[Planned]:
    """The tasks, in no order.

    Args:
        is_operated: whether operators do all that they may.
        is_bounded: whether some need slots.
    """
    dice = random.Random(seed)
    planned = [
        replace(
            _planned(dice, number),
            hurried=_hurried(random.Random(f"{seed}/{number}/hurried")),
            paused=_paused(random.Random(f"{seed}/{number}/paused")),
        )
        for number in range(tasks)
    ]
    if is_operated:
        planned = [_operated(task, f"{seed}/{task.number}") for task in planned]
    if is_bounded:
        planned = [
            _bounded(task, random.Random(f"{seed}/{task.number}/bounded")) for task in planned
        ]
    return planned


def shared(seed: str, tasks: int) -> Sequence[Planned]:
    """Tasks of one definition, which share the slots of their keys; many at once."""
    dice = random.Random(seed)
    return [
        Planned(
            number=number,
            definition="simShares",
            input={"steps": dice.randint(1, 3), "wait": dice.choice([0, 0, 5, 90]), "group": group},
            counted=None,
            at=dice.uniform(0, 60) if dice.random() < 0.5 else dice.uniform(0, 1_200),
            meddling=Meddling.ABORT if dice.random() < _SHARED_ABORTED else None,
            after_iterations=1,
            haste=dice.uniform(0, 2 * _HASTE_SECONDS),
        )
        for number in range(tasks)
        for group in [f"key {dice.randrange(SHARED_KEYS)}"]
    ]


def _bounded(task: Planned, dice: random.Random) -> Planned:
    """The same task, or one that needs a slot, beside others that need one in the same moment."""
    if task.definition not in BOUNDED or dice.random() > _IS_BOUNDED:
        return task
    input = dict(task.input)
    if task.definition == "simSteps":
        input |= {"group": dice.choice(["", "a", "a"])}
        input |= {"wait": 90} if dice.random() < 0.2 else {}
    return replace(
        task,
        definition=bounded(task.definition),
        input=input,
        at=dice.choice(_BURSTS) + dice.uniform(0, 0.5),
        cleans_up=False,
        is_bounded=True,
    )


def _operated(task: Planned, seed: str) -> Planned:
    """The same task, and what operators do with it. Each of that has dice of its own."""
    retry, limit = random.Random(f"{seed}/retried"), random.Random(f"{seed}/limited")
    clean, child = random.Random(f"{seed}/cleaned up"), random.Random(f"{seed}/child")
    if task.definition == "simWaits":
        task = _listening(task, random.Random(f"{seed}/signalled"))
    is_parent = task.definition == "simParent"
    timeout, expires_after = _limits(limit, task.delay)
    return replace(
        task,
        retried=_retried(retry),
        retried_early=retry.uniform(0, 2) if retry.random() < _RETRIED_EARLY else None,
        child_aborted=_child_aborted(child) if is_parent else None,
        timeout=timeout,
        expires_after=expires_after,
        cleans_up=task.definition in CLEANING and clean.random() < _CLEANED_UP,
        children_clean_up=is_parent and clean.random() < _CLEANED_UP,
    )


def _listening(task: Planned, dice: random.Random) -> Planned:
    """Half of those that wait for somebody to end them wait for a signal instead.

    It may come before they wait, in the moment in which they begin to, or long after.
    """
    if dice.random() > _LISTENING:
        return task
    at = dice.choice([0.01, 0.1, 0.2, 0.5, 30.0, 700.0]) * dice.uniform(0.9, 1.1)
    again = at + dice.choice([0.0, 0.02, 0.1, 60.0]) * dice.uniform(0.9, 1.1)
    return Planned(
        number=task.number,
        definition="simListens",
        counted=None,
        way=task.way,
        at=task.at,
        delay=task.delay,
        hurried=task.hurried,
        paused=task.paused,
        signalled=(at, again),
    )


def _retried(dice: random.Random) -> tuple[float, ...]:
    """Often twice at once, while whoever has ended the task does what follows."""
    if dice.random() > _RETRIED:
        return ()
    at = dice.choice([0.0, 0.05, 0.3, 5.0, 60.0, 500.0]) * dice.uniform(0.9, 1.1)
    return (at, at + dice.uniform(0, _HASTE_SECONDS)) if dice.random() < 0.5 else (at,)


def _child_aborted(dice: random.Random) -> float | None:
    if dice.random() > _CHILD_ABORTED:
        return None
    return dice.choice([0.0, 0.05, 1.0, 15.0]) * dice.uniform(0.9, 1.1)


def _limits(dice: random.Random, delay: int) -> tuple[int | None, int | None]:
    """One limit, or both; a delay must be shorter."""
    if dice.random() > _LIMITED:
        return None, None
    timeout = delay + dice.choice([1, 2, 10, 60, 300, 1_500])
    expires_after = delay + dice.choice([1, 2, 10, 60, 300])
    has = dice.choice(["timeout", "expires_after", "both"])
    return (
        timeout if has != "expires_after" else None,
        expires_after if has != "timeout" else None,
    )


def _paused(dice: random.Random) -> tuple[float, float] | None:
    """Often while an iteration runs, and often for less time than that takes."""
    if dice.random() > _PAUSED:
        return None
    at = dice.choice([0.01, 0.1, 0.2, 0.5, 5.0, 60.0]) * dice.uniform(0.9, 1.1)
    return at, dice.choice([0.0, 0.02, 0.1, 1.0, 30.0, 700.0]) * dice.uniform(0.9, 1.1)


def _hurried(dice: random.Random) -> tuple[float, ...]:
    """Often twice at once: by two people, or by one whose answer was lost."""
    if dice.random() > _HURRIED:
        return ()
    at = dice.choice([0.01, 0.3, 1.0, 5.0, 30.0, 600.0]) * dice.uniform(0.9, 1.1)
    again = at + dice.uniform(0, _HASTE_SECONDS) if dice.random() < 0.5 else at + 300
    return (at, again)


def _planned(dice: random.Random, number: int) -> Planned:
    made = dice.choices(_MAKERS, _WEIGHTS)[0](dice, number)
    made = replace(made, at=dice.uniform(0, _SPREAD_SECONDS), way=dice.choice(list(Way)))
    if made.way is not Way.MANY and dice.random() < 0.12:
        made = replace(made, delay=dice.choice([1, 30, 200]))
    meddling = made.meddling or (dice.choice(_ANY) if dice.random() < _MEDDLED else None)
    haste = dice.uniform(0, _HASTE_SECONDS) if dice.random() < 0.85 else dice.uniform(0, 60)
    after = made.after_iterations if made.meddling else dice.randint(0, 3)
    return replace(made, meddling=meddling, after_iterations=after, haste=haste)


def _steps(dice: random.Random, number: int) -> Planned:
    steps = dice.randint(1, 4)
    input = {"steps": steps, "wait": dice.choice([0, 0, 5, 30])}
    return Planned(number=number, definition="simSteps", input=input, counted=steps)


def _long(dice: random.Random, number: int) -> Planned:
    text = dice.randbytes(dice.choice([300, 1_200, 2_500])).hex()
    input = {"steps": 2, "wait": dice.choice([0, 20]), "text": text}
    return Planned(number=number, definition="simSteps", input=input, counted=2)


def _walk(dice: random.Random, number: int) -> Planned:
    rows = dice.randint(2, 8)
    return Planned(number=number, definition="simWalk", input={"rows": rows}, counted=rows)


def _flaky(dice: random.Random, number: int) -> Planned:
    input = {"failures": dice.randint(1, 2)}
    return Planned(number=number, definition="simFlaky", input=input)


def _fails(_: random.Random, number: int) -> Planned:
    return Planned(number=number, definition="simFails", status="failed", code="ON_PURPOSE")


def _endless(_: random.Random, number: int) -> Planned:
    return Planned(number=number, definition="simEndless", status="failed", code="MAX_ITERATIONS")


def _waits(dice: random.Random, number: int) -> Planned:
    meddling = dice.choice(_ENDINGS)
    return Planned(
        number=number,
        definition="simWaits",
        status="",
        meddling=meddling,
        after_iterations=dice.randint(0, 1),
    )


def _parent(dice: random.Random, number: int) -> Planned:
    children = dice.randint(1, 3)
    input = {"children": children}
    return Planned(
        number=number, definition="simParent", input=input, counted=children, children=children
    )


def _family(dice: random.Random, number: int) -> Planned:
    return Planned(
        number=number,
        definition="simParent",
        input={"children": 2, "is_idle": True},
        status="",
        meddling=dice.choice(_ENDINGS),
        after_iterations=1,
    )


def _aborting(_: random.Random, number: int) -> Planned:
    input = {"children": 2, "is_idle": True, "aborts_itself": True}
    return Planned(number=number, definition="simParent", input=input, status="aborted")


def _outputs(dice: random.Random, number: int) -> Planned:
    steps = dice.randint(1, 2)
    return Planned(number=number, definition="simOutputs", input={"steps": steps}, counted=steps)


def _simple(definition: str) -> Maker:
    def make(_: random.Random, number: int) -> Planned:
        return Planned(number=number, definition=definition)

    return make


_KINDS: Final[Mapping[Maker, int]] = {
    _steps: 24,
    _long: 5,
    _walk: 12,
    _flaky: 6,
    _fails: 4,
    _endless: 4,
    _waits: 6,
    _parent: 7,
    _family: 3,
    _aborting: 2,
    _outputs: 5,
    _simple("simTalks"): 3,
    _simple("simSlow"): 4,
    _simple("simQuiet"): 2,
    _simple("simHookRaises"): 2,
    _simple("simHookTriggers"): 3,
    _simple("simHookDeletes"): 3,
}
_MAKERS: Final = list(_KINDS)
_WEIGHTS: Final = list(_KINDS.values())
