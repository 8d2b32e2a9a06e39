"""What a step does. It is the same for every contestant."""

from pathlib import Path
from typing import Final

ITEM: Final = "x" * 100


class Work:
    """Does nothing, and remembers that it did."""

    def __init__(self) -> None:
        self._done: list[int] = []

    def do(self, number: int) -> None:
        """One step. Threads may call it."""
        self._done.append(number)

    def take(self) -> list[int]:
        """The steps that were done since the last look, in order of their numbers."""
        done, self._done = sorted(self._done), []
        return done


class Writing(Work):
    """Writes an item of about 100 bytes to a file of its own.

    It doesn't wait for the disk: that would measure the disk, and whoever else uses it.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def do(self, number: int) -> None:
        with self._file.open("a") as items:
            items.write(f"{number} {ITEM}\n")
        super().do(number)
