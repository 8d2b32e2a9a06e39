"""Text for terminals that don't take all of it."""

import io

import pytest

from local.terminal import take_any_text


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("ascii", "Starting… Run → Wait", b"Starting... Run -> Wait"),
        ("ascii", "ü 😀", rb"\u00fc \ud83d\ude00"),
        ("latin-1", "ü…", b"\xfc..."),
        ("utf-8", "ü… 😀", "ü… 😀".encode()),
        ("utf-8", "\udcff", rb"\udcff"),
    ],
)
def test_what_an_encoding_lacks_is_written_in_other_characters(
    encoding: str, text: str, shown: bytes
) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)

    take_any_text(stream)
    print(text, end="", file=stream, flush=True)

    assert written.getvalue() == shown


def test_a_stream_without_an_encoding_is_left_as_it_is() -> None:
    stream = io.StringIO()

    take_any_text(stream)
    print("…", end="", file=stream)

    assert stream.getvalue() == "…"
