"""How long a worker takes to start, in turn with what it is measured against."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial

from tests.measure.in_turn import ratio
from tests.measure.promise import Promise

ROUNDS = 9
BARE = "import boto3; boto3.client('dynamodb')"
WORKER = "import handler.worker"
ENVIRONMENT = {
    "TABLE_NAME": "tasks",
    "EVENT_BUS_NAME": "bus",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "POWERTOOLS_SERVICE_NAME": "worker",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}


def promises() -> list[Promise]:
    # Both are compiled once, wherever their files are: what is compared is what they import.
    with tempfile.TemporaryDirectory() as compiled:
        run = partial(_seconds, environment=_environment(compiled))
        ours: Callable[[], float] = partial(run, WORKER)
        theirs: Callable[[], float] = partial(run, BARE)
        ours(), theirs()
        return [
            ratio(
                "importing the worker, against `import boto3` and a client",
                ours=ours,
                theirs=theirs,
                rounds=ROUNDS,
                most=1.4,
            )
        ]


def _environment(compiled: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return own | ENVIRONMENT | {"PYTHONPYCACHEPREFIX": compiled}


def _seconds(code: str, *, environment: dict[str, str]) -> float:
    """The CPU's time: on a machine that others use, too, a process waits for its turn."""
    # What a process takes to end is no part of its start.
    ended = f"{code}; import os; os._exit(0)"
    process = subprocess.Popen([sys.executable, "-c", ended], env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{code} failed"
    return used.ru_utime + used.ru_stime
