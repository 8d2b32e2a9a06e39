"""What the Pulumi CLI knows of the stacks of a folder's program."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.errors import NoStack


def outputs(folder: Path, stack: str, *, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The outputs of the last `pulumi up`; none, if there was none.

    Raises:
        NoStack: there is no CLI, or it doesn't know the stack.
    """
    _find(environ)
    ran = run(
        folder, "stack", "output", "--json", "--show-secrets", "--stack", stack, environ=environ
    )
    if ran.returncode:
        raise NoStack(
            f"{_last_words(ran.stderr)} Next: pulumi login, then pulumi stack init {stack}, or"
            " another --stack."
        )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def selected(folder: Path, *, environ: Mapping[str, str] = os.environ) -> str:
    """The stack that `pulumi stack select` has chosen.

    Raises:
        NoStack: there is no CLI, no program, or no stack is chosen.
    """
    _find(environ)
    ran = run(folder, "stack", "--show-name", environ=environ)
    if ran.returncode or not (name := ran.stdout.strip()):
        raise NoStack(
            f"{_last_words(ran.stderr) or 'No stack is selected.'} Next: name one with --stack, or"
            " choose one with `pulumi stack select`."
        )
    return name


def run(
    folder: Path, *arguments: str, environ: Mapping[str, str] = os.environ
) -> "subprocess.CompletedProcess[str]":
    """Runs the Pulumi CLI, which asks nothing and writes no colours."""
    return subprocess.run(
        ["pulumi", "--non-interactive", "--color", "never", *arguments],
        cwd=folder,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=dict(environ),
    )


def _find(environ: Mapping[str, str]) -> None:
    if shutil.which("pulumi", path=environ.get("PATH", "")) is None:
        raise NoStack(
            "There is no `pulumi` on the PATH. Next: install it"
            " (https://www.pulumi.com/docs/iac/download-install/), or give --outputs <file>."
        )


def _last_words(said: str) -> str:
    """What the CLI says of an error, in one line with a full stop."""
    words = " ".join(said.split()).removeprefix("error: ")
    return f"{words.rstrip('.')}." if words else ""
