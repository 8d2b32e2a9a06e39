"""Validation errors, one entry per field, in the shape that Webiny's clients know."""

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from handler.errors import InvalidInput
from handler.record.texts import class_name, to_text

# pydantic's error types for a wrong type end so (`string_type`). Webiny has one: `invalid_type`.
_TYPE_SUFFIX = "_type"
# Of an error with more problems than that, a few are read of its text.
_MAX_READ = 1_000
MAX_TOLD = 100
NOT_UNICODE = "It should be Unicode text, without half of a surrogate pair"


def invalid_fields(error: ValidationError) -> dict[str, object]:
    """`{"page_size": {"code", "message", "data": {"path": [...]}}, ...}`.

    A field inside another is `outer.inner`. It has the first 100 that are wrong.
    """
    return _fields(_first(error))


def _fields(problems: Sequence[ErrorDetails]) -> dict[str, object]:
    return {
        _name(problem): {
            "code": "invalid_type" if _is_type(problem["type"]) else problem["type"],
            "message": "Required" if problem["type"] == "missing" else _reason(problem),
            "data": {"path": list(problem["loc"])},
        }
        for problem in problems
    }


def invalid_input(
    subject: str, error: ValidationError, *, known: Sequence[str] = ()
) -> InvalidInput:
    """The error for `subject` (`The input of task "export"`). Its message names each field.

    Of more than 100 that are wrong it names the first 100, and counts the rest (`data["more"]`).

    Args:
        known: the fields that there are, if the message is to say so of one that there isn't.
    """
    problems = _first(error)
    named = "; ".join(f"{_name(problem)}: {_shown(problem, known)}" for problem in problems)
    data: dict[str, object] = {"invalidFields": _fields(problems)}
    if more := error.error_count() - len(problems):
        named, data["more"] = f"{named}; and {more:,} more", more
    end = "" if named.endswith("?") else "."
    return InvalidInput(f"Validation failed. {subject}: {named}{end}", data=data)


def _first(error: ValidationError) -> list[ErrorDetails]:
    """The first problems of an error. All of a large input's would take a process's memory."""
    if error.error_count() > _MAX_READ:
        with suppress(ValueError):  # a name in it is not Unicode
            return list(itertools.islice(_read(error), MAX_TOLD))
    return error.errors(include_url=False)[:MAX_TOLD]


def _read(error: ValidationError) -> Iterator[ErrorDetails]:
    """The problems of an error, one after the other, without the values that are wrong."""
    text = error.json(include_url=False, include_input=False, include_context=False)
    decoder, at = json.JSONDecoder(), 1
    while text[at] != "]":
        problem, at = decoder.raw_decode(text, at)
        yield problem | {"loc": tuple(problem["loc"])}
        at += text[at] == ","


def _name(problem: ErrorDetails) -> str:
    return ".".join(map(str, problem["loc"])) or "input"


def _shown(problem: ErrorDetails, known: Sequence[str]) -> str:
    if problem["type"] == "missing":
        return "it is required"
    if problem["type"] == "extra_forbidden" and known and len(problem["loc"]) == 1:
        import difflib  # noqa: PLC0415  what is valid needs none of it

        alike = difflib.get_close_matches(_name(problem), known, n=1)
        rest = f'did you mean "{alike[0]}"?' if alike else f"there are {', '.join(known)}"
        return f"there is no such field; {rest}"
    reason = _reason(problem)
    if "input" not in problem:
        return reason.removesuffix(".")
    value = short_repr(problem["input"])
    if reason.endswith("."):  # sentences of a validator of the model's own
        return f"it is {value}. {reason.removesuffix('.')}"
    return f"{reason} (it is {value})"


def _reason(problem: ErrorDetails) -> str:
    """pydantic's message; what a validator of the model's own raised, as it raised it."""
    if problem["type"] in ("value_error", "assertion_error") and "ctx" in problem:
        raised = problem.get("ctx", {}).get("error")
        return to_text(raised) or class_name(raised)
    return NOT_UNICODE if problem["type"] == "string_unicode" else problem["msg"]


def _is_type(kind: str) -> bool:
    return kind == "missing" or kind.endswith(_TYPE_SUFFIX)


def short_repr(value: object, max_characters: int = 60) -> str:
    """`value` for a message: its `repr`, cut; its type, if it has none that can be had."""
    try:
        text = to_text(repr(value))
    except Exception:  # an author's own `__repr__`, a number of too many digits, too deep a value
        text = f"a {class_name(value)}"
    return text if len(text) <= max_characters else f"{text[:max_characters]}…"
