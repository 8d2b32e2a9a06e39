"""Inputs that an API takes as attributes: each a text, under a name of the API's."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from local.resources.declaration import Declaration, Existing

# By input: the API's name of the attribute, and what it is if the program does not set it.
Attributes: TypeAlias = Mapping[str, tuple[str, Any]]


def declared_of(attributes: Attributes, declared: Declaration) -> dict[str, str]:
    """The attributes that the program sets."""
    return {
        api: _as_text(value)
        for key, (api, _) in attributes.items()
        if (value := declared.take(key)) is not None
    }


def changed_of(attributes: Attributes, before: Existing, declared: Declaration) -> dict[str, str]:
    """The attributes that differ from before. One that is no longer set gets its default."""
    return {
        api: _as_text(value)
        for key, (api, default) in attributes.items()
        if (value := declared.take(key, default)) != before.get(key, default)
    }


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
