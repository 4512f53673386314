"""The SMTP listener under clients that are too many, too slow or too wrong; every limit is scaled down."""

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailproc.intake.smtp import SmtpListener

MAIL = b"Subject: Printer\r\n\r\nIt burns.\r\n"
CERTS = Path(__file__).parent.parent / "delivery" / "certs"
Listen = Callable[..., SmtpListener]
Connect = Callable[..., Any]


def send_mail(client: Any) -> str:
    client.begin()
    client.send(MAIL + b".\r\n")
    return str(client.read())


def test_t52_too_many_recipients_get_452_and_the_others_stay(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen(max_recipients=3, accepts=lambda address: True, max_errors=5).port)
    client.say("EHLO x")
    client.say("MAIL FROM:<a@c.test>")
    replies = [client.say(f"RCPT TO:<r{n}@our.test>")[:9] for n in range(20)]
    assert replies == ["250 2.1.5"] * 3 + ["452 4.5.3"] * 17
    client.say("DATA")
    assert client.say("x\r\n.").startswith("250")
    assert ledger.mails[0][1].recipients == ("r0@our.test", "r1@our.test", "r2@our.test")


def test_t52_recipients_without_end_close_the_connection(listen: Listen, connect: Connect) -> None:
    client = connect(listen(max_recipients=2, accepts=lambda address: True).port)
    client.say("EHLO x")
    client.say("MAIL FROM:<a@c.test>")
    replies = [client.say(f"RCPT TO:<r{n}@our.test>")[:3] for n in range(23)]
    assert replies == ["250"] * 2 + ["452"] * 20 + ["421"]
    assert client.is_closed()


def test_t52_too_many_errors_close_the_connection(listen: Listen, connect: Connect) -> None:
    client = connect(listen(max_errors=4).port)
    client.say("EHLO x")
    client.say("MAIL FROM:<a@c.test>")
    for _ in range(3):
        assert client.say("RCPT TO:<stranger@our.test>").startswith("550")
    client.send(b"RCPT TO:<stranger@our.test>\r\n")
    client.read()
    assert client.is_closed()


def test_t52_one_client_gets_no_more_than_its_share(listen: Listen, connect: Connect) -> None:
    listener = listen(max_connections_per_client=2, max_connections=3)
    first, second = connect(listener.port), connect(listener.port)
    assert connect(listener.port).greeting.startswith("421 4.7.0")
    other = connect(listener.port, source="127.0.0.2")
    assert other.greeting.startswith("220")
    assert connect(listener.port, source="127.0.0.3").greeting.startswith("421 4.3.2")
    assert first.say("QUIT").startswith("221") and first.is_closed()
    assert send_mail(connect(listener.port)).startswith("250")
    assert second.say("NOOP").startswith("250")


def test_t52_good_mail_comes_in_while_many_idle_connections_stand_around(
    listen: Listen, connect: Connect, ledger: Any
) -> None:
    listener = listen(max_connections_per_client=10, max_connections=20)
    drips = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(60)]
    started = time.monotonic()
    reply = "421"
    while reply.startswith("421") and time.monotonic() - started < 5:
        for drip in drips:
            try:
                drip.send(b"E")
            except OSError:
                continue
        client = connect(listener.port)
        reply = client.greeting
        if reply.startswith("421"):
            client.close()
            time.sleep(0.05)
    assert send_mail(client).startswith("250")
    for drip in drips:
        drip.close()


def test_idle_client_is_told_goodbye(listen: Listen, connect: Connect) -> None:
    client = connect(listen(idle_seconds=0.15).port)
    client.send(b"EHL")  # bytes that are no command do not count as life
    assert client.read().startswith("421 4.4.2")
    assert client.is_closed()


def test_each_command_gives_more_time(listen: Listen, connect: Connect) -> None:
    client = connect(listen(idle_seconds=0.3).port)
    for _ in range(8):
        time.sleep(0.08)
        assert client.say("NOOP").startswith("250")


def test_f04_slow_but_steady_sender_is_heard_out(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(
        listen(idle_seconds=0.2, data_grace_seconds=0.2, data_stall_seconds=0.5, min_bytes_per_second=200).port
    )
    client.begin()
    for _ in range(40):  # 0.8 s and more in all, four times the grace
        client.send(b"ten bytes\r\n")
        time.sleep(0.02)
    client.send(b".\r\n")
    assert client.read().startswith("250")
    assert ledger.mails[0][0] == b"ten bytes\r\n" * 40


def test_t52_dripping_sender_is_cut_off(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen(data_grace_seconds=0.2, data_stall_seconds=5, min_bytes_per_second=500).port)
    client.begin()
    started = time.monotonic()
    client.socket.settimeout(0.02)
    reply = b""
    while not reply and time.monotonic() - started < 5:
        client.send(b"x")
        try:
            reply = client.socket.recv(100)
        except TimeoutError:
            continue
    assert reply.startswith(b"421 4.4.2")
    assert time.monotonic() - started < 2
    assert ledger.mails == []


def test_sender_that_falls_silent_is_cut_off_whatever_it_sent_before(listen: Listen, connect: Connect) -> None:
    client = connect(listen(data_stall_seconds=0.2, min_bytes_per_second=1).port)
    client.begin()
    client.send(b"x" * 70 + b"\r\n" * 1000)
    assert client.read().startswith("421 4.4.2")


def test_mail_without_end_closes_the_connection(listen: Listen, connect: Connect) -> None:
    client = connect(listen(max_message_size=1000).port)
    client.begin()
    for _ in range(40):
        client.send((b"x" * 70 + b"\r\n") * 1000)
    assert client.is_closed()


def test_client_that_leaves_in_the_middle_leaves_nothing_behind(listen: Listen, connect: Connect, ledger: Any) -> None:
    listener = listen()
    client = connect(listener.port)
    client.begin()
    client.send(MAIL)
    client.close()
    assert send_mail(connect(listener.port)).startswith("250")
    assert len(ledger.mails) == 1
    assert listener.held_bytes == 0


@pytest.fixture
def tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "localhost.crt", CERTS / "localhost.key")
    return context


def test_t51_commands_sent_in_clear_behind_starttls_are_dropped(
    tls_context: ssl.SSLContext, listen: Listen, connect: Connect, ledger: Any
) -> None:
    client = connect(listen(tls_context=tls_context).port)
    assert "250 STARTTLS" in client.say("EHLO x")
    assert client.say("STARTTLS\r\nNOOP").startswith("220")
    context = ssl.create_default_context(cafile=CERTS / "localhost.crt")
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    assert "STARTTLS" not in client.say("EHLO x")  # the reply to EHLO, not to NOOP: that was dropped
    assert client.say("VRFY x").startswith("252")
    assert send_mail(client).startswith("250")


def test_failed_handshake_leaves_the_listener_alive(
    tls_context: ssl.SSLContext, listen: Listen, connect: Connect
) -> None:
    listener = listen(tls_context=tls_context)
    client = connect(listener.port)
    client.say("EHLO x")
    assert client.say("STARTTLS").startswith("220")
    client.send(b"this is no handshake\r\n" * 10)
    assert client.is_closed()
    assert send_mail(connect(listener.port)).startswith("250")
