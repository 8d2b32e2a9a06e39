"""Which encodings are read, and how that of a file is found."""

import pytest

from definitions.csv_import.encoding import canonical, detect
from definitions.csv_import.errors import ImportRefused


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("UTF8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("latin-1", "iso8859-1"),
        ("ISO-8859-15", "iso8859-15"),
        ("windows-1252", "cp1252"),
        ("UTF-16", "utf-16"),
        ("utf_16_be", "utf-16-be"),
        ("shift_jis", "shift_jis"),
    ],
)
def test_an_encoding_has_many_names(name: str, found: str) -> None:
    assert canonical(name) == found


@pytest.mark.parametrize("name", ["utf-9", "", "a\0b", "ä"])
def test_an_unknown_encoding_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r'is not an encoding of Python\. Next: use "utf-8"'):
        canonical(name)


@pytest.mark.parametrize(
    "name", ["cp037", "cp500", "utf-32", "utf-7", "base64", "rot13", "punycode", "iso2022_jp", "hz"]
)
def test_an_encoding_whose_line_breaks_are_not_found_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="does not read"):
        canonical(name)


@pytest.mark.parametrize(
    ("start", "name", "found"),
    [
        (b"id,n", None, "utf-8"),
        (b"", None, "utf-8"),
        (b"\xef\xbb\xbfid", None, "utf-8"),
        (b"\xff\xfei\0", None, "utf-16-le"),
        (b"\xfe\xff\0i", None, "utf-16-be"),
        (b"\xfe\xff\0i", "utf-16", "utf-16-be"),
        (b"i\0d\0", "utf-16", "utf-16-le"),
        (b"\xff\xfei\0", "iso8859-1", "iso8859-1"),
        (b"\xff\xfe\0\0", "utf-16", "utf-16-le"),
    ],
)
def test_the_option_goes_before_the_byte_order_mark_and_that_before_utf_8(
    start: bytes, name: str | None, found: str
) -> None:
    assert detect(start, name).name == found


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
def test_a_file_in_utf_32_is_refused_with_what_to_do(encoding: str) -> None:
    with pytest.raises(ImportRefused, match="Next: store it as UTF-8"):
        detect("\ufeffid".encode(encoding)[:4], None)
