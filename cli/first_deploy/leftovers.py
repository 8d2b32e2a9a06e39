"""What an earlier `pulumi destroy` may have left, and would stop an `up`."""

from typing import Final

from cli.first_deploy.results import Failed, Ok, Result
from cli.first_deploy.stack import Stack
from infra.documents.partitions import partition_of
from infra.state_machine import SUFFIX, arn_from_name

GROUPS: Final = (
    "/aws/lambda/{}-worker",
    "/aws/lambda/{}-api",
    "/aws/lambda/{}-recovery",
    f"/aws/vendedlogs/states/{{}}-{SUFFIX}",
    "/aws/vendedlogs/apis/{}-api",
)


def names_of_groups(stack: Stack) -> list[str]:
    """The names that the stack's log groups have, or are going to have."""
    others = [f"/aws/lambda/{stack.prefix}-worker-{name}" for name in stack.workers]
    return [*(group.format(stack.prefix) for group in GROUPS), *others]


def groups_of(stack: Stack) -> dict[str, int | None]:
    """The log groups with the stack's names that are there, and how many days each keeps."""
    logs = stack.client("logs")
    found = {}
    for name in names_of_groups(stack):
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        for group in (each for page in pages for each in page["logGroups"]):
            if group["logGroupName"] == name:
                found[name] = group.get("retentionInDays")
    return found


def log_groups(stack: Stack) -> Result:
    """Whether the names of the log groups are free. A Lambda that logs late makes its own anew."""
    there = groups_of(stack)
    if not there:
        return Ok("none is there.")
    deletions = "\n".join(f"aws logs delete-log-group --log-group-name {name}" for name in there)
    return Failed(
        f"there are {', '.join(there)}, and the stack has no outputs.",
        "after an `up` that stopped half-way they are the stack's: `pulumi up` goes on. Otherwise,"
        f" if nobody needs their lines:\n{deletions}",
    )


def state_machine(stack: Stack) -> Result:
    """Whether the state machine is there if the stack is, and not otherwise."""
    states = stack.client("stepfunctions")
    arn = stack.outputs.get("stateMachineArn") or _arn(stack)
    try:
        status = states.describe_state_machine(stateMachineArn=arn)["status"]
    except states.exceptions.StateMachineDoesNotExist:
        status = "absent"
    match status, stack.is_deployed:
        case ("ACTIVE", True) | ("absent", False):
            return Ok(f"{arn} is {status}.")
        case "DELETING", _:
            return Failed(
                f"{arn} is being deleted, until its last execution is over: an `up` can't make it"
                " anew before.",
                'end its executions: docs/deploying.md, "Tearing down". Then wait some minutes.',
            )
        case _:
            return Failed(
                f"{arn} is {status}.",
                "another stack has the name, or a `destroy` or an `up` stopped half-way: `pulumi"
                " refresh`, then do it again.",
            )


def _arn(stack: Stack) -> str:
    # Of any resource: what counts are its account and its region.
    partition = partition_of(stack.identity["Arn"])
    neighbour = f"{partition}:any:{stack.client('sts').meta.region_name}"
    return arn_from_name(
        f"arn:{neighbour}:{stack.identity['Account']}:any", f"{stack.prefix}-{SUFFIX}"
    )
