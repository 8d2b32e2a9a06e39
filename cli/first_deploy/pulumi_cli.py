"""What the Pulumi CLI says of a stack."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from cli.first_deploy.results import Failed, Ok, Result, Skipped
from cli.first_deploy.stack import Stack

_LAST_LINES: Final = 25


class NoStack(Exception):
    """Pulumi knows of no such stack, or isn't there. The message says what to do."""


def outputs(folder: Path, stack: str) -> dict[str, Any]:
    """The outputs of the last `pulumi up`; none, if there was none.

    Raises:
        NoStack: there is no CLI, or it doesn't know the stack.
    """
    if shutil.which("pulumi") is None:
        raise NoStack(
            "There is no `pulumi` on the PATH. Next: install it"
            " (https://www.pulumi.com/docs/iac/download-install/), or give --outputs <file>."
        )
    ran = _run(folder, "stack", "output", "--json", "--show-secrets", "--stack", stack)
    if ran.returncode:
        raise NoStack(
            f"{ran.stderr.strip()}\nNext: pulumi login, then pulumi stack init {stack}, or another"
            " --stack."
        )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def second_preview(stack: Stack) -> Result:
    """Whether a preview after an `up` finds nothing to change."""
    if not stack.of_pulumi:
        return Skipped("the outputs are from a file; Pulumi has no state of this stack.")
    ran = _run(stack.folder, "preview", "--expect-no-changes", "--stack", stack.project.stack)
    if ran.returncode == 0:
        return Ok("nothing to change.")
    last = "\n".join((ran.stdout + ran.stderr).strip().splitlines()[-_LAST_LINES:])
    return Failed(
        f"it finds changes, or fails.\n{last}",
        "pulumi preview --diff. Where code and config are those of the last `up`, AWS gives back"
        " an input in another form than it was sent: report it with that diff.",
    )


def _run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["pulumi", "--non-interactive", "--color", "never", *arguments],
        cwd=folder,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
