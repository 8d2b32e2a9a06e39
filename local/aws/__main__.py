"""Runs ministack, corrected, until the process that started it is gone.

`python -m local.aws <folder>`, with its stdin held open: the folder is all its own, and goes when
the other end of stdin does.
"""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from local.aws import (
    api_calls,
    credentials,
    event_delivery,
    event_intake,
    executions,
    lambda_errors,
)
from local.aws.patch import UnknownMinistack, module

CORRECTIONS = (credentials, lambda_errors, executions, event_intake, event_delivery, api_calls)


def main(folder: str, *, also: Sequence[Callable[[], None]] = ()) -> None:
    """Runs it; `also` is applied on top of the corrections."""
    threading.Thread(target=_end_with_the_parent, args=(folder,), daemon=True).start()
    try:
        for apply in (*(correction.apply for correction in CORRECTIONS), *also):
            apply()
    except UnknownMinistack as error:
        sys.exit(str(error))
    sys.argv[1:] = []  # ministack has options of its own
    module("app").main()


def _end_with_the_parent(folder: str) -> None:
    """The parent holds the other end of stdin. Without this, a killed parent would leave ministack
    and its Lambdas.
    """
    while os.read(sys.stdin.fileno(), 1024):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
