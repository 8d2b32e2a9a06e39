"""Files that are written whole, in the place of the one before.

What is there already under any name is neither followed nor trusted: the file is a new one, with a
name that nobody can know in advance, and takes its place when it is complete.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# For its owner alone, as `tempfile.mkstemp` makes it.
PRIVATE: Final = 0o600


@contextmanager
def in_place_of(path: Path, *, mode: int = PRIVATE) -> Iterator[Path]:
    """An empty new file beside `path`. It becomes `path` after the block, unless that raises."""
    # It opens with O_CREAT, O_EXCL and O_NOFOLLOW (Python's library reference, "tempfile").
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    unfinished = Path(name)
    try:
        os.fchmod(descriptor, mode)
        os.close(descriptor)
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_whole(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Writes a text. Whoever reads the file meanwhile sees the one before, or all of this one."""
    with in_place_of(path, mode=mode) as unfinished:
        unfinished.write_text(text)
