"""The engine's own tasks, which do something to many others: was it all, and nothing else?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from handler.bulk import MAX_REASONS
from handler.clock import to_iso
from handler.lifecycle import BulkVerb
from handler.table import items
from tests.simulation.faults import Fault, Kind
from tests.simulation.machine import Machine
from tests.simulation.many import Said

if TYPE_CHECKING:
    from tests.simulation.watch import Life
    from tests.simulation.world import World

Item = Mapping[str, Any]

ALL: Final = "a verb in bulk takes all of its tasks"
NO_OTHER: Final = "a verb in bulk takes no other tasks"
COUNTS: Final = "a verb in bulk counts what it does"
# How wrong two clocks are, and a bit.
_SKEW: Final = timedelta(seconds=11)
_KINDS: Final = {
    BulkVerb.ABORT: Kind.ABORTED_WITH_OTHERS,
    BulkVerb.RETRY: Kind.RETRIED_WITH_OTHERS,
    BulkVerb.DELETE: Kind.DELETED_WITH_OTHERS,
    BulkVerb.RESUME: Kind.LET_GO_WITH_OTHERS,
}
_COUNTS: Final = ("done", "skipped", "failed")


@dataclass(slots=True)
class Asked:
    """A verb that somebody says of many: what was asked for, and whom they were told of.

    Args:
        before: tasks that were created by then were there, by whatever clock. Empty: nobody has
            asked yet.
        told: the ids of the tasks that do the work, as somebody was told.
    """

    said: Said
    before: str = ""
    ids: tuple[str, ...] | None = None
    told: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Work:
    """A task of the engine's own, and what it has done.

    Args:
        asked: what it carries out; `None`: it lets those go on that were held with others.
        done_to: the tasks that it has done it to, and the number of the record of each.
        directly: those of them that follow from no other one.
    """

    life: "Life"
    created_on: str
    asked: Asked | None
    done_to: set[tuple[str, int]] = field(default_factory=set)
    directly: set[tuple[str, int]] = field(default_factory=set)

    @property
    def verb(self) -> BulkVerb:
        return self.asked.said.verb if self.asked else BulkVerb.RESUME


class InBulk:
    """All that is done to many at once in a world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._asked: dict[int, Asked] = {}
        self._works: dict[str, Work] = {}

    def expect(self, said: Said) -> None:
        """Somebody will say it."""
        self._asked[said.number] = Asked(said)

    def asked(self, said: Said, ids: tuple[str, ...] | None) -> None:
        """Somebody says it now."""
        asked = self._asked[said.number]
        asked.before = asked.before or to_iso(self._world.moment() - _SKEW)
        asked.ids = ids

    def ids_of(self, said: Said) -> tuple[str, ...] | None:
        """The ids that it was said of before."""
        return self._asked[said.number].ids

    def told(self, said: Said, id: str) -> None:
        """Somebody was told the id of the task that does the work."""
        self._asked[said.number].told.add(id)

    def begun(self, life: "Life", record: Item) -> None:
        """A task of the engine's own was made."""
        created_on = record["createdOn"]["S"]
        self._works[life.id] = Work(life, created_on, self._asked.get(life.number))

    def did(self, verb: BulkVerb, life: "Life", machine: Machine) -> None:
        """A machine has done to a task what such a verb says."""
        work = self._works.get(machine.task_id)
        if work is None or work.verb is not verb or life.id == machine.task_id:
            return
        self._world.faults.note(Fault(_KINDS[verb], machine.name, machine.step, life.number))
        life.was_deleted_with_others |= verb is BulkVerb.DELETE
        one = (life.id, life.made)
        work.done_to.add(one)
        if work.asked is None:
            work.directly.add(one)
            return
        if self._follows(verb, life):
            return
        work.directly.add(one)
        if life.record is not None and not self._is_meant(work.asked, life, work.created_on):
            what = f'"{work.life.id}" was to {verb} {work.asked.said}.'
            self._world.watch.fail(NO_OTHER, life.id, what)

    def ended(self, life: "Life", record: Item) -> None:
        """A task of the engine's own is over."""
        if life.status != "success":
            return
        work = self._works[life.id]
        try:
            output: Any = items.decoded({"output": record["output"]})["output"]
            counts = [output[name] for name in _COUNTS]
        except (KeyError, TypeError, ValueError):
            return  # it stands in the bucket
        for rule, id, what in self._of_counts(work, output, sum(counts)):
            self._world.watch.fail(rule, id, what)
        if output["failed"] > MAX_REASONS:
            return
        failed = {reason["id"] for reason in output["reasons"]}
        for other in list(self._world.watch.lives.values()):
            is_left = self._was_to_go_on(work, other)
            if work.asked is not None:
                is_left = self._is_left(work, work.asked, other)
            if is_left and other.id not in failed and not self._was_seen_late(work, other):
                what = f'"{life.id}" was to {work.verb} it, and it is {other.status}.'
                self._world.watch.fail(ALL, other.id, what)

    def audited(self) -> Iterator[tuple[str, str, str]]:
        """What is wrong at the end: a rule, the id of a task, and what has happened."""
        for work in self._works.values():
            if work.life.is_open:
                yield ALL, work.life.id, f"It is {work.life.status} still."
        for asked in self._asked.values():
            ids = {work.life.id for work in self._works.values() if work.asked is asked}
            if asked.said.key and len(ids | asked.told) > 1:
                yield COUNTS, "", f"One key has begun {sorted(ids | asked.told)}."

    def _of_counts(self, work: Work, output: Any, number: int) -> Iterator[tuple[str, str, str]]:
        id = work.life.id
        # Of an id that was used again in between there were two: it goes through ids.
        through = len({task_id for task_id, _ in work.directly})
        if number < through:
            yield COUNTS, id, f"It has gone through {number}, and has done it to {through}."
        most = len(work.done_to) + self._done_by_two(work)
        if output["done"] > most:
            what = f"It has done it to {output['done']}, as it says, and to {most}."
            yield COUNTS, id, what
        if work.asked is not None:
            may_be = self._all_that_may_be(work, work.asked)
            if number > may_be:
                yield COUNTS, id, f"It has gone through {number}, and there were {may_be}."

    def _done_by_two(self, work: Work) -> int:
        """How many others have deleted: of two who do so in one moment, each has done it."""
        if work.verb is not BulkVerb.DELETE:
            return 0
        mine = {task_id for task_id, _ in work.done_to}
        lives = self._world.watch.lives.values()
        return sum(each.id not in mine and (each.was_deleted or each.was_removed) for each in lives)

    def _all_that_may_be(self, work: Work, asked: Asked) -> int:
        """How many tasks there were at most that it was said of, whatever has become of them.

        An id that was used again has been several. The engine's own are gone through, and left.
        """
        definition, ids = asked.said.definition, asked.ids
        return sum(
            other.made
            for other in self._world.watch.lives.values()
            if definition in (None, other.definition) and (ids is None or other.id in ids)
        )

    def _is_meant(self, asked: Asked, life: "Life", created_by: str) -> bool:
        """Whether a task is one of those that the verb was said of, whatever its status."""
        record = life.record or {}
        return (
            asked.said.definition in (None, life.definition)
            and (asked.ids is None or life.id in asked.ids)
            and record["createdOn"]["S"] <= created_by
            and (asked.ids is not None or not life.is_in_bulk)
        )

    def _is_left(self, work: Work, asked: Asked, life: "Life") -> bool:
        """Whether a task was one of those all the time, and the verb was not carried out."""
        if life.record is None or life.was_deleted or life.made_at > work.life.made_at:
            return False
        if life.status not in asked.said.taken or not self._is_meant(asked, life, asked.before):
            return False
        if work.verb is BulkVerb.ABORT:
            return asked.said.statuses is None
        was_over = life.ended_at is not None and life.ended_at < work.life.made_at
        if work.verb is BulkVerb.RETRY:
            return was_over and not life.retry and not life.was_removed
        return was_over

    def _was_to_go_on(self, work: Work, life: "Life") -> bool:
        """Whether a task was held before it was let go, and is so still, and nothing pauses it."""
        if work.asked is not None or not life.is_held_with_others or life.held_at is None:
            return False
        begin, now = work.life.made_at, self._world.scheduler.now
        return life.held_at < begin and not self._world.pauses.was_held(life.definition, begin, now)

    def _was_seen_late(self, work: Work, life: "Life") -> bool:
        return life.seen_late_at is not None and life.seen_late_at >= work.life.made_at

    def _follows(self, verb: BulkVerb, life: "Life") -> bool:
        """Whether it was done to a task perhaps since it was done to its parent."""
        parent = self._world.watch.life(life.parent) if life.parent else None
        if parent is None:
            return False
        if verb is BulkVerb.ABORT:
            return parent.status == "aborted" or parent.record is None
        return parent.record is None or parent.was_deleted
