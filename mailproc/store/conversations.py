"""What ties mails and tickets together beyond their ids: Outlook's index of a mail, and what finished tickets asked."""

from mailproc.message.subjects import comparable
from mailproc.store import schema
from mailproc.store.transaction import Tx
from mailproc.store.values import to_hash

MOST_ALIKE = 5
_SHORTEST = 8  # characters of a subject that says anything: "help" and "hi" are alike everywhere
_FINISHED = "state IN ('resolved', 'closed')"
IS_ALIKE = f"alike = ? AND alike IS NOT NULL AND {_FINISHED}"


def add_columns(tx: Tx) -> None:
    """A migration: the Thread-Index of a message, and by what a finished ticket is found again.

    The index holds finished tickets only, so that a new one costs it nothing.
    """
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    tx.execute("ALTER TABLE message ADD COLUMN thread_index TEXT NOT NULL DEFAULT ''")
    tx.execute(f"ALTER TABLE ticket ADD COLUMN alike {words['int']}")
    for serial, subject in tx.execute(f"SELECT serial, subject FROM ticket WHERE {_FINISHED}").fetchall():
        tx.execute("UPDATE ticket SET alike = ? WHERE serial = ?", (to_alike(comparable(subject)), serial))
    tx.execute(f"CREATE INDEX ticket_alike ON ticket (alike, serial) WHERE alike IS NOT NULL AND {_FINISHED}")


def to_alike(subject_key: str) -> int | None:
    """The number under which tickets with one comparable subject meet; None for a subject that says nothing."""
    return to_hash(subject_key) if len(subject_key) >= _SHORTEST else None


def find_alike(tx: Tx, subject_key: str) -> tuple[tuple[str, str, str], ...]:
    """(number, state, department) of the newest finished tickets with that comparable subject."""
    alike = to_alike(subject_key)
    if alike is None:
        return ()
    rows = tx.execute(
        f"SELECT number, state, department FROM ticket WHERE {IS_ALIKE} ORDER BY serial DESC LIMIT ?",
        (alike, MOST_ALIKE),
    ).fetchall()
    return tuple((row[0], row[1], row[2]) for row in rows)
