"""Tests that delivery reports are found in their many forms, and that people who write about them are not."""

import time

import pytest

from mailproc.message.autoreply import classify
from mailproc.message.bounce import find_bounce, read_groups
from mailproc.message.parts import Headers, Part
from mailproc.records.mail import Bounce

OURS = "<t.482170.3.k7q2m4tx@desk.test>"
RETURNED = (
    f"Received: from a by b\nMessage-ID: {OURS}\nFrom: desk@desk.test\nTo: jo@x.test\nSubject: Your case\n\nHello\n"
)
STATUS = (
    "Reporting-MTA: dns; mx.x.test\nArrival-Date: Tue, 3 Nov 2026 10:15:00 +0100\n\n"
    "Final-Recipient: rfc822; jo@x.test\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <jo@x.test>:\n  user unknown\n"
)
DAEMON: Headers = (("from", "MAILER-DAEMON@mx.x.test (Mail Delivery System)"), ("to", "desk@desk.test"))


def _parts(
    status: str = STATUS, returned: str = RETURNED, newline: str = "\n", kind: str = "message/rfc822"
) -> tuple[Part, ...]:
    report = {"parent_type": "multipart/report", "report_type": "delivery-status", "depth": 1}
    return (
        Part("text/plain", content=b"Sorry.", **report),  # type: ignore[arg-type]
        Part("message/delivery-status", content=status.replace("\n", newline).encode(), **report),  # type: ignore[arg-type]
        Part(kind, content=returned.replace("\n", newline).encode(), **report),  # type: ignore[arg-type]
    )


def _find(
    text: str, subject: str = "failure notice", headers: Headers = DAEMON, return_path: str | None = None
) -> Bounce | None:
    return find_bounce(headers, subject, text, (Part("text/plain", content=text.encode()),), return_path)


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_t32_machine_readable_report_is_read(newline: str, kind: str) -> None:
    found = find_bounce(DAEMON, "Undelivered Mail", "Sorry.", _parts(newline=newline, kind=kind), "")
    assert found == Bounce(("jo@x.test",), "5.1.1", True, OURS, "550 5.1.1 <jo@x.test>: user unknown")


@pytest.mark.parametrize(
    ("action", "status", "is_permanent"),
    [
        ("failed", "5.2.2", True),
        ("failed", "4.4.7", False),
        ("delayed", "4.4.1", False),
        ("Failed", "5.2.1", True),
        ("delayed", "5.4.1", False),
        ("failed (gave up)", "5.7.1", True),
    ],
)
def test_permanent_is_told_from_temporary(action: str, status: str, is_permanent: bool) -> None:
    report = STATUS.replace("failed", action).replace("Status: 5.1.1", f"Status: {status}")
    found = find_bounce(DAEMON, "Report", "", _parts(report), "")
    assert found is not None
    assert (found.is_permanent, found.status) == (is_permanent, status)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "Delivered"])
def test_report_of_success_is_no_bounce(action: str) -> None:
    parts = _parts(STATUS.replace("failed", action).replace("5.1.1", "2.0.0"))
    assert find_bounce(DAEMON, "Delivered", "Your mail could not be faster.", parts, "") is None
    assert classify(DAEMON, "Delivered", "", parts, None, "", None).mail_class.value == "report"


def test_several_recipients_are_read_and_the_failed_one_decides() -> None:
    report = (
        "Reporting-MTA: dns; x\n\n\nOriginal-Recipient: rfc822;alias@x.test\nFinal-Recipient: rfc822;real@y.test\n"
        "Action: delayed\nStatus: 4.2.2\n\n"
        "Final-Recipient: RFC822; <bo@x.test>\nAction: failed\nStatus: 5.1.2 (bad host)\n"
        "Final-Recipient: rfc822; cy@x.test\nAction: delivered\nStatus: 2.0.0\n"
    )
    found = find_bounce(DAEMON, "Report", "", _parts(report), None)
    assert found is not None
    assert found.recipients == ("alias@x.test", "bo@x.test")
    assert (found.status, found.is_permanent) == ("5.1.2", True)


def test_groups_are_read_with_folds_and_junk() -> None:
    groups = read_groups(b"1: 1\r\n\r\n \r\nB-C: x\r\n y\r\nnonsense\r\nB-C: z\r\n\xff: q")
    assert groups == [{"b-c": "x y"}]


QMAIL = (
    "Hi. This is the qmail-send program at mx.x.test.\nI'm afraid I wasn't able to deliver your message to the "
    "following"
    " addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<jo@x.test>:\n"
    "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
    f"Return-Path: <desk@desk.test>\n{RETURNED}"
)
EXIM = (
    "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
    "delivered to"
    " one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  jo@x.test\n"
    "    SMTP error from remote mail server after RCPT TO:<jo@x.test>:\n    host mx.x.test [192.0.2.1]: 550 "
    "5.1.1 unknown\n\n"
    f"------ This is a copy of the message, including all the headers. ------\n\n{RETURNED}"
)
POSTFIX = (
    "This is the mail system at host mx.x.test.\n\nI'm sorry to have to inform you that your message could "
    "not\nbe delivered"
    " to one or more recipients. It's attached below.\n\nFor further assistance, please send mail to postmaster.\n\n"
    "<jo@x.test>: host mx.x.test[192.0.2.1] said: 550 5.1.1 <jo@x.test>:\n    Recipient address rejected\n"
)
EXCHANGE = (
    "Delivery has failed to these recipients or groups:\n\nJo Doe (jo@x.test)\nThe email address you entered "
    "couldn't be "
    "found.\n\nDiagnostic information for administrators:\n\nGenerating server: mx.x.test\n\njo@x.test\n"
    "Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'\n\nOriginal message headers:\n\n"
    + RETURNED
)
GMAIL = (
    "** Address not found **\n\nYour message wasn't delivered to jo@x.test because the address couldn't be found.\n\n"
    "The response from the remote server was:\n\n550 5.1.1 The email account that you tried to reach does not exist.\n"
)
YAHOO = (
    "Sorry, we were unable to deliver your message to the following address.\n\n<jo@x.test>:\n554: 5.1.1 no "
    "such user\n\n"
    f"--- Below this line is a copy of the message.\n\n{RETURNED}"
)
GERMAN = "Ihre Nachricht konnte nicht zugestellt werden:\n\n<jo@x.test>\n\n550 5.1.1 User unknown\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("return_path", ["", None, "MAILER-DAEMON@mx.x.test"])
@pytest.mark.parametrize(
    "text",
    [QMAIL, EXIM, POSTFIX, EXCHANGE, GMAIL, YAHOO, GERMAN],
    ids=["qmail", "exim", "postfix", "exchange", "gmail", "yahoo", "german"],
)
def test_t32_report_in_words_is_read(text: str, return_path: str | None, newline: str) -> None:
    found = _find(text.replace("\n", newline), return_path=return_path)
    assert found is not None
    assert found.recipients == ("jo@x.test",)
    assert (found.status, found.is_permanent) == ("5.1.1", True)
    assert found.original_message_id == (OURS if "Message-ID" in text else "")
    assert "5.1.1" in found.explanation and "\n" not in found.explanation


@pytest.mark.parametrize(
    "text",
    [
        "Your message to:\n  jo@x.test\n\nhas not yet been delivered because the server did not answer.\n\nThis "
        "is just a "
        "warning, we will continue to try for 5 days.",
        "Message delayed\n\n<jo@x.test>: 421 4.4.1 timed out",
        "The following message to <jo@x.test> was undeliverable. 452 mailbox full, temporary failure",
    ],
)
def test_warning_is_temporary(text: str) -> None:
    found = _find(text, subject="Warning: message delayed")
    assert found is not None
    assert not found.is_permanent
    assert found.recipients == ("jo@x.test",)


def test_failed_recipients_header_is_enough() -> None:
    headers = (("from", "x@y.test"), ("x-failed-recipients", "jo@x.test, bo@x.test"))
    found = _find("Something went wrong.", headers=headers, return_path="")
    assert found is not None and found.recipients == ("jo@x.test", "bo@x.test")


def test_recipient_comes_from_the_returned_mail_when_the_text_is_silent() -> None:
    found = _find(
        f"Message could not be delivered to mobile.\n\n----- Original message -----\n{RETURNED}", return_path=""
    )
    assert found is not None and found.recipients == ("jo@x.test",)


def test_own_and_reporting_addresses_are_never_recipients() -> None:
    text = (
        "Your message from desk@desk.test could not be delivered.\nContact postmaster@x.test\n\n"
        "<jo@x.test>: unknown user\n"
    )
    found = _find(text)
    assert found is not None and found.recipients == ("jo@x.test",)


JANE: Headers = (("from", "Jane Doe <jane@x.test>"), ("to", "desk@desk.test"))


@pytest.mark.parametrize(
    ("headers", "subject", "text", "return_path"),
    [
        (JANE, "Mail could not be delivered", "My mail to bo@y.test could not be delivered:\n550 5.1.1 "
        "unknown", "jane@x.test"),
        (JANE, "Undeliverable parcel", "The parcel is undeliverable.\n\nOriginal message: see below", "jane@x.test"),
        (JANE, "Re: failure notice", QMAIL, "jane@x.test"),
        (JANE, "Fwd: failure notice", QMAIL, "jane@x.test"),
        (JANE, "Broken pump", "It does not exist any more.", "jane@x.test"),
        (JANE, "Automatic reply: Case", "I am away until 5 May, my mailbox is full of mails.", ""),
        ((("from", "Postmaster <postmaster@x.test>"),), "Mails rejected", "Our mail was rejected: 550 5.7.1 "
        "blocked", None),
        ((("from", "Royal Mail Delivery <a@post.test>"),), "Delivery notification", "It was not delivered.", None),
        ((("from", "jane@x.test"), ("auto-submitted", "auto-replied")), "Away", "I cannot be reached, nothing "
        "is delivered", ""),
        ((), "", "", None),
        ((), "", "", ""),
    ],
)  # fmt: skip
def test_mail_of_people_is_no_bounce(headers: Headers, subject: str, text: str, return_path: str | None) -> None:
    assert find_bounce(headers, subject, text, (Part("text/plain", content=text.encode()),), return_path) is None


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe" * 50, b":::\n:::", b"Action", b"Final-Recipient: rfc822;\nAction: failed\n"]
)
def test_broken_report_is_no_problem(content: bytes) -> None:
    found = find_bounce(DAEMON, "x", "", (Part("message/delivery-status", content=content),), "")
    assert found is None or found.recipients == ()


HOSTILE = {
    "addresses": lambda n: "<a@b.test>: failed\n" * n,
    "one line": lambda n: "undeliverable " + "a@b.test " * n,
    "at signs": lambda n: "undeliverable " + "@" * n,
    "dots": lambda n: "undeliverable a@" + "b." * n,
    "codes": lambda n: "550 5.1.1 " * n,
    "rules": lambda n: "----------\n" * n,
    "failures": lambda n: "could not be delivere " * n,
    "fields": lambda n: "Message-ID: <" + "x" * n,
    "blanks": lambda n: " " * n + "\n" + "> " * n,
}


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE.keys())
def test_t58_time_grows_with_the_length_only(build) -> None:  # type: ignore[no-untyped-def]
    spent = []
    for size in (2_000, 16_000):
        text = build(size)
        parts = (Part("message/delivery-status", content=text.encode()), Part("message/rfc822", content=text.encode()))
        started = time.process_time()
        find_bounce(DAEMON, "failure notice", text, parts, "")
        find_bounce(DAEMON, "failure notice", text, (), "")
        spent.append(time.process_time() - started)
    assert spent[1] < 1.0 + spent[0] * 8 * 4
