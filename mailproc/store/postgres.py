"""A connection to PostgreSQL: opened through peewee and psycopg, its safety settings set and read back (F08)."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

import peewee
import psycopg
from psycopg.pq import TransactionStatus

from mailproc.errors import Permanent, StoreUnavailable
from mailproc.store.connection import Connection, Cursor, Fault, LockBusy, Place

_CONNECT_SECONDS = 10
_LOCK_SECONDS = 0.5
_RETRY_STATES = ("40001", "40P01")  # serialization failure, deadlock
_LOCKED_STATE = "55P03"
# connection trouble, out of resources, operator intervention, system error
_UNAVAILABLE_CLASSES = ("08", "53", "57", "58")
_UNAVAILABLE_STATES = ("25006",)  # a standby that only reads


class PostgresConnection(Connection):
    """One PostgreSQL connection; may be used by any thread, by one at a time."""

    errors = (psycopg.Error, peewee.PeeweeException)
    is_postgres = True
    undoes_cheaply = True

    def __init__(self, place: Place, *, is_readonly: bool) -> None:
        self.is_readonly = is_readonly
        self.spare_serial = None
        self.counted_hour = 0
        self.usual_hour = None
        self._name = place.name
        self.database: peewee.Database = peewee.PostgresqlDatabase(
            place.url,
            prefer_psycopg3=True,
            thread_safe=False,
            connect_timeout=_CONNECT_SECONDS,
            tcp_user_timeout=30_000,
            application_name="mailproc",
        )
        try:
            self.database.connect()
        except self.errors as error:
            raise StoreUnavailable(f"database {self._name} cannot be reached ({_one_line(error)})") from error
        self._raw: psycopg.Connection[Any] = self.database.connection()  # type: ignore[no-untyped-call]
        with ExitStack() as undo:
            undo.callback(self.close)
            try:
                self._tune(place)
            except self.errors as error:
                raise StoreUnavailable(f"database {self._name} does not answer ({_one_line(error)})") from error
            undo.pop_all()
        self.writer_id = self._raw.info.backend_pid

    def execute(self, sql: str, params: Sequence[object] = ()) -> Cursor:
        return self._raw.execute(_translate(sql), params)

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._raw.cursor().executemany(_translate(sql), rows)

    def insert(self, sql: str, params: Sequence[object]) -> int:
        row = self._raw.execute(_translate(sql + " RETURNING id"), params).fetchone()
        return int(row[0]) if row else 0

    def begin(self) -> None:
        # A reader sees one moment; the writer sees what others committed as soon as it has its locks
        self._raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if self.is_readonly else "BEGIN")

    def commit(self) -> None:
        if self._raw.info.transaction_status != TransactionStatus.INTRANS:
            # PostgreSQL answers COMMIT of a failed transaction with a silent ROLLBACK
            raise psycopg.errors.InFailedSqlTransaction("the transaction failed before its end")
        self._raw.execute("COMMIT")

    def rollback(self) -> None:
        if self._raw.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
            self._raw.execute("ROLLBACK")

    def close(self) -> None:
        self._raw.close()
        self.database.close()

    def is_in_transaction(self) -> bool:
        return self._raw.info.transaction_status == TransactionStatus.INTRANS

    def is_lost(self) -> bool:
        return self._raw.closed or self._raw.broken

    def judge(self, error: BaseException) -> tuple[Fault, str]:
        if isinstance(error, LockBusy):
            return Fault.LOCKED, f"database {self._name}: what this needs is locked by another process"
        if isinstance(error, peewee.PeeweeException) and isinstance(error.__context__, psycopg.Error):
            error = error.__context__
        if not isinstance(error, psycopg.Error):
            return Fault.OWN, str(error)
        state = error.sqlstate or ""
        text = f"database {self._name}: {_one_line(error)}"
        if state in _RETRY_STATES:
            return Fault.RETRY, text
        if state == _LOCKED_STATE:
            return Fault.LOCKED, text
        if state[:2] in _UNAVAILABLE_CLASSES or state in _UNAVAILABLE_STATES or self.is_lost():
            return Fault.UNAVAILABLE, text
        return Fault.OWN, text

    def _tune(self, place: Place) -> None:
        # Short: a job that waits for a lock keeps all others waiting, so it tries again behind them
        lock_milliseconds = round(min(place.busy_seconds, _LOCK_SECONDS) * 1000)
        self._raw.execute(f"SET lock_timeout = {lock_milliseconds}")
        self._raw.execute("SET synchronous_commit = on")
        self._raw.execute("SET standard_conforming_strings = on")
        if self._show("synchronous_commit") != "on":
            raise Permanent(f"database {self._name} does not switch synchronous_commit on; mails could be lost")
        if self._show("fsync") != "on":
            raise Permanent(
                f"database {self._name} runs with fsync off; mails would be lost in a power cut. Set fsync = on"
            )
        if self._show("server_encoding") != "UTF8":
            raise Permanent(f"database {self._name} is not UTF8; create it with ENCODING 'UTF8'")

    def _show(self, name: str) -> str:
        row = self._raw.execute(f"SHOW {name}").fetchone()
        return str(row[0]) if row else ""


@lru_cache(maxsize=1024)
def _translate(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
