"""Gathers the evidence of a campaign: records, logs, effects, rows, and the ledger."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from handler.contract import BULK_DEFINITION
from handler.record.stored_task import StoredTask
from handler.record.task_record import whole
from handler.table.store import Store
from tests.chaos.evidence import Evidence, Expected
from tests.chaos.ledger import Reader
from tests.chaos.people import Accepted
from tests.chaos.plan import (
    BULK,
    ENDLESS,
    FAMILY,
    GUARDIAN,
    HEARS,
    HELD,
    IDLE_CHILD,
    IMPORT,
    MENDS,
    SLEEPS,
    WARD,
    Meddling,
)
from tests.chaos.stack import Stack
from tests.chaos.verbs import Said

_OF_STEPS = ("chaosSteps", "chaosOutlives", "chaosOutputs")
_OF_ONE_STEP = ("chaosTalks", "chaosSlow", "chaosHookRaises")
_HOOKS_THAT_NEVER_END = ("chaosHookKills", "chaosHookHangs")
_PARENTS, _CHILDREN = ("chaosParent", GUARDIAN), ("chaosChild", WARD)


def gathered(
    stack: Stack, accepted: Iterable[Accepted], held: Mapping[str, Sequence[tuple[str, str]]]
) -> list[Evidence]:
    """The evidence of every accepted task, and of every task that has, or had, a record.

    Args:
        held: from when, and until when, whole definitions were paused.
    """
    stack.reader.read()
    known = {task.id: task for task in accepted}
    gathering = _Gathering(stack, known, held)
    return [
        gathering.evidence(id, known.get(id))
        for id in dict.fromkeys([*known, *stack.reader.history])
    ]


class _Gathering:
    """What is read once for all tasks."""

    def __init__(
        self,
        stack: Stack,
        known: Mapping[str, Accepted],
        held: Mapping[str, Sequence[tuple[str, str]]],
    ) -> None:
        self._held = held
        self._reader: Reader = stack.reader
        self._store: Store = stack.store()
        ids = [*dict.fromkeys([*known, *stack.reader.history])]
        # Whole: the audit reads them when the table is gone.
        records = [whole(record) for record in self._store.index.tasks(ids)]
        self._records = {record.id: record for record in records}
        self._children: dict[str, list[StoredTask]] = {}
        for record in self._records.values():
            self._children.setdefault(record.parent_id or "", []).append(record)
        self._retries: dict[str, list[str]] = {}
        for id, writes in stack.reader.history.items():
            self._retries.setdefault(writes[-1].retry_of, []).append(id)
        self._effects = stack.effects()
        self._rows = stack.ageing.left()

    def evidence(self, id: str, accepted: Accepted | None) -> Evidence:
        record, children = self._records.get(id), self._children.get(id, [])
        definition = record.definition_id if record else self._definition_of(id)
        input = accepted.planned.input if accepted else record.input if record else {}
        parent_id = record.parent_id if record else None
        last, said = self._reader.last(id), accepted.said if accepted else Said()
        return Evidence(
            id=id,
            record=record,
            expected=expected(definition, input, is_retry=bool(last and last.retry_of)),
            faults=[*self._reader.faults_of(id), *self._in_bulk(id)],
            abort_accepted=accepted is not None and accepted.abort_accepted,
            is_deleted=self._is_deleted(id, accepted),
            was_answered=accepted is not None and not accepted.planned.by_hand,
            parent_aborted_on=self._aborted_on(parent_id) if parent_id else None,
            effects=self._effects.get(id, {}),
            found_children=len(children),
            unsuccessful_children=sum(child.status != "success" for child in children),
            history=self._reader.history.get(id, []),
            log=list(self._log_of(id)),
            rows=[row for row in self._rows.get(id, []) if row.startswith("the row")],
            unasked=self._reader.unasked.get(id, []),
            signalled_on=said.signalled_on,
            woken_on=said.woken_on,
            paused=[*said.paused, *self._held.get(definition, [])],
            answered_retries=said.retries,
            found_retries=self._retries.get(id, []),
        )

    def _is_deleted(self, id: str, accepted: Accepted | None) -> bool | None:
        """Whether somebody has deleted it; of the tasks that are deleted in bulk, it is gone."""
        if accepted and accepted.is_deleted is not False:
            return accepted.is_deleted
        return self._definition_of(id) == BULK and id in self._reader.removed

    def _in_bulk(self, id: str) -> list[str]:
        """What was done to it with others: each that is there then is aborted, and not its retry.

        The ledger has one line for all of them.
        """
        last = self._reader.last(id)
        is_one = last is not None and last.definition_id == BULK and not last.retry_of
        kinds = [fault.kind for fault in self._reader.faults]
        return [Meddling.ABORT_MANY] if is_one and Meddling.ABORT_MANY in kinds else []

    def _definition_of(self, id: str) -> str:
        last = self._reader.last(id)
        return last.definition_id if last else ""

    def _aborted_on(self, id: str) -> str | None:
        """When a task was aborted: its record may be gone since."""
        writes = self._reader.history.get(id, [])
        return next((write.saved_on for write in writes if write.status == "aborted"), None)

    def _log_of(self, id: str) -> Iterator[str]:
        for log in self._store.logs.read(id):
            yield from (f"{log.iteration}. {line.message}" for line in log.lines)


def expected(definition: str, input: Mapping[str, object], *, is_retry: bool = False) -> Expected:
    """What a definition makes of its input when nothing goes wrong."""

    def number(name: str) -> int:
        return int(str(input.get(name, 0)))

    steps, children = number("steps"), number("children")
    if is_retry and definition in (MENDS, BULK):
        return Expected(rows=1, counted=1)
    mends = Expected(status="failed", code="ON_PURPOSE")
    known = {
        "chaosWalk": Expected(rows=number("rows"), counted=number("rows")),
        **dict.fromkeys(_OF_STEPS, Expected(rows=steps, counted=steps)),
        **dict.fromkeys(_PARENTS, Expected(counted=children, children=children)),
        **dict.fromkeys(_CHILDREN, Expected(rows=1, counted=1)),
        **dict.fromkeys(_OF_ONE_STEP, Expected(counted=1)),
        **dict.fromkeys(_HOOKS_THAT_NEVER_END, Expected(counted=1, hook_ends=False)),
        "chaosFails": Expected(status="failed", code="ON_PURPOSE"),
        "chaosEndless": Expected(status="failed", code="MAX_ITERATIONS"),
        IMPORT: Expected(status="failed", code="ImportRefused", counts_hooks=False),
        **dict.fromkeys((*ENDLESS, IDLE_CHILD), Expected(status="aborted")),
        FAMILY: Expected(status="aborted", children=2),
        HEARS: Expected(counted=1),
        SLEEPS: Expected(rows=2 - number("counted"), counted=2),
        MENDS: Expected(status="aborted") if input.get("waits") else mends,
        BULK: Expected(status="aborted"),
        HELD: Expected(rows=1, counted=1),
        BULK_DEFINITION: Expected(counts_hooks=False),
    }
    return known.get(definition, Expected())
