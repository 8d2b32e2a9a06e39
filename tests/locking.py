"""Locks of what tests need beside the project: the newest versions, free of its own."""

from pathlib import Path
from typing import Final

from infra.lock.resolving import hashed_lock
from infra.whole_file import write_whole

# Nothing of ours holds back what they need.
_UNLIMITED: Final = "unlimited.txt"
_READABLE: Final = 0o644
_HEADER: Final = """\
# {what}, with all that is needed, each file of a package by its hash, for every
# Python from 3.11 on and every platform. Written by `make lock`: delete this file first, and all of
# it has its newest version.

# Nothing of a package runs while it is installed: no source is built.
--only-binary=:all:

"""


def write_lock(lock: Path, what: str) -> None:
    """Writes a lock from the file beside it that says what was asked for (`.in`)."""
    asked = lock.with_suffix(".in")
    files = {path.name: path.read_text() for path in (asked, lock) if path.exists()}
    found = hashed_lock({**files, _UNLIMITED: ""}, asked.name, lock.name, _UNLIMITED)
    write_whole(lock, header_of(what) + found, mode=_READABLE)


def header_of(what: str) -> str:
    """How a lock begins."""
    return _HEADER.format(what=what)
