"""Whether one AWS service may call another: by a role, or by the policy of the function.

ministack checks the policies of callers with credentials. It allows every call that a service makes
itself, such as a rule that starts a state machine, so a missing permission would show on AWS only.
"""

from typing import Any

from local.aws.patch import module


def role_allows(
    role_arn: str,
    service: str,
    action: str,
    resource_arn: str,
    *,
    source_arn: str = "",
) -> bool:
    """Whether `service` may assume the role for `source_arn`, and the role allows the action."""
    if not may_assume(role_arn, service, source_arn):
        return False
    iam = module("core.iam_evaluator")
    account = module("core.responses").get_account_id()
    name = role_arn.rsplit("/", 1)[-1]
    principal = f"arn:aws:sts::{account}:assumed-role/{name}/{service}"
    context = _context(principal, action, resource_arn)
    return bool(iam.evaluate(context, iam._gather_role_policies(name, account)).decision == "Allow")


def function_allows(function_arn: str, service: str, source_arn: str) -> bool:
    """Whether the policy of the function lets `service` invoke it for `source_arn`."""
    iam = module("core.iam_evaluator")
    found = module("services.lambda_svc").function_policy_for_arn(function_arn)
    if found is None:
        return False
    context = _context("*", "lambda:InvokeFunction", function_arn, {"aws:sourcearn": source_arn})
    return bool(
        iam.evaluate_resource_policy(found[0], context, service=service).decision == "Allow"
    )


def may_assume(role_arn: str, service: str, source_arn: str = "") -> bool:
    """Whether the role exists, and its trust policy lets `service` assume it for `source_arn`.

    Without one the service names no source: Lambda does not.
    """
    role = module("services.iam")._roles.get(role_arn.rsplit("/", 1)[-1])
    return role is not None and _trusts(role, service, source_arn)


def _trusts(role: dict[str, Any], service: str, source_arn: str) -> bool:
    iam = module("core.iam_evaluator")
    context = _context("*", "sts:AssumeRole", "*", _source(source_arn) if source_arn else {})
    document = role["AssumeRolePolicyDocument"]
    return bool(
        iam.evaluate_resource_policy(
            _for_every_resource(document), context, service=service
        ).decision
        == "Allow"
    )


def _source(arn: str) -> dict[str, str]:
    return {
        "aws:sourcearn": arn,
        "aws:sourceaccount": module("core.responses").get_account_id(),
    }


def _for_every_resource(trust: str | dict[str, Any]) -> dict[str, Any]:
    """A trust policy as a resource policy: its statements, for every resource."""
    document: dict[str, Any] = (
        module("core.iam_evaluator").json.loads(trust) if isinstance(trust, str) else trust
    )
    statements = (
        document["Statement"]
        if isinstance(document["Statement"], list)
        else [document["Statement"]]
    )
    return {"Statement": [{**statement, "Resource": "*"} for statement in statements]}


def _context(
    principal: str, action: str, resource_arn: str, service_context: dict[str, Any] | None = None
) -> object:
    responses = module("core.responses")
    return module("core.iam_evaluator").EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=responses.get_account_id(),
        action=action,
        resource_arn=resource_arn,
        region=responses.get_region(),
        service_context=service_context or {},
    )
