"""The ids of definitions, and the names of workers: which are valid, and how to make one.

An id is a value of the API's enum, a part of the table's keys, of events, of a schedule's name and
of metrics. The grammar here is what all of them take.
"""

import re
import unicodedata
from typing import Final

from handler.contract import BULK_DEFINITION, MAX_WORKER_NAME_CHARACTERS

# A schedule has 64 characters for its name (EventBridge Scheduler API reference, "CreateSchedule").
# An index key has 2,048 bytes (DynamoDB quotas), of which the tenant needs some.
MAX_ID_CHARACTERS: Final = 64
# GraphQL specification, "Enum Value": a name that is none of these. No name starts with a digit.
_NOT_AN_ENUM_VALUE: Final = frozenset({"true", "false", "null"})
# The engine has definitions of its own.
_TAKEN: Final = frozenset({BULK_DEFINITION})
_MAX_SHOWN_CHARACTERS: Final = 80

# A run of capitals that isn't the start of a word, a word, or digits: the words of lodash's
# camelCase, for ASCII.
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def camel_case(text: str) -> str:
    """`text` in camelCase: `export_users` -> `exportUsers`, `export_a_b` -> `exportAb`.

    What it returns is its own camelCase form.
    """
    cased = _cased(text)
    return cased if cased == text else camel_case(cased)


def is_camel_case(text: str) -> bool:
    """Whether `text` is its own camelCase form, as Webiny checks it; the empty text is not."""
    return bool(text) and _cased(text) == text


def objection_to(id: str) -> str | None:
    """What is wrong with an id, as a rule that it breaks; `None` for a valid one."""
    if not is_camel_case(id):
        return "It must be in camelCase format"
    if not id[0].isalpha():
        return "It must start with a letter"
    if id in _NOT_AN_ENUM_VALUE:
        return "It must not be true, false or null, which GraphQL reserves"
    if id in _TAKEN:
        return "It must be another: a task of the engine's own has it"
    if len(id) > MAX_ID_CHARACTERS:
        return f"It must have at most {MAX_ID_CHARACTERS} characters, not {len(id):,}"
    return None


def objection_to_worker(name: str) -> str | None:
    """What is wrong with the name of a worker, as a rule that it breaks; `None` for a valid one."""
    if not is_camel_case(name):
        return "It must be in camelCase format"
    if not name[0].isalpha():
        return "It must start with a letter"
    if len(name) > MAX_WORKER_NAME_CHARACTERS:
        return f"It must have at most {MAX_WORKER_NAME_CHARACTERS} characters, not {len(name):,}"
    return None


def valid_id_like(text: str) -> str:
    """A valid id that is close to `text`: `2fa-cleanup` -> `task2FaCleanup`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    id = camel_case(plain) or "myCustomTask"
    if not id[0].isalpha():
        id = camel_case(f"task{id}")
    if id in _NOT_AN_ENUM_VALUE | _TAKEN:
        id = f"{id}Task"
    return camel_case(id[:MAX_ID_CHARACTERS])


def in_words(text: str) -> str:
    """`exportUsers` -> `Export users`."""
    return " ".join(word.lower() for word in _WORDS.findall(text)).capitalize()


def shown(text: str) -> str:
    """`text` for a message: cut, and with what can't be printed escaped."""
    escaped = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text[:_MAX_SHOWN_CHARACTERS]
    )
    return escaped if len(text) <= _MAX_SHOWN_CHARACTERS else f"{escaped}…"


def _cased(text: str) -> str:
    words: list[str] = [word.lower() for word in _WORDS.findall(text)]
    first, *rest = words or [""]
    return first + "".join(word.capitalize() for word in rest)
