"""The stack that the page shows, and how the console speaks to it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from handler.client import Client
from handler.clock import Clock, SystemClock

_FOUND_FOR: Final = timedelta(minutes=1)
# Each has connections of its own.
_MOST_CLIENTS: Final = 100


class Finding(Protocol):
    """What was found of one thing that was looked at, as the doctor says it."""

    @property
    def check(self) -> str:
        """What it is about."""

    @property
    def state(self) -> str:
        """How it is, in a word or two: "ok", "warning", "failed", "unknown", "not here"."""

    @property
    def value(self) -> str:
        """What is so."""

    @property
    def expected(self) -> str:
        """What should be."""

    @property
    def next(self) -> str:
        """What to do about it; empty where there is nothing to do."""


class Source(Protocol):
    """Where a stack is. It is asked for anew after a failure: a local AWS may have begun again."""

    @property
    def name(self) -> str:
        """What people call it: "the stack dev"."""

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Its outputs."""

    @property
    def is_local(self) -> bool:
        """Whether it is on the local AWS."""

    def client(self, tenant: str | None) -> Client:
        """A client of its API, with the caller's own credentials."""

    def aws(self, service: str) -> Any:
        """A client of an AWS service, in its region, with the caller's own credentials."""

    def findings(self) -> Iterable[Finding]:
        """What is wrong with it: it takes a while, and is found one by one."""


@dataclass
class Stack:
    """A stack, with a client for each tenant that was asked for.

    Args:
        find: finds the stack. Raises what the command line shows as a line.
        tenant: whose tasks the page begins with; `None`: the caller's own, or `root`.
    """

    find: Callable[[], Source]
    tenant: str | None = None
    clock: Clock = field(default_factory=SystemClock)
    _source: Source | None = field(default=None, init=False)
    _found_on: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _clients: dict[str | None, Client] = field(default_factory=dict, init=False)

    @property
    def source(self) -> Source:
        """Where it is now."""
        # Another thread may forget it at any moment.
        if (source := self._source) is None:
            source = self._source = self.find()
            self._found_on = self.clock.now()
        return source

    def client(self, tenant: str | None) -> Client:
        """The client of a tenant's tasks."""
        wanted = tenant or self.tenant
        if (client := self._clients.get(wanted)) is None:
            if len(self._clients) >= _MOST_CLIENTS:
                self._clients.clear()
            client = self._clients[wanted] = self.source.client(wanted)
        return client

    def forget(self, *, has_old_key: bool = False) -> None:
        """Has the stack be found anew: it may have moved, or have other credentials.

        Args:
            has_old_key: whether its credentials are refused. A stack in AWS stays where it is, and
                takes seconds to find: it is found anew for that alone, once a minute.
        """
        if (source := self._source) is None:
            return
        is_old = self.clock.now() - self._found_on >= _FOUND_FOR
        if source.is_local or (has_old_key and is_old):
            self._source = None
            self._clients.clear()
