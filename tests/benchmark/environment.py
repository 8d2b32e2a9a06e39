"""The environment of the rivals: their packages stay out of the project's own."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LOCK: Final = Path(__file__).with_name("requirements.txt")
FOLDER: Final = ROOT / ".build" / "benchmark"
_PATIENCE_SECONDS: Final = 600


class NotInstalled(Exception):
    """The rivals could not be installed; the message is the reason, in a line."""


def is_ready(folder: Path = FOLDER) -> bool:
    """Whether the environment has what the lock asks for."""
    installed = folder / "installed.txt"
    return installed.exists() and installed.read_text() == LOCK.read_text()


def python(folder: Path = FOLDER) -> Path:
    return folder / "bin" / "python"


def make_ready(folder: Path = FOLDER) -> None:
    """Installs what the lock names, unless it is there.

    Raises:
        NotInstalled: it could not: the package index can't be reached, say.
    """
    if is_ready(folder):
        return
    print(f"Installing the rivals into {folder} (once) ...", flush=True)
    _run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder))
    pip = [sys.executable, "-m", "pip", "--python", str(python(folder)), "install", "--quiet"]
    _run(*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK))
    (folder / "installed.txt").write_text(LOCK.read_text())


def _run(*command: str) -> None:
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"not installed within {_PATIENCE_SECONDS} seconds") from error
    if ran.returncode != 0:
        raise NotInstalled(f"not installed: {last_line(ran.stderr)}")


def last_line(text: str) -> str:
    """The last line that says something: the reason, of a traceback as of pip's errors."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason")
