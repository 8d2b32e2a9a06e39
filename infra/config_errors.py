"""Messages about a stack's config: the key, its value, what is allowed, the next step."""

import builtins
import difflib
from collections.abc import Container, Iterator, Sequence
from typing import Final, LiteralString, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

# Longer values are cut: a policy can be long, and the message names the place in it anyway.
MAX_VALUE_CHARACTERS: Final = 80


# What pydantic has for a place that is a key of a map.
KEY: Final = "[key]"
REFUSAL: Final = "refusal"


def refusal(reason: LiteralString) -> PydanticCustomError:
    """What a validator raises of a value that may be a secret: the reason doesn't show it."""
    return PydanticCustomError(REFUSAL, reason)


def config_errors(
    error: ValidationError, project: str, model: type[BaseModel], secrets: Container[str]
) -> Iterator[str]:
    """One line for each error in the project's keys. What is secret is not shown."""
    allowed = _keys(model)
    for details in error.errors():
        match details["type"], details["loc"]:
            case _, ():
                yield _reason(details)
            case "extra_forbidden", (str(key),):
                yield _unknown(project, key, sorted(allowed))
            case type, (key, *place):
                name = f"{project}:{key}"
                is_secret = name in secrets
                yield (
                    f'Config key "{name}" {_wrong(type, details, place, is_secret=is_secret)}; it'
                    f" takes {allowed[str(key)]}. {_set(name, _inside(model, str(key)), is_secret)}"
                )


def _wrong(type: str, details: ErrorDetails, place: list[int | str], *, is_secret: bool) -> str:
    if type == "missing" and not place:
        return "is missing"
    if is_secret:
        reason = f" ({_reason(details)})" if type == REFUSAL else ""
        return f"has a secret value that is not allowed{reason}"
    if place[-1:] == [KEY]:
        return f"has the name {_value(details)} ({_reason(details)})"
    return f"is {_value(details)}{_place(place, details)}"


def unread_keys(keys: Sequence[str], project: str, model: type[BaseModel]) -> Iterator[str]:
    """One line for each key of a namespace that nothing reads, with the name that it should have.

    `pulumi config set` without a namespace takes the project's, and Pulumi.<stack>.yaml has it
    in each key: in a project with a new name, they are those of the old one.
    """
    ours = _keys(model)
    for key in keys:
        namespace, _, name = key.partition(":")
        advice = (
            f'Next: rename it to "{project}:{name}" in Pulumi.<stack>.yaml.'
            if name in ours
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


def _inside(model: type[BaseModel], key: str) -> str:
    """How a path goes on inside of a list or a map: the engine takes no text for a whole one."""
    [hint] = [each.annotation for name, each in model.model_fields.items() if each.alias == key]
    match get_origin(hint):
        case builtins.dict:
            return ".<name>.<key>" if _is_model(get_args(hint)[1]) else ".<name>"
        case builtins.tuple:
            return "[0].<name>" if _is_model(get_args(hint)[0]) else "[0]"
        case _:
            return ""


def _is_model(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _set(name: str, inside: str, is_secret: bool) -> str:
    secret = "--secret " if is_secret else ""
    path = f"--path '{name}{inside}'" if inside else name
    return (
        f"Next: `pulumi config set {secret}{path} <value>`, or edit the stack's"
        " Pulumi.<stack>.yaml."
    )


def _value(details: ErrorDetails) -> str:
    value = str(details["input"])
    return (
        f'"{value if len(value) <= MAX_VALUE_CHARACTERS else value[:MAX_VALUE_CHARACTERS] + "..."}"'
    )


def _place(place: list[int | str], details: ErrorDetails) -> str:
    if not place:
        return f" ({_reason(details)})" if details["type"] == REFUSAL else ""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return f" at {path} ({_reason(details)})"


def _reason(details: ErrorDetails) -> str:
    """The message as a validator raised it, without pydantic's prefix "Value error, "."""
    if details["type"] == "extra_forbidden":
        return "there is no such key"
    raised = details.get("ctx", {}).get("error")
    return str(raised) if raised else details["msg"]
