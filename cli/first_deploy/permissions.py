"""What the deployer may do, as IAM simulates it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cli.first_deploy.results import Failed, Ok, Result, Skipped
from cli.first_deploy.stack import Stack

POLICY: Final = Path("docs") / "deployer-policy.json"
_CHUNK: Final = 50  # actions a request
_REGION, _ACCOUNT = 3, 4  # the parts of an ARN

Statement = Mapping[str, Any]


def permissions(stack: Stack) -> Result:
    """Whether the person who asks may do all that docs/deployer-policy.json lists."""
    if not (stack.folder / POLICY).is_file():
        return Skipped(f"there is no {POLICY}.")
    principal = _principal(stack)
    if principal.endswith(":root"):
        return Skipped("you are the account's root user, who may do everything. Use a role.")
    policy = json.loads((stack.folder / POLICY).read_text())
    missing = [
        action
        for statement in policy["Statement"]
        for action in _missing(stack, principal, statement)
    ]
    if not missing:
        return Ok(f"{principal} may do all that {POLICY} lists.")
    return Failed(
        f"{principal} may not {', '.join(sorted(set(missing)))}.",
        f"give it a policy like {POLICY}. A boundary or an organization's policy may deny it, too.",
    )


def _principal(stack: Stack) -> str:
    """The ARN of a user or of a role: IAM simulates no sessions."""
    arn = stack.identity["Arn"]
    if ":assumed-role/" not in arn:
        return arn
    name = arn.split("/")[1]
    return str(stack.client("iam").get_role(RoleName=name)["Role"]["Arn"])


def _missing(stack: Stack, principal: str, statement: Statement) -> Iterator[str]:
    actions = _listed(statement["Action"])
    for start in range(0, len(actions), _CHUNK):
        answers = (
            stack.client("iam")
            .get_paginator("simulate_principal_policy")
            .paginate(
                PolicySourceArn=principal,
                ActionNames=actions[start : start + _CHUNK],
                ResourceArns=[_resource(stack, arn) for arn in _listed(statement["Resource"])],
                ContextEntries=list(_context(statement)),
            )
        )
        for page in answers:
            for answer in page["EvaluationResults"]:
                if answer["EvalDecision"] != "allowed":
                    yield answer["EvalActionName"]


def _resource(stack: Stack, arn: str) -> str:
    """The ARN with the stack's region and account for any. What it ends with stays a pattern."""
    parts = arn.split(":", 5)
    if len(parts) > _ACCOUNT:
        region = str(stack.client("sts").meta.region_name)
        parts[_REGION] = parts[_REGION].replace("*", region)
        parts[_ACCOUNT] = parts[_ACCOUNT].replace("*", stack.identity["Account"])
    return ":".join(parts)


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
