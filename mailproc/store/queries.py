"""Lists and single records for the command line: dicts with the keys of its JSON. It changes nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN

from mailproc.records.decision import Step
from mailproc.store import inbox, outbox
from mailproc.store.models import Event, Inbox, Message, Outbox, Ticket, read_rows
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, to_key, to_text, to_time

_CHUNK = 120

Record = dict[str, Any]


def get_ticket(tx: Tx, serial: int) -> Record | None:
    """A ticket as `ticket show --json` prints it; None when there is no such ticket."""
    found = read_rows(Ticket.select().where(Ticket.serial == serial), tx.database)
    if not found:
        return None
    messages = read_rows(Message.select().where(Message.serial == serial).order_by(Message.id), tx.database)
    proofs = _read_proofs(tx, serial)
    return {
        **_ticket_head(found[0]),
        "messages": [_message(row, proofs) for row in messages],
        "events": list_events(tx, serial),
        "links": _read_links(tx, [serial]).get(serial, []),
    }


def list_tickets(
    tx: Tx, *, state: str | None = None, department: str | None = None, limit: int | None = None
) -> list[Record]:
    """Tickets without messages and events, newest first."""
    query = Ticket.select()
    if state is None:
        query = query.order_by(Ticket.serial.desc())
    else:
        # The same order, as the index of states has it
        query = query.where(Ticket.state == to_text(state)).order_by(Ticket.created_at.desc(), Ticket.serial.desc())
    if department is not None:
        query = query.where(Ticket.department == to_text(department))
    if limit is not None:
        query = query.limit(limit)
    rows = read_rows(query, tx.database)
    links = _read_links(tx, [row["serial"] for row in rows])
    return [{**_ticket_head(row), "links": links.get(row["serial"], [])} for row in rows]


def list_events(tx: Tx, serial: int) -> list[Record]:
    """The history of a ticket, oldest first."""
    rows = read_rows(Event.select().where(Event.serial == serial).order_by(Event.id), tx.database)
    return [
        {"at": row["at"], "kind": row["kind"], "actor": row["actor"], "data": from_json(row["data"])} for row in rows
    ]


def list_held(tx: Tx) -> list[Record]:
    """Mails that wait for a person, oldest first."""
    query = Inbox.select(Inbox.id, Inbox.reason, Inbox.sender, Inbox.subject, Inbox.received_at)
    rows = read_rows(query.where(Inbox.state == "held").order_by(Inbox.id), tx.database)
    return [
        {
            "id": row["id"],
            "reason": row["reason"],
            "from": row["sender"],
            "subject": row["subject"],
            "received_at": row["received_at"],
        }
        for row in rows
    ]


def list_outbox(tx: Tx, state: str | None = None) -> list[Record]:
    """Outgoing mails, oldest first; `ticket` is the case number, None for a mail of no ticket."""
    query = Outbox.select(
        Outbox.id, Outbox.state, Outbox.recipient, Outbox.purpose, Outbox.subject, Ticket.number
    ).join(Ticket, JOIN.LEFT_OUTER, on=(Ticket.serial == Outbox.serial))
    if state is not None:
        query = query.where(Outbox.state == to_text(state))
    return [_outbox_line(row) for row in read_rows(query.order_by(Outbox.id), tx.database)]


def get_outbox(tx: Tx, outbox_id: int) -> Record | None:
    """All that `outbox show` prints of one mail, its bytes excepted; None when there is no such mail."""
    query = Outbox.select(Outbox, Ticket.number).join(Ticket, JOIN.LEFT_OUTER, on=(Ticket.serial == Outbox.serial))
    rows = read_rows(query.where(Outbox.id == outbox_id), tx.database)
    if not rows:
        return None
    row = rows[0]
    names = ("n", "role", "author", "message_id", "envelope_from", "size", "next_at", "attempts", "created_at")
    more = ("sent_at", "code", "answer", "error", "bounced_at", "bounce")
    return {**_outbox_line(row), **{name: row[name] for name in (*names, *more)}}


def find_serial(tx: Tx, number: str) -> int | None:
    """The ticket that people call by this number; None when there is none."""
    row = tx.execute(
        "SELECT serial FROM ticket WHERE number = ?", (to_key(number.strip().strip("[]").upper()),)
    ).fetchone()
    return int(row[0]) if row else None


def trace_of(tx: Tx, inbox_id: int) -> tuple[Step, ...]:
    """How the last decision about a mail came about; empty for a mail that is not decided."""
    row = tx.execute("SELECT trace FROM decision WHERE inbox_id = ? ORDER BY id DESC LIMIT 1", (inbox_id,)).fetchone()
    return _read_trace(row[0]) if row else ()


def traces_of_ticket(tx: Tx, serial: int) -> list[Record]:
    """Every decision that ended on a ticket, oldest first: inbox_id, at, outcome, reason, steps."""
    rows = tx.execute(
        "SELECT inbox_id, at, outcome, reason, trace FROM decision WHERE serial = ? ORDER BY id", (serial,)
    )
    return [
        {"inbox_id": row[0], "at": row[1], "outcome": row[2], "reason": row[3], "steps": _read_trace(row[4])}
        for row in rows
    ]


def raw_of_message(tx: Tx, message_id: int) -> bytes | None:
    """The bytes behind a message of a ticket, as they came or went; None when there are none."""
    row = tx.execute("SELECT inbox_id, outbox_id FROM message WHERE id = ?", (message_id,)).fetchone()
    if row is None:
        return None
    if row[0] is not None:
        return inbox.raw_of(tx, row[0])
    return outbox.raw_of(tx, row[1]) if row[1] is not None else None


def due_for_close(tx: Tx, now: datetime, auto_close_after: timedelta, limit: int = 200) -> tuple[int, ...]:
    """Tickets that have been resolved for that long, the longest first."""
    rows = tx.execute(
        "SELECT serial FROM ticket WHERE state = 'resolved' AND resolved_at <= ? ORDER BY resolved_at LIMIT ?",
        (to_time(now - auto_close_after), limit),
    )
    return tuple(row[0] for row in rows)


def _ticket_head(row: Record) -> Record:
    return {
        "number": row["number"],
        "subject": row["subject"],
        "state": row["state"],
        "priority": row["priority"],
        "department": row["department"],
        "assignee": row["assignee"],
        "requester": row["requester"],
        "language": row["language"],
        "tags": from_json(row["tags"]),
        "fields": from_json(row["fields"]),
        "channel": row["channel"],
        "created_at": row["created_at"],
        "due": row["due_at"],
    }


def _read_proofs(tx: Tx, serial: int) -> dict[int, list[str]]:
    """What each mail's claim to its sender rests on, a line each, by the mail's inbox id."""
    return {
        item["inbox_id"]: [step.text for step in item["steps"] if step.room == "trust"]
        for item in traces_of_ticket(tx, serial)
        if item["inbox_id"] is not None
    }


def _message(row: Record, proofs: dict[int, list[str]]) -> Record:
    return {
        "id": row["id"],
        "direction": row["direction"],
        "visibility": row["visibility"],
        "from": row["author"],
        "to": from_json(row["recipients"]),
        "subject": row["subject"],
        "date": row["date"],
        "text": row["text"],
        "message_id": row["message_id"],
        "purpose": row["purpose"],
        "class": row["mail_class"],
        "level": row["level"],
        "evidence": proofs.get(row["inbox_id"], []),
        "attachments": [
            {"filename": name, "content_type": content_type, "size": size}
            for name, content_type, size in from_json(row["attachments"])
        ],
    }


def _outbox_line(row: Record) -> Record:
    return {
        "id": row["id"],
        "state": row["state"],
        "to": row["recipient"],
        "purpose": row["purpose"],
        "subject": row["subject"],
        "ticket": row["number"],
    }


def _read_links(tx: Tx, serials: Iterable[int]) -> dict[int, list[Record]]:
    """Links of each ticket, seen from its side; `kind` of the other side starts with `by-`."""
    wanted = list(serials)
    found: dict[int, list[Record]] = {}
    for start in range(0, len(wanted), _CHUNK):
        marks, values = in_list(wanted[start : start + _CHUNK])
        for near, far, prefix in (("serial", "other", ""), ("other", "serial", "by-")):
            rows = tx.execute(
                f"SELECT l.{near}, t.number, l.kind, l.at FROM link l JOIN ticket t ON t.serial = l.{far}"
                f" WHERE l.{near} IN {marks} ORDER BY l.at, l.{far}",
                values,
            )
            for serial, number, kind, at in rows:
                found.setdefault(serial, []).append({"ticket": number, "kind": prefix + kind, "at": at})
    return found


def _read_trace(text: str) -> tuple[Step, ...]:
    return tuple(Step(room, words, matched) for room, words, matched in from_json(text))


def last_decided(tx: Tx) -> Record | None:
    """The mail that was decided last: inbox_id, outcome, reason, serial, steps; None when none was."""
    row = tx.execute(
        "SELECT inbox_id, outcome, reason, serial, trace FROM decision WHERE inbox_id IS NOT NULL"
        " ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    names = ("inbox_id", "outcome", "reason", "serial")
    return {**dict(zip(names, row, strict=False)), "steps": _read_trace(row[4])}


def last_mail_out(tx: Tx) -> int:
    """The id of the newest outgoing mail, 0 when there is none."""
    return int(tx.execute("SELECT coalesce(max(id), 0) FROM outbox").fetchone()[0])


def mails_caused_by(tx: Tx, inbox_id: int, after: int = 0) -> list[Record]:
    """Outgoing mails that the decisions about a mail queued after that one, oldest first: id, to, purpose."""
    rows = tx.execute(
        "SELECT id, recipient, purpose FROM outbox WHERE inbox_id = ? AND id > ? ORDER BY id", (inbox_id, after)
    )
    return [{"id": row[0], "to": row[1], "purpose": row[2]} for row in rows]
