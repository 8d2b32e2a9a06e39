"""How a definition, or all of a stack, is paused; and how its tasks go on."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from handler.aws import Bus
from handler.clock import Clock, to_iso
from handler.contract import BULK_DEFINITION, ErrorCode
from handler.definition import Registry
from handler.errors import Refused
from handler.record import Identity, Pause, StoredTask
from handler.table import RecordMoved, Store, as_read

# They stand in one item, which has 400 KB at most (DynamoDB quotas, "Items"): 2 KB each at most.
MAX_PAUSES: Final = 100
# Of no tenant: only what pauses the tasks of all holds those of this one.
EVERY_TENANT: Final = ""
# Within so long the sweep looks at each of the tasks that are held; see `StoredTask.looked_at`.
_LOOKED_AT_WITHIN: Final = timedelta(days=1, hours=1)


class Pausing:
    """Pauses definitions, or all, and lets their tasks go on.

    A pause is a setting, and no write to a task: a task is held when its next iteration is claimed
    (`iteration.admission`), and leaves its execution. Its record then says what it is paused with.
    When the pause is over, the engine's own task lets those tasks go on (`handler.bulk`). One that
    it has missed, since it was held in the same moment, the sweep lets go.

    The engine's own tasks are never held: they carry out what is said meanwhile.
    """

    def __init__(self, *, registry: Registry, store: Store, bus: Bus, clock: Clock) -> None:
        self._registry = registry
        self._store = store
        self._bus = bus
        self._clock = clock

    def pauses(self) -> tuple[Pause, ...]:
        """The pauses, as they now stand."""
        return self._store.settings.read_pauses()

    def pause(self, definition_id: str | None, *, tenant: str | None, by: Identity) -> Pause:
        """Pauses a definition, or all. One that is paused stays as it is.

        Raises:
            UnknownDefinition: there is no such definition.
            Refused: it is the engine's own; or there are 100 pauses.
        """
        id = self._checked(definition_id)
        ids = self._ids_of(id)
        made = Pause(
            definition_id=id, tenant=tenant, paused_on=self._clock.now(), paused_by=by.fitting()
        )

        def add(known: Sequence[Pause]) -> Sequence[Pause]:
            if any(each.is_of(ids, tenant) for each in known):
                return known
            if len(known) >= MAX_PAUSES:
                raise Refused(
                    f"There are {MAX_PAUSES} pauses. Next: resume one, or pause all.",
                    code=ErrorCode.TASK_PAUSE_ERROR,
                )
            return (*known, made)

        after = self._store.settings.change_pauses(add, by=by)
        return next(each for each in after if each.is_of(ids, tenant))

    def resume(self, definition_id: str | None, *, tenant: str | None, by: Identity) -> Pause:
        """Takes a pause away. Its tasks go on when they are let go.

        Returns:
            What was taken away, or would have been.

        Raises:
            UnknownDefinition: there is no such definition, and no such pause.
            Refused: it is not paused for these, but for every tenant, or for another one alone.
        """
        ids = self._ids_of(definition_id)
        found = [each for each in self.pauses() if each.is_of(ids, tenant)]
        if not found:
            id = self._checked(definition_id)
            self._check_no_other(ids, tenant)
            now = self._clock.now()
            found = [Pause(definition_id=id, tenant=tenant, paused_on=now, paused_by=by)]

        def remove(pauses: Sequence[Pause]) -> Sequence[Pause]:
            return tuple(each for each in pauses if not each.is_of(ids, tenant))

        self._store.settings.change_pauses(remove, by=by)
        return found[0]

    def pause_of(self, task: StoredTask) -> Pause | None:
        """What holds a task, as it was known 30 seconds ago at the latest."""
        return self.of(task.definition_id, task.tenant)

    def of(self, definition_id: str, tenant: str) -> Pause | None:
        """What holds the tasks of a definition and a tenant, as `pause_of`."""
        pauses = self._store.settings.pauses()
        if not pauses or definition_id == BULK_DEFINITION:
            return None
        names = self._registry.names_of(definition_id)
        return next((each for each in pauses if each.holds(names, tenant)), None)

    def check_may_resume(self, task: StoredTask) -> None:
        """Refuses to resume a task by itself that would be held again at once.

        Raises:
            Refused: its definition is paused, or all are.
        """
        if not (task.is_held and task.paused_with and self.pauses()):
            return
        if pause := self.pause_of(task):
            what, whose = "all tasks are", "all"
            if pause.definition_id is not None:
                what = whose = f'its definition "{pause.definition_id}"'
                what += " is"
            raise Refused(
                f'Task "{task.id}" is paused since {what} paused. Next: resume {whose}.',
                code=ErrorCode.TASK_RESUME_ERROR,
                data={"id": task.id, "pausedOn": to_iso(pause.paused_on)},
            )

    def let_go(self, id: str) -> bool:
        """Lets a task go on that was paused with others, if none of its pauses is left.

        What is left of its delay or wait is still to pass. A task that somebody has paused by
        itself stays paused.

        Returns:
            Whether this call did.
        """
        while True:
            task = self._store.find(id)
            if task is None or not task.is_held or not task.paused_with or self.pause_of(task):
                return False
            resumed = task.resumed(now=self._clock.now())
            try:
                self._store.save(resumed, before=task, guard=as_read(task))
            except RecordMoved:
                continue
            self._bus.send([resumed])
            return True

    def held(self, after: str | None) -> tuple[Sequence[StoredTask], str | None]:
        """Some of the tasks that are paused with others, and where to go on.

        Args:
            after: where to go on, as the call before said; `None`: at the beginning.
        """
        until = self._clock.now() + _LOOKED_AT_WITHIN
        start = json.loads(after) if after else None
        page, further = self._store.watch.page(until, start)
        tasks = self._store.index.tasks([due.task_id for due in page if due.task_id])
        found = [task for task in tasks if task.is_held and task.paused_with]
        return found, json.dumps(further) if further else None

    def _ids_of(self, definition_id: str | None) -> Sequence[str | None]:
        """All that a definition goes by: it may have been paused before it was renamed."""
        return (None,) if definition_id is None else self._registry.names_of(definition_id)

    def _check_no_other(self, ids: Sequence[str | None], tenant: str | None) -> None:
        """Refuses to end a pause that is another one: its tasks would stay where they are."""
        others = [each for each in self.pauses() if each.definition_id in ids]
        if tenant is not None:
            others = [each for each in others if each.tenant is None]
        if not others:
            return
        what = f'"{ids[0]}" is' if ids[0] else "All tasks are"
        own = others[0].tenant
        whose = f'tenant "{own}" alone'
        how = f'tenant="{own}" from code; as that tenant, without everyTenant, through the API'
        if own is None:
            whose = "every tenant"
            how = (
                "tenant=None from code, everyTenant: true in the API, every_tenant=True of a client"
            )
        raise Refused(
            f"{what} paused for {whose}. Next: resume {'it' if ids[0] else 'them'} so ({how}).",
            code=ErrorCode.TASK_RESUME_ERROR,
        )

    def _checked(self, definition_id: str | None) -> str | None:
        """The id of a definition that can be paused."""
        if definition_id is None:
            return None
        known = self._registry.get(definition_id)
        if known.id == BULK_DEFINITION:
            raise Refused(
                f"\"{known.id}\" is the engine's own definition, and can't be paused."
                " Next: pause its task.",
                code=ErrorCode.TASK_PAUSE_ERROR,
                data={"id": known.id},
            )
        return known.id
