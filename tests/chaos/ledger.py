"""What the local AWS writes down in a campaign: its faults, and every write of a record."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = "ledger.jsonl"
CALM = "calm"  # once a file of that name is there, no more faults are made


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, and the task that it hit, if that is known."""

    kind: str
    task_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A task's record as a write left it: the part that the rules of reliability are about."""

    task_id: str
    definition_id: str
    status: str
    saved_on: str
    execution: str = ""
    iterations: int = 0
    claims: int = 0
    answer: str = ""
    answered_visit: str = ""
    hook: str = ""
    has_follow_ups: bool = False  # its end has left something to do
    awaits_copies: bool = False  # it is deleted, and kept for a day: its event may come again
    cursor: int | None = None  # where a loop goes on
    retry_of: str = ""
    limit: str = ""  # of which it holds a slot
    is_paused: bool = False

    @property
    def is_open(self) -> bool:
        return self.status in ("pending", "running")

    @property
    def outcome(self) -> tuple[int, str, str, str] | None:
        """What identifies the outcome of one iteration; `None` before it has one."""
        return (
            (self.iterations, self.answered_visit, self.answer, self.saved_on)
            if self.answer and not self.claims
            else None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A task's record was deleted."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """A payload was read by what needs none."""

    task_id: str
    what: str


Line = Fault | Write | Removal | Unasked
_KINDS = {kind.__name__: kind for kind in (Fault, Write, Removal, Unasked)}


class Ledger:
    """The file that both halves share: the local AWS writes it, the campaign reads it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._calm = folder / CALM
        self._lock = threading.Lock()

    @property
    def is_calm(self) -> bool:
        return self._calm.exists()

    def calm_down(self) -> None:
        """No more faults from here on."""
        self._calm.touch()

    def add(self, line: Line) -> None:
        text = json.dumps({type(line).__name__: asdict(line)})
        with self._lock, self._path.open("a") as file:
            file.write(f"{text}\n")


@dataclass
class Reader:
    """Reads a ledger while it is being written. `history` has each task's writes, in order.

    `most_at_once` says how many tasks held slots at a time, by their limits.
    """

    path: Path
    faults: list[Fault] = field(default_factory=list)
    history: dict[str, list[Write]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)  # whose record is gone
    unasked: dict[str, list[str]] = field(default_factory=dict)  # see `Unasked`
    most_at_once: dict[str, int] = field(default_factory=dict)
    _slots: dict[str, str] = field(default_factory=dict)  # the limit, by the task that has a slot
    _read: int = 0

    def read(self) -> None:
        """Takes in what is new."""
        for line in self._new_lines():
            match line:
                case Fault():
                    self.faults.append(line)
                case Write():
                    self.history.setdefault(line.task_id, []).append(line)
                    self.removed.discard(line.task_id)
                    self._count_slots(line)
                case Removal():
                    self.removed.add(line.task_id)
                case Unasked():
                    self.unasked.setdefault(line.task_id, []).append(line.what)

    def _count_slots(self, write: Write) -> None:
        self._slots.pop(write.task_id, None)
        if write.limit:
            self._slots[write.task_id] = write.limit
            held = sum(limit == write.limit for limit in self._slots.values())
            self.most_at_once[write.limit] = max(held, self.most_at_once.get(write.limit, 0))

    def last(self, task_id: str) -> Write | None:
        return self.history[task_id][-1] if task_id in self.history else None

    def open_tasks(self) -> list[str]:
        """The tasks that are open, or whose end has left something to be done."""
        return [
            id
            for id, (*_, last) in self.history.items()
            if id not in self.removed and (last.is_open or last.has_follow_ups)
        ]

    def faults_of(self, task_id: str) -> list[str]:
        return [fault.kind for fault in self.faults if fault.task_id == task_id]

    def _new_lines(self) -> Iterator[Line]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._read += len(complete) + len(newline)
        yield from map(_parsed, complete.splitlines())


def _parsed(text: bytes) -> Line:
    line: Mapping[str, dict[str, object]] = json.loads(text)
    [(kind, fields)] = line.items()
    return _KINDS[kind](**fields)  # type: ignore[arg-type]
