"""`python -m local`: runs a command. Ctrl-C ends it quietly, even while its modules load."""

import os
import sys
from collections.abc import Sequence

from local.interruption import take_signals
from local.surroundings import restart
from local.terminal import take_any_text

# The status that a shell reports for a program ended by Ctrl-C, and by a closed pipe.
_INTERRUPTED = 130
_PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    take_signals()
    take_any_text(sys.stdout)
    take_any_text(sys.stderr)
    try:
        from local.commands import run  # noqa: PLC0415  takes 0.3 s: time for a Ctrl-C

        try:
            return run(arguments)
        finally:
            sys.stdout.flush()  # what is left: at its end, Python complains of a closed pipe
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED


if __name__ == "__main__":
    restart()
    sys.exit(main())
