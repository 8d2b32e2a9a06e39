"""Messages about a stack's config: the key, its value, what is allowed, the next step."""

import difflib
from collections.abc import Container, Iterator, Sequence
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# Longer values are cut: a policy can be long, and the message names the place in it anyway.
MAX_VALUE_CHARACTERS: Final = 80


def config_errors(
    error: ValidationError, project: str, model: type[BaseModel], secrets: Container[str]
) -> Iterator[str]:
    """One line for each error in the project's keys. What is secret is not shown."""
    allowed = _keys(model)
    for details in error.errors():
        match details["type"], details["loc"]:
            case _, ():
                yield _reason(details)
            case "missing", (str(key),):
                yield (
                    f'Config key "{project}:{key}" is missing; it takes {allowed[key]}.'
                    f" {_set(project, key)}"
                )
            case "extra_forbidden", (str(key),):
                yield _unknown(project, key, sorted(allowed))
            case _, (key, *_) if f"{project}:{key}" in secrets:
                yield (
                    f'Config key "{project}:{key}" has a secret value that is not allowed;'
                    f" it takes {allowed[str(key)]}. {_set(project, str(key))}"
                )
            case _, (key, *place):
                yield (
                    f'Config key "{project}:{key}" is {_value(details)}{_place(place, details)}; '
                    f"it takes {allowed[str(key)]}. {_set(project, str(key))}"
                )


def unread_keys(keys: Sequence[str], project: str, model: type[BaseModel]) -> Iterator[str]:
    """One line for each key of a namespace that nothing reads, with the name that it should have.

    `pulumi config set` without a namespace takes the project's, and Pulumi.<stack>.yaml has it
    in each key: in a project with a new name, they are those of the old one.
    """
    ours = _keys(model)
    for key in keys:
        namespace, _, name = key.partition(":")
        meant = difflib.get_close_matches(name, ours, n=1)
        advice = (
            f'Next: rename it to "{project}:{meant[0]}" in Pulumi.<stack>.yaml.'
            if meant
            else f"Next: `pulumi config rm {key}`."
        )
        yield (
            f'Config key "{key}" is read by nothing: the project is called "{project}", and no'
            f' provider "{namespace}" is installed. {advice}'
        )


def _keys(model: type[BaseModel]) -> dict[str, str]:
    """The keys of the project, each with what it takes."""
    fields = model.model_fields.items()
    return {field.alias or name: field.description or "" for name, field in fields}


def _unknown(project: str, key: str, known: list[str]) -> str:
    alike = difflib.get_close_matches(key, known, n=1)
    advice = f'did you mean "{alike[0]}"?' if alike else f"it reads {', '.join(known)}."
    return (
        f'Config key "{project}:{key}" isn\'t read by the program; {advice} Next: `pulumi config'
        f" rm {project}:{key}`."
    )


def _set(project: str, key: str) -> str:
    return (
        f"Next: `pulumi config set {project}:{key} <value>`, or edit the stack's"
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
