"""Nothing of others' text moves the cursor, or says what isn't so."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.printable import printable, printable_json, printable_lines

TEXTS = st.text(st.characters())  # surrogates, too
EVIL = [
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b]0;title\x07",  # renames the window
    "\x1b]52;c;cm0gLXJmIC8=\x07",  # writes the clipboard
    "\x9b31m",  # a control sequence in one byte
    "a\rb",  # writes over the line
    "a\x08\x08b",
    "\u202egnp.exe",  # reads from right to left
    "\u2066a\u2069",
    "a\u2028b",
    "\ufeffa",
    "\x7f\x00",
    "\ud800",
    "\U000e0041",
]


@pytest.mark.parametrize("text", EVIL)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(text: str) -> None:
    shown = printable(text)

    assert shown.isprintable()
    assert "\\" in shown


@given(TEXTS)
def test_a_printable_text_has_one_line_and_no_control_character(text: str) -> None:
    shown = printable(text)

    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Zl", "Zp", "Cs"}
    shown.encode()


@given(TEXTS)
def test_json_that_is_printable_says_the_same(text: str) -> None:
    dumped = json.dumps({"a": text}, ensure_ascii=False, indent=1)

    shown = printable_json(dumped)

    assert json.loads(shown) == {"a": text}
    assert not {unicodedata.category(each) for each in shown.replace("\n", "")} & {"Cc", "Cs"}


def test_words_of_all_languages_are_left_as_they_are() -> None:
    for text in ("Grüße, 日本語 é", "👩‍👧 fine", "हिन्दी", "שלום"):
        assert printable(text) == text


def test_lines_are_kept_apart() -> None:
    assert printable_lines("a\nb\r\nc\x1bd") == ["a", "b", "c\\x1bd"]
    assert printable_lines("") == [""]
