"""`python -m cli`, which is installed as `background-tasks`: the operators' command line.

It imports next to nothing before Ctrl-C ends it quietly.
"""

import os
import signal
import sys
from typing import Final

_INTERRUPTED: Final = 130  # as `cli.exit_status` has them, which is not there yet
_UNREACHABLE: Final = 4


def main() -> int:
    """Runs the command of this process's arguments, and returns its exit status."""
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heard:
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    try:
        from cli import command_line  # noqa: PLC0415  it takes a while: Ctrl-C may come in it
    except ModuleNotFoundError as error:  # `pulumi install` makes .venv with what it needs itself
        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
        print(f"background-tasks: {error}. Next: make .venv/ready, in {folder}", file=sys.stderr)
        return _UNREACHABLE
    try:
        if is_heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return command_line.main()
    except KeyboardInterrupt:  # before a command has begun, or behind its end
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
