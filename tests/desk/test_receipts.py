"""Which refusals mean that an address is dead."""

import pytest

from mailproc.desk.receipts import says_no_such_address
from mailproc.records.effects import MarkBounced, RememberContact, SendMail
from mailproc.records.mail import Level, Trust
from mailproc.records.ticket import Contact, SentMail
from mailproc.tickets.bounceaddress import make_bounce_address
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


@pytest.mark.parametrize(("by_address", "is_dead"), [(True, True), (False, False)])
def test_t32_who_takes_part_cannot_make_anothers_address_dead(by_address: bool, is_dead: bool) -> None:
    """Bob has read the id of the mail to Jane; the address its report goes to he has not."""
    to = make_bounce_address(SITE, KEYS, 10_000, 2, SITE.addresses[0]) if by_address else SITE.addresses[0]
    raw = make_mail(
        "MAILER-DAEMON@mx.example",
        to,
        text=REPORT.format(to=CUSTOMER, ours=make_message_id(KEYS, 10_000, 2, SITE.domain)),
        message_id="<b@mx.example>",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )
    known = make_known(
        make_ticket(participants=(CUSTOMER, "bob@other.example")),
        sent={(10_000, 2): SentMail(10_000, 2, "answer", CUSTOMER, CUSTOMER, ANN, False)},
    )
    decision = decide(raw, known, envelope=make_envelope("", to), trust=Trust(Level.A1))
    assert any(isinstance(effect, MarkBounced) for effect in decision.effects)
    assert (RememberContact(CUSTOMER, is_dead=True) in decision.effects) is is_dead


@pytest.mark.parametrize(("level", "is_back"), [(Level.A2, True), (Level.A1, False)])
def test_a_dead_address_lives_again_when_its_owner_proves_to_write_from_it(level: Level, is_back: bool) -> None:
    decision = decide(make_mail(), make_known(requester=Contact(CUSTOMER, is_dead=True)), level=level)
    mails = [effect.mail.purpose for effect in decision.effects if isinstance(effect, SendMail)]
    assert ("received" in mails) is is_back
    [contact] = [effect for effect in decision.effects if isinstance(effect, RememberContact)]
    assert contact.is_dead is (False if is_back else None)


def test_a_report_without_a_copy_of_the_mail_is_known_by_the_address_it_came_to() -> None:
    sent = {(10_000, 2): SentMail(10_000, 2, "answer", CUSTOMER, CUSTOMER, ANN, False)}
    address = make_bounce_address(SITE, KEYS, 10_000, 2, "support@acme.example")
    raw = make_mail("Postmaster <hello@mx.example>", to=address, subject="Ojej", text="Nie ma.", message_id="<b@mx>")
    known = make_known(make_ticket(), sent=sent)
    decision = decide(raw, known, envelope=make_envelope("", address))
    assert decision.reason == "bounce" and any(isinstance(effect, MarkBounced) for effect in decision.effects)
    told = [effect.mail.recipient for effect in decision.effects if isinstance(effect, SendMail)]
    assert told == [ANN]
    # With a sender it is somebody's mail, and belongs to the case all the same
    answer = decide(make_mail(to=address, text="Thanks"), known, envelope=make_envelope(CUSTOMER, address))
    assert answer.serial == 10_000 and answer.reason != "bounce"
