"""What a meter counts is what happened."""

import itertools
import sqlite3
from pathlib import Path
from threading import Thread

import pytest

from tests.benchmark.meter import Meter
from tests.benchmark.sqlite_meter import meter_sqlite


class Store:
    """A store with one method."""

    def keep(self, *, item: str) -> str:
        return item.upper()


def test_each_call_of_a_watched_method_is_a_request_with_the_bytes_that_it_writes() -> None:
    meter = Meter()

    class Watched(Store):
        """A store of this test's own."""

    def written(*, item: str) -> int:
        return len(item)

    meter.watch(Watched, "keep", written=written)

    assert [Watched().keep(item="abc"), Watched().keep(item="d")] == ["ABC", "D"]
    assert (meter.requests, meter.bytes_written) == (2, 4)


def test_the_work_of_every_thread_inside_of_the_store_is_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meter = Meter()
    ticks = itertools.cycle([10.0, 13.0])  # before, after
    monkeypatch.setattr("tests.benchmark.meter.time.thread_time", ticks.__next__)

    def visit() -> None:
        with meter.inside():
            pass

    for _ in range(2):
        thread = Thread(target=visit)
        thread.start()
        thread.join()

    assert meter.store_seconds == 6


def test_a_new_round_begins_at_nothing() -> None:
    meter = Meter()
    meter.request(written=5)

    meter.reset()

    assert (meter.requests, meter.bytes_written, meter.store_seconds) == (0, 0, 0)


def test_a_statement_is_a_request_and_what_goes_along_with_another_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sqlite3, "connect", sqlite3.connect)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", sqlite3.connect)
    meter = Meter()
    meter_sqlite(meter)
    store = sqlite3.connect(tmp_path / "store.sqlite")
    store.execute("CREATE TABLE items (number INTEGER)")
    meter.reset()

    cursor = store.cursor()
    cursor.execute("SELECT 1")
    cursor.execute("INSERT INTO items VALUES (?)", (7,))
    store.commit()
    cursor.execute("SELECT number FROM items")
    found = cursor.fetchall()
    store.close()

    assert found == [(7,)]
    assert meter.requests == 3  # INSERT, COMMIT, SELECT: neither BEGIN nor SELECT 1
    assert meter.bytes_written == len("INSERT INTO items VALUES (7)")
    assert meter.store_seconds > 0
