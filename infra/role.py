"""A role with one policy, which have the same name."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.arguments import Settings
from infra.documents.policies import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleArgs:
    """Who may assume the role, and what it may do."""

    settings: Settings
    suffix: str  # of the physical names of role and policy
    trust: pulumi.Input[Document]
    policy: pulumi.Input[Document]


class Role(pulumi.ComponentResource):
    """A role and its policy. What uses it depends on `policy`: the role alone may do nothing."""

    arn: pulumi.Output[str]
    policy: aws.iam.RolePolicy

    def __init__(
        self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:Role", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        physical_name = args.settings.names.in_all_regions(args.suffix)
        role = aws.iam.Role(
            name,
            name=physical_name,
            assume_role_policy=pulumi.Output.json_dumps(args.trust),
            permissions_boundary=args.settings.args.permissions_boundary_arn,
            opts=child,
        )
        self.policy = aws.iam.RolePolicy(
            name,
            name=physical_name,
            role=role.name,
            policy=pulumi.Output.json_dumps(args.policy),
            opts=child,
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
