"""Two of them at the same time, and one in surroundings that mislead every tool."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.deployed import OUTPUTS_FILE
from tests.local import hostile
from tests.starting import copy_project

pytestmark = [pytest.mark.system, pytest.mark.slow]

ROOT = Path(__file__).parent.parent.parent
PROGRAM = Path(__file__).parent / "program"
_PATIENCE_SECONDS = 90


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def start_up(folder: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "local", "up", "--port", str(port), "--config", "memory=512"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def is_settled(process: subprocess.Popen[bytes], log: Path) -> bool:
    return process.poll() is not None or b"Ctrl-C ends it" in log.read_bytes()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(*processes: subprocess.Popen[bytes]) -> list[int]:
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    return [process.wait(20) for process in processes]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(PROGRAM, tmp_path / "program")


def test_two_in_one_folder_at_the_same_time_do_not_mix(folder: Path, tmp_path: Path) -> None:
    logs = [tmp_path / "one.log", tmp_path / "two.log"]

    both = [start_up(folder, 0, log) for log in logs]
    try:
        wait_until(lambda: all(map(is_settled, both, logs)))
        written = json.loads((folder / OUTPUTS_FILE).read_text())
    finally:
        statuses = stop(*both)

    texts = [log.read_text() for log in logs]
    assert statuses == [0, 0], texts
    ports = [text.split("AWS_ENDPOINT_URL=http://127.0.0.1:")[1].split()[0] for text in texts]
    assert len(set(ports)) == 2
    assert written["endpointUrl"].rpartition(":")[2] in ports
    assert [path.name for path in (folder / ".local").iterdir()] == []


def test_of_two_on_one_port_at_the_same_time_one_is_refused_in_words(
    folder: Path, tmp_path: Path
) -> None:
    logs, port = [tmp_path / "one.log", tmp_path / "two.log"], free_port()

    both = [start_up(folder, port, log) for log in logs]
    try:
        wait_until(lambda: all(map(is_settled, both, logs)))
        ended = [process.poll() for process in both]
    finally:
        stop(*both)

    assert sorted(ended, key=str) == [1, None]
    refused = logs[ended.index(1)].read_text()
    assert f"Port {port} on 127.0.0.1 is taken." in refused
    assert "Traceback" not in refused


def test_a_task_runs_whatever_surrounds_the_local_aws(tmp_path: Path) -> None:
    """Everything at once: proxies, profiles, another Python's options, an ASCII terminal."""
    folder = tmp_path / "pröject mit ä"
    folder.mkdir()
    copy_project(folder)
    temporary = tmp_path / "tmp with spaces"
    temporary.mkdir()
    home = hostile.make_home(tmp_path / "home")
    home.chmod(0o500)
    environment = hostile.ALL | {"PATH": os.environ["PATH"], "HOME": str(home)}
    environment |= {"TMPDIR": str(temporary), "PYTHONPATH": "/nowhere"}
    log = tmp_path / "up.log"

    def local(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "local", *arguments],
            cwd=folder, env=environment, capture_output=True, check=False, umask=0o077,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("ascii")

    with log.open("wb") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "local", "up", "--port", "0", "--wait-scale", "0.01"],
            cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, umask=0o077,
        )  # fmt: skip
    try:
        wait_until(lambda: is_settled(up, log))
        assert up.poll() is None, log.read_text()
        trigger = (
            "mutation { backgroundTasks { triggerTask(definition: logPlainly) { data { id } } } }"
        )
        id = json.loads(local("graphql", trigger))["backgroundTasks"]["triggerTask"]["data"]["id"]
        get = f'{{ backgroundTasks {{ getTask(id: "{id}") {{ data {{ taskStatus }} }} }} }}'
        wait_until(lambda: '"success"' in local("graphql", get))
        shown = local("logs", "--task", id)
    finally:
        [status] = stop(up)

    assert status == 0
    assert "PRINT... 1" in shown
    assert log.read_bytes().isascii()
