"""The stack that is looked at: its config, its outputs, and clients for its account."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import boto3

from cli.aws_session import session_of
from local.access import Client
from local.project import Project

_SECRET: Final = '{"secure":'


class CannotLook(Exception):
    """A check can't see what it needs. The message says why."""


@dataclass(frozen=True)
class Stack:
    """A stack of the project in a folder. Without outputs, nothing of it is deployed."""

    project: Project
    outputs: Mapping[str, Any]
    # Whether somebody agrees to what a sentence says.
    agrees: Callable[[str], bool]
    of_pulumi: bool = True  # False: deployed by the local AWS itself, which keeps no state
    _clients: dict[str, Client] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def is_deployed(self) -> bool:
        """Whether the last `pulumi up` has left outputs."""
        return bool(self.outputs)

    @property
    def folder(self) -> Path:
        """Where the program is."""
        return self.project.folder

    @property
    def prefix(self) -> str:
        """What the names of the resources begin with: a stack that was renamed keeps it."""
        if queue := self.outputs.get("deadLetterQueueUrl"):
            return str(queue).rpartition("/")[2].removesuffix("-undelivered")
        return f"{self.project.name}-{self.project.stack}"

    def setting(self, key: str) -> str:
        """The value of one of the project's config keys, as text or as JSON.

        Raises:
            CannotLook: it is secret.
        """
        return self._read(f"{self.project.name}:{key}")

    @property
    def workers(self) -> Mapping[str, Mapping[str, Any]]:
        """The workers of the config key `workers`, by their names. Raises as `setting`."""
        found: Mapping[str, Mapping[str, Any]] = json.loads(self.setting("workers") or "{}")
        return found

    def _read(self, key: str) -> str:
        value = self.project.config.get(key, "")
        if value.replace(" ", "").startswith(_SECRET):
            raise CannotLook(f"{key} is a secret, and this reads none.")
        return value

    def client(self, service: str) -> Client:
        """The client of a service for the stack's account and region, made once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)  # type: ignore[call-overload]
        return self._clients[service]

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Who asks: `Account` and `Arn`."""
        said: Mapping[str, str] = self.client("sts").get_caller_identity()
        return said

    @cached_property
    def _session(self) -> boto3.Session:
        return session_of(self._read, name="first-deploy")
