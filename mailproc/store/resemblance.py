"""The case in work that a new mail of the same person may belong to: one comparable subject, within a week.

The index holds cases in work only: it stays small however old the site is, and the look-up is one probe.
"""

from datetime import datetime, timedelta

from mailproc.records.ticket import Resembled
from mailproc.store import schema
from mailproc.store.conversations import to_alike
from mailproc.store.transaction import Tx
from mailproc.store.values import to_hash, to_text, to_time

WINDOW = timedelta(days=7)
_IN_WORK = "state IN ('new', 'open', 'pending', 'on-hold')"
RESEMBLES = (
    f"resembles = ? AND resembles IS NOT NULL AND {_IN_WORK} AND requester = ? AND created_at >= ?"
    " AND merged_into IS NULL"
)
_FIND = f"SELECT serial, number, department FROM ticket WHERE {RESEMBLES} ORDER BY serial DESC LIMIT 1"


def add_column(tx: Tx) -> None:
    """A migration: by what a case in work is found again; cases opened before are not looked for."""
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    tx.execute(f"ALTER TABLE ticket ADD COLUMN resembles {words['int']}")
    tx.execute(f"CREATE INDEX ticket_resembles ON ticket (resembles) WHERE resembles IS NOT NULL AND {_IN_WORK}")


def to_number(requester: str, subject_key: str) -> int | None:
    """The number under which cases of one requester with one comparable subject meet; None without either."""
    return to_hash(requester, subject_key) if requester and subject_key else None


def found_by(requester: str, subject_key: str) -> dict[str, int | None]:
    """The columns by which a ticket is found again: among cases in work, and among finished ones."""
    return {"alike": to_alike(subject_key), "resembles": to_number(requester, subject_key)}


def find_by(requester: str, subject_key: str, now: datetime) -> tuple[int | None, str, str]:
    """The parameters of RESEMBLES; the first is None where nothing can resemble."""
    return to_number(requester, subject_key), to_text(requester), to_time(now - WINDOW)


def find(tx: Tx, requester: str, subject_key: str, now: datetime) -> Resembled | None:
    """The newest case in work that this requester opened within a week under that comparable subject."""
    asked = find_by(requester, subject_key, now)
    if asked[0] is None:
        return None
    row = tx.execute(_FIND, asked).fetchone()
    return Resembled(row[0], row[1], row[2]) if row is not None else None
