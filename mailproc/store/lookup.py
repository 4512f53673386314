"""What the database knows that one decision needs, read in the transaction that decides. It changes nothing.

Every statement is served by an index whatever the number of tickets; a mail without any key costs a handful of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailproc.message.parse import parse
from mailproc.records.asks import Asked, Asks, Behalf
from mailproc.records.holds import HoldsKnown
from mailproc.records.mail import Address, Inbound
from mailproc.records.making import quick_to_make
from mailproc.records.ticket import Contact, Duplicate, Known, SendCounts, SentMail, State, ThreadMessage, Ticket
from mailproc.store import asks, conversations, correspondence, counts, notes, promises, resemblance
from mailproc.store.inbox import read_envelope
from mailproc.store.packing import unpack
from mailproc.store.senders import Sender, read_sender
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, from_optional_time, from_time, to_key, to_text, to_time
from mailproc.tickets.followup import Keys
from mailproc.tickets.replay import MARK

LONGEST_THREAD_TEXT = 4_000
LAST_MESSAGES = 6
MOST_TICKETS = 64
_MOST_MERGES = 10
_MOST_COPIES = 100
_WITHOUT_ID_WINDOW = timedelta(minutes=10)
_REOPEN_WINDOW = timedelta(hours=1)

TICKET_COLUMNS = (
    "serial, number, subject, state, requester, requester_name, department, priority, language, assignee, channel, sla,"
    " tags, fields, created_at, updated_at, due_at, resolved_at, closed_at, last_mail_at, merged_into, mails_out,"
    " requester_message_id, reopened_at, last_agent_at, token_epoch, set_due_at, waits_until"
)
_THREAD_COLUMNS = (
    "id, direction, visibility, purpose, author, author_name, date,"
    f" substr(text, 1, {LONGEST_THREAD_TEXT}), message_id, is_unverified, thread_index,"
    " level"
)


@quick_to_make
@dataclass(frozen=True, slots=True)
class Query:
    """The keys of one mail, or the ticket of one request."""

    inbox_id: int | None = None
    fingerprint: str = ""
    has_message_id: bool = False
    serials: tuple[int, ...] = ()  # every ticket that is named, the likeliest first
    message_ids: tuple[str, ...] = ()  # newest first; ids of others
    sent: tuple[tuple[int, int], ...] = ()  # (serial, n) of mails of ours that are named
    sender: str = ""  # normalised From address
    subject_key: str = ""
    asks: Asks | None = None  # what an agent's commands want to know
    behalf: tuple[str, str] | None = None  # (address, comparable subject) of somebody whose words an agent brings

    @property
    def wants_notes(self) -> bool:
        """Whether an agent may be speaking, by the marks of their mail or by a release: no note may leave with it."""
        is_released = bool(self.sender) and not self.fingerprint
        return is_released or any(one.startswith(MARK) for one in self.message_ids)


def make_query(
    inbound: Inbound, keys: Keys, inbox_id: int | None, asks: Asks | None, behalf: Behalf, *, is_released: bool
) -> Query:
    """The keys of a mail as a query; the bytes of a released one are known, and that is no news."""
    own = (inbound.message_id,) if inbound.message_id else ()
    return Query(
        inbox_id=inbox_id,
        fingerprint="" if is_released else keys.fingerprint,
        has_message_id=bool(own),
        serials=keys.all_serials() + behalf.serials,
        message_ids=(*keys.other_ids, *own, *keys.marks, *behalf.ids),
        sent=tuple((our.serial, our.n) for our in (*keys.our_ids, keys.bounced_id, keys.own_id) if our),
        sender=keys.sender,
        subject_key=keys.subject_key,
        asks=asks,
        behalf=(behalf.author, behalf.subject_key) if behalf.author else None,
    )


def lookup(tx: Tx, query: Query, now: datetime, *, with_clocks: bool = False) -> Known:
    """What is known of the query's keys; on PostgreSQL holds them until the transaction ends.

    Limited mail is counted for the sender; for a request, which has none, for the requester of its ticket.
    `with_clocks` is for sites that promise something: what promises are counted from.
    """
    _lock(tx, query)
    sender = read_sender(tx, query.sender, query.subject_key, query.inbox_id, now) if query.sender else None
    duplicate = _find_duplicate(tx, query, now)
    by_id = find_ids(tx, query.message_ids)
    wanted = [*query.serials, *by_id.values(), *(serial for serial, _ in query.sent)]
    if duplicate is not None and duplicate.serial is not None:
        wanted.append(duplicate.serial)
    wanted += query.asks.serials if query.asks is not None else ()
    tickets, last_agent = load_tickets(tx, wanted, now)
    asked = asks.answer(tx, query.asks, tickets, now) if query.asks is not None else Asked()
    if asked.next_serial is not None:
        tickets |= load_tickets(tx, (asked.next_serial,), now)[0]
    resembled = None
    if not wanted and (query.behalf is not None or (sender is not None and sender.has_resembled)):
        resembled = resemblance.find(tx, *(query.behalf or (query.sender, query.subject_key)), now)
    if query.behalf is not None and resembled is not None:
        tickets |= load_tickets(tx, (resembled.serial,), now)[0]
    limits = _count(tx, sender, tickets, last_agent, now)
    echo = sender.echo if sender is not None else None
    if echo is not None and echo.rhythm.serial not in tickets and correspondence.may_join(echo, now):
        # A machine's mail is kept on the ticket that its series began on
        tickets = load_tickets(tx, (echo.rhythm.serial,), now)[0] | tickets
    has_alike = sender is not None and sender.has_alike and not tickets
    return Known(
        next_serial=peek_serial(tx) if sender is None or sender.next_serial is None else sender.next_serial,
        duplicate=duplicate,
        tickets=notes.attach(tx, tickets) if query.wants_notes else tickets,
        by_id=by_id,
        sent=_find_sent(tx, query.sent) if query.sent else {},
        requester=sender.contact if sender is not None else _find_requester(tx, tickets),
        author=_find_contact(tx, query.behalf[0]) if query.behalf else None,
        counts=limits,
        clocks=promises.read_clocks(tx, tickets) if with_clocks and tickets else {},
        asked=asked,
        echo=echo,
        alike=conversations.find_alike(tx, query.subject_key) if has_alike else (),
        holds=HoldsKnown(query.inbox_id or 0, absent=sender.absent if sender is not None else {}),
        resembled=resembled,
    )


def peek_serial(tx: Tx) -> int:
    """The serial the next ticket takes. On PostgreSQL it is drawn once and kept until a ticket uses it."""
    if not tx.is_postgres:
        return int(tx.execute("SELECT value FROM counter WHERE name = 'ticket'").fetchone()[0])
    if tx.is_readonly:
        # A preview draws no number
        value, is_called = tx.execute("SELECT last_value, is_called FROM ticket_serial").fetchone()
        return int(value) + int(is_called)
    connection = tx.connection
    if connection.spare_serial is None:
        connection.spare_serial = int(tx.execute("SELECT nextval('ticket_serial')").fetchone()[0])
    return connection.spare_serial


def find_ids(tx: Tx, message_ids: Sequence[str]) -> dict[str, int]:
    """Message id -> ticket, for those of the ids that are indexed; in the order asked."""
    if not message_ids:
        return {}
    keys = {to_key(message_id): message_id for message_id in reversed(message_ids)}
    marks, values = in_list(list(keys))
    found: dict[str, int] = dict(tx.execute(f"SELECT id, serial FROM message_id WHERE id IN {marks}", values))
    return {message_id: found[key] for message_id in message_ids if (key := to_key(message_id)) in found}


def load_tickets(
    tx: Tx, serials: Iterable[int], now: datetime, *, with_threads: bool = True
) -> tuple[dict[int, Ticket], dict[int, str | None]]:
    """The tickets with those serials and the survivors of merged ones; and when an agent last spoke on each."""
    tickets: dict[int, Ticket] = {}
    last_agent: dict[int, str | None] = {}
    wanted = list(dict.fromkeys(serials))[:MOST_TICKETS]
    for _ in range(_MOST_MERGES):
        if not wanted:
            break
        rows = _read_rows(tx, wanted)
        participants = _read_participants(tx, [row[0] for row in rows])
        wanted = []
        for row in rows:
            thread = _read_thread(tx, row[0]) if with_threads else ()
            ticket = _make_ticket(row, participants.get(row[0], ()), thread, now)
            tickets[ticket.serial] = ticket
            last_agent[ticket.serial] = row[24]
            if ticket.merged_into is not None and ticket.merged_into not in tickets:
                wanted.append(ticket.merged_into)
    return tickets, last_agent


def _lock(tx: Tx, query: Query) -> None:
    if not tx.is_postgres or tx.is_readonly:
        return
    names = [f"id:{to_key(message_id)}" for message_id in query.message_ids]
    if query.fingerprint:
        names.append(f"fingerprint:{query.fingerprint}")
    if query.sender:
        names.append(f"sender:{query.sender}")
    if names:
        tx.lock_names(names)


def _find_duplicate(tx: Tx, query: Query, now: datetime) -> Duplicate | None:
    if not query.fingerprint:
        return None
    since = ""
    if not query.has_message_id:
        row = tx.execute("SELECT received_at FROM inbox WHERE id = ?", (query.inbox_id or 0,)).fetchone()
        # The arrival counts, not the moment of work: a backlog must not turn one mail into two
        since = to_time((from_time(row[0]) if row else now) - _WITHOUT_ID_WINDOW)
    # The expression around the whole fingerprint keeps SQLite from folding it into the indexed prefix
    row = tx.execute(
        "SELECT id, serial, envelope, routes FROM inbox WHERE substr(fingerprint, 1, 16) = ? AND fingerprint || '' = ?"
        " AND fingerprint <> '' AND id <> ? AND state IN ('done', 'held') AND outcome <> 'duplicate'"
        " AND received_at >= ? ORDER BY id LIMIT 1",
        (query.fingerprint[:16], query.fingerprint, query.inbox_id or 0, since),
    ).fetchone()
    if row is None:
        return None
    recipients = dict.fromkeys([*from_json(row[2])["recipients"], *from_json(row[3])])
    return Duplicate(row[0], row[1], tuple(recipients), _find_ways(tx, query))


def _find_ways(tx: Tx, query: Query) -> tuple[str, ...]:
    """By which ways the same bytes came before; () when they came too often to tell."""
    rows = tx.execute(
        "SELECT envelope FROM inbox WHERE substr(fingerprint, 1, 16) = ? AND fingerprint || '' = ?"
        f" AND fingerprint <> '' AND id <> ? AND state IN ('done', 'held') LIMIT {_MOST_COPIES}",
        (query.fingerprint[:16], query.fingerprint, query.inbox_id or 0),
    ).fetchall()
    if len(rows) >= _MOST_COPIES:
        return ()
    return tuple(sorted({read_envelope(row[0]).way for row in rows}))


def _find_sent(tx: Tx, sent: Iterable[tuple[int, int]]) -> dict[tuple[int, int], SentMail]:
    found = {}
    for serial, n in dict.fromkeys(sent):
        row = tx.execute(
            "SELECT o.purpose, o.recipient, o.identity, o.author, o.is_automatic, o.role, o.bounced_at,"
            " CASE o.role WHEN 'agent' THEN r.codec END, CASE o.role WHEN 'agent' THEN r.data END"
            " FROM outbox o LEFT JOIN outbox_raw r ON r.outbox_id = o.id WHERE o.serial = ? AND o.n = ?"
            " ORDER BY o.id LIMIT 1",
            (serial, n),
        ).fetchone()
        if row is not None:
            text = parse(unpack(row[7], row[8]), languages=()).text if row[8] else ""
            found[serial, n] = SentMail(
                serial, n, row[0], row[1], row[2], row[3], bool(row[4]), row[5], bool(row[6]), text
            )
    return found


def _find_requester(tx: Tx, tickets: dict[int, Ticket]) -> Contact | None:
    """The requester of what a request is about."""
    address = next(iter(tickets.values())).requester.addr if tickets else ""
    return _find_contact(tx, address) if address else None


def _find_contact(tx: Tx, address: str) -> Contact | None:
    row = tx.execute(
        "SELECT name, language, is_silenced, is_dead, is_trusted FROM contact WHERE address = ?", (to_key(address),)
    ).fetchone()
    return Contact(address, row[0], row[1], bool(row[2]), bool(row[3]), bool(row[4])) if row else None


def _count(
    tx: Tx, sender: Sender | None, tickets: dict[int, Ticket], last_agent: dict[int, str | None], now: datetime
) -> SendCounts:
    spoken = tuple(last_agent.items())[:4]
    if sender is None:
        requesters = [ticket.requester.addr for ticket in list(tickets.values())[:4]]
        recipients = tuple(to_text(address) for address in dict.fromkeys(requesters) if address)
        return counts.read_counts(tx, counts.Question(recipients, spoken), now) if recipients else SendCounts()
    ticket_hour, ticket_day = counts.count_tickets(tx, spoken, now)
    return SendCounts(
        sender_hour=sender.hour,
        sender_day=sender.day,
        domain_hour=sender.domain_hour,
        ticket_hour=ticket_hour,
        ticket_day=ticket_day,
        site_hour=sender.site_hour,
        site_usual_hour=counts.usual_hour(tx, now),
        same_subject=sender.same_subject,
    )


def _read_rows(tx: Tx, serials: list[int]) -> list[Any]:
    marks, values = in_list(serials)
    rows = tx.execute(
        f"SELECT {TICKET_COLUMNS} FROM ticket WHERE serial IN {marks} ORDER BY serial{tx.for_update()}", values
    ).fetchall()
    order = {serial: place for place, serial in enumerate(serials)}
    return sorted(rows, key=lambda row: order[row[0]])


def _read_participants(tx: Tx, serials: list[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    """(address, since when) of each ticket's people."""
    if not serials:
        return {}
    marks, values = in_list(serials)
    found: dict[int, list[tuple[str, str]]] = {}
    for serial, address, added_at in tx.execute(
        f"SELECT serial, address, added_at FROM participant WHERE serial IN {marks} ORDER BY serial, added_at, address",
        values,
    ):
        found.setdefault(serial, []).append((address, added_at))
    return {serial: tuple(people) for serial, people in found.items()}


def _read_thread(tx: Tx, serial: int) -> tuple[ThreadMessage, ...]:
    last = tx.execute(
        f"SELECT {_THREAD_COLUMNS} FROM message WHERE serial = ? ORDER BY id DESC LIMIT ?", (serial, LAST_MESSAGES)
    ).fetchall()
    rows = last[::-1]
    if len(last) == LAST_MESSAGES:
        first = tx.execute(
            f"SELECT {_THREAD_COLUMNS} FROM message WHERE serial = ? ORDER BY id LIMIT 1", (serial,)
        ).fetchone()
        if first[0] != rows[0][0]:
            rows.insert(0, first)
    return tuple(
        ThreadMessage(
            direction=row[1],
            visibility=row[2],
            purpose=row[3],
            author=Address(row[4], row[5]),
            date=from_time(row[6]),
            text=row[7],
            message_id=row[8],
            is_unverified=bool(row[9]),
            thread_index=row[10],
            level=row[11],
        )
        for row in rows
    )


def _make_ticket(
    row: Any, people: tuple[tuple[str, str], ...], thread: tuple[ThreadMessage, ...], now: datetime
) -> Ticket:
    hour_ago = to_time(now - _REOPEN_WINDOW)
    return Ticket(
        serial=row[0],
        number=row[1],
        subject=row[2],
        state=State(row[3]),
        requester=Address(row[4], row[5]),
        department=row[6],
        priority=row[7],
        language=row[8],
        assignee=row[9],
        channel=row[10],
        sla=row[11],
        tags=tuple(from_json(row[12])),
        fields=tuple(from_json(row[13]).items()),
        created_at=from_time(row[14]),
        updated_at=from_time(row[15]),
        due_at=from_optional_time(row[16]),
        resolved_at=from_optional_time(row[17]),
        closed_at=from_optional_time(row[18]),
        last_mail_at=from_optional_time(row[19]),
        merged_into=row[20],
        mails_out=row[21],
        requester_message_id=row[22],
        reopened_at=tuple(from_time(at) for at in from_json(row[23]) if at > hour_ago),
        token_epoch=row[25],
        set_due_at=from_optional_time(row[26]),
        waits_until=from_optional_time(row[27]),
        participants=tuple(address for address, _ in people),
        joined=tuple((address, from_time(since)) for address, since in people if since > row[14]),
        thread=thread,
    )
