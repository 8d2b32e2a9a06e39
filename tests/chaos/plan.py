"""Which tasks a campaign runs, and what somebody does to each: all of it from the seed."""

import base64
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from handler.contract import MAX_RECORD_PAYLOAD_BYTES

Fields = Mapping[str, object]


class Meddling(StrEnum):
    """What a person does to a task."""

    ABORT = "A task was aborted"
    STOP = "An execution was stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One task of the campaign.

    Args:
        kind: for the table at the end.
        definition: its definition.
        input: its input.
        by_hand: whether an event triggers it that was sent by hand, instead of the API.
        delay: seconds.
        meddling: what is done to it.
        after_iterations: when: once it has begun so many iterations.
    """

    kind: str
    definition: str
    input: Fields = field(default_factory=dict)
    by_hand: bool = False
    delay: int = 0
    meddling: Meddling | None = None
    after_iterations: int = 0


# More than a record has room for, and random, so that compression doesn't make it fit.
BIG_BYTES = MAX_RECORD_PAYLOAD_BYTES + 50_000
_MEDDLED = 0.12
WAITING = "chaosWaits"
FAMILY = "chaosFamily"
IDLE_CHILD = "chaosIdle"
ENDLESS = (WAITING, FAMILY)  # they never end by themselves


def plan(seed: int, tasks: int) -> Sequence[Planned]:
    """The tasks, in the order in which they are triggered. Parents add their children."""
    chance = random.Random(seed)
    many, few = (
        [_walk, _steps, _delayed, _by_hand, _parent, _flaky],
        [_fails, _endless, _waits, _family],
    )
    kinds = many + few + [_big] + many + [_waits] + many + few + many
    makers = [kinds[number % len(kinds)] for number in range(tasks)]
    chance.shuffle(makers)
    return [maker(chance) for maker in makers]


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


def _fails(_: random.Random) -> Planned:
    return Planned(kind="failing", definition="chaosFails")


def _endless(_: random.Random) -> Planned:
    return Planned(kind="too many iterations", definition="chaosEndless")


def _big(chance: random.Random) -> Planned:
    text = base64.b64encode(chance.randbytes(BIG_BYTES)).decode()
    return Planned(kind="big input", definition="chaosSteps", input={"steps": 2, "text": text})


def _waits(chance: random.Random) -> Planned:
    meddling = chance.choice(list(Meddling))
    return Planned(kind="waiting", definition=WAITING, meddling=meddling, after_iterations=1)


def _family(chance: random.Random) -> Planned:
    meddling = chance.choice(list(Meddling))
    return Planned(kind="family", definition=FAMILY, meddling=meddling, after_iterations=1)


def _few_steps(chance: random.Random) -> Fields:
    return {"steps": chance.randint(1, 4), "wait": chance.choice([0, 5, 30])}


def _perhaps_meddled(chance: random.Random, task: Planned) -> Planned:
    if chance.random() >= _MEDDLED:
        return task
    return replace(
        task, meddling=chance.choice(list(Meddling)), after_iterations=chance.randint(0, 2)
    )
