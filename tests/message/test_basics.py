"""What the top of a mail says, and who stands in for a From that says nothing."""

import pytest

from mailproc.message.parse import parse
from mailproc.records.mail import Address

SENDER = b"Sender: Office <office@a.test>\n"
REPLY_TO = b"Reply-To: jane@b.test\n"
RETURN_PATH = b"Return-Path: <bounce+1@c.test>\n"


@pytest.mark.parametrize("sender", [b"", b"From:\n", b"From: <>\n", b"From: ,\n"])
@pytest.mark.parametrize(
    ("others", "shown"),
    [
        (RETURN_PATH + REPLY_TO + SENDER, Address("office@a.test", "Office")),
        (RETURN_PATH + REPLY_TO, Address("jane@b.test")),
        (RETURN_PATH, Address("bounce+1@c.test")),
        (b"Return-Path: <>\n", None),
        (b"", None),
    ],
)
def test_an_empty_from_is_stood_in_for_but_identifies_nobody(
    sender: bytes, others: bytes, shown: Address | None
) -> None:
    inbound = parse(others + sender + b"Subject: x\n\ntext\n")
    assert inbound.from_ == shown
    assert not inbound.from_ok and inbound.from_defect


@pytest.mark.parametrize("sender", [b"From: MAILER-DAEMON <>\n", b"From: Jane\n"])
def test_a_from_with_a_name_alone_stays_what_it_is(sender: bytes) -> None:
    inbound = parse(SENDER + REPLY_TO + sender + b"\ntext\n")
    assert inbound.from_ is not None and inbound.from_.addr == "" and inbound.from_.name
    assert not inbound.from_ok


def test_t40_an_encoded_line_end_stays_inside_its_line() -> None:
    inbound = parse(b"From: a@b.test\nSubject: =?utf-8?q?hi=0D=0ABcc=3A_evil=40x.test?=\n\ntext\n")
    assert inbound.subject == "hi Bcc: evil@x.test"
    assert [name for name, _ in inbound.headers] == ["from", "subject"]


def test_headers_that_only_we_write_are_dropped_in_any_case() -> None:
    inbound = parse(b"From: a@b.test\nX-MailProc-Ticket: 1\nx-mailproc-x: 2\nSubject: x\n\ntext\n")
    assert [name for name, _ in inbound.headers] == ["from", "subject"]


def test_t10_a_name_with_a_bare_comma_is_shown_whole_but_identifies_nobody() -> None:
    inbound = parse(b"From: Doe, Jane <jane@x.test>\nSubject: x\n\ntext\n")
    assert inbound.from_ == Address("jane@x.test", "Doe, Jane")
    assert not inbound.from_ok


def test_t10_two_addresses_in_from_are_not_joined() -> None:
    inbound = parse(b"From: Boss, a@x.test, b@x.test\nSubject: x\n\ntext\n")
    assert inbound.from_ == Address("", "Boss")
    assert not inbound.from_ok
