"""One resource on its way through the provider: its inputs checked, its outputs made."""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.loaders

from tests.engine.aws_provider.kinds import Kind
from tests.engine.aws_provider.naming import DEFAULTS
from tests.engine.aws_provider.wire import UNKNOWN, Values, changed, has_unknown


@dataclass(frozen=True)
class State:
    """A resource as Pulumi's state has it. `id` is empty before it is created."""

    type: str
    name: str
    id: str
    inputs: Values
    outputs: Values


@dataclass(frozen=True)
class Surroundings:
    """Where a resource is: a region, with the provider's configuration."""

    region: str
    default_tags: Values

    @classmethod
    def of(cls, config: Values) -> "Surroundings":
        """What the configuration says."""
        return cls(config["region"], (config.get("defaultTags") or {}).get("tags") or {})

    @property
    def partition(self) -> str:
        """The partition of the region."""
        return str(_partition(self.region)["name"])

    @property
    def suffix(self) -> str:
        """The domain of AWS in the region's partition."""
        return str(_partition(self.region)["dnsSuffix"])

    def completed(self, kind: Kind, inputs: Values) -> Values:
        """The inputs as the provider checks them: with its region, and its tags in `tagsAll`.

        Pulumi's provider does it before the check (provider/region.go, provider/tags.go).
        """
        completed = dict(inputs)
        if kind.regional:
            completed["region"] = inputs.get("region") or self.region
        if kind.tagged:
            completed["tagsAll"] = self._tags(inputs.get("tags") or {})
        return completed

    def _tags(self, tags: Any) -> Any:
        return UNKNOWN if has_unknown(tags) else self.default_tags | tags


@cache
def _partition(region: str) -> Values:
    """botocore's facts about the partition of a region."""
    partitions = botocore.loaders.create_loader().load_data("partitions")["partitions"]
    return next(each["outputs"] for each in partitions if re.fullmatch(each["regionRegex"], region))


def too_long(kind: Kind, inputs: Values) -> Iterator[tuple[str, str]]:
    """What the real provider refuses for its length: the input, and why."""
    for key, most in kind.limits.items():
        value = inputs.get(key)
        if isinstance(value, str) and len(value) > most:
            yield key, f'"{key}" has {len(value)} characters, the provider takes {most}: {value}'


def created(kind: Kind, inputs: Values, around: Surroundings, account: str) -> tuple[str, Values]:
    """The id and the outputs of a new resource in this account."""
    facts = _facts(inputs, around) | {"account": account}
    id = kind.id.format_map(facts)
    facts["id"] = id
    outputs = _outputs(inputs, {key: text.format_map(facts) for key, text in kind.computed.items()})
    return id, outputs | (
        _version(outputs, "1") if kind.versioned_by and inputs.get("publish") else {}
    )


def planned(kind: Kind, inputs: Values) -> Values:
    """The outputs that a preview has of a new resource: what AWS sets is unknown."""
    return _outputs(inputs, dict.fromkeys(kind.computed, UNKNOWN))


def updated(kind: Kind, before: State, inputs: Values, *, preview: bool) -> Values:
    """The outputs of a resource that changes in place."""
    kept = {key: before.outputs[key] for key in kind.computed if key in before.outputs}
    outputs = _outputs(inputs, kept)
    if not (inputs.get("publish") and changed(before.inputs, inputs) & kind.versioned_by):
        return outputs
    published = _version(outputs, str(int(outputs["version"]) + 1))
    return outputs | (dict.fromkeys(published, UNKNOWN) if preview else published)


def _version(outputs: Values, number: str) -> Values:
    return {"version": number, "qualifiedArn": f"{outputs['arn']}:{number}"}


def everything_unknown(outputs: Values) -> Values:
    """The same outputs, none of them known."""
    return dict.fromkeys(outputs, UNKNOWN)


def _outputs(inputs: Values, computed: Values) -> Values:
    return {key: value for key, value in inputs.items() if key != DEFAULTS} | computed


def _facts(inputs: Values, around: Surroundings) -> Values:
    """What the texts of the table are made of."""
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in inputs.items()
    }
    bus = inputs.get("eventBusName", "default")  # AWS leaves out the name of its own bus
    names = {f"bus{end}": "" if bus == "default" else f"{bus}{end}" for end in "/-"}
    return {
        **names,
        "groupName": "default",
        "unique": secrets.token_hex(5),
        **texts,
        "partition": around.partition,
        "region": around.region,
        "suffix": around.suffix,
    }
