"""Text of others as a terminal may have it: nothing in it moves the cursor, or says what isn't so.

A task's name, its log and its errors come from whoever may trigger a task. Escape sequences in them
could clear the screen, retype a command or hide a line (CWE-150).
"""

import re
from typing import Final

# Control characters of ASCII and of ISO 8859-1 (C0, DEL, C1), what reorders text (bidirectional
# embeddings, overrides and isolates: Unicode annex 9), line and paragraph separators, invisible
# tags, the mark of byte order, and surrogates, which no encoding has.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": " "}
_LINE_ENDS: Final = re.compile("\r\n|\n")


def printable(text: object) -> str:
    """`text` in one line, with an escape such as `\\x1b` for each character that is not safe."""
    return _UNSAFE.sub(_escaped, str(text))


def printable_lines(text: object) -> list[str]:
    """The lines of `text`, each printable."""
    return [printable(line) for line in _LINE_ENDS.split(str(text))]


def printable_json(text: str) -> str:
    """JSON with what is not safe in its texts escaped as JSON has it. Its own line ends stay."""
    return _UNSAFE.sub(lambda found: _in_json(found[0]), text)


def _escaped(found: "re.Match[str]") -> str:
    one = found[0]
    if one in _SHORT:
        return _SHORT[one]
    code = ord(one)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _in_json(one: str) -> str:
    if one in "\n":
        return one
    if ord(one) <= 0xFFFF:
        return f"\\u{ord(one):04x}"
    high, low = divmod(ord(one) - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
