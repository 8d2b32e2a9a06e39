"""A test kit for authors: it runs a task to its end in this process, on moto's AWS.

    from handler.testing import kill, run

    def test_the_export_survives_a_killed_worker():
        result = run(export_users, {"page_size": 10}, before={4: kill})
        assert result.record.status == "success"

It needs moto, and is not in the bundle.
"""

from handler.testing.clock import ManualClock
from handler.testing.world import (
    Killed,
    Result,
    World,
    abort,
    deliver_again,
    kill,
    run,
    run_out_of_memory,
)

__all__ = [
    "Killed",
    "ManualClock",
    "Result",
    "World",
    "abort",
    "deliver_again",
    "kill",
    "run",
    "run_out_of_memory",
]
