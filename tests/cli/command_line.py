"""The command line as a person types it, on a stack inside of this process."""

import io
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.command_line import run
from cli.exit_status import ExitStatus
from cli.surroundings import Surroundings
from cli.target import OUTPUTS, TOKEN
from handler import Context, Continue, Done, Failed, Verdict, task
from handler.record import TaskRecord
from tests.handler.client.conftest import Server, serving
from tests.handler.stack import Stack, WatchedClock


@task(id="reindex", title="Reindex", description="Builds the index anew.\nAll of it.")
def reindex(context: Context, input: dict[str, Any]) -> Verdict:
    context.log.info(f"Iteration {context.task.iterations}.", **input)
    if input.get("fails"):
        return Failed("No such index.", code="NO_INDEX", data={"index": "a"})
    times = int(input.get("times", 1))
    context.save_progress(context.task.iterations, total=times)
    return Done(output={"rows": 3}) if context.task.iterations >= times else Continue(wait=60)


class Tty(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Said:
    """What a command has printed, and how it has ended."""

    status: ExitStatus
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class CommandLine:
    """Runs commands against a stack. Whoever sleeps lets its open tasks run.

    Args:
        definition: what its tasks are of.
    """

    stack: Stack
    server: Server
    clock: WatchedClock
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    runs: bool = True
    is_at_work: bool = False
    visits: Iterator[int] = field(default_factory=itertools.count)

    def __call__(
        self,
        *arguments: str,
        stdin: str = "",
        is_terminal: bool = False,
        columns: int = 120,
        environ: Mapping[str, str] | None = None,
        out: io.StringIO | None = None,
    ) -> Said:
        out = out or (Tty() if is_terminal else io.StringIO())
        err: io.StringIO = Tty() if is_terminal else io.StringIO()
        given = Tty(stdin) if is_terminal else io.StringIO(stdin)
        around = Surroundings(
            given,
            out,
            err,
            {"COLUMNS": str(columns), **self.environ, **(environ or {})},
            self.folder,
            self.clock,
        )
        status = run(arguments, around)
        return Said(status, out.getvalue(), err.getvalue())

    def work(self, _: int = 0) -> None:
        """Runs each open task for a visit, as long as somebody waits."""
        if not self.runs or self.is_at_work:
            return  # a task that sleeps has nobody else's run
        self.is_at_work = True
        for record in self.stack.tasks.list().items:
            if record.is_open and not record.paused_on:
                self.visit(record)
        self.is_at_work = False

    def visit(self, record: TaskRecord) -> None:
        """One visit of `Run`, by the execution that owns the task, or by a new one."""
        number, now = next(self.visits), self.stack.get(record.id)
        execution = now.execution_name or f"execution-{number}"
        self.stack.run(now, execution=execution, visit=f"visit-{number}")

    def trigger(self, **input: object) -> str:
        """The id of a new task."""
        return self.stack.tasks.trigger(reindex, input=input).id

    def end(self, id: str) -> TaskRecord:
        """Runs a task to its end."""
        while (record := self.stack.get(id)).is_open:
            self.visit(record)
            self.clock.advance(60)
        return record


@contextmanager
def command_line(folder: Path) -> Iterator[CommandLine]:
    """The command line, in a folder of its own, on a stack with `reindex`."""
    with Stack.inside_moto() as stack, serving(stack) as server:
        clock = WatchedClock()
        stack.clock = clock
        stack.definitions = (*stack.definitions, reindex)
        outputs = folder / "outputs.json"
        outputs.write_text(json.dumps({"apiUrl": server.url}))
        environ = {OUTPUTS: str(outputs), TOKEN: "token"}
        line = CommandLine(stack, server, clock, folder, environ)
        clock.at_sleep = line.work
        yield line
