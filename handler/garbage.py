"""Python's search for garbage, which finds none while a process starts."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def made_to_stay() -> Iterator[None]:
    """What the block imports and makes stays as long as the process, and is never searched.

    Python would search it again and again while there is more of it, at last some 70,000 objects: a
    sixth of a worker's start. `gc.freeze` has the iterations leave these alone, too.
    """
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if is_enabled:
            gc.enable()
