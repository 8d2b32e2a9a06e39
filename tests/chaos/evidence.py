"""What is left of a task after a campaign: what its audit goes by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from handler.record.stored_task import StoredTask
from tests.chaos.ledger import Write


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a task's definition makes of its input when nothing goes wrong.

    Args:
        status: how it ends.
        counted: what its output counts: each committed step once.
        rows: how many different effects it has; `None` where that depends on how often it was
            interrupted.
        children: how many children it has.
    """

    status: str = "success"
    counted: int | None = None
    rows: int | None = None
    children: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One task.

    Args:
        id: its id, as its trigger was answered.
        record: its record; `None` if there is none.
        expected: what its definition makes of it.
        faults: the kinds of the faults that hit it, and what else was done to it.
        abort_accepted: whether the API answered that it has aborted it.
        was_answered: whether its trigger was answered with success.
        parent_aborted_on: when its parent was aborted, or stopped.
        effects: how often each of its effects happened.
        found_children: how many records say that it is their parent.
        unsuccessful_children: how many of those ended otherwise than well.
        history: every write to its record, in order.
        log: the lines of its log, for people.
    """

    id: str
    record: StoredTask | None
    expected: Expected = Expected()
    faults: Sequence[str] = ()
    abort_accepted: bool = False
    was_answered: bool = False
    parent_aborted_on: datetime | None = None
    effects: Mapping[str, int] = field(default_factory=dict)
    found_children: int = 0
    unsuccessful_children: int = 0
    history: Sequence[Write] = ()
    log: Sequence[str] = ()

    def in_words(self) -> str:
        """Everything, for whoever looks into it."""
        record = self.record
        lines = [
            f"{self.id} ({record.definition_id if record else 'no record'})",
            f"  faults: {', '.join(self.faults) or 'none'}",
            f"  effects: {dict(self.effects)}",
            *(f"  write: {write}" for write in self.history),
            *(f"  log: {line}" for line in self.log),
        ]
        if record:
            shown = record.model_dump(exclude_none=True, exclude={"input", "created_by"})
            lines.insert(1, f"  record: {shown!s:.1500}")
        return "\n".join(lines)
