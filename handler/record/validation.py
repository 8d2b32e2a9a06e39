"""Validation errors, one entry per field, in the shape that Webiny's clients know."""

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from handler.errors import InvalidInput
from handler.record.texts import class_name, to_text

# pydantic's error types for a wrong type end so (`string_type`). Webiny has one: `invalid_type`.
_TYPE_SUFFIX = "_type"


def invalid_fields(error: ValidationError) -> dict[str, object]:
    """`{"page_size": {"code", "message", "data": {"path": [...]}}, ...}`.

    A field inside another is `outer.inner`.
    """
    return {
        ".".join(map(str, problem["loc"])) or "input": {
            "code": "invalid_type" if _is_type(problem["type"]) else problem["type"],
            "message": "Required" if problem["type"] == "missing" else problem["msg"],
            "data": {"path": list(problem["loc"])},
        }
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    }


def invalid_input(
    subject: str, error: ValidationError, *, known: Sequence[str] = ()
) -> InvalidInput:
    """The error for `subject` (`The input of task "export"`). Its message names each field.

    Args:
        known: the fields that there are, if the message is to say so of one that there isn't.
    """
    fields = invalid_fields(error)
    named = "; ".join(
        f"{name}: {_problem(name, problem, known)}"
        for name, problem in zip(
            fields, error.errors(include_url=False, include_context=False), strict=False
        )
    )
    end = "" if named.endswith("?") else "."
    return InvalidInput(
        f"Validation failed. {subject}: {named}{end}", data={"invalidFields": fields}
    )


def _problem(name: str, problem: Any, known: Sequence[str]) -> str:
    if problem["type"] == "missing":
        return "it is required"
    if problem["type"] == "extra_forbidden" and known and len(problem["loc"]) == 1:
        alike = difflib.get_close_matches(name, known, n=1)
        rest = f'did you mean "{alike[0]}"?' if alike else f"there are {', '.join(known)}"
        return f"there is no such field; {rest}"
    return f"{problem['msg']} (it is {short_repr(problem['input'])})"


def _is_type(kind: str) -> bool:
    return kind == "missing" or kind.endswith(_TYPE_SUFFIX)


def short_repr(value: object, max_characters: int = 60) -> str:
    """`value` for a message: its `repr`, cut; its type, if it has none that can be had."""
    try:
        text = to_text(repr(value))
    except Exception:  # an author's own `__repr__`, a number of too many digits, too deep a value
        text = f"a {class_name(value)}"
    return text if len(text) <= max_characters else f"{text[:max_characters]}…"
