"""`console`: the operators' page, in a browser."""

import webbrowser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final

from cyclopts import Parameter

from cli.app import version
from cli.aws_clients import AwsClients
from cli.doctor.examination import examined
from cli.doctor.findings import Finding
from cli.doctor.patient import Patient
from cli.errors import CliError, UsageError
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.target import Target
from cli.work import Work
from console import PortTaken, Stack, serve
from handler.client import Client

DEFAULT_PORT: Final = 4580
_LAST_PORT: Final = 65_535
# The page itself asks again.
_ATTEMPTS: Final = 2


@dataclass(frozen=True)
class Shown:
    """The stack of a command, as the console speaks to it."""

    work: Work
    target: Target

    @classmethod
    def of(cls, common: Common) -> "Shown":
        """The stack that the flags name, as it is now. Raises as `Work.target`."""
        work = Work.of(common)
        return cls(work, work.target)

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def outputs(self) -> Mapping[str, Any]:
        return self.target.outputs

    @property
    def is_local(self) -> bool:
        return self.target.is_local

    def client(self, tenant: str | None) -> Client:
        return self.target.client(tenant=tenant, clock=self.work.clock, attempts=_ATTEMPTS)

    def aws(self, service: str) -> Any:
        return self._clients.client(service)

    def findings(self) -> Iterable[Finding]:
        return examined(Patient.of(self.work))

    @cached_property
    def _clients(self) -> AwsClients:
        return AwsClients(self.target)


def console(
    *,
    port: Annotated[
        int | None, Parameter(help=f"Where it listens: {DEFAULT_PORT}, or any free port; 0: any.")
    ] = None,
    no_browser: Annotated[bool, Parameter(help="Only print the page's URL.")] = False,
    common: Common = COMMON,
) -> ExitStatus:
    """Serve the operators' page on this machine, and open it in a browser: tasks, definitions,
    health. Ctrl-C ends it.

    The page has your permissions: whoever has its URL can use it on this machine. It prints the URL
    on the standard output.
    """
    if port is not None and not 0 <= port <= _LAST_PORT:
        raise UsageError(f"--port is {port}; it takes 1 to {_LAST_PORT}, and 0 is any free one.")
    work = Work.of(common)
    stack = Stack(lambda: Shown.of(common), tenant=work.tenant, clock=work.clock)
    work.terminal.say(f"The console of {stack.source.name}. Ctrl-C ends it.")

    def tell(url: str, link: str) -> None:
        if work.format in ("json", "jsonl"):
            work.terminal.json({"url": url}, is_compact=True)
        else:
            work.terminal.line(url)
        work.terminal.flush()
        if not no_browser and work.terminal.is_live:
            webbrowser.open(link)

    try:
        serve(stack, port=DEFAULT_PORT if port is None else port, version=version(), told=tell)
    except PortTaken as error:
        if port is not None:
            raise CliError(f"{error} Next: --port 0, for any free one.") from error
        serve(stack, port=0, version=version(), told=tell)
    return ExitStatus.DONE
