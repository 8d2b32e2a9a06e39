"""`make measure`: prints every promised number, and fails if one is not kept.

A time is a ratio within one run wherever that can be: machines differ, and are never quiet. The
limits are those of the design.
"""

import sys

from rich.console import Console
from rich.table import Table

from tests.measure import bundle, demo, executions, iterations, starting, watching


def main() -> int:
    measured = (iterations, watching, starting, executions, demo, bundle)
    promises = [promise for each in measured for promise in each.promises()]
    report = Table("what", "is", "at most", "kept", "measured")
    for promise in promises:
        report.add_row(
            promise.what,
            f"{promise.value:.3g}",
            f"{promise.most:.3g}",
            "yes" if promise.is_kept else "NO",
            promise.measured,
        )
    Console().print(report)
    return 0 if all(promise.is_kept for promise in promises) else 1


if __name__ == "__main__":
    sys.exit(main())
