"""IAM roles and their policies."""

from local.resources.declaration import Account, Declaration, Values


def create_role(account: Account, declared: Declaration) -> Values:
    """Creates a role, with the policies that are declared on it."""
    name = declared.physical_name()
    inline = declared.take("inlinePolicies", [])
    managed = declared.take("managedPolicyArns", [])
    trust = declared.require("assumeRolePolicy")
    declared.take("forceDetachPolicies")  # nothing is deleted here
    iam = account.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **declared.take_rest())[
        "Role"
    ]
    for policy in inline:
        iam.put_role_policy(
            RoleName=name, PolicyName=policy["name"], PolicyDocument=policy["policy"]
        )
    for arn in managed:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return {"id": name, "name": name, "arn": role["Arn"], "uniqueId": role["RoleId"]}


def create_role_policy(account: Account, declared: Declaration) -> Values:
    """Adds an inline policy to a role."""
    name, role = declared.physical_name(), declared.require("role")
    account.client("iam").put_role_policy(
        RoleName=role, PolicyName=name, PolicyDocument=declared.require("policy")
    )
    return {"id": f"{role}:{name}", "name": name}
