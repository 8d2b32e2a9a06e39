"""Ctrl-C, and SIGTERM, in a command of the local AWS."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import interruption
from local.access import Access
from local.emulator import Emulator


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(interruption._Asked, "to_end", False)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    interruption.take_signals()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_whose_exception_python_loses_ends_the_wait_all_the_same(
    signals: None, number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    emulator = Emulator(Access("http://127.0.0.1:1", "us-east-1", "a", "b"), tmp_path, process)

    class Dying:
        def __del__(self) -> None:
            os.kill(os.getpid(), number)
            sum(range(10_000))  # the handler runs here, from where nothing is raised

    Dying()

    try:
        with pytest.raises(KeyboardInterrupt):
            emulator.wait()
    finally:
        process.kill()
        process.wait()
    assert len(lost) == 1
