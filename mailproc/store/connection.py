"""What the store needs of one database connection, whichever database it is, and how its errors are read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import peewee

from mailproc.errors import Permanent

DEFAULT_BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database is and how this process uses it."""

    url: str
    path: str = ""  # of the SQLite file; "" for PostgreSQL
    checkpoints: bool = False  # only the daemon moves the write-ahead log into the file
    busy_seconds: float = DEFAULT_BUSY_SECONDS

    @property
    def name(self) -> str:
        """The place in words for an error text, without its password."""
        if self.path:
            return self.path
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"


class Fault(Enum):
    """What an exception out of a job means for the store."""

    RETRY = "retry"  # another transaction was in the way: the job may run again, alone
    LOCKED = "locked"  # somebody holds what the job needs: it may wait for it alone, and has waited when it was
    UNAVAILABLE = "unavailable"  # locked, full, unreachable
    OWN = "own"  # the job's own affair


class LockBusy(Exception):
    """A lock is held elsewhere and waiting for it now could close a circle; the job runs again alone."""


class Cursor(Protocol):
    """The part of a DB-API cursor the store uses."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """One connection in autocommit mode; transactions are begun and ended by hand."""

    errors: tuple[type[Exception], ...]  # what its driver raises
    is_postgres: bool
    is_readonly: bool
    writer_id: int  # tells apart connections that write at the same time
    database: peewee.Database  # the same connection for peewee's queries
    spare_serial: int | None  # drawn from the sequence and not used yet (PostgreSQL)
    counted_hour: int  # when old sums were last removed
    usual_hour: tuple[int, float] | None  # an hour, and how much limited mail an hour of the week before it saw
    undoes_cheaply: bool  # a savepoint a job, so that a job that fails leaves the others of its transaction alone

    def execute(self, sql: str, params: Sequence[object] = ()) -> Cursor: ...
    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None: ...
    def insert(self, sql: str, params: Sequence[object]) -> int: ...
    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...

    def is_in_transaction(self) -> bool:
        """True while the transaction lives and would commit."""
        ...

    def is_lost(self) -> bool:
        """True when this connection will never work again."""
        ...

    def judge(self, error: BaseException) -> tuple[Fault, str]:
        """What the exception means, and in words what to do when the database is to blame."""
        ...


def read_place(url: str, *, checkpoints: bool, busy_seconds: float) -> Place:
    """The place a database URL names. Raises Permanent for a URL that is none of ours."""
    if url.startswith("sqlite:///"):
        path = "/" + url.removeprefix("sqlite:").lstrip("/")
        if path == "/":
            raise Permanent(f"database: {url!r} names no file; write sqlite:///path/to/mailproc.db")
        return Place(url, path, checkpoints, busy_seconds)
    if url.startswith(("postgresql://", "postgres://")):
        return Place("postgresql://" + url.partition("://")[2], "", checkpoints, busy_seconds)
    scheme = url.partition(":")[0]
    raise Permanent(f"database: {scheme!r} is not known; write sqlite:///path/to/file or postgresql://user@host/name")


def connect(place: Place, *, is_readonly: bool = False) -> Connection:
    """A new connection, its settings in force and read back.

    Raises StoreUnavailable when it cannot be had now, Permanent when the database must not be used as it is.
    """
    # Each driver is loaded only by the sites that use it: psycopg is an extra
    if place.path:
        from mailproc.store.sqlite import SqliteConnection

        return SqliteConnection(place, is_readonly=is_readonly)
    try:
        from mailproc.store.postgres import PostgresConnection
    except ModuleNotFoundError as error:
        raise Permanent(f"PostgreSQL needs the package {error.name}: pip install 'mailproc[postgres]'") from error

    return PostgresConnection(place, is_readonly=is_readonly)
