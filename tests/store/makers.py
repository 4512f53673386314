"""Small makers of mails and decisions for the tests of the store."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from mailproc.records.decision import Decision, Outcome, Step
from mailproc.records.effects import (
    AddMessage,
    ComposedMail,
    Effect,
    IndexIds,
    Mail,
    OpenTicket,
    RememberContact,
    SendMail,
)
from mailproc.records.mail import Address, Envelope
from mailproc.records.ticket import Known
from mailproc.store import inbox, lookup, meta
from mailproc.store.commit import commit
from mailproc.store.database import Store, Tx
from mailproc.store.lookup import Query
from mailproc.tickets.casenumber import format_number

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
JANE = Address("jane@c.test", "Jane Doe")
RAW = b"From: jane@c.test\r\nSubject: printer\r\n\r\nIt does not print.\r\n"


def minutes(count: float) -> datetime:
    """That many minutes after NOW."""
    return NOW + timedelta(minutes=count)


def make_envelope(**changes: Any) -> Envelope:
    """How Jane's mail came in."""
    values: dict[str, Any] = {
        "kind": "smtp",
        "received_at": NOW,
        "sender": JANE.addr,
        "recipients": ("support@our.test",),
        "client": "192.0.2.7",
    }
    return Envelope(**(values | changes))


def put(store: Store, raw: bytes = RAW, **changes: Any) -> int:
    """Store a mail; its inbox id."""
    fingerprint = hashlib.sha256(raw).hexdigest()
    return store.run(lambda tx: inbox.put(tx, raw, make_envelope(**changes), fingerprint), urgent=True)


def make_mail(serial: int, n: int, **changes: Any) -> Mail:
    """An acknowledgement to Jane."""
    values: dict[str, Any] = {
        "serial": serial,
        "n": n,
        "purpose": "received",
        "template": "received",
        "recipient": JANE.addr,
        "language": "en",
        "identity": JANE.addr,
        "role": "customer",
        "tag": f"[{format_number(serial, 'ACME')}]",
        "subject": "printer",
        "from_name": "Acme",
        "from_address": "support@our.test",
        "is_limited": True,
        "may_resend": False,
    }
    return Mail(**(values | changes))


def make_forward(serial: int, n: int, **changes: Any) -> Mail:
    """A forward to the department."""
    values: dict[str, Any] = {"purpose": "forward", "recipient": "dept@our.test", "role": "agent"}
    return make_mail(serial, n, **(values | {"is_limited": False, "may_resend": True} | changes))


def compose(mail: Mail, raw: bytes = b"", error: str = "") -> ComposedMail:
    """The mail with bytes that tell it apart."""
    raw = raw or f"To: {mail.recipient}\r\nSubject: {mail.subject}\r\n\r\n{mail.purpose}\r\n".encode(
        "utf-8", "surrogatepass"
    )
    message_id = f"<t.{mail.serial}.{mail.n}.abcdefghijklmnopq@our.test>"
    return ComposedMail(mail, message_id, f"bounce+{mail.n}@our.test", raw, error, mail.subject)


def make_message(serial: int, **changes: Any) -> AddMessage:
    """Jane's words on a ticket."""
    values: dict[str, Any] = {
        "serial": serial,
        "direction": "in",
        "visibility": "public",
        "purpose": "request",
        "author": JANE,
        "to": ("support@our.test",),
        "subject": "printer",
        "date": NOW,
        "text": "It does not print.",
        "message_id": "<m1@c.test>",
        "level": "A2",
    }
    return AddMessage(**(values | changes))


def make_open(serial: int, **changes: Any) -> OpenTicket:
    """Jane's new ticket."""
    values: dict[str, Any] = {
        "serial": serial,
        "number": format_number(serial, "ACME"),
        "subject": "printer",
        "requester": JANE,
        "department": "frontdesk",
        "priority": "normal",
        "language": "en",
        "channel": "mail",
        "at": NOW,
    }
    return OpenTicket(**(values | changes))


def decide(
    store: Store,
    inbox_id: int | None,
    *effects: Effect,
    mails: tuple[Mail, ...] = (),
    outcome: Outcome = Outcome.APPENDED,
    serial: int | None = None,
    now: datetime = NOW,
    errors: dict[str, str] | None = None,
    **more: Any,
) -> bool:
    """Commit a decision with these effects and mails; `errors` says which purposes could not be composed."""
    decision = Decision(
        outcome,
        "test",
        (*effects, *(SendMail(mail) for mail in mails)),
        (Step("rules", "rule money: subject is 'printer'", False),),
        serial,
    )
    composed = tuple(compose(mail, error=(errors or {}).get(mail.purpose, "")) for mail in mails)
    return store.run(lambda tx: commit(tx, decision, composed, inbox_id=inbox_id, now=now, **more))


def open_ticket(
    store: Store,
    raw: bytes = RAW,
    now: datetime = NOW,
    message_ids: tuple[str, ...] = ("<m1@c.test>",),
    has_mails: bool = True,
    **changes: Any,
) -> int:
    """Take a mail in and open a ticket for it, acknowledged and forwarded; the serial."""
    inbox_id = put(store, raw, received_at=now)

    def work(tx: Any) -> int:
        serial = lookup.peek_serial(tx)
        opening = make_open(serial, at=now, **changes)
        mails = (make_forward(serial, 1), make_mail(serial, 2, recipient=opening.requester.addr)) if has_mails else ()
        decision = Decision(
            Outcome.OPENED,
            "new",
            (
                opening,
                make_message(serial, author=opening.requester, date=now),
                IndexIds(serial, message_ids),
                RememberContact(opening.requester.addr, opening.requester.name, "en"),
                *(SendMail(mail) for mail in mails),
            ),
            (Step("rules", "no rule", None),),
            serial,
        )
        done = commit(
            tx,
            decision,
            tuple(compose(mail) for mail in mails),
            inbox_id=inbox_id,
            now=now,
            summary=(opening.requester.addr, opening.subject),
        )
        assert done
        return serial

    return store.run(work)


def find(store: Store, now: datetime = NOW, **keys: Any) -> Known:
    """What is known of these keys."""
    with store.read() as tx:
        return lookup.lookup(tx, Query(**keys), now)


def count(store: Store, table: str, where: str = "1 = 1") -> int:
    """How many rows a table has."""
    with store.read() as tx:
        return int(tx.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])


def column(store: Store, sql: str) -> list[Any]:
    """The first column of a query."""
    with store.read() as tx:
        return [row[0] for row in tx.execute(sql).fetchall()]


def note(name: str) -> Any:
    """A job that leaves a mark."""
    return lambda tx: meta.set_value(tx, name, "x")


def marks(store: Store) -> list[str]:
    return sorted(column(store, "SELECT key FROM meta"))


@contextlib.contextmanager
def blocked(store: Store) -> Iterator[None]:
    """The writer is busy inside, so that what is submitted meanwhile meets in one transaction."""
    gate, inside = threading.Event(), threading.Event()

    def wait(tx: Tx) -> None:
        inside.set()
        gate.wait(10)

    busy = store.submit(wait)
    inside.wait(10)
    try:
        yield
    finally:
        gate.set()
        busy.result()


@contextlib.contextmanager
def held(store: Store, name: str) -> Iterator[None]:
    """A job of that store holds a name inside."""
    gate, inside = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        tx.lock_names([name])
        inside.set()
        gate.wait(10)

    holding = store.submit(hold)
    inside.wait(10)
    try:
        yield
    finally:
        gate.set()
        holding.result(10)


def wait_for(is_true: Callable[[], bool]) -> None:
    """Poll until it is true; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def row_locks(store: Store) -> list[Any]:
    """Locks on tickets that somebody is about to change."""
    sql = "SELECT pid FROM pg_locks WHERE mode = 'RowShareLock' AND relation = 'ticket'::regclass"
    with store.read() as tx:
        return tx.execute(sql).fetchall()
