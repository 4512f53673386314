"""The way out as the doctor sees it: real SMTP servers with logins and encryption, and refusals of providers."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailproc.doctor import smtp
from mailproc.doctor.findings import Level
from mailproc.doctor.visit import Visit
from mailproc.settings import DeliverySettings
from tests.doctor.conftest import levels

CERTS = Path(__file__).parents[1] / "delivery" / "certs"


class Host:
    """Answers as its replies say; keeps what it was sent."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies
        self.mails = 0

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        return self.replies.get("mail", "250 ok")

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        return self.replies.get("rcpt", "250 ok")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails += 1
        return "250 ok"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, kind: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password == b"right"
        said = self.replies.get("auth", "535 5.7.8 Error: authentication failed")
        return AuthResult(success=is_right, handled=not is_right and False, message=None if is_right else said)


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Host, int]]]:
    running: list[Controller] = []

    def start(is_tls: bool = False, settings: dict[str, Any] | None = None, **replies: str) -> tuple[Host, int]:
        host = Host(**replies)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTS / "localhost.crt", CERTS / "localhost.key")
        wanted: dict[str, Any] = {"authenticator": host.authenticate, "auth_require_tls": False, **(settings or {})}
        if is_tls:
            wanted["tls_context"] = context
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            controller = Controller(host, hostname="127.0.0.1", port=port, **wanted)
            try:
                controller.start()
            except OSError:  # somebody else took the port meanwhile
                continue
            running.append(controller)
            return host, int(port)
        raise AssertionError("no free port")

    yield start
    for controller in running:
        controller.stop()


def delivery(at: int, **changes: Any) -> DeliverySettings:
    return replace(DeliverySettings("smtp", "localhost", at), **changes)


Serve = Callable[..., tuple[Host, int]]


def test_check_when_all_is_well_sends_nothing(make_visit: Callable[..., Visit], serve: Serve) -> None:
    host, port = serve()
    wanted = delivery(port, user="support@acme.example", password="right")
    found = levels(smtp.check(make_visit(delivery=wanted, site_operator="ops@elsewhere.example")))
    assert set(found) == {Level.OK} and "send as support@acme.example" in found[Level.OK], found
    assert host.mails == 0


def test_check_over_starttls(make_visit: Callable[..., Visit], serve: Serve) -> None:
    _, port = serve(is_tls=True)
    good = delivery(port, tls="starttls", tls_ca=str(CERTS / "localhost.crt"))
    assert set(levels(smtp.check(make_visit(delivery=good)))) == {Level.OK}
    found = levels(smtp.check(make_visit(delivery=replace(good, tls_ca=""))))
    assert "tls_ca" in found[Level.FAIL]
    found = levels(smtp.check(make_visit(delivery=replace(good, tls="required"))))
    assert "starttls" in found[Level.FAIL]


@pytest.mark.parametrize(
    ("changes", "replies", "words"),
    [
        ({"user": "u", "password": "wrong"}, {}, "user name and password"),
        ({"user": "u", "password": "wrong"}, {"auth": "535 5.7.139 Authentication unsuccessful, "
         "SmtpClientAuthentication is disabled for the Tenant."}, "Set-CASMailbox"),
        ({"user": "u", "password": "wrong"}, {"auth": "535 5.7.3 Authentication unsuccessful"}, "auth status"),
        ({"user": "u", "password": "wrong"}, {"auth": "454 4.7.0 Too many login attempts, please try again later."},
         "too many logins"),
        ({}, {"mail": "550 5.7.60 SMTP; Client does not have permissions to send as this sender"}, "SendAs"),
        ({}, {"mail": "530 5.7.57 Client not authenticated to send mail."}, "connector"),
        ({}, {"rcpt": "554 5.7.1 <ops@elsewhere.example>: Relay access denied"}, "mynetworks"),
        ({"tls": "starttls"}, {}, "no encryption"),
        ({"port": 1}, {}, "nobody listens"),
    ],
)  # fmt: skip
def test_check_when_a_host_refuses(
    make_visit: Callable[..., Visit], serve: Serve, changes: dict[str, Any], replies: dict[str, str], words: str
) -> None:
    host, port = serve(**replies)
    wanted = delivery(port, **changes)
    found = levels(smtp.check(make_visit(delivery=wanted, site_operator="ops@elsewhere.example")))
    assert words in found[Level.FAIL], found
    assert host.mails == 0


def test_check_when_it_offers_no_login(make_visit: Callable[..., Visit], serve: Serve) -> None:
    _, port = serve(settings={"auth_require_tls": True})
    found = levels(smtp.check(make_visit(delivery=delivery(port, user="u", password="right"))))
    assert "offers no login" in found[Level.FAIL] and "tls: starttls" in found[Level.FAIL], found


def test_check_when_greylisted_warns(make_visit: Callable[..., Visit], serve: Serve) -> None:
    _, port = serve(rcpt="451 4.7.1 Greylisting in action, please come back later")
    found = levels(smtp.check(make_visit(delivery=delivery(port), site_operator="ops@elsewhere.example")))
    assert Level.FAIL not in found and "greylisting" in found[Level.WARN]


def test_check_when_it_takes_small_mail_only(make_visit: Callable[..., Visit], serve: Serve) -> None:
    _, port = serve(settings={"data_size_limit": 10_000_000})
    found = levels(smtp.check(make_visit(delivery=delivery(port))))
    assert "max_attachments_size: 7MB" in found[Level.WARN]


def test_check_when_the_password_would_travel_in_clear(make_visit: Callable[..., Visit]) -> None:
    wanted = DeliverySettings("smtp", "no-such-host.invalid", 25, user="u", password="p")
    found = levels(smtp.check(make_visit(delivery=wanted)))
    assert "for everybody to read" in found[Level.WARN] and "DNS" in found[Level.FAIL]


def test_check_of_a_login_by_token_says_it_as_rfc_7628_wants(make_visit: Callable[..., Visit]) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve_one() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rwb") as wire:
                wire.write(b"220 peer ESMTP\r\n")
                wire.flush()
                while line := wire.readline():
                    heard.append(line)
                    word = line[:4].upper()
                    if word == b"EHLO":
                        wire.write(b"250-peer\r\n250 AUTH XOAUTH2\r\n")
                    elif word == b"AUTH":
                        # The server's reason, which the client answers with an empty line
                        wire.write(b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n")
                    elif word == b"QUIT":
                        wire.write(b"221 bye\r\n")
                    else:
                        wire.write(b"535 5.7.3 Authentication unsuccessful\r\n")
                    wire.flush()

        threading.Thread(target=serve_one, daemon=True).start()
        wanted = DeliverySettings("smtp", "127.0.0.1", server.getsockname()[1], user="support@acme.example", oauth="ms")
        visit = make_visit(delivery=wanted)
        visit.get_token = lambda name, user: f"token-of-{name}-{user}"
        found = levels(smtp.check(visit))
    assert "token or password" in found[Level.FAIL]
    assert heard[1].startswith(b"AUTH XOAUTH2 ") and heard[2] == b"\r\n"


def test_check_of_a_folder(make_visit: Callable[..., Visit], tmp_path: Path) -> None:
    good = DeliverySettings("maildir", path=str(tmp_path / "x"))
    assert set(levels(smtp.check(make_visit(delivery=good)))) == {Level.OK}
    (tmp_path / "file").write_text("")
    wrong = DeliverySettings("maildir", path=str(tmp_path / "file"))
    assert "cannot be written" in levels(smtp.check(make_visit(delivery=wrong)))[Level.FAIL]
