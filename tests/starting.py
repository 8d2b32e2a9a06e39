"""Starts the whole system with `python -m local up`, on a copy of the project."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.deployed import OUTPUTS_FILE, Deployed
from tests.running import Running

ROOT = Path(__file__).parent.parent
_START_SECONDS = 60
_WAIT_SCALE = "0.01"


@contextmanager
def started(
    folder: Path,
    *,
    definitions: Iterable[Path] = (),
    config: Mapping[str, object] | None = None,
    has_others: bool = True,
) -> Iterator[Running]:
    """The running system, until the block ends. The copy goes into `folder`, which is empty.

    Args:
        definitions: files beside those that all tests have, and the project's own.
        has_others: whether it has those.
        config: what the stack's config has beside what is in its file.
    """
    copy_project(folder, has_others=has_others)
    with (folder / "Pulumi.dev.yaml").open("a") as file:
        file.writelines(
            f"  background-tasks:{key}: {json.dumps(value)}\n"
            for key, value in (config or {}).items()
        )
    for definition in definitions:
        shutil.copy(definition, folder / "definitions")
    log = folder / "up.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "local", "up", "--port", "0", "--wait-scale", _WAIT_SCALE],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as up,
    ):
        try:
            _wait_for_outputs(folder, up, log)
            yield Running(Deployed.from_file(folder))
        finally:
            up.send_signal(signal.SIGTERM)


def copy_project(folder: Path, *, has_others: bool = True) -> None:
    """Copies the project, and adds the definitions of the tests to it; or none at all."""
    without_caches = shutil.ignore_patterns("__pycache__")
    for package in ("handler", "definitions", "infra", "local"):
        shutil.copytree(ROOT / package, folder / package, ignore=without_caches)
    for file in [ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml"), *ROOT.glob("requirements*.txt")]:
        shutil.copy(file, folder)
    if not has_others:
        shutil.rmtree(folder / "definitions")
        (folder / "definitions").mkdir()
        (folder / "definitions" / "__init__.py").touch()
        return
    for definition in (ROOT / "tests" / "local" / "definitions").glob("*.py"):
        shutil.copy(definition, folder / "definitions")


def _wait_for_outputs(folder: Path, up: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not (folder / OUTPUTS_FILE).exists():
        assert up.poll() is None, f"python -m local up ended:\n{log.read_text()}"
        assert time.monotonic() < deadline, (
            f"python -m local up was not ready within {_START_SECONDS} s:\n{log.read_text()}"
        )
        time.sleep(0.05)
