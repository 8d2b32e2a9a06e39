"""Imports of CSV files: odd files, and interrupted runs."""

import codecs
import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from pydantic import ValidationError

from definitions import import_csv as module
from definitions.csv_import import allowed
from definitions.csv_import.errors import file_errors
from definitions.csv_import.rows import Row
from definitions.import_csv import ImportCsvInput, import_csv
from handler import client
from handler.errors import InvalidInput
from handler.testing import ManualClock, Result, World, abort, deliver_again, kill, run
from tests.definitions.conftest import BUCKET, TABLE, Account, new_account

COLUMNS = ["id", "name"]


def written(rows: list[list[str]], **options: Any) -> str:
    """Rows as a CSV file, under the usual header."""
    file = io.StringIO()
    csv.writer(file, **options).writerows([COLUMNS, *rows])
    return file.getvalue()


def numbered(count: int) -> list[list[str]]:
    """`count` rows of about 40 bytes each."""
    return [[str(number), f"Name of number {number:05}".ljust(34, ".")] for number in range(count)]


def run_import(**options: Any) -> Result:
    interruptions = {
        name: options.pop(name) for name in ("before", "after", "clock") if name in options
    }
    return run(import_csv, input_for(**options), **interruptions)


def input_for(**options: Any) -> dict[str, Any]:
    return {"bucket": BUCKET, "key": "file.csv", "table": TABLE, "key_field": "id"} | options


def output(result: Result) -> Any:
    return result.record.output


def counts(**known: Any) -> dict[str, Any]:
    return {"written": 0, "duplicates": 0, "rejected": 0, "reasons": []} | known


class TestFiles:
    def test_every_row_is_written(self, account: Account) -> None:
        account.upload("id,name\r\nFRA,Frankfurt\r\nMUC,Munich\r\n")

        result = run_import()

        assert account.rows() == {
            "FRA": {"id": "FRA", "name": "Frankfurt"},
            "MUC": {"id": "MUC", "name": "Munich"},
        }
        assert output(result) == counts(written=2)
        assert result.answers[-1]["message"] == "2 rows imported, 0 rejected."

    @pytest.mark.parametrize(
        "content",
        [
            "id,name\nFRA,Frankfurt",
            "\ufeffid,name\nFRA,Frankfurt\n",
            " id , name \nFRA,Frankfurt\n",
            "id,name\n\nFRA,Frankfurt\n\n",
        ],
        ids=["no last line break", "byte order mark", "spaces around the columns", "empty lines"],
    )
    def test_a_file_with_a_common_oddity_is_imported(self, account: Account, content: str) -> None:
        account.upload(content)

        result = run_import()

        assert account.rows() == {"FRA": {"id": "FRA", "name": "Frankfurt"}}
        assert output(result)["rejected"] == 0

    def test_quoted_commas_quotes_and_line_breaks_stay_in_their_field(
        self, account: Account
    ) -> None:
        names = ["a, b", 'say "hi"', "two\nlines", "two\r\nlines", '"\n"', "", "ünï 😀"]
        account.upload(written([[str(number), name] for number, name in enumerate(names)]))

        run_import()

        assert [account.rows()[str(number)]["name"] for number in range(len(names))] == names

    def test_a_line_break_inside_quotes_does_not_end_a_page(self, account: Account) -> None:
        rows = [[str(number), "line\n" * 20 + f'"{number}"'] for number in range(100)]
        account.upload(written(rows))

        result = run_import(page_bytes=1_024)

        assert output(result)["written"] == 100
        assert account.rows() == {id: {"id": id, "name": name} for id, name in rows}

    def test_a_line_that_is_longer_than_a_page_is_read_whole(self, account: Account) -> None:
        account.upload(written([["long", "x" * 10_000], ["next", "y"]]))

        run_import(page_bytes=1_024)

        assert {id: len(row["name"]) for id, row in account.rows().items()} == {
            "long": 10_000,
            "next": 1,
        }

    def test_characters_of_several_bytes_at_the_edge_of_a_page_stay_whole(
        self, account: Account
    ) -> None:
        rows = [[str(number), "😀é" * (number % 7 + 3)] for number in range(300)]
        account.upload(written(rows))

        run_import(page_bytes=1_024)

        assert account.rows() == {id: {"id": id, "name": name} for id, name in rows}

    @pytest.mark.parametrize(
        "content",
        [
            *(b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
            *(gzip.compress(b"", mtime=0), gzip.compress(codecs.BOM_UTF8, mtime=0)),
            *(b"id,name\n", b"id,name"),
        ],
    )
    def test_a_file_without_rows_is_imported(self, account: Account, content: bytes) -> None:
        account.upload(content)

        result = run_import()

        assert result.record.status == "success"
        assert output(result) == counts()
        assert result.answers[-1]["message"] == "0 rows imported, 0 rejected."

    def test_a_file_of_a_header_alone_is_checked_like_any_other(self, account: Account) -> None:
        account.upload("code,name\n")

        result = run_import()

        assert 'The file has no column "id"' in output(result)["error"]["message"]

    def test_the_last_of_two_rows_with_one_key_stays(self, account: Account) -> None:
        account.upload("id,name\na,first\nb,other\na,second\n")

        run_import()

        assert account.rows()["a"]["name"] == "second"
        assert len(account.rows()) == 2


class TestSameRows:
    """The table has what `csv.DictReader` reads of the whole file."""

    @pytest.mark.parametrize("page_bytes", [1_024, 4_000, 65_536])
    @pytest.mark.parametrize("seed", range(3))
    def test_it_has_them_whatever_the_size_of_a_page(
        self, account: Account, seed: int, page_bytes: int
    ) -> None:
        text = odd_file(random.Random(seed), rows=400)
        expected = {row["id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
        account.upload(text)

        result = run_import(page_bytes=page_bytes, pages_per_iteration=3)

        assert account.rows() == expected
        assert output(result) == counts(written=len(expected))

    def test_an_inch_mark_before_quoted_line_breaks_cuts_no_row(self, account: Account) -> None:
        names = ['Bolt 3/4" zinc', *(f"first\nsecond of {number}\nthird" for number in range(200))]
        lines = [
            "id,name",
            *(f'{n},"{name}"' if n else f"0,{name}" for n, name in enumerate(names)),
        ]
        account.upload("\n".join(lines))

        run_import(page_bytes=1_024)

        assert account.rows() == {
            str(number): {"id": str(number), "name": name} for number, name in enumerate(names)
        }

    def test_an_open_quote_loses_its_own_line_alone(self, account: Account) -> None:
        account.upload('id,name\n1,"open\n2,b\n3,c\n')

        result = run_import()

        assert set(account.rows()) == {"2", "3"}
        assert output(result)["reasons"] == [
            "line 2: a quote that opens in the row is never closed: 1,open"
        ]

    def test_a_field_longer_than_the_limit_of_pythons_csv_is_written(
        self, account: Account
    ) -> None:
        limit = csv.field_size_limit()
        account.upload(written([["long", "x" * 140_000], ["next", "y"]]))

        result = run_import()

        assert len(account.rows()["long"]["name"]) == 140_000
        assert output(result) == counts(written=2)
        assert csv.field_size_limit() == limit == 131_072


def odd_file(random: random.Random, *, rows: int) -> str:
    """A file with quotes, line breaks and characters that people have in theirs."""
    pieces = ['"', '3/4" ', "\n", "\r\n", "\r", ",", "é😀", "\0", " plain ", "\u2028", '""']
    file = io.StringIO()
    line_break = random.choice(["\n", "\r\n", "\r"])
    writer = csv.writer(file, lineterminator=line_break, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for number in range(rows):
        if number % 7 == 0:
            file.write(f'{number},Bolt 3/4" zinc{random.choice(chr(10) + chr(13))}')
        else:
            writer.writerow([number, "".join(random.choices(pieces, k=random.randrange(9)))])
    return file.getvalue()


class TestOptions:
    @pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-be", "gb18030"])
    def test_a_file_in_another_encoding_is_imported(self, account: Account, encoding: str) -> None:
        account.upload("id,name\n1,Müller\n2,Größe\n".encode(encoding))

        result = run_import(encoding=encoding)

        assert [account.rows()[id]["name"] for id in "12"] == ["Müller", "Größe"]
        assert output(result) == counts(written=2)

    def test_utf_16_with_a_byte_order_mark_needs_no_option_and_the_log_says_so(
        self, account: Account
    ) -> None:
        rows = [[str(number), "😀 " * 20] for number in range(100)]
        account.upload(("\ufeff" + written(rows)).encode("utf-16-le"))

        result = run_import(page_bytes=1_024, pages_per_iteration=2)

        assert account.rows() == {id: {"id": id, "name": name} for id, name in rows}
        assert result.logs[0].lines[0].data is not None
        assert result.logs[0].lines[0].data["encoding"] == "utf-16-le"

    def test_a_header_in_another_encoding_fails_the_import_and_says_what_to_set(
        self, account: Account
    ) -> None:
        account.upload("id,Größe\n1,5\n".encode("latin-1"))

        result = run_import()

        message = output(result)["error"]["message"]
        assert "not UTF-8 (byte 0xf6 at byte 5 of the file" in message
        assert 'Next: set "encoding" to that of the file ("cp1252" or "latin-1"' in message
        assert result.iterations == 1

    @pytest.mark.parametrize("options", [{}, {"gzip": True}], ids=["by its bytes", "by the option"])
    def test_a_gzip_file_is_imported_in_many_iterations(
        self, account: Account, options: dict[str, Any]
    ) -> None:
        content = gzip.compress(written(numbered(300)).encode())
        account.upload(content)

        result = run_import(page_bytes=1_024, pages_per_iteration=2, **options)

        assert result.iterations > 5
        assert account.rows() == {id: {"id": id, "name": name} for id, name in numbered(300)}
        assert result.record.progress is not None
        assert result.record.progress.done == result.record.progress.total == len(content)

    @pytest.mark.parametrize(
        ("content", "options", "message"),
        [
            (gzip.compress(b"id,name\n1,a\n" * 100, mtime=0)[:-9], {}, "ends in the middle"),
            (
                gzip.compress(b"id,name\n", mtime=0)[:10] + b"\xff" * 9,
                {},
                "file.csv is damaged before byte",
            ),
            (
                b"PK\x03\x04...",
                {},
                "s3://uploads/file.csv is a zip archive, or a workbook of Excel",
            ),
            ("id".encode("utf-32"), {}, "UTF-32"),
            # A file whose first bytes come one by one.
            (
                b"".join(gzip.compress(bytes([b]), mtime=0) for b in "id".encode("utf-32")),
                {},
                "UTF-32",
            ),
            (gzip.compress(b"id,name\n", mtime=0), {"gzip": False}, '"gzip" is false, but'),
            (b"\nid,name\n", {}, "The first line of the file is empty"),
            (b'"id,name\n1,a\n', {}, "can't be read: a quote that opens"),
            (b"id,a,a\n", {}, 'Columns 2, 3 of the file are all called "a"'),
            (b"id,name\n", {"skip_columns": ["x"]}, 'names the column "x"'),
            (b"id;name\n", {}, 'look at the file\'s "delimiter"'),
            (b"id,name\n", {"key_field": "name"}, 'the partition key of table "airports" is "id"'),
        ],
    )
    def test_what_can_not_be_imported_fails_at_once_and_says_why(
        self, account: Account, content: bytes, options: dict[str, Any], message: str
    ) -> None:
        account.upload(content)

        result = run_import(**options)

        assert result.record.status == "failed"
        assert message in output(result)["error"]["message"]
        assert result.iterations == 1

    @pytest.mark.parametrize(
        ("content", "option", "message"),
        [
            (
                b"id,name\n",
                True,
                "true, but {file} is no gzip file: it begins with the bytes 69 64",
            ),
            (
                gzip.compress(b"id,name\n", mtime=0),
                False,
                "false, but {file} is a gzip file: it begins",
            ),
        ],
    )
    def test_a_gzip_option_that_the_file_belies_is_refused_with_what_the_file_is(
        self, account: Account, content: bytes, option: bool, message: str
    ) -> None:
        account.upload(content)

        result = run_import(gzip=option)

        said = output(result)["error"]["message"]
        assert message.format(file="s3://uploads/file.csv") in said
        assert said.endswith('Next: leave "gzip" out, or upload the other file.')
        assert result.iterations == 1

    @pytest.mark.parametrize("inner", [gzip.compress(b"id,name\n1,a\n", mtime=0), b"PK\x03\x04..."])
    def test_a_file_that_is_packed_twice_is_refused_as_such(
        self, account: Account, inner: bytes
    ) -> None:
        account.upload(gzip.compress(inner))

        result = run_import()

        said = output(result)["error"]["message"]
        assert "s3://uploads/file.csv is a gzip file with another archive in it. Next: " in said

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"skip_columns": ["id"]}, '"skip_columns" skips the column "id"'),
            ({"skip_columns": ["#1"]}, '"skip_columns" skips the column "id"'),
            ({"rename_columns": {"id": "x"}}, '"rename_columns" makes "x" of the column "id"'),
            ({"rename_columns": {"#2": "x"}}, '"rename_columns" makes "x" of the column "order"'),
        ],
    )
    def test_an_option_that_takes_a_key_away_is_named_with_the_keys_of_the_table(
        self, account: Account, options: dict[str, Any], message: str
    ) -> None:
        account.create_table("orders", id="S", order="S")
        account.upload(" id , order ,name\n1,2,a\n")

        result = run_import(table="orders", **options)

        said = output(result)["error"]["message"]
        assert f'{message}. Each item needs the keys of the table: "id" and "order". Next: ' in said
        assert "has no column" not in said

    def test_a_misspelt_option_is_refused_with_the_likeliest_one(self) -> None:
        for wrong, right in (("skip_collumns", "skip_columns"), ("delimeter", "delimiter")):
            with pytest.raises(InvalidInput, match=f'no such field; did you mean "{right}"'):
                run_import(**{wrong: ";"})

    def test_an_option_like_no_other_is_refused_with_all_that_there_are(self) -> None:
        with pytest.raises(InvalidInput, match="no such field; there are bucket, key, table"):
            run_import(zzz=1)

    def test_columns_are_skipped_and_renamed(self, account: Account) -> None:
        account.upload("code,phone,phone,\n1,a,b,c\n")

        run_import(skip_columns=["#4"], rename_columns={"code": "id", "#3": "mobile"})

        assert account.rows() == {"1": {"id": "1", "phone": "a", "mobile": "b"}}

    @pytest.mark.parametrize("key_field", [None, "id", "code"])
    def test_the_key_field_may_be_left_out_and_may_be_the_columns_name(
        self, account: Account, key_field: str | None
    ) -> None:
        account.upload("code\n1\n")

        result = run_import(key_field=key_field, rename_columns={"code": "id"})

        assert output(result) == counts(written=1)

    @pytest.mark.parametrize(
        ("options", "content"),
        [
            ({"delimiter": ";"}, "id;name\n1;a,b\n"),
            ({"delimiter": "\t"}, 'id\tname\n1\t"a,b"\n'),
            ({"quotechar": "'"}, "id,name\n1,'a,b'\n"),
            ({"delimiter": "|", "quotechar": ""}, "id|name\n1|a,b\n"),
        ],
    )
    def test_fields_are_separated_and_quoted_as_the_options_say(
        self, account: Account, options: dict[str, Any], content: str
    ) -> None:
        account.upload(content)

        run_import(**options)

        assert account.rows() == {"1": {"id": "1", "name": "a,b"}}


class TestTables:
    def test_rows_with_one_partition_key_and_many_sort_keys_are_all_written(
        self, account: Account
    ) -> None:
        account.create_table("orders", customer="S", order="S")
        rows = [f"{customer},{order}\n" for customer in "abc" for order in range(200)]
        account.upload("customer,order\n" + "".join(rows))

        result = run_import(table="orders", key_field="customer")

        assert output(result)["written"] == len(account.items("orders")) == 600

    def test_keys_have_the_types_that_the_table_says(self, account: Account) -> None:
        account.create_table("photos", number="N", hash="B")
        account.upload("number,hash,name\n007,AAE=,cat\n7.0,AAE=,dog\nx,AAE=,owl\n")

        result = run_import(table="photos", key_field=None)

        assert account.items("photos") == [
            {"number": {"N": "7"}, "hash": {"B": b"\0\1"}, "name": {"S": "dog"}}
        ]
        assert output(result)["duplicates"] == 1
        assert 'line 4: number is "x", which is not a number' in output(result)["reasons"][0]

    def test_an_empty_key_of_an_index_is_left_out_and_the_row_is_written(
        self, account: Account
    ) -> None:
        account.create_table("customers", id="S", email="S", index="email")
        account.upload("id,email\n1,a@x\n2,\n3,c@x\n")

        result = run_import(table="customers")

        assert output(result) == counts(written=3)
        assert {"id": {"S": "2"}} in account.items("customers")

    def test_an_empty_sort_key_rejects_its_row(self, account: Account) -> None:
        account.create_table("orders", customer="S", order="S")
        account.upload("customer,order\nann,1\nann,\nbob,1\n")

        result = run_import(table="orders", key_field="customer")

        assert output(result) == counts(written=2, rejected=1, reasons=["line 3: no order: ann,"])

    def test_a_table_whose_sort_key_the_file_lacks_fails_the_import(self, account: Account) -> None:
        account.create_table("orders", customer="S", order="S")
        account.upload("customer,name\nann,x\n")

        result = run_import(table="orders", key_field=None)

        assert 'The file has no column "order"' in output(result)["error"]["message"]


class Denied:
    """A client that may not do anything."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def deny(**_: Any) -> Any:
            code = "403" if operation == "head_object" else "AccessDeniedException"
            raise ClientError({"Error": {"Code": code, "Message": "Not authorized"}}, operation)

        return deny


class TestPermissions:
    @pytest.mark.parametrize(
        ("service", "message"),
        [
            (
                "dynamodb",
                'table "airports": AWS denies dynamodb:DescribeTable. Next: add "dynamodb:',
            ),
            (
                "s3",
                "the file s3://uploads/file.csv: AWS denies s3:GetObject. Without s3:ListBucket",
            ),
        ],
    )
    def test_a_permission_that_is_missing_is_named(
        self, account: Account, monkeypatch: pytest.MonkeyPatch, service: str, message: str
    ) -> None:
        account.upload(written(numbered(3)))
        monkeypatch.setattr(module, service, Denied)

        result = run_import()

        said = output(result)["error"]["message"]
        assert message in said
        assert result.iterations == 5

    def test_the_action_that_aws_names_is_the_one_to_add(self) -> None:
        said = "User: arn:aws:sts::1:assumed-role/w is not authorized to perform: kms:Decrypt on x"
        denied = ClientError({"Error": {"Code": "AccessDenied", "Message": said}}, "GetObject")

        add = pytest.raises(PermissionError, match='Next: add "kms:Decrypt" for it')
        with add as refused, file_errors("uploads", "file.csv"):
            raise denied
        assert "arn:" not in str(refused.value)

    def test_a_write_that_is_denied_is_named(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account.upload(written(numbered(3)))
        monkeypatch.setattr(account.dynamodb, "batch_write_item", Denied().batch_write_item)

        result = run_import()

        assert 'Next: add "dynamodb:BatchWriteItem"' in output(result)["error"]["message"]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"key": "x"}, 'There is no file s3://uploads/x. Next: correct "bucket" or "key".'),
            ({"bucket": "nobodys"}, 'There is no bucket "nobodys". Next: correct "bucket".'),
            (
                {"table": "gone"},
                'There is no table "gone" in us-east-1, where the worker runs. Next',
            ),
        ],
    )
    def test_what_is_missing_is_named_in_a_line_and_tried_five_times(
        self, account: Account, options: dict[str, Any], message: str
    ) -> None:
        account.upload(written(numbered(3)))

        result = run_import(**options)

        assert message in output(result)["error"]["message"]
        assert result.iterations == 5
        stacks = [line.error.stack or "" for log in result.logs for line in log.lines if line.error]
        assert [len(stack) > 0 and "botocore" not in stack for stack in stacks] == [True] * 5

    def test_what_is_transient_stays_as_boto3_says_it(self) -> None:
        busy = ClientError({"Error": {"Code": "SlowDown", "Message": "Slow"}}, "GetObject")

        with pytest.raises(ClientError, match="SlowDown"), file_errors("uploads", "file.csv"):
            raise busy


class TestCounts:
    def test_each_row_of_the_file_counts_once(self, account: Account) -> None:
        account.upload("id,name\na,1\nb,1\na,2\n\nc\na,3\n" + "d," + "x" * 500_000 + "\n")

        result = run_import()

        assert account.rows() == {"a": {"id": "a", "name": "3"}, "b": {"id": "b", "name": "1"}}
        assert (output(result)["written"], output(result)["duplicates"]) == (2, 2)
        assert output(result)["rejected"] == 2
        assert result.record.status == "success"
        assert result.answers[-1]["message"] == (
            "2 rows imported, 2 replaced by later rows with the same key, 2 rejected."
        )

    def test_a_row_that_only_the_table_refuses_is_rejected_with_its_words(
        self, account: Account
    ) -> None:
        # moto refuses items of 405,000 bytes, a little below the limit of DynamoDB.
        refused = "b," + "x" * 408_000 + "\n"
        account.upload(f"id,name\na,1\n{refused}c,3\nb,2\n{refused}d\n")

        result = run_import(page_bytes=8_388_608)

        assert {id: len(row["name"]) for id, row in account.rows().items()} == {
            "a": 1,
            "b": 1,
            "c": 1,
        }
        assert (output(result)["written"], output(result)["duplicates"]) == (3, 1)
        assert output(result)["rejected"] == 2
        assert [reason.partition(":")[0] for reason in output(result)["reasons"]] == [
            "line 6",
            "line 7",
        ]

    def test_the_log_names_more_rejected_rows_than_the_output_but_not_all(
        self, account: Account
    ) -> None:
        account.upload("id,name\n" + "only one value\n" * 5_000)

        result = run_import(page_bytes=4_096)

        lines = [
            line for log in result.logs for line in log.lines if "rows rejected" in line.message
        ]
        logged: list[Any] = []
        for line in lines:
            logged += cast("list[str]", (line.data or {})["reasons"])
        assert output(result)["rejected"] == 5_000
        assert len(output(result)["reasons"]) == 5
        # Of each page of 274 rows, until 1,000 are rejected.
        assert len(logged) == 4 * 20
        assert logged[0].startswith("line 2: ")


def test_its_clients_use_the_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        client.cache_clear()

        regions = [made().meta.region_name for made in (module.s3, module.dynamodb)]
        assert regions == ["eu-central-1"] * 2
        assert module.s3() is module.s3()
    client.cache_clear()


class TestRejectedRows:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (b"a", "1 values for 2 columns: a"),
            (b"a,b,c", "3 values for 2 columns: a,b,c"),
            (b",b", "no id: ,b"),
            (
                b"a,\xff\xfe",
                'not UTF-8 (byte 0xff at byte 17 of the file; see the option "encoding"): a,??',
            ),
            (
                b"\xff,b",
                'not UTF-8 (byte 0xff at byte 15 of the file; see the option "encoding"): ?,b',
            ),
            (b'"a,b', "a quote that opens in the row is never closed: a,b"),
            (b"k" * 2_049 + b",b", "id is longer than 2,048 bytes: " + "k" * 80),
        ],
    )
    def test_an_invalid_row_is_rejected_with_a_reason(
        self, account: Account, row: bytes, reason: str
    ) -> None:
        account.upload(b"id,name\ngood,1\n" + row + b"\nbetter,2\n")

        result = run_import()

        assert output(result) == counts(written=2, rejected=1, reasons=[f"line 3: {reason}"])
        assert set(account.rows()) == {"good", "better"}

    def test_of_100_rejected_rows_the_first_5_reasons_are_kept(self, account: Account) -> None:
        account.upload("id,name\n" + "".join(f"row {number:030}\n" for number in range(100)))

        result = run_import(page_bytes=1_024)

        assert output(result)["rejected"] == 100
        assert output(result)["reasons"] == [
            f"line {number + 2}: 1 values for 2 columns: row {number:030}" for number in range(5)
        ]

    def test_the_reason_shows_the_beginning_of_a_long_row(self, account: Account) -> None:
        account.upload("id,name\n" + "x" * 10_000 + "\n")

        assert len(output(run_import())["reasons"][0]) < 150

    def test_the_reason_has_the_beginning_of_what_dynamodb_says(self) -> None:
        assert module.reason_of(Row(3, ["a"]), "x" * 1_000) == f"line 3: {'x' * 200}: a"

    def test_a_file_without_the_key_column_fails_and_names_its_columns(
        self, account: Account
    ) -> None:
        account.upload("code,name\nFRA,Frankfurt\n")

        result = run_import()

        assert result.record.status == "failed"
        assert (
            'The file has no column "id"; its columns are: code, name.'
            in output(result)["error"]["message"]
        )
        assert account.rows() == {}


class TestInput:
    @pytest.mark.parametrize("field", ["bucket", "key", "table"])
    def test_an_input_without_a_required_field_is_refused(self, field: str) -> None:
        with pytest.raises(ValidationError, match=field):
            ImportCsvInput.model_validate(
                {name: value for name, value in input_for().items() if name != field}
            )

    @pytest.mark.parametrize(
        "options",
        [
            {"page_bytes": 1_023},
            {"page_bytes": 8_388_609},
            {"pages_per_iteration": 0},
            {"pause_seconds": -1},
            {"cursor": {"byte": -1}},
            {"key": ""},
            {"delimiter": ""},
            {"delimiter": ";;"},
            {"delimiter": "\n"},
            {"delimiter": "\0"},
            {"delimiter": '"'},
            {"quotechar": "''"},
            {"encoding": "utf-9"},
            {"encoding": "cp037"},
            {"rename_columns": {"a": ""}},
            {"skip_column": ["a"]},
        ],
    )
    def test_a_value_out_of_range_is_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            ImportCsvInput.model_validate(input_for(**options))

    def test_an_option_that_is_wrong_is_named_with_its_value_before_the_next_step(self) -> None:
        with pytest.raises(InvalidInput) as refused:
            run_import(delimiter=";;")

        assert str(refused.value) == (
            "Validation failed. The input of task \"importCsv\": delimiter: it is ';;'."
            " It takes one character, other than a line break or NUL. Next: set one."
        )

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"key": "missing.csv"}, "There is no file"),
            ({"bucket": "missing-bucket"}, "There is no bucket"),
            ({"table": "missing"}, "There is no table"),
        ],
    )
    def test_a_missing_file_bucket_or_table_fails_after_5_attempts(
        self, account: Account, options: dict[str, Any], message: str
    ) -> None:
        account.upload(written(numbered(3)))

        result = run_import(**options)

        assert result.record.status == "failed"
        assert result.iterations == 5
        assert sum(result.waits) > 30
        assert message in output(result)["error"]["message"]


class TestIterations:
    def test_one_page_per_iteration_and_a_pause_after_each(self, account: Account) -> None:
        rows = numbered(100)
        account.upload(written(rows))

        result = run_import(page_bytes=1_024, pages_per_iteration=1, pause_seconds=7)

        assert result.iterations >= 4
        assert set(result.waits) == {7}
        assert output(result)["written"] == 100
        assert account.rows() == {id: {"id": id, "name": name} for id, name in rows}

    def test_progress_is_counted_in_bytes(self, account: Account) -> None:
        content = written(numbered(100))
        account.upload(content)

        progress = run_import(page_bytes=1_024, pages_per_iteration=2).record.progress

        assert progress is not None
        assert progress.done == progress.total == len(content.encode())

    def test_an_import_close_to_the_timeout_continues_in_the_next_iteration(
        self, account: Account
    ) -> None:
        account.upload(written(numbered(100)))

        result = run_import(page_bytes=1_024, clock=ManualClock(tick=60))

        assert result.iterations > 1
        assert output(result)["written"] == 100

    def test_the_stored_input_stays_small_for_a_large_file(self, account: Account) -> None:
        account.upload(written(numbered(500)))

        kept = run_import(page_bytes=1_024, pages_per_iteration=3).record.input

        assert len(str(kept)) < 1_000

    def test_a_file_that_changes_during_the_import_fails_it(self, account: Account) -> None:
        account.upload(written(numbered(100)))

        def change(_: World) -> None:
            account.upload(written([["changed", "changed"]] * 100))

        # Calls are: claim, save of the file's version, commit of the first page, claim, ...
        result = run_import(page_bytes=1_024, pages_per_iteration=1, after={3: change})

        assert result.iterations == 2
        assert "has changed since the import began" in output(result)["error"]["message"]
        assert "changed" not in account.rows()

    def test_an_abort_stops_the_import_between_two_pages(self, account: Account) -> None:
        account.upload(written(numbered(100)))

        result = run_import(page_bytes=1_024, pages_per_iteration=2, before={4: abort})

        assert result.record.status == "aborted"
        assert 0 < len(account.rows()) < 100


class StubbornClient:
    """Leaves half of the items unprocessed in the first `leaves` calls."""

    def __init__(self, client: Any, *, leaves: int) -> None:
        self.requests: list[int] = []
        self.pauses: list[float] = []
        self._client = client
        self._leaves = leaves

    def describe_table(self, **options: Any) -> Any:
        return self._client.describe_table(**options)

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803  boto3's own word
        ((table, writes),) = RequestItems.items()
        self.requests.append(len(writes))
        if len(self.requests) > self._leaves:
            return self._client.batch_write_item(RequestItems=RequestItems)
        done, left = writes[: len(writes) // 2], writes[len(writes) // 2 :]
        if done:
            self._client.batch_write_item(RequestItems={table: done})
        return {"UnprocessedItems": {table: left}}


class TestWriting:
    @pytest.fixture
    def stubborn(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[int], StubbornClient]:
        def make(leaves: int) -> StubbornClient:
            client = StubbornClient(account.dynamodb, leaves=leaves)
            monkeypatch.setattr(module, "dynamodb", lambda: client)
            monkeypatch.setattr("time.sleep", client.pauses.append)
            monkeypatch.setattr("random.uniform", lambda _, longest: longest)
            return client

        return make

    def test_rows_are_written_25_at_a_time(
        self, account: Account, stubborn: Callable[[int], StubbornClient]
    ) -> None:
        account.upload(written(numbered(60)))
        client = stubborn(0)

        run_import()

        assert client.requests == [25, 25, 10]

    def test_unprocessed_rows_are_written_again(
        self, account: Account, stubborn: Callable[[int], StubbornClient]
    ) -> None:
        account.upload(written(numbered(20)))
        client = stubborn(3)

        result = run_import()

        assert client.requests == [20, 10, 5, 3]
        assert client.pauses == [0.05, 0.1, 0.2]
        assert output(result)["written"] == len(account.rows()) == 20

    def test_rows_that_stay_unprocessed_are_counted_once_after_another_attempt(
        self, account: Account, stubborn: Callable[[int], StubbornClient]
    ) -> None:
        account.upload(written(numbered(20)))
        stubborn(8)

        result = run_import()

        assert result.iterations == 2
        assert output(result)["written"] == len(account.rows()) == 20

    def test_rows_that_are_never_processed_fail_the_import_and_name_the_table(
        self, account: Account, stubborn: Callable[[int], StubbornClient]
    ) -> None:
        account.upload(written(numbered(20)))
        client = stubborn(10**6)

        result = run_import()

        assert len(client.requests) == 5 * 8
        assert max(client.pauses) == 3.2
        assert result.record.status == "failed"
        assert 'Table "airports" left' in output(result)["error"]["message"]


@contextmanager
def import_of_three_iterations() -> Iterator[tuple[Account, dict[str, Any]]]:
    """An account of its own, with a file that takes three iterations of two pages each."""
    with new_account() as account:
        account.upload(written([*numbered(60), ["only one value"], *numbered(120)[60:]]))
        yield account, {"page_bytes": 1_024, "pages_per_iteration": 2, "pause_seconds": 1}


# The calls of the store in such an import; the last test checks the number.
CALLS = 9


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", range(1, CALLS + 1))
@pytest.mark.slow
def test_a_worker_killed_at_any_call_imports_and_counts_every_row_once(
    call: int, when: str
) -> None:
    with import_of_three_iterations() as (account, options):
        result = run_import(**options, **{when: {call: kill}})

        assert output(result) == counts(
            written=120,
            rejected=1,
            reasons=["line 62: 1 values for 2 columns: only one value"],
        )
        assert account.rows() == {id: {"id": id, "name": name} for id, name in numbered(120)}


@pytest.mark.parametrize("call", range(1, CALLS + 1, 3))
def test_an_event_that_is_delivered_twice_imports_nothing_twice(call: int) -> None:
    with import_of_three_iterations() as (account, options):
        result = run_import(**options, before={call: deliver_again})

        assert output(result)["written"] == len(account.rows()) == 120


def test_such_an_import_makes_as_many_calls_as_the_tests_interrupt() -> None:
    with import_of_three_iterations() as (_, options):
        result = run_import(**options)

        assert result.iterations >= 3
        assert len(result.calls) == CALLS


class Untouchable:
    """A client that nobody may call."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        raise AssertionError(f"{operation} was called")


class TestPlaces:
    """A name in the input opens nothing: the config's list does."""

    @pytest.fixture(autouse=True)
    def stack(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        """The stack's own table and bucket, which even a list of them does not open."""
        monkeypatch.setenv(allowed.OWN_TABLE, "background-tasks-dev-tasks-0a1b2c3")
        monkeypatch.setenv(allowed.OWN_BUCKET, "background-tasks-dev-payloads-0a1b2c3")
        account.upload("password=hunter2\n")

    def refused(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> str:
        """What a refused import says. It has asked nothing of S3 and DynamoDB."""
        monkeypatch.setattr(module, "s3", Untouchable)
        monkeypatch.setattr(module, "dynamodb", Untouchable)
        result = run_import(**options)
        assert (result.record.status, result.iterations) == ("failed", 1)
        said: str = output(result)["error"]["message"]
        assert "hunter2" not in json.dumps(result.record.output)
        return said

    @pytest.mark.parametrize(
        "table",
        [
            "background-tasks-dev-tasks-0a1b2c3",
            "Background-Tasks-dev-TASKS-0a1b2c3",
            " background-tasks-dev-tasks-0a1b2c3 ",
            "arn:aws:dynamodb:eu-central-1:123456789012:table/background-tasks-dev-tasks-0a1b2c3",
        ],
    )
    def test_the_stack_s_own_table_is_refused_even_if_it_is_listed(
        self, monkeypatch: pytest.MonkeyPatch, table: str
    ) -> None:
        monkeypatch.setenv(allowed.TABLES, json.dumps([table]))

        said = self.refused(monkeypatch, table=table)

        assert said == (
            f'The table "{table}" is the stack\'s own, which no import may use. Next: name another'
            ' one in "table".'
        )

    @pytest.mark.parametrize(
        "bucket",
        [
            "background-tasks-dev-payloads-0a1b2c3",
            "BACKGROUND-TASKS-dev-payloads-0a1b2c3",
            "arn:aws:s3:::background-tasks-dev-payloads-0a1b2c3",
            " background-tasks-dev-payloads-0a1b2c3/",
        ],
    )
    def test_the_stack_s_own_bucket_is_refused_even_if_it_is_listed(
        self, monkeypatch: pytest.MonkeyPatch, bucket: str
    ) -> None:
        monkeypatch.setenv(allowed.BUCKETS, json.dumps([bucket]))

        assert "is the stack's own" in self.refused(monkeypatch, bucket=bucket)

    @pytest.mark.parametrize(
        ("places", "bucket", "key"),
        [
            ([], BUCKET, "file.csv"),
            (["upload", "uploads2"], BUCKET, "file.csv"),
            (["uploads/in/"], BUCKET, "file.csv"),
            (["uploads/in/"], BUCKET, "in"),
            (["uploads/in/"], BUCKET, "in/../file.csv"),
            (["uploads/in/"], BUCKET, "/in/file.csv"),
            (["uploads/in"], BUCKET, "in-secret.csv"),
            (["uploads/in"], BUCKET, "inside/file.csv"),
            (["uploads/in"], BUCKET, "in/../file.csv"),
            (["uploads/a/in"], BUCKET, "a/in.csv"),
            (["uploads/in/file.csv"], BUCKET, "in/file.csv.bak"),
            (["uploads/in/"], "uploads2", "in/file.csv"),
            (["uploads/in/"], "uploads/in", "/file.csv/../x"),
            (["uploads"], "Uploads", "file.csv"),
            (["uploads"], " uploads", "file.csv"),
            (["uploads"], "uploads/", "file.csv"),
            (["uploads"], "arn:aws:s3:::uploads", "file.csv"),
            (["uploads"], "arn:aws:s3:eu-central-1:123456789012:accesspoint/uploads", "file.csv"),
        ],
    )
    def test_a_file_that_no_entry_covers_is_refused_and_nothing_is_told_of_it(
        self, monkeypatch: pytest.MonkeyPatch, places: list[str], bucket: str, key: str
    ) -> None:
        monkeypatch.setenv(allowed.BUCKETS, json.dumps(places))

        said = self.refused(monkeypatch, bucket=bucket, key=key)

        assert said == (
            f"The stack's config doesn't let importCsv read the file s3://{bucket}/{key}. Next:"
            ' correct "bucket", or add it to the config key "importCsvBuckets", and deploy.'
        )

    @pytest.mark.parametrize("table", ["users", "Airports", " airports", "airports/index/x"])
    def test_a_table_that_is_not_listed_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, table: str
    ) -> None:
        said = self.refused(monkeypatch, table=table)

        assert said == (
            f"The stack's config doesn't let importCsv write to the table \"{table}\". Next:"
            ' correct "table", or add it to the config key "importCsvTables", and deploy.'
        )

    def test_without_a_config_nothing_is_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(allowed.BUCKETS)
        monkeypatch.delenv(allowed.TABLES)

        assert "doesn't let importCsv read" in self.refused(monkeypatch)

    def test_an_input_that_says_that_the_import_began_opens_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forged = {"etag": '"x"', "size": 10, "columns": ["id"], "table": "users"}

        assert "write to the table" in self.refused(monkeypatch, **forged)

    @pytest.mark.parametrize(
        "place", ["uploads/", "uploads/in", "uploads/in/", "uploads/in/file.csv"]
    )
    def test_a_prefix_covers_its_own_key_and_those_of_its_folder(
        self, account: Account, monkeypatch: pytest.MonkeyPatch, place: str
    ) -> None:
        monkeypatch.setenv(allowed.BUCKETS, json.dumps([place]))
        account.upload("id,name\nFRA,Frankfurt\n", key="in/file.csv")

        result = run_import(key="in/file.csv")

        assert output(result)["written"] == 1
