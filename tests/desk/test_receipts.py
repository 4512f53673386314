"""Which refusals mean that an address is dead."""

import pytest

from mailproc.desk.receipts import says_no_such_address
from mailproc.records.effects import MarkBounced, RememberContact
from mailproc.records.mail import Level, Trust
from mailproc.records.ticket import SentMail
from mailproc.tickets.token import make_message_id
from tests.builders import ANN, CUSTOMER, KEYS, SITE, decide, make_envelope, make_known, make_mail, make_ticket

REPORT = """--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {ours}

--b--
"""


@pytest.mark.parametrize(
    ("code", "text", "is_dead"),
    [
        (550, "5.1.1 <x@y.example>: user unknown", True),
        (550, "No such user", True),
        (553, "5.1.3 bad address", True),
        (550, "5.7.1 rejected by spam policy", False),
        (552, "5.2.2 mailbox full", False),
        (554, "refused", False),
        (550, "High probability of spam", False),
        (553, "relaying denied", False),
        (550, "5.7.1 blocked, see also 5.1.1", False),
        (0, "5.1.10 recipient not found", True),
        (0, "", False),
    ],
)
def test_says_no_such_address(code: int, text: str, is_dead: bool) -> None:
    assert says_no_such_address(code, text) is is_dead


@pytest.mark.parametrize(
    ("to", "dmarc", "is_dead"),
    [
        (CUSTOMER, "none", True),
        ("behind-it@other.example", "none", False),  # where the address forwards to, or somebody who made it up
        (CUSTOMER, "fail", False),  # its own From is forged
    ],
)
def test_t32_a_report_makes_an_address_dead_only_when_it_is_about_it(to: str, dmarc: str, is_dead: bool) -> None:
    raw = make_mail(
        "MAILER-DAEMON@mx.example",
        subject="Delivery Status Notification",
        text=REPORT.format(to=to, ours=make_message_id(KEYS, 10_000, 2, SITE.domain)),
        message_id="<b@mx.example>",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )
    sent = {(10_000, 2): SentMail(10_000, 2, "answer", CUSTOMER, CUSTOMER, ANN, False)}
    trust = Trust(Level.A0 if dmarc == "fail" else Level.A1, dmarc=dmarc)
    decision = decide(raw, make_known(make_ticket(), sent=sent), envelope=make_envelope(""), trust=trust)
    assert any(isinstance(effect, MarkBounced) for effect in decision.effects)
    assert (RememberContact(CUSTOMER, is_dead=True) in decision.effects) is is_dead
