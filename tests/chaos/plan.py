"""Which tasks a campaign runs, and what somebody does to each: all of it from the seed."""

import base64
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from handler.contract import MAX_RECORD_PAYLOAD_BYTES

Fields = Mapping[str, object]


class Meddling(StrEnum):
    """What a person does to a task, or what becomes of it."""

    ABORT = "A task was aborted"
    DELETE = "A task was aborted and deleted"
    STOP = "An execution was stopped"
    STOP_AND_REDRIVE = "An execution was stopped, and redriven later"
    REDRIVE = "An execution was stopped, and redriven at once"
    LOSE = "A payload was lost"
    LOSE_LATER = "A payload of a finished task was lost"
    SIGNAL = "A signal was sent"
    SIGNAL_TWICE = "A signal was sent twice at once"
    SIGNAL_BY_EVENT = "A signal was sent as an event"
    SIGNAL_BY_URL = "A signal was sent by its URL"
    RETRY = "A task was retried"
    RETRY_TWICE = "A task was retried twice at once"
    ABORT_AND_RETRY = "A task was aborted and retried"
    PAUSE = "A task was paused and resumed"
    RUN_NOW = "A task was told to run now"
    ABORT_MANY = "Tasks were aborted in bulk"
    RETRY_MANY = "Tasks were retried in bulk"
    DELETE_MANY = "Tasks were deleted in bulk"


# After these a task may be aborted.
ENDINGS = frozenset(
    {
        Meddling.ABORT,
        Meddling.DELETE,
        Meddling.STOP,
        Meddling.STOP_AND_REDRIVE,
        Meddling.ABORT_AND_RETRY,
        Meddling.ABORT_MANY,
    }
)
# What is said by the API, or by a signal, and takes its time.
VERBS = frozenset(
    {
        Meddling.SIGNAL,
        Meddling.SIGNAL_TWICE,
        Meddling.SIGNAL_BY_EVENT,
        Meddling.SIGNAL_BY_URL,
        Meddling.RETRY,
        Meddling.RETRY_TWICE,
        Meddling.ABORT_AND_RETRY,
        Meddling.PAUSE,
        Meddling.RUN_NOW,
    }
)
LOSSES = frozenset({Meddling.LOSE, Meddling.LOSE_LATER})
# What has to happen to a task that never ends by itself.
_ENDINGS_OF_ENDLESS = (Meddling.ABORT, Meddling.STOP, Meddling.DELETE)
_ANY = (*_ENDINGS_OF_ENDLESS, Meddling.STOP_AND_REDRIVE, Meddling.REDRIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One task of the campaign.

    Args:
        kind: for the table at the end.
        definition: its definition.
        input: its input.
        by_hand: whether an event triggers it that was sent by hand, instead of the API.
        delay: seconds.
        timeout: seconds; 0 for none.
        expires_after: seconds; 0 for none.
        meddling: what is done to it.
        after_iterations: when: once it has begun so many iterations.
    """

    kind: str
    definition: str
    input: Fields = field(default_factory=dict)
    by_hand: bool = False
    delay: int = 0
    timeout: int = 0
    expires_after: int = 0
    meddling: Meddling | None = None
    after_iterations: int = 0


# More than a record has room for, and random, so that compression doesn't make it fit.
BIG_BYTES = MAX_RECORD_PAYLOAD_BYTES + 50_000
LONG_BYTES = 50_000
_MEDDLED = 0.15
# A hook that hangs takes its Lambda's whole time, several times.
_TASKS_PER_HANGING_HOOK = 100
WAITING = "chaosWaits"
FAMILY = "chaosFamily"
IDLE_CHILD = "chaosIdle"
ENDLESS = (WAITING, FAMILY)  # they never end by themselves
GUARDIAN = "chaosGuardian"
WARD = "chaosWard"
IMPORT = "importCsv"
PATIENT = (GUARDIAN, WARD)  # they end once the retention of the others has passed
HEARS = "chaosHears"
SLEEPS = "chaosSleeps"
MENDS = "chaosMends"
BULK = "chaosBulk"
HELD = "chaosHeld"
# They end when somebody says so.
SLEEPERS = (*ENDLESS, HEARS, SLEEPS, MENDS, BULK)
_A_TIMEOUT_SECONDS = 6
# Waits are a hundredth of what they are on AWS, and limits are not.
_A_LONG_DELAY = 1_000_000
_AN_HOUR = 3_600


def plan(seed: int, tasks: int) -> Sequence[Planned]:
    """The tasks, in the order in which they are triggered. Parents add their children."""
    chance = random.Random(seed)
    many, few, costly = (
        [_walk, _steps, _delayed, _by_hand, _parent, _flaky],
        [
            _fails,
            _endless,
            _waits,
            _family,
            _outlives,
            _outputs,
            _talks,
            _lost,
            _deleted,
            _redriven,
            _slow,
            _long,
        ],
        [_guardian, _raises, _kills, _big, _lost_later, _import],
    )
    verbs = [
        _hears,
        _hears,
        _hears_a_url,
        _mends,
        _mends_aborted,
        _paused,
        _paused,
        _sleeps,
        _sleeps_first,
        _times_out,
        _in_time,
        _held,
        _held_too_long,
        _in_bulk,
        _in_bulk,
    ]
    kinds = many + costly + few + verbs + many + [_waits] + verbs + few[:4] + many
    makers = [kinds[number % len(kinds)] for number in range(tasks)]
    makers += [_hangs] * (tasks // _TASKS_PER_HANGING_HOOK)
    chance.shuffle(makers)
    planned = [maker(chance) for maker in makers]
    # Those of the bulk come first, so that it is over before the faults are.
    return sorted(planned, key=lambda task: task.definition != BULK)


def _walk(chance: random.Random) -> Planned:
    return _perhaps_meddled(
        chance,
        Planned(kind="cursor loop", definition="chaosWalk", input={"rows": chance.randint(3, 12)}),
    )


def _steps(chance: random.Random) -> Planned:
    return _perhaps_meddled(
        chance, Planned(kind="continue and wait", definition="chaosSteps", input=_few_steps(chance))
    )


def _delayed(chance: random.Random) -> Planned:
    delay = chance.randint(10, 200)
    return _perhaps_meddled(
        chance,
        Planned(kind="delayed", definition="chaosSteps", input=_few_steps(chance), delay=delay),
    )


def _by_hand(chance: random.Random) -> Planned:
    return _perhaps_meddled(
        chance,
        Planned(
            kind="sent by hand", definition="chaosSteps", input=_few_steps(chance), by_hand=True
        ),
    )


def _parent(chance: random.Random) -> Planned:
    return _perhaps_meddled(
        chance,
        Planned(kind="parent", definition="chaosParent", input={"children": chance.randint(2, 3)}),
    )


def _flaky(chance: random.Random) -> Planned:
    return _perhaps_meddled(
        chance,
        Planned(kind="retrying", definition="chaosFlaky", input={"failures": chance.randint(1, 2)}),
    )


def _fails(chance: random.Random) -> Planned:
    meddling = chance.choice([Meddling.RETRY, Meddling.RETRY_TWICE, None])
    return Planned(kind="failing", definition="chaosFails", meddling=meddling)


def _endless(_: random.Random) -> Planned:
    return Planned(kind="too many iterations", definition="chaosEndless")


def _big(chance: random.Random) -> Planned:
    return Planned(
        kind="big input", definition="chaosSteps", input={"steps": 2, "text": _big_text(chance)}
    )


def _long(chance: random.Random) -> Planned:
    """Its input stands in the record, and not in the bucket."""
    text = base64.b64encode(chance.randbytes(LONG_BYTES)).decode()
    return Planned(
        kind="long input",
        definition="chaosSteps",
        input={"steps": 4, "wait": 100, "text": text},
    )


def _lost(chance: random.Random) -> Planned:
    return Planned(
        kind="lost input",
        definition="chaosSteps",
        input={"steps": 3, "wait": 100, "text": _big_text(chance)},
        meddling=Meddling.LOSE,
        after_iterations=chance.randint(0, 2),
    )


def _deleted(chance: random.Random) -> Planned:
    return Planned(
        kind="big input, deleted",
        definition="chaosSteps",
        input={"steps": 3, "wait": 100, "text": _big_text(chance)},
        meddling=Meddling.DELETE,
        after_iterations=chance.randint(0, 2),
    )


def _redriven(chance: random.Random) -> Planned:
    return Planned(
        kind="redriven",
        definition="chaosSteps",
        input={"steps": 3, "wait": 100},
        meddling=Meddling.REDRIVE,
        after_iterations=chance.randint(1, 2),
    )


def _lost_later(chance: random.Random) -> Planned:
    input = {"steps": 1, "text": _big_text(chance)}
    return Planned(
        kind="lost output", definition="chaosSteps", input=input, meddling=Meddling.LOSE_LATER
    )


def _waits(chance: random.Random) -> Planned:
    meddling = chance.choice(_ENDINGS_OF_ENDLESS)
    return Planned(kind="waiting", definition=WAITING, meddling=meddling, after_iterations=1)


def _family(chance: random.Random) -> Planned:
    meddling = chance.choice(_ENDINGS_OF_ENDLESS)
    return Planned(kind="family", definition=FAMILY, meddling=meddling, after_iterations=1)


def _guardian(chance: random.Random) -> Planned:
    input = {"children": 2, "text": _big_text(chance)}
    return Planned(kind="long parent", definition=GUARDIAN, input=input)


def _import(_: random.Random) -> Planned:
    """Of a file of records, into the stack's own table: its input is the stack's to know."""
    return Planned(kind="import of records", definition=IMPORT)


def _outlives(chance: random.Random) -> Planned:
    return Planned(
        kind="late threads", definition="chaosOutlives", input={"steps": chance.randint(1, 4)}
    )


def _outputs(chance: random.Random) -> Planned:
    return _perhaps_meddled(
        chance,
        Planned(
            kind="big outputs", definition="chaosOutputs", input={"steps": chance.randint(1, 3)}
        ),
        odds=0.5,
    )


def _talks(chance: random.Random) -> Planned:
    meddling = chance.choice([Meddling.DELETE, Meddling.ABORT, None])
    return Planned(kind="long log", definition="chaosTalks", meddling=meddling, after_iterations=1)


def _slow(_: random.Random) -> Planned:
    return Planned(kind="two at a time", definition="chaosSlow")


def _raises(_: random.Random) -> Planned:
    return Planned(kind="hook that raises", definition="chaosHookRaises")


def _kills(_: random.Random) -> Planned:
    return Planned(kind="hook that kills", definition="chaosHookKills")


def _hangs(_: random.Random) -> Planned:
    return Planned(kind="hook that hangs", definition="chaosHookHangs")


def _hears(chance: random.Random) -> Planned:
    """The signal may come before it waits."""
    ways = [Meddling.SIGNAL, Meddling.SIGNAL_TWICE, Meddling.SIGNAL_BY_EVENT]
    before = chance.randint(0, 2)
    return Planned(
        kind="waiting for a signal",
        definition=HEARS,
        input={"before": before},
        meddling=chance.choice(ways),
        after_iterations=chance.randint(0, before + 1),
    )


def _hears_a_url(_: random.Random) -> Planned:
    return Planned(
        kind="waiting for a URL",
        definition=HEARS,
        input={"by_url": True},
        meddling=Meddling.SIGNAL_BY_URL,
        after_iterations=1,
    )


def _mends(chance: random.Random) -> Planned:
    meddling = chance.choice([Meddling.RETRY, Meddling.RETRY_TWICE])
    return Planned(kind="failing, retried", definition=MENDS, meddling=meddling)


def _mends_aborted(_: random.Random) -> Planned:
    return Planned(
        kind="aborted, retried",
        definition=MENDS,
        input={"waits": True},
        meddling=Meddling.ABORT_AND_RETRY,
        after_iterations=1,
    )


def _paused(chance: random.Random) -> Planned:
    return Planned(
        kind="paused",
        definition="chaosSteps",
        input={"steps": 3, "wait": 100},
        delay=chance.choice([0, 100]),
        meddling=Meddling.PAUSE,
        after_iterations=chance.randint(0, 2),
    )


def _sleeps(_: random.Random) -> Planned:
    return Planned(
        kind="asleep, woken", definition=SLEEPS, meddling=Meddling.RUN_NOW, after_iterations=1
    )


def _sleeps_first(_: random.Random) -> Planned:
    return Planned(
        kind="delayed, woken",
        definition=SLEEPS,
        input={"counted": 1},
        delay=_A_LONG_DELAY,
        meddling=Meddling.RUN_NOW,
    )


def _times_out(_: random.Random) -> Planned:
    return Planned(kind="out of time", definition=WAITING, timeout=_A_TIMEOUT_SECONDS)


def _in_time(chance: random.Random) -> Planned:
    return Planned(
        kind="in time",
        definition="chaosSteps",
        input=_few_steps(chance),
        timeout=_AN_HOUR,
        expires_after=_AN_HOUR,
    )


def _held(_: random.Random) -> Planned:
    return Planned(kind="definition paused", definition=HELD)


def _held_too_long(_: random.Random) -> Planned:
    """It expires if it is held, and may start before."""
    return Planned(kind="definition paused, expires", definition=HELD, expires_after=5)


def _in_bulk(_: random.Random) -> Planned:
    return Planned(kind="one of many", definition=BULK)


def _big_text(chance: random.Random) -> str:
    return base64.b64encode(chance.randbytes(BIG_BYTES)).decode()


def _few_steps(chance: random.Random) -> Fields:
    return {"steps": chance.randint(1, 4), "wait": chance.choice([0, 5, 30])}


def _perhaps_meddled(chance: random.Random, task: Planned, *, odds: float = _MEDDLED) -> Planned:
    if chance.random() >= odds:
        return task
    return replace(task, meddling=chance.choice(_ANY), after_iterations=chance.randint(0, 2))
