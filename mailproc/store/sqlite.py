"""A connection to one SQLite file: opened, tuned for safety, its settings read back (F08).

One connection a process writes; readers are refused every change. Only the daemon checkpoints (F09).
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import peewee

from mailproc.errors import Permanent, StoreUnavailable
from mailproc.store.connection import Connection, Cursor, Fault, Place

_CHECKPOINT_PAGES = 4000  # 16 MB: pages that change all the time are moved once for many commits
_CACHE_KIBIBYTES = 32_768
_LOG_BYTES = 67_108_864  # the write-ahead log shrinks to this after a burst
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "is locked by another process; it is tried again",
    sqlite3.SQLITE_LOCKED: "is locked by another process; it is tried again",
    sqlite3.SQLITE_FULL: "cannot grow; free disk space",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and belongs to mailproc's user",
    sqlite3.SQLITE_READONLY: "is read-only for this user; check its owner and its folder's",
    sqlite3.SQLITE_IOERR: "cannot be read or written; check the disk",
    sqlite3.SQLITE_NOMEM: "needs more memory than there is",
    sqlite3.SQLITE_PROTOCOL: "is locked by another process; it is tried again",
    sqlite3.SQLITE_PERM: "is not allowed for this user; check its owner and mode",
    sqlite3.SQLITE_INTERRUPT: "was interrupted; it is tried again",
    sqlite3.SQLITE_CORRUPT: "is damaged; run `mailproc db check` and restore it from a backup",
    sqlite3.SQLITE_NOTADB: "is not an SQLite database; check the `database` setting",
}


class SqliteConnection(Connection):
    """One SQLite connection; may be used by any thread, by one at a time."""

    errors = (sqlite3.Error, peewee.PeeweeException)
    is_postgres = False
    undoes_cheaply = False  # two statements a job; the rare job that fails costs the others a second run instead
    writer_id = 0

    def __init__(self, place: Place, *, is_readonly: bool) -> None:
        self.is_readonly = is_readonly
        self.spare_serial = None
        self.counted_hour = 0
        self.usual_hour = None
        self._name = place.path
        self._is_lost = False
        if sqlite3.sqlite_version_info < (3, 35):
            raise Permanent(f"SQLite {sqlite3.sqlite_version} is too old, mailproc needs 3.35 or newer")
        _make_file(Path(place.path))
        self.database: peewee.Database = peewee.SqliteDatabase(
            place.path, timeout=place.busy_seconds, thread_safe=False, check_same_thread=False, cached_statements=400
        )
        with ExitStack() as undo:
            undo.callback(self.database.close)
            try:
                self.database.connect()
                self._raw: sqlite3.Connection = self.database.connection()  # type: ignore[no-untyped-call]
                self._tune(place)
            except self.errors as error:
                fault, text = self.judge(error)
                if fault is Fault.UNAVAILABLE:
                    raise StoreUnavailable(text) from error
                raise
            undo.pop_all()

    def execute(self, sql: str, params: Sequence[object] = ()) -> Cursor:
        return self._raw.execute(sql, params)

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._raw.executemany(sql, rows)

    def insert(self, sql: str, params: Sequence[object]) -> int:
        cursor = self._raw.execute(sql, params)
        return int(cursor.lastrowid or 0) if cursor.rowcount > 0 else 0

    def begin(self) -> None:
        # BEGIN alone takes the write lock too late: read-then-write would fail at once, busy timeout ignored
        self._raw.execute("BEGIN" if self.is_readonly else "BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._raw.execute("COMMIT")

    def rollback(self) -> None:
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")

    def close(self) -> None:
        self._is_lost = True
        self.database.close()

    def is_in_transaction(self) -> bool:
        return self._raw.in_transaction

    def is_lost(self) -> bool:
        return self._is_lost

    def judge(self, error: BaseException) -> tuple[Fault, str]:
        code = _primary_code(error)
        if code is None:
            return Fault.OWN, str(error)
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            # What this connection holds in memory can no longer be believed; the next one reads the file anew
            self._is_lost = True
        words = _UNAVAILABLE.get(code)
        if words is None:
            return Fault.OWN, str(error)
        return Fault.UNAVAILABLE, f"database {self._name} {words} ({error})"

    def _tune(self, place: Place) -> None:
        if not self.is_readonly:
            self._use_write_ahead_log(place)
        wanted: dict[str, int] = {
            "synchronous": 2,  # FULL: WAL with NORMAL may lose the last commits in a power cut
            "foreign_keys": 1,
            "busy_timeout": round(place.busy_seconds * 1000),
            "wal_autocheckpoint": _CHECKPOINT_PAGES if place.checkpoints and not self.is_readonly else 0,
            "mmap_size": 0,
            "cache_size": -_CACHE_KIBIBYTES,
            "temp_store": 2,
            "journal_size_limit": _LOG_BYTES,
            "query_only": int(self.is_readonly),
        }
        for name, value in wanted.items():
            self._raw.execute(f"PRAGMA {name} = {value}").fetchall()
        wrong = [
            f"{name} is {found}, not {value}"
            for name, value in wanted.items()
            if (found := self._read_pragma(name)) != value and not (name == "mmap_size" and found is None)
        ]
        if (mode := self._read_pragma("journal_mode")) != "wal":
            wrong.append(f"journal_mode is {mode}, not wal")
        if wrong:
            raise Permanent(
                f"database {place.path} does not keep its safety settings ({', '.join(wrong)}); mails could be lost in "
                "a power cut. Move it to a local disk, or use PostgreSQL"
            )

    def _use_write_ahead_log(self, place: Place) -> None:
        deadline = time.monotonic() + place.busy_seconds
        while True:
            try:
                self._raw.execute("PRAGMA journal_mode = wal").fetchall()
                return
            except sqlite3.OperationalError as error:
                # The busy timeout does not cover the change of the journal mode, which two first openers race for
                if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _read_pragma(self, name: str) -> object:
        row = self._raw.execute(f"PRAGMA {name}").fetchone()
        return row[0] if row else None


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o750, exist_ok=True)  # one folder, not a path that was mistyped
        if not path.exists():
            # Mail is private: the file is made before SQLite makes it readable by all
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            if os.geteuid() == 0:
                owner = path.parent.stat()  # root's first command must not lock mailproc's user out
                os.chown(path, owner.st_uid, owner.st_gid)
    except OSError as error:
        raise StoreUnavailable(
            f"database {path} cannot be made ({error.strerror}); its folder must exist and belong to mailproc's user"
        ) from error


def _primary_code(error: BaseException) -> int | None:
    if isinstance(error, peewee.PeeweeException) and isinstance(error.__context__, sqlite3.Error):
        error = error.__context__
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
