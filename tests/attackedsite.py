"""A desk for attacks: what an attacker and agents write there, and what went out since one looked last."""

from base64 import b64encode
from typing import Any

from mailproc.store import outbox, queries
from tests.desks import Desk

ANN, BO, CY = "Ann Kowalska <ann@acme.example>", "bo@acme.example", "cy@acme.example"
EVE, DESK = "eve@evil.example", "support@acme.example"
UNPROVEN = "Received: from a.example by b.example; x"  # in our own domain, and not handed in by who says so
HIS = "ATTACKERSWORDS"
NOTE = "this customer has never once paid a single bill of ours in time"
RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
  billing: {name: Billing, forward_to: billing@acme.example}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk]}
  - {name: Bo Berg, address: bo@acme.example, departments: [billing]}
  - {name: Cy Both, address: cy@acme.example, departments: [frontdesk, billing]}
fields: {order: {label: Order number}}
forms:
  web: {from: form@shop.example}
route:
  - {name: bills, when: {subject: {contains: Invoice}}, do: {department: billing}}
defaults: {department: frontdesk, language: en}
"""
FORWARD = """\
{above}---------- Forwarded message ---------
From: {sender}
Date: Tue, Jan 13, 2026 at 8:15 AM
Subject: Warm fridge
To: Ann <ann@acme.example>


{text}
"""


class Site:
    """A desk that all attacks of this file share, and a new victim for each of them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.turn = 0
        self.seen = 0

    def victim(self) -> str:
        self.turn += 1
        return f"v{self.turn}@victim{self.turn}.example"

    def case(self, subject: str = "Lamp", text: str = "My lamp is dark") -> tuple[str, int, str, str]:
        """(who asked, serial, number, the address agents answer at) of a new case."""
        who = self.victim()
        serial = self.desk.write(f"{text} {self.turn}", sender=who, subject=f"{subject} {self.turn}")["serial"]
        number = self.desk.show(serial)["number"]
        return who, serial, number, self.address("forward")

    def address(self, purpose: str) -> str:
        return str(self.desk.last(purpose)["Reply-To"])

    def mails(self) -> list[tuple[str, str, bytes]]:
        """(purpose, recipient, bytes) of what went out since the last call."""
        with self.desk.site.store.read() as tx:
            rows = [(row["purpose"], row["to"], outbox.raw_of(tx, row["id"])) for row in queries.list_outbox(tx)]
        fresh, self.seen = rows[self.seen :], len(rows)
        return [(purpose, to, raw or b"") for purpose, to, raw in fresh]

    def to(self, recipient: str) -> list[str]:
        return [purpose for purpose, to, _ in self.mails() if to == recipient]

    def agent(self, text: str, to: str = DESK, **more: Any) -> dict[str, Any]:
        return self.desk.write(text, sender=more.pop("who", ANN), to=to, subject=more.pop("subject", "Re: x"), **more)

    def copy(self, message_id: str, to: str, text: str, *head: str, rcpt: str = "") -> bytes:
        """A signed mail of Ann's whose signature leaves the Message-ID out; the same each time but for that."""
        lines = [
            *([f"Delivered-To: {rcpt}"] if rcpt else []),
            "Authentication-Results: mx.acme.example; dmarc=pass header.from=acme.example",
            *head,
            f"From: {ANN}",
            f"To: {to}",
            "Subject: Work",
            f"Date: {self.desk.now:%a, %d %b %Y %H:%M:%S} +0000",
            f"Message-ID: <{message_id}@acme.example>",
            f"DKIM-Signature: v=1; d=acme.example; b={b64encode(text.encode()).decode()}",
            "",
            text,
            "",
        ]
        return "\r\n".join(lines).replace("\r\n", "\n").replace("\n", "\r\n").encode()
