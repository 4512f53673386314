"""The SMTP listener against real sockets: when it says 250, what it keeps, what it refuses."""

import smtplib
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mailproc.errors import Permanent, StoreUnavailable
from mailproc.intake.smtp import SmtpListener

MAIL = b"From: cust@c.test\r\nTo: support@our.test\r\nSubject: Printer\r\n\r\nIt burns.\r\n"
Listen = Callable[..., SmtpListener]
Connect = Callable[..., Any]


def wait_until(is_true: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_mail_and_envelope_are_kept_exactly(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen().port)
    assert client.greeting.startswith("220 mx.our.test ESMTP")
    client.begin("Cust@C.Test", "Support@OUR.test", "billing@our.test", "support@our.test")
    client.send(MAIL + b"..dot\r\n\xff\0\r\n.\r\n")
    assert client.read().startswith("250")
    ((raw, envelope),) = ledger.mails
    assert raw == MAIL + b".dot\r\n\xff\0\r\n"
    assert (envelope.kind, envelope.client, envelope.helo) == ("smtp", "127.0.0.1", "client.c.test")
    assert (envelope.sender, envelope.recipients) == ("cust@c.test", ("support@our.test", "billing@our.test"))
    assert envelope.identity == ""
    assert abs((datetime.now(UTC) - envelope.received_at).total_seconds()) < 60


@pytest.mark.parametrize(
    ("command", "sender"),
    [
        ("MAIL FROM:<>", ""),
        ("mail from: <a@c.test> size=100 body=8BITMIME", "a@c.test"),
        ("MAIL FROM:a@c.test", "a@c.test"),
        ("MAIL FROM:<@relay.test,@other.test:a@c.test>", "a@c.test"),
        ("MAIL FROM:<jörg@c.test> SMTPUTF8", "jörg@c.test"),
        ("MAIL FROM:<root>", None),  # not the null sender: it would look like a bounce
    ],
)
def test_sender_is_understood(command: str, sender: str | None, listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen().port)
    client.say("EHLO x")
    assert client.say(command).startswith("250")
    client.say("RCPT TO:<support@our.test>")
    client.say("DATA")
    assert client.say("a\r\n.").startswith("250")
    assert ledger.mails[0][1].sender == sender


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL FROM:<a@c.test> SIZE=1000001", "552 5.3.4"),
        ("MAIL FROM:<a@c.test> SIZE=99999999999999999999", "552 5.3.4"),
        ("MAIL FROM:<a@c.test> RET=FULL", "555"),
        ("MAIL FROM:<a@c.test> BODY=BINARYMIME", "555"),
        ("MAIL FROM:", "501"),
        ("MAIL", "501"),
        ("MAIL FROM:<a b@c.test", "501"),
        ("RCPT TO:<support@our.test>", "503"),
        ("DATA", "503"),
        ("VRFY support@our.test", "252"),
        ("EXPN staff", "502"),
        ("AUTH PLAIN AHgAeA==", "502"),
        ("HELP", "214"),
        ("NOOP", "250"),
        ("RSET", "250"),
        ("BLAH", "500"),
        ("X" * 3000, "500"),
        ("X" * 70_000, "500"),
    ],
)
def test_command_gets_the_right_answer(command: str, reply: str, listen: Listen, connect: Connect) -> None:
    client = connect(listen().port)
    client.say("EHLO x")
    assert client.say(command).startswith(reply)
    assert client.say("QUIT").startswith("221")


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("RCPT TO:<support@our.test>", "250"),
        ("RCPT TO:support@our.test", "250"),
        ("RCPT TO:<stranger@our.test>", "550 5.1.1"),
        ("RCPT TO:<support>", "553 5.1.3"),
        ("RCPT TO:<>", "501"),
        ("RCPT TO:<support@our.test> NOTIFY=NEVER", "555"),
        ("MAIL FROM:<a@c.test>", "503"),
        ("DATA", "503"),
        ("DATA now", "501"),
    ],
)
def test_recipient_gets_the_right_answer(command: str, reply: str, listen: Listen, connect: Connect) -> None:
    client = connect(listen().port)
    client.say("EHLO x")
    client.say("MAIL FROM:<cust@c.test>")
    assert client.say(command).startswith(reply)


def test_helo_comes_first_and_size_is_offered(listen: Listen, connect: Connect) -> None:
    client = connect(listen().port)
    assert client.say("MAIL FROM:<a@c.test>").startswith("503")
    offered = client.say("EHLO x")
    assert "250-SIZE 1000000\r\n" in offered
    assert "PIPELINING" not in offered and "AUTH" not in offered and "STARTTLS" not in offered


def test_real_client_sends_several_mails_over_one_connection(listen: Listen, ledger: Any) -> None:
    with smtplib.SMTP("127.0.0.1", listen().port) as client:
        for _ in range(3):
            assert client.sendmail("cust@c.test", ["support@our.test"], MAIL) == {}
    assert [raw for raw, _ in ledger.mails] == [MAIL] * 3


def test_f01_250_comes_only_after_the_commit(listen: Listen, connect: Connect, ledger: Any) -> None:
    ledger.commits_at_once = False
    client = connect(listen().port)
    client.begin()
    client.send(MAIL + b".\r\n")
    assert ledger.asked.acquire(timeout=5)
    client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.socket.recv(1)
    ledger.commit_all()
    client.socket.settimeout(5)
    assert client.read().startswith("250")


@pytest.mark.parametrize("size", [100, 400_000])
def test_f02_commit_survives_when_the_client_drops(size: int, listen: Listen, connect: Connect, ledger: Any) -> None:
    ledger.commits_at_once = False
    listener = listen()
    client = connect(listener.port)
    client.begin()
    client.send(b"x\r\n" * (size // 3) + b".\r\n")
    assert ledger.asked.acquire(timeout=5)
    client.close()
    second = connect(listener.port)
    assert wait_until(lambda: len(listener.admission) == 1)
    ledger.commits_at_once = True
    ledger.commit_all()
    assert len(ledger.mails) == 1
    second.begin()
    second.send(MAIL + b".\r\n")
    assert second.read().startswith("250")


@pytest.mark.parametrize("where", ["error", "error_in_future"])
@pytest.mark.parametrize(
    "error", [RuntimeError("secret detail"), StoreUnavailable("database is locked"), Permanent("x"), KeyError("id")]
)
def test_f03_any_surprise_is_a_451(error: Exception, where: str, listen: Listen, connect: Connect, ledger: Any) -> None:
    setattr(ledger, where, error)
    client = connect(listen().port)
    client.begin()
    client.send(MAIL + b".\r\n")
    reply = client.read()
    assert reply.startswith("451 4.3.0") and "secret" not in reply and "Error" not in reply and "locked" not in reply
    # The session goes on, and so does the sender's next try.
    ledger.error = ledger.error_in_future = None
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")


def test_f03_surprise_in_accepts_is_a_451(listen: Listen, connect: Connect) -> None:
    def accepts(address: str) -> bool:
        raise ZeroDivisionError("secret")

    client = connect(listen(accepts=accepts).port)
    client.say("EHLO x")
    client.say("MAIL FROM:<a@c.test>")
    reply = client.say("RCPT TO:<support@our.test>")
    assert reply.startswith("451 4.3.0") and "secret" not in reply


def test_commit_that_does_not_come_is_a_451(listen: Listen, connect: Connect, ledger: Any) -> None:
    ledger.commits_at_once = False
    client = connect(listen(deposit_seconds=0.1).port)
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("451 4.3.0")
    ledger.commit_all()  # late, and not cancelled


def test_f10_full_disk_is_a_452(listen: Listen, connect: Connect, ledger: Any) -> None:
    room = [True]
    client = connect(listen(has_room=lambda: room[0]).port)
    client.begin()
    room[0] = False
    ledger.error = StoreUnavailable("disk is full")
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("452 4.3.1")
    assert client.say("MAIL FROM:<a@c.test>").startswith("452 4.3.1")
    room[0], ledger.error = True, None
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")


def test_t57_too_big_a_mail_is_a_552_and_the_session_goes_on(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen(max_message_size=20_000).port)
    client.begin()
    client.send(b"x" * 70 + b"\r\n" + b"y" * 70 + b"\r\n" * 100)
    client.send((b"x" * 70 + b"\r\n") * 1000 + b".\r\n")
    assert client.read().startswith("552 5.3.4")
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")
    assert len(ledger.mails) == 1


def test_too_much_at_once_is_a_452_for_big_mails_only(listen: Listen, connect: Connect, ledger: Any) -> None:
    listener = listen(max_held_bytes=300_000)
    client = connect(listener.port)
    client.begin()
    client.send((b"x" * 70 + b"\r\n") * 8_000 + b".\r\n")
    assert client.read().startswith("452 4.3.1")
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")
    assert listener.held_bytes == 0


@pytest.mark.parametrize("line", [b"x" * 20_000, b"a\rb", b"a\nb"])
def test_t50_bad_line_is_a_521_and_the_connection_closes(
    line: bytes, listen: Listen, connect: Connect, ledger: Any
) -> None:
    client = connect(listen().port)
    client.begin()
    client.send(MAIL + line + b"\r\n.\r\n")
    assert client.read().startswith("521 5.5.2")
    assert client.is_closed()
    assert ledger.mails == []


def test_t50_bytes_behind_the_final_dot_close_the_connection(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen().port)
    client.begin()
    client.send(MAIL + b".\r\nMAIL FROM:<admin@our.test>\r\nRCPT TO:<support@our.test>\r\nDATA\r\nx\r\n.\r\n")
    reply = client.read()
    assert reply.startswith("250")
    assert client.is_closed()
    assert len(ledger.mails) == 1


def test_t50_bytes_that_come_during_the_commit_close_the_connection(
    listen: Listen, connect: Connect, ledger: Any
) -> None:
    ledger.commits_at_once = False
    listener = listen()
    client = connect(listener.port)
    client.begin()
    client.send(MAIL + b".\r\n")
    assert ledger.asked.acquire(timeout=5)
    client.send(b"MAIL FROM:<admin@our.test>\r\n")
    (session,) = listener.admission.sessions()
    assert wait_until(lambda: bool(session._unread()))
    ledger.commit_all()
    assert client.read().startswith("250")
    assert client.is_closed()


def test_taken_port_is_named_in_words(listen: Listen, ledger: Any) -> None:
    port = listen().port
    other = SmtpListener("127.0.0.1", port, deposit=ledger, accepts=bool, max_message_size=1000, hostname="mx.our.test")
    with pytest.raises(Permanent, match=rf"cannot listen on 127\.0\.0\.1:{port}.*change `listen`"):
        other.start()
    other.stop()


def test_stop_answers_a_commit_under_way_and_takes_no_more(listen: Listen, connect: Connect, ledger: Any) -> None:
    ledger.commits_at_once = False
    listener = listen(drain_seconds=5)
    idle, busy = connect(listener.port), connect(listener.port)
    busy.begin()
    busy.send(MAIL + b".\r\n")
    assert ledger.asked.acquire(timeout=5)
    stopping = threading.Thread(target=listener.stop)
    stopping.start()
    assert idle.read().startswith("421 4.3.2")
    ledger.commit_all()
    assert busy.read().startswith("250")
    stopping.join(5)
    assert not stopping.is_alive()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", listener.port), 1).close()
