"""rich's console, but for what it does to the whole process."""

from typing import NoReturn

from rich.console import Console


class OwnConsole(Console):
    """A console that leaves it to `cli.__main__` what a closed pipe means."""

    def on_broken_pipe(self) -> NoReturn:
        """rich would end the process; it calls this where it handles the error."""
        raise BrokenPipeError
