"""Tests that reading a report or a forwarded mail returns, whatever the text, in a time that grows with its length."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.bounce import find_bounce
from mailproc.message.forwarded import find_forwarded
from mailproc.message.parts import Headers, Part

DAEMON: Headers = (("from", "MAILER-DAEMON@x.test"), ("x-mlserver", "fml"))
PIECES = (
    *("Final-Recipient: rfc822; a@b.test\n", "Action: failed\n", "Status: 5.1.1\n", "<a@b.test>: 550 5.1.1 no\n", "\n"),
    *("--- Below this line is a copy\n", "Received: from a by b\n", "Message-ID: <x@y>\n", "From: a@b.test\n", "To: "),
    *("(expanded from", "generated from a@b.test\n", "could not be delivered:\n", "user\n", "{", '"notificationType"'),
    *("---------- Forwarded message ---------\n", "Subject: x\n", "Date: x\n", "> ", "c@d.test, ", "; "),
    *("On x, a@b wrote:\n", "@"),
)  # fmt: skip
HOSTILE = {
    "groups": lambda n: "Final-Recipient: rfc822; a@b.test\nAction: failed\n\n" * n,
    "recipients": lambda n: "Final-Recipient: x\n" * n,
    "received": lambda n: "Received: x\n" * n,
    "words": lambda n: ("recipient " * 40 + "\n") * (n // 10),
    "to": lambda n: ("your message to " * 30 + "\n") * (n // 10),
    "list": lambda n: "mailing list " * n,
    "object": lambda n: '{"notificationType":' + "[" * n,
    "aliases": lambda n: "a@b.test\n(expanded from: c@d.test)\n" * n,
    "mailboxes": lambda n: "------ Forwarded Message ------\nFrom: a@b.test\nSubject: x\nTo: " + "a@b.test," * n,
    "mailto": lambda n: "------ Forwarded Message ------\nFrom: a@b.test\nSubject: x\nTo: " + "<mailto:a@b.test>" * n,
}


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE.keys())
def test_t58_time_grows_with_the_length_only(build) -> None:  # type: ignore[no-untyped-def]
    spent = []
    for size in (1_000, 8_000):
        text = build(size)
        part = Part("message/rfc822", content=text.encode(), depth=1)
        started = time.process_time()
        find_bounce(DAEMON, "failure notice", text, (Part("message/delivery-status", content=text.encode()), part), "")
        find_bounce(DAEMON, "failure notice", text, (part,), "")
        find_forwarded("Fwd: x", text, (part,))
        find_forwarded("Fwd: x", text, ())
        spent.append(time.process_time() - started)
    assert spent[1] < 1.0 + spent[0] * 8 * 4


@given(
    pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=30), subject=st.text(max_size=40)
)
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_without_an_exception(pieces: list[str], subject: str) -> None:
    text = "".join(pieces)
    part = Part("message/delivery-status", content=text.encode("utf-8", "replace"))
    for return_path in ("", None, "a@b.test"):
        for parts in ((), (part,), (Part("message/rfc822", content=part.content, depth=1),)):
            found = find_bounce(DAEMON, subject, text, parts, return_path)
            assert found is None or "\n" not in found.explanation
            assert found is None or all("@" in address for address in found.recipients)
            find_forwarded(subject, text, parts)
