"""Stored mail as it came, with what was decided about it then: for asking rules about the past. It changes nothing.

Only numbers are kept of many mails; their bytes are read one by one by the caller (`store.inbox.raw_of`).
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailproc.records.decision import Step
from mailproc.records.mail import Envelope
from mailproc.records.ticket import State, Ticket
from mailproc.store.inbox import read_envelope
from mailproc.store.lookup import load_tickets
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, from_optional_time, to_time

_PAGE = 2_000
_CHUNK = 120


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One mail that came in, without its bytes, and the last decision about it."""

    id: int
    envelope: Envelope
    fingerprint: str
    sender: str  # From address, "" when it has none or was not read
    subject: str
    outcome: str  # of the last decision; "" for a mail that still waits
    reason: str
    serial: int | None
    number: str  # of its ticket
    decided_at: datetime | None
    steps: tuple[Step, ...]
    was_known: bool  # its sender had been dealt with before that decision


def list_ids(tx: Tx, since: datetime, until: datetime) -> "array[int]":
    """Inbox ids of the mails that arrived in [since, until), oldest first; eight bytes of memory each."""
    found = array("q")
    last = 0
    while True:
        rows = tx.execute(
            "SELECT id FROM inbox WHERE id > ? AND received_at >= ? AND received_at < ? ORDER BY id LIMIT ?",
            (last, to_time(since), to_time(until), _PAGE),
        ).fetchall()
        found.extend(row[0] for row in rows)
        if len(rows) < _PAGE:
            return found
        last = found[-1]


def ids_of_ticket(tx: Tx, serial: int) -> tuple[int, ...]:
    """Inbox ids of the mails whose last decision ended on that ticket, oldest first."""
    rows = tx.execute("SELECT DISTINCT inbox_id FROM decision WHERE serial = ? AND inbox_id IS NOT NULL", (serial,))
    return tuple(sorted(row[0] for row in rows))


def read_mails(tx: Tx, ids: Sequence[int]) -> Iterator[StoredMail]:
    """The mails with these ids, in their order."""
    for start in range(0, len(ids), _CHUNK):
        marks, values = in_list(ids[start : start + _CHUNK])
        rows = tx.execute(
            "SELECT i.id, i.envelope, i.fingerprint, i.sender, i.subject, coalesce(d.outcome, i.outcome),"
            " coalesce(d.reason, i.reason), coalesce(d.serial, i.serial), t.number, d.at, d.trace, c.first_seen_at"
            " FROM inbox i"
            " LEFT JOIN decision d ON d.id = (SELECT max(id) FROM decision WHERE inbox_id = i.id)"
            " LEFT JOIN ticket t ON t.serial = coalesce(d.serial, i.serial)"
            " LEFT JOIN contact c ON c.address = i.sender AND i.sender <> ''"
            f" WHERE i.id IN {marks} ORDER BY i.id",
            values,
        ).fetchall()
        for row in rows:
            yield StoredMail(
                id=row[0],
                envelope=read_envelope(row[1]),
                fingerprint=row[2],
                sender=row[3],
                subject=row[4],
                outcome=row[5],
                reason=row[6],
                serial=row[7],
                number=row[8] or "",
                decided_at=from_optional_time(row[9]),
                steps=tuple(Step(*step) for step in from_json(row[10])) if row[10] else (),
                # A mail's own decision remembers its sender at that very moment
                was_known=row[11] is not None and row[9] is not None and row[11] < row[9],
            )


def ticket_before(tx: Tx, serial: int, inbox_id: int, now: datetime) -> Ticket | None:
    """The ticket as a mail found it: what its history says happened with that mail and since is taken back.

    State, department, priority, tags and fields only; None when there is no such ticket (any more).
    """
    ticket = load_tickets(tx, (serial,), now, with_threads=False)[0].get(serial)
    if ticket is None:
        return None
    values = {"state": str(ticket.state), "department": ticket.department, "priority": ticket.priority}
    tags, fields = dict.fromkeys(ticket.tags), dict(ticket.fields)
    events = tx.execute(
        "SELECT kind, data FROM event WHERE serial = ? AND id >= (SELECT min(id) FROM event WHERE serial = ? AND"
        " inbox_id = ?) AND kind IN ('state', 'attribute', 'tags', 'field') ORDER BY id DESC",
        (serial, serial, inbox_id),
    )
    for kind, text in events:
        data = from_json(text)
        if kind == "state":
            values["state"] = data["from"]
        elif kind == "attribute" and data["name"] in values:
            values[data["name"]] = data["from"]
        elif kind == "tags":
            for tag in data["add"]:
                tags.pop(tag, None)
            tags.update(dict.fromkeys(data["remove"]))
        elif kind == "field" and data["from"]:
            fields[data["name"]] = data["from"]
        elif kind == "field":
            fields.pop(data["name"], None)
    return replace(
        ticket,
        state=State(values["state"]),
        department=values["department"],
        priority=values["priority"],
        tags=tuple(tags),
        fields=tuple(fields.items()),
    )
