"""Runs `background-tasks console` on a stack, as an operator does."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.deployed import Deployed
from tests.starting import ROOT

_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 10


@dataclass(frozen=True)
class Served:
    """A console that runs.

    Args:
        url: that of its page, with the token of the session.
    """

    url: str
    process: "subprocess.Popen[str]"

    def at(self, route: str) -> str:
        """The URL of a view: `tasks?status=failed`."""
        return f"{self.url}#/{route}"

    @property
    def origin(self) -> str:
        return "/".join(self.url.split("/")[:3])


@contextmanager
def served(deployed: Deployed, folder: Path, *arguments: str) -> Iterator[Served]:
    """The console of a stack, until the block ends.

    Args:
        folder: where it finds the stack; it gets the file that `local up` writes.
        arguments: more of the command's, such as `--tenant`.
    """
    deployed.to_file(folder)
    command = [sys.executable, "-P", "-m", "cli", "console", "--local", "--no-browser"]
    with subprocess.Popen(
        [*command, "--port", "0", "-o", "json", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Served(json.loads(_first_line(process))["url"], process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _first_line(process: "subprocess.Popen[str]") -> str:
    """What it says first; it has half a minute."""
    assert process.stdout
    assert process.stderr
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 0.1)[0]:
            line = process.stdout.readline()
            assert line, f"the console has ended: {process.stderr.read()}"
            return line
    raise AssertionError(f"the console says nothing within {_START_SECONDS} seconds")
