"""A fault campaign: `SEED=7 TASKS=300 python -m tests.chaos`. It ends with status 0 if no task was
lost, stuck or doubled.
"""

import os
import random
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import NoReturn

from rich.console import Console

from local.errors import LocalError
from tests.chaos.audit import audit
from tests.chaos.campaign import Campaign
from tests.chaos.errors import CampaignError
from tests.chaos.plan import plan
from tests.chaos.report import is_good, show
from tests.chaos.stack import running_stack

DEFAULT_TASKS = 300
_PROGRESS_SECONDS = 5.0


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console()
    seed = _number("SEED", random.randrange(100_000))
    tasks = _number("TASKS", DEFAULT_TASKS)
    console.print(f"SEED={seed} TASKS={tasks}", highlight=False)
    with Progress(console) as progress, running_stack(seed) as stack:
        result = Campaign(stack, plan(seed, tasks), seed=seed, progress=progress.show).run()
    findings = audit(result.tasks, result.surroundings)
    show(console, result, findings)
    return 0 if is_good(result, findings) else 1


class Progress:
    """How far the campaign is: a line that changes on a terminal, a line every few seconds anywhere
    else.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("Deploying…") if console.is_terminal else None
        self._shown_at = time.monotonic()

    def __enter__(self) -> "Progress":
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status:
            self._status.stop()

    def show(self, accepted: int, are_open: int, faults: int) -> None:
        line = f"{accepted} tasks triggered, {are_open} open, {faults} faults"
        if self._status:
            self._status.update(line)
        elif time.monotonic() - self._shown_at >= _PROGRESS_SECONDS:
            self._shown_at = time.monotonic()
            self._console.print(f"  {line}", highlight=False)


def _number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal():
        raise LocalError(
            f'{name} is "{text}"; it takes a whole number. For example: {name}=7 make chaos'
        )
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CampaignError, LocalError) as error:
        sys.exit(str(error))
