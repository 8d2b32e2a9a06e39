"""What operators say of many tasks at once, and when: all of it from the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from handler.contract import Status
from handler.lifecycle import BulkVerb
from tests.simulation.plan import Planned

# The tasks of the engine's own have numbers beyond those of a plan.
_FIRST_SAID: Final = 100_000
_FIRST_HOLD: Final = 200_000
NUMBER_IN_THE_CALM: Final = 300_000
_SAID: Final = 0.45
_HELD: Final = 0.4
# Most tasks are over soon: what is deleted finds more of them than what is aborted.
_VERBS: Final = (*[BulkVerb.ABORT] * 2, *[BulkVerb.RETRY] * 2, BulkVerb.DELETE)
_ENDED_BADLY: Final = frozenset({Status.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A verb that is said of many tasks at once.

    Args:
        number: that of the task which does the work.
        at: when it is said, in seconds.
        definition: whose tasks are meant; `None`: those of every definition.
        share: so many of the tasks that are there then are meant by their ids, of 1; `None`: they
            are not meant by their ids.
        statuses: of which statuses they are; `None`: of all that the verb takes.
        rate: how many a second; `None`: as many as by default.
        again: how many seconds later somebody else says the same, with the same key.
        aborted: when somebody aborts the task that does the work, in seconds after it was said.
        paused: when somebody pauses that one, likewise, and for how many seconds.
    """

    number: int
    verb: BulkVerb
    at: float
    definition: str | None
    share: float | None
    statuses: frozenset[Status] | None
    rate: float | None
    again: float | None
    aborted: float | None
    paused: tuple[float, float] | None

    @property
    def name(self) -> str:
        return f"many{self.number}"

    @property
    def key(self) -> str | None:
        """The key that it is said with."""
        return None if self.again is None else f"key of {self.name}"

    @property
    def taken(self) -> frozenset[Status]:
        """Of which statuses the tasks are that it takes."""
        return self.verb.statuses & (self.statuses or frozenset(Status))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A definition, or all, that is paused for a while.

    Args:
        number: that of the task which lets the others go on.
        definition: `None`: all.
        tenant: of whose tasks; `None`: of every tenant's.
        at: when it is paused, in seconds.
        seconds: for how long.
        rate: how many tasks a second go on then; `None`: as many as by default.
    """

    number: int
    definition: str | None
    tenant: str | None
    at: float
    seconds: float
    rate: float | None

    @property
    def name(self) -> str:
        return f"hold{self.number}"


def said(seed: str, planned: Sequence[Planned]) -> Sequence[Said]:
    """The verbs that are said of many tasks: in some worlds, and there once or twice."""
    dice = random.Random(f"{seed}/said of many")
    if dice.random() > _SAID or not planned:
        return ()
    many = dice.choice([1, 2, 2, 3])
    return [_said(random.Random(f"{seed}/said of many/{n}"), n, planned) for n in range(many)]


def holds(seed: str, planned: Sequence[Planned]) -> Sequence[Hold]:
    """What is paused with others: in some worlds, and there once, twice or three times."""
    dice = random.Random(f"{seed}/held with others")
    if dice.random() > _HELD or not planned:
        return ()
    many = dice.choice([1, 2, 3])
    return [_hold(random.Random(f"{seed}/held with others/{n}"), n, planned) for n in range(many)]


def _said(dice: random.Random, number: int, planned: Sequence[Planned]) -> Said:
    verb = dice.choice(_VERBS)
    definition = _definition(dice, planned)
    wide = dice.random()  # a definition, or all, or some by their ids
    meddled = dice.random()
    after = dice.choice([0.1, 0.5, 2.0, 30.0]) * dice.uniform(0.5, 1.5)
    return Said(
        number=_FIRST_SAID + number,
        verb=verb,
        at=_moment(dice, planned, None if wide > 0.5 else definition),
        definition=definition if wide < 0.5 else None,
        share=dice.uniform(0.2, 0.9) if wide > 0.75 else None,
        statuses=_ENDED_BADLY if verb is BulkVerb.RETRY and dice.random() < 0.3 else None,
        rate=dice.choice([None, None, 1_000.0, 3.0, 0.5, 0.1]),
        again=dice.choice([None, None, 0.0, 0.05, 5.0]),
        aborted=after if meddled < 0.1 else None,
        paused=(after, dice.choice([0.1, 60.0])) if meddled > 0.8 else None,
    )


def _hold(dice: random.Random, number: int, planned: Sequence[Planned]) -> Hold:
    return Hold(
        number=_FIRST_HOLD + number,
        definition=_definition(dice, planned) if dice.random() < 0.6 else None,
        tenant=dice.choice([None, "root"]),
        at=dice.uniform(0, 1_200),
        seconds=dice.choice([0.5, 10.0, 60.0, 200.0, 900.0]) * dice.uniform(0.9, 1.1),
        rate=dice.choice([None, None, 2.0, 0.3]),
    )


def _moment(dice: random.Random, planned: Sequence[Planned], definition: str | None) -> float:
    """Often when one of the tasks has just begun, or ended: most of them take seconds."""
    if dice.random() < 0.4:
        return dice.uniform(60, 2_000)
    tasks = [task for task in planned if definition in (None, task.definition)] or planned
    task = dice.choice(tasks)
    return task.at + task.delay + dice.choice([0.2, 0.5, 2.0, 30.0]) * dice.uniform(0.8, 1.2)


def _definition(dice: random.Random, planned: Sequence[Planned]) -> str:
    """One of which there are tasks; sometimes that of the children."""
    return "simChild" if dice.random() < 0.15 else dice.choice(planned).definition
