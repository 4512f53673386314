"""Tests of what stands beside delivery reports: lists, JSON notices, complaints, people, damaged parts."""

import json

import pytest

from mailproc.message.bounce import find_bounce
from mailproc.message.bouncerecipients import find_recipients
from mailproc.message.bouncestatus import find_status, reply_class
from mailproc.message.parse import parse
from mailproc.message.parts import Headers
from mailproc.records.mail import Bounce, MailClass

OURS = "<t.482170.3.k7q2m4tx@desk.test>"
REPORT = (
    "Reporting-MTA: dns; mx.x.test\n\nFinal-Recipient: rfc822; jo@x.test\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 unknown\n"
)
RETURNED = f"Message-ID: {OURS}\nFrom: Desk <desk@desk.test>\nTo: jo@x.test\nSubject: Your case\n\nHello\n"
DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.x.test>\nTo: desk@desk.test\nSubject: Undelivered Mail\n"
JANE = "Return-Path: <jane@y.test>\nFrom: Jane Doe <jane@y.test>\nTo: desk@desk.test\n"


def _bounce(raw: str) -> Bounce | None:
    return parse(raw.encode()).bounce


def _mime(head: str, kind: str, *parts: tuple[str, str]) -> str:
    body = "".join(f"--b\nContent-Type: {name}\n\n{content}\n" for name, content in parts)
    return f'{head}MIME-Version: 1.0\nContent-Type: {kind}; boundary="b"\n\n{body}--b--\n'


DSN = _mime(
    f"Return-Path: <>\n{DAEMON}", "multipart/report; report-type=delivery-status",
    ("text/plain", "This is the mail system at host mx.x.test.\n\nYour message could not be delivered.\n"),
    ("message/delivery-status", REPORT), ("message/rfc822", RETURNED),
)  # fmt: skip
INNER = DSN.replace('"b"', '"c"').replace("--b", "--c")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "raw",
    [
        DSN,
        DSN.replace("--b--\n", ""),  # cut off
        DSN.replace('boundary="b"', 'boundary="other"'),  # no part is found
        DSN.replace("message/delivery-status", "text/plain"),
        DSN.replace("message/delivery-status", "application/octet-stream"),
        DSN.replace("message/rfc822", "text/rfc822-headers"),
        DSN.replace("; report-type=delivery-status", ""),
        DSN.replace("multipart/report; report-type=delivery-status", "multipart/mixed"),
        DSN.replace("Return-Path: <>\n", ""),
        DSN.replace("MAILER-DAEMON@mx.x.test", "robot@mx.x.test").replace("Mail Delivery System", "Robot"),
    ],
    ids=[
        "whole",
        "cut",
        "boundary",
        "plain status",
        "binary status",
        "headers",
        "no type",
        "mixed",
        "no path",
        "robot",
    ],
)
def test_damaged_report_is_read(raw: str, newline: str) -> None:
    found = _bounce(raw.replace("\n", newline))
    assert found is not None
    assert (found.recipients, found.status, found.is_permanent) == (("jo@x.test",), "5.1.1", True)
    assert found.original_message_id == OURS


FEEDBACK = _mime(
    f"Return-Path: <>\n{DAEMON}", "multipart/report; report-type=feedback-report",
    ("text/plain", "This is an email abuse report for a message that could not be delivered: 550 5.7.1 rejected\n"),
    ("message/feedback-report", "Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\nOriginal-Rcpt-To: jo@x.test\n"),
    ("message/rfc822", RETURNED),
)  # fmt: skip
RECEIPT = _mime(
    "Return-Path: <>\nFrom: jo@x.test\nTo: desk@desk.test\nSubject: Read: Your case\n",
    "multipart/report; report-type=disposition-notification",
    ("text/plain", "Your message was read, not deleted.\n"),
    ("message/disposition-notification", "Final-Recipient: rfc822; jo@x.test\nDisposition: manual-action; displayed\n"),
)


@pytest.mark.parametrize("raw", [FEEDBACK, RECEIPT, FEEDBACK.replace("feedback-report; boundary", "x; boundary")])
def test_complaint_and_receipt_are_reports_and_no_bounces(raw: str) -> None:
    inbound = parse(raw.encode())
    assert inbound.bounce is None
    assert inbound.mail_class is MailClass.REPORT


@pytest.mark.parametrize("path", ["Return-Path: <>\n", "Return-Path: <jo@x.test>\n", ""])
@pytest.mark.parametrize(
    ("head", "text"),
    [
        (
            "Subject: Automatic reply: Your case\n",
            "I am away until 5 May. Your mail is not forwarded, mailbox is full.\n",
        ),
        (
            "Subject: Abwesenheitsnotiz\nAuto-Submitted: auto-replied\n",
            "Ihre Mail wird nicht zugestellt oder gelesen.\n",
        ),
        (
            "Subject: Out of office\nAuto-Submitted: auto-replied (vacation)\n",
            f"Away.\n\n--- Original message ---\n{RETURNED}",
        ),
        (
            "Subject: Re: Your case\nAuto-Submitted: auto-replied\n",
            "Jo does not work here; jo@x.test does not exist.\n",
        ),
    ],
)
def test_absence_note_is_automatic_and_no_bounce(head: str, text: str, path: str) -> None:
    inbound = parse(f"{path}From: Jo Doe <jo@x.test>\nTo: desk@desk.test\n{head}\n{text}".encode())
    assert inbound.bounce is None
    assert inbound.mail_class is MailClass.AUTO


@pytest.mark.parametrize(
    "raw",
    [
        f"{JANE}Subject: Mail delivery failed\n\nOur mail to bo@z.test could not be delivered, see the error:\n550 "
        "5.1.1\n",
        f"{JANE}Subject: bounce\n\nI get \"550 5.1.1 <bo@z.test>: user unknown\". Why?\n\n> This is the mail system "
        "at host x\n",
        _mime(f"{JANE}Subject: Undelivered Mail Returned to Sender\n", "multipart/mixed", ("text/plain",
        "It failed again."),
              ("message/rfc822", INNER)),
        _mime(f"{JANE}Subject: Undeliverable: Your case\n", "multipart/mixed", ("text/plain", "Delivery failed to bo."),
              ("message/rfc822", INNER.replace("desk@desk.test", "jane@y.test"))),
        _mime(f"{JANE}Subject: Fwd: Undelivered Mail\n", "multipart/mixed", ("text/plain", "Why is that?"),
              ("message/delivery-status", REPORT), ("message/rfc822", RETURNED)),
        _mime(f"{JANE}Subject: Please help\n", "multipart/mixed", ("text/plain", "Why was my mail undeliverable?"),
              ("message/delivery-status", REPORT)),
        f"{JANE}Subject: Fwd: failure notice\n\nBegin forwarded message:\n\nFrom: MAILER-DAEMON@x.test\nSubject: "
        "failure "
        f"notice\nDate: today\nTo: jane@y.test\n\n<bo@z.test>:\n550 unknown\n",
        f"{JANE}Subject: Your mail server admin\n\nThe mailbox unavailable error is back, please look: 550 mailbox "
        "full\n",
        "From: Postmaster <postmaster@y.test>\nTo: desk@desk.test\nSubject: Fwd: Undeliverable\n\nLook:\n\n"
        f"{RETURNED}\n550 5.1.1 unknown\n",
        "From: Mailbox Admin <mailadmin@y.test>\nTo: desk@desk.test\nSubject: New quota\n\nYour quota is 5 GB now.\n",
        "From: DHL Delivery <noreply@parcels.test>\nTo: desk@desk.test\nSubject: Delivery failed: we missed you\n\n"
        "Your parcel could not be delivered.\n",
        "From: Support <no-reply@shop.test>\nTo: desk@desk.test\nSubject: Your message could not be "
        "processed\n\nSorry.\n",
    ],
)  # fmt: skip
def test_mail_of_people_and_shops_is_no_bounce(raw: str) -> None:
    inbound = parse(raw.encode())
    assert inbound.bounce is None
    assert inbound.mail_class is not MailClass.BOUNCE


@pytest.mark.parametrize(
    ("head", "text", "list_"),
    [
        ("From: things-admin@lists.test\nX-MLServer: fml [fml 4.0.3]\nSubject: You desk@desk.test are not member "
         "(things ML)\n",
         "You are not a member of this mailing list <things@lists.test>.\n\nIf you know the guide, send "
         "mail.\n", "things@lists.test"),
        ("From: things-bounces@lists.test\nX-List-Administrivia: yes\nSubject: Your message to Things\n"
         "List-Post: <mailto:things@lists.test>\n",
         "You are not allowed to post to this mailing list, and your message has\nbeen automatically rejected.\n",
         "things@lists.test"),
        ("From: LISTSERV Server <LISTSERV@lists.test>\nSubject: Rejected posting to THINGS@LISTS.TEST\n",
         "You are not authorized to send mail to the THINGS list from your desk@desk.test account.\n", ""),
    ],
)  # fmt: skip
def test_list_that_turns_a_mail_away_is_a_bounce(head: str, text: str, list_: str) -> None:
    found = _bounce(f"{head}To: desk@desk.test\n\n{text}")
    assert found is not None
    assert found.is_permanent and (not list_ or found.recipients == (list_,))
    assert "not " in found.explanation


@pytest.mark.parametrize(
    "raw",
    [
        "From: things-bounces@lists.test\nX-List-Administrivia: yes\nSubject: Your message awaits approval\n\nIs "
        "being held.\n",
        "From: Jo <jo@x.test>\nX-MLServer: fml [fml 4.0.3]\nX-ML-Count: 5\nSubject: [things:5] member?\n\nI am not "
        "a member.\n",
    ],
)
def test_other_mail_of_lists_is_no_bounce(raw: str) -> None:
    assert _bounce(raw) is None


def _notice(kind: str, **bounce: object) -> str:
    mail = {"messageId": "0101", "headers": [{"name": "Message-ID", "value": OURS}], "destination": ["jo@x.test"]}
    body = json.dumps({"notificationType": kind, "bounce": bounce, "mail": mail})
    return f"From: SES <no-reply@sns.amazonaws.test>\nTo: desk@desk.test\nSubject: Notice\n\n{body}\n\n--\nStop\n"


def test_notice_of_a_sending_service_is_a_bounce() -> None:
    row = {"emailAddress": "Jo <jo@x.test>", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown"}
    raw = _notice("Bounce", bounceType="Permanent", bouncedRecipients=[row])
    wanted = Bounce(("jo@x.test",), "5.1.1", True, OURS, "550 5.1.1 unknown")
    assert _bounce(raw) == wanted
    assert _bounce(raw.replace('"diag', '!\n "diag')) == wanted
    found = _bounce(_notice("Bounce", bounceType="Transient", bouncedRecipients=[{"emailAddress": "jo@x.test"}]))
    assert found is not None and not found.is_permanent


@pytest.mark.parametrize(
    "raw", [_notice("Complaint"), _notice("Delivery"), _notice("Bounce"), _notice("Bounce", x=[1])]
)
def test_other_notice_is_no_bounce(raw: str) -> None:
    assert _bounce(raw) is None


@pytest.mark.parametrize(
    "text",
    ['{"notificationType"',
     '{"notificationType": ' + "[" * 90_000,
     '{"notificationType": 5}', '{"notificationType":"Bounce"}',
     '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[5,{"emailAddress":7}]},"mail":[]}'],
)  # fmt: skip
def test_broken_notice_is_no_problem(text: str) -> None:
    headers: Headers = (("from", "a@b.test"),)
    assert find_bounce(headers, "x", text, (), None) is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("<jo@x.test>: unknown", ("jo@x.test",)),
        ("jo@x.test", ("jo@x.test",)),
        ("    'jo@x.test' on 3 Nov 2026 10:15", ("jo@x.test",)),
        ("550 5.1.1 <jo@x.test>... User unknown", ("jo@x.test",)),
        ("554 <jo@x.test>... Remote protocol error", ("jo@x.test",)),
        ("RCPT TO:<jo@x.test>", ("jo@x.test",)),
        ("Original-Recipient: rfc822;jo@x.test", ("jo@x.test",)),
        ("Your message to jo@x.test couldn't be delivered.", ("jo@x.test",)),
        ("Ihre Nachricht an jo@x.test konnte nicht zugestellt werden", ("jo@x.test",)),
        ("[SMTP:jo@x.test]", ("jo@x.test",)),
        ("Please write to help@x.test for help.", ()),
        ("For assistance, contact postmaster@x.test.", ()),
        ("From: jo@x.test", ()),
        ("Message-ID: <jo@x.test>", ()),
        ("you can also reach us by sending mail to help@x.test", ()),
    ],
)
def test_recipient_is_told_by_where_it_stands(line: str, told: tuple[str, ...]) -> None:
    assert find_recipients(["It failed:", "", line], [0], frozenset()).told == told


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["<real@y.test> (expanded from", "<alias@x.test>): unknown"], ("alias@x.test",)),
        (["real@y.test", "(generated from alias@x.test)", "unknown"], ("alias@x.test",)),
        (["<real@y.test>", "(expanded from: <alias@x.test>)"], ("real@y.test", "alias@x.test")),
    ],
)
def test_alias_that_we_wrote_to_is_the_recipient(lines: list[str], told: tuple[str, ...]) -> None:
    assert find_recipients(lines, [], frozenset()).told == told


@pytest.mark.parametrize(
    ("words", "status", "digit"),
    [
        ("550 5.1.1 unknown", "5.1.1", "5"),
        ("550-5.7.26 This mail is unauthenticated", "5.7.26", "5"),
        ("(#5.1.1)", "5.1.1", ""),
        ("554 5.0.0 failed: 550 5.2.2 full", "5.2.2", "5"),
        ("421 4.4.2 timed out", "4.4.2", "4"),
        ("MDaemon.PRO.v5.0.4.R at 5.0.2195.6713, 192.5.1.1", "", ""),
        ("in 550 days", "", "5"),
        ("host[192.0.2.1]:550", "", ""),
        ("5.9.1 5.1.1x", "", ""),
    ],
)
def test_status_is_found_in_words(words: str, status: str, digit: str) -> None:
    assert (find_status(words), reply_class(words)) == (status, digit)


def test_warning_is_not_given_up_and_expired_mail_is() -> None:
    late = _bounce(DSN.replace("Action: failed", "Action: delayed").replace("Status: 5.1.1", "Status: 4.4.1"))
    assert late is not None and not late.is_permanent and not late.is_given_up
    expired = _bounce(DSN.replace("Status: 5.1.1", "Status: 4.4.7"))
    assert expired is not None and not expired.is_permanent and expired.is_given_up
