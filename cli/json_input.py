"""JSON as it is given to a command: as it stands, in a file, or on the standard input."""

import json
from pathlib import Path
from typing import Any, NoReturn, TextIO

from cli.errors import UsageError

Object = dict[str, Any]


def read_object(given: str | None, flag: str, *, stdin: TextIO) -> Object | None:
    """The object of `{...}`, of `@file.json`, or of `-`, the standard input.

    Raises:
        UsageError: it can't be read, is not JSON, or no object.
    """
    if given is None:
        return None
    text, where = _text(given, flag, stdin)
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{where} is not JSON: {error}. It takes an object, such as '{{}}'."
        ) from error
    if not isinstance(found, dict):
        raise UsageError(
            f"{where} is {_kind(found)}; it takes a JSON object, such as '{{\"size\": 3}}'."
        )
    return found


def read_value(given: str | None) -> object:
    """A key of a limit: JSON where it is some, else the text as it stands. `None` is none."""
    if given is None:
        return None
    try:
        return json.loads(given, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return given


def _text(given: str, flag: str, stdin: TextIO) -> tuple[str, str]:
    if given == "-":
        return _read(stdin.read, "the standard input"), "The standard input"
    if given.startswith("@"):
        path = Path(given[1:])
        return _read(lambda: path.read_text(encoding="utf-8"), str(path)), str(path)
    return given, flag


def _read(read: Any, where: str) -> str:
    try:
        return str(read())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(
            f"{where} can't be read: {why}. Next: name a file with JSON in UTF-8."
        ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
