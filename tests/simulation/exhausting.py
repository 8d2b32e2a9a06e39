"""Every scope in every order, on two processes."""

import multiprocessing
from collections.abc import Sequence

from tests.simulation.campaign import prepare
from tests.simulation.exploring import Explored, Script
from tests.simulation.scopes import SCOPES

_Work = tuple[int, Script | None]


def exhausted(*, processes: int = 2) -> Sequence[Explored]:
    """What was tried of each scope: its orders without a fault, then those with one."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=prepare) as pool:
        found = pool.map(_explored, [(number, None) for number in range(len(SCOPES))], chunksize=1)
        work = [
            (number, script)
            for number, scope in enumerate(SCOPES)
            for script in scope.scripts(found[number])
        ]
        for (number, _), more in zip(work, pool.imap(_explored, work, chunksize=4), strict=True):
            found[number].add(more)
    return found


def _explored(work: _Work) -> Explored:
    number, script = work
    return SCOPES[number].explore(script)
