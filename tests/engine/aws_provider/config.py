"""The provider's configuration: what a person sets in the namespace `aws`."""

import importlib.metadata
import json
from collections.abc import Iterator
from typing import Any, Final

from tests.engine.aws_provider.wire import Values

# Every key, as pulumi_aws.Provider has them; a test compares. The engine hands over texts, and
# JSON for what is more than a text (Pulumi's bridge, pkg/tfbridge/config_encoding.go).
TEXTS: Final = frozenset(
    {
        *("accessKey", "customCaBundle", "ec2MetadataServiceEndpoint", "httpProxy", "httpsProxy"),
        *("ec2MetadataServiceEndpointMode", "noProxy", "profile", "region", "retryMode"),
        *("s3UsEast1RegionalEndpoint", "secretKey", "stsRegion", "tagPolicyCompliance", "token"),
    }
)
NUMBERS_AND_FLAGS: Final = frozenset(
    {
        *("insecure", "maxRetries", "s3UsePathStyle", "skipCredentialsValidation"),
        *("skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"),
        *("tokenBucketRateLimiterCapacity", "useDualstackEndpoint", "useFipsEndpoint"),
    }
)
# All that is in these is text.
LISTS_AND_OBJECTS: Final = frozenset(
    {
        *("allowedAccountIds", "assumeRoleWithWebIdentity", "assumeRoles", "defaultTags"),
        *("endpoints", "forbiddenAccountIds", "ignoreTags", "sharedConfigFiles"),
        *("sharedCredentialsFiles", "userAgents"),
    }
)
KEYS: Final = TEXTS | NUMBERS_AND_FLAGS | LISTS_AND_OBJECTS
# What the engine adds to the configuration of a provider.
_OF_THE_ENGINE: Final = {"version", "pluginDownloadURL"}


def version() -> str:
    """The version of the provider that the SDK asks for."""
    return importlib.metadata.version("pulumi_aws")


def decoded(inputs: Values) -> Values:
    """The configuration as the provider understands it.

    Raises:
        ValueError: a value that should be JSON isn't.
    """
    return {key: _decoded(key, value) for key, value in inputs.items() if key not in _OF_THE_ENGINE}


def failures(config: Values) -> Iterator[tuple[str, str]]:
    """What the real provider would refuse: the key, and why."""
    for key in sorted(config.keys() - KEYS):
        yield key, f'The AWS provider has no configuration key "{key}".'
    if not config.get("region"):
        yield "region", "Missing region configuration. Next: pulumi config set aws:region <region>"


def _decoded(key: str, value: Any) -> Any:
    if key in LISTS_AND_OBJECTS:
        return _of_texts(json.loads(value) if isinstance(value, str) else value)
    is_json = key in NUMBERS_AND_FLAGS and isinstance(value, str)
    return json.loads(value) if is_json else value


def _of_texts(value: Any) -> Any:
    """The value with texts for its numbers, as the bridge has it (pkg/tfbridge/schema.go)."""
    if isinstance(value, dict):
        return {key: _of_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_of_texts(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
