"""T50: no sequence that some server takes for the end of a mail gives a second mail, directly or through Postfix."""

import smtplib
from collections.abc import Callable
from typing import Any

import pytest

from bench.smuggling import ENDS, FORGED_SENDER, has_bare_newline, make_smuggled, make_start
from mailproc.intake.smtp import SmtpListener
from tests.postfix import wait_until

Listen = Callable[..., SmtpListener]
Connect = Callable[..., Any]


@pytest.mark.parametrize("mode", ["refuse", "normalise"])
@pytest.mark.parametrize("starttls", [False, True], ids=["plain", "starttls"])
@pytest.mark.parametrize("name", list(ENDS))
def test_t50_no_end_of_data_variant_gives_an_extra_message(
    name: str,
    starttls: bool,
    mode: str,
    both: type[SmtpListener],
    listen: Listen,
    connect: Connect,
    ledger: Any,
    tls_files: dict[str, str],
) -> None:
    end, smuggled = ENDS[name], make_smuggled("support@our.test")
    listener = listen(both, bare_newlines=mode, **tls_files)
    for pieces in (1, 2):
        ledger.mails.clear()
        client = connect(listener.port, starttls=starttls)
        client.begin()
        if pieces == 1:
            client.send(make_start(name) + end + smuggled)
        else:
            client.send(make_start(name) + end[:-1])
            client.send(end[-1:] + smuggled)
        client.send(b"QUIT\r\n")
        assert client.is_closed()
        assert len(ledger.mails) <= 1
        assert all(envelope.sender == "cust@c.test" for _, envelope in ledger.mails)
        if mode == "refuse" and has_bare_newline(end):
            assert ledger.mails == []


@pytest.mark.parametrize("mode", ["refuse", "normalise"])
def test_t50_no_variant_gives_an_extra_message_through_postfix(
    mode: str, both: type[SmtpListener], listen: Listen, ledger: Any, relay: Any
) -> None:
    recipient = f"support@{relay.domain(both)}"
    listener = listen(both, bare_newlines=mode, accepts=lambda address: True, **relay.place(both))
    sent = 0
    for name, end in ENDS.items():
        raw = make_start(name) + end + make_smuggled(recipient)
        with smtplib.SMTP("127.0.0.1", relay.postfix.port, timeout=60) as client:
            client.ehlo("client.c.test")
            client.mail("cust@c.test")
            client.rcpt(recipient)
            # Counted bytes: Postfix looks for no end in them and hands all of them on
            client.send(f"BDAT {len(raw)} LAST\r\n".encode() + raw)
            sent += client.getreply()[0] == 250
    assert wait_until(lambda: not relay.postfix.queued()), relay.postfix.queued()
    assert sent == len(ENDS)
    assert all(envelope.sender == "cust@c.test" for _, envelope in ledger.mails)
    assert all(envelope.sender != FORGED_SENDER for _, envelope in ledger.mails)
    assert listener.status().taken == len(ledger.mails) <= sent
    if mode == "normalise":
        assert len(ledger.mails) == sent
