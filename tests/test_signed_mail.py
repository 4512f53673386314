"""A daemon that signs: keys the program made, published in a real DNS server, verified by others and by ourselves."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import formatdate
from pathlib import Path

import dkim
import pytest
from aiosmtpd.controller import Controller

from mailproc import keys
from mailproc.daemon import Daemon
from mailproc.desk.requests import Request
from mailproc.message.canonical import split_mail
from mailproc.opening import open_site
from mailproc.records.mail import Envelope
from mailproc.verify.dkim import SignedMail, verify_signature
from mailproc.verify.resolver import Deadline, Resolver
from tests.builders import make_mail
from tests.cli.conftest import Shell
from tests.delivery.conftest import Sink
from tests.postfix import free_port, wait_until
from tests.verify.dnsserver import DnsServer, start

RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@inside.example}
defaults: {department: frontdesk}
"""
SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [support@acme.example]
  domain: acme.example
  languages: [en, pl]
database: sqlite:///data/mailproc.db
keys_file: data/keys
rules: rules/
intake: []
delivery:
  kind: smtp
  host: 127.0.0.1
  port: {port}
  tls: none
{dkim}
trust: {{verify: no, resolver: "{resolver}"}}
"""


@pytest.fixture(scope="module")
def zone() -> Iterator[DnsServer]:
    server = DnsServer()
    running = start(server)
    yield server
    for one in running:
        one.shutdown()
        one.server_close()


def judge(raw: bytes, resolver: Resolver) -> str:
    """What our own verifier makes of the topmost signature."""
    parts = split_mail(raw)
    assert parts is not None
    mail = SignedMail(*parts)
    return verify_signature(mail.signatures(datetime.now(UTC))[0], mail, resolver, Deadline(5.0)).result


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
def test_what_a_daemon_sends_is_verified_by_others(tmp_path: Path, zone: DnsServer, algorithm: str) -> None:
    port, sink = free_port(), Sink()
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    path, shell = tmp_path / "mailproc.yaml", Shell(tmp_path)
    path.write_text(SETTINGS.format(port=port, dkim="", resolver=zone.address))
    keys.create(tmp_path / "data" / "keys")
    made = shell.json("dkim", "new", "--algorithm", algorithm, "--selector", f"test-{algorithm}")
    path.write_text(SETTINGS.format(port=port, dkim=f"  {made['setting']}", resolver=zone.address))
    zone.add(made["record_name"], TXT=made["record"])
    code, out, _ = shell("dkim", "check")
    assert code == 0 and "publishes our key" in out, out
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    with open_site(path, is_daemon=True) as site:
        is_ready = threading.Event()
        daemon = Daemon(site, on_ready=lambda _: is_ready.set())
        thread = threading.Thread(target=daemon.run, kwargs={"with_signals": False}, daemon=True)
        thread.start()
        try:
            assert is_ready.wait(60)
            raw = make_mail("Jäne <jane@customer.example>".encode().decode(), subject="Grüße, a long subject " * 6)
            raw = raw.replace(b"Tue, 13 Jan 2026 08:59:00 +0000", formatdate().encode())
            envelope = Envelope("smtp", datetime.now(UTC), "jane@customer.example", ("support@acme.example",))
            site.engine.receive(raw, envelope).result()
            assert wait_until(lambda: len(sink.mails) == 2)
            with site.store.read() as tx:
                (serial,) = tx.execute("SELECT serial FROM ticket").fetchone()
            text = "Proszę wyczyścić rolki.\n.\nFrom the service\n" * 40
            site.engine.act(Request("reply", serial, "operator", text), f"r{time.time_ns()}")
            assert wait_until(lambda: len(sink.mails) >= 3)
        finally:
            daemon.stop()
            thread.join(60)
            controller.stop()
    resolver = Resolver(zone.address, 5.0)

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return "".join(resolver.look_up(name.decode().rstrip("."), "TXT", Deadline(5.0)).rows).encode()

    assert {recipient for _, (recipient,), _ in sink.mails} >= {"jane@customer.example", "frontdesk@inside.example"}
    for _, _, wire in sink.mails:
        assert message_from_bytes(wire)["DKIM-Signature"].startswith("v=1")
        assert dkim.verify(wire, dnsfunc=look_up)
        assert judge(wire, resolver) == "pass"
        for change in ((b"Subject: ", b"Subject: x"), (b"From: ", b"From: eve@x.test\r\nFrom: ")):
            assert judge(wire.replace(*change, 1), resolver) != "pass"
