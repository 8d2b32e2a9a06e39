"""What the deployer may do, as IAM simulates it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cli.first_deploy.results import Failed, Ok, Result, Skipped
from cli.first_deploy.stack import Stack

# Two, since IAM takes 6,144 characters each. What stands between <> is the stack's.
POLICIES: Final = tuple(
    Path("docs") / "policies" / f"deployer-{part}.json" for part in ("code", "data")
)
_CHUNK: Final = 50  # actions a request
_NOTHING: Final = "nothing of this stack"

Statement = Mapping[str, Any]


def permissions(stack: Stack) -> Result:
    """Whether the person who asks may do all that the deployer's policies list."""
    there = [path for policy in POLICIES if (path := stack.folder / policy).is_file()]
    if not there:
        return Skipped(f"{POLICIES[0].parent} has no policy of a deployer.")
    principal = _principal(stack)
    if principal.endswith(":root"):
        return Skipped("you are the account's root user, who may do everything. Use a role.")
    missing = {
        action
        for path in there
        for statement in _statements(stack, path)
        for action in _missing(stack, principal, statement)
    }
    if not missing:
        return Ok(f"{principal} may do all that {POLICIES[0].parent} lists.")
    return Failed(
        f"{principal} may not {', '.join(sorted(missing))}.",
        f'give it the policies in {POLICIES[0].parent}: docs/security.md, "Who deploys". A'
        " boundary, or a policy of the organization, may deny it, too.",
    )


def _statements(stack: Stack, path: Path) -> list[Statement]:
    text = path.read_text()
    for name, value in {
        "<region>": str(stack.client("sts").meta.region_name),
        "<account>": stack.identity["Account"],
        "<prefix>": stack.prefix,
        "<bucket-prefix>": stack.prefix.lower().replace("_", "-"),
        "<key-arn>": stack.setting("kmsKeyArn") or _NOTHING,
    }.items():
        text = text.replace(name, value)
    statements: list[Statement] = json.loads(text)["Statement"]
    return [each for each in statements if _NOTHING not in each["Resource"]]


def _principal(stack: Stack) -> str:
    """The ARN of a user or of a role: IAM simulates no sessions."""
    arn = stack.identity["Arn"]
    if ":assumed-role/" not in arn:
        return arn
    name = arn.split("/")[1]
    return str(stack.client("iam").get_role(RoleName=name)["Role"]["Arn"])


def _missing(stack: Stack, principal: str, statement: Statement) -> Iterator[str]:
    """The actions that are denied for one of the statement's resources, or more."""
    actions = _listed(statement["Action"])
    for resource in _listed(statement["Resource"]):
        for start in range(0, len(actions), _CHUNK):
            # A pattern is allowed by the same pattern, or by one that takes in more.
            pages = (
                stack.client("iam")
                .get_paginator("simulate_principal_policy")
                .paginate(
                    PolicySourceArn=principal,
                    ActionNames=actions[start : start + _CHUNK],
                    ResourceArns=[resource],
                    ContextEntries=list(_context(statement)),
                )
            )
            for answer in (each for page in pages for each in page["EvaluationResults"]):
                if answer["EvalDecision"] != "allowed":
                    yield answer["EvalActionName"]


def _context(statement: Statement) -> Iterator[dict[str, Any]]:
    """What the statement's conditions ask for, as a request that meets them has it."""
    for conditions in statement.get("Condition", {}).values():
        for key, values in conditions.items():
            yield {
                "ContextKeyName": key,
                "ContextKeyValues": _listed(values)[:1],
                "ContextKeyType": "string",
            }


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
