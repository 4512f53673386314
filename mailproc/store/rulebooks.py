"""The versions of the rulebook: every book that ever came into force, who brought it and how.

The newest row is the book in force, on every host of the site: going back to an earlier one adds a row with the same
files, so that the list is the whole history and a daemon needs to look at one number only. It judges no rules.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from mailproc.store.transaction import Tx
from mailproc.store.values import from_json, from_time, to_json, to_text, to_time

KEPT = 50

Files = tuple[tuple[str, str], ...]  # (name below the rules folder, text)

_COLUMNS = "id, saved_at, digest, author, origin, note, rules, restores"


@dataclass(frozen=True, slots=True)
class Version:
    """One version without its files."""

    id: int
    saved_at: datetime
    digest: str  # of names and texts
    author: str
    origin: str  # start | file change | SIGHUP | apply | rollback
    note: str
    rules: int | None  # how many; None for versions older than this column
    restores: int | None  # the version it brought back


@dataclass(frozen=True, slots=True)
class Arriving:
    """A book that passed check and tests and is to be in force."""

    files: Files
    origin: str
    author: str = ""
    note: str = ""
    rules: int | None = None
    restores: int | None = None


def digest_of(files: Files) -> str:
    """What tells two sets of files apart."""
    return hashlib.sha256(to_json(files).encode()).hexdigest()


def save(tx: Tx, arriving: Arriving, now: datetime) -> tuple[Version, bool]:
    """The version these files are in force as, and whether it is new: False when the newest one holds the same."""
    tx.lock_names(("rulebook",))  # two hosts that see the same change make one version of it
    digest = digest_of(arriving.files)
    last = newest(tx)
    if last is not None and last.digest == digest:
        return last, False
    new = tx.insert(
        "INSERT INTO rulebook (saved_at, digest, files, author, origin, note, rules, restores)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            to_time(now),
            digest,
            to_json(arriving.files),
            to_text(arriving.author),
            arriving.origin,
            to_text(arriving.note),
            arriving.rules,
            arriving.restores,
        ),
    )
    tx.execute(
        "DELETE FROM rulebook WHERE id < (SELECT min(id) FROM (SELECT id FROM rulebook ORDER BY id DESC LIMIT ?) AS r)",
        (KEPT,),
    )
    saved = get(tx, new)
    assert saved is not None
    return saved, True


def sign(tx: Tx, version: int, author: str, note: str) -> None:
    """Put a name and a note to a version that came by itself."""
    tx.execute("UPDATE rulebook SET author = ?, note = ? WHERE id = ?", (to_text(author), to_text(note), version))


def newest_id(tx: Tx) -> int:
    """The number of the version in force, 0 before the first."""
    return int(tx.execute("SELECT coalesce(max(id), 0) FROM rulebook").fetchone()[0])


def newest(tx: Tx) -> Version | None:
    """The version in force, None before the first."""
    return get(tx, newest_id(tx))


def get(tx: Tx, version: int) -> Version | None:
    """The version of that number, None when there is none or it is no longer kept."""
    row = tx.execute(f"SELECT {_COLUMNS} FROM rulebook WHERE id = ?", (version,)).fetchone()
    return _read(row) if row else None


def get_files(tx: Tx, version: int) -> Files | None:
    """The files of a version, None when it is not kept."""
    row = tx.execute("SELECT files FROM rulebook WHERE id = ?", (version,)).fetchone()
    return tuple((name, text) for name, text in from_json(row[0])) if row else None


def list_versions(tx: Tx) -> tuple[Version, ...]:
    """All that are kept, newest first."""
    return tuple(_read(row) for row in tx.execute(f"SELECT {_COLUMNS} FROM rulebook ORDER BY id DESC"))


def find_earlier(tx: Tx) -> Version | None:
    """The version to go back to: the one before what is in force, which may itself have brought back an older one."""
    current = newest(tx)
    if current is None:
        return None
    row = tx.execute(
        f"SELECT {_COLUMNS} FROM rulebook WHERE id < ? AND digest <> ? ORDER BY id DESC LIMIT 1",
        (current.restores or current.id, current.digest),
    ).fetchone()
    return _read(row) if row else None


def _read(row: tuple[int, str, str, str, str, str, int | None, int | None]) -> Version:
    return Version(row[0], from_time(row[1]), row[2], row[3], row[4], row[5], row[6], row[7])
