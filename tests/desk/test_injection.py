"""Hostile bytes of a mail on their way through: in by the engine, out as acknowledgement, forward, answer, summary."""

from collections.abc import Iterator
from email import message_from_bytes
from email.parser import BytesHeaderParser
from pathlib import Path

import pytest

from mailproc.store import outbox, queries
from tests.desks import Desk, open_desk

MACHINE = {"Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"}
ALWAYS = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "References", "X-Loop-Guard", "MIME-Version",
          "Content-Type"}  # fmt: skip
MAY = MACHINE | {"In-Reply-To", "Thread-Topic", "Thread-Index", "List-Id", "X-Mailproc-Ticket",
                 "X-Mailproc-Department", "X-Mailproc-Priority", "X-Mailproc-Rule"}  # fmt: skip
EVIL = b"Bcc: evil@x.test"
# Python's own parser, writing what it read, made headers of these (threat T41); =0D=0A decodes to a real line end
INSIDE = [
    *(b"BEFORE" + char + EVIL for char in (b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\xc2\x85", b"\xe2\x80\xa8")),
    b"=?utf-8?q?hi=0D=0ABcc=3A_evil=40x.test?=",
    b"=?utf-8?q?hi=0ABcc=3A_evil=40x.test=0A=0A?= =?utf-8?q?=1cBcc=3A_evil=40x.test?=",
]
FIELDS = ("Subject", "From", "To", "List-Id", "Thread-Topic", "In-Reply-To", "References", "X-Order")
# Ends of data that are none (threat T50), as they stand in a body that came by another way than SMTP
ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n.\r\r\n", b"\r\r\n.\r\n",
        b"\r\n\x00.\r\n", b"\r\n.\x00\r\n", b"\n..\r\n", b"\n\r.\n\r", b"\x0b.\x0b", b"\xc2\x85.\xc2\x85",
        b"\xe2\x80\xa8.\xe2\x80\xa8", b"\r\n .\r\n", b"\r\n. \r\n"]  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    more = "limits: {sender_per_hour: none, sender_per_day: none, ticket_per_hour: none, domain_per_hour: none}\n"
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db", more=more) as made:
        yield made


def write(desk: Desk, number: int, fields: dict[str, bytes], body: bytes = b"Hello") -> int:
    """A proven mail with these header values, as they stand; its ticket, 0 where it is held."""
    desk.wait(minutes=11)
    head = {
        "Authentication-Results": b"mx.acme.example; dmarc=pass header.from=customer.example",
        "From": b"Jane Doe <jane@customer.example>",
        "To": b"support@acme.example",
        "Subject": b"Printer %d" % number,
        "Date": f"{desk.now:%a, %d %b %Y %H:%M:%S} +0000".encode(),
        "Message-ID": b"<m%d@customer.example>" % number,
        **fields,
    }
    lines = [name.encode() + b": " + value for name, value in head.items()]
    row = desk.take(b"\r\n".join([*lines, b"", body, b""]))
    return int(row["serial"] or 0)


def sent(desk: Desk) -> list[tuple[str, str, bytes]]:
    """(purpose, recipient, bytes) of all that went out."""
    with desk.site.store.read() as tx:
        rows = queries.list_outbox(tx)
        return [(row["purpose"], row["to"], outbox.raw_of(tx, row["id"]) or b"") for row in rows]


def test_t40_t41_no_header_comes_of_what_stands_in_one(desk: Desk) -> None:
    number = 0
    for inside in INSIDE:
        for field in FIELDS:
            number += 1
            value = b'"' + inside + b'" <jane@customer.example>' if field in ("From", "To") else inside
            serial = write(desk, number, {field: value})
            if serial:
                desk.ask("reply", serial, "Please restart it.")
                desk.ask("resolve", serial)
    mails = sent(desk)
    assert {purpose for purpose, _, _ in mails} >= {"received", "forward", "answer", "copy", "resolved"}
    assert len(mails) > 4 * len(INSIDE) * len(FIELDS) // 2
    for purpose, recipient, raw in mails:
        names = BytesHeaderParser().parsebytes(raw).keys()
        lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
        assert names == [line.partition(b":")[0].decode() for line in lines if line[:1] not in b" \t"], purpose
        assert ALWAYS <= set(names) <= ALWAYS | MAY and len(set(names)) == len(names), (purpose, names)
        assert b"\r\nTo: " + recipient.encode() + b"\r\n" in raw
        assert not any(line.lower().startswith(b"bcc") for line in raw.splitlines())
    assert {recipient for _, recipient, _ in mails} == {"jane@customer.example", "frontdesk@acme.example"}


def test_t43_no_end_of_data_that_is_none_leaves_again(desk: Desk) -> None:
    for number, end in enumerate(ENDS):
        hidden = end + b"MAIL FROM:<admin@our.test>\r\nRCPT TO:<evil@x.test>\r\nDATA\r\nSubject: x\r\n\r\nx" + end
        serial = write(desk, number, {"Content-Type": b"text/plain; charset=utf-8"}, b"first" + hidden)
        if serial:
            desk.ask("resolve", serial)
    mails = sent(desk)
    assert len(mails) >= 2 * len(ENDS)
    for purpose, _, raw in mails:
        assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n"), purpose
        assert b"\x00" not in raw and not message_from_bytes(raw).defects
