"""What the daemon keeps between runs: single values by key."""

from mailproc.store.transaction import Tx
from mailproc.store.values import to_text


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
