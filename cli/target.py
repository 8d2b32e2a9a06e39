"""The stack that a command talks to: where it is, what it is called, and who may speak to it."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cli import pulumi_stacks
from cli.errors import CliError, NoStack, UsageError

if TYPE_CHECKING:
    from handler.client import Auth, Client
    from handler.clock import Clock

# Where `python -m local up` writes: a test compares it with its own.
LOCAL_OUTPUTS: Final = Path(".local") / "outputs.json"
# What it has beside the stack's own outputs.
_OF_THE_LOCAL_AWS: Final = ("endpointUrl", "region", "accessKeyId", "secretAccessKey")
_CONNECT_SECONDS: Final = 1.0

STACK: Final = "BACKGROUND_TASKS_STACK"
OUTPUTS: Final = "BACKGROUND_TASKS_OUTPUTS"
TENANT: Final = "BACKGROUND_TASKS_TENANT"
TOKEN: Final = "BACKGROUND_TASKS_TOKEN"


@dataclass(frozen=True)
class Wanted:
    """Which stack is asked for: at most one of these; else it is looked for."""

    stack: str | None = None
    local: bool = False
    outputs: Path | None = None


@dataclass(frozen=True)
class Target:
    """A stack.

    Args:
        name: what people call it: "the stack dev".
        outputs: its outputs; of a local AWS with its endpoint and its key.
        config: the config of a Pulumi stack, as far as a file has it.
    """

    name: str
    outputs: Mapping[str, Any] = field(repr=False)
    config: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is on the local AWS."""
        return "endpointUrl" in self.outputs

    def output(self, name: str) -> str:
        """An output of the stack.

        Raises:
            NoStack: it has none of that name.
        """
        if (found := self.outputs.get(name)) is None:
            raise NoStack(
                f'{self.name} has no output "{name}". Next: deploy it with `pulumi up`, or name'
                " another one with --stack."
            )
        return str(found)

    @property
    def region(self) -> str | None:
        """The region that its state machine is in."""
        arn = str(self.outputs.get("stateMachineArn", "")).split(":")
        return arn[3] if len(arn) > 3 else None

    def client(self, *, tenant: str | None, clock: "Clock", attempts: int = 5) -> "Client":
        """A client of its API: with the token of the environment, or with AWS credentials.

        Args:
            attempts: how often a request is sent at most.

        Raises:
            NoStack: it has no `apiUrl`.
        """
        from handler.client import Client  # noqa: PLC0415  --help waits for no client

        url = self.output("apiUrl")
        return Client.from_outputs(
            {**self.outputs, "apiUrl": url},
            self._auth(),
            tenant=tenant,
            clock=clock,
            attempts=attempts,
        )

    def _auth(self) -> "Auth | None":
        from handler.client import Iam  # noqa: PLC0415

        if self.is_local:
            return None  # its own key: what is for AWS goes to no address that a file names
        if token := self.environ.get(TOKEN):
            return token
        if not self._names_a_session:
            return None
        from cli.aws_session import session_of  # noqa: PLC0415  boto3 takes as long as all else

        session = session_of(lambda key: self.config.get(key, ""), name="background-tasks")
        return Iam(session.get_credentials(), region=self.region)

    @property
    def _names_a_session(self) -> bool:
        return bool(self.config.get("aws:profile") or self.config.get("aws:assumeRoles"))


def find(wanted: Wanted, *, folder: Path, environ: Mapping[str, str]) -> Target:
    """The stack that is asked for; else the one of the environment, the local AWS, or Pulumi's.

    Raises:
        UsageError: several are asked for.
        NoStack: there is none, or its outputs can't be read.
    """
    asked = _asked(wanted, environ)
    if asked.outputs:
        found = _read(asked.outputs)
        is_local = "endpointUrl" in found
        name = _name_of(found) if is_local else f"the stack of {asked.outputs}"
        return Target(name, found, environ=environ)
    if asked.local:
        return _local(folder, environ)
    if asked.stack:
        return _of_pulumi(asked.stack, folder, environ)
    if (folder / LOCAL_OUTPUTS).is_file():
        found = _read_local(folder)
        if _answers(found):
            return Target(_name_of(found), found, environ=environ)
    return _selected(folder, environ)


def _asked(wanted: Wanted, environ: Mapping[str, str]) -> Wanted:
    said = [
        flag
        for flag, value in (
            ("--stack", wanted.stack),
            ("--local", wanted.local),
            ("--outputs", wanted.outputs),
        )
        if value
    ]
    if len(said) > 1:
        raise UsageError(f"{' and '.join(said)} name several stacks. Next: leave one.")
    if said:
        return wanted
    if outputs := environ.get(OUTPUTS):
        return Wanted(outputs=Path(outputs))
    return Wanted(stack=environ.get(STACK) or None)


def _local(folder: Path, environ: Mapping[str, str]) -> Target:
    if not (folder / LOCAL_OUTPUTS).is_file():
        raise NoStack(
            "No local AWS is up in this folder. Next: start one in another terminal: python -m"
            " local up"
        )
    found = _read_local(folder)
    if not _answers(found):
        raise NoStack(
            f"The local AWS of {LOCAL_OUTPUTS} does not answer at {found.get('endpointUrl')}."
            " Next: start it anew: python -m local up"
        )
    return Target(_name_of(found), found, environ=environ)


def _of_pulumi(stack: str, folder: Path, environ: Mapping[str, str]) -> Target:
    found = pulumi_stacks.outputs(folder, stack, environ=environ)
    if not found:
        raise NoStack(
            f"The stack {stack} has no outputs: nothing of it is deployed. Next: pulumi up."
        )
    return Target(f"the stack {stack}", found, config_of(folder, stack), environ)


def _selected(folder: Path, environ: Mapping[str, str]) -> Target:
    try:
        return _of_pulumi(pulumi_stacks.selected(folder, environ=environ), folder, environ)
    except NoStack as error:
        is_stale = (folder / LOCAL_OUTPUTS).is_file()
        what = "The local AWS of this folder does not answer" if is_stale else "No local AWS is up"
        why, _, step = error.message.partition(" Next: ")
        raise NoStack(
            f"{what}, and Pulumi has no stack here: {why} Next: start a local AWS in this folder,"
            f" in another terminal: .venv/bin/python -m local up. Or: {step}"
        ) from error


def config_of(folder: Path, stack: str) -> Mapping[str, str]:
    """The config of a stack, where the folder has its file: a stack may be somebody else's."""
    from local.errors import LocalError  # noqa: PLC0415  YAML is read for stacks of Pulumi alone
    from local.project import Project  # noqa: PLC0415

    try:
        config = Project.from_folder(folder, stack.rpartition("/")[2]).config
    except LocalError:
        return {}
    return {key: value for key, value in config.items() if '{"secure":' not in value}


def _name_of(found: Mapping[str, Any]) -> str:
    return f"the local AWS at {found.get('endpointUrl')}"


def _read_local(folder: Path) -> Mapping[str, Any]:
    path = folder / LOCAL_OUTPUTS
    if path.is_symlink() or path.parent.is_symlink() or path.stat().st_uid != os.geteuid():
        raise NoStack(
            f"{LOCAL_OUTPUTS} is a link, or another user's. `python -m local up` writes neither."
            " Next: remove it, or name a stack with --stack."
        )
    found = _read(path)
    if not all(isinstance(found.get(name), str) for name in _OF_THE_LOCAL_AWS):
        raise NoStack(
            f"{LOCAL_OUTPUTS} is not what `python -m local up` writes. Next: remove it, and start"
            " that again."
        )
    return found


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not JSON"
        raise NoStack(
            f"The outputs in {path} can't be read: {why}. Next: write them with `pulumi stack"
            " output --json`."
        ) from error
    if not isinstance(found, dict):
        raise CliError(f"The outputs in {path} are no object.", status=NoStack.status)
    return found


def _answers(found: Mapping[str, Any]) -> bool:
    """Whether something listens where the local AWS should. A file may outlive it."""
    url = urlsplit(str(found.get("endpointUrl")))
    try:
        address = (url.hostname or "", url.port or 80)
        with socket.create_connection(address, timeout=_CONNECT_SECONDS):
            return True
    except (OSError, ValueError):
        return False
