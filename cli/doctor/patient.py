"""The stack that the doctor looks at, and what he looks with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.request import urlopen

from cli.aws_clients import AwsClients
from cli.target import Target
from cli.work import Work
from handler.client import Client as ApiClient
from handler.client import DefinitionSummary
from handler.clock import Clock
from local.access import Client

_DOWNLOAD_SECONDS = 30
# Lambda takes 250 MB of code at most, unzipped (Lambda guide, "Lambda quotas").
_MOST_BYTES = 300 * 1024 * 1024


def downloaded(url: str) -> bytes:
    """What is at a URL, which AWS has signed. Raises `OSError`."""
    with urlopen(url, timeout=_DOWNLOAD_SECONDS) as answer:
        found: bytes = answer.read(_MOST_BYTES)
    return found


@dataclass(frozen=True)
class Patient:
    """A stack, looked at. Nothing of it is changed.

    Args:
        folder: the program's, where there is one.
        make_api: the client of its API.
        download: reads a function's code, at a URL that AWS has signed.
    """

    target: Target
    clients: AwsClients
    folder: Path
    clock: Clock
    make_api: Callable[[], ApiClient]
    download: Callable[[str], bytes] = downloaded

    @classmethod
    def of(cls, work: Work) -> "Patient":
        return cls(
            target=work.target,
            clients=AwsClients(work.target),
            folder=work.around.folder,
            clock=work.clock,
            make_api=lambda: work.client,
        )

    def client(self, service: str) -> Client:
        """The client of an AWS service."""
        return self.clients.client(service)

    @property
    def prefix(self) -> str:
        """What the names of the resources begin with: a stack that was renamed keeps it."""
        queue = self.target.output("deadLetterQueueUrl")
        return queue.rpartition("/")[2].removesuffix("-undelivered")

    @cached_property
    def api(self) -> ApiClient:
        """The client of its API. Raises `NoStack` where the stack has none."""
        return self.make_api()

    @cached_property
    def definitions(self) -> tuple[DefinitionSummary, ...]:
        """What can be triggered, asked for once."""
        return self.api.definitions()
