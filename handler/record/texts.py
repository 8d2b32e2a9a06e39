"""Texts as they can be stored: of any value, without what is not Unicode, cut to a length."""

import hashlib
import re
from typing import Final

from handler.errors import EngineSignal

# A text that is cut to less has no room for the mark.
_SHORTEST_WITH_MARK: Final = 60
_MAX_CLASS_NAME_CHARACTERS: Final = 200
# IAM guide, "IAM identifiers": arn:partition:service:region:account:resource.
_ARN: Final = re.compile(r"arn:[a-z][a-z0-9-]*:[^\s\"'<>()\[\]{},;]+")


def to_text(value: object) -> str:
    """`value` as text that can be stored. What is not Unicode (as in a file's name) is escaped.

    It never raises, whatever `__str__` of the value does.
    """
    if type(value) is str and value.isascii():
        return value
    try:
        return str.encode(str(value), errors="backslashreplace").decode()
    except EngineSignal:
        raise
    except BaseException:
        return f"({class_name(value)} can't be shown)"


def digest(text: str) -> str:
    """The SHA-256 of a text in 64 hex digits, whatever it holds: an id that any text can have."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def cut(text: str, characters: int) -> str:
    """`text` in at most so many characters. What was cut is counted at its end."""
    if len(text) <= characters:
        return text
    if characters < _SHORTEST_WITH_MARK:
        return f"{text[: characters - 1]}…"
    kept = characters - len(_mark(len(text), "more"))
    return text[:kept] + _mark(len(text) - kept, "more")


def cut_front(text: str, characters: int) -> str:
    """The end of `text` in at most so many characters. What was cut is counted at its front."""
    if len(text) <= characters:
        return text
    if characters < _SHORTEST_WITH_MARK:
        return f"…{text[1 - characters :]}"
    kept = characters - len(_mark(len(text), "before"))
    return _mark(len(text) - kept, "before") + text[-kept:]


def cut_bytes(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes of UTF-8, with an ellipsis where it was cut."""
    content = text.encode()
    if len(content) <= limit:
        return text
    return content[: limit - len("…".encode())].decode(errors="ignore") + "…"


def without_arns(text: str) -> str:
    """What AWS says, without ARNs: a record shows no account, role or table to its readers."""
    return _ARN.sub("(an ARN)", text)


def is_key(text: object, limit: int) -> bool:
    """Whether `text` can be a key of the table: Unicode text of 1 to `limit` bytes."""
    if not isinstance(text, str) or not 0 < len(text) <= limit:
        return False
    try:
        return len(text.encode()) <= limit
    except UnicodeEncodeError:
        return False


def class_name(value: object) -> str:
    """The name of the class of `value`. It runs no code of that class."""
    name = type.__dict__["__name__"].__get__(type(value))
    escaped = str.encode(name, errors="backslashreplace").decode()
    return cut(escaped, _MAX_CLASS_NAME_CHARACTERS)


def _mark(characters: int, where: str) -> str:
    count = f"({characters:,} characters {where})"
    return f"… {count}" if where == "more" else f"{count} …"
