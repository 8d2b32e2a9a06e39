"""IAM roles and their policies."""

from typing import Any

from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType, if_there, putting, unchangeable


def _create_role(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    inline, managed = _inline(declared), declared.take("managedPolicyArns", [])
    trust = declared.require("assumeRolePolicy")
    declared.drop("forceDetachPolicies")
    account.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=trust, **declared.take_rest()
    )
    _put_policies(account, name, inline)
    for arn in managed:
        account.client("iam").attach_role_policy(RoleName=name, PolicyArn=arn)
    return _outputs(account, name)


def _outputs(account: Account, name: str) -> Values:
    role = account.client("iam").get_role(RoleName=name)["Role"]
    return {"id": name, "name": name, "arn": role["Arn"], "uniqueId": role["RoleId"]}


def _update_role(account: Account, before: Existing, declared: Declaration) -> Values:
    iam, name = account.client("iam"), declared.require("name")
    declared.drop("path", "forceDetachPolicies")
    trust = declared.require("assumeRolePolicy")
    if trust != before.get("assumeRolePolicy"):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    # ministack keeps a description that UpdateRole empties.
    iam.update_role_description(RoleName=name, Description=declared.take("description", ""))
    iam.update_role(RoleName=name, MaxSessionDuration=declared.take("maxSessionDuration", 3600))
    _update_boundary(account, before, declared.take("permissionsBoundary"))
    _update_inline(account, before, _inline(declared))
    _update_managed(account, before, declared.take("managedPolicyArns", []))
    return _outputs(account, name)


def _update_boundary(account: Account, before: Existing, boundary: str | None) -> None:
    if boundary == before.get("permissionsBoundary"):
        return
    if boundary:
        account.client("iam").put_role_permissions_boundary(
            RoleName=before.id, PermissionsBoundary=boundary
        )
    else:
        account.client("iam").delete_role_permissions_boundary(RoleName=before.id)


def _update_inline(account: Account, before: Existing, policies: dict[str, str]) -> None:
    there = _by_name(before.get("inlinePolicies", []))
    for name in there.keys() - policies.keys():
        account.client("iam").delete_role_policy(RoleName=before.id, PolicyName=name)
    _put_policies(account, before.id, dict(policies.items() - there.items()))


def _update_managed(account: Account, before: Existing, arns: list[str]) -> None:
    there = set(before.get("managedPolicyArns", []))
    for arn in there - set(arns):
        account.client("iam").detach_role_policy(RoleName=before.id, PolicyArn=arn)
    for arn in set(arns) - there:
        account.client("iam").attach_role_policy(RoleName=before.id, PolicyArn=arn)


def _inline(declared: Declaration) -> dict[str, str]:
    return _by_name(declared.take("inlinePolicies", []))


def _by_name(policies: list[Values]) -> dict[str, str]:
    return {policy["name"]: policy["policy"] for policy in policies}


def _put_policies(account: Account, role: str, policies: dict[str, str]) -> None:
    for name, policy in policies.items():
        account.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)


def _delete_role(account: Account, before: Existing) -> None:
    """Deletes a role with the policies that were declared on it; IAM refuses one with others."""
    iam, force = account.client("iam"), before.get("forceDetachPolicies", False)
    for name in _names(iam, before.id) if force else _by_name(before.get("inlinePolicies", [])):
        with if_there():
            iam.delete_role_policy(RoleName=before.id, PolicyName=name)
    for arn in _attached(account, before.id) if force else before.get("managedPolicyArns", []):
        with if_there():
            iam.detach_role_policy(RoleName=before.id, PolicyArn=arn)
    iam.delete_role(RoleName=before.id)


def _names(iam: Any, role: str) -> list[str]:
    names: list[str] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return names


def _attached(account: Account, role: str) -> list[str]:
    policies = account.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return [policy["PolicyArn"] for policy in policies]


def _put_policy(account: Account, declared: Declaration) -> Values:
    name, role = declared.physical_name(), declared.require("role")
    _put_policies(account, role, {name: declared.require("policy")})
    return {"id": f"{role}:{name}", "name": name}


def _policy_id(before: Existing) -> Values:
    role, name = before.id.split(":", 1)
    return {"RoleName": role, "PolicyName": name}


def _attach(account: Account, declared: Declaration) -> Values:
    role, arn = declared.require("role"), declared.require("policyArn")
    account.client("iam").attach_role_policy(RoleName=role, PolicyArn=arn)
    return {"id": f"{role}/{arn}"}


def _detach(account: Account, before: Existing) -> None:
    account.client("iam").detach_role_policy(
        RoleName=before.get("role"), PolicyArn=before.get("policyArn")
    )


ROLE = ResourceType(
    create=_create_role,
    update=_update_role,
    delete=_delete_role,
    find=lambda account, before: account.client("iam").get_role(RoleName=before.id),
    fixed=("name", "path"),
)
POLICY = ResourceType(
    create=_put_policy,
    update=putting(_put_policy),
    delete=lambda account, before: account.client("iam").delete_role_policy(**_policy_id(before)),
    find=lambda account, before: account.client("iam").get_role_policy(**_policy_id(before)),
    fixed=("name", "role"),
)
ATTACHMENT = ResourceType(
    create=_attach,
    update=unchangeable,
    delete=_detach,
    find=lambda account, before: before.get("policyArn") in _attached(account, before.get("role")),
    fixed=(),
)
