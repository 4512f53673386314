"""The SMTP listener under clients that are too many, too slow or too wrong; every limit is scaled down."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from mailproc.intake.smtp import SmtpListener

MAIL = b"Subject: Printer\r\n\r\nIt burns.\r\n"
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


@pytest.mark.parametrize("command", ["NOOP", "RSET", "EHLO x", "HELO x", "VRFY a", "HELP"])
def test_t52_chat_without_a_mail_ends(
    command: str, listen: Listen, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailproc.intake.smtpsession._MOST_IDLE_COMMANDS", 5)
    client = connect(listen().port)
    client.say("EHLO x")
    for _ in range(3):
        assert client.say(command)[:1] == "2"
    assert send_mail(client).startswith("250")  # begins anew with each mail
    for _ in range(5):
        assert client.say(command)[:1] == "2"
    assert client.say(command).startswith("421 4.7.0")
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
    while reply.startswith("421") and time.monotonic() - started < 60:
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
    client = connect(listen(idle_seconds=1.0).port)
    for _ in range(8):
        time.sleep(0.15)
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
    while not reply and time.monotonic() - started < 60:
        client.send(b"x")
        try:
            reply = client.socket.recv(100)
        except TimeoutError:
            continue
    assert reply.startswith(b"421 4.4.2")
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


def test_t57_client_that_sends_too_many_mails_a_minute_is_told_to_come_later(
    both: type[SmtpListener], listen: Listen, connect: Connect, ledger: Any
) -> None:
    listener = listen(both, mails_per_minute=2, counts_loopback=True, max_errors=3)
    client = connect(listener.port)
    assert [send_mail(client)[:3] for _ in range(2)] == ["250", "250"]
    assert client.say("MAIL FROM:<a@c.test>").startswith("451 4.7.1")
    assert send_mail(connect(listener.port, source="127.0.0.2")).startswith("250")
    other = connect(listener.port)  # another connection of the same client is no way around it
    other.say(f"{other.hello} x")
    assert other.say("MAIL FROM:<a@c.test>").startswith("451 4.7.1")
    client.send(b"MAIL FROM:<a@c.test>\r\n" * 2)
    assert client.is_closed()
    assert len(ledger.mails) == 3


def test_t52_good_mail_comes_in_beside_500_slow_sockets(listen: Listen, connect: Connect, ledger: Any) -> None:
    listener = listen()
    drips: list[socket.socket] = []
    for _ in range(500):
        drip = socket.socket()
        drip.bind(("127.0.0.2", 0))
        drip.connect(("127.0.0.1", listener.port))
        drips.append(drip)
    for _ in range(3):
        for drip in drips:
            with contextlib.suppress(OSError):
                drip.send(b"E")
        assert send_mail(connect(listener.port)).startswith("250")
    for drip in drips:
        drip.close()
    assert len(ledger.mails) == 3


def test_quit_leaves_room_at_once(listen: Listen, connect: Connect) -> None:
    listener = listen(max_connections_per_client=1)
    for _ in range(20):
        client = connect(listener.port)
        assert client.greeting.startswith("220")
        assert client.say("QUIT").startswith("221")


def test_t50_mail_behind_a_refused_data_is_not_read_as_commands(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen().port)
    client.say("EHLO x")
    client.say("MAIL FROM:<a@c.test>")
    assert client.say("RCPT TO:<stranger@our.test>").startswith("550")
    client.send(b"DATA\r\nRSET\r\nMAIL FROM:<admin@our.test>\r\nRCPT TO:<support@our.test>\r\nDATA\r\nx\r\n.\r\n")
    assert client.read().startswith("503")
    assert client.is_closed()
    assert ledger.mails == []


FEW_FILES = """
import os, resource, sys
from concurrent.futures import Future
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from mailproc.intake import smtp
from mailproc.intake.smtp import SmtpListener
if sys.argv[1] == "unaware":
    smtp.fit_sessions = lambda wanted: wanted  # the limit is met at accept(2), as when others use the files up
def deposit(raw, envelope):
    future = Future()
    future.set_result(1)
    return future
listener = SmtpListener("127.0.0.1", 0, deposit=deposit, accepts=lambda address: True, max_message_size=1000,
                        hostname="mx.our.test", max_connections_per_client=200)
listener.start()
print(listener.port, flush=True)
sys.stdin.read()
listener.stop()
"""


@pytest.mark.parametrize("awareness", ["aware", "unaware"])
def test_f31_listener_lives_when_no_file_descriptor_is_left(awareness: str, connect: Connect) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FEW_FILES, awareness], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        port = int(process.stdout.readline())
        greetings = []
        crowd = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(100)]
        for client in crowd:
            with contextlib.suppress(ConnectionError):
                greetings.append(client.recv(100)[:3])
        assert greetings.count(b"220") >= 4 and greetings.count(b"421") >= 30
        for client in crowd:
            client.close()
        deadline = time.monotonic() + 30
        reply = ""
        while not reply.startswith("250") and time.monotonic() < deadline:
            client = connect(port)
            reply = send_mail(client) if client.greeting.startswith("220") else ""
            client.close()
        assert reply.startswith("250")
        process.stdin.close()
        assert process.wait(30) == 0
