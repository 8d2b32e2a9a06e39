"""The harness, and our own contestants with few steps. `make benchmark` runs the rivals too."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from infra.archive.wheels import normalized, pins
from tests.benchmark import __main__ as benchmark
from tests.benchmark import environment
from tests.benchmark.contestant import Measured, NotTheSameWork
from tests.benchmark.contestant import measured as measured_here
from tests.benchmark.lineup import BARE, EACH, EACH_SAVED, ITERATIONS, RIVALS, Entry, lineup
from tests.benchmark.meter import Meter
from tests.benchmark.process import Failed, run
from tests.benchmark.work import Work
from tests.benchmark.workloads import WORKLOADS, Kind, Workload

STEPS = Workload("5 steps", Kind.STEPS, 5, writes=True, rounds=1)
TASKS = Workload("3 tasks", Kind.TASKS, 3, writes=False, rounds=1)
DOCS = Path(__file__).parents[2] / "docs" / "benchmark.md"


@dataclass
class Hasty:
    """A contestant that leaves out the last step."""

    work: Work

    def steps(self, count: int) -> None:
        for number in range(count - 1):
            self.work.do(number)

    tasks = steps


@contextmanager
def hasty(work: Work, meter: Meter, folder: Path) -> Iterator[Hasty]:
    yield Hasty(work)


def result_of(entry: Entry, workload: Workload) -> Measured:
    result = run(entry, workload, python=Path(sys.executable)).result
    assert isinstance(result, Measured), result
    return result


def test_a_contestant_that_leaves_out_a_step_has_no_numbers() -> None:
    with pytest.raises(NotTheSameWork, match="1 steps were done, of 2"):
        measured_here(hasty, STEPS)


def test_the_bare_loop_asks_no_store() -> None:
    found = result_of(BARE, STEPS)

    assert (found.requests, found.bytes_written, found.invocations) == (0, 0, 0)
    assert found.cpu_seconds > 0


@pytest.mark.slow
def test_ours_does_each_step_and_counts_its_requests() -> None:
    found = result_of(ITERATIONS, STEPS)

    assert found.requests >= STEPS.count
    assert found.bytes_written > 0
    assert found.cpu_seconds > 0


@pytest.mark.slow
def test_a_loop_that_saves_each_step_writes_once_a_step_more_than_one_that_does_not() -> None:
    seldom, each = result_of(EACH, STEPS), result_of(EACH_SAVED, STEPS)

    assert (seldom.invocations, each.invocations) == (1, 1)
    assert each.requests - seldom.requests == STEPS.count


@pytest.mark.slow
def test_each_task_has_a_trigger_and_an_invocation() -> None:
    found = result_of(ITERATIONS, TASKS)

    assert found.invocations == TASKS.count
    assert found.requests == 4 * TASKS.count  # its record, its event, a claim, a commit


def test_a_contestant_that_can_not_be_run_says_why() -> None:
    absent = replace(BARE, module="absent")

    result = run(absent, STEPS, python=Path(sys.executable)).result

    assert isinstance(result, Failed)
    assert "No module named tests.benchmark.contestants.absent" in result.reason


def test_a_contestant_that_hangs_is_ended() -> None:
    result = run(ITERATIONS, STEPS, python=Path(sys.executable), patience_seconds=0.01).result

    assert result == Failed("not done within 0 seconds")


def test_iterations_that_go_on_in_place_have_a_row_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for takes, rows in ((False, 1), (True, 2)):
        monkeypatch.setattr("tests.benchmark.lineup.takes_in_place", lambda takes=takes: takes)
        found = [entry for entry in lineup(Kind.STEPS) if entry.module == "iterations"]
        assert len(found) == rows


def test_without_the_rivals_ours_are_measured_and_the_run_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable() -> None:
        raise environment.NotInstalled("the package index can't be reached")

    monkeypatch.setattr(environment, "make_ready", unreachable)
    monkeypatch.setattr(benchmark, "WORKLOADS", (STEPS,))
    monkeypatch.setattr(benchmark, "lineup", lambda kind: [BARE, *RIVALS])

    status = benchmark.main()

    printed = capsys.readouterr().out
    assert status == 1
    assert printed.count("FAILED: the package index can't be reached") == len(RIVALS)
    assert re.search(r"^\| bare loop .* 1 +\|", printed, re.MULTILINE)


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    (tmp_path / "installed.txt").write_text(environment.LOCK.read_text())

    environment.make_ready(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["installed.txt"]


@pytest.mark.slow
def test_what_pip_refuses_is_not_installed_and_the_reason_is_pips(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("dbos\n")
    monkeypatch.setattr(environment, "LOCK", lock)

    with pytest.raises(environment.NotInstalled, match=r"^not installed: .*dbos"):
        environment.make_ready(tmp_path / "environment")

    assert not environment.is_ready(tmp_path / "environment")


def test_the_lock_has_each_rival_that_is_asked_for() -> None:
    lines = environment.LOCK.with_suffix(".in").read_text().splitlines()
    asked = {normalized(line) for line in lines if line and not line.startswith("#")}

    assert asked
    assert asked <= set(pins(environment.LOCK.read_text()))


def test_the_guide_has_every_workload_and_every_contestant() -> None:
    guide = DOCS.read_text()

    assert [each.title for each in WORKLOADS if f"**{each.title}**" not in guide] == []
    entries = (BARE, ITERATIONS, EACH, EACH_SAVED, *RIVALS)
    assert [each.name for each in entries if f"| {each.name} |" not in guide] == []
