"""What a row becomes in a table, by the table's own keys and DynamoDB's limits."""

import re
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.csv_import.table import Item, RowRejected, Schema, size_of

ORDERS: dict[str, Any] = {
    "KeySchema": [
        {"AttributeName": "order", "KeyType": "RANGE"},
        {"AttributeName": "customer", "KeyType": "HASH"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "customer", "AttributeType": "S"},
        {"AttributeName": "order", "AttributeType": "N"},
        {"AttributeName": "photo", "AttributeType": "B"},
        {"AttributeName": "email", "AttributeType": "S"},
        {"AttributeName": "rank", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "KeySchema": [
                {"AttributeName": "email", "KeyType": "HASH"},
                {"AttributeName": "photo", "KeyType": "RANGE"},
            ]
        }
    ],
    "LocalSecondaryIndexes": [
        {
            "KeySchema": [
                {"AttributeName": "customer", "KeyType": "HASH"},
                {"AttributeName": "rank", "KeyType": "RANGE"},
            ]
        }
    ],
}
SCHEMA = Schema.from_description(ORDERS)
ROW = {"customer": "ann", "order": "7"}


def reason(values: dict[str, str]) -> str:
    with pytest.raises(RowRejected) as rejected:
        SCHEMA.item(values)
    return str(rejected.value)


def test_the_keys_are_those_of_the_table_and_of_its_indexes_the_partition_key_first() -> None:
    known = {key.name: (key.type, key.max_bytes) for key in SCHEMA.keys}

    assert [key.name for key in SCHEMA.primary] == ["customer", "order"]
    assert known == {
        "customer": ("S", 2_048),
        "order": ("N", 1_024),
        "email": ("S", 2_048),
        "photo": ("B", 1_024),
        "rank": ("N", 1_024),
    }


def test_keys_have_the_types_of_the_table_and_all_else_is_text() -> None:
    item = SCHEMA.item(ROW | {"photo": " AAE= ", "rank": "1e2", "total": "10"})

    assert item == {
        "customer": {"S": "ann"},
        "order": {"N": "7"},
        "photo": {"B": b"\0\1"},
        "rank": {"N": "1E+2"},
        "total": {"S": "10"},
    }


def test_an_empty_key_of_an_index_is_left_out_and_other_empty_values_are_kept() -> None:
    item = SCHEMA.item(ROW | {"email": "", "photo": "", "rank": "", "note": ""})

    assert item == {"customer": {"S": "ann"}, "order": {"N": "7"}, "note": {"S": ""}}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"customer": ""}, "no customer"),
        ({"order": ""}, "no order"),
        ({"customer": "é" * 1_025}, "customer is longer than 2,048 bytes"),
        ({"email": "x" * 2_049}, "email is longer than 2,048 bytes"),
        ({"photo": "AAAA" * 342}, "photo is longer than 1,024 bytes"),
        ({"photo": "AAE"}, 'photo is "AAE", which is not base64: the table has bytes there'),
        ({"photo": "=="}, 'photo is "==", which is not base64: the table has bytes there'),
        (
            {"photo": "é" * 41},
            f'photo is "{"é" * 40}…", which is not base64: the table has bytes there',
        ),
        ({"photo": " "}, "no photo"),
        ({"note": "x" * 409_600}, "409,622 bytes; an item takes 409,600"),
    ],
)
def test_a_row_that_dynamodb_does_not_take_is_rejected_with_the_reason(
    values: dict[str, str], expected: str
) -> None:
    assert reason(ROW | values) == expected


@pytest.mark.parametrize(("name", "bytes"), [("customer", 2_048), ("email", 2_048)])
def test_a_key_of_exactly_the_limit_is_taken(name: str, bytes: int) -> None:
    value = "é" * (bytes // 2)

    item = SCHEMA.item(ROW | {name: value})

    assert item[name] == {"S": value}


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"é": {"S": "aé"}}, 2 + 3),
        ({"a": {"B": b"abc"}}, 1 + 3),
        ({"a": {"N": "7"}}, 1 + 2),
        ({"a": {"N": "-12.345"}}, 1 + 4),
        ({"a": {"S": ""}, "b": {"S": "x"}}, 1 + 2),
    ],
)
def test_the_size_of_an_item_is_that_of_its_names_and_values(item: Item, size: int) -> None:
    assert size_of(item) == size


def test_an_item_of_exactly_400_kb_is_taken() -> None:
    room = 409_600 - size_of(SCHEMA.item(ROW | {"note": ""}))

    item = SCHEMA.item(ROW | {"note": "é" * (room // 2) + "x" * (room % 2)})

    assert size_of(item) == 409_600


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", "7"),
        ("007", "7"),
        ("+7.10", "7.1"),
        (" 7 ", "7"),
        ("-0.0", "0"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1" * 38, "1" * 38),
        ("1" * 38 + "0" * 5, "1." + "1" * 37 + "E+42"),
        ("9.9e125", "9.9E+125"),
        ("1E-130", "1E-130"),
        ("0e999999999", "0"),
    ],
)
def test_a_number_is_written_as_dynamodb_compares_it(text: str, number: str) -> None:
    item = SCHEMA.item(ROW | {"order": text})

    assert item["order"] == {"N": number}


@pytest.mark.parametrize(
    "text",
    [
        "x", "1,5", "1_000", "NaN", "Infinity", "0x1", "1e", "--1", "٣", "1 2",
        "1" * 39, "1e126", "1e-131", "1e99999999999", "1." + "0" * 37 + "1" * 2,
    ],
)  # fmt: skip
def test_what_is_no_number_of_dynamodb_is_rejected_with_both_bounds(text: str) -> None:
    assert re.fullmatch(
        r'order is ".+", which is not a number that DynamoDB takes \(at most 38 digits, from 1E-130'
        r" to below 1E\+126\)",
        reason(ROW | {"order": text}),
    )


@pytest.mark.property
@given(text=st.from_regex(r"\A[+-]?[0-9]{0,30}\.?[0-9]{0,30}(e[+-]?[0-9]{1,3})?\Z") | st.text())
def test_a_number_keeps_its_value_or_is_rejected(text: str) -> None:
    try:
        item = SCHEMA.item(ROW | {"order": text})
    except RowRejected:
        return

    with localcontext() as exact:
        exact.prec = 500
        assert Decimal(item["order"]["N"]) == Decimal(text.strip())
        assert len(Decimal(item["order"]["N"]).normalize().as_tuple().digits) <= 38
