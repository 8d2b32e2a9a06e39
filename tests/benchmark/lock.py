"""Writes the lock of the rivals, each in its newest version: a part of `make lock`."""

from typing import Final

from tests.benchmark.environment import LOCK
from tests.locking import write_lock

WHAT: Final = "The rivals of the benchmark"

if __name__ == "__main__":
    write_lock(LOCK, WHAT)
