"""Delivery over TLS and with a login: nothing in clear, no certificate unchecked, no wrong password unnoticed."""

import re
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from mailproc.delivery.base import has_login_trouble
from mailproc.delivery.smtp import SmtpSender
from mailproc.errors import Permanent
from mailproc.records.delivery import ReceiptState

SENT, DEFERRED, FAILED = ReceiptState.SENT, ReceiptState.DEFERRED, ReceiptState.FAILED


def test_tls_setting_must_be_known() -> None:
    with pytest.raises(Permanent, match="tls is 'yes'"):
        SmtpSender("127.0.0.1", 25, tls="yes")


@pytest.mark.parametrize(
    "replies",
    [
        {"ehlo": "250 peer.test"},
        {"ehlo": "250-peer.test\n250 STARTTLS", "starttls": "454 not now"},
        {"ehlo": "250-peer.test\n250 STARTTLS", "starttls": "220 go\n250 injected"},
        {"ehlo": "250-peer.test\n250 STARTTLS", "starttls": "500 what"},
        {"ehlo": "250-peer.test\n250 STARTTLS", "starttls": ""},
    ],
)
def test_t51_nothing_goes_in_clear_when_starttls_does_not_work(
    replies: dict[str, str], host: Any, mail: Any, sender: Any
) -> None:
    peer = host(**replies)
    receipt = sender(peer.port, tls="starttls", timeout=1.0, user="desk", password="hush").deliver(mail())
    assert receipt.state is DEFERRED and receipt.text
    assert not [line for line in peer.log if re.match("MAIL|RCPT|DATA|AUTH|Subject", line)]


@pytest.fixture
def tls_context(certs: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "localhost.crt", certs / "localhost.key")
    return context


@pytest.mark.parametrize(
    ("name", "is_trusted", "state"),
    [
        ("localhost", True, SENT),
        ("127.0.0.1", True, DEFERRED),  # another host's certificate
        ("localhost", False, DEFERRED),  # nobody we trust has signed it
    ],
)
@pytest.mark.parametrize("tls", ["starttls", "required"])
def test_certificate_is_checked(
    tls: str,
    name: str,
    is_trusted: bool,
    state: ReceiptState,
    tls_context: ssl.SSLContext,
    certs: Path,
    serve: Any,
    sink: Any,
    mail: Any,
    sender: Any,
) -> None:
    port = serve(**{"tls_context" if tls == "starttls" else "ssl_context": tls_context})
    way_out = sender(port, name, tls=tls, ca_file=certs / "localhost.crt" if is_trusted else None)
    receipt = way_out.deliver(mail())
    assert receipt.state is state, receipt
    assert (state is SENT) == bool(sink.mails)
    assert state is SENT or "certificate" in receipt.text
    if state is SENT:
        assert way_out.deliver(mail(raw=b"x\r\n" * 100_000)).state is SENT


def test_tls_against_a_clear_port_is_deferred(host: Any, mail: Any, sender: Any) -> None:
    assert sender(host().port, tls="required", timeout=1.0).deliver(mail()).state is DEFERRED


@pytest.mark.parametrize(("password", "state"), [("right", SENT), ("wrong", DEFERRED)])
def test_f24_login_is_used_and_a_refused_one_stands_out(
    password: str, state: ReceiptState, tls_context: ssl.SSLContext, certs: Path, serve: Any, mail: Any, sender: Any
) -> None:
    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    port = serve(tls_context=tls_context, authenticator=authenticate, auth_required=True)
    login = {"user": "desk", "password": password}
    receipt = sender(port, "localhost", tls="starttls", ca_file=certs / "localhost.crt", **login).deliver(mail())
    assert receipt.state is state
    assert has_login_trouble(receipt) is (state is DEFERRED)
    assert "wrong" not in receipt.text


@pytest.mark.parametrize(
    ("replies", "is_trouble"),
    [
        ({"ehlo": "250-peer\n250 AUTH PLAIN", "auth": "535 5.7.8 wrong"}, True),
        ({"ehlo": "250-peer\n250 AUTH PLAIN", "auth": "454 4.7.0 database away"}, False),
        ({"ehlo": "250 peer"}, True),
        ({"mail": "530 5.7.0 authentication required"}, True),
        ({"rcpt": "550 no"}, False),
    ],
)
def test_f24_only_trouble_with_the_login_alarms(
    replies: dict[str, str], is_trouble: bool, host: Any, mail: Any, sender: Any
) -> None:
    login = {} if "ehlo" not in replies else {"user": "desk", "password": "hush"}
    receipt = sender(host(**replies).port, **login).deliver(mail())
    assert has_login_trouble(receipt) is is_trouble
    assert receipt.state is (FAILED if "rcpt" in replies else DEFERRED)
    assert "hush" not in receipt.text
