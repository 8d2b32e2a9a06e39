"""How a task is shown: in a row, in full, and as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cli import moments
from cli.terminal import Cell, Terminal
from handler.clock import to_iso
from handler.contract import Status
from handler.record import PAYLOADS, Progress, TaskRecord

STYLES: Final[Mapping[Status, str]] = {
    Status.PENDING: "blue",
    Status.RUNNING: "cyan",
    Status.SUCCESS: "green",
    Status.FAILED: "red",
    Status.ABORTED: "yellow",
}
HEADS: Final = ("ID", "DEFINITION", "STATUS", "CREATED", "ITER", "PROGRESS", "NAME")
# What the API shows of no task: it stands at its default, and would say what isn't so.
_NOT_SHOWN: Final = frozenset({"delay", "attempts", "locale"})
_PERCENT: Final = 100


def as_json(record: TaskRecord, *, payloads: bool = False) -> dict[str, Any]:
    """A task as the API names its fields.

    Args:
        payloads: whether with its input and its output, which may have to be asked for.
    """
    left_out = set(_NOT_SHOWN) if payloads else {*_NOT_SHOWN, *PAYLOADS}
    return record.model_dump(mode="json", by_alias=True, exclude=left_out)


def show_list(terminal: Terminal, format: str, records: Iterable[TaskRecord], now: datetime) -> int:
    """Writes tasks in a format, and returns how many there were."""
    if format in ("id", "jsonl"):
        return sum(1 for record in records if _wrote(terminal, format, record))
    found = list(records)
    if format == "json":
        terminal.json([as_json(record) for record in found])
    elif found:
        terminal.table(*table_of(found, now, is_live=terminal.is_live))
    return len(found)


def _wrote(terminal: Terminal, format: str, record: TaskRecord) -> bool:
    if format == "id":
        terminal.line(record.id)
    else:
        terminal.json(as_json(record), is_compact=True)
    terminal.flush()
    return True


def table_of(
    records: Sequence[TaskRecord], now: datetime, *, is_live: bool
) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
    """The heads and the rows of tasks. A terminal has no room for a progress that none has."""
    rows = [row(record, now, is_live=is_live) for record in records]
    if not is_live or any(record.progress for record in records):
        return HEADS, rows
    kept = [place for place, head in enumerate(HEADS) if head != "PROGRESS"]
    return [HEADS[place] for place in kept], [[each[place] for place in kept] for each in rows]


def row(record: TaskRecord, now: datetime, *, is_live: bool) -> Sequence[Cell]:
    """A task in a row of `HEADS`; on a terminal, in short words."""
    age = moments.short(now - record.created_on).partition(" ")[0]
    created = f"{age} ago" if is_live else to_iso(record.created_on)
    progress = share_of(record.progress) if is_live else progress_of(record.progress)
    return (
        Cell(record.id, keeps=True),
        Cell(record.definition_id),
        Cell(_in_short(status_of(record), is_live), STYLES[record.status], keeps=True),
        Cell(created, "dim", keeps=True),
        Cell(f"{record.iterations:,}", keeps=True),
        Cell(progress, keeps=True),
        Cell(record.name),
    )


def _in_short(status: str, is_live: bool) -> str:
    """What a task is held up by, in the place of its status: a terminal of 80 columns has both
    no more than in the colour.
    """
    return status.rpartition(", ")[2] if is_live else status


def status_of(record: TaskRecord) -> str:
    """Its status, and what it is held up by."""
    status = record.status.value
    if record.is_over:
        return status
    if record.paused_on:
        return f"{status}, paused"
    if record.queued_on:
        return f"{status}, queued"
    if record.waiting_until:
        return f"{status}, waiting"
    return f"{status}, in trouble" if record.problem else status


def progress_of(progress: Progress | None) -> str:
    """How far it is: `3 of 10 (30%)`."""
    if progress is None:
        return ""
    if not progress.total:
        return f"{progress.done:,}"
    return f"{progress.done:,} of {progress.total:,} ({share_of(progress)})"


def share_of(progress: Progress | None) -> str:
    """The same, as short as a column is: `30%`, or how much is done where there is no total."""
    if progress is None:
        return ""
    if not progress.total:
        return f"{progress.done:,}"
    return f"{min(progress.done * _PERCENT // progress.total, _PERCENT)}%"


def pace_of(progress: Progress | None) -> str:
    """How fast it is, and how long the rest takes: `12.5/s, 2m 5s left`."""
    if progress is None:
        return ""
    said = []
    if progress.rate is not None:
        said.append(f"{progress.rate:,.1f}/s")
    if progress.remaining_seconds is not None:
        said.append(f"{moments.short(timedelta(seconds=progress.remaining_seconds))} left")
    return ", ".join(said)


def summary(record: TaskRecord) -> str:
    """Where a task stands, in a line."""
    parts = [status_of(record)]
    if record.iterations:
        parts.append(f"iteration {record.iterations:,}")
    if progress := progress_of(record.progress):
        parts.append(
            " ".join(filter(None, (progress, pace_of(record.progress) if record.is_open else "")))
        )
    if record.is_open and record.waiting_until:
        parts.append(f"waits until {to_iso(record.waiting_until)}")
    if record.is_open and record.problem:
        parts.append(record.problem)
    return ", ".join(parts)


def ending(record: TaskRecord) -> str:
    """How a task that is over has ended, in a sentence."""
    took = ""
    if record.started_on and record.finished_on:
        took = f" in {moments.short(record.finished_on - record.started_on)}"
    times = f"{record.iterations:,} iteration{'s' if record.iterations != 1 else ''}"
    match record.status:
        case Status.SUCCESS:
            return f"Task {record.id} has succeeded after {times}{took}."
        case Status.ABORTED:
            by = f" by {record.aborted_by.display_name}" if record.aborted_by else ""
            return f"Task {record.id} was aborted{by} after {times}{took}."
        case Status.FAILED:
            error = (record.output or {}).get("error")
            why = error if isinstance(error, Mapping) else {}
            said = f": {why.get('code', '')}: {why.get('message', '')}" if why else "."
            return f"Task {record.id} has failed after {times}{took}{said}"
        case _:
            return f"Task {record.id} is {summary(record)}."


def details(record: TaskRecord) -> Iterable[tuple[str, str]]:
    """What is known of a task, without its payloads: a word for each thing, and the thing."""
    fields = as_json(record)
    for key, value in fields.items():
        if value is None or value in ("", {}):
            continue
        if key in ("createdBy", "abortedBy") and isinstance(value, Mapping):
            yield key, f"{value['displayName']} ({value['type']} {value['id']})"
        elif key == "taskStatus":
            yield key, status_of(record)
        elif key == "progress":
            yield (
                key,
                ", ".join(filter(None, (progress_of(record.progress), pace_of(record.progress)))),
            )
        else:
            yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
