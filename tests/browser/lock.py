"""Writes the lock of what drives the browser: a part of `make lock`."""

from pathlib import Path
from typing import Final

from tests.locking import write_lock

LOCK: Final = Path(__file__).with_name("requirements.txt")
WHAT: Final = "What drives the browser"

if __name__ == "__main__":
    write_lock(LOCK, WHAT)
