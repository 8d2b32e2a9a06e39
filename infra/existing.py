"""Resources that somebody else has made, and that the component uses."""

import re
from dataclasses import dataclass
from typing import Final

import pulumi

from infra.arguments import Settings
from infra.documents.partitions import account_of, region_of
from infra.errors import ConfigError
from infra.exclusive import take


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of resource that may be somebody else's.

    Args:
        argument: the argument that names it.
        arn: what its ARN looks like.
        why: what happens if two components have the same one.
    """

    argument: str
    arn: str
    why: str

    @property
    def is_anywhere(self) -> bool:
        """Whether the ARN has neither region nor account."""
        return "<region>" not in self.arn

    def matches(self, arn: str) -> bool:
        pattern = (
            self.arn.replace("<partition>", "[a-z-]+")
            .replace("<region>", "[a-z0-9-]+")
            .replace("<account>", "[0-9]{12}")
            .replace("<name>", "[^/:]+")
        )
        return re.fullmatch(pattern, arn) is not None

    def refusal(self, arn: str) -> str:
        return (
            f'BackgroundTasksArgs({self.argument}="{arn}") is not an ARN such as {self.arn}. Next:'
            " pass the `arn` of that resource."
        )


BUS: Final = Kind(
    argument="event_bus_arn",
    arn="arn:<partition>:events:<region>:<account>:event-bus/<name>",
    why="each event would start a task in both",
)
TABLE: Final = Kind(
    argument="table_arn",
    arn="arn:<partition>:dynamodb:<region>:<account>:table/<name>",
    why="each would end the other's tasks",
)
BUCKET: Final = Kind(
    argument="payload_bucket_arn",
    arn="arn:<partition>:s3:::<name>",
    why="each would delete the other's payloads",
)


def existing(
    kind: Kind, arn: pulumi.Input[str], neighbour: pulumi.Output[str], settings: Settings
) -> pulumi.Output[str]:
    """The ARN of somebody else's resource, once it is known that it can be used.

    Args:
        neighbour: the ARN of a resource of the component's own.

    Raises:
        ConfigError: as soon as the ARN is known. It is another thing's, or of another account or
            region, or another component of the program has it.
    """
    checked = pulumi.Output.all(arn, neighbour).apply(lambda both: _checked(kind, *both))
    return own(kind, checked, settings)


def own(kind: Kind, arn: pulumi.Output[str], settings: Settings) -> pulumi.Output[str]:
    """The ARN of a resource that no other component of the program may have."""
    return pulumi.Output.all(arn, settings.names.prefix).apply(lambda both: _taken(kind, *both))


def _checked(kind: Kind, arn: str, neighbour: str) -> str:
    said = f'BackgroundTasksArgs({kind.argument}="{arn}")'
    if not kind.matches(arn):
        raise ConfigError(kind.refusal(arn))
    here, there = _place(neighbour), _place(arn)
    if here != there and not kind.is_anywhere:
        raise ConfigError(
            f"{said} is in {there}, and the stack's own resources are in {here}: they have to be"
            " together. Next: pass one of the same account and region."
        )
    return arn


def _taken(kind: Kind, arn: str, owner: str) -> str:
    take(f"{kind.argument} {arn}", owner, f"give each its own, since {kind.why}")
    return arn


def _place(arn: str) -> str:
    return f"account {account_of(arn)}, region {region_of(arn)}"
