"""What a command works with: the terminal, the stack, its API, and the time."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cli import target
from cli.errors import refuse_empty
from cli.options import Common
from cli.surroundings import SURROUNDINGS, Surroundings
from cli.target import TENANT, Target, Wanted
from cli.terminal import Terminal
from handler.client import Client
from handler.clock import Clock, SystemClock


@dataclass(frozen=True)
class Work:
    """A command at work. The stack is looked for when it is first needed."""

    common: Common
    around: Surroundings
    terminal: Terminal
    clock: Clock

    @classmethod
    def of(cls, common: Common) -> "Work":
        """The work of a command that was given these flags.

        Raises:
            UsageError: the stack or the tenant is given, and empty: it would be another one.
        """
        refuse_empty(common.stack, "--stack")
        refuse_empty(common.tenant, "--tenant")
        around = SURROUNDINGS.get()
        terminal = Terminal.of(
            around.stdin,
            around.stdout,
            around.stderr,
            environ=around.environ,
            no_color=common.no_color,
        )
        return cls(common, around, terminal, around.clock or SystemClock())

    @cached_property
    def target(self) -> Target:
        """The stack.

        Raises:
            UsageError: several are asked for.
            NoStack: there is none.
        """
        common = self.common
        return target.find(
            Wanted(common.stack, common.local, common.outputs),
            folder=self.around.folder,
            environ=self.around.environ,
        )

    @property
    def tenant(self) -> str | None:
        return self.common.tenant or self.around.environ.get(TENANT) or None

    @cached_property
    def client(self) -> Client:
        """The client of its API. Raises as `target`."""
        return self.target.client(tenant=self.tenant, clock=self.clock)

    @property
    def where(self) -> str:
        """The stack and the tenant, for what is about to be changed, or was."""
        whose = f", tenant {self.tenant}" if self.tenant else ""
        return f"{self.target.name}{whose}"

    def now(self) -> datetime:
        return self.clock.now()

    @property
    def format(self) -> str:
        return self.common.format
