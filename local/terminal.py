"""Text for terminals that don't take all of it."""

import codecs
import io
import json
from typing import TextIO

_HANDLER = "background-tasks-local"
_IN_ASCII = {"…": "...", "→": "->", "━": "-", "╸": "-", "╺": "-", "─": "-"}


def take_any_text(stream: TextIO) -> None:
    """Has the stream write what its encoding lacks in other characters, and never raise."""
    codecs.register_error(_HANDLER, _replaced)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=_HANDLER)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(one) or json.dumps(one)[1:-1] for one in characters), error.end
