"""Mails that mutt forwards: its subject names no forward, its own signature stands below the mark of the end."""

import pytest

from mailproc.message.parse import parse

FORWARD = """\
From: Ann Kowalska <ann@acme.example>
To: support@acme.example
Subject: {subject}
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

{above}----- Forwarded message from {who} -----

Date: Sun, 22 Nov 2026 10:31:29 +0000
From: Kim Wolf <kim@customer.example>
To: ann@acme.example
Subject: Do you repair scanners, too?
User-Agent: Mozilla Thunderbird

Do you repair scanners, too?

----- End forwarded message -----
{below}"""
PLAIN = {
    "subject": "[kim@customer.example: Do you repair scanners, too?]",
    "above": "",
    "who": "Kim Wolf <kim@customer.example>",
    "below": "",
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"above": "He called twice.\n\n"},
        {"below": "\n-- \nAnn Kowalska\nDirect line 4711\n"},
        {"below": "\n--\nAnn Kowalska\n"},
        {"who": "kim@customer.example"},
        {"subject": "Fwd: Do you repair scanners, too?"},
    ],
)
def test_what_mutt_forwards_is_the_customers(changes: dict[str, str]) -> None:
    found = parse(FORWARD.format(**{**PLAIN, **changes}).encode()).forwarded
    assert found is not None and found.from_ is not None
    assert found.from_.addr == "kim@customer.example"
    assert found.subject == "Do you repair scanners, too?"
    assert found.text == "Do you repair scanners, too?"


def test_a_signature_of_the_forwarded_mail_stays() -> None:
    raw = FORWARD.format(**PLAIN).replace("too?\n\n-----", "too?\n\n-- \nKim Wolf\n\n-----", 1)
    found = parse(raw.encode()).forwarded
    assert found is not None and found.text.endswith("Kim Wolf")


def test_a_line_that_only_speaks_of_one_is_no_forward() -> None:
    raw = FORWARD.format(**PLAIN).replace("-----", "", 2)
    assert parse(raw.replace("Date: Sun", "Once: Sun").encode()).forwarded is None
