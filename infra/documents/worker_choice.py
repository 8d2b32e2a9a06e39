"""Which worker runs a task, as the definitions say: what the state machine chooses by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from handler.contract import DEFAULT_WORKER
from handler.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerChoice:
    """The workers beside the default one that definitions name, and what for.

    Args:
        ids: the ids of the definitions that a worker runs, and their aliases, by its name. Whatever
            is not here is the default worker's, an id that nobody knows as well.
        takes_over: the workers that a task moves to that has run out of memory.
    """

    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    takes_over: tuple[str, ...] = ()

    @classmethod
    def of(cls, definitions: Iterable[Definition]) -> Self:
        ids: dict[str, list[str]] = {}
        takes_over: set[str] = set()
        for each in definitions:
            if each.worker != DEFAULT_WORKER:
                ids.setdefault(each.worker, []).extend((each.id, *each.aliases))
            if each.retry and each.retry.on_out_of_memory:
                takes_over.add(each.retry.on_out_of_memory)
        # Sorted: the document is the same whatever the files are called.
        named = {worker: tuple(sorted(found)) for worker, found in sorted(ids.items())}
        return cls(ids=named, takes_over=tuple(sorted(takes_over)))

    @property
    def is_needed(self) -> bool:
        """Whether a task may run on another worker than the default one."""
        return bool(self.ids or self.takes_over)


NO_CHOICE = WorkerChoice()
