"""The tables of the benchmark, as Markdown, and the arithmetic behind them."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.table import Table

from tests.benchmark.contestant import Measured
from tests.benchmark.lineup import BARE
from tests.benchmark.process import Failed, Row
from tests.benchmark.workloads import Kind, Workload

# What a request takes if the store is across a network. DynamoDB answers within "single-digit
# milliseconds" (DynamoDB developer guide, "What is Amazon DynamoDB?"): this is the middle of that.
ROUND_TRIP_MS: Final = 5.0

NOTHING: Final = "-"


def table(workload: Workload, rows: Sequence[Row], *, round_trip_ms: float) -> Table:
    """The table of one workload, in the order of its rows."""
    columns = ["", "its store here", "CPU ms", "x bare", "ms here", "requests", "bytes written"]
    columns += ["invocations"]
    if workload.kind == Kind.STEPS:
        columns += [f"ms with {round_trip_ms:g} ms a request"]
    found = Table(*columns, box=box.MARKDOWN)
    bare = _bare_cpu_seconds(rows)
    for row in rows:
        cells = _cells(row, bare, round_trip_ms)
        found.add_row(*cells[: len(columns)])
    return found


def away_ms(measured: Measured, *, round_trip_ms: float) -> float:
    """How long it takes where each request takes so long, one after another.

    What it waits for beside its requests is left out, here as there: files, pauses, polls.
    """
    return measured.cpu_seconds * 1000 + measured.requests * round_trip_ms


def ratio(measured: Measured, bare_seconds: float) -> float:
    """How many times the bare loop's processor time it takes, its store's aside."""
    return measured.cpu_seconds / bare_seconds


def versions(rows: Iterable[Row]) -> str:
    """The packages that took part, in a line."""
    found = {name: version for row in rows for name, version in row.versions.items()}
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items()))


def _bare_cpu_seconds(rows: Iterable[Row]) -> float | None:
    for row in rows:
        if row.entry == BARE and isinstance(row.result, Measured):
            return row.result.cpu_seconds
    return None


def _cells(row: Row, bare_seconds: float | None, round_trip_ms: float) -> list[str]:
    entry, result = row.entry, row.result
    if isinstance(result, Failed):
        return [entry.name, entry.store, f"FAILED: {result.reason}", *[NOTHING] * 6]
    return [
        entry.name,
        entry.store,
        _number(result.cpu_seconds * 1000),
        _number(ratio(result, bare_seconds)) if bare_seconds else NOTHING,
        _number(result.seconds * 1000),
        f"{result.requests:,}",
        f"{result.bytes_written:,}",
        f"{result.invocations:,}",
        _number(away_ms(result, round_trip_ms=round_trip_ms)),
    ]


def _number(value: float) -> str:
    """Two digits that count, or a whole number: `0.012`, `3.4`, `1,234`."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
