"""JSON as it is given to a command."""

import io
from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.json_input import read_object, read_value

NOTHING = io.StringIO()


def test_an_object_is_given_as_it_stands_in_a_file_or_on_the_input(tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text('{"a": "ü"}')

    assert read_object('{"a": 1}', "--input", stdin=NOTHING) == {"a": 1}
    assert read_object(f"@{path}", "--input", stdin=NOTHING) == {"a": "ü"}
    assert read_object("-", "--input", stdin=io.StringIO('{"b": []}')) == {"b": []}
    assert read_object(None, "--input", stdin=NOTHING) is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{", "--input is not JSON: Expecting property name"),
        ("[1]", "--input is a list; it takes a JSON object"),
        ("null", "--input is null"),
        ("3", "--input is a number"),
        ("true", "--input is true or false"),
        ('"a"', "--input is a text"),
        ('{"a": NaN}', "NaN is no JSON"),
        ("", "--input is not JSON"),
        ("-", "The standard input is not JSON"),
        ("@nowhere.json", "nowhere.json can't be read: No such file or directory."),
        ("[" * 100_000, "--input is nested too deeply"),
        ('{"a": ' + "[" * 2_000 + "]" * 2_000 + "}", "--input is nested too deeply"),
        ("\udcff\udcfe{}", "--input is not in UTF-8"),
    ],
)
def test_what_is_no_object_is_refused_with_words(given: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_object(given, "--input", stdin=io.StringIO(""))

    assert says in raised.value.message


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_bytes(b"\xff{}")

    with pytest.raises(UsageError, match="can't be read: it is not in UTF-8"):
        read_object(f"@{path}", "--input", stdin=NOTHING)
    path.write_bytes('{"a": 1}'.encode("utf-16-le"))
    with pytest.raises(UsageError, match="is not in UTF-8"):
        read_object(f"@{path}", "--input", stdin=NOTHING)
    with pytest.raises(UsageError, match="standard input is not in UTF-8"):
        read_object("-", "--input", stdin=io.StringIO('{"a": "\udce4"}'))


def test_an_editors_mark_of_utf_8_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text('{"a": 1}', encoding="utf-8-sig")

    assert read_object(f"@{path}", "--input", stdin=NOTHING) == {"a": 1}


def test_a_key_is_json_where_it_is_some_and_else_a_text() -> None:
    assert read_value(None) is None
    assert read_value("3") == 3
    assert read_value("[null]") == [None]
    assert read_value('"3"') == "3"
    assert read_value("acme") == "acme"
    assert read_value("NaN") == "NaN"
    assert read_value('""') == ""
    with pytest.raises(UsageError, match="--key is empty"):
        read_value(" ")
