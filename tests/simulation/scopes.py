"""Small scopes: two actors, one task, and at most one fault, in every order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from handler import tasks
from handler.errors import BackgroundTaskError
from handler.runtime import using
from handler.wiring import build
from tests.simulation.exploring import Cut, Explored, Explorer, Script, every_order, scripts
from tests.simulation.faults import Fault, Kind, Odds
from tests.simulation.machine import Killed, Machine
from tests.simulation.plan import Planned, Way, bounded
from tests.simulation.scenario import Scenario
from tests.simulation.watch import Broken
from tests.simulation.world import Result, World

_HOUR: Final = 3_600.0
# A recovery whose clock is ahead finds every record idle.
_AHEAD_SECONDS: Final = 600.0
FAULTS: Final = (
    Odds(Kind.KILLED, 1),
    Odds(Kind.KILLED, 1, is_after=True),
    Odds(Kind.DYNAMODB_THROTTLED, 1),
    Odds(Kind.DYNAMODB_ANSWER_LOST, 1, is_after=True),
    Odds(Kind.EVENTS_FAILED, 1),
    Odds(Kind.EVENTS_ANSWER_LOST, 1, is_after=True),
    Odds(Kind.STEP_FUNCTIONS_FAILED, 1),
)

# Step Functions takes a worker for dead, which runs on: the next one is the second actor.
OVERTAKEN: Final = (Odds(Kind.RAN_ON, 1), Odds(Kind.RAN_ON, 1, is_after=True))
# Where there are very many orders.
FEW: Final = (
    Odds(Kind.KILLED, 1, is_after=True),
    Odds(Kind.DYNAMODB_ANSWER_LOST, 1, is_after=True),
)

Prepare = Callable[["Scene"], None]


class Scene:
    """A world with one task, in which actors meet."""

    def __init__(self, explorer: Explorer, script: Script | None, planned: Planned) -> None:
        scenario = Scenario(seed="scope", tasks=0)
        self._explorer = explorer
        self.world = World(
            scenario, choose=explorer, scripted=script.once() if script else _nothing, intensity=0.0
        )
        self.world.planned[planned.number] = planned
        self.planned = planned
        self.id = ""

    def quietly(self, act: Callable[[], object]) -> None:
        """Has something happen, and all that follows, in one order."""
        self._explorer.is_closed = True
        scripted, self.world.scripted = self.world.scripted, _nothing
        act()
        self.world.scheduler.run(until=self.world.scheduler.now + 5)
        self.world.scripted = scripted
        self._explorer.is_closed = False

    def trigger(self, *, key: str | None = None) -> None:
        planned = self.planned
        record = tasks.trigger(
            planned.definition,
            input=planned.input,
            name=planned.name,
            delay=planned.delay,
            idempotency_key=key,
        )
        self.id = record.id

    def program(self, name: str, act: Callable[[Machine], object], *, ahead: float = 0.0) -> None:
        """A program that does something; it may die as a Lambda does."""
        world = self.world

        def run() -> None:
            machine = Machine(world, name, function="program", seconds=_HOUR, task=0)
            machine.skew_seconds = ahead
            actor.locals = machine
            try:
                with using(machine.parts):
                    act(machine)
            except Killed:
                machine.is_dead = True
            except BackgroundTaskError:
                pass
            world.watch.machine_ended(machine)

        actor = world.scheduler.spawn(name, run)

    def recover(self, name: str, event: Any, *, ahead: float = _AHEAD_SECONDS) -> None:
        """An invocation of the recovery."""
        self.world.lambdas.invoke_later("recovery", event, name=name, task=0, ahead=ahead)

    def events(self) -> list[Any]:
        """The events that have started executions."""
        return [each.input for each in self.world.step_functions.executions.values()]

    def deliver(self, event: Any, name: str) -> None:
        """Delivers an event once more."""
        self.world.event_bus.start_now(event, name)

    def finish(self) -> Result:
        """Lets time pass until all is done, and looks at what is left."""
        world, scheduler = self.world, self.world.scheduler
        self._explorer.is_closed = True
        world.scripted = _nothing
        world.faults.is_calm, world.calm_since = True, scheduler.now
        for number in range(30):
            if not (world.open_lives() or world.letters() or world.event_bus.on_their_way):
                break
            world.people.end_what_never_ends()
            world.sweep(f"last-{number}")
            scheduler.run(until=scheduler.now + 300)
        world.audit_the_calm()
        return world.result()


def _nothing(*_: object) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Two actors and a task.

    Args:
        prepare: makes the task, in one order.
        begin: has the actors begin.
        machines: the beginnings of the names of the machines that a fault may hit.
    """

    name: str
    prepare: Prepare
    begin: Prepare
    machines: tuple[str, ...]
    steps: int = 1
    definition: str = "simSteps"
    delay: int = 0
    faults: tuple[Kind, ...] = ()
    hits: tuple[Odds, ...] = FAULTS

    def explore(self, script: Script | None = None) -> Explored:
        """Tries every order: without a fault, or with one."""
        return every_order(self.name, self.run, script)

    def scripts(self, explored: Explored) -> list[Script]:
        """The faults to try, after the orders without one."""
        return scripts(explored, self.machines, self.hits)

    def run(self, explorer: Explorer, script: Script | None) -> Result | None:
        planned = Planned(
            number=0,
            definition=self.definition,
            input={"steps": self.steps},
            counted=self.steps,
            delay=self.delay,
            way=Way.KEY,
        )
        scene = Scene(explorer, script, planned)
        for kind in self.faults:
            scene.world.faults.note(Fault(kind, "scope", 0, 0))
        if script is not None:
            scene.world.faults.comes(script.fault.kind, script.machine, script.step, task=0)
        try:
            scene.quietly(lambda: self.prepare(scene))
            self.begin(scene)
            scene.world.scheduler.run(until=scene.world.scheduler.now + 3)
            return scene.finish()
        except Cut:
            scene.world.result()
            return None
        except Broken:
            return scene.world.result()


def _triggered(scene: Scene) -> None:
    """A task whose event is held back."""
    scene.world.event_bus.is_held = True
    scene.program("prepare", lambda _: scene.trigger())


def _held(scene: Scene) -> Any:
    return scene.world.event_bus.held[0]


def _deliver(scene: Scene, name: str = "one") -> None:
    scene.world.event_bus.is_held = False
    scene.deliver(_held(scene), name)


def _twice(scene: Scene) -> None:
    _deliver(scene, "one")
    scene.deliver(_held(scene), "two")


def _abort(scene: Scene, name: str = "aborter") -> None:
    scene.program(name, lambda _: tasks.abort(scene.id))


def _run_now(scene: Scene, name: str = "hurrier") -> None:
    scene.program(name, lambda _: tasks.run_now(scene.id))


def _abort_by_api(scene: Scene) -> None:
    def run(machine: Machine) -> None:
        system = build(machine.parts(), remaining=machine.remaining_seconds, runs_hooks=False)
        system.tasks.abort(scene.id)

    scene.program("aborter", run)


def _sweep(scene: Scene, name: str = "sweep-a") -> None:
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    scene.recover(name, event)


def _three(scene: Scene) -> None:
    """Three tasks, of which one has the slot that there is, and its event is held back."""

    def trigger(_: Machine) -> None:
        scene.trigger()
        first = scene.id
        scene.trigger()
        scene.trigger()
        scene.id = first

    scene.world.event_bus.is_held = True
    scene.program("prepare", trigger)


def _trigger(scene: Scene) -> None:
    scene.program("second", lambda _: scene.trigger())


def _both(*parts: Prepare) -> Prepare:
    def begin(scene: Scene) -> None:
        for part in parts:
            part(scene)

    return begin


def _stopped(scene: Scene) -> None:
    """Somebody stops the execution while its worker runs, and the end is reported."""
    execution = scene.world.step_functions.executions["one"]
    execution.stop("", "A person stopped it.")


def _stop_soon(scene: Scene) -> None:
    def run(machine: Machine) -> None:
        machine.client("world").act(task=scene.id, effect="stop")
        _stopped(scene)

    scene.program("stopper", run)


def _keyed(name: str) -> Prepare:
    def begin(scene: Scene) -> None:
        scene.program(name, lambda _: scene.trigger(key="k"))

    return begin


SCOPES: Final = (
    Scope(
        name="an event that is delivered twice",
        steps=2,
        prepare=_triggered,
        begin=_twice,
        machines=("one", "two"),
    ),
    Scope(
        name="a task of two iterations",
        steps=2,
        prepare=_triggered,
        begin=_deliver,
        machines=("one",),
        hits=(*FAULTS, *OVERTAKEN),
    ),
    Scope(
        name="a worker and an abort by code",
        steps=2,
        hits=(),
        prepare=_triggered,
        begin=_both(_deliver, _abort),
        machines=("one", "aborter"),
        faults=(Kind.ABORTED,),
    ),
    Scope(
        name="a worker and an abort by the API",
        hits=FEW,
        prepare=_triggered,
        begin=_both(_deliver, _abort_by_api),
        machines=("one", "aborter"),
        faults=(Kind.ABORTED,),
    ),
    Scope(
        name="a worker and a sweep",
        hits=FEW,
        prepare=_triggered,
        begin=_both(_deliver, _sweep),
        machines=("one", "sweep-a"),
    ),
    Scope(
        name="a worker in place and a sweep",
        steps=2,
        hits=(),
        prepare=_triggered,
        begin=_both(_deliver, _sweep),
        machines=("one", "sweep-a"),
    ),
    Scope(
        name="a worker and a stopped execution",
        steps=2,
        prepare=_triggered,
        begin=_both(_deliver, _stop_soon),
        machines=("one",),
        faults=(Kind.EXECUTION_STOPPED,),
    ),
    Scope(
        name="a worker in a delay and who tells the task to run now",
        delay=60,
        hits=FEW,
        prepare=_triggered,
        begin=_both(_deliver, _run_now),
        machines=("one", "hurrier"),
        faults=(Kind.HURRIED,),
    ),
    Scope(
        name="two triggers with one key",
        prepare=lambda _: None,
        begin=_both(_keyed("first"), _keyed("second")),
        machines=("first", "second"),
    ),
    Scope(
        name="two aborts",
        prepare=_triggered,
        begin=_both(_abort, lambda scene: _abort(scene, "second")),
        machines=("aborter", "second"),
        faults=(Kind.ABORTED,),
    ),
    Scope(
        name="three tasks and one slot",
        definition=bounded("simSteps"),
        prepare=_three,
        begin=_deliver,
        machines=("one", "x-"),
    ),
    Scope(
        name="a trigger, and the end of the task that has the slot",
        definition=bounded("simSteps"),
        hits=FEW,
        prepare=_triggered,
        begin=_both(_deliver, _trigger),
        machines=("one", "second", "x-"),
    ),
)
