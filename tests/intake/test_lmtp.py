"""The LMTP listener against real sockets: an answer for each recipient, and the Unix socket's file."""

import grp
import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailproc.errors import Permanent, StoreUnavailable
from mailproc.intake.lmtp import LmtpListener
from mailproc.intake.smtp import SmtpListener
from mailproc.intake.sockets import _set_mode

MAIL = b"From: cust@c.test\r\nTo: support@our.test\r\nSubject: Printer\r\n\r\nIt burns.\r\n"
Listen = Callable[..., SmtpListener]
Connect = Callable[..., Any]


def test_mail_for_two_is_one_deposit_and_two_answers(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen(LmtpListener).port)
    assert client.greeting.startswith("220 mx.our.test LMTP")
    client.begin("Cust@C.Test", "support@our.test", "billing@our.test")
    client.send(MAIL + b"..dot\r\n.\r\n")
    assert [line[:9] for line in client.read_lines(2)] == ["250 2.0.0"] * 2
    ((raw, envelope),) = ledger.mails
    assert raw == MAIL + b".dot\r\n"
    assert (envelope.kind, envelope.client, envelope.helo) == ("lmtp", "127.0.0.1", "client.c.test")
    assert (envelope.sender, envelope.recipients) == ("cust@c.test", ("support@our.test", "billing@our.test"))


def test_repeated_recipient_gets_an_answer_of_its_own(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen(LmtpListener).port)
    client.begin("cust@c.test", "support@our.test", "support@our.test", "support@our.test")
    client.send(MAIL + b".\r\n")
    assert len(client.read_lines(3)) == 3
    assert ledger.mails[0][1].recipients == ("support@our.test",)
    client.begin()  # and the next mail has one answer again
    client.send(MAIL + b".\r\n")
    assert client.read().count("250") == 1
    assert client.say("NOOP").startswith("250")


@pytest.mark.parametrize(("command", "reply"), [("HELO x", "500"), ("EHLO x", "500"), ("LHLO", "501"), ("QUIT", "221")])
def test_greeting_is_lhlo(command: str, reply: str, listen: Listen, connect: Connect) -> None:
    client = connect(listen(LmtpListener).port)
    assert client.say(command).startswith(reply)


def test_lhlo_offers_what_rfc_2033_demands(listen: Listen, connect: Connect) -> None:
    client = connect(listen(LmtpListener).port)
    assert client.say("MAIL FROM:<a@c.test>").startswith("503")
    offered = client.say("LHLO x")
    assert all(f"{word}\r\n" in offered for word in ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SIZE 1000000"))


def test_unknown_recipient_is_refused_and_the_others_get_the_mail(
    listen: Listen, connect: Connect, ledger: Any
) -> None:
    client = connect(listen(LmtpListener).port)
    client.say("LHLO x")
    client.send(b"MAIL FROM:<a@c.test>\r\nRCPT TO:<stranger@our.test>\r\nRCPT TO:<support@our.test>\r\nDATA\r\n")
    assert [line[:3] for line in client.read_lines(4)] == ["250", "550", "250", "354"]
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")
    assert ledger.mails[0][1].recipients == ("support@our.test",)


def test_data_without_any_recipient_is_a_503(listen: Listen, connect: Connect) -> None:
    client = connect(listen(LmtpListener).port)  # RFC 2033 section 4.2
    client.say("LHLO x")
    client.send(b"MAIL FROM:<a@c.test>\r\nRCPT TO:<stranger@our.test>\r\nDATA\r\n")
    assert [line[:3] for line in client.read_lines(3)] == ["250", "550", "503"]
    assert client.say("RSET").startswith("250")


def test_t60_recipients_over_the_limit_are_told_to_come_again(listen: Listen, connect: Connect, ledger: Any) -> None:
    listener = listen(LmtpListener, max_recipients=1)
    client = connect(listener.port)
    client.say("LHLO x")
    client.say("MAIL FROM:<a@c.test>")
    assert client.say("RCPT TO:<support@our.test>").startswith("250")
    assert client.say("RCPT TO:<billing@our.test>").startswith("452 4.5.3")
    client.say("DATA")
    client.send(MAIL + b".\r\n")
    assert client.read() == "250 2.0.0 Ok, it is in good hands\r\n"
    client.begin("a@c.test", "billing@our.test")
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")
    assert [(raw, envelope.recipients) for raw, envelope in ledger.mails] == [
        (MAIL, ("support@our.test",)),
        (MAIL, ("billing@our.test",)),
    ]


@pytest.mark.parametrize(
    ("error", "room", "reply"),
    [
        (StoreUnavailable("database is locked"), True, "451 4.3.0"),
        (StoreUnavailable("database or disk is full"), False, "452 4.3.1"),
        (RuntimeError("secret detail"), True, "451 4.3.0"),
    ],
)
def test_f11_store_in_trouble_is_said_of_each_recipient(
    error: Exception, room: bool, reply: str, listen: Listen, connect: Connect, ledger: Any
) -> None:
    has_room = True
    listener = listen(LmtpListener, has_room=lambda: has_room)
    client = connect(listener.port)
    client.begin("a@c.test", "support@our.test", "billing@our.test")
    ledger.error, has_room = error, room
    client.send(MAIL + b".\r\n")
    lines = client.read_lines(2)
    assert [line[:9] for line in lines] == [reply] * 2 and "secret" not in "".join(lines)
    status = listener.status()
    assert status.failing_since is not None and "cannot be stored" in status.problem and status.taken == 0
    ledger.error, has_room = None, True
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")
    status = listener.status()
    assert (status.kind, status.failing_since, status.problem, status.taken) == ("lmtp", None, "", 1)


@pytest.mark.parametrize(
    ("body", "reply"), [((b"x" * 70 + b"\r\n") * 1000, "552 5.3.4"), (b"a\rb\r\n", "521 5.5.2")]
)
def test_mail_we_cannot_take_is_refused_for_each_recipient(
    body: bytes, reply: str, listen: Listen, connect: Connect, ledger: Any
) -> None:
    client = connect(listen(LmtpListener, max_message_size=20_000).port)
    client.begin("a@c.test", "support@our.test", "billing@our.test")
    client.send(body + b".\r\n")
    assert [line[:9] for line in client.read_lines(2)] == [reply] * 2
    assert ledger.mails == []


def test_quit_may_be_sent_behind_the_dot(listen: Listen, connect: Connect, ledger: Any) -> None:
    client = connect(listen(LmtpListener).port)
    client.begin("a@c.test", "support@our.test", "billing@our.test")
    client.send(MAIL + b".\r\nQUIT\r\n")
    assert [line[:3] for line in client.read_lines(3)] == ["250", "250", "221"]
    assert client.is_closed()


@pytest.mark.parametrize("behind", [b"MAIL FROM:<admin@our.test>\r\n", b"QUIT\r\nMAIL FROM:<admin@our.test>\r\n"])
def test_t50_nothing_but_quit_may_be_sent_behind_the_dot(
    behind: bytes, listen: Listen, connect: Connect, ledger: Any
) -> None:
    client = connect(listen(LmtpListener).port)
    client.begin()
    client.send(MAIL + b".\r\n" + behind + b"RCPT TO:<support@our.test>\r\nDATA\r\nx\r\n.\r\n")
    assert [line[:3] for line in client.read_lines(2)] == ["250", "421"]
    assert client.is_closed()
    assert len(ledger.mails) == 1


# The socket's file


def test_socket_has_its_mode_and_group_and_goes_with_the_listener(
    short_folder: Path, listen: Listen, connect: Connect, ledger: Any
) -> None:
    path = short_folder / "lmtp"
    group = grp.getgrgid(os.getegid()).gr_name
    listener = listen(LmtpListener, socket_path=str(path), socket_mode=0o660, socket_group=group)
    found = os.lstat(path)
    assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o660 and found.st_gid == os.getegid()
    assert listener.address == f"unix:{path}"
    client = connect(str(path))
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")
    assert (ledger.mails[0][1].kind, ledger.mails[0][1].client) == ("lmtp", "")
    listener.stop()
    assert not path.exists()
    listener.stop()


def test_mode_is_given_to_the_socket_and_to_nothing_put_in_its_place(short_folder: Path) -> None:
    precious, path = short_folder / "precious", short_folder / "lmtp"
    precious.write_text("x")
    precious.chmod(0o600)
    with socket.socket(socket.AF_UNIX) as ours:
        ours.bind(str(path))
        found = os.lstat(path)
        path.unlink()
        path.symlink_to(precious)
        for file in ((found.st_dev, found.st_ino), (precious.stat().st_dev, precious.stat().st_ino)):
            with pytest.raises(OSError, match="something else"):
                _set_mode(str(path), 0o666, file)
    assert stat.S_IMODE(precious.stat().st_mode) == 0o600


def test_clients_of_a_unix_socket_are_not_told_apart(short_folder: Path, listen: Listen, connect: Connect) -> None:
    path = str(short_folder / "s")
    listener = listen(LmtpListener, socket_path=path, max_connections_per_client=1, mails_per_minute=1)
    clients = [connect(listener.socket_path) for _ in range(3)]
    for client in clients:
        client.begin()
        client.send(MAIL + b".\r\n")
        assert client.read().startswith("250")


def test_socket_that_a_dead_process_left_is_replaced(short_folder: Path, listen: Listen, connect: Connect) -> None:
    path = short_folder / "lmtp"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    listen(LmtpListener, socket_path=str(path))
    assert connect(str(path)).greeting.startswith("220")


def test_socket_of_a_live_program_is_left_alone(short_folder: Path, listen: Listen, connect: Connect) -> None:
    path = str(short_folder / "lmtp")
    listen(LmtpListener, socket_path=path)
    with pytest.raises(Permanent, match=r"intake lmtp: another program listens on .*/lmtp; stop it"):
        listen(LmtpListener, socket_path=path)
    assert connect(path).greeting.startswith("220")


def test_file_that_is_no_socket_is_left_alone(short_folder: Path, listen: Listen) -> None:
    path = short_folder / "lmtp"
    path.write_text("precious")
    with pytest.raises(Permanent, match="exists and is no socket"):
        listen(LmtpListener, socket_path=str(path))
    assert path.read_text() == "precious"


def test_socket_of_somebody_else_is_not_taken_away_at_the_end(short_folder: Path, listen: Listen) -> None:
    path = short_folder / "lmtp"
    listener = listen(LmtpListener, socket_path=str(path))
    path.unlink()
    path.write_text("somebody else's by now")
    listener.stop()
    assert path.exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"socket_path": "{folder}/none/lmtp"}, r"/none is no folder; make it"),
        ({"socket_path": "{folder}/" + "x" * 120}, "longer than the 107 bytes"),
        ({"socket_path": "{folder}/s", "socket_group": "no-such-group"}, "there is no group 'no-such-group'"),
    ],
)
def test_socket_that_cannot_be_made_says_what_to_do(
    settings: dict[str, str], words: str, short_folder: Path, listen: Listen
) -> None:
    settings = {key: value.replace("{folder}", str(short_folder)) for key, value in settings.items()}
    with pytest.raises(Permanent, match=words):
        listen(LmtpListener, **settings)
    assert list(short_folder.iterdir()) == []


def test_listener_can_be_started_again_after_a_stop(short_folder: Path, listen: Listen, connect: Connect) -> None:
    listener = listen(LmtpListener, socket_path=str(short_folder / "lmtp"))
    listener.stop()
    listener.start()
    assert connect(listener.socket_path).greeting.startswith("220")


def test_stop_answers_a_commit_under_way_for_each_recipient(
    short_folder: Path, listen: Listen, connect: Connect, ledger: Any
) -> None:
    ledger.commits_at_once = False
    listener = listen(LmtpListener, socket_path=str(short_folder / "lmtp"), drain_seconds=30)
    client = connect(listener.socket_path)
    client.begin("a@c.test", "support@our.test", "billing@our.test")
    client.send(MAIL + b".\r\n")
    assert ledger.asked.acquire(timeout=30)
    stopping = threading.Thread(target=listener.stop)
    stopping.start()
    ledger.commit_all()
    assert [line[:3] for line in client.read_lines(2)] == ["250", "250"]
    stopping.join(30)
    assert not stopping.is_alive()
