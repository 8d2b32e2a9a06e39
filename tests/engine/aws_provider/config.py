"""The provider's configuration: what a person sets in the namespace `aws`."""

import importlib.metadata
import inspect
import json
from collections.abc import Iterator
from typing import Any, Final

import pulumi_aws
from pulumi._types import input_type_py_to_pulumi_names

from tests.engine.aws_provider.wire import Values

# What the engine adds to the configuration of a provider.
_OF_THE_ENGINE: Final = {"version", "pluginDownloadURL"}
_LISTS_AND_MORE: Final = ("Sequence", "Args", "bool", "int")


def keys() -> dict[str, bool]:
    """Every key that the provider takes, as its SDK has them: whether it takes more than text."""
    names = input_type_py_to_pulumi_names(pulumi_aws.ProviderArgs)
    parameters = inspect.signature(pulumi_aws.ProviderArgs.__init__).parameters
    return {
        key: any(part in str(parameters[name].annotation) for part in _LISTS_AND_MORE)
        for name, key in names.items()
    }


def version() -> str:
    """The version of the provider that the SDK asks for."""
    return importlib.metadata.version("pulumi_aws")


def decoded(inputs: Values) -> Values:
    """The configuration, whose lists, objects, numbers the engine hands over as JSON in texts."""
    known = keys()
    return {
        key: _decoded(value) if known.get(key) else value
        for key, value in inputs.items()
        if key not in _OF_THE_ENGINE
    }


def failures(config: Values) -> Iterator[tuple[str, str]]:
    """What the real provider would refuse: the key, and why."""
    for key in sorted(config.keys() - keys().keys()):
        yield key, f'The AWS provider has no configuration key "{key}".'
    if not config.get("region"):
        yield "region", "Missing region configuration. Next: pulumi config set aws:region <region>"


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
