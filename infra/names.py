"""The physical names of the stack's resources."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

import pulumi

from infra.errors import ConfigError

METRICS_NAMESPACE: Final = "BackgroundTasks"  # of CloudWatch
# A role's or function's name has at most 64 characters (IAM and Lambda quotas). The longest suffix
# without a task's id, "-execution-ended", takes 16; four are spare.
MAX_PREFIX_CHARACTERS: Final = 44
# How much of a hash tells regions apart. The longest suffix of a role, "-event-routing", takes 14.
REGION_CHARACTERS: Final = 5


@dataclass(frozen=True, slots=True)
class Names:
    """Names that begin with what the environment was called when it was made.

    AWS renames nothing: what gets another name is replaced. So the names follow the one resource
    whose name the state keeps (infra/storage.py), and `pulumi stack rename` changes none of them.
    """

    prefix: pulumi.Output[str]
    region: pulumi.Output[str]

    def of(self, suffix: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.prefix, "-", suffix)

    def in_all_regions(self, suffix: str) -> pulumi.Output[str]:
        """A name in IAM, which all regions share, for a stack that is in several of them."""
        return pulumi.Output.concat(self.of(suffix), "-", self.region.apply(_digits))


def _digits(region: str) -> str:
    return hashlib.sha256(region.encode()).hexdigest()[:REGION_CHARACTERS]


def checked_prefix(prefix: str) -> str:
    """The prefix, if AWS takes the names that begin with it.

    Raises:
        ConfigError: it is too long, or has characters that some name may not have.
    """
    if re.fullmatch(r"[A-Za-z0-9_-]+", prefix) and len(prefix) <= MAX_PREFIX_CHARACTERS:
        return prefix
    raise ConfigError(
        f'AWS resources can\'t have names that begin with "{prefix}": it has {len(prefix)}'
        f" characters; allowed are at most {MAX_PREFIX_CHARACTERS} letters, digits, hyphens and"
        " underscores. It is made of the names of project and stack. Next: `pulumi stack rename"
        " <shorter name>`, a shorter `name` in Pulumi.yaml, or, in a program of yours,"
        " BackgroundTasksArgs(name_prefix=...)."
    )
