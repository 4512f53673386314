"""Tests of the IMAP intake over TLS with a real Dovecot: whom it believes, and that it says nothing in clear."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailproc.errors import Temporary
from tests.dovecot import Dovecot, running
from tests.intake.imaphouse import House, numbered, open_house

CERTS = Path(__file__).parents[1] / "delivery" / "certs"
CERTIFICATE = str(CERTS / "localhost.crt")




@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """A Dovecot whose certificate is its own authority."""
    with running(certificate=(CERTS / "localhost.crt", CERTS / "localhost.key")) as dovecot:
        yield dovecot


@pytest.fixture
def mailbox(server: Dovecot) -> str:
    """A mailbox of this test's own, with one mail."""
    user = server.new_user()
    server.append(user, numbered(1))
    return user


def port_of(server: Dovecot, tls: str) -> int:
    return server.tls_port if tls == "required" else server.port


@pytest.mark.parametrize("tls", ["required", "starttls"])
def test_mail_is_taken_from_a_server_the_admin_vouches_for(
    house: House, server: Dovecot, mailbox: str, tls: str
) -> None:
    intake = house.open(port_of(server, tls), mailbox, host="localhost", tls=tls, tls_ca=CERTIFICATE)
    assert intake.poll_once() == 1
    assert intake.status.problem == "" and server.contents(mailbox) == []


@pytest.mark.parametrize("tls", ["required", "starttls"])
@pytest.mark.parametrize(("host", "ca"), [("localhost", ""), ("127.0.0.1", CERTIFICATE)])
def test_a_server_nobody_vouches_for_gets_no_password_and_the_mail_stays(
    house: House, server: Dovecot, mailbox: str, tls: str, host: str, ca: str
) -> None:
    """Its certificate is unknown, or belongs to another name."""
    intake = house.open(port_of(server, tls), mailbox, host=host, tls=tls, tls_ca=ca)
    with pytest.raises(Temporary, match="certificate"):
        intake.poll_once()
    assert "certificate" in intake.status.problem
    assert len(server.contents(mailbox)) == 1 and house.tickets() == 0


def test_a_server_without_tls_gets_no_password_where_tls_is_wanted(house: House, server: Dovecot, mailbox: str) -> None:
    intake = house.open(server.port, mailbox, host="localhost", tls="required", tls_ca=CERTIFICATE)
    with pytest.raises(Temporary):
        intake.poll_once()
    assert intake.status.problem and len(server.contents(mailbox)) == 1
