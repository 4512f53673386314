"""What a job of the store gets: statements with `?` placeholders inside the transaction that runs it."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import peewee

from mailproc.store.connection import Connection, Cursor, LockBusy
from mailproc.store.values import to_hash

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Tx:
    """One job's view of a transaction; it must not begin or end transactions itself."""

    __slots__ = ("connection", "executemany", "insert", "is_alone", "is_postgres", "is_readonly")

    def __init__(self, connection: Connection, *, is_alone: bool = True) -> None:
        self.connection = connection
        self.is_postgres = connection.is_postgres
        self.is_readonly = connection.is_readonly
        self.is_alone = is_alone  # no earlier job holds locks in this transaction: waiting is safe
        self.executemany = connection.executemany
        self.insert = connection.insert  # INSERT into a table with `id`: the new id, 0 where a conflict kept it out

    def execute(self, sql: str, params: Sequence[object] = ()) -> Cursor:
        """Run one statement; its placeholders are `?` on both databases."""
        return self.connection.execute(sql, params)

    @property
    def database(self) -> peewee.Database:
        """This connection for peewee's queries: `query.bind(tx.database)`."""
        return self.connection.database

    def lock_names(self, names: Iterable[str]) -> None:
        """Hold these names to the end of the transaction; nothing to do on SQLite, which has one writer at a time.

        Raises LockBusy instead of waiting when earlier jobs of the transaction hold locks of their own.
        """
        if not self.is_postgres or self.is_readonly:
            return
        keys = sorted({to_hash("lock", name) for name in names})
        if self.is_alone:
            self.execute("SELECT count(pg_advisory_xact_lock(k)) FROM unnest(?::bigint[]) AS k", (keys,))
            return
        row = self.execute(
            "SELECT count(*) FILTER (WHERE NOT pg_try_advisory_xact_lock(k)) FROM unnest(?::bigint[]) AS k", (keys,)
        ).fetchone()
        if row[0]:
            raise LockBusy()

    def for_update(self) -> str:
        """The end of a SELECT whose rows this job is going to change."""
        if not self.is_postgres or self.is_readonly:
            return ""
        return " FOR UPDATE" if self.is_alone else " FOR UPDATE NOWAIT"


@lru_cache(maxsize=64)
def _marks(count: int) -> str:
    return ",".join("?" * count)


def in_list(values: Sequence[object]) -> tuple[str, list[object]]:
    """`(?,?,?,?)` and its parameters for IN; padded, so that few different statements stay prepared."""
    size = next((size for size in _SIZES if size >= len(values)), len(values))
    return f"({_marks(size)})", [*values, *[values[-1]] * (size - len(values))]
