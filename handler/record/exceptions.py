"""What any exception says: its message, its code, its data and its trace, for people to read.

An exception is an author's object: its text, its attributes and its notes may raise, or be of any
type and length. Nothing here raises for that.
"""

import itertools
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from handler.errors import EngineSignal
from handler.record.texts import class_name, cut, cut_front, to_text

Value = TypeVar("Value")

# A shorter text says nothing alone: "x", "404".
_SHORTEST_MESSAGE: Final = 4
_BARE_WORDS: Final = frozenset({"None", "True", "False"})
# Their texts are values: a key, what a generator has returned.
_TEXT_IS_A_VALUE: Final = (LookupError, StopIteration, StopAsyncIteration)

_MAX_EXIT_STATUS_CHARACTERS: Final = 200
_MAX_PARTS: Final = 5  # of a group of exceptions
_MAX_PART_CHARACTERS: Final = 500

# A trace keeps the calls next to the exception. A long text in it must not push these out.
_MAX_FRAMES: Final = 50
_MAX_ENTRY_CHARACTERS: Final = 1_000
MAX_STACK_CHARACTERS: Final = 4_000


def message_of(error: BaseException) -> str:
    """What went wrong, for somebody who sees nothing but this.

    It is the exception's text. Where the text says nothing alone, the name of the class is in front
    of it: `KeyError: 'x'`. That is so for lookups and for `StopIteration`, for texts of less than
    four characters, and for texts without a letter. A group names what is in it behind its text.
    """
    kind, name = type(error), class_name(error)
    if issubclass(kind, SystemExit):
        return (
            f"The task's code called sys.exit({_exit_status(error)}). "
            "Return from its function, or raise an exception."
        )
    text = to_text(error)
    if not text.strip():
        return f"{name} was raised, without a message."
    if issubclass(kind, BaseExceptionGroup):
        return f"{text}: {_parts_of(error)}"
    return f"{name}: {text}" if _says_nothing(kind, text) else text


def code_of_error(error: BaseException) -> str:
    """The exception's own `code`, if it is a text; else the name of its class."""
    if not issubclass(type(error), SystemExit):  # its code is an exit status
        code = _attempt(lambda: getattr(error, "code", None))
        if issubclass(type(code), str) and (text := to_text(code)):
            return text
    return class_name(error)


def data_of_error(error: BaseException) -> Mapping[str, object] | None:
    """The exception's own `data`, if it is a mapping."""
    return _attempt(lambda: _mapping(getattr(error, "data", None)))


def stack_of(error: BaseException) -> str:
    """The end of the traceback, in at most 4,000 characters."""
    entries = _attempt(lambda: list(_entries(error)))
    if entries is None:  # it shows the exception, and may fail as that does
        frames = _attempt(lambda: traceback.format_tb(error.__traceback__, limit=-_MAX_FRAMES))
        entries = [*(frames or ()), f"{class_name(error)}\n"]
    return cut_front("".join(map(_shortened, entries)), MAX_STACK_CHARACTERS)


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """The exceptions inside a group and its groups, in order; an exception alone is its own."""
    left = [error]
    while left:
        first = left.pop()
        if issubclass(type(first), BaseExceptionGroup):
            # Not by its attribute, which a class of the author's may have replaced.
            left += reversed(BaseExceptionGroup.exceptions.__get__(first))
        else:
            yield first


def _entries(error: BaseException) -> Iterator[str]:
    trace = traceback.TracebackException(
        type(error), error, error.__traceback__, limit=-_MAX_FRAMES
    )
    yield from trace.format()


def _shortened(entry: str) -> str:
    text = to_text(entry).rstrip("\n")
    return f"{cut(text, _MAX_ENTRY_CHARACTERS)}\n"


def _says_nothing(kind: type[BaseException], text: str) -> bool:
    return (
        issubclass(kind, _TEXT_IS_A_VALUE)
        or len(text.strip()) < _SHORTEST_MESSAGE
        or text.strip() in _BARE_WORDS
        or not any(map(str.isalpha, text))
    )


def _exit_status(error: BaseException) -> str:
    status = _attempt(lambda: getattr(error, "code", None))
    if status is None:
        return ""
    shown = _attempt(lambda: to_text(repr(status)))
    return cut(shown or to_text(status), _MAX_EXIT_STATUS_CHARACTERS)


def _parts_of(group: BaseException) -> str:
    """The first exceptions of a group, each by its class and text."""
    parts = (leaf for leaf in leaves_of(group) if not issubclass(type(leaf), EngineSignal))
    *shown, more = itertools.islice(itertools.chain(map(_part, parts), ("",)), _MAX_PARTS + 1)
    return "; ".join([*shown, "..."] if more else shown)


def _part(error: BaseException) -> str:
    text, name = message_of(error), class_name(error)
    return cut(text if text.startswith(name) else f"{name}: {text}", _MAX_PART_CHARACTERS)


def _mapping(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, Mapping) and value else None


def _attempt(read: Callable[[], Value]) -> Value | None:
    """What `read` returns, or `None` if the author's code that it runs raises."""
    try:
        return read()
    except EngineSignal:
        raise
    except BaseException:
        return None
