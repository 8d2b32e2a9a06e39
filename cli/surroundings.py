"""What surrounds a command: its streams, its environment, its folder and the time."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from handler.clock import Clock


@dataclass(frozen=True)
class Surroundings:
    """Where a command runs.

    Args:
        clock: `None`: the machine's own.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    folder: Path
    clock: "Clock | None" = None


# cyclopts calls a command with what was said to it, and with nothing else.
SURROUNDINGS: Final[ContextVar[Surroundings]] = ContextVar("SURROUNDINGS")
