"""The columns of a file: their names, and those that are skipped or renamed."""

from typing import Any

import pytest

from definitions.csv_import.columns import attributes_of
from definitions.csv_import.errors import ImportRefused

HEADER = ["id", "phone", "phone", ""]


def attributes(header: list[str], **options: Any) -> list[str | None]:
    return attributes_of(header, **({"skip": [], "rename": {}} | options))


def refusal(header: list[str], **options: Any) -> str:
    with pytest.raises(ImportRefused) as refused:
        attributes(header, **options)
    return str(refused.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"skip": ["phone", "#4"]}, ["id", None, None, None]),
        ({"skip": ["#2", "#4"]}, ["id", None, "phone", None]),
        ({"skip": ["#4"], "rename": {"#3": "mobile"}}, ["id", "phone", "mobile", None]),
        (
            {"skip": ["#4"], "rename": {"phone": "work", "#3": "mobile"}},
            ["id", "work", "mobile", None],
        ),
        ({"skip": ["phone"], "rename": {"id": "key", "#4": "rest"}}, ["key", None, None, "rest"]),
        ({"skip": ["phone", "#4"], "rename": {"phone": "x"}}, ["id", None, None, None]),
    ],
)
def test_a_column_is_skipped_or_renamed_by_its_name_or_its_number(
    options: dict[str, Any], expected: list[str | None]
) -> None:
    assert attributes(HEADER, **options) == expected


def test_two_columns_of_one_name_are_refused_with_their_numbers_and_what_to_do() -> None:
    message = refusal(["id", "phone", "phone"])

    assert 'Columns 2, 3 of the file are all called "phone"' in message
    assert '"rename_columns": {"#3": "..."}' in message
    assert '"skip_columns": ["#3"]' in message


def test_a_new_name_that_another_column_has_is_refused() -> None:
    assert 'all called "id"' in refusal(["id", "name"], rename={"name": "id"})


def test_a_column_without_a_name_is_refused_with_what_to_do() -> None:
    message = refusal(["id", ""])

    assert "Column 2 of the file has no name" in message
    assert '"skip_columns": ["#2"]' in message


@pytest.mark.parametrize("option", [{"skip": ["nmae"]}, {"skip": ["#0"]}, {"rename": {"#3": "x"}}])
def test_an_option_that_names_no_column_is_refused_with_the_columns(option: dict[str, Any]) -> None:
    assert "its columns are: id, name" in refusal(["id", "name"], **option)
