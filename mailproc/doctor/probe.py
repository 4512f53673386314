"""Test mails: one to ourselves that must come in, one to each department that must not come back. It sends.

Every test mail is signed as ours, so that whoever takes it in knows it as our own: it never becomes a case.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from mailproc.delivery.base import Delivery
from mailproc.doctor import imap
from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.refusals import explain_refusal
from mailproc.doctor.visit import Visit
from mailproc.doctor.vitals import is_running, take_vitals
from mailproc.errors import MailprocError
from mailproc.message.compose import Outgoing, compose
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.records.site import KeyRing
from mailproc.rulebook.book import Rulebook
from mailproc.settings import IntakeSettings, Settings
from mailproc.store import inbox
from mailproc.store.connection import connect, read_place
from mailproc.store.database import Tx
from mailproc.tickets.followup import LOOP_HEADER
from mailproc.tickets.token import make_message_id, make_reply_address, make_token

SERIAL = 99_999_999_999_999  # of no ticket; of the length that signed ids may have
WAIT_SECONDS = 120.0  # for what must come in
LOOP_SECONDS = 30.0  # at least, for what must not come back
_LOOK_SECONDS = 1.0
_BUSY_SECONDS = 5.0
_MOST_DEPARTMENTS = 50
_HEAD = 102_400  # bytes of a mail that are searched for our mark
_TEXT = """\
This is a test of the help desk {name}, sent by its operator with `mailproc doctor --probe`.
{what}
There is nothing to do, and no need to answer.
"""


@dataclass(frozen=True, slots=True)
class TestMail:
    """One mail of the probe, before it is sent."""

    recipient: str
    department: str = ""  # "": to ourselves, and it must come in

    def __str__(self) -> str:
        if self.department:
            return f"would send a test mail to {self.recipient} ({self.department}) and see that it does not come back"
        return f"would send a test mail to {self.recipient} and wait until it comes in"


@dataclass(frozen=True, slots=True)
class _Sent:
    mail: TestMail
    mark: bytes  # stands in the header of this mail alone


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A mail of ours that was found somewhere."""

    where: str
    recipients: tuple[str, ...] = ()
    outcome: str = ""  # of its decision, "" where it is not decided


class _Place(Protocol):
    """Somewhere a test mail may turn up."""

    def find(self, mark: bytes) -> _Arrival | None: ...


def plan(settings: Settings, book: Rulebook | None, keys: KeyRing) -> tuple[TestMail, ...]:
    """What a probe sends."""
    site = settings.site
    first = site.addresses[0]
    mails = [TestMail(make_reply_address(site, make_token(keys, "c", SERIAL, "probe"), first))]
    seen: dict[str, str] = {}
    for department in book.departments.values() if book is not None else ():
        for address in department.forward_to:
            seen.setdefault(address, department.key)
    mails += [TestMail(address, key) for address, key in list(seen.items())[:_MOST_DEPARTMENTS]]
    return tuple(mails)


def run(
    visit: Visit,
    mails: tuple[TestMail, ...],
    keys: KeyRing,
    delivery: Delivery,
    *,
    wait_seconds: float = WAIT_SECONDS,
    loop_seconds: float = LOOP_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """Send them and say what became of them."""
    settings = visit.settings
    with ExitStack() as stack:
        places, advice = _open_places(visit, stack)
        sent = []
        for mail in mails:
            made, receipt = _send(mail, settings, keys, delivery)
            if receipt.state in (ReceiptState.SENT, ReceiptState.AMBIGUOUS):
                sent.append(made)
            else:
                yield _judge_refused(mail, receipt, settings)
        started = time.monotonic()
        found: dict[str, tuple[_Arrival, float]] = {}
        while sent and not _is_over(sent, found, time.monotonic() - started, wait_seconds, loop_seconds):
            for one in sent:
                if one.mail.recipient in found:
                    continue
                arrival = next((seen for place in places if (seen := place.find(one.mark))), None)
                if arrival is not None:
                    found[one.mail.recipient] = (arrival, time.monotonic() - started)
            sleep(_LOOK_SECONDS)
        waited = time.monotonic() - started
        for one in sent:
            hit = found.get(one.mail.recipient)
            if one.mail.department:
                yield _judge_department(one.mail, hit[0] if hit else None, waited)
            else:
                yield from _judge_own(one.mail, hit, waited, settings, advice)


def _is_over(
    sent: list[_Sent],
    found: Mapping[str, object],
    waited: float,
    most: float,
    least: float,
) -> bool:
    if waited >= max(most, least):
        return True
    is_waiting = any(not one.mail.department and one.mail.recipient not in found for one in sent)
    is_watching = any(one.mail.department and one.mail.recipient not in found for one in sent)
    return not (is_waiting and waited < most) and not (is_watching and waited < least)


def _send(mail: TestMail, settings: Settings, keys: KeyRing, delivery: Delivery) -> tuple[_Sent, Receipt]:
    site = settings.site
    number = 100_000_000 + secrets.randbelow(900_000_000)
    message_id = make_message_id(keys, SERIAL, number, site.domain)
    what = (
        "If it comes back to the help desk, the address is forwarded in a circle."
        if mail.department
        else "It shows that mail to reply addresses comes in."
    )
    raw = compose(
        Outgoing(
            message_id=message_id,
            from_name=site.name,
            from_address=site.addresses[0],
            recipient=mail.recipient,
            reply_to="",
            subject=f"Test of {site.name}: nothing to do",
            date=datetime.now(UTC),
            in_reply_to="",
            references=(),
            headers=(
                (LOOP_HEADER.title(), message_id),
                ("Auto-Submitted", "auto-generated"),
                ("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"),
                ("Precedence", "bulk"),
            ),
            text=_TEXT.format(name=site.name, what=what),
            html="",
            attachments=(),
        )
    )
    receipt = delivery.deliver(_Mail(number, mail.recipient, site.addresses[0], raw))
    return _Sent(mail, message_id.strip("<>").partition("@")[0].encode()), receipt


@dataclass(frozen=True, slots=True)
class _Mail:
    """As deliveries need it."""

    id: int
    recipient: str
    envelope_from: str
    raw: bytes


# ---- what became of them


def _judge_refused(mail: TestMail, receipt: Receipt, settings: Settings) -> Finding:
    said = f"{receipt.code} {receipt.text}" if receipt.code else receipt.text
    told = explain_refusal(said, "smtp", settings.delivery.host)
    return fail(
        "probe",
        f"the mail to {mail.recipient} was not taken: {told.cause + ' ' if told else ''}({said})",
        told.remedy if told else "Correct the address, or ask whoever runs that mail server",
    )


def _judge_own(
    mail: TestMail, hit: tuple[_Arrival, float] | None, waited: float, settings: Settings, advice: str
) -> Iterator[Finding]:
    if hit is None:
        yield fail("probe", f"the mail to {mail.recipient} was sent and did not come in within {waited:.0f} s", advice)
        return
    arrival, seconds = hit
    if arrival.outcome == "bounce":
        yield fail(
            "probe",
            f"the mail to {mail.recipient} came back as undeliverable",
            "Its server does not take addresses with an extension: allow them (Postfix: recipient_delimiter = +), "
            "or set address_extension to dash, subdomain or none",
        )
        return
    yield well("probe", f"the mail to {mail.recipient} came in by {arrival.where} after {seconds:.0f} s")
    is_bare = (
        settings.site.address_extension != "none"
        and arrival.recipients
        and not any(mail.recipient == address for address in arrival.recipients)
    )
    if is_bare:
        yield warn(
            "probe",
            f"on its way the address became {', '.join(arrival.recipients)}",
            "Reply addresses are then found in To alone: let the mail server keep the extension (Postfix: lmtp or "
            "pipe with ${original_recipient}), or set address_extension to what it keeps",
        )
    if arrival.outcome not in ("", "loop", "duplicate"):
        yield fail(
            "probe",
            f"it was not known as our own mail, but decided as {arrival.outcome}",
            "Something on the way removes X-Loop-Guard and changes the Message-ID: switch that off, or loops "
            "will not be noticed",
        )


def _judge_department(mail: TestMail, arrival: _Arrival | None, waited: float) -> Finding:
    if arrival is None:
        return well(
            "probe", f"the mail to {mail.recipient} ({mail.department}) did not come back within {waited:.0f} s"
        )
    if arrival.outcome == "bounce":
        return fail(
            "probe",
            f"the mail to {mail.recipient} ({mail.department}) came back as undeliverable",
            "Correct forward_to of that department, or let the mailbox be made",
        )
    return fail(
        "probe",
        f"the mail to {mail.recipient} ({mail.department}) came back to us by {arrival.where}",
        "That address forwards to a mailbox that mailproc reads: end the forwarding, or write another address "
        "into forward_to",
    )


# ---- where they may turn up


def _open_places(visit: Visit, stack: ExitStack) -> tuple[list[_Place], str]:
    """The store, and the mailboxes themselves while no daemon empties them; and what to do when nothing comes."""
    settings = visit.settings
    places: list[_Place] = []
    seen = None
    with suppress(MailprocError):
        seen = take_vitals(settings, visit.clock())
    if seen is not None:
        places.append(stack.enter_context(_Inbox(settings)))
    if seen is not None and is_running(seen):
        return places, (
            "Look into the log of the mail server that takes mail for this address, and that it hands mail for "
            "addresses with an extension to mailproc"
        )
    for intake in settings.intakes:
        if intake.kind == "imap":
            with suppress(*imap.Trouble, MailprocError):
                places.append(stack.enter_context(_Mailbox(visit, intake)))
        elif intake.kind == "maildir":
            places.append(_Maildir(Path(intake.path)))
    kinds = {intake.kind for intake in settings.intakes}
    if kinds & {"smtp", "lmtp"}:
        return places, "No daemon runs, so that nobody listens: start it with `mailproc run` and probe again"
    return places, "Look into the log of the mail server that takes mail for this address"


class _Inbox:
    """The store: mail that came in since it was opened."""

    def __init__(self, settings: Settings) -> None:
        self._connection = connect(
            read_place(settings.database, checkpoints=False, busy_seconds=_BUSY_SECONDS), is_readonly=True
        )
        self._seen: dict[int, bytes] = {}
        self._last = self._read_last()

    def __enter__(self) -> "_Inbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def find(self, mark: bytes) -> _Arrival | None:
        """The mail with that mark, once it is decided or after a moment."""
        with suppress(*self._connection.errors):
            self._connection.begin()
            try:
                return self._find(Tx(self._connection), mark)
            finally:
                self._connection.rollback()
        return None

    def _find(self, tx: Tx, mark: bytes) -> _Arrival | None:
        rows = tx.execute("SELECT id FROM inbox WHERE id > ? ORDER BY id LIMIT 1000", (self._last,)).fetchall()
        for (inbox_id,) in rows:
            if inbox_id not in self._seen:
                self._seen[inbox_id] = (inbox.raw_of(tx, inbox_id) or b"")[:_HEAD]
            if mark in self._seen[inbox_id]:
                row = inbox.get(tx, inbox_id)
                if row is None or row.state == "received":
                    return None  # soon
                return _Arrival(row.envelope.kind, row.recipients, row.outcome)
        return None

    def _read_last(self) -> int:
        self._connection.begin()
        try:
            return int(self._connection.execute("SELECT coalesce(max(id), 0) FROM inbox").fetchone()[0])
        finally:
            self._connection.rollback()


class _Mailbox:
    """The folders of an IMAP intake, read without changing a flag."""

    def __init__(self, visit: Visit, intake: IntakeSettings) -> None:
        self._intake = intake
        self._client = imap.connect(intake, visit.timeout)
        try:
            imap.log_in(self._client, intake, visit)
        except (*imap.Trouble, MailprocError):
            imap.leave(self._client)
            raise

    def __enter__(self) -> "_Mailbox":
        return self

    def __exit__(self, *_: object) -> None:
        imap.leave(self._client)

    def find(self, mark: bytes) -> _Arrival | None:
        """The mail with that mark in one of the folders."""
        with suppress(*imap.Trouble):
            for folder in self._intake.folders:
                self._client.select_folder(folder, readonly=True)
                # The mark is our own signed id: letters, digits and dots (T49c)
                if self._client.search(["HEADER", "MESSAGE-ID", mark.decode("ascii")]):
                    return _Arrival(f"imap {self._intake.name} ({folder})")
        return None


class _Maildir:
    """A Maildir."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._since = time.time() - 60

    def find(self, mark: bytes) -> _Arrival | None:
        """The file with that mark among the new ones."""
        for folder in ("new", "cur"):
            with suppress(OSError):
                for file in (self._path / folder).iterdir():
                    if file.stat().st_mtime >= self._since and mark in file.open("rb").read(_HEAD):
                        return _Arrival(f"maildir {self._path}")
        return None
