"""Runs ministack with the corrections, until the process that started it ends.

`python -m local.aws <folder>`, with stdin held open by the parent. When stdin closes, the folder is
removed and the process group ends.
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
    failed_events,
    gate,
    lambda_aliases,
    lambda_code,
    lambda_errors,
    lambda_logs,
    lambda_updates,
    log_settings,
    rules,
    schedules,
    shortcuts,
    tokens,
    transport,
)
from local.aws.patch import UnknownMinistack, module

CORRECTIONS = (
    gate,
    credentials,
    lambda_logs,
    lambda_errors,
    lambda_aliases,
    lambda_code,
    lambda_updates,
    executions,
    event_intake,
    failed_events,
    event_delivery,
    rules,
    log_settings,
    api_calls,
    schedules,
    shortcuts,
    tokens,
    transport,
)


def main(folder: str, *, also: Sequence[Callable[[], None]] = ()) -> None:
    """Runs ministack in `folder`. `also` are further changes, applied after the corrections."""
    threading.Thread(target=_end_with_the_parent, args=(folder,), daemon=True).start()
    try:
        for apply in (*(correction.apply for correction in CORRECTIONS), *also):
            apply()
    except UnknownMinistack as error:
        sys.exit(str(error))
    sys.argv[1:] = []  # ministack has options of its own
    module("app").main()


def _end_with_the_parent(folder: str) -> None:
    """Ends the process group when stdin closes, which happens even if the parent is killed."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
