"""Who holds the slots of the limits, as their items say, and what must hold at each write."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.simulation.machine import Machine

if TYPE_CHECKING:
    from tests.simulation.watch import Change, Life, Watch

_LIMIT = "LIMIT#"
TOO_MANY = "no more run at a time than may"
OWN = "a slot is held while its task has it"


class SlotRules:
    """Looks at each write of a limit, and of a record that needs a slot."""

    def __init__(self, watch: "Watch") -> None:
        self._watch = watch
        self._holders: dict[str, frozenset[str]] = {}
        self.most: dict[str, int] = {}  # how many of a limit held a slot at a time
        self.queued: set[str] = set()  # the tasks that have ever queued
        self._claimed: dict[tuple[str, str], tuple[str, str]] = {}

    def look(self, machine: Machine, changes: "list[Change]") -> None:
        """Looks at what a request has changed. The records' own rules have had their look."""
        for (partition, sort), _, after in changes:
            if partition.startswith(_LIMIT) and sort.startswith("HOLDERS"):
                self._held(partition, after)
        for (partition, sort), before, after in changes:
            if partition.startswith("TASK#") and sort == "TASK" and after is not None:
                life = self._watch.life(partition.removeprefix("TASK#"))
                self._record(life, machine, before or {}, after)

    def acted(self, life: "Life", machine: Machine) -> None:
        """An iteration does something: does it still hold the slot that it was claimed with?

        One that another has overtaken is of the same task: it does what a dead one could have done.
        """
        limit, name = self._claimed.get((machine.name, life.id), ("", ""))
        if machine.claimed.get(life.id) != _iterations(life.record or {}):
            return
        if limit and not machine.is_zombie and name not in self._holders.get(limit, ()):
            what = f"{machine.name} runs on, and its slot was given back."
            self._watch.fail(TOO_MANY, life.id, what)

    def left(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The limits of which somebody holds a slot."""
        yield from ((id, names) for id, names in self._holders.items() if names)

    def _held(self, partition: str, after: Mapping[str, Any] | None) -> None:
        item = after or {}
        names = frozenset(item.get("holders", {}).get("SS", ()))
        gone = self._holders.get(partition, frozenset()) - names
        self._holders[partition] = names
        self.most[partition] = max(self.most.get(partition, 0), len(names))
        limit = int(item["limit"]["N"]) if "limit" in item else 0
        if len(names) > limit:
            what = f"{len(names)} hold the {limit} slots of {item.get('limitKey')}."
            self._watch.fail(TOO_MANY, next(iter(names)).partition("@")[0], what)
        for name in gone:
            life = self._watch.life(name.rpartition("@")[0])
            if life.is_open and _name(life) == name:
                self._watch.fail(OWN, life.id, "It was given back, and the record has it still.")

    def _record(
        self, life: "Life", machine: Machine, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        starts_on = after.get("startsOn", {}).get("S", "")
        if _iterations(after) > _iterations(before) and starts_on > after["savedOn"]["S"]:
            what = f"{machine.name} claims it before its moment, {starts_on}."
            self._watch.fail("none starts before its moment", life.id, what)
        if "limitId" not in after or not life.is_open:
            return
        if "queuedOn" in after:
            self.queued.add(life.id)
        has_slot = "slot" in after
        limit = f"{_LIMIT}{after['limitId']['S']}"
        if has_slot and _name(life) not in self._holders.get(limit, ()):
            self._watch.fail(OWN, life.id, f"{machine.name} runs it by a slot that it has not.")
        is_claimed = _iterations(after) > _iterations(before)
        if is_claimed and ("slot" not in before or not has_slot):
            what = f"{machine.name} claims it, and it has no slot."
            self._watch.fail(TOO_MANY, life.id, what)
        if is_claimed:
            self._claimed[(machine.name, life.id)] = (limit, _name(life))
        if has_slot and "queuedOn" in after:
            self._watch.fail(OWN, life.id, "It has a slot, and queues for one.")
        is_sent_off = "queuedOn" in before and has_slot and "executionName" not in after
        if is_sent_off:
            machine.to_send.add(life.id)


def _name(life: "Life") -> str:
    return f"{life.id}@{(life.record or {}).get('slot', {}).get('S', '')}"


def _iterations(item: Mapping[str, Any]) -> int:
    return int(item["iterations"]["N"]) if "iterations" in item else 0
