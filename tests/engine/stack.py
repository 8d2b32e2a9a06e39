"""A stack on the real engine: what a person does with the Pulumi CLI, and what it changed."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from tests.engine import language_host
from tests.engine.aws_provider import server
from tests.engine.aws_provider.record import Record
from tests.engine.pulumi_cli import Cli

ROOT: Final = Path(__file__).parent.parent.parent
# What a person checks out, as far as the program is made of it.
PROGRAM: Final = (
    "__main__.py",
    "Pulumi.yaml",
    "Pulumi.dev.yaml",
    "Pulumi.local.yaml",
    "Pulumi.prod.yaml",
    "definitions",
    "handler",
    "infra",
    "requirements.in",
    "requirements.txt",
    "requirements-lambda.txt",
)
SECONDS: Final = 120  # an operation that takes longer hangs
# Steps that don't change anything.
_SAME: Final = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True)
class Step:
    """What an operation did, or would do, to one resource."""

    op: str
    urn: str
    properties: tuple[str, ...] = ()  # those that changed

    @property
    def resource(self) -> str:
        """The resource without its stack and parents: `aws:sqs/queue:Queue::dead-letters`."""
        return short(self.urn)


def short(urn: str) -> str:
    """A URN without its stack and parents."""
    _, _, types, name = urn.split("::", 3)
    return f"{types.rpartition('$')[2]}::{name}"


@dataclass(frozen=True)
class Ran:
    """An operation that has ended."""

    command: str
    status: int
    output: str
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> dict[str, list[str]]:
        """The resources that changed, by what was done to them; components and the rest aside."""
        done: dict[str, list[str]] = {}
        for step in self.steps:
            if step.op not in _SAME and step.resource.startswith("aws:"):
                done.setdefault(step.op, []).append(step.resource)
        return {op: sorted(resources) for op, resources in sorted(done.items())}

    def must(self) -> "Ran":
        """The operation, which has succeeded.

        Raises:
            AssertionError: it has failed. The message has what it printed.
        """
        assert self.status == 0, f"{self.command} ended with {self.status}:\n{self.output}"
        return self

    def must_fail(self) -> "Ran":
        """The operation, which has failed."""
        assert self.status != 0, f"{self.command} has succeeded:\n{self.output}"
        return self


class Engine:
    """A machine with the Pulumi CLI, an account of its own and a backend of files."""

    def __init__(self, cli: Cli, folder: Path, *, account: Path | None = None) -> None:
        self._cli = cli
        self.folder = folder
        self.account = account or folder / "account"  # several engines may have one
        self.record = Record(folder / "calls.jsonl")
        for name in ("bin", "home", "state"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._launcher(
            "pulumi-language-python",
            "from tests.engine.language_host import main; main(sys.argv[-1])",
        )
        self._launcher(
            "pulumi-resource-aws", "from tests.engine.aws_provider.server import main; main()"
        )

    def checkout(self, name: str = "checkout", *, umask: int = 0o022) -> Path:
        """A copy of the program in a folder of this name, made under this umask."""
        to = self.folder / name
        before = os.umask(umask)
        try:
            to.mkdir(parents=True)
            for part in PROGRAM:
                _copy(ROOT / part, to / part)
        finally:
            os.umask(before)
        for part in (".venv", ".wheels"):
            (to / part).symlink_to((ROOT / part).resolve())
        return to

    def left(self) -> list[str]:
        """The files of the resources that the account still has."""
        return [str(path) for path in self.account.rglob("*.json")]

    def run(self, *arguments: str, cwd: Path, environment: dict[str, str] | None = None) -> Ran:
        """Runs `pulumi` with these arguments."""
        ran = subprocess.run(
            [self._cli.pulumi, "--non-interactive", "--color", "never", *arguments],
            cwd=cwd,
            env=self._environment() | (environment or {}),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        return Ran(shlex.join(["pulumi", *arguments]), ran.returncode, ran.stdout)

    def shell(self, script: str, folder: Path) -> Ran:
        """Runs lines as a person types them, up to the first that fails."""
        terminal = self.terminal(f"set -eo pipefail\n{script}", folder)
        output, _ = terminal.communicate(timeout=SECONDS)
        return Ran(script, terminal.returncode, output)

    def terminal(self, script: str, folder: Path) -> "subprocess.Popen[str]":
        """A shell that runs these lines."""
        return subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        """That of a person's shell: `pulumi` is on its PATH."""
        environment = self._environment()
        path = f"{self._cli.pulumi.parent}{os.pathsep}{environment['PATH']}"
        return environment | {"PATH": path}

    def _environment(self) -> dict[str, str]:
        quiet = ("PULUMI_SKIP_UPDATE_CHECK", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION")
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "for tests",
            "PULUMI_DEBUG_COMMANDS": "true",  # gives `--event-log`
            **dict.fromkeys(quiet, "true"),
            server.ACCOUNT: str(self.account),
            server.RECORD: str(self.record.path),
            language_host.EXEC: str(self._cli.exec),
        }

    def _launcher(self, name: str, program: str) -> None:
        # Nothing of this process's search path reaches the program that is deployed.
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}"
        path = self.folder / "bin" / name
        path.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-c", code])} "$@"\n')
        path.chmod(0o755)


class Stack:
    """A stack of a checkout. Its methods are the CLI's words."""

    def __init__(self, engine: Engine, name: str, folder: Path) -> None:
        self.engine = engine
        self.name = name
        self.folder = folder
        self.environment: dict[str, str] = {}  # of every operation

    def init(self) -> "Stack":
        """Makes the stack."""
        self._run("stack", "init", self.name).must()
        return self

    def set(self, key: str, value: object, *flags: str) -> "Stack":
        """Sets a key of the stack's config."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        self._run("config", "set", *flags, "--stack", self.name, key, "--", text).must()
        return self

    def preview(self, *flags: str) -> Ran:
        """Says what an `up` would change."""
        return self._operate("preview", *flags)

    def up(self, *flags: str) -> Ran:
        """Deploys the program."""
        return self._operate("up", "--yes", "--skip-preview", *flags)

    def refresh(self, *flags: str) -> Ran:
        """Reads every resource from the account."""
        return self._operate("refresh", "--yes", "--skip-preview", *flags)

    def destroy(self, *flags: str) -> Ran:
        """Deletes every resource."""
        return self._operate("destroy", "--yes", "--skip-preview", *flags)

    def export(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        exported = json.loads(self._run("stack", "export", "--stack", self.name).must().output)
        resources: list[dict[str, Any]] = exported["deployment"].get("resources", [])
        return resources

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        shown = self._run("stack", "output", "--json", "--stack", self.name).must().output
        outputs: dict[str, Any] = json.loads(shown)
        return outputs

    def rename(self, name: str) -> "Stack":
        """Gives the stack another name."""
        self._run("stack", "rename", name, "--stack", self.name).must()
        return self.at(self.folder, name)

    def at(self, folder: Path, name: str = "") -> "Stack":
        """The same stack, operated from another checkout."""
        return Stack(self.engine, name or self.name, folder)

    def write(self, values: dict[str, Any]) -> "Stack":
        """Writes keys, with their namespaces, into the stack's file, as a person does."""
        file = self.folder / f"Pulumi.{self.name}.yaml"
        content = yaml.safe_load(file.read_text())
        content["config"] |= values
        file.write_text(yaml.safe_dump(content))
        return self

    def _operate(self, word: str, *flags: str) -> Ran:
        log = self.engine.folder / "events.jsonl"
        log.unlink(missing_ok=True)
        ran = self._run(word, "--stack", self.name, "--event-log", str(log), *flags)
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return replace(ran, steps=tuple(_steps(events)), warnings=tuple(_warnings(events)))

    def _run(self, *arguments: str) -> Ran:
        return self.engine.run(*arguments, cwd=self.folder, environment=self.environment)


def _copy(source: Path, to: Path) -> None:
    """Copies texts, and not the modes of files: a checkout has the modes of its umask."""
    if source.is_dir():
        shutil.copytree(
            source, to, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile
        )
        for folder in (to, *(each for each in to.rglob("*") if each.is_dir())):
            folder.chmod(0o777 & ~_umask())
    else:
        shutil.copyfile(source, to)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _steps(events: list[dict[str, Any]]) -> Iterator[Step]:
    for event in events:
        if metadata := event.get("resourcePreEvent", {}).get("metadata"):
            yield Step(metadata["op"], metadata["urn"], tuple(metadata.get("diffs") or ()))


def _warnings(events: list[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        told = event.get("diagnosticEvent", {})
        # The engine warns of each plugin that it takes from the PATH.
        if told.get("severity") == "warning" and "from $PATH" not in told["message"]:
            yield told["message"]
