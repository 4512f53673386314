"""What the daemon keeps between runs: single values by key, and the last rulebook that was good."""

import hashlib
from datetime import UTC, datetime

from mailproc.store.transaction import Tx
from mailproc.store.values import from_json, to_json, to_text, to_time

_RULEBOOKS_KEPT = 50


def get_value(tx: Tx, key: str) -> str | None:
    """The value kept under a key, None when there is none."""
    row = tx.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def set_value(tx: Tx, key: str, value: str | None) -> None:
    """Keep a value under a key; None forgets it."""
    if value is None:
        tx.execute("DELETE FROM meta WHERE key = ?", (key,))
        return
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, to_text(value)),
    )


def save_rulebook(tx: Tx, files: tuple[tuple[str, str], ...], now: datetime | None = None) -> bool:
    """Keep the (name, text) pairs of a good rulebook; False when the last one kept is the same."""
    text = to_json(files)
    digest = hashlib.sha256(text.encode()).hexdigest()
    last = tx.execute("SELECT digest FROM rulebook ORDER BY id DESC LIMIT 1").fetchone()
    if last and last[0] == digest:
        return False
    tx.execute(
        "INSERT INTO rulebook (saved_at, digest, files) VALUES (?, ?, ?)",
        (to_time(now or datetime.now(UTC)), digest, text),
    )
    tx.execute(
        "DELETE FROM rulebook WHERE id < (SELECT min(id) FROM (SELECT id FROM rulebook ORDER BY id DESC LIMIT ?) AS r)",
        (_RULEBOOKS_KEPT,),
    )
    return True


def last_rulebook(tx: Tx) -> tuple[tuple[str, str], ...] | None:
    """The files of the last good rulebook, None when none was ever kept."""
    row = tx.execute("SELECT files FROM rulebook ORDER BY id DESC LIMIT 1").fetchone()
    return tuple((name, text) for name, text in from_json(row[0])) if row else None
