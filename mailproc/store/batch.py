"""The rows one decision comes to, gathered first and written table by table with few statements.

It knows tables and columns, not what effects mean (`commit`). Nothing is written before `write`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mailproc.errors import Permanent
from mailproc.records.effects import ComposedMail
from mailproc.records.mail import Address
from mailproc.records.promises import Clock
from mailproc.store import counts, promises
from mailproc.store.packing import pack
from mailproc.store.transaction import Tx
from mailproc.store.values import to_json, to_key, to_text, to_time

# Mails that customers get and the ticket shows as messages; forwards and copies are the same words again
SHOWN_PURPOSES = frozenset(
    {"answer", "resolved", "received", "status", "awaiting", "reopened", "closed", "merged", "moved", "rejected"}
)

_TICKET_COLUMNS = (
    "serial", "number", "subject", "state", "requester", "requester_name", "department", "priority", "language",
    "assignee", "channel", "sla", "tags", "fields", "created_at", "updated_at", "due_at", "resolved_at", "closed_at",
    "last_mail_at", "last_agent_at", "merged_into", "mails_out", "requester_message_id", "reopened_at", "alike",
    "resembles",
)  # fmt: skip
_INSERT_TICKET = f"INSERT INTO ticket ({', '.join(_TICKET_COLUMNS)}) VALUES ({', '.join('?' * len(_TICKET_COLUMNS))})"
_INSERT_MESSAGE = (
    "INSERT INTO message (serial, inbox_id, outbox_id, at, direction, visibility, purpose, author, author_name,"
    " recipients, subject, date, message_id, mail_class, level, language, is_unverified, attachments, text, cut_text,"
    " thread_index) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
# Two packed mails would be a tenth of all that deciding a mail costs, to save some 6 KB a ticket
_SMALLEST_PACKED = 16_384
_INSERT_OUTBOX = (
    "INSERT INTO outbox (inbox_id, request_id, serial, n, purpose, recipient, identity, role, author, is_automatic,"
    " is_limited, may_resend, envelope_from, message_id, subject, size, state, next_at, created_at, error, mail,"
    " mailbox) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


class Batch:
    """The rows of one decision; `serial` arguments name tickets that exist or that `open_ticket` was given before."""

    def __init__(self, tx: Tx, now: datetime, inbox_id: int | None, request_id: str) -> None:
        self.tx = tx
        self.at = now
        self.now = to_time(now)
        self.inbox_id = inbox_id
        self.request_id = request_id
        self.is_mail = inbox_id is not None
        self._opened: dict[int, dict[str, Any]] = {}
        self._changed: dict[int, dict[str, Any]] = {}
        self._stored: dict[int, dict[str, Any]] = {}
        self._numbered: dict[int, int] = {}  # the highest number of a mail of a stored ticket
        self.participants: list[tuple[object, ...]] = []
        self.messages: list[tuple[object, ...]] = []
        self.message_ids: list[tuple[object, ...]] = []
        self.links: list[tuple[object, ...]] = []
        self.contacts: list[tuple[object, ...]] = []
        self.clocks: list[tuple[int, Clock]] = []
        self.events: list[tuple[object, ...]] = []
        self.mails: list[tuple[ComposedMail, str]] = []  # with the mail as JSON where it is held
        self.later: list[Callable[[], None]] = []  # changes of rows that are written by then; they may add events

    def open_ticket(self, serial: int, columns: dict[str, Any]) -> None:
        """A ticket to insert; columns that are not given are empty."""
        self._opened[serial] = dict.fromkeys(_TICKET_COLUMNS) | {"serial": serial, "mails_out": 0} | columns

    def read(self, serial: int, column: str) -> Any:
        """The value a column of a ticket has by now. Raises Permanent when there is no such ticket."""
        for rows in (self._changed, self._opened):
            if serial in rows and column in rows[serial]:
                return rows[serial][column]
        if serial not in self._stored:
            names = (
                "state, department, priority, assignee, language, sla, subject, tags, fields, reopened_at, set_due_at,"
                " waits_until"
            )
            row = self.tx.execute(f"SELECT {names} FROM ticket WHERE serial = ?", (serial,)).fetchone()
            if row is None:
                raise _no_ticket(serial)
            self._stored[serial] = dict(zip(names.split(", "), row, strict=True))
        return self._stored[serial].get(column)

    def change(self, serial: int, **columns: Any) -> None:
        """Columns of a ticket to set."""
        if serial in self._opened:
            self._opened[serial].update(columns)
            return
        self._changed.setdefault(serial, {"updated_at": self.now}).update(columns)

    def may_link(self, serial: int, other: int) -> bool:
        """Whether there is such a ticket and no link to it yet: what a rule names may come out of a mail."""
        if self.tx.execute("SELECT 1 FROM ticket WHERE serial = ?", (other,)).fetchone() is None:
            self.add_event(serial, "not-linked", {"other": other})
            return False
        known = "SELECT 1 FROM link WHERE serial = ? AND other = ?"
        return self.tx.execute(known, (serial, other)).fetchone() is None

    def add_event(self, serial: int | None, kind: str, data: dict[str, Any], actor: str = "") -> None:
        """A line of history."""
        self.events.append((serial or None, self.inbox_id, self.now, to_text(kind), to_text(actor), to_json(data)))

    def add_mail(self, composed: ComposedMail, mail_json: str) -> None:
        """A mail for the outbox."""
        mail = composed.mail
        self.mails.append((composed, mail_json))
        if mail.serial and mail.n:
            if mail.serial in self._opened:
                self.change(mail.serial, mails_out=max(self._opened[mail.serial]["mails_out"], mail.n))
            else:
                self._numbered[mail.serial] = max(self._numbered.get(mail.serial, 0), mail.n)
            self.change(mail.serial, last_mail_at=self.now)

    def write(self) -> None:
        """Write everything, what is referred to first."""
        tx = self.tx
        for row in self._opened.values():
            tx.execute(_INSERT_TICKET, list(row.values()))
            self._count_ticket()
        for serial, columns in self._changed.items():
            self._update_ticket(serial, columns)
        if self.participants:
            tx.executemany(
                "INSERT INTO participant (serial, address, added_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                self.participants,
            )
        for number, clock in self.clocks:
            promises.write_clock(tx, number, clock)
        if self.message_ids:
            tx.executemany("INSERT INTO message_id (id, serial) VALUES (?, ?) ON CONFLICT DO NOTHING", self.message_ids)
        if self.links:
            tx.executemany(
                "INSERT INTO link (serial, other, kind, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", self.links
            )
        for contact in self.contacts:
            tx.execute(
                "INSERT INTO contact (address, name, language, is_silenced, is_dead, first_seen_at, last_seen_at)"
                " VALUES (?, ?, ?, coalesce(?, 0), coalesce(?, 0), ?, ?) ON CONFLICT (address) DO UPDATE SET"
                " name = coalesce(nullif(excluded.name, ''), contact.name),"
                " language = coalesce(nullif(excluded.language, ''), contact.language),"
                " is_silenced = coalesce(?, contact.is_silenced), is_dead = coalesce(?, contact.is_dead),"
                " last_seen_at = excluded.last_seen_at",
                contact,
            )
        if self.mails:
            self._write_mails()
        if self.messages:
            tx.executemany(_INSERT_MESSAGE, self.messages)
        for job in self.later:
            job()
        if self.events:
            tx.executemany(
                "INSERT INTO event (serial, inbox_id, at, kind, actor, data) VALUES (?, ?, ?, ?, ?, ?)", self.events
            )

    def _update_ticket(self, serial: int, columns: dict[str, Any]) -> None:
        names = sorted(columns)
        assignments, values = [f"{name} = ?" for name in names], [columns[name] for name in names]
        n = self._numbered.get(serial)
        if n is not None:
            assignments.append("mails_out = CASE WHEN mails_out < ? THEN ? ELSE mails_out END")
            values += (n, n)
        done = self.tx.execute(f"UPDATE ticket SET {', '.join(assignments)} WHERE serial = ?", [*values, serial])
        if n is not None and not done.rowcount:
            raise _no_ticket(serial)

    def _count_ticket(self) -> None:
        if self.tx.is_postgres:
            self.tx.connection.spare_serial = None
        else:
            self.tx.execute("UPDATE counter SET value = value + 1 WHERE name = 'ticket'")

    def _write_mails(self) -> None:
        limited: list[str] = []
        raws: list[tuple[object, ...]] = []
        shown: dict[tuple[int, str], tuple[int, list[ComposedMail]]] = {}
        for composed, mail_json in self.mails:
            mail = composed.mail
            packed = pack(composed.raw, _SMALLEST_PACKED)
            recipient = to_text(mail.recipient)
            outbox_id = self.tx.insert(
                _INSERT_OUTBOX,
                (
                    self.inbox_id,
                    self.request_id,
                    mail.serial,
                    mail.n,
                    mail.purpose,
                    recipient,
                    to_text(mail.identity),
                    mail.role,
                    to_text(mail.author),
                    int(mail.is_automatic),
                    int(mail.is_limited),
                    int(mail.may_resend),
                    to_text(composed.envelope_from),
                    to_text(composed.message_id),
                    to_text(composed.subject or mail.subject),
                    packed.size,
                    "held" if composed.error else "queued",
                    max(self.now, to_time(mail.not_before)) if mail.not_before else self.now,
                    self.now,
                    to_text(composed.error),
                    mail_json,
                    counts.mailbox_key(recipient) if mail.is_limited else "",
                ),
            )
            data = {"purpose": mail.purpose, "to": mail.recipient, "n": mail.n}
            if not outbox_id:
                self.add_event(mail.serial, "mail-known", data)
                continue
            raws.append((outbox_id, packed.codec, packed.data))
            if composed.error:
                self.add_event(mail.serial, "mail-held", {**data, "outbox": outbox_id, "error": composed.error})
            else:
                self.add_event(mail.serial, "mail-queued", {**data, "outbox": outbox_id}, mail.author)
            if mail.is_limited:
                limited.append(recipient)
            if mail.serial and mail.role == "customer" and mail.purpose in SHOWN_PURPOSES:
                shown.setdefault((mail.serial, mail.purpose), (outbox_id, []))[1].append(composed)
        if raws:
            self.tx.executemany("INSERT INTO outbox_raw (outbox_id, codec, data) VALUES (?, ?, ?)", raws)
        if limited:
            counts.record_sent(self.tx, limited, self.at)
        for outbox_id, same_words in shown.values():
            self._add_shown(outbox_id, same_words)

    def _add_shown(self, outbox_id: int, same_words: list[ComposedMail]) -> None:
        """One message for all recipients of the same words."""
        first = same_words[0]
        mail = first.mail
        author = Address(mail.author or mail.from_address, mail.from_name)
        self.messages.append(
            make_message(
                self,
                serial=mail.serial,
                inbox_id=None,
                outbox_id=outbox_id,
                direction="out",
                visibility="public",
                purpose=mail.purpose,
                author=author,
                recipients=tuple(composed.mail.recipient for composed in same_words),
                subject=first.subject or mail.subject,
                date=self.at,
                message_id=first.message_id,
                mail_class="auto" if mail.is_automatic else "human",
                language=mail.language,
                text=mail.text,
            )
        )


def _no_ticket(serial: int) -> Permanent:
    return Permanent(f"ticket {serial} is not in the database; the decision about it cannot be carried out")


def make_message(
    batch: Batch,
    *,
    serial: int,
    inbox_id: int | None,
    outbox_id: int | None,
    direction: str,
    visibility: str,
    purpose: str,
    author: Address,
    recipients: tuple[str, ...],
    subject: str,
    date: datetime,
    message_id: str,
    mail_class: str,
    language: str,
    text: str,
    level: str = "",
    is_unverified: bool = False,
    attachments: tuple[tuple[str, str, int], ...] = (),
    cut_text: str = "",
    thread_index: str = "",
) -> tuple[object, ...]:
    """A row of the message table."""
    return (
        serial,
        inbox_id,
        outbox_id,
        batch.now,
        direction,
        visibility,
        purpose,
        to_text(author.addr),
        to_text(author.name),
        to_json(recipients),
        to_text(subject),
        to_time(date),
        to_text(message_id),
        str(mail_class),
        level,
        language,
        int(is_unverified),
        to_json(attachments) if attachments else "[]",
        to_text(text),
        to_text(cut_text),
        thread_index,
    )


def contact_row(
    batch: Batch, address: str, name: str, language: str, is_silenced: bool | None, is_dead: bool | None
) -> tuple[object, ...]:
    """The parameters that insert or refresh a contact."""
    silenced = None if is_silenced is None else int(is_silenced)
    dead = None if is_dead is None else int(is_dead)
    return (
        to_key(address),
        to_text(name),
        language,
        silenced,
        dead,
        batch.now,
        batch.now,
        silenced,
        dead,
    )
