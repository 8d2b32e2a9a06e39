"""The operators' console that `python -m local up` starts."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

from local.access import Access
from local.console import running_console
from local.deployed import Deployed
from tests.running import Running

_SECONDS = 30
_ROOT = Path(__file__).parents[2]
_OPENER = build_opener(ProxyHandler({}))


def page_at(url: str) -> str:
    with _OPENER.open(url, timeout=_SECONDS) as answer:
        return str(answer.read().decode())


def is_away(url: str) -> bool:
    try:
        page_at(url)
    except (URLError, OSError):
        return True
    return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.system
def test_it_shows_the_local_aws_and_ends_with_the_block(aws: Running) -> None:
    with running_console(aws.deployed) as url:
        assert url
        assert aws.deployed.access.endpoint_url in page_at(url)
        assert aws.deployed.access.secret_access_key not in page_at(url)

    assert is_away(url)


def test_a_console_that_does_not_start_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed = Deployed(Access("http://127.0.0.1:9", "us-east-1", "AKIA", "secret"), {})
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with running_console(deployed) as url:
        assert url is None


@pytest.mark.system
def test_it_ends_when_whoever_has_started_it_is_killed(aws: Running, tmp_path: Path) -> None:
    outputs = aws.deployed.to_file(tmp_path)
    program = (
        "import sys, time; from pathlib import Path; from local.console import running_console;"
        " from local.deployed import Deployed;"
        " context = running_console(Deployed.from_file(Path(sys.argv[1])));"
        " print(context.__enter__(), flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(outputs.parents[1])],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout
    with starter:
        url = starter.stdout.readline().strip()
        assert re.match(r"http://127\.0\.0\.1:\d+/", url)
        assert "<title>" in page_at(url)

        os.kill(starter.pid, signal.SIGKILL)

    until(lambda: is_away(url))
