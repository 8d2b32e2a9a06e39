"""Operators: they say something of many tasks at once, and pause definitions, or all."""

import random
from typing import TYPE_CHECKING, Any, Final

from handler import Filter, tasks
from handler.errors import BackgroundTaskError
from handler.lifecycle import BulkVerb
from tests.simulation.faults import Kind
from tests.simulation.machine import Machine
from tests.simulation.many import NUMBER_IN_THE_CALM, Hold, Said
from tests.simulation.plan import Planned

if TYPE_CHECKING:
    from tests.simulation.world import World

_TRIES: Final = 4
_BULK: Final = """
mutation Bulk($where: WebinyBackgroundTaskListWhereInput!, $rate: Number, $key: String) {
  backgroundTasks {
    %sTasks(where: $where, rate: $rate, idempotencyKey: $key) {
      data { count task { id } }
      error { code }
    }
  }
}"""
_PAUSE_ALL: Final = """
mutation PauseAll($every: Boolean) {
  backgroundTasks { pauseAll(everyTenant: $every) { data { pausedOn } error { code } } }
}"""
_PAUSE: Final = """
mutation PauseDefinition($id: ID!, $every: Boolean) {
  backgroundTasks {
    pauseDefinition(id: $id, everyTenant: $every) { data { pausedOn } error { code } }
  }
}"""
_RESUME_ALL: Final = """
mutation ResumeAll($every: Boolean, $rate: Number) {
  backgroundTasks {
    resumeAll(everyTenant: $every, rate: $rate) { data { id } error { code } }
  }
}"""
_RESUME: Final = """
mutation ResumeDefinition($id: ID!, $every: Boolean, $rate: Number) {
  backgroundTasks {
    resumeDefinition(id: $id, everyTenant: $every, rate: $rate) { data { id } error { code } }
  }
}"""


class Operators:
    """Whoever says something of many tasks at once. Each act is one for the report."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def begin(self) -> None:
        """Has each verb said, and each pause made, in its time."""
        scenario, comes = self._world.scenario, self._world.faults.comes
        for said in scenario.said_of_many:
            if not comes(Kind.SAID_OF_MANY, said.name, 0, task=said.number):
                continue
            self._world.in_bulk.expect(said)
            self._spawn(f"{said.name}/one", said.number, self._say, said, after=said.at)
            if said.again is not None:
                other, after = f"{said.name}/other", said.at + said.again
                self._spawn(other, said.number, self._say, said, after=after)
        for hold in scenario.holds:
            kind = Kind.ALL_PAUSED if hold.definition is None else Kind.DEFINITION_PAUSED
            if comes(kind, hold.name, 0, task=hold.number):
                self._spawn(hold.name, hold.number, self._hold, hold, after=hold.at)

    def end_pauses(self) -> None:
        """Resumes all that is paused still: in the calm, whoever has paused it failed to."""
        now = self._world.scheduler.now
        for number, (definition, tenant) in enumerate(self._world.pauses.in_force()):
            hold = Hold(
                number=NUMBER_IN_THE_CALM,
                definition=definition,
                tenant=tenant,
                at=now,
                seconds=0,
                rate=None,
            )
            self._spawn(f"resume{number}@{now:.0f}", hold.number, self._let_go, hold)

    def _spawn(self, name: str, number: int, run: Any, what: object, after: float = 0.0) -> None:
        self._world.people.spawn(
            name, run, Planned(number=number, definition=""), what, after=after
        )

    def _say(self, machine: Machine, task: Planned, said: Said) -> None:
        """Says a verb, and does something to the task that carries it out."""
        ids = self._ids_of(said)
        for number in range(_TRIES if said.key else 1):
            self._world.in_bulk.asked(said, ids)
            if id := self._begun(machine, task, said, ids, f"say{number}"):
                self._world.people.accepted[id] = said.number
                self._world.in_bulk.told(said, id)
                self._meddle(machine, said, id)
                return
            machine.sleep(2)

    def _ids_of(self, said: Said) -> tuple[str, ...] | None:
        """The ids that it is said of: both who say it mean the same."""
        if said.share is None:
            return None
        if known := self._world.in_bulk.ids_of(said):
            return known
        lives = self._world.watch.lives.values()
        there = sorted(life.id for life in lives if life.record and not life.is_in_bulk)
        dice = random.Random(f"{self._world.seed}/{said.name}/ids")
        return tuple(dice.sample(there, int(len(there) * said.share)))

    def _begun(
        self, machine: Machine, task: Planned, said: Said, ids: tuple[str, ...] | None, what: str
    ) -> str:
        """The id of the task that does the work; empty if nobody was told."""
        if machine.random.random() < 0.5:
            where = {
                "definitionId": said.definition,
                "id_in": None if ids is None else list(ids),
                "taskStatus_in": None if said.statuses is None else sorted(said.statuses),
            }
            given = {name: value for name, value in where.items() if value is not None}
            variables = {"where": given, "rate": said.rate, "key": said.key}
            answer = self._asked(machine, task, what, _BULK % said.verb, variables)
            data = (answer.get(f"{said.verb}Tasks") or {}).get("data") or {}
            return str((data.get("task") or {}).get("id", ""))
        verbs = {
            BulkVerb.ABORT: tasks.abort_many,
            BulkVerb.RETRY: tasks.retry_many,
            BulkVerb.DELETE: tasks.delete_many,
        }
        wanted = Filter(definition_id=said.definition, ids=ids, statuses=said.statuses)
        try:
            begun = verbs[said.verb](wanted, rate=said.rate, idempotency_key=said.key)
        except BackgroundTaskError:
            return ""
        return begun.task.id if begun.task else ""

    def _meddle(self, machine: Machine, said: Said, id: str) -> None:
        """Aborts the task that does the work, or pauses it, as any other."""
        people, comes = self._world.people, self._world.faults.comes
        own = Planned(number=said.number, definition="", paused=said.paused)
        if said.aborted is not None and comes(Kind.ABORTED, machine.name, 0, task=said.number):
            machine.sleep(said.aborted)
            people.abort(machine, own, id)
        if said.paused is not None and comes(Kind.PAUSED, machine.name, 0, task=said.number):
            machine.sleep(said.paused[0])
            people.pause(machine, own, id)

    def _hold(self, machine: Machine, task: Planned, hold: Hold) -> None:
        """Pauses a definition, or all, and resumes it after a while."""
        if machine.random.random() < 0.5:
            query = _PAUSE_ALL if hold.definition is None else _PAUSE
            self._asked(machine, task, "hold", query, _of(hold))
        else:
            try:
                if hold.definition is None:
                    tasks.pause_all(tenant=hold.tenant)
                else:
                    tasks.pause_definition(hold.definition, tenant=hold.tenant)
            except BackgroundTaskError:
                pass
        machine.sleep(hold.seconds)
        self._let_go(machine, task, hold)

    def _let_go(self, machine: Machine, task: Planned, hold: Hold) -> None:
        """Resumes what is paused, and says it once more where nobody was told that it is so."""
        for number in range(_TRIES):
            if id := self._resumed(machine, task, hold, f"let go{number}"):
                self._world.people.accepted[id] = hold.number
                return
            machine.sleep(2)

    def _resumed(self, machine: Machine, task: Planned, hold: Hold, what: str) -> str:
        """The id of the task that lets the others go on; empty if nobody was told."""
        if machine.random.random() < 0.5:
            query = _RESUME_ALL if hold.definition is None else _RESUME
            answer = self._asked(machine, task, what, query, _of(hold) | {"rate": hold.rate})
            name = "resumeAll" if hold.definition is None else "resumeDefinition"
            return str(((answer.get(name) or {}).get("data") or {}).get("id", ""))
        try:
            if hold.definition is None:
                return tasks.resume_all(tenant=hold.tenant, rate=hold.rate).id
            return tasks.resume_definition(hold.definition, tenant=hold.tenant, rate=hold.rate).id
        except BackgroundTaskError:
            return ""

    def _asked(
        self, machine: Machine, task: Planned, what: str, query: str, variables: dict[str, Any]
    ) -> Any:
        return self._world.people.asked(machine, task, what, query, variables)


def _of(hold: Hold) -> dict[str, Any]:
    """The variables of a document."""
    id = {} if hold.definition is None else {"id": hold.definition}
    return id | {"every": hold.tenant is None}
