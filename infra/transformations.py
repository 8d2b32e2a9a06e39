"""What holds for every resource of a component, whichever makes it."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

Transformation = Callable[
    [pulumi.ResourceTransformationArgs], pulumi.ResourceTransformationResult | None
]


def tagged(tags: Mapping[str, pulumi.Input[str]]) -> Transformation:
    """A transformation that adds tags; a resource's own tags win.

    The SDK's constructors hand over every input that a type has, with `None` for those that aren't
    set: a type without `tags` among them takes none.
    """

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not tags or not args.type_.startswith("aws:") or "tags" not in args.props:
            return None
        own: Any = args.props["tags"] or {}
        all_tags = {**tags, **own}
        props = {**args.props, "tags": all_tags}
        # The provider makes `tagsAll` itself, in plain text, of all tags. The engine then keeps it
        # secret if the input of this name was (pulumi-aws, provider/tags.go; pulumi/sdk,
        # plugin/provider_plugin.go, annotateSecrets).
        if any(isinstance(value, pulumi.Output) for value in all_tags.values()):
            props["tagsAll"] = all_tags
        return pulumi.ResourceTransformationResult(props, args.opts)

    return add


def staying() -> Transformation:
    """A transformation that keeps a resource where it was made, and under the name it got then.

    In another region of the provider's, or with another name, each would be replaced: by a new,
    empty table, a state machine without its executions.
    """

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith("aws:"):
            return None
        stays = pulumi.ResourceOptions(ignore_changes=["name", "region"])
        opts = pulumi.ResourceOptions.merge(args.opts, stays)
        return pulumi.ResourceTransformationResult(args.props, opts)

    return add


def gathered(resources: list[pulumi.Resource]) -> Transformation:
    """A transformation that changes nothing, and lists each resource of the component."""

    def add(args: pulumi.ResourceTransformationArgs) -> None:
        resources.append(args.resource)

    return add
