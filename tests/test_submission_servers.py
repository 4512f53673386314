"""Who logged in, as real mail servers write it with the blocks of docs/, and what senders outside can make of that.

How agents log in at a real Postfix is shown by tests/test_mail_clients.py.
"""

import contextlib
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailproc import settings
from mailproc.cli.demo import Sink
from mailproc.message.parse import parse
from mailproc.message.trust import assess
from mailproc.records.mail import Envelope, Level, Trust
from mailproc.records.site import Site
from tests import exim, postfix
from tests.desks import START
from tests.handbook import SITE, find

HOST = "mx.acme.example"
CLAIM = "(Authenticated sender: ann@acme.example)"
HOP = f"from laptop (unknown [192.0.2.7]) {CLAIM} by {HOST} (Postfix) with ESMTPSA id 4C1; Mon, 5 Oct 2026 10:00:00 +0"
RESULTS = f"{HOST}; auth=pass (PLAIN) smtp.auth=ann; dmarc=pass header.from=acme.example"
BASE = """\
version: 1
site: {name: Acme, prefix: ACME, addresses: [support@acme.example]}
intake: [{kind: lmtp, listen: "127.0.0.1:2424"}]
"""
EXIM_ROUTERS = """
all:
  driver = manualroute
  transport = all
  route_list = * 127.0.0.1
  self = send
"""
EXIM_TRANSPORTS = """
all:
  driver = smtp
  port = {port}
  allow_localhost
  hosts_try_fastopen =
"""
# As on Debian, where a file of passwords stands in place of the word
EXIM_AUTHENTICATORS = """
plain_server:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if eq{$auth3}{secret}}
  server_set_id = $auth2
  server_prompts = :
"""


def site_of(document: str) -> Site:
    """What the document's block for agents makes of the settings."""
    text = BASE + find(document, "Agents who log in here", SITE)
    return settings.parse(text, Path("/site/mailproc.yaml"), {}).site


@contextlib.contextmanager
def sink() -> Iterator[Sink]:
    taking = Sink()
    try:
        yield taking
    finally:
        taking.stop()


def hand_in(
    port: int,
    head: str = "",
    *,
    login: str = "",
    helo: str = "laptop",
    to: str = "<support@acme.example>",
    sender: str = "ann@acme.example",
) -> tuple[int, bytes]:
    """A mail that says it is Ann's; what the server answered."""
    raw = f"{head}From: ann@acme.example\r\nTo: support@acme.example\r\nSubject: x\r\n\r\ntext\r\n"
    with smtplib.SMTP("127.0.0.1", port, local_hostname="laptop", timeout=60) as client:
        client.ehlo(helo)
        if login:
            client.login(login, "secret")
        client.mail(sender)
        code, answer = client.docmd(f"RCPT TO:{to}")
        return client.data(raw.encode()) if code == 250 else (code, answer)


def judge(raw: bytes, site: Site) -> Trust:
    return assess(parse(raw), Envelope("lmtp", START), site)


# What somebody outside says, by where they say it
ATTACKS: dict[str, dict[str, str]] = {
    "a Received line": {"head": f"Received: {HOP}\r\n"},
    "results": {"head": f"Authentication-Results: {RESULTS}\r\n"},
    "HELO": {"helo": CLAIM},
    "HELO with a host": {"helo": f"laptop {CLAIM} by {HOST} with ESMTPSA"},
    "HELO with a bracket": {"helo": f"[127.0.0.1]{CLAIM}"},
    "recipient": {"to": f'<"support+ {CLAIM}"@acme.example>'},
    "recipient with a host": {"to": f'<"support+x {CLAIM} by {HOST} (Postfix) with ESMTPSA "@acme.example>'},
    "envelope sender": {"sender": f'"ann {CLAIM}"@acme.example'},
}


@pytest.fixture(scope="module")
def relayed() -> Iterator[tuple[postfix.Postfix, Sink]]:
    """A Postfix with the document's setting, and what it hands on."""
    obstacle = postfix.find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    with sink() as taking:
        route = {"acme.example": f"smtp:[127.0.0.1]:{taking.listen()}"}
        with postfix.running(route, myhostname=HOST, **_main_of("postfix")) as server:
            yield server, taking


def _main_of(document: str) -> dict[str, str]:
    lines = find(document, "Agents who log in here", "/etc/postfix/main.cf").splitlines()
    return {name: value for name, mark, value in (line.partition(" = ") for line in lines) if mark}


@pytest.mark.parametrize("attack", ATTACKS)
def test_t03_nobody_outside_logs_in_at_postfix_by_writing_it(
    relayed: tuple[postfix.Postfix, Sink], attack: str
) -> None:
    server, taking = relayed
    before = len(taking.mails)
    code, _ = hand_in(server.port, **ATTACKS[attack])
    if code != 250:
        assert code >= 500  # it never came in
        return
    assert postfix.wait_until(lambda: len(taking.mails) > before), server.log()[-2000:]
    trust = judge(taking.mails[-1].raw, site_of("postfix"))
    assert trust.level is Level.A1 and not any("logged in" in line for line in trust.evidence), taking.mails[-1].raw


@pytest.fixture(scope="module")
def exim_relayed() -> Iterator[tuple[exim.Exim, Sink]]:
    obstacle = exim.find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    with sink() as taking:
        transports = EXIM_TRANSPORTS.format(port=taking.listen())
        acl = find("exim", "Whose word counts", "/etc/exim4/check_data_local_acl")
        with exim.running(
            routers=EXIM_ROUTERS, transports=transports, acl=acl, authenticators=EXIM_AUTHENTICATORS
        ) as server:
            yield server, taking


def through_exim(relayed: tuple[exim.Exim, Sink], **said: str) -> Trust | None:
    """What the document's settings make of it; None if Exim refused it."""
    server, taking = relayed
    before = len(taking.mails)
    code, _ = hand_in(server.port, **said)
    if code != 250:
        assert code >= 500
        return None
    assert postfix.wait_until(lambda: len(taking.mails) > before), server.log()[-2000:]
    return judge(taking.mails[-1].raw, site_of("exim"))


@pytest.mark.parametrize("attack", ["", *(name for name in ATTACKS if not name.startswith("HELO"))])  # it refuses such
def test_who_logs_in_at_exim_is_proven_whatever_else_is_said(
    exim_relayed: tuple[exim.Exim, Sink], attack: str
) -> None:
    trust = through_exim(exim_relayed, login="ann", **ATTACKS.get(attack, {}))
    assert trust is None or (trust.level, trust.source) == (Level.A3, "submission")
    assert trust is not None or attack


@pytest.mark.parametrize("attack", ATTACKS)
def test_t03_nobody_outside_logs_in_at_exim_by_writing_it(exim_relayed: tuple[exim.Exim, Sink], attack: str) -> None:
    trust = through_exim(exim_relayed, **ATTACKS[attack])
    assert trust is None or trust.level is Level.A1, trust


def test_t03_a_colleague_who_writes_as_ann_is_not_ann(exim_relayed: tuple[exim.Exim, Sink]) -> None:
    trust = through_exim(exim_relayed, login="bo")
    assert trust is not None and trust.level is Level.A1
    assert any("bo logged in" in line and "does not write as From" in line for line in trust.evidence)
