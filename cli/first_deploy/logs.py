"""The log groups of a stack that is deployed."""

from cli.first_deploy.leftovers import groups_of, names_of_groups
from cli.first_deploy.results import Failed, Ok, Result
from cli.first_deploy.stack import Stack


def kept_logs(stack: Stack) -> Result:
    """Whether each log group is there, and keeps its lines as long as the config says."""
    there, days = groups_of(stack), int(stack.setting("logRetentionDays"))
    missing = [name for name in names_of_groups(stack) if name not in there]
    if missing:
        return Failed(f"{', '.join(missing)} are not there.", "pulumi refresh, then pulumi up.")
    others = {name: kept for name, kept in there.items() if kept != days}
    if others:
        return Failed(
            f"logRetentionDays is {days}, AWS keeps {others}; None is for ever.",
            "pulumi refresh, then pulumi up.",
        )
    return Ok(f"{len(there)} groups keep their lines for {days} days.")
