"""A resource as the program declares it, and the account to create it in."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.access import Access, Client
from local.errors import DeploymentFailed

Values = dict[str, Any]  # what Pulumi sends and gets: JSON, and archives

# Tags change nothing here; the region is always the account's.
_WITHOUT_EFFECT = frozenset({"tags", "tagsAll", "region"})


@dataclass(frozen=True)
class Account:
    """The account that the program is deployed into. `folder` is the project's."""

    access: Access
    id: str
    folder: Path

    @property
    def region(self) -> str:
        """The region of the account."""
        return self.access.region

    def client(self, service: str) -> Client:
        """The boto3 client of a service."""
        return self.access.client(service)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.id}:{resource}"


@dataclass(frozen=True)
class Existing:
    """A resource as it was left: `values` are its inputs and outputs of the last time."""

    kind: str
    name: str
    id: str
    values: Mapping[str, Any]

    def get(self, key: str, default: Any = None) -> Any:
        """A value of the last time, or `default` if it was not set."""
        value = self.values.get(key)
        return default if value is None else value

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'


class Declaration:
    """The inputs of one resource. An input that its creator does not take is an error."""

    def __init__(self, kind: str, name: str, inputs: Mapping[str, Any]) -> None:
        self.kind = kind
        self.name = name
        given = {
            key: value
            for key, value in inputs.items()
            if key not in _WITHOUT_EFFECT and value is not None
        }
        self._left: Values = with_integers(given)

    def take(self, key: str, default: Any = None) -> Any:
        """Takes an input, or `default` if the program does not set it."""
        return self._left.pop(key, default)

    def drop(self, *keys: str) -> None:
        """Takes inputs that change nothing here."""
        for key in keys:
            self.take(key)

    def keep(self, key: str, before: Existing) -> None:
        """Has an input stay as it was.

        Raises:
            DeploymentFailed: the program declares another value, which takes a replacement.
        """
        kept = before.get(key)
        if kept is not None and self._left.setdefault(key, kept) != kept:
            raise DeploymentFailed(
                f'{self} can\'t change its "{key}" from {kept!r} to {self._left[key]!r}. Next:'
                " delete it, and create it anew."
            )

    def require(self, key: str) -> Any:
        """Takes an input that the provider requires."""
        if key not in self._left:
            raise DeploymentFailed(f'{self} has no "{key}". Give it one in the program.')
        return self._left.pop(key)

    def take_rest(self) -> Values:
        """Takes all other inputs, with the keys of the AWS API: `MemorySize` for `memorySize`."""
        rest, self._left = self._left, {}
        values: Values = to_api(rest)
        return values

    def physical_name(self, key: str = "name") -> str:
        """The declared name, or a generated one: the logical name and seven random digits."""
        return str(self.take(key) or f"{self.name}-{secrets.token_hex(4)[:7]}")

    def refuse_what_is_left(self) -> None:
        """Raises DeploymentFailed if the creator has left an input."""
        if self._left:
            raise DeploymentFailed(
                f"{self} declares {', '.join(sorted(self._left))}, which the local AWS does not"
                " create. Add it to the resource's creator in local/resources/, or leave it out of"
                " the program."
            )

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'


def to_api(value: Any) -> Any:
    """The value with the first letter of every key in upper case."""
    if isinstance(value, Mapping):
        return {key[0].upper() + key[1:]: to_api(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_api(item) for item in value]
    return value


def with_integers(value: Any) -> Any:
    """The value with 14 for 14.0: Pulumi's protocol has floats only (protobuf's Struct)."""
    if isinstance(value, Mapping):
        return {key: with_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_integers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
