"""Meters SQLite: each connection that is made from now on, whichever library makes it."""

import functools
import re
import sqlite3
from collections.abc import Callable
from typing import Any, Final

from tests.benchmark.meter import Meter

# What costs a database across a network no trip of its own, or need not: it can go along with the
# next statement, or it is the library's own look at whether its connection still stands.
_FREE: Final = re.compile(r"\s*(BEGIN|PRAGMA|SELECT 1\s*$|--)", re.IGNORECASE)
_WRITE: Final = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)", re.IGNORECASE)


def meter_sqlite(meter: Meter) -> None:
    """Counts every statement and its bytes, as SQLite runs it, and the time inside of SQLite."""

    def count(statement: str) -> None:
        if not _FREE.match(statement):
            meter.request(written=len(statement.encode()) if _WRITE.match(statement) else 0)

    class Cursor(sqlite3.Cursor):
        execute = _timed(sqlite3.Cursor.execute, meter)
        executemany = _timed(sqlite3.Cursor.executemany, meter)
        fetchone = _timed(sqlite3.Cursor.fetchone, meter)
        fetchall = _timed(sqlite3.Cursor.fetchall, meter)

    class Connection(sqlite3.Connection):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.set_trace_callback(count)

        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        commit = _timed(sqlite3.Connection.commit, meter)
        rollback = _timed(sqlite3.Connection.rollback, meter)

    connect = functools.partial(sqlite3.connect, factory=Connection)
    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]


def _timed(method: Callable[..., Any], meter: Meter) -> Callable[..., Any]:
    @functools.wraps(method)
    def timed(*args: Any, **options: Any) -> Any:
        with meter.inside():
            return method(*args, **options)

    return timed
