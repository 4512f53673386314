"""Envelopes of mail that comes by a pipe or from a file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailproc.intake.base import find_recipients, has_room, read_fields, split_from_line
from mailproc.intake.pipe import envelope_from_file, envelope_from_pipe

OURS = ("support@our.test", "billing@our.test")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        (None, None),
        ("", ""),
        ("<>", ""),
        ("MAILER-DAEMON", ""),
        ("Cust@C.Test", "cust@c.test"),
        ("<cust@c.test>", "cust@c.test"),
        ("root", None),
        ("a\r\nb@c.test", None),
    ],
)
def test_sender_of_a_pipe_is_what_the_mta_said(given: str | None, understood: str | None) -> None:
    envelope = envelope_from_pipe(b"", given, ("support@our.test",), OURS, NOW)
    assert (envelope.kind, envelope.sender, envelope.received_at) == ("pipe", understood, NOW)


def test_recipients_of_a_pipe_go_before_headers() -> None:
    raw = b"Delivered-To: support@our.test\nTo: support@our.test\n\n"
    named = ("Billing@our.test", "billing@our.test", "no address", "x@elsewhere.test")
    assert envelope_from_pipe(raw, None, named, OURS, NOW).recipients == ("billing@our.test", "x@elsewhere.test")


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (
            b"Delivered-To: billing@our.test\nX-Original-To: support@our.test\nTo: support@our.test\n",
            "billing@our.test",
        ),
        (b"Delivered-To: box17@mail.internal\nX-Original-To: <Billing@OUR.test>\n", "billing@our.test"),
        (b"Delivered-To: billing+a2b3c4@our.test\nTo: support@our.test\n", "billing+a2b3c4@our.test"),
        (b"Envelope-to: billing+a2b3c4@our.test\nTo: support@our.test\n", "billing+a2b3c4@our.test"),  # Exim's
        # The topmost one is the last MTA's; what stands below may be the sender's own claim.
        (b"Delivered-To: support@our.test\nDelivered-To: billing@our.test\n", "support@our.test"),
        (b"To: x@c.test,\n  Billing <billing@our.test>\nCc: support@our.test\n", "billing@our.test support@our.test"),
        (b"to: BILLING@our.test\r\nSubject: x\r\n", "billing@our.test"),
        (b"To: list@lists.test\n", "support@our.test"),
        (b"To: xbilling@our.test, billing@our.test.evil.test\n", "support@our.test"),
        (b"", "support@our.test"),
        (b"To : billing@our.test\n", "support@our.test"),
        (b"X: y\n\nTo: billing@our.test\n", "support@our.test"),
        (b"\nTo: billing@our.test\n", "support@our.test"),
        (b"To: \xff\xfe <billing@our.test>\n", "billing@our.test"),
    ],
)
def test_recipients_are_found_in_headers_when_nobody_named_them(head: bytes, found: str) -> None:
    raw = head + b"\nTo: billing@our.test in the body\n"
    assert envelope_from_pipe(raw, None, (), OURS, NOW).recipients == tuple(found.split())
    envelope = envelope_from_file(raw, OURS, NOW, forwards_old=True)
    assert (envelope.kind, envelope.recipients, envelope.forwards_old) == ("feed", tuple(found.split()), True)
    assert (envelope.sender, envelope.received_at) == (None, NOW)


def test_site_may_say_itself_what_is_ours() -> None:
    raw = b"Delivered-To: token@cases.our.test\n\n"
    assert find_recipients(raw, OURS, lambda address: address == "token@cases.our.test") == ("token@cases.our.test",)


def test_reading_header_fields_is_linear_whatever_the_bytes() -> None:
    hostile = [
        b"To: " + b"a" * 200_000,
        b"To:\n" + b" \n" * 50_000,
        b"a:" * 60_000,
        b"x" * 200_000,
        b"To: x\r" * 20_000,
    ]
    for raw in hostile:
        assert len(read_fields(raw, frozenset({"to"}))) <= 1
        assert find_recipients(raw, OURS)


@pytest.mark.parametrize(
    ("raw", "mail", "sender"),
    [
        (b"From cust@c.test Sun Nov 22 12:00:00 2026\nSubject: x\n\n", b"Subject: x\n\n", "cust@c.test"),
        (b"From MAILER-DAEMON Sun Nov 22 12:00:00 2026\r\nSubject: x\r\n", b"Subject: x\r\n", ""),
        (b"From - Sun Nov 22 12:00:00 2026\nSubject: x\n", b"Subject: x\n", None),
        (b"From : evil@x.test\nFrom: ann@our.test\n", b"From : evil@x.test\nFrom: ann@our.test\n", None),  # T12
        (b"From: cust@c.test\n\n", b"From: cust@c.test\n\n", None),
        (b"", b"", None),
    ],
)
def test_from_line_is_taken_off(raw: bytes, mail: bytes, sender: str | None) -> None:
    assert split_from_line(raw) == (mail, sender)


def test_f10_room_is_seen_below_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert has_room(tmp_path / "data" / "mailproc.db", 1)
    assert not has_room(tmp_path / "data", 1 << 60)
