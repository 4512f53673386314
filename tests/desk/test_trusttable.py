"""The program against the trust table: every cell does what it says, and no byte goes where the table has none."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from mailproc.desk.decide import decide_mail
from mailproc.desk.draft import Policy
from mailproc.message.parse import parse
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, SendMail, SetAttribute, SetState
from mailproc.records.mail import Address, Envelope, Inbound, Level, Trust
from mailproc.records.site import Key, KeyRing, TrustPolicy
from mailproc.records.ticket import Known, Ticket
from mailproc.render import Renderer
from mailproc.render.composer import compose_mail
from mailproc.tickets.followup import Keys, find_keys
from mailproc.tickets.token import make_reply_address, make_token
from tests.builders import CUSTOMER, NOW, RULES, SITE, make_envelope, make_mail, make_policy, make_ticket
from tests.desk import trusttable as table
from tests.desk.trusttable import Cell

MARKER = "Zanzibarquokka"  # in everything that the sender of a mail chooses
CURRENT = Key("b", b"b" * 32, NOW - timedelta(days=31))
RETIRED = Key("a", b"a" * 32, NOW - timedelta(days=90), NOW - timedelta(days=31))
UNKNOWN = Key("q", b"q" * 32, NOW - timedelta(days=90))
RING = KeyRing((CURRENT, RETIRED))
ADDRESSES = {
    table.ANN: "ann@acme.example",
    table.ANN_ASKED: "ann@acme.example",
    table.BO: "bo@acme.example",
    table.IVY: "ivy@acme.example",
    table.JANE: CUSTOMER,
    table.STRANGER: "eve@elsewhere.example",
    table.MAILBOX: "frontdesk@acme.example",
}
HEADERS = {
    "human": {},
    "list": {"List_Id": "<news.x.example>", "List_Unsubscribe": "<mailto:u@x.example>"},
    "absence": {"Auto_Submitted": "auto-replied"},
    "machine": {"Auto_Submitted": "auto-generated"},
}
DESK = "department:frontdesk"
IVYS = "  - {name: Ivy Gone, address: ivy@acme.example, departments: [frontdesk], active: no}\ndefaults:"
BOOK = make_policy(rules=RULES.replace("defaults:", IVYS, 1)).book


def ticket_of(cell: Cell) -> Ticket:
    ticket = make_ticket()
    if cell.speaker == table.ANN_ASKED:
        ann = ADDRESSES[table.ANN]
        ticket = replace(ticket, participants=(CUSTOMER, ann), requester=Address(ann, "Ann"))
    if cell.token == "expired":
        ticket = replace(ticket, last_mail_at=NOW - timedelta(days=181))
    if cell.token == "revoked":
        ticket = replace(ticket, token_epoch=2)
    return ticket


def word_of(cell: Cell) -> str:
    """The token in the address the mail goes to."""
    own = ADDRESSES[cell.speaker]
    purpose, identity, serial, ring = {
        "note": ("n", DESK, 10_000, RING),
        "done": ("d", DESK, 10_000, RING),
        "own": ("r", own, 10_000, RING),
        "customers": ("c", own, 10_000, RING),
        "janes": ("c", CUSTOMER, 10_000, RING),
        "other-case": ("r", DESK, 10_001, RING),
        "other-agents": ("r", "cy@acme.example", 10_000, RING),
        "unknown-key": ("r", DESK, 10_000, KeyRing((UNKNOWN,))),
        "retired-key": ("r", DESK, 10_000, KeyRing((RETIRED,))),
    }.get(cell.token, ("r", DESK, 10_000, RING))
    word = make_token(ring, purpose, serial, identity)
    if cell.token == "truncated":
        return word[:-1]
    if cell.token == "flipped":
        return word[:-1] + ("a" if word[-1] != "a" else "b")
    return word


@cache
def understood(speaker: str, token: str, mail_class: str, from_ok: bool) -> tuple[Inbound, Envelope, Keys]:
    cell = Cell(speaker, token=token)
    to = "support@acme.example" if token == "none" else make_reply_address(SITE, word_of(cell), SITE.addresses[0])
    sender = f"{MARKER} <{ADDRESSES[speaker]}>" + ("" if from_ok else ", x@elsewhere.example")
    subject = f"Re: [{make_ticket().number}] {MARKER}"
    message_id = f"<{MARKER}@x.example>"
    if mail_class == "bounce":
        raw = (
            f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n"
            "Date: Tue, 13 Jan 2026 08:59:00 +0000\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\n'
            f"{MARKER}\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\n"
            f"Final-Recipient: rfc822; {CUSTOMER}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
        ).encode()
    else:
        raw = make_mail(sender, to, subject, f"#resolve\n{MARKER} is what I say.", message_id, **HEADERS[mail_class])
    inbound = parse(raw, languages=SITE.languages)
    assert inbound.from_ok == from_ok
    envelope = make_envelope(ADDRESSES[speaker], to)
    return inbound, envelope, find_keys(inbound, envelope, SITE, RING)


def decide(cell: Cell) -> Decision:
    inbound, envelope, keys = understood(cell.speaker, cell.token, cell.mail_class, cell.from_ok)
    trust = Trust(Level[cell.level], has_aligned_dkim=cell.has_dkim, is_submitted=cell.is_submitted)
    ticket = ticket_of(cell)
    return decide_mail(inbound, envelope, trust, keys, Known(10_500, tickets={10_000: ticket}), policy(cell.mode), NOW)


@cache
def policy(mode: str) -> Policy:
    return Policy(replace(SITE, trust=TrustPolicy(agent_trust=mode)), BOOK, RING)


def what_became(decision: Decision) -> str:
    """The decision in the table's words, read off its effects."""
    if decision.outcome is Outcome.HELD:
        return table.HELD
    if decision.outcome is Outcome.BOUNCE:
        return table.BOUNCE
    if decision.outcome in (Outcome.OPENED, Outcome.RECORDED):
        return table.NEW
    (message,) = [effect for effect in decision.effects if isinstance(effect, AddMessage)]
    if decision.outcome is Outcome.ANSWERED:
        return table.NOTE if message.purpose == "note" else table.ANSWER
    if message.purpose == "auto":
        return table.KEPT
    return table.UNVERIFIED if message.is_unverified else table.FOLLOW_UP


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Renderer]:
    yield Renderer(Path(tmp_path_factory.mktemp("templates")), "en")


@pytest.mark.parametrize("speaker", table.SPEAKERS)
def test_t03_t23_every_cell_of_the_trust_table(speaker: str, renderer: Renderer) -> None:
    wrong: list[str] = []
    composed: dict[tuple[object, ...], bytes] = {}
    answered = count = 0
    for cell in table.cells():
        if cell.speaker != speaker:
            continue
        count += 1
        decision = decide(cell)
        became = what_became(decision)
        if became not in table.expected(cell):
            wrong.append(f"{cell}: {became} ({decision.reason}), expected {sorted(table.expected(cell))}")
        # What changes a case, and what leaves
        mine = [effect for effect in decision.effects if isinstance(effect, SetState | SetAttribute)]
        if any(effect.serial == 10_000 for effect in mine) and became not in (table.ANSWER, table.NOTE):
            wrong.append(f"{cell}: it changes the case: {mine}")
        mails = [effect.mail for effect in decision.effects if isinstance(effect, SendMail)]
        if became in (table.HELD, table.BOUNCE, table.KEPT) and any(mail.role == "customer" for mail in mails):
            wrong.append(f"{cell}: {became}, and yet it sends {mails}")
        for mail in mails:
            if mail.role != "customer":
                continue
            key = (mail.recipient, mail.purpose, mail.text, mail.subject, mail.context, mail.history, mail.from_name)
            if key not in composed:
                raw = compose_mail(mail, (), NOW, policy(cell.mode), renderer).raw
                assert raw
                composed[key] = raw + parse(raw, languages=()).text.encode()
            holds = MARKER.encode().lower() in composed[key].lower()
            may = became == table.ANSWER or (mail.recipient == ADDRESSES[speaker] and cell.level in ("A2", "A3"))
            if holds and not may:
                wrong.append(f"{cell}: what its sender chose goes to {mail.recipient} ({mail.purpose})")
            if became == table.ANSWER and mail.purpose in ("answer", "resolved"):
                answered += 1
                if not holds:
                    wrong.append(f"{cell}: the answer has not arrived")
        if became != table.ANSWER and speaker != table.ANN_ASKED:
            others = {mail.recipient for mail in mails if mail.role == "customer"} - {ADDRESSES[speaker]}
            if others - ({CUSTOMER} if became == table.NOTE else set()):
                wrong.append(f"{cell}: {became}, and mail goes to {others}")
    assert wrong == [], f"{len(wrong)} of {count} cells\n" + "\n".join(wrong[:20])
    assert count >= 300 and bool(answered) == (speaker in (table.ANN, table.ANN_ASKED))


def test_the_table_has_its_cells() -> None:
    cells = list(table.cells())
    assert len(cells) == len(set(cells)) >= 3_000
    assert {outcome for cell in cells for outcome in table.expected(cell)} == {
        table.HELD, table.ANSWER, table.NOTE, table.KEPT, table.FOLLOW_UP, table.UNVERIFIED, table.NEW, table.BOUNCE,
    }  # fmt: skip


def test_t03_a_token_of_another_case_answers_that_case_alone() -> None:
    """Entitled there, the agent may; the customer of the case that the subject names hears nothing."""
    other = make_ticket(serial=10_001, participants=("max@b.example",), requester=Address("max@b.example", "Max"))
    inbound, envelope, keys = understood(table.ANN, "other-case", "human", True)
    known = Known(10_500, tickets={10_000: make_ticket(), 10_001: other})
    decision = decide_mail(inbound, envelope, Trust(Level.A3), keys, known, policy("dmarc"), NOW)
    sent = [effect.mail for effect in decision.effects if isinstance(effect, SendMail)]
    assert {mail.recipient for mail in sent if mail.role == "customer"} == {"max@b.example"}
    assert {mail.serial for mail in sent} == {10_001}
