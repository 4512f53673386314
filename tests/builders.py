"""Small makers of mails, sites, tickets and decisions for the tests; no I/O."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mailproc.desk.decide import decide_mail
from mailproc.desk.draft import Policy
from mailproc.message.parse import parse
from mailproc.message.trust import assess
from mailproc.records.decision import Decision
from mailproc.records.effects import Mail, SendMail
from mailproc.records.mail import Address, Envelope, Level, Trust
from mailproc.records.site import Key, KeyRing, Site, TrustPolicy
from mailproc.records.ticket import Known, State, ThreadMessage, Ticket
from mailproc.rulebook.book import load
from mailproc.tickets.casenumber import format_number
from mailproc.tickets.followup import find_keys
from mailproc.tickets.token import make_reply_address, make_token

NOW = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
KEYS = KeyRing((Key("a", b"k" * 32, datetime(2026, 1, 1, tzinfo=UTC)),))
SITE = Site(
    name="Acme Support",
    prefix="ACME",
    addresses=("support@acme.example", "billing@acme.example"),
    domain="acme.example",
    languages=("en", "de"),
    trust=TrustPolicy(trusted_networks=("127.0.0.0/8",), agent_trust="network", verify=False),
)
RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
  billing: {name: Billing, forward_to: billing-team@acme.example}
agents:
  - {name: Ann Kowalska, address: [ann@acme.example, ann.k@acme.example], departments: [frontdesk]}
  - {name: Bo Berg, address: bo@acme.example, departments: [billing]}
defaults: {department: frontdesk, priority: normal, language: en, ack: received}
route:
  - name: automatic mail
    when: {auto: [reply, bounce, receipt, reaction, recall]}
    do: {ticket: none, ack: none}
  - name: spam
    when: {spam_score: {over: 5}}
    do: {hold: spam}
  - name: money
    when: {to: billing@acme.example}
    do: {department: billing}
"""
CUSTOMER = "jane@customer.example"
QUESTIONS = ("challenge", "review", "review-again")
ANN = "ann@acme.example"


def make_policy(site: Site = SITE, rules: str = RULES) -> Policy:
    """A policy of that site and those rules."""
    return Policy(site, load((("rules/test.yaml", rules),), site), KEYS)


def make_mail(
    sender: str = f"Jane Doe <{CUSTOMER}>",
    to: str = "support@acme.example",
    subject: str = "Printer",
    text: str = "It prints blank pages.",
    message_id: str = "<m1@customer.example>",
    **headers: str,
) -> bytes:
    """A plain mail; further headers by keyword, underscores become dashes."""
    lines = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Tue, 13 Jan 2026 08:59:00 +0000",
    ]
    if message_id:
        lines.append(f"Message-ID: {message_id}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: text/plain; charset=utf-8", "", text, ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def make_envelope(
    sender: str | None = CUSTOMER, *recipients: str, kind: str = "smtp", client: str = "192.0.2.1"
) -> Envelope:
    """An envelope as our SMTP listener would make it, from a stranger's network."""
    return Envelope(kind, NOW, sender, recipients or ("support@acme.example",), client)


def make_ticket(**changes: Any) -> Ticket:
    """Ticket 10 000 of Jane's in the front desk, open, acknowledged and answered once."""
    asked = ThreadMessage(
        "in",
        "public",
        "request",
        Address(CUSTOMER, "Jane Doe"),
        NOW - timedelta(days=1),
        "It prints blank pages.",
        "<m1@customer.example>",
    )
    ticket = Ticket(
        serial=10_000,
        number=format_number(10_000, "ACME"),
        subject="Printer",
        state=State.OPEN,
        requester=Address(CUSTOMER, "Jane Doe"),
        department="frontdesk",
        created_at=NOW - timedelta(days=1),
        updated_at=NOW - timedelta(days=1),
        last_mail_at=NOW - timedelta(days=1),
        participants=(CUSTOMER,),
        mails_out=2,
        requester_message_id="<m1@customer.example>",
        thread=(asked,),
    )
    return replace(ticket, **changes)


def make_known(*tickets: Ticket, **changes: Any) -> Known:
    """What the database knows when these tickets were found."""
    return Known(next_serial=10_500, tickets={ticket.serial: ticket for ticket in tickets}, **changes)


def token_address(purpose: str, identity: str, serial: int = 10_000, site: Site = SITE) -> str:
    """The reply address that carries such a token."""
    return make_reply_address(site, make_token(KEYS, purpose, serial, identity), site.addresses[0])


def decide(
    raw: bytes,
    known: Known | None = None,
    *,
    envelope: Envelope | None = None,
    policy: Policy | None = None,
    level: Level | None = None,
    trust: Trust | None = None,
    released_as: str = "",
) -> Decision:
    """The decision about these bytes; `level` or `trust` stands in for what the mail would prove."""
    policy = policy or make_policy()
    envelope = envelope or make_envelope()
    inbound = parse(raw, languages=policy.site.languages)
    if trust is None:
        trust = assess(inbound, envelope, policy.site) if level is None else Trust(level)
    keys = find_keys(inbound, envelope, policy.site, policy.keys)
    return decide_mail(inbound, envelope, trust, keys, known or make_known(), policy, NOW, released_as=released_as)


def mails_of(decision: Decision) -> list[Mail]:
    """The mails a decision sends."""
    return [effect.mail for effect in decision.effects if isinstance(effect, SendMail)]


def told(decision: Decision) -> list[tuple[str, str]]:
    """(purpose, recipient) of every mail a decision sends, but for those that ask people inside about a hold."""
    return [(mail.purpose, mail.recipient) for mail in mails_of(decision) if mail.purpose not in QUESTIONS]


def asked(decision: Decision) -> list[tuple[str, str]]:
    """(purpose, recipient) of the mails that ask about a hold."""
    return [(mail.purpose, mail.recipient) for mail in mails_of(decision) if mail.purpose in QUESTIONS]
