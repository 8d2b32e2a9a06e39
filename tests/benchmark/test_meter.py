"""What a meter counts is what happened."""

import sqlite3
from pathlib import Path
from threading import Barrier, Thread

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


def test_two_threads_inside_of_the_store_at_once_count_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meter, both = Meter(), Barrier(2)
    ticks = map(float, range(10))
    monkeypatch.setattr("tests.benchmark.meter.time.perf_counter", ticks.__next__)

    def visit() -> None:
        with meter.inside():
            both.wait()
            both.wait()

    threads = [Thread(target=visit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert meter.store_seconds == 1  # one tick at the first's entry, one at the last's leave


def test_a_thread_inside_at_a_reset_counts_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("tests.benchmark.meter.time.perf_counter", lambda: now[0])
    meter = Meter()

    with meter.inside():
        now[0] = 150.0
        meter.reset()
        now[0] = 153.0

    assert meter.store_seconds == 3


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
