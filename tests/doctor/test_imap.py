"""Mailboxes as the doctor sees them: a real Dovecot, and servers that refuse as providers do."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailproc.doctor import imap
from mailproc.doctor.findings import Level
from mailproc.doctor.visit import Visit
from mailproc.errors import Permanent
from mailproc.settings import IntakeSettings
from tests import dovecot
from tests.doctor.conftest import levels
from tests.proxies import FakeImap

CERTS = Path(__file__).parents[1] / "delivery" / "certs"


def mailbox(at: int, user: str, **changes: object) -> IntakeSettings:
    made = IntakeSettings("imap", "support", "127.0.0.1", at, user=user, password=dovecot.PASSWORD)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_check_when_all_is_well_changes_nothing(make_visit: Callable[..., Visit]) -> None:
    server = dovecot.shared()
    user = server.new_user()
    server.append(user, b"Subject: one\r\n\r\nx\r\n", b"Subject: two\r\n\r\nx\r\n")
    found = levels(imap.check(make_visit(intakes=(mailbox(server.port, user),))))
    assert set(found) == {Level.OK}
    assert "INBOX holds 2 mails" in found[Level.OK] and "Processed yet" in found[Level.OK]
    client = server.connect(user)
    client.select("INBOX", readonly=True)
    status, data = client.search(None, "UNSEEN")
    assert status == "OK" and len(data[0].split()) == 2
    client.logout()


@pytest.mark.parametrize(
    ("changes", "cause", "remedy"),
    [
        ({"password": "wrong"}, "refused the user name and password", "whole address"),
        ({"folders": ("INBOX", "Nowhere")}, "no folder Nowhere", "INBOX"),
        ({"folders": ("INBOX", "Sent")}, "holds what was sent", "Take it out"),
        ({"tls": "required"}, "does not speak TLS", "starttls"),
        ({"tls": "starttls"}, "no encryption", "993"),
        ({"port": 1}, "nobody listens", "`port`"),
        ({"host": "no-such-host.invalid"}, "cannot be found in DNS", "typing error"),
        ({"tls": "required", "tls_ca": "/no/such/file"}, "No such file", "log"),
    ],
)  # fmt: skip
def test_check_when_the_settings_are_wrong(
    make_visit: Callable[..., Visit], changes: dict[str, object], cause: str, remedy: str
) -> None:
    server = dovecot.shared()
    intake = mailbox(server.port, server.new_user(), **changes)
    found = levels(imap.check(make_visit(intakes=(intake,))))
    assert cause in found[Level.FAIL] and remedy in found[Level.FAIL], found


def test_check_when_there_is_no_token(make_visit: Callable[..., Visit]) -> None:
    server = dovecot.shared()
    visit = make_visit(intakes=(mailbox(server.port, server.new_user(), password="", oauth="ms"),))

    def refuse(name: str, user: str) -> str:
        raise Permanent(f"oauth {name}: nobody has logged in yet")

    visit.get_token = refuse
    found = levels(imap.check(visit))
    assert "nobody has logged in yet" in found[Level.FAIL] and "auth status" in found[Level.FAIL]


def test_check_over_tls_knows_the_certificate(make_visit: Callable[..., Visit]) -> None:
    with dovecot.running(certificate=(CERTS / "localhost.crt", CERTS / "localhost.key")) as server:
        user = server.new_user()
        good = mailbox(server.tls_port, user, host="localhost", tls="required", tls_ca=str(CERTS / "localhost.crt"))
        found = levels(imap.check(make_visit(intakes=(good,))))
        assert Level.FAIL not in found and "certificate is good until" in found[Level.OK], found
        for changes, words in (({"tls_ca": ""}, "nobody this host trusts"), ({"host": "127.0.0.1"}, "another name")):
            found = levels(imap.check(make_visit(intakes=(replace(good, **changes),))))
            assert words in found[Level.FAIL], found


@pytest.fixture
def serve() -> Iterator[Callable[[str], int]]:
    """`serve(answer)` is a server that answers every LOGIN and AUTHENTICATE so, and returns its port."""
    listening: list[socket.socket] = []

    def run(server: socket.socket, answer: str) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, connection.makefile("rwb") as wire:
                    wire.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] ready\r\n")
                    wire.flush()
                    while line := wire.readline():
                        tag, command = line.split()[:2]
                        word = command.upper().decode()
                        if word == "CAPABILITY":
                            wire.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\n" + tag + b" OK done\r\n")
                        elif word in ("LOGIN", "AUTHENTICATE"):
                            wire.write(tag + b" " + answer.encode() + b"\r\n")
                        else:
                            wire.write(tag + b" OK bye\r\n")
                        wire.flush()

    def start(answer: str) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)
        threading.Thread(target=run, args=(server, answer), daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for one in listening:
        one.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("NO [ALERT] Application-specific password required: https://support.google.com/x (Failure)", "app password"),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", "15"),
        ("BAD User is authenticated but not connected.", "Add-MailboxPermission"),
        ("NO [UNAVAILABLE] Temporary authentication failure.", "tries again"),
        ("NO \x1b[31msomething new", "it may say what it likes"),
    ],
)
def test_check_when_a_provider_refuses(
    make_visit: Callable[..., Visit], serve: Callable[[str], int], answer: str, words: str
) -> None:
    found = levels(imap.check(make_visit(intakes=(mailbox(serve(answer), "support@acme.example"),))))
    text = found[Level.FAIL]
    assert words in text or ("something new" in text and "\x1b" not in text)


def test_check_when_the_server_hangs_up(make_visit: Callable[..., Visit]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()
        found = levels(imap.check(make_visit(intakes=(mailbox(server.getsockname()[1], "x"),))))
    assert "hung up" in found[Level.FAIL], found


def test_check_finds_folders_as_the_intake_does_and_tells_what_cannot_be_removed(
    make_visit: Callable[..., Visit],
) -> None:
    folders = ["INBOX", "INBOX.Support", "INBOX.Processed"]
    server = FakeImap({}, capabilities="IMAP4rev1", folders=folders, delimiter=".")
    try:
        intake = mailbox(server.port, "u", password="secret", folders=("INBOX/Support",), after="move:INBOX/Processed")
        text = str(list(imap.check(make_visit(intakes=(intake,)))))
    finally:
        server.close()
    assert "INBOX.Support holds" in text and "moves to INBOX.Processed" in text
    assert "neither MOVE nor UIDPLUS" in text
