"""One mail as a whole: every field of an Inbound, and that no bytes make `parse` raise or linger."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.parse import fingerprint, parse
from mailproc.records.mail import Address, Inbound, Intent, MailClass

USUAL = (
    b"Return-Path: <jane@customer.test>\r\n"
    b"Delivered-To: support@our.test\r\n"
    b"Received: from mail.customer.test by mx.our.test with ESMTPS id 1;\r\n\tMon, 5 Oct 2026 10:00:07 +0200\r\n"
    b"Received: from laptop by mail.customer.test; Mon, 5 Oct 2026 10:00:05 +0200\r\n"
    b"From: =?utf-8?q?J=C3=A4ne_Doe?= <Jane@Customer.test>\r\n"
    b"Sender: Desk <desk@customer.test>\r\n"
    b"Reply-To: jane.private@customer.test\r\n"
    b"To: Support <support@our.test>, Sales <sales@our.test>\r\n"
    b"Cc: boss@customer.test\r\n"
    b"Subject: Re: [ACME-482-170]\r\n =?utf-8?q?caf=C3=A9?= order\r\n"
    b"Message-ID: <two@customer.test>\r\n"
    b"In-Reply-To: <one@our.test>\r\n"
    b"References: <zero@customer.test>\r\n <one@our.test>\r\n"
    b"Date: Mon, 5 Oct 2026 10:00:00 +0200\r\n"
    b"X-Mailproc-Ticket: forged\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b1"\r\n'
    b"\r\n"
    b"preamble\r\n"
    b"--b1\r\n"
    b'Content-Type: multipart/alternative; boundary="b2"\r\n'
    b"\r\n"
    b"--b2\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n"
    b"The caf=E9 machine is broken, please send somebody today.\r\n"
    b"--b2\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n"
    b"\r\n"
    b"<p>The caf\xc3\xa9 machine is broken, please send somebody today.</p>\r\n"
    b"--b2--\r\n"
    b"--b1\r\n"
    b'Content-Type: application/pdf; name="=?utf-8?q?M=C3=A4rz.pdf?="\r\n'
    b"Content-Disposition: attachment\r\n"
    b"Content-Transfer-Encoding: base64\r\n"
    b"\r\n"
    b"JVBERi0xLjQK\r\n"
    b"--b1--\r\n"
    b"epilogue\r\n"
)


def test_parse_fills_every_field() -> None:
    inbound = parse(USUAL)
    assert inbound.from_ == Address("jane@customer.test", "Jäne Doe")
    assert inbound.from_ok and inbound.from_defect == ""
    assert inbound.sender == Address("desk@customer.test", "Desk")
    assert inbound.reply_to == (Address("jane.private@customer.test"),)
    assert inbound.to == (Address("support@our.test", "Support"), Address("sales@our.test", "Sales"))
    assert inbound.cc == (Address("boss@customer.test"),)
    assert inbound.delivered_to == ("support@our.test",)
    assert inbound.return_path == "jane@customer.test"
    assert inbound.subject == "Re: [ACME-482-170] café order"
    assert inbound.message_id == "<two@customer.test>"
    assert inbound.in_reply_to == ("<one@our.test>",)
    assert inbound.references == ("<zero@customer.test>", "<one@our.test>")
    assert inbound.date == datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
    assert inbound.received_at == datetime(2026, 10, 5, 8, 0, 7, tzinfo=UTC)
    assert inbound.text == "The café machine is broken, please send somebody today."
    assert inbound.new_text == inbound.text
    assert inbound.has_html
    assert inbound.language == "en"
    assert not inbound.is_unparsable
    assert inbound.defects == ()
    assert inbound.size == len(USUAL)
    (attachment,) = inbound.attachments
    assert (attachment.filename, attachment.content_type, attachment.size) == ("März.pdf", "application/pdf", 9)
    assert attachment.content == b"%PDF-1.4\n"


def test_t22_our_own_headers_from_outside_are_gone() -> None:
    forged = USUAL.replace(b"X-Mailproc-Ticket: forged\r\n", b"")
    names = (b"Ticket", b"Department", b"Priority", b"Rule", b"Loop", b"Anything-New")
    for name in names:
        forged = forged.replace(b"MIME-Version", b"x-MAILPROC-" + name + b": forged\r\nMIME-Version", 1)
    assert parse(forged).headers == parse(USUAL).headers
    assert not any(name.startswith("x-mailproc") for name, _ in parse(forged).headers)


@pytest.mark.parametrize(
    ("given_", "same"),
    [
        (USUAL.replace(b"\r\n", b"\n"), True),
        (b"From jane@customer.test Mon Oct  5 10:00:00 2026\n" + USUAL.replace(b"\r\n", b"\n") + b"\n", True),
        (b"Received: by elsewhere; Mon, 5 Oct 2026 11:00:00 +0200\r\n\tfolded\r\nX-Received: x\r\n" + USUAL, True),
        (b"Return-Path: <a@b.test>\r\nX-Original-To: x@our.test\r\nEnvelope-To: x@our.test\r\n" + USUAL, True),
        (b"Authentication-Results: mx; none\r\nARC-Seal: i=1\r\nReceived-SPF: pass\r\n" + USUAL, True),
        (b"X-Spam-Score: 5\r\nX-Spam-Flag: NO\r\n" + USUAL, True),
        (b"X-Other: 1\r\n" + USUAL, False),
        (USUAL.replace(b"today", b"Today"), False),
        (USUAL.replace(b"Subject: Re", b"Subject: RE"), False),
    ],
)
def test_fingerprint_when_a_mail_took_another_way(given_: bytes, same: bool) -> None:
    assert (parse(given_).fingerprint == parse(USUAL).fingerprint) is same
    assert fingerprint(given_) == parse(given_).fingerprint


def test_known_fingerprint_is_taken_over() -> None:
    assert parse(USUAL, known_fingerprint="abc").fingerprint == "abc"
    assert parse(USUAL, known_fingerprint=fingerprint(USUAL)) == parse(USUAL)


def test_parse_when_lines_end_in_a_bare_cr() -> None:
    inbound = parse(USUAL.replace(b"\r\n", b"\r"))
    assert inbound.subject == "Re: [ACME-482-170] café order"
    assert inbound.text.startswith("The café machine")
    assert not inbound.from_ok and "carriage return" in inbound.from_defect


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"\r", b"\x00", b":", b"From", b"From:", b"a\n\n\n", b"\n\nbody", b"--\n--\n"]
)
def test_parse_when_there_is_next_to_nothing(raw: bytes) -> None:
    inbound = parse(raw)
    assert inbound.size == len(raw)
    assert not inbound.from_ok and inbound.from_defect


def test_parse_when_the_body_follows_the_headers_at_once() -> None:
    inbound = parse(b"From: a@b.test\nSubject: x\nHello, this is the text\nand more of it\n")
    assert inbound.subject == "x"
    assert inbound.text == "Hello, this is the text\nand more of it"


# Inputs that are known to raise in, or to stall, the standard library
CRASHERS = [
    b"Message-ID: <",
    b"Message-ID: <[",
    b"Message-Id: <@",
    b'To: "',
    b"To: <",
    b"To: a@[",
    b"From: " + b"(" * 2000,
    b"Date: Mon, 1 Jan 2024 00:00:00 +999999999999999999",
    b"Date: Mon, 1 Jan 99999999999 00:00:00 +0000",
    b"Date: Mon, 1 Jan 2024 00:00:00 +9999999",
    b'Content-Type: text/plain; charset="',
    b"Content-Type: text/plain; charset=foo-bar",
    b"Content-Type: text/plain; charset=hex",
    b"Content-Type: text/plain; charset=rot13",
    b'Content-Type: text/plain; charset="utf\x00-8"',
    b"Content-Type: text/plain; charset=idna",
    b"Content-Type: text/plain; charset=undefined",
    b"Content-Type: text/plain; charset*=utf-8''%FF",
    b"Content-Type: multipart/mixed",
    b"Subject: =?utf-7?q?+2AA-?=",
]


@pytest.mark.parametrize("header", CRASHERS)
def test_t55_known_crashers_are_answered(header: bytes) -> None:
    name = header.partition(b":")[0].lower()
    rest = b"" if name == b"from" else b"From: jane@customer.test\r\n"
    inbound = parse(rest + header + b"\r\n\r\nsome text \xff\r\n")
    assert storable(inbound)
    assert not inbound.is_unparsable
    if name != b"from":
        assert inbound.from_ == Address("jane@customer.test")
    assert inbound.text.startswith("some text")


SLOW = {
    "quotes": b"To: " + b'"' * 40_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 20_000,
    "encoded words, folded": b"Subject: " + b"=?utf-8?q?a?=\r\n " * 5_000,
    "addresses": b"To: " + b"a@b.c," * 32_000,
    "addresses, folded": b"To: " + b"a@b.c,\r\n " * 10_000,
    "parameters": b"Content-Type: text/plain" + b"; a*N*=b" * 8_000,
    "parameters, folded": b"Content-Type: text/plain" + b"; a*1*=b\r\n " * 8_000,
    "open comments": b"From: " + b"(\r\n " * 20_000,
    "open angles": b"Cc: " + b"<a\r\n " * 16_000,
    "open words": b"Subject: " + b"=?a?q?\r\n " * 8_000,
    "ids": b"References: " + b"<\r\n " * 20_000,
    "authentication": b"Authentication-Results: " + b'("\r\n ' * 15_000,
    "charset words": b"Subject: " + b"=?\r\n " * 18_000,
    "blanks": b"Subject: " + b" \t\r\n" * 20_000 + b" x",
}


@pytest.mark.parametrize("name", SLOW)
def test_t54_slow_headers_are_read_in_time(name: str) -> None:
    started = time.process_time()
    inbound = parse(b"From: jane@customer.test\r\n" + SLOW[name] + b"\r\n\r\ntext\r\n")
    assert time.process_time() - started < 0.5
    assert storable(inbound)


SLOW_BODIES = {
    "empty parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
    "nested parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_000)
    ),
    "near boundaries": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + b"\n--bb" * 200_000,
    "dashes": b"Content-Type: multipart/mixed; boundary=-\r\n\r\n" + b"-" * 1_000_000,
    "one line": b"Content-Type: text/plain\r\n\r\n" + b"x " * 200_000,
    "equal signs": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QQ==" * 100_000,
    "deep html": b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"end",
    "open html": b"Content-Type: text/html\r\n\r\n" + b"<a" * 100_000,
    "many tags": b"Content-Type: text/html\r\n\r\n" + b"<li>x" * 100_000,
    "html comments": b"Content-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
    "html entities": b"Content-Type: text/html\r\n\r\n" + b"&amp" * 100_000,
    "part without end of its head": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + b"a: b\n" * 200_000,
    "head without end": b"a: b\n" * 400_000,
    "uuencode": b"Content-Transfer-Encoding: x-uuencode\r\n\r\n" + b"M\n" * 100_000,
    "files in the text": b"\r\n" + b"begin 644 x\n#86)C\n" * 50_000,
    "enriched": b"Content-Type: text/enriched\r\n\r\n" + b"<b>x\n\n" * 50_000,
    "rich text": b"Content-Type: text/rtf\r\n\r\n{\\rtf1" + b"{\\b x" * 100_000,
    "calendar": b"Content-Type: text/calendar\r\n\r\n" + b"BEGIN:VEVENT\nSUMMARY:x\n" * 50_000,
    "armour": b"\r\n" + b"-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNATURE-----\n" * 10_000,
    "winmail": b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\0\0" + b"\x02\x02\x90\x06" + b"\0" * 700_000,
    "pictures": b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\r\n"
    + b"a.png x\n" * 20_000
    + b"--b\r\nContent-Type: image/png; name=a.png\r\nContent-ID: <a>\r\n\r\n" * 400,
}


@pytest.mark.parametrize("name", SLOW_BODIES)
def test_t53_bombs_are_answered_in_time(name: str) -> None:
    started = time.process_time()
    inbound = parse(b"From: jane@customer.test\r\nSubject: bomb\r\n" + SLOW_BODIES[name])
    assert time.process_time() - started < 2.0
    assert inbound.from_ == Address("jane@customer.test")
    assert inbound.subject == "bomb"
    assert storable(inbound)


def storable(inbound: Inbound) -> bool:
    """Whether every text of the record can go into a database and onto a wire."""
    texts = [
        inbound.subject,
        inbound.text,
        inbound.new_text,
        inbound.cut_text,
        inbound.message_id,
        inbound.from_defect,
        *inbound.in_reply_to,
        *inbound.references,
        *inbound.delivered_to,
        inbound.return_path or "",
        *(attachment.filename for attachment in inbound.attachments),
        *(text for defect in inbound.defects for text in (defect.code, defect.text)),
    ]
    boxes = [*inbound.to, *inbound.cc, *inbound.reply_to, inbound.from_, inbound.sender]
    texts += [text for box in boxes if box is not None for text in (box.addr, box.name)]
    for text in texts:
        assert "\x00" not in text
        text.encode("utf-8")
    for line in (inbound.subject, inbound.message_id, *(box.name for box in boxes if box is not None)):
        assert not any(character in line for character in "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
    return True


FRAGMENTS = st.sampled_from(
    [
        b"From: ",
        b"To: ",
        b"Subject: ",
        b"Message-ID: ",
        b"Date: ",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: text/html; charset=",
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; ",
        b"filename*0*=utf-8''%E4;",
        b"\r\n",
        b"\n",
        b"\r",
        b"\n\n",
        b"\n ",
        b"--b\r\n",
        b"--b--\r\n",
        b"a@b.test",
        b"<",
        b">",
        b'"',
        b"(",
        b")",
        b",",
        b";",
        b":",
        b"=?utf-8?q?=C3?=",
        b"=?iso-2022-jp?b?GyRC?=",
        b"=?x?b?",
        b"?=",
        b"\x00",
        b"\xff\xfe",
        b"\xc3\xa4",
        b"<p>",
        b"</p>",
        b"&#0;",
        b"&#xD800;",
        b"utf-16",
        b"\x1b$B",
        b"> quoted",
        b"-- ",
        b"@",
        b"=",
        b"Authentication-Results: mx.our.test; dmarc=pass",
        b"Received: from a by b; ",
        b"Mon, 1 Jan 2024 25:61:61 +9999",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n",
        b"Final-Recipient: rfc822;",
        b"Content-Type: message/delivery-status\r\n\r\n",
        b"begin 644 x\n",
        b"format=flowed;",
        b"name=../../x",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_parse_when_bytes_are_arbitrary(raw: bytes) -> None:
    assert storable(parse(raw))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=8)), max_size=40).map(b"".join))
def test_parse_when_bytes_are_nearly_mail(raw: bytes) -> None:
    inbound = parse(raw)
    assert storable(inbound)
    assert not inbound.from_ok or (inbound.from_ is not None and "@" in inbound.from_.addr)
    assert parse(raw) == inbound


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(USUAL)), st.integers(0, 60), st.binary(max_size=6))
def test_parse_when_a_mail_is_damaged(at: int, length: int, junk: bytes) -> None:
    assert storable(parse(USUAL[:at] + junk + USUAL[at + length :]))


def test_parse_when_one_reader_fails_keeps_what_the_others_found() -> None:
    # Not a tuple of languages: the detector raises
    inbound = parse(USUAL, languages=5)  # type: ignore[arg-type]
    assert [defect.code for defect in inbound.defects] == ["unread-language"]
    assert inbound.language == ""
    assert inbound.text.startswith("The café machine")
    assert inbound.subject == "Re: [ACME-482-170] café order"


def test_parse_when_a_text_is_very_long_loses_none_of_it() -> None:
    lines = b"".join([b"line %d of a log\n" % n for n in range(12_000)])
    inbound = parse(b"From: a@b.test\n\n" + lines)
    assert inbound.new_text.endswith("line 11999 of a log")
    assert inbound.text == inbound.new_text
    assert inbound.cut_text == ""


def test_an_out_of_office_answer_says_until_when() -> None:
    inbound = parse(
        b"From: jane@customer.test\r\nSubject: Automatic reply: Your order\r\nAuto-Submitted: auto-replied\r\n"
        b"Date: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nI am out of the office until 9 November 2026.\r\n"
    )
    assert inbound.mail_class is MailClass.AUTO and inbound.is_away
    assert inbound.away_until is not None and inbound.away_until.isoformat() == "2026-11-09"
    assert inbound.intent is Intent.NONE


def test_the_intent_is_read_of_peoples_mail_only() -> None:
    mail = b"From: %s@customer.test\r\nSubject: Re: Your order\r\n\r\nThank you very much!\r\n"
    assert parse(mail % b"jane").intent is Intent.THANKS
    assert parse(mail % b"noreply").intent is Intent.NONE
