"""The local AWS, as a person points the real provider at it: by endpoints and keys."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pulumi

from local import resources
from local.access import Access
from local.resources import Declaration, Existing, functions
from tests.engine.aws_provider import wire
from tests.engine.aws_provider.naming import DEFAULTS
from tests.engine.aws_provider.resource import State
from tests.engine.aws_provider.wire import Values


class LocalAccount:
    """An account of the local AWS. Paths of archives are relative to the project's folder."""

    def __init__(self, access: Access, folder: Path) -> None:
        self._access = access
        self._folder = folder

    @classmethod
    def of(cls, config: Mapping[str, Any], folder: Path) -> Self:
        """The account where the provider's configuration says that AWS answers."""
        [url] = {url for each in config["endpoints"] for url in each.values()}  # one for all
        keys = (
            config.get("accessKey") or os.environ["AWS_ACCESS_KEY_ID"],
            config.get("secretKey") or os.environ["AWS_SECRET_ACCESS_KEY"],
        )
        return cls(Access(str(url), config["region"], *keys), folder)

    @cached_property
    def id(self) -> str:
        """The account's number, as AWS says it."""
        return str(self._access.client("sts").get_caller_identity()["Account"])

    @cached_property
    def _account(self) -> resources.Account:
        return resources.Account(self._access, self.id, self._folder)

    def create(self, type: str, name: str, inputs: Values) -> tuple[str, Values]:
        """Creates a resource."""
        outputs = resources.create(self._account, _declared(type, name, inputs))
        return str(outputs.pop("id")), _with(inputs, outputs)

    def update(self, before: State, inputs: Values) -> Values:
        """Changes a resource."""
        declared = _declared(before.type, before.name, inputs)
        outputs = resources.update(self._account, _existing(before), declared)
        del outputs["id"]
        return _with(inputs, outputs)

    def read(self, before: State) -> tuple[Values, Values] | None:
        """What Pulumi's state has, if the resource is there."""
        there = resources.exists(self._account, _existing(before))
        return (before.inputs, before.outputs) if there else None

    def delete(self, before: State) -> None:
        """Deletes a resource."""
        resources.delete(self._account, _existing(before))

    def invoked(self, arguments: Values) -> Values:
        """What a Lambda answers, as the provider's function getInvocation tells it."""
        return functions.invoked(self._account, arguments)


def _declared(type: str, name: str, inputs: Values) -> Declaration:
    return Declaration(type, name, _with_archives(inputs))


def _existing(before: State) -> Existing:
    values = _with_archives(before.inputs | before.outputs)
    return Existing(before.type, before.name, before.id, values)


def _with_archives(values: Values) -> Values:
    """The values with archives as Pulumi has them; for a refresh the engine sends no path."""
    return {
        key: pulumi.FileArchive(value["path"]) if wire.is_archive(value) else value
        for key, value in values.items()
        if key != DEFAULTS and not (wire.is_archive(value) and "path" not in value)
    }


def _with(inputs: Values, outputs: Values) -> Values:
    return {key: value for key, value in inputs.items() if key != DEFAULTS} | outputs
