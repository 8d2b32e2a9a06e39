"""A line of the log: whatever is logged, it is JSON, and no longer than CloudWatch takes."""

import json
import logging
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.log_lines import beside, fields_of, to_lines

LIMIT = 256 * 1024  # Lambda cuts a longer line


class Unspeakable:
    """An object whose text raises."""

    def __str__(self) -> str:
        raise ValueError("no text")


def record(message: object, *args: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("author").makeRecord(
        "author", logging.INFO, "f.py", 7, message, args, None, func="run", extra=extra
    )


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def read(line: str) -> dict[str, Any]:
    """What a strict reader makes of a line."""
    found: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return found


def test_a_record_has_its_level_time_logger_place_and_extra_fields() -> None:
    fields = fields_of(record("Read %d rows.", 5, bucket="b1"))

    assert fields["message"] == "Read 5 rows."
    assert (fields["level"], fields["logger"], fields["location"]) == ("INFO", "author", "run:7")
    assert fields["bucket"] == "b1"
    assert str(fields["timestamp"]).endswith("Z")


def test_an_exception_is_there_with_its_name_and_trace() -> None:
    try:
        raise KeyError("x")
    except KeyError:
        failed = logging.LogRecord("a", logging.ERROR, "f.py", 1, "Failed.", (), sys.exc_info())

    fields = fields_of(failed)

    assert fields["exception_name"] == "KeyError"
    assert str(fields["exception"]).startswith("Traceback (most recent call last):")
    assert str(fields["exception"]).endswith("KeyError: 'x'")


@pytest.mark.parametrize(
    ("message", "args", "kept"),
    [
        ("%d rows", ("x",), "%d rows (with ('x',); can't be formatted:"),
        ("%s %s", ("x",), "%s %s (with ('x',); can't be formatted:"),
        ("of %s", (Unspeakable(),), "of %s (with"),
        (Unspeakable(), (), "<Unspeakable, whose text raised ValueError>"),
    ],
)
def test_a_message_that_cannot_be_formatted_is_kept_as_it_is(
    message: object, args: tuple[object, ...], kept: str
) -> None:
    [line] = to_lines(fields_of(record(message, *args)))

    assert str(read(line)["message"]).startswith(kept)


def test_a_field_never_replaces_an_id_or_the_message() -> None:
    fields = fields_of(record("Mine.", level="gold"))

    line = beside({"iteration": 3}, {**fields, "iteration": 9})

    assert (line["iteration"], line["extra_iteration"]) == (3, 9)
    assert (line["level"], line["extra_level"]) == ("INFO", "gold")


def test_a_long_message_is_several_lines_and_nothing_of_it_is_lost() -> None:
    message = "".join(map(str, range(200_000)))

    lines = list(map(read, to_lines({"message": message, "task_id": "t1"})))

    assert "".join(line["message"] for line in lines) == message
    assert [line["part"] for line in lines][:2] == [f"1/{len(lines)}", f"2/{len(lines)}"]
    assert {line["task_id"] for line in lines} == {"t1"}


def test_what_is_cut_says_so() -> None:
    long = {f"key{number}": "v" * 300_000 for number in range(9)}

    [line] = map(read, to_lines({"message": "Hi.", **long}))

    assert line["key0"].endswith("… (cut from 300,000 characters)")
    assert line["left_out"].startswith("7 fields: key2, ")


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(),
    st.sampled_from([Unspeakable(), object(), {1, 2}, "\ud800", "\x00" * 300, "😀" * 300]),
)  # fmt: skip
VALUES = st.recursive(
    ODD,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.tuples(st.integers()), inner),
    max_leaves=10,
)


@pytest.mark.property
@given(
    message=st.text() | VALUES,
    extra=st.dictionaries(st.text(min_size=1), VALUES, max_size=5),
    times=st.sampled_from([1, 1, 1, 40_000]),
)
def test_whatever_is_logged_each_line_is_json_with_its_ids_and_fits(
    message: Any, extra: dict[str, Any], times: int
) -> None:
    ids = {"task_id": "t1", "definition_id": "d1", "iteration": 2, "execution_name": "e1"}
    long = message * times if isinstance(message, str) else message

    lines = list(to_lines(beside(ids, {"level": "INFO", "message": long, **extra})))

    assert lines
    for line in lines:
        assert ids.items() <= read(line).items()
        assert "\n" not in line
        assert len(line.encode(errors="surrogatepass")) < LIMIT
