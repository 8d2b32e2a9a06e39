"""What is left of a task after a campaign: what its audit goes by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from handler.contract import Status
from handler.record.stored_task import StoredTask
from tests.chaos.bulk import BulkRun
from tests.chaos.ledger import Write
from tests.chaos.odd_records import OddRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a task's definition makes of its input when nothing goes wrong.

    Args:
        status: how it ends.
        code: the code of the error that it ends with.
        counted: what its output counts: each committed step once.
        rows: how many different effects it has; `None` where that depends on how often it was
            interrupted.
        children: how many children it has.
        hook_ends: whether its hook ends, or keeps its Lambda from ending.
        counts_hooks: whether a hook of it is an effect.
    """

    status: str = "success"
    code: str = ""
    counted: int | None = None
    rows: int | None = None
    children: int = 0
    hook_ends: bool = True
    counts_hooks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One task.

    Args:
        id: its id, as its trigger was answered.
        record: its record; `None` if there is none.
        expected: what its definition makes of it.
        faults: the kinds of the faults that hit it, and what else was done to it.
        abort_accepted: whether the API answered that it has aborted it.
        is_deleted: whether the API answered that it has deleted it; `None` if it was asked to, and
            died.
        was_answered: whether its trigger was answered with success.
        parent_aborted_on: when its parent was aborted, or stopped: ISO 8601.
        effects: how often each of its effects happened.
        found_children: how many records say that it is their parent.
        unsuccessful_children: how many of those ended otherwise than well.
        history: every write to its record, in order.
        log: the lines of its log, for people.
        rows: what the table has of it, after the last sweep.
        unasked: what was read of its payloads by what needs none.
        signalled_on: when its signal was accepted: ISO 8601, as the others.
        woken_on: when it was told to run now.
        paused: from when, and until when, nothing might begin an iteration of it.
        answered_retries: the ids of its retry, as those were answered who have retried it.
        found_retries: the ids of the records that say that they are its retry.
    """

    id: str
    record: StoredTask | None
    expected: Expected = Expected()
    faults: Sequence[str] = ()
    abort_accepted: bool = False
    is_deleted: bool | None = False
    was_answered: bool = False
    parent_aborted_on: str | None = None
    effects: Mapping[str, int] = field(default_factory=dict)
    found_children: int = 0
    unsuccessful_children: int = 0
    history: Sequence[Write] = ()
    log: Sequence[str] = ()
    rows: Sequence[str] = ()
    unasked: Sequence[str] = ()
    signalled_on: str | None = None
    woken_on: str | None = None
    paused: Sequence[tuple[str, str]] = ()
    answered_retries: Sequence[str] = ()
    found_retries: Sequence[str] = ()

    @property
    def status(self) -> Status | None:
        """How it stands; how it stood when it was deleted."""
        if self.record:
            return self.record.status
        return Status(self.history[-1].status) if self.history else None

    def in_words(self) -> str:
        """Everything, for whoever looks into it."""
        record = self.record
        lines = [
            f"{self.id} ({record.definition_id if record else 'no record'})",
            f"  faults: {', '.join(self.faults) or 'none'}",
            f"  effects: {dict(self.effects)}",
            f"  signalled: {self.signalled_on}, woken: {self.woken_on}, paused: {self.paused}",
            f"  retries: answered {self.answered_retries}, found {self.found_retries}",
            *(f"  write: {write}" for write in self.history),
            *(f"  log: {line}" for line in self.log),
        ]
        if record:
            shown = record.model_dump(exclude_none=True, exclude={"input", "created_by"})
            lines.insert(1, f"  record: {shown!s:.1500}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a campaign has left beside its tasks.

    Args:
        odd: the odd records that the API could not abort, or delete, with the reason of each.
        unanswered: requests to the API that failed for as long as a caller has patience.
        left: what table and bucket have of each task once its retention has passed.
        bulk: what was said of many tasks at once.
        failed_sweeps: how many sweeps failed although nothing was odd or out any more.
        most_at_once: how many tasks held slots of a limit at a time.
    """

    odd: Sequence[tuple[OddRecord, str]] = ()
    unanswered: Sequence[str] = ()
    left: Mapping[str, Sequence[str]] = field(default_factory=dict)
    failed_sweeps: int = 0
    bulk: Sequence[BulkRun] = ()
    most_at_once: int = 0
