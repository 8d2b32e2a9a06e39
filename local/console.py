"""The operators' console of a local AWS: a process of its own, that ends with this one."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.deployed import Deployed

_ROOT: Final = Path(__file__).parent.parent
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 5
# The command line's own program; -P: no folder of the caller's hides its packages. It ends when
# its standard input does: with this process, however that ends.
_PROGRAM: Final = """
import os, signal, sys, threading
sys.path.insert(0, sys.argv.pop(1))

def end_with_the_caller():
    sys.__stdin__.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end_with_the_caller, daemon=True).start()
from cli.command_line import main
sys.exit(main())
"""


@contextmanager
def running_console(deployed: Deployed) -> Iterator[str | None]:
    """The URL of a console of a local AWS.

    It is `None` where the console does not start: a local AWS is of use without it.
    """
    with tempfile.TemporaryDirectory(prefix="background-tasks-console-") as folder:
        process = _started(deployed.to_file(Path(folder)))
        try:
            yield _url_of(process)
        finally:
            _stop(process)


def _started(outputs: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-c",
            _PROGRAM,
            str(_ROOT),
            *("console", "--outputs", str(outputs), "--no-browser", "--output", "jsonl"),
        ],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it gets no Ctrl-C of the terminal
    )


def _url_of(process: "subprocess.Popen[bytes]") -> str | None:
    """What it says, in a line, when it can be opened; its end closes the pipe."""
    assert process.stdout
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(_START_SECONDS):
            return None
    line = process.stdout.readline()
    return str(json.loads(line)["url"]) if line else None


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
