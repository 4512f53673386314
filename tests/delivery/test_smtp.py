"""Delivery by SMTP: what a receipt says of every way a peer can behave."""

import smtplib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mailproc.records.delivery import ReceiptState

SENT, DEFERRED, FAILED, AMBIGUOUS = (
    ReceiptState.SENT,
    ReceiptState.DEFERRED,
    ReceiptState.FAILED,
    ReceiptState.AMBIGUOUS,
)


def test_mail_arrives_exactly_and_the_connection_is_kept(serve: Any, sink: Any, mail: Any, sender: Any) -> None:
    way_out = sender(serve())
    raws = [mail().raw, b".\r\n..\r\n.x\r\n", b"x\r\n" * 50_000]
    for raw in raws:
        receipt = way_out.deliver(mail(raw=raw))
        assert (receipt.state, receipt.code, receipt.text) == (SENT, 250, "2.0.0 kept")
    assert sink.mails == [("bounces@our.test", ["cust@c.test"], raw) for raw in raws]
    way_out.close()
    way_out.close()


def test_several_mails_share_one_connection(host: Any, mail: Any, sender: Any) -> None:
    peer = host()
    way_out = sender(peer.port)
    for n in range(3):
        assert way_out.deliver(mail(id=n)).state is SENT
    assert peer.connections == 1
    assert peer.log.count("MAIL FROM:<bounces@our.test>") == 3


def test_null_sender_and_offered_parameters_go_out(host: Any, mail: Any, sender: Any) -> None:
    peer = host(ehlo="250-peer.test\n250-SIZE 1000\n250 8BITMIME")
    raw = "Subject: e\r\n\r\né\r\n".encode()
    assert sender(peer.port, hostname="desk.our.test").deliver(mail(envelope_from="", raw=raw)).state is SENT
    assert peer.log[:2] == ["ehlo desk.our.test", f"MAIL FROM:<> SIZE={len(raw)} BODY=8BITMIME"]


def test_address_beyond_ascii_goes_where_it_is_understood(
    serve: Any, sink: Any, host: Any, mail: Any, sender: Any
) -> None:
    to, raw = "jörg@xn--bcher-kva.test", "To: jörg@xn--bcher-kva.test\r\n\r\nx\r\n".encode()
    peer = host(ehlo="250-peer.test\n250-8BITMIME\n250 SMTPUTF8")
    assert sender(peer.port).deliver(mail(recipient=to, raw=raw)).state is SENT
    wire = [line.encode("latin-1").decode() for line in peer.log]
    assert "MAIL FROM:<bounces@our.test> SMTPUTF8 BODY=8BITMIME" in wire and f"RCPT TO:<{to}>" in wire
    assert sender(serve(enable_SMTPUTF8=True)).deliver(mail(recipient=to, raw=raw)).state is SENT
    assert sink.mails[-1][1:] == ([to], raw)


def test_address_beyond_ascii_fails_clearly_where_it_is_not(host: Any, mail: Any, sender: Any) -> None:
    peer = host(ehlo="250-peer.test\n250 8BITMIME")
    way_out = sender(peer.port)
    receipt = way_out.deliver(mail(recipient="jörg@c.test"))
    assert receipt.state is FAILED and "offers no SMTPUTF8" in receipt.text and "jörg@c.test" in receipt.text
    assert way_out.deliver(mail()).state is SENT  # on the same connection
    assert peer.connections == 1 and not any("SMTPUTF8" in line for line in peer.log)


BAD_ADDRESSES = [
    '"x\r\nRCPT TO:<evil@x.test>"@e.test',
    "a@b.test>\r\nRCPT TO:<evil@x.test",
    "a b@c.test",
    "a@c.test, evil@x.test",
    "<a@c.test>",
    "@x.test:a@c.test",
    "a@c.test\0",
    "a",
]


@pytest.mark.parametrize("field", ["recipient", "envelope_from"])
@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_t42_address_that_is_none_never_reaches_the_wire(
    address: str, field: str, host: Any, mail: Any, sender: Any
) -> None:
    peer = host()
    receipt = sender(peer.port).deliver(mail(**{field: address}))
    assert receipt.state is FAILED and "is no address" in receipt.text
    assert receipt.text.isprintable()
    assert peer.connections == 0


def test_t42_recipient_on_the_wire_is_the_stored_one(host: Any, mail: Any, sender: Any) -> None:
    peer = host()
    for address in ("o'brien+x=y@c.test", "a.b@sub.c.test", "UPPER@c.test"):
        assert sender(peer.port).deliver(mail(recipient=address)).state is SENT
        assert f"RCPT TO:<{address}>" in peer.log


@pytest.mark.parametrize("body", [b"a\rb", b"a\nb", b"\n.\r\n", b"\r.\r", b"a\r\r\n", b""])
def test_t43_bare_cr_or_lf_never_reaches_the_wire(body: bytes, host: Any, mail: Any, sender: Any) -> None:
    peer = host()
    raw = b"Subject: x\r\n\r\n" + body + b"\r\n" if body else b""
    assert sender(peer.port).deliver(mail(raw=raw)).state is FAILED
    assert peer.connections == 0


@pytest.mark.parametrize(
    ("replies", "state", "code"),
    [
        ({"greeting": "421 too busy"}, DEFERRED, 421),
        ({"greeting": "554 no service"}, DEFERRED, 554),  # not this mail's fault
        ({"greeting": "SSH-2.0-OpenSSH"}, DEFERRED, 0),
        ({"greeting": ""}, DEFERRED, 0),
        ({"ehlo": "500 what", "helo": "500 what"}, DEFERRED, 500),
        ({"ehlo": "500 what"}, SENT, 250),  # falls back to HELO
        ({"ehlo": ""}, DEFERRED, 0),
        ({"mail": "451 greylisted"}, DEFERRED, 451),
        ({"mail": "550 we do not like you"}, FAILED, 550),
        ({"mail": "530 authentication required"}, DEFERRED, 530),
        ({"mail": ""}, DEFERRED, 0),
        ({"rcpt": "450 greylisted"}, DEFERRED, 450),
        ({"rcpt": "421 goodbye"}, DEFERRED, 421),
        ({"rcpt": "550 no such user"}, FAILED, 550),
        ({"rcpt": "251 will forward"}, SENT, 250),
        ({"rcpt": ""}, DEFERRED, 0),
        ({"rcpt": "999 what"}, DEFERRED, 999),
        ({"data": "451 later"}, DEFERRED, 451),
        ({"data": "554 no"}, FAILED, 554),
        ({"data": "250 what"}, DEFERRED, 250),
        ({"data": ""}, DEFERRED, 0),
        ({"end": "250 kept"}, SENT, 250),
        ({"end": "250-kept\n250 really"}, SENT, 250),
        ({"end": "451 disk full"}, DEFERRED, 451),
        ({"end": "421 closing"}, DEFERRED, 421),
        ({"end": "552 too big"}, FAILED, 552),
        ({"end": "554 spam"}, FAILED, 554),
        ({"end": ""}, AMBIGUOUS, 0),
        ({"end": "what"}, AMBIGUOUS, 0),
        ({"end": "354 more?"}, AMBIGUOUS, 0),
    ],
)
def test_f22_f23_receipt_says_what_is_known(
    replies: dict[str, str], state: ReceiptState, code: int, host: Any, mail: Any, sender: Any
) -> None:
    peer = host(**replies)
    way_out = sender(peer.port)
    receipt = way_out.deliver(mail())
    assert (receipt.state, receipt.code) == (state, code), receipt
    assert receipt.text or state is SENT
    way_out.close()


def test_f23_refused_recipient_leaves_the_connection_for_the_next_mail(host: Any, mail: Any, sender: Any) -> None:
    def script(peer: Any) -> None:
        peer.say("220 peer")
        while line := peer.hear():
            if line.startswith("RCPT"):
                peer.say("550 no such user" if "two@" in line else "250 ok")
            elif line == "DATA":
                peer.say("354 go")
                peer.hear_mail()
                peer.say("250 kept")
            else:
                peer.say("250 ok")

    peer = host(script)
    way_out = sender(peer.port)
    states = [way_out.deliver(mail(recipient=f"{name}@c.test")).state for name in ("one", "two", "three")]
    assert states == [SENT, FAILED, SENT]
    assert peer.connections == 1
    assert "RSET" in peer.log


@pytest.mark.parametrize("how", ["closed", "421"])
def test_stale_connection_is_replaced_once(how: str, host: Any, mail: Any, sender: Any) -> None:
    def one_mail(peer: Any) -> None:
        peer.say("220 peer")
        mails = 0
        while line := peer.hear():
            if line.startswith("MAIL") and mails:
                peer.say("421 idle too long")
                return
            peer.say("354 go" if line == "DATA" else "250 ok")
            if line == "DATA":
                peer.hear_mail()
                peer.say("250 kept")
                mails += 1
                if how == "closed":
                    return

    peer = host(one_mail)
    way_out = sender(peer.port)
    assert [way_out.deliver(mail(id=n)).state for n in range(3)] == [SENT] * 3
    assert peer.connections == 3


def test_connection_idle_for_long_is_not_trusted(host: Any, mail: Any, sender: Any) -> None:
    peer = host()
    way_out = sender(peer.port, max_idle_seconds=0.0)
    for n in range(2):
        assert way_out.deliver(mail(id=n)).state is SENT
    assert peer.connections == 2


def test_f20_drop_after_the_dot_is_ambiguous_and_the_bytes_are_the_same_again(
    host: Any, mail: Any, sender: Any
) -> None:
    seen: list[bytes] = []

    def script(peer: Any) -> None:
        peer.say("220 peer")
        while line := peer.hear():
            peer.say("354 go" if line == "DATA" else "250 ok")
            if line == "DATA":
                seen.append(peer.hear_mail())
                if len(seen) > 1:
                    peer.say("250 kept")
                return

    way_out = sender(host(script).port)
    receipt = way_out.deliver(mail())
    assert receipt.state is AMBIGUOUS and "did not confirm" in receipt.text
    assert way_out.deliver(mail()).state is SENT
    assert seen[0] == seen[1]


def test_f20_silence_after_the_dot_is_ambiguous(host: Any, mail: Any, sender: Any) -> None:
    hold = threading.Event()

    def script(peer: Any) -> None:
        peer.say("220 peer")
        while line := peer.hear():
            peer.say("354 go" if line == "DATA" else "250 ok")
            if line == "DATA":
                peer.hear_mail()
                hold.wait(60)

    started = time.monotonic()
    receipt = sender(host(script).port, final_timeout=0.2).deliver(mail())
    hold.set()
    assert receipt.state is AMBIGUOUS
    assert time.monotonic() - started < 20


def test_drop_before_the_dot_is_deferred(host: Any, mail: Any, sender: Any) -> None:
    def script(peer: Any) -> None:
        peer.say("220 peer")
        while line := peer.hear():
            peer.say("354 go" if line == "DATA" else "250 ok")
            if line == "DATA":
                peer.socket.recv(1000)
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return

    receipt = sender(host(script).port).deliver(mail(raw=b"x" * 70 + b"\r\n" + b"y" * 30_000_000 + b"\r\n"))
    assert receipt.state is DEFERRED


def test_peer_that_takes_nothing_is_deferred(host: Any, mail: Any, sender: Any) -> None:
    hold = threading.Event()

    def script(peer: Any) -> None:
        peer.say("220 peer")
        while line := peer.hear():
            peer.say("354 go" if line == "DATA" else "250 ok")
            if line == "DATA":
                hold.wait(10)
                return

    raw = b"y" * 20_000_000 + b"\r\n"
    way_out = sender(host(script).port, timeout=0.2, min_bytes_per_second=100_000_000)
    receipt = way_out.deliver(mail(raw=raw))
    hold.set()
    assert receipt.state is DEFERRED


def test_host_that_is_down_is_deferred(free_port: int, mail: Any, sender: Any) -> None:
    receipt = sender(free_port).deliver(mail())
    assert receipt.state is DEFERRED and "refused" in receipt.text
    receipt = sender(25, "no-such-host.invalid").deliver(mail())
    assert receipt.state is DEFERRED and "no-such-host.invalid:25" in receipt.text


def slowly(peer: Any, text: bytes, seconds: float) -> None:
    for byte in text:
        peer.socket.sendall(bytes([byte]))
        time.sleep(seconds)


EVIL: dict[str, Callable[[Any], None]] = {
    "banner without end": lambda peer: [peer.socket.sendall(b"220-hello\r\n" * 1000) for _ in range(10_000)] and None,
    "banner without line end": lambda peer: [peer.socket.sendall(b"x" * 10_000) for _ in range(10_000)] and None,
    "dripping banner": lambda peer: slowly(peer, b"220-" + b"x" * 1000, 0.02),
    "silence": lambda peer: peer.hear() and None,
}


@pytest.mark.parametrize("name", list(EVIL))
def test_t61_evil_banner_is_deferred_in_time(name: str, host: Any, mail: Any, sender: Any) -> None:
    started = time.monotonic()
    receipt = sender(host(EVIL[name]).port, timeout=0.4).deliver(mail())
    assert receipt.state is DEFERRED
    assert time.monotonic() - started < 20
    assert len(receipt.text) <= 8192


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ("550 " + "x" * 1_000_000, FAILED),
        ("250 " + "x" * 1_000_000, SENT),
        ("\n".join(["450-x" + "y" * 100] * 20_000), DEFERRED),
        ("550 \x1b]0;evil\x07 \x9b31m caf\xe9 \x00", FAILED),
    ],
)
def test_t61_reply_is_cut_and_cleaned(end: str, state: ReceiptState, host: Any, mail: Any, sender: Any) -> None:
    receipt = sender(host(end=end).port).deliver(mail())
    assert receipt.state is state
    assert len(receipt.text) <= 8192 and receipt.text.isprintable()


def test_wire_is_what_the_standard_client_would_send(host: Any, mail: Any, sender: Any) -> None:
    ours, theirs = host(), host()
    raw = b".a\r\n\r\n..\r\nb\r\n.\r\n"
    assert sender(ours.port).deliver(mail(raw=raw)).state is SENT
    with smtplib.SMTP("127.0.0.1", theirs.port, "localhost") as client:
        client.sendmail("bounces@our.test", ["cust@c.test"], raw)
    assert [line.lower() for line in ours.log[:5]] == [line.lower() for line in theirs.log[:5]]
