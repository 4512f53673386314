"""Real mail servers that take nothing but XOAUTH2: a Dovecot that asks the token server, and an SMTP host."""

import base64
import contextlib
import imaplib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, Session

from mailproc.delivery.base import has_login_trouble
from mailproc.delivery.smtp import SmtpSender
from mailproc.intake.imapconnection import Connection, LoginRefused, Server
from mailproc.oauth import TokenSource, tokenfile, xoauth2_string
from mailproc.records.delivery import ReceiptState
from tests import dovecot as dovecots
from tests.delivery.conftest import OutgoingMail
from tests.oauth.conftest import MakeEntry
from tests.oauth.server import CLIENT, USER, Refused, TokenServer

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
DENIED = base64.b64encode(b'{"status":"401","schemes":"Bearer","scope":"https://mail.google.com/"}').decode()


# IMAP


@pytest.fixture
def imap_port(server: TokenServer, tmp_path: Path) -> Iterator[int]:
    """A Dovecot that asks the token server and takes no password."""
    path = tmp_path / "oauth2.conf.ext"
    path.write_text(
        f"introspection_mode = post\nintrospection_url = {server.url}/introspect\nusername_attribute = username\n"
        "active_attribute = active\nactive_value = true\n"
    )
    passdb = f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {path}\n}}"
    # A refused login is not to wait, nor the next one of the same address
    extra = (
        "auth_mechanisms = xoauth2 oauthbearer\nauth_failure_delay = 0 secs\n"
        "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n"
    )
    running = dovecots.Dovecot(passdb=passdb, extra=extra)
    tmp_path.chmod(0o755)
    running.start()

    yield running.port
    running.close()


def log_in(port: int, user: str, token: str) -> str:
    """What the server says to that login."""
    client = imaplib.IMAP4("127.0.0.1", port, 30)
    with contextlib.closing(client.sock):
        challenges: list[bytes] = []

        def answer(challenge: bytes) -> bytes:
            challenges.append(challenge)
            return xoauth2_string(user, token) if len(challenges) == 1 else b""

        try:
            client.authenticate("XOAUTH2", answer)
        except imaplib.IMAP4.error as error:
            return f"{error} {b''.join(challenges)!r}"
        return client.state


def test_dovecot_takes_our_tokens_and_no_others(imap_port: int, server: TokenServer, entry: MakeEntry) -> None:
    source = TokenSource(entry("service_account"), USER)
    token = source.token()
    assert log_in(imap_port, USER, token) == "AUTH"
    assert server.count("introspect") >= 1
    refusal = log_in(imap_port, USER, "made-up")
    assert "AUTHENTICATIONFAILED" in refusal and '"status":' in refusal
    assert "AUTHENTICATIONFAILED" in log_in(imap_port, "other@acme.example", token)
    server.revoke_access()
    assert "AUTHENTICATIONFAILED" in log_in(imap_port, USER, source.token())
    assert log_in(imap_port, USER, source.token(refused=token)) == "AUTH"
    # The intake's own connection, with the same source
    house = Server("127.0.0.1", imap_port, "none", USER, timeout_seconds=30)
    connection = Connection(house, token=source.token, longest_literal=1_000_000)
    assert connection.open("INBOX", is_readonly=True).mails == 0
    connection.abandon()
    server.revoke_access()
    with pytest.raises(LoginRefused, match="refuses the access token"):
        Connection(house, token=source.token, longest_literal=1_000_000)


# SMTP


class Door:
    """An SMTP host that wants XOAUTH2, with the refusals of Google and Microsoft."""

    def __init__(self, server: TokenServer) -> None:
        self.server = server
        self.mails: list[bytes] = []
        self.tries: list[tuple[str, str]] = []
        self.challenges = True  # Google's way; Microsoft refuses at once
        self.hangs_up = False
        self.after_challenge: list[bytes] = []
        self.refusal = "535 5.7.8 Username and Password not accepted"

    async def auth_XOAUTH2(self, smtp: SMTP, args: list[str]) -> AuthResult:
        user, bearer, *rest = base64.b64decode(args[1], validate=True).decode().split("\x01")
        user, token = user.removeprefix("user="), bearer.removeprefix("auth=Bearer ")
        assert rest == ["", ""]
        self.tries.append((user, token))
        if token and self.server.owner_of(token) == user:
            return AuthResult(success=True, auth_data=user)
        if self.challenges:
            answer = await smtp.challenge_auth(base64.b64decode(DENIED), True)
            self.after_challenge.append(b"" if answer is MISSING else bytes(answer))
        await smtp.push(self.refusal)
        if self.hangs_up:
            smtp.transport.close()
        return AuthResult(success=False, handled=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope.original_content or b"")
        return "250 kept"


def serve(handler: Door, **settings: Any) -> Controller:
    """The door on a port of its own."""
    for _ in range(5):
        controller = Controller(
            handler, "127.0.0.1", dovecots.free_port(), auth_require_tls=False, ready_timeout=30, **settings
        )
        with contextlib.suppress(OSError):  # somebody else took the port meanwhile
            controller.start()
            return controller
    raise AssertionError("no free port")


@pytest.fixture
def door(server: TokenServer) -> Iterator[Callable[..., tuple[Door, int]]]:
    """`door(**changes)`: such a host and its port."""
    running: list[Controller] = []

    def start(**changes: Any) -> tuple[Door, int]:
        handler = Door(server)
        for name, value in changes.items():
            setattr(handler, name, value)
        running.append(serve(handler, auth_required=True, auth_exclude_mechanism=["LOGIN", "PLAIN"]))
        return handler, running[-1].port

    yield start
    for controller in running:
        controller.stop()


def make_sender(port: int, source: TokenSource) -> SmtpSender:
    return SmtpSender("127.0.0.1", port, user=USER, token=source.token, timeout=30.0)


def test_smtp_logs_in_with_a_token(door: Callable[..., tuple[Door, int]], entry: MakeEntry) -> None:
    handler, port = door()
    sender = make_sender(port, TokenSource(entry("service_account"), USER))
    for _ in range(2):
        assert sender.deliver(OutgoingMail()).state is ReceiptState.SENT
    sender.close()
    assert len(handler.mails) == 2 and len(handler.tries) == 1 and handler.tries[0][0] == USER


@pytest.mark.parametrize("changes", [
    {}, {"hangs_up": True}, {"challenges": False, "refusal": "535 5.7.3 Authentication unsuccessful"},
    {"challenges": False, "hangs_up": True},
])  # fmt: skip
def test_a_withdrawn_token_is_renewed_once_and_the_mail_goes(
    changes: dict[str, Any], door: Callable[..., tuple[Door, int]], entry: MakeEntry, server: TokenServer
) -> None:
    handler, port = door(**changes)
    source = TokenSource(entry("service_account"), USER)
    first = source.token()
    server.revoke_access()
    receipt = make_sender(port, source).deliver(OutgoingMail())
    assert receipt.state is ReceiptState.SENT, receipt
    assert [token for _, token in handler.tries] == [first, source.token()]
    assert handler.after_challenge == ([] if "challenges" in changes else [b""])


def test_f24_a_token_that_is_refused_again_is_trouble_with_the_login(
    door: Callable[..., tuple[Door, int]], entry: MakeEntry, server: TokenServer
) -> None:
    handler, port = door()
    source = TokenSource(entry("client_credentials"), USER)  # a token of somebody else, for this host
    receipt = make_sender(port, source).deliver(OutgoingMail())
    assert has_login_trouble(receipt) and receipt.code == 535 and "not accepted" in receipt.text
    assert len(handler.tries) == 2 and server.count("client_credentials") == 2
    assert handler.mails == [] and not any(token in receipt.text for _, token in handler.tries)


def test_a_host_without_xoauth2_gets_no_token(entry: MakeEntry, server: TokenServer) -> None:
    handler = Door(server)
    controller = serve(
        handler, auth_exclude_mechanism=["XOAUTH2"], authenticator=lambda *_: AuthResult(success=True)
    )  # fmt: skip
    try:
        receipt = make_sender(controller.port, TokenSource(entry("service_account"), USER)).deliver(OutgoingMail())
    finally:
        controller.stop()
    assert has_login_trouble(receipt) and "offers no XOAUTH2" in receipt.text and handler.tries == []


def test_a_token_server_that_is_away_delays_the_mail(
    door: Callable[..., tuple[Door, int]], entry: MakeEntry, server: TokenServer
) -> None:
    _, port = door()
    server.rules.failures = [Refused("server_error", status=500)]
    receipt = make_sender(port, TokenSource(entry("service_account"), USER)).deliver(OutgoingMail())
    assert receipt.state is ReceiptState.DEFERRED and not has_login_trouble(receipt)
    assert "the token server cannot answer now" in receipt.text


def test_a_withdrawn_login_stops_the_sending_and_names_the_remedy(
    door: Callable[..., tuple[Door, int]], entry: MakeEntry, server: TokenServer
) -> None:
    handler, port = door()
    made = entry()
    tokenfile.write(Path(made.token_file), tokenfile.KeptLogin("refresh-old", USER, CLIENT, (), 1.0, 1.0))
    receipt = make_sender(port, TokenSource(made)).deliver(OutgoingMail())
    assert has_login_trouble(receipt) and "run mailproc auth login x" in receipt.text
    assert handler.tries == []


def test_a_login_that_fails_for_the_moment_costs_no_token(
    door: Callable[..., tuple[Door, int]], entry: MakeEntry, server: TokenServer
) -> None:
    handler, port = door(challenges=False, refusal="454 4.7.0 Temporary authentication failure")
    receipt = make_sender(port, TokenSource(entry("client_credentials"))).deliver(OutgoingMail())
    assert receipt.state is ReceiptState.DEFERRED and receipt.code == 454 and not has_login_trouble(receipt)
    assert len(handler.tries) == 1 and server.count("client_credentials") == 1


def test_the_string_is_as_google_and_microsoft_describe_it() -> None:
    assert xoauth2_string("a@b.example", "ya29.x") == b"user=a@b.example\x01auth=Bearer ya29.x\x01\x01"
