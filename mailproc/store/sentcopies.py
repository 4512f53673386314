"""Mails that went and whose copy is still to be put into the mailbox's Sent folder: a line each until it is there."""

from datetime import datetime, timedelta

from mailproc.store import schema
from mailproc.store.packing import unpack
from mailproc.store.transaction import Tx
from mailproc.store.values import to_text, to_time

LIFETIME = timedelta(days=5)  # then a copy that cannot be made is given up
_WAITS = (1, 5, 15, 60)  # minutes
_LONGEST_PROBLEM = 300


def create_table(tx: Tx) -> None:
    """The table of the copies that are due."""
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    key, number, time = words["key"], words["int"], words["time"]
    tx.execute(
        f"CREATE TABLE sent_copy (outbox_id {key} REFERENCES outbox (id) ON DELETE CASCADE,"
        f" added_at {time} NOT NULL, next_at {time} NOT NULL, attempts {number} NOT NULL DEFAULT 0,"
        " problem TEXT NOT NULL DEFAULT '')"
    )


def add(tx: Tx, outbox_id: int, now: datetime) -> None:
    """A copy of this mail is due; doing it twice does nothing."""
    tx.execute(
        "INSERT INTO sent_copy (outbox_id, added_at, next_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (outbox_id, to_time(now), to_time(now)),
    )


def due(tx: Tx, now: datetime, limit: int = 20) -> list[tuple[int, str, bytes]]:
    """(outbox id, Message-ID, bytes) of the copies to make now, oldest first."""
    rows = tx.execute(
        "SELECT c.outbox_id, o.message_id, r.codec, r.data FROM sent_copy c JOIN outbox o ON o.id = c.outbox_id"
        " JOIN outbox_raw r ON r.outbox_id = c.outbox_id WHERE c.next_at <= ? ORDER BY c.outbox_id LIMIT ?",
        (to_time(now), limit),
    ).fetchall()
    return [(row[0], row[1], unpack(row[2], row[3])) for row in rows]


def made(tx: Tx, outbox_id: int) -> None:
    """The copy is there."""
    tx.execute("DELETE FROM sent_copy WHERE outbox_id = ?", (outbox_id,))


def postpone(tx: Tx, problem: str, now: datetime) -> None:
    """The mailbox takes none now: all that are due wait; those that waited for days are given up."""
    tx.execute("DELETE FROM sent_copy WHERE added_at < ?", (to_time(now - LIFETIME),))
    row = tx.execute("SELECT max(attempts) FROM sent_copy WHERE next_at <= ?", (to_time(now),)).fetchone()
    wait = timedelta(minutes=_WAITS[min(int(row[0] or 0), len(_WAITS) - 1)])
    tx.execute(
        "UPDATE sent_copy SET next_at = ?, attempts = attempts + 1, problem = ? WHERE next_at <= ?",
        (to_time(now + wait), to_text(problem)[:_LONGEST_PROBLEM], to_time(now)),
    )
