"""Every order of the requests of a few actors: by replay, depth first.

Two orders that differ only in requests that don't touch the same thing are one: after an actor's
request was tried at a point, it is not tried there again behind requests that are independent of
it ("Partial-Order Methods for the Verification of Concurrent Systems", Godefroid: sleep sets). An
order that only such a request could go on is cut.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from handler.contract import Index
from tests.simulation.faults import Kind, Odds
from tests.simulation.machine import Machine
from tests.simulation.scheduler import Actor
from tests.simulation.watch import keys_of
from tests.simulation.world import Result

_WRITES: Final = frozenset(
    {"put_item", "update_item", "delete_item", "transact_write_items", "batch_write_item"}
)
_EVERYTHING: Final = "everything"
_INDEX: Final = "an index"


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a request touches."""

    things: frozenset[str]
    is_write: bool

    def depends_on(self, other: "Footprint") -> bool:
        """Whether the order of two requests may make a difference."""
        if _EVERYTHING in self.things or _EVERYTHING in other.things:
            return True
        return (self.is_write or other.is_write) and not self.things.isdisjoint(other.things)

    @classmethod
    def of(cls, service: str, operation: str, request: Any) -> "Footprint":
        """The footprint of a request. An execution changes when a worker ends, without one."""
        if service == "dynamodb":
            is_write = operation in _WRITES
            things = {_row(key) for key in keys_of(operation, request)}
            if request.get("IndexName") or (is_write and _changes_an_index(request)):
                things.add(_INDEX)
            return cls(frozenset(things), is_write)
        if service == "world":
            return cls(frozenset({f"TASK#{request['task']}/TASK"}), is_write=False)
        if service == "stepfunctions":
            return cls(frozenset({_EVERYTHING}), is_write=True)
        return cls(frozenset({service}), is_write=True)


def _row(key: Any) -> str:
    """A record, the log of a task, its children, a limit: what a request touches as one."""
    if key["pk"]["S"].startswith("LIMIT#"):
        return str(key["pk"]["S"])
    return f"{key['pk']['S']}/{key.get('sk', {}).get('S', '').partition('#')[0]}"


def _changes_an_index(request: Any) -> bool:
    text = str(request)
    return any(index.partition_key in text for index in Index)


@dataclass(slots=True)
class _Point:
    """A point at which several actors were about to ask for something."""

    taken: str
    asleep: dict[str, Footprint]  # what need not be tried there
    others: dict[str, Footprint]  # what is left to try


class Cut(Exception):
    """Every request that could go on was tried in an order that is the same."""


@dataclass(slots=True)
class Explored:
    """What was tried of a scope.

    Args:
        orders: how many orders without a fault.
        with_fault: how many with one.
        cut: how many were cut, since they are the same as others.
    """

    name: str
    orders: int = 0
    with_fault: int = 0
    cut: int = 0
    violations: list[str] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)  # how far each machine came

    def add(self, other: "Explored") -> None:
        self.orders += other.orders
        self.with_fault += other.with_fault
        self.cut += other.cut
        self.violations += other.violations


@dataclass(frozen=True, slots=True)
class Script:
    """One fault: at which call of which machine.

    Args:
        machine: the beginning of its name.
        step: at which of its calls, from 1.
    """

    machine: str
    step: int
    fault: Odds

    def once(self) -> Callable[[Machine, str, str], Odds | None]:
        """What makes the fault, at the first call that it fits."""
        has_come = False

        def drawn(machine: Machine, service: str, operation: str) -> Odds | None:
            nonlocal has_come
            is_here = machine.step == self.step and machine.name.startswith(self.machine)
            if has_come or not is_here or not fits(self.fault.kind, service, operation):
                return None
            has_come = True
            return self.fault

        return drawn


def fits(kind: Kind, service: str, operation: str) -> bool:
    """Whether a fault can come at such a request."""
    if kind.name.startswith("DYNAMODB"):
        return service == "dynamodb"
    if kind is Kind.TRANSACTION_CONFLICT:
        return service == "dynamodb" and operation in _WRITES
    if kind.name.startswith("EVENTS"):
        return service == "events"
    if kind.name.startswith("STEP_FUNCTIONS"):
        return service == "stepfunctions"
    return True


class Explorer:
    """Chooses who goes on, so that each order is tried once."""

    def __init__(self) -> None:
        self._path: list[_Point] = []
        self._depth = 0
        self._asleep: dict[str, Footprint] = {}
        self.is_closed = False  # from here on the order is not explored
        self.steps: dict[str, int] = {}

    def begin(self) -> None:
        """Another run begins."""
        self._depth, self._asleep, self.is_closed = 0, {}, False

    def has_more(self) -> bool:
        """Goes to the next order. Returns whether there is one."""
        while self._path:
            point = self._path[-1]
            if point.others:
                name, footprint = next(iter(point.others.items()))
                del point.others[name]
                point.asleep[point.taken] = self._footprints[len(self._path) - 1][point.taken]
                point.taken = name
                self._footprints[len(self._path) - 1][name] = footprint
                return True
            self._path.pop()
            self._footprints.pop()
        return False

    def __call__(self, ready: Sequence[Actor]) -> int:
        """Which of the actors that are ready goes on."""
        for position, actor in enumerate(ready):
            if actor.pending is None:
                return position  # it is not about to ask for anything yet
        if self.is_closed:
            return self._taken(ready, 0)
        asking = {actor.name: Footprint.of(*actor.pending[1:]) for actor in ready}
        if self._depth == len(self._path):
            awake = {
                name: footprint for name, footprint in asking.items() if name not in self._asleep
            }
            if not awake:
                raise Cut
            name = next(iter(awake))
            others = {other: footprint for other, footprint in awake.items() if other != name}
            self._path.append(_Point(name, dict(self._asleep), others))
            self._footprints.append(dict(asking))
        point = self._path[self._depth]
        self._depth += 1
        mine = asking[point.taken]
        self._asleep = {
            name: footprint
            for name, footprint in point.asleep.items()
            if not footprint.depends_on(mine)
        }
        names = [actor.name for actor in ready]
        return self._taken(ready, names.index(point.taken))

    def _taken(self, ready: Sequence[Actor], position: int) -> int:
        actor = ready[position]
        machine: Machine = actor.pending[0]
        self.steps[machine.name] = max(self.steps.get(machine.name, 0), machine.step)
        actor.pending = None
        return position

    @property
    def _footprints(self) -> list[dict[str, Footprint]]:
        return self.__dict__.setdefault("_kept", [])  # type: ignore[no-any-return]


Run = Callable[[Explorer, Script | None], Result | None]


def every_order(name: str, run: Run, script: Script | None) -> Explored:
    """Tries every order of a scope: without a fault, or with one."""
    explorer, explored = Explorer(), Explored(name)
    has_more = True
    while has_more:
        explorer.begin()
        result = run(explorer, script)
        if result is None:
            explored.cut += 1
        else:
            explored.orders += script is None
            explored.with_fault += script is not None
            explored.violations += [f"{script or 'no fault'}: {each}" for each in result.violations]
        has_more = explorer.has_more()
    explored.steps = explorer.steps
    return explored


def scripts(explored: Explored, machines: Sequence[str], faults: Sequence[Odds]) -> list[Script]:
    """Each fault at each call of some machines, as far as their calls went without one.

    Args:
        machines: the beginnings of their names.
    """
    return [
        Script(machine, step, fault)
        for machine in machines
        for step in range(1, 2 + max(_steps_of(explored, machine), default=-1))
        for fault in faults
    ]


def _steps_of(explored: Explored, machine: str) -> list[int]:
    return [step for name, step in explored.steps.items() if name.startswith(machine)]
