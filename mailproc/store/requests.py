"""Requests and acts of the clock that were carried out before: found again by the id that named them."""

from mailproc.records.decision import Outcome
from mailproc.store.transaction import Tx
from mailproc.store.values import to_key


def was_done(tx: Tx, request_id: str) -> bool:
    """True when a decision under this id is in force: after a lost connection it need not be made again (F12)."""
    row = tx.execute("SELECT 1 FROM decision WHERE request_id = ? AND request_id <> '' LIMIT 1", (to_key(request_id),))
    return row.fetchone() is not None


def outcome_of(tx: Tx, request_id: str) -> Outcome | None:
    """How the request ended; None when it was never carried out."""
    row = tx.execute(
        "SELECT outcome FROM decision WHERE request_id = ? AND request_id <> '' ORDER BY id LIMIT 1",
        (to_key(request_id),),
    ).fetchone()
    return Outcome(row[0]) if row else None
