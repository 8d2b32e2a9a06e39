"""`python -m local demo`: runs two tasks on a local AWS, and checks how they ended."""

import json
import time

from rich.console import Console

from handler.contract import State, Status, WireKey
from local.deployed import Deployed, deploy_project
from local.emulator import Options, running_emulator
from local.errors import DemoFailed
from local.guide import next_steps
from local.project import Project
from local.sample import KEY_FIELD, Sample
from local.user import Fields, User
from local.view import view_for
from local.watch import Execution, Finder, follow

# The file has 210 KB: seven iterations of two pages each, with a pause between them.
PAGE_BYTES = 16 * 1024
PAGES_PER_ITERATION = 2
PAUSE_SECONDS = 30
MIN_ITERATIONS = 5
_WAIT_SCALE = 0.01
_POLL_SECONDS = 0.1
_START_SECONDS = 20
_SUCCEEDED = "SUCCEEDED"


def run_demo(project: Project, port: int = 0) -> None:
    """Starts a local AWS, deploys the project, and runs two tasks.

    Raises:
        DemoFailed: a task did not end as expected; the message lists the failed checks.
    """
    console = Console()
    with running_emulator(
        Options(port=port, region=project.region, wait_scale=_WAIT_SCALE)
    ) as emulator:
        sample = Sample(emulator.access)
        sample.create()
        _say(
            console,
            f"A local AWS runs at {emulator.access.endpoint_url}. Deploying the project…",
        )
        deployed = deploy_project(project.with_config(sample.config()), emulator)
        Demo(deployed, sample, console).run()


class Demo:
    """Two tasks on a deployed project: importCsv by the API, testingRun by a hand-sent event."""

    def __init__(
        self,
        deployed: Deployed,
        sample: Sample,
        console: Console,
        *,
        start_seconds: int = _START_SECONDS,
    ) -> None:
        self._user = User(deployed)
        self._sample = sample
        self._console = console
        self._start_seconds = start_seconds
        self._states = deployed.access.client("stepfunctions")
        self._finder = Finder(self._states, deployed.state_machine_arn)

    def run(self) -> None:
        """Triggers both tasks, shows their executions, and checks the results."""
        _say(
            self._console,
            "Triggering importCsv by the GraphQL API, and testingRun by a hand-sent event…",
        )
        by_api = self._user.trigger("importCsv", self._input(), name="Import airports")
        by_hand = self._user.send({WireKey.DEFINITION_ID: "testingRun"})
        imported = self._execution("importCsv", by_api)
        tested = self._execution("testingRun", by_hand)
        self._watch([imported, tested])
        record = self._user.record(by_api)
        self._show(record)
        self._check(
            self._expectations(imported, record)
            | _expectations_of_test(tested, self._user.record(by_hand))
        )
        _say(self._console, next_steps())

    def _input(self) -> Fields:
        return {
            "bucket": self._sample.bucket,
            "key": self._sample.key,
            "table": self._sample.table,
            "key_field": KEY_FIELD,
            "page_bytes": PAGE_BYTES,
            "pages_per_iteration": PAGES_PER_ITERATION,
            "pause_seconds": PAUSE_SECONDS,
        }

    def _execution(self, task: str, task_id: str) -> Execution:
        deadline = time.monotonic() + self._start_seconds
        while time.monotonic() < deadline:
            if arn := self._finder.find(task_id):
                return Execution(task, arn, self._states)
            time.sleep(_POLL_SECONDS)
        raise DemoFailed(
            f"No execution of {task} started within {self._start_seconds} seconds of its event."
        )

    def _watch(self, executions: list[Execution]) -> None:
        total = self._sample.rows_in_file()
        _say(
            self._console,
            f"Executions (here, a wait of {PAUSE_SECONDS} s takes"
            f" {PAUSE_SECONDS * _WAIT_SCALE:g} s):",
        )
        with view_for(
            self._console, executions, lambda: (self._sample.rows_in_table(), total)
        ) as view:
            for steps in follow(executions, lambda: time.sleep(_POLL_SECONDS)):
                view.show(steps)

    def _show(self, record: Fields) -> None:
        _say(self._console, "The record of importCsv:")
        for name in (
            "id",
            "name",
            "definitionId",
            "taskStatus",
            "iterations",
            "output",
            "startedOn",
            "finishedOn",
        ):
            value = record[name]
            _line(
                self._console,
                f"{name:<13} {value if isinstance(value, str) else json.dumps(value)}",
            )
        for log in record["logs"]:
            for item in log["items"]:
                _line(
                    self._console,
                    f"{'log':<13} {log['iteration']:>2}. {item['type']:<6} {item['message']}",
                )

    def _expectations(self, imported: Execution, record: Fields) -> dict[str, bool]:
        rows, total = self._sample.rows_in_table(), self._sample.rows_in_file()
        waits, runs = imported.states.count(State.WAIT), imported.states.count(State.RUN)
        return {
            f"importCsv's execution {imported.status}": imported.status == _SUCCEEDED,
            f"importCsv's record is {record['taskStatus']}": record["taskStatus"] == Status.SUCCESS,
            f"the table has {rows:,} of {total:,} rows": rows == total,
            f"{runs} iterations, at least {MIN_ITERATIONS}": runs >= MIN_ITERATIONS,
            f"{waits} waits, at least 1": waits >= 1,
        }

    def _check(self, expectations: dict[str, bool]) -> None:
        broken = [what for what, holds in expectations.items() if not holds]
        _say(self._console, "Not as expected:" if broken else "Both ended as expected:")
        for what, holds in expectations.items():
            _line(self._console, f"{'yes' if holds else 'NO':<4} {what}")
        if broken:
            raise DemoFailed(f"The demo did not end as expected: {'; '.join(broken)}.")


def _expectations_of_test(tested: Execution, record: Fields) -> dict[str, bool]:
    return {
        f"testingRun's execution {tested.status}": tested.status == _SUCCEEDED,
        f"testingRun's record is {record['taskStatus']}": record["taskStatus"] == Status.SUCCESS,
    }


def _say(console: Console, text: str) -> None:
    console.print(f"\n{text}", markup=False, highlight=False, soft_wrap=True)


def _line(console: Console, text: str) -> None:
    console.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)
