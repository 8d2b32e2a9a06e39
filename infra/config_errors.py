"""Messages about a stack's config: the key, its value, what is allowed, the next step."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# Longer values are cut: a policy can be long, and the message names the place in it anyway.
MAX_VALUE_CHARACTERS: Final = 80


def config_errors(
    error: ValidationError, namespace: str, models: Mapping[str, type[BaseModel]]
) -> Iterator[str]:
    """One line for each error in a namespace of the config; `models` has those of each."""
    allowed = _keys(models[namespace])
    elsewhere = {key: f"{name}:{key}" for name, model in models.items() for key in _keys(model)}
    for details in error.errors():
        match details["type"], details["loc"]:
            case _, ():
                yield _reason(details)
            case "missing", (str(key),):
                yield (
                    f'Config key "{namespace}:{key}" is missing; it takes {allowed[key]}.'
                    f" {_set(namespace, key)}"
                )
            case "extra_forbidden", (str(key),):
                yield _unknown(namespace, key, sorted(allowed), elsewhere.get(key))
            case _, (key, *place):
                yield (
                    f'Config key "{namespace}:{key}" is {_value(details)}{_place(place, details)}; '
                    f"it takes {allowed[str(key)]}. {_set(namespace, str(key))}"
                )


def _keys(model: type[BaseModel]) -> dict[str, str]:
    """The keys of a namespace, each with what it takes."""
    fields = model.model_fields.items()
    return {field.alias or name: field.description or "" for name, field in fields}


def _unknown(namespace: str, key: str, known: list[str], elsewhere: str | None) -> str:
    alike = [elsewhere] if elsewhere else difflib.get_close_matches(key, known, n=1)
    advice = f'did you mean "{alike[0]}"?' if alike else f"it reads {', '.join(known)}."
    return (
        f'Config key "{namespace}:{key}" isn\'t read by the program; {advice} Next: `pulumi config'
        f" rm {namespace}:{key}`."
    )


def _set(namespace: str, key: str) -> str:
    return (
        f"Next: `pulumi config set {namespace}:{key} <value>`, or edit the stack's"
        " Pulumi.<stack>.yaml."
    )


def _value(details: ErrorDetails) -> str:
    value = str(details["input"])
    return (
        f'"{value if len(value) <= MAX_VALUE_CHARACTERS else value[:MAX_VALUE_CHARACTERS] + "..."}"'
    )


def _place(place: list[int | str], details: ErrorDetails) -> str:
    if not place:
        return ""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return f" at {path} ({_reason(details)})"


def _reason(details: ErrorDetails) -> str:
    """The message as a validator raised it, without pydantic's prefix "Value error, "."""
    raised = details.get("ctx", {}).get("error")
    return str(raised) if raised else details["msg"]
