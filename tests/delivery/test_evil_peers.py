"""Peers that mean harm, at every step of a session: bounded time, bounded words, and a receipt that is true (T61)."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mailproc.delivery.smtp import SmtpSender
from mailproc.records.delivery import Receipt, ReceiptState
from tests.delivery.conftest import Host, OutgoingMail, Peer

STEPS = ("greeting", "ehlo", "mail", "rcpt", "data", "end", "rset")
# Some 40 MB each, if anybody listened
DEEDS: dict[str, Callable[[Peer], None]] = {
    "4xx text without end": lambda peer: [peer.socket.sendall(b"451-busy\r\n" * 4_000) for _ in range(1_000)] and None,
    "a line of megabytes": lambda peer: peer.socket.sendall(b"451 " + b"x" * 20_000_000 + b"\r\n"),
    "2xx text without end": lambda peer: [peer.socket.sendall(b"250-fine\r\n" * 4_000) for _ in range(1_000)] and None,
    "dripping": lambda peer: [(peer.socket.sendall(b"4"), time.sleep(0.05)) for _ in range(200)] and None,
    "silence": lambda peer: peer.socket.settimeout(4) or peer.hear() and None,
    "hanging up in the middle": lambda peer: peer.socket.sendall(b"25"),
    "no code": lambda peer: peer.socket.sendall(b"\xff\xfe\x00caf\xe9\x1b]0;x\x07\r\n"),
    "another number": lambda peer: peer.socket.sendall(b"999 what\r\n"),
}  # fmt: skip


def serve(peer: Peer, step: str, deed: Callable[[Peer], None]) -> None:
    """A whole session that goes well up to that step."""
    if step == "greeting":
        return deed(peer)
    peer.say("220 peer.test ESMTP")
    while line := peer.hear():
        word = line.split()[0].split(":")[0].lower()
        if word == step:
            return deed(peer)
        if step == "rset" and word == "rcpt":
            peer.say("450 4.2.0 later")
            continue
        peer.say({"data": "354 go", "ehlo": "250 peer.test"}.get(word, "250 ok"))
        if word == "data":
            peer.hear_mail()
            if step == "end":
                return deed(peer)
            peer.say("250 kept")
    return None


def meet(step: str, deed: str) -> tuple[Receipt, float]:
    """What becomes of a mail there, and after how many seconds."""
    host = Host((lambda peer: serve(peer, step, DEEDS[deed]),))
    sender = SmtpSender("127.0.0.1", host.port, timeout=0.5, final_timeout=0.5)
    began = time.monotonic()
    try:
        return sender.deliver(OutgoingMail()), time.monotonic() - began
    finally:
        sender.close()
        host.close()


@pytest.mark.parametrize("step", STEPS)
def test_t61_whatever_a_peer_does_at_any_step_costs_little_and_is_told_truly(step: str) -> None:
    with ThreadPoolExecutor(len(DEEDS)) as together:
        met = dict(zip(DEEDS, together.map(lambda deed: meet(step, deed), DEEDS), strict=True))
    for deed, (receipt, seconds) in met.items():
        assert seconds < 6, (deed, seconds)
        assert len(receipt.text) <= 8_192 and receipt.text.isprintable(), deed
        if step == "end":
            # The peer has the mail: only its own word says what it made of it
            wanted = {"4xx text without end": ReceiptState.DEFERRED, "a line of megabytes": ReceiptState.DEFERRED,
                      "2xx text without end": ReceiptState.SENT}.get(deed, ReceiptState.AMBIGUOUS)  # fmt: skip
            assert receipt.state is wanted, (deed, receipt)
        else:
            # Before the mail was there nothing is lost by another try
            assert receipt.state is ReceiptState.DEFERRED, (deed, receipt)


@pytest.mark.parametrize("challenge", ["334 a", "334 !!!", "334 " + "QUJD" * 2_000, "334 \xff\xfe", "334"])
@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "PLAIN", "LOGIN"])
def test_t61_a_login_that_asks_nonsense_is_trouble_and_no_fault(mechanism: str, challenge: str, host: Any) -> None:
    def play(peer: Peer) -> None:
        peer.say("220 peer.test ESMTP")
        while line := peer.hear():
            peer.say(*([f"250-peer.test\r\n250 AUTH {mechanism}"] if line.startswith("EHLO") else [challenge]))

    sender = SmtpSender("127.0.0.1", host(play).port, user="u", password="p", timeout=2, final_timeout=2)
    receipt = sender.deliver(OutgoingMail())
    sender.close()
    assert receipt.state is ReceiptState.DEFERRED and receipt.text.isprintable()


def test_t61_a_peer_that_takes_one_byte_a_second_is_left(host: Any) -> None:
    def play(peer: Peer) -> None:
        peer.say("220 peer.test ESMTP")
        while line := peer.hear():
            peer.say("354 go" if line == "DATA" else "250 ok")
            if line == "DATA":
                time.sleep(5)  # reads nothing more

    sender = SmtpSender("127.0.0.1", host(play).port, timeout=0.5, final_timeout=0.5, min_bytes_per_second=40_000_000)
    began = time.monotonic()
    receipt = sender.deliver(OutgoingMail(raw=b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 10_000_000))
    assert receipt.state is ReceiptState.DEFERRED and time.monotonic() - began < 5
    assert "while the mail was sent" in receipt.text
