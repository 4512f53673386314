"""Inputs that are known to have broken a mail reader: crashers, slow ones, From fields that name two people.

Makes bytes from a random generator that is given; must not read or write a file.
"""

import random

FROM_VALUES = (
    b"agent@corp.test)<evil@x.test>", b"agent@corp.test <evil@x.test>", b"<agent@corp.test>evil@x.test",
    b"agent@corp.test,evil@x.test", b"evil@x.test(<agent@corp.test>", b"agent@corp.test@x.test",
    b"<@x.test:agent@corp.test>", b'"agent@corp.test\\"@x.test', b"=?utf-8?q?agent=40corp.test=3E?= <evil@x.test>",
    b"=?utf-8?q?agent=40corp.test=2C?=@x.test", b"agent@corp.test\0@x.test", b"G: agent@corp.test, evil@x.test;",
    b"evil@x.test <agent@corp.test> <z@x.test>", b"=?utf-7?q?agent=40corp.test?= <evil@x.test>", b"",
)  # fmt: skip
CRASHERS = (
    b"Message-ID: <", b"Message-ID: <[", b"Message-Id: <@", b'To: "', b"To: <", b"To: a@[", b"From: " + b"(" * 2000,
    b"Date: Mon, 1 Jan 2024 00:00:00 +999999999999999999", b"Date: Mon, 1 Jan 99999999999 00:00:00 +0000",
    b"Content-Type: multipart/mixed", b"Subject: =?utf-7?q?+2AA-?=", b"Subject: x\x1cBcc: evil@x.test",
    b"Subject: x\x0bBcc: evil@x.test", b"Subject: x\x85Bcc: evil@x.test", b"Subject: x\rBcc: evil@x.test",
    b"Subject: =?utf-8?q?hi=0D=0ABcc=3A_evil=40x.test?=", b"From : evil@x.test", b"\0From: evil@x.test",
)  # fmt: skip
BAD_CHARSETS = (
    b'"', b"foo-bar", b"hex", b"rot13", b'"utf\0-8"', b"idna", b"undefined", b"unicode_escape", b"raw_unicode_escape",
    b"utf-7", b"base64", b"bz2", b"mbcs", b"oem", b"punycode", b"utf-16", b"utf-32", b"palmos", b"x" * 5000,
)  # fmt: skip
SLOW = (
    (b"To: ", b'"', 40_000), (b"Subject: ", b"=?utf-8?q?a?= ", 20_000), (b"To: ", b"a@b.c,", 32_000),
    (b"Content-Type: text/plain", b"; a*1*=b", 8_000), (b"From: ", b"(", 20_000), (b"References: ", b"<a@b> ", 15_000),
    (b"Received: ", b"(by x) ", 14_000), (b"Authentication-Results: x", b"; dmarc=pass", 8_000),
    (b"Content-Type: text/plain; charset=", b"=?a?q?b?=", 9_000), (b"Date: ", b"(1)", 30_000),
)  # fmt: skip
HEADERS = tuple(b"From: " + value for value in FROM_VALUES) + CRASHERS
# (what opens a body, what repeats in it): each was slow in some reader of quotes, HTML or parts
BODIES = (
    (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"--b\r\n\r\n"),
    (b"\r\n", b">" * 50), (b"\r\n", b"> "), (b"\r\n", b"On a, b wrote:\r\n"), (b"\r\n", b"On "), (b"\r\n",
    b"wrote:\r\n"),
    (b"\r\n", b"From: x\r\nSent: y\r\n"), (b"\r\n", b"-----Original Message-----\r\n"), (b"\r\n", b"\r\n-- \r\n"),
    (b"\r\n", b"_" * 40), (b"\r\n", b"*From:* x <a@b.example>\r\n"), (b"\r\n", b"begin 644 a\r\n"), (b"\r\n",
    b"M" + b"`" * 60),
    (b"\r\n", b"out of office until 1.1.2026 "), (b"\r\n", b"<https://x.example/"), (b"\r\n", b"[cid:x]"),
    (b"\r\n", b"\xc2\xa0"),
    (b"Content-Type: text/html\r\n\r\n", b"<div>"), (b"Content-Type: text/html\r\n\r\n", b"<blockquote>"),
    (b"Content-Type: text/html\r\n\r\n", b"<table><tr><td>"), (b"Content-Type: text/html\r\n\r\n", b"<ul><li>"),
    (b"Content-Type: text/html\r\n\r\n", b"<b><i>"), (b"Content-Type: text/html\r\n\r\n", b'<div class="gmail_quote">'),
    (b"Content-Type: text/html\r\n\r\n", b"<!--"), (b"Content-Type: text/html\r\n\r\n", b"&amp;&#x41;"),
    (b"Content-Type: text/html\r\n\r\n", b"<a href='"), (b"Content-Type: text/html\r\n\r\n", b"<td>a</td>"),
    (b"Content-Type: text/calendar\r\n\r\n", b"BEGIN:VEVENT\r\n"), (b"Content-Type: text/calendar\r\n\r\n",
    b" folded\r\n"),
    (b"Content-Type: message/delivery-status\r\n\r\n", b"Final-Recipient: rfc822;a@b.example\r\n\r\n"),
    (b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n"),
    (b"Content-Type: application/ms-tnef\r\n\r\n", b"\x78\x9f\x3e\x22\x01\x00"),
)  # fmt: skip


def write_known(rng: random.Random) -> bytes:
    """A mail around one of them."""
    head = b"To: support@acme.example\r\n"
    roll = rng.random()
    if roll < 0.35:
        return rng.choice(HEADERS) + b"\r\n" + head + rng.choice((b"\r\nHello.\r\n", b"", b"\r\n"))
    if roll < 0.5:
        return head + b"Content-Type: text/plain; charset=" + rng.choice(BAD_CHARSETS) + b"\r\n\r\nHello \xfc.\r\n"
    if roll < 0.6:
        start, token, count = rng.choice(SLOW)
        many = token * rng.choices((count // 50, count // 5, count), (60, 30, 10))[0]
        return start + many + b"\r\n" + head + b"\r\nHello.\r\n"
    start, token = rng.choice(BODIES)
    size = rng.choices((500, 10_000, 200_000), (60, 36, 4))[0]
    return b"From: a@b.example\r\n" + head + start + token * (size // len(token))
