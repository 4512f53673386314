"""Finished mails of every shape read by strangers: Python's strict parser, and a real Dovecot's BODYSTRUCTURE."""

from email import policy as stdlib_policy
from email.message import Message
from email.parser import BytesParser
from typing import Any

import imapclient
import pytest

from mailproc.records.mail import Level
from tests import dovecot
from tests.builders import ANN, RULES, decide, make_known, make_mail, make_policy, make_ticket, token_address
from tests.desk.test_outgoing import GIF, PNG, PROVEN, composed, multipart

DESK = "department:frontdesk"
PDF = ("application/pdf", "Rechnung für März.pdf", b"%PDF" + bytes(3000))
IMAGE = ("image/png cid:a@x", "Bild.png", PNG)
OTHER = ("image/gif cid:b@x", "b.gif", GIF)
MAIL = ("message/rfc822", "fwd.eml", b"From: a@b.example\r\nSubject: x\r\n\r\nbody\r\n")
LONG = "ü" * 2000 + "\n.\n..\nFrom here\n" + "x" * 1200 + " \n"


def make_all() -> dict[str, bytes]:
    """A mail of each shape."""

    def request(*parts: tuple[str, str, bytes], text: str = "See [cid:a@x]", subject: str = "Printer") -> bytes:
        who = "Jörg Müller <jane@customer.example>"
        return multipart(who, "support@acme.example", *parts, text=text, subject=subject)

    def forward(*parts: tuple[str, str, bytes], text: str = "See [cid:a@x]", subject: str = "Printer") -> bytes:
        raw = request(*parts, text=text, subject=subject)
        return composed(decide(raw, level=Level.A3), "forward", raw=raw)

    reply = multipart(f"Ann <{ANN}>", token_address("r", DESK), IMAGE, PDF, text="Look:\n[cid:a@x]", message_id="<a@b>")
    policy = make_policy(rules=RULES)
    return {
        "text and markup": forward(text="Hello"),
        "a file": forward(PDF, text="Hello"),
        "an image that is shown": forward(IMAGE),
        "an image, a file": forward(IMAGE, PDF),
        "two images, a mail, a file": forward(IMAGE, OTHER, MAIL, PDF),
        "long lines, dots, odd subject": forward(text=LONG, subject="Grüße 😀 " * 40),
        "an acknowledgement": composed(decide(make_mail(subject="Ünï"), level=Level.A3), "received"),
        "an acknowledgement to a stranger": composed(decide(make_mail(), level=Level.A1), "received"),
        "an answer": composed(decide(reply, make_known(make_ticket()), trust=PROVEN), "answer", policy, reply),
        "a copy": composed(decide(reply, make_known(make_ticket()), trust=PROVEN), "copy", policy, reply),
    }


def tree(part: Message) -> object:
    """The types of a mail's parts, as Python reads them."""
    if part.is_multipart() and part.get_content_type() != "message/rfc822":
        children = [child for child in part.get_payload() if isinstance(child, Message)]
        return part.get_content_subtype(), [tree(child) for child in children]
    return part.get_content_type(), str(part["Content-Transfer-Encoding"]).lower()


def structure(body: Any) -> object:
    """The same from a BODYSTRUCTURE."""
    if body.is_multipart:
        return body[1].decode().lower(), [structure(child) for child in body[0]]
    return f"{body[0].decode()}/{body[1].decode()}".lower(), body[5].decode().lower()


@pytest.fixture(scope="module")
def mails() -> dict[str, bytes]:
    return make_all()


def test_pythons_strict_parser_finds_no_defect(mails: dict[str, bytes]) -> None:
    for name, raw in mails.items():
        mail = BytesParser(policy=stdlib_policy.strict).parsebytes(raw)  # raises at the first defect
        for field in mail:
            assert not mail[field].defects, (name, field)
        for part in mail.walk():
            if not part.is_multipart():
                assert part.get_payload(decode=True) is not None
        assert raw.endswith(b"\r\n") and raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
        assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_real_imap_server_sees_the_same_parts(mails: dict[str, bytes]) -> None:
    server = dovecot.shared()
    user = server.new_user()
    server.fill(user, list(mails.values()))
    with imapclient.IMAPClient("127.0.0.1", server.port, ssl=False) as client:
        client.login(user, dovecot.PASSWORD)
        client.select_folder("INBOX", readonly=True)
        found = client.fetch(client.search(), ["BODYSTRUCTURE", "ENVELOPE"])
    assert len(found) == len(mails)
    for (name, raw), (_, seen) in zip(mails.items(), sorted(found.items()), strict=True):
        mail = BytesParser(policy=stdlib_policy.default).parsebytes(raw)
        assert structure(seen[b"BODYSTRUCTURE"]) == tree(mail), name
        envelope = seen[b"ENVELOPE"]
        assert envelope.message_id.decode() == mail["Message-ID"]
        assert envelope.cc is envelope.bcc is None and len(envelope.to) == len(envelope.from_) == 1
        assert (envelope.in_reply_to or b"").decode() == (mail["In-Reply-To"] or "")
