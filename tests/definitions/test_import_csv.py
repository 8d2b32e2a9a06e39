"""Imports of CSV files: odd files, and interrupted runs."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto import mock_aws
from pydantic import ValidationError

from definitions import import_csv as module
from definitions.import_csv import ImportCsvInput, import_csv
from handler import client
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

    @pytest.mark.parametrize("content", ["", "id,name\n", "id,name"])
    def test_a_file_without_rows_is_imported(self, account: Account, content: str) -> None:
        account.upload(content)

        assert output(run_import()) == counts()

    def test_the_last_of_two_rows_with_one_key_stays(self, account: Account) -> None:
        account.upload("id,name\na,first\nb,other\na,second\n")

        run_import()

        assert account.rows()["a"]["name"] == "second"
        assert len(account.rows()) == 2


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
        account.upload("id,name\n" + "".join(f"row {number}\n" for number in range(100)))

        result = run_import(page_bytes=1_024)

        assert output(result)["rejected"] == 100
        assert output(result)["reasons"] == [
            f"line {number + 2}: 1 values for 2 columns: row {number}" for number in range(5)
        ]

    def test_the_reason_shows_the_beginning_of_a_long_row(self, account: Account) -> None:
        account.upload("id,name\n" + "x" * 10_000 + "\n")

        assert len(output(run_import())["reasons"][0]) < 150

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
            {"pages_per_iteration": 0},
            {"pause_seconds": -1},
            {"cursor": -1},
            {"key": ""},
        ],
    )
    def test_a_value_out_of_range_is_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            ImportCsvInput.model_validate(input_for(**options))

    @pytest.mark.parametrize(
        "options", [{"key": "missing.csv"}, {"bucket": "missing-bucket"}, {"table": "missing"}]
    )
    def test_a_missing_file_bucket_or_table_fails_after_5_attempts(
        self, account: Account, options: dict[str, Any]
    ) -> None:
        account.upload(written(numbered(3)))

        result = run_import(**options)

        assert result.record.status == "failed"
        assert result.iterations == 5
        assert output(result)["error"]["message"]


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

        # Calls are: claim, commit of the first page, claim, ...
        result = run_import(page_bytes=1_024, pages_per_iteration=1, after={2: change})

        assert result.record.status == "failed"
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
            monkeypatch.setattr("time.sleep", pauses.append)
            return client

        pauses: list[float] = []
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
        stubborn(10**6)

        result = run_import()

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
