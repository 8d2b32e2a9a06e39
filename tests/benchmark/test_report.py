"""What the report says follows from what was measured."""

from rich.console import Console

from tests.benchmark.contestant import Measured
from tests.benchmark.lineup import BARE, ITERATIONS, RIVALS, Entry
from tests.benchmark.process import Failed, Row
from tests.benchmark.report import away_ms, ratio, table, versions
from tests.benchmark.workloads import Kind, Workload

STEPS = Workload("10 steps", Kind.STEPS, 10, writes=False, rounds=1)
TASKS = Workload("10 tasks", Kind.TASKS, 10, writes=False, rounds=1)


def measured(*, cpu_seconds: float, requests: int = 0) -> Measured:
    return Measured(
        seconds=cpu_seconds + 1,
        cpu_seconds=cpu_seconds,
        requests=requests,
        bytes_written=2_500,
        invocations=1,
    )


def row(entry: Entry, result: Measured | Failed) -> Row:
    return Row(entry, result, {"package": "1.2"})


def lines(workload: Workload, *rows: Row) -> list[list[str]]:
    """The cells of a printed table."""
    console = Console(width=200)
    with console.capture() as printed:
        console.print(table(workload, rows, round_trip_ms=5))
    found = [line.strip() for line in printed.get().splitlines()]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found if line]


def test_the_store_away_takes_its_requests_one_after_another() -> None:
    assert away_ms(measured(cpu_seconds=0.25, requests=40), round_trip_ms=5) == 450


def test_the_ratio_leaves_the_time_inside_of_the_store_aside() -> None:
    assert ratio(measured(cpu_seconds=0.25), bare_seconds=0.05) == 5


def test_a_row_has_its_ratio_to_the_bare_loop_of_the_same_table() -> None:
    bare = row(BARE, measured(cpu_seconds=0.002))
    ours = row(ITERATIONS, measured(cpu_seconds=0.03, requests=400))

    assert lines(STEPS, bare, ours)[-1] == [
        ITERATIONS.name,
        "moto",
        "30",
        "15",
        "1,030",
        "400",
        "2,500",
        "1",
        "2,030",
    ]


def test_tasks_at_once_are_not_taken_for_requests_one_after_another() -> None:
    bare = row(BARE, measured(cpu_seconds=0.002))

    assert "ms with 5 ms a request" in lines(STEPS, bare)[0]
    assert "ms with 5 ms a request" not in lines(TASKS, bare)[0]


def test_a_contestant_that_failed_is_shown_with_its_reason() -> None:
    failed = row(RIVALS[0], Failed("no such package"))

    assert lines(STEPS, failed)[-1][:4] == [
        RIVALS[0].name,
        RIVALS[0].store,
        "FAILED: no such package",
        "-",
    ]


def test_without_the_bare_loop_there_are_no_ratios() -> None:
    failed, ours = row(BARE, Failed("broken")), row(ITERATIONS, measured(cpu_seconds=1))

    assert lines(STEPS, failed, ours)[-1][3] == "-"


def test_each_package_is_named_once() -> None:
    assert versions([row(BARE, Failed("")), row(ITERATIONS, Failed(""))]) == "package 1.2"
