"""The internal notes of tickets, read where an agent may be speaking: nothing of them may leave with their words."""

from dataclasses import replace

from mailproc.records.ticket import Ticket
from mailproc.store.transaction import Tx

_MOST_NOTES = 300
_LONGEST_NOTE = 20_000


def attach(tx: Tx, tickets: dict[int, Ticket]) -> dict[int, Ticket]:
    """The tickets with their notes, the newest ones where there are very many."""
    return {serial: replace(ticket, notes=_read(tx, serial)) for serial, ticket in tickets.items()}


def _read(tx: Tx, serial: int) -> tuple[str, ...]:
    rows = tx.execute(
        f"SELECT substr(text, 1, {_LONGEST_NOTE}) FROM message WHERE serial = ? AND purpose = 'note'"
        f" ORDER BY id DESC LIMIT {_MOST_NOTES}",
        (serial,),
    )
    return tuple(text for (text,) in rows.fetchall() if text)
