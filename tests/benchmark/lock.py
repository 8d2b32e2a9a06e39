"""Writes the lock of the rivals: `python -m tests.benchmark.lock`, a part of `make lock`."""

from typing import Final

from infra.lock.resolving import hashed_lock
from infra.whole_file import write_whole
from tests.benchmark.environment import LOCK

_ASKED: Final = LOCK.with_suffix(".in")
# A rival takes part in its newest version: nothing of ours holds back what it needs.
_UNLIMITED: Final = "unlimited.txt"
_READABLE: Final = 0o644
HEADER: Final = """\
# The rivals of the benchmark and all that they need, each file of a package by its hash, for every
# Python from 3.11 on and every platform. Written by `make lock`: delete this file first, and they
# have their newest versions.

# Nothing of a package runs while it is installed: no source is built.
--only-binary=:all:

"""


def main() -> None:
    files = {path.name: path.read_text() for path in (_ASKED, LOCK) if path.exists()}
    lock = hashed_lock({**files, _UNLIMITED: ""}, _ASKED.name, LOCK.name, _UNLIMITED)
    write_whole(LOCK, HEADER + lock, mode=_READABLE)


if __name__ == "__main__":
    main()
