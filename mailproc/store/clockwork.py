"""What the clock finds in the tables: tickets to close, and those on which something promised may be due by now."""

from datetime import datetime, timedelta

from mailproc.records.ticket import Known
from mailproc.store import meta, queries
from mailproc.store.lookup import Query, lookup
from mailproc.store.transaction import Tx
from mailproc.store.values import to_time

_TERMS = "terms of promises"
_LEASE = timedelta(minutes=5)


def look_up(tx: Tx, query: Query, now: datetime) -> Known:
    """What `lookup` finds, with the clocks of its tickets, read under their locks."""
    return lookup(tx, query, now, with_clocks=True)


def claim(tx: Tx, now: datetime, terms: str, closes_after: timedelta | None) -> tuple[int, ...]:
    """The tickets that the clock looks at next: those to close by now, else one with something due; () for none.

    What is claimed is not claimed again for some minutes: a ticket that cannot be worked on keeps the clock from no
    other. Where `terms` are others than those last counted by, all open cases are due.
    """
    if closes_after is not None and (finished := queries.due_for_close(tx, now, closes_after)):
        return finished
    row = tx.execute(
        "SELECT serial FROM ticket WHERE wakes_at IS NOT NULL AND wakes_at <= ? ORDER BY wakes_at, serial LIMIT 1",
        (to_time(now),),
    ).fetchone()
    if row is not None:
        tx.execute("UPDATE ticket SET wakes_at = ? WHERE serial = ?", (to_time(now + _LEASE), row[0]))
        return (row[0],)
    counted_by = meta.get_value(tx, _TERMS)
    if counted_by != terms:
        meta.set_value(tx, _TERMS, terms)
        if counted_by is not None:
            tx.execute(
                "UPDATE promise SET look_at = ?"
                " WHERE serial IN (SELECT serial FROM ticket WHERE state IN ('new', 'open'))",
                (to_time(now),),
            )
    row = tx.execute(
        "SELECT serial FROM promise WHERE look_at IS NOT NULL AND look_at <= ? ORDER BY look_at, serial LIMIT 1",
        (to_time(now),),
    ).fetchone()
    if row is None:
        return ()
    tx.execute("UPDATE promise SET look_at = ? WHERE serial = ?", (to_time(now + _LEASE), row[0]))
    return (row[0],)
