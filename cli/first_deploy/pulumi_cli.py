"""What the Pulumi CLI says of a stack."""

from typing import Final

from cli import pulumi_stacks
from cli.first_deploy.results import Failed, Ok, Result, Skipped
from cli.first_deploy.stack import Stack

_LAST_LINES: Final = 25


def second_preview(stack: Stack) -> Result:
    """Whether a preview after an `up` finds nothing to change."""
    if not stack.of_pulumi:
        return Skipped("the outputs are from a file; Pulumi has no state of this stack.")
    ran = pulumi_stacks.run(
        stack.folder, "preview", "--expect-no-changes", "--stack", stack.project.stack
    )
    if ran.returncode == 0:
        return Ok("nothing to change.")
    last = "\n".join((ran.stdout + ran.stderr).strip().splitlines()[-_LAST_LINES:])
    return Failed(
        f"it finds changes, or fails.\n{last}",
        "pulumi preview --diff. Where code and config are those of the last `up`, AWS gives back"
        " an input in another form than it was sent: report it with that diff.",
    )
