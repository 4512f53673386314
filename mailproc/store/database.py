"""The store as the rest of mailproc sees it: jobs in transactions, reads beside them.

It opens and migrates the database. It knows no table: inbox, lookup, commit, outbox and queries are jobs.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self, TypeVar

from mailproc.errors import StoreUnavailable
from mailproc.store.connection import DEFAULT_BUSY_SECONDS, Connection, Fault, Place, connect, read_place
from mailproc.store.migrate import migrate
from mailproc.store.transaction import Tx
from mailproc.store.writer import Writer

__all__ = ["Store", "Tx", "open_store"]

T = TypeVar("T")


def open_store(url: str, *, checkpoints: bool = False, busy_seconds: float = DEFAULT_BUSY_SECONDS) -> "Store":
    """The store at `sqlite:///path` or `postgresql://...`, made and migrated when needed.

    `checkpoints` is for the daemon alone. Raises StoreUnavailable when the database is locked, full or unreachable,
    Permanent when it must not be used: a newer schema, settings that would lose mail in a power cut.
    """
    place = read_place(url, checkpoints=checkpoints, busy_seconds=busy_seconds)
    connection = connect(place)
    with ExitStack() as undo:
        undo.callback(connection.close)
        migrate(connection)
        undo.pop_all()
    return Store(place, connection)


class Store:
    """One database, one writing thread, as many readers as there are threads that read."""

    def __init__(self, place: Place, connection: Connection) -> None:
        self.name = place.name
        self.is_postgres = connection.is_postgres
        self._place = place
        self._writer = Writer(connection, lambda: connect(place), place.busy_seconds)
        self._idle_readers: list[Connection] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def submit(self, job: Callable[[Tx], T], *, urgent: bool = False) -> Future[T]:
        """Have the job done; its future is resolved after the COMMIT.

        The job may run more than once and must only touch the database. An exception undoes that job alone and
        lands in its future; StoreUnavailable there means the database could not be asked.
        """
        return self._writer.submit(job, is_urgent=urgent)

    def run(self, job: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """The job's result, after the COMMIT. Raises what the job raised, or StoreUnavailable."""
        if self._writer.is_own_thread():
            raise RuntimeError("a job of the store waits for another one; call it with the transaction instead")
        return self._writer.run(job, is_urgent=urgent)  # type: ignore[no-any-return]

    def waiting_urgent(self) -> int:
        """How many accepts wait for a transaction: background work may give way."""
        return self._writer.waiting_urgent()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """One moment of the database to read; every change is refused. Raises StoreUnavailable."""
        connection = self._take_reader()
        try:
            yield Tx(connection)
        except connection.errors as error:
            fault, text = connection.judge(error)
            if fault is Fault.OWN:
                raise
            raise StoreUnavailable(text) from error
        finally:
            self._end_reading(connection)

    def close(self) -> None:
        """Finish what waits and let the database go."""
        self._writer.close()
        with self._lock:
            self._is_closed = True
            readers, self._idle_readers = self._idle_readers, []
        for connection in readers:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_reader(self) -> Connection:
        with self._lock:
            connection = self._idle_readers.pop() if self._idle_readers else None
        if connection is not None:
            try:
                connection.begin()
                return connection
            except connection.errors:
                # The server forgot it while it was idle: a new connection makes it good
                connection.close()
        connection = connect(self._place, is_readonly=True)
        try:
            connection.begin()
        except connection.errors as error:
            connection.close()
            raise StoreUnavailable(connection.judge(error)[1]) from error
        return connection

    def _end_reading(self, connection: Connection) -> None:
        try:
            connection.rollback()
        except connection.errors:
            connection.close()
            return
        with self._lock:
            if not self._is_closed and not connection.is_lost():
                self._idle_readers.append(connection)
                return
        connection.close()
