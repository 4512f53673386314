"""What is kept of a watched Maildir between runs: a note of its intake, and which of its mails are stored.

Knows nothing of files; the intake is given a `StoredNotes`.
"""

from mailproc.store import meta
from mailproc.store.database import Store
from mailproc.store.transaction import Tx
from mailproc.store.values import to_key


class StoredNotes:
    """The notes of one intake in the store; each call is a transaction and raises StoreUnavailable."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name

    def read(self) -> str | None:
        """What `write` kept, None before the first time."""
        with self._store.read() as tx:
            return read_note(tx, self._name)

    def write(self, note: str) -> None:
        """Keep it, durably."""
        self._store.run(lambda tx: write_note(tx, self._name, note))

    def stored_since(self, prefix: str, after_id: int) -> tuple[list[str], int]:
        """The identities with that beginning among mails stored after that inbox id, and the newest id."""
        with self._store.read() as tx:
            return stored_since(tx, prefix, after_id)


def read_note(tx: Tx, name: str) -> str | None:
    """The note of the intake with that name, None before its first look."""
    return meta.get_value(tx, f"maildir {name}")


def write_note(tx: Tx, name: str, note: str) -> None:
    """Keep the note of that intake."""
    meta.set_value(tx, f"maildir {name}", note)


def stored_since(tx: Tx, prefix: str, after_id: int) -> tuple[list[str], int]:
    """The identities with that beginning among mails stored after `after_id`, and the newest id there is."""
    prefix = to_key(prefix)
    newest = int(tx.execute("SELECT coalesce(max(id), 0) FROM inbox").fetchone()[0])
    rows = tx.execute(
        "SELECT identity FROM inbox WHERE id > ? AND id <= ? AND kind = 'maildir' AND substr(identity, 1, ?) = ?",
        (after_id, newest, len(prefix), prefix),
    )
    return [row[0] for row in rows], newest
