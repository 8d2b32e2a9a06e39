"""Python's search for garbage, which finds none while a process starts."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unsearched() -> Iterator[None]:
    """Nothing is searched while the block imports and makes what stays.

    Python would search it again and again while there is more of it, at last some 70,000 objects: a
    sixth of a worker's start.
    """
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


@contextmanager
def made_to_stay() -> Iterator[None]:
    """The same, for a whole process: what is there at the end of the block is never searched.

    So the iterations leave it alone, too.
    """
    with unsearched():
        try:
            yield
        finally:
            gc.freeze()
