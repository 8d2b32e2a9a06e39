"""JSON as it is given to a command: as it stands, in a file, or on the standard input."""

import json
import re
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

from cli.errors import UsageError, refuse_empty

Object = dict[str, Any]
# What text in UTF-16 or Latin-1 looks like where it is read as UTF-8: a zero, or a surrogate in the
# place of a byte (PEP 383), as Python has it of arguments and of some standard inputs.
_NOT_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_MOST_LEVELS: Final = 1_000
_BYTE_ORDER: Final = "\ufeff"  # an editor's mark before the text


def read_object(given: str | None, flag: str, *, stdin: TextIO) -> Object | None:
    """The object of `{...}`, of `@file.json`, or of `-`, the standard input.

    Raises:
        UsageError: it can't be read, is not JSON, or no object.
    """
    if given is None:
        return None
    text, where = _text(given, flag, stdin)
    if _NOT_TEXT.search(text):
        raise UsageError(f"{where} is not in UTF-8. Next: write it in UTF-8.")
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:  # from which depth on depends on what else the process does
        raise _too_deep(where) from error
    except ValueError as error:
        raise UsageError(
            f"{where} is not JSON: {error}. It takes an object, such as '{{}}'."
        ) from error
    if not isinstance(found, dict):
        raise UsageError(
            f"{where} is {_kind(found)}; it takes a JSON object, such as '{{\"size\": 3}}'."
        )
    if _is_deeper(found, _MOST_LEVELS):
        raise _too_deep(where)
    return found


def _too_deep(where: str) -> UsageError:
    return UsageError(
        f"{where} is nested too deeply: it has lists or objects in each other, by the thousand."
        " Next: make it flatter."
    )


def _is_deeper(found: object, levels: int) -> bool:
    """Whether a value has lists or objects inside of so many others."""
    some = [found]
    for _ in range(levels):
        some = [inner for each in some for inner in _inside(each)]
        if not some:
            return False
    return True


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def read_value(given: str | None) -> object:
    """A key of a limit: JSON where it is some, else the text as it stands. `None` is none.

    Raises:
        UsageError: it is empty: a variable that isn't set. The empty text is `""`, as JSON has it.
    """
    if given is None:
        return None
    refuse_empty(given, "--key")
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
        return str(read()).removeprefix(_BYTE_ORDER)
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not in UTF-8"
        if isinstance(error, OSError):
            why = error.strerror or str(error)
        raise UsageError(
            f"{where} can't be read: {why}. Next: name a file with JSON in UTF-8."
        ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
