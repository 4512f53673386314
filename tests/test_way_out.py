"""Mail goes out through a real Postfix, and what became of it comes back: a daemon, its next host, a customer's MX."""

import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mailproc import keys
from mailproc.daemon import Daemon
from mailproc.desk.requests import Request
from mailproc.opening import OpenSite, open_site
from mailproc.store import outboxview, queries
from mailproc.store.outboxview import Wanted
from tests.builders import make_mail
from tests.delivery.conftest import Host
from tests.postfix import Postfix, free_port, running, wait_until

RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@inside.example}
agents:
  - {name: Ann Kowalska, address: ann@inside.example, departments: [frontdesk], language: en}
defaults: {department: frontdesk, priority: normal, language: en, ack: received}
route:
  - name: automatic mail
    when: {auto: [reply, bounce, receipt]}
    do: {ticket: none, ack: none}
"""
SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [support@acme.example]
  domain: acme.example
  languages: [en, de]
database: sqlite:///data/mailproc.db
keys_file: data/keys
rules: rules/
intake:
  - {{kind: smtp, listen: "127.0.0.1:{port}"}}
delivery: {{kind: smtp, host: 127.0.0.1, port: {out}, tls: none}}
operator: ops@inside.example
address_extension: {extension}
trust: {{trusted_networks: [127.0.0.0/8], agent_trust: network, verify: no}}
"""
JANE = "jane@customer.example"


@dataclass
class House:
    """A site at work, the Postfix it sends through and the mail server of its customers."""

    site: OpenSite
    port: int
    postfix: Postfix
    mx: Host

    def write(self, raw: bytes, sender: str, recipient: str = "support@acme.example") -> None:
        raw = raw.replace(b"Tue, 13 Jan 2026 08:59:00 +0000", formatdate().encode())
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            client.sendmail(sender, [recipient], raw)

    def mails(self, **wanted: Any) -> list[dict[str, Any]]:
        with self.site.store.read() as tx:
            return outboxview.list_mails(tx, Wanted(**wanted))

    def wait_for(self, **wanted: Any) -> dict[str, Any]:
        """The newest such mail, once there is one."""
        found = wait_until(lambda: bool(self.mails(**wanted)))
        assert found, (self.mails(), str(self.story()), self.postfix.log()[-3000:])
        return self.mails(**wanted)[-1]

    def story(self) -> list[Any]:
        """All that happened, for a test that failed."""
        with self.site.store.read() as tx:
            return tx.execute("SELECT kind, data FROM event ORDER BY id").fetchall()

    def open_case(self) -> int:
        self.write(make_mail(f"Jane Doe <{JANE}>"), JANE)
        with self.site.store.read() as tx:
            serial = queries.find_serial(tx, self.wait_for(purpose="received", states=("sent",))["ticket"])
        assert serial is not None
        assert wait_until(lambda: any(line.startswith("QUIT") for line in self.mx.log)), self.mx.log
        return serial

    def answer(self, serial: int) -> None:
        self.site.engine.act(Request("reply", serial, "ann@inside.example", "Clean the rollers."), f"r{time.time_ns()}")

    def raw(self, outbox_id: int) -> EmailMessage:
        from mailproc.store import outbox

        with self.site.store.read() as tx:
            found = outbox.raw_of(tx, outbox_id)
        assert found is not None
        message = message_from_bytes(found, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def case(self, serial: int) -> dict[str, Any]:
        with self.site.store.read() as tx:
            found = queries.get_ticket(tx, serial)
        assert found is not None
        return found

    def is_dead(self, address: str) -> bool:
        with self.site.store.read() as tx:
            row = tx.execute("SELECT is_dead FROM contact WHERE address = ?", (address,)).fetchone()
        return bool(row and row[0])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """`house(extension, rcpt="550 no")`: the replies are those of the customer's mail server."""
    ending: list[Callable[[], None]] = []

    def start(extension: str = "plus", postfix_settings: dict[str, str] | None = None, **replies: str) -> House:
        port = free_port()
        mx = Host((lambda peer: peer.serve(**replies),))
        ending.append(mx.close)
        domains = ("acme.example", "cases.acme.example")
        routes = {
            "customer.example": f"smtp:[127.0.0.1]:{mx.port}",
            **dict.fromkeys(domains, f"smtp:[127.0.0.1]:{port}"),
            "inside.example": "discard",
        }
        starting = running(routes, **(postfix_settings or {}))
        postfix = starting.__enter__()
        ending.append(lambda: starting.__exit__(None, None, None))
        (tmp_path / "data").mkdir(mode=0o700)
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "rules.yaml").write_text(RULES)
        (tmp_path / "mailproc.yaml").write_text(SETTINGS.format(port=port, out=postfix.port, extension=extension))
        keys.create(tmp_path / "data" / "keys")
        site = open_site(tmp_path / "mailproc.yaml", is_daemon=True)
        is_ready = threading.Event()
        daemon = Daemon(site, on_ready=lambda _: is_ready.set())
        thread = threading.Thread(target=daemon.run, kwargs={"with_signals": False}, daemon=True)
        thread.start()

        def stop() -> None:
            daemon.stop()
            thread.join(60)
            site.close()

        ending.append(stop)
        assert is_ready.wait(60)
        return House(site, port, postfix, mx)

    yield start
    for end in reversed(ending):
        end()


@pytest.mark.parametrize("extension", ["plus", "dash", "subdomain", "none"])
def test_a_bounce_finds_its_mail_and_its_author(house: Callable[..., House], extension: str) -> None:
    """Postfix takes an agent's answer, the customer's server refuses it, Postfix reports back to us."""
    place = house(extension)
    serial = place.open_case()
    place.mx._scripts = (lambda peer: peer.serve(rcpt="550 5.1.1 no such user here"),)
    place.answer(serial)
    told = place.wait_for(purpose="undelivered")
    words = place.raw(told["id"]).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert told["to"] == "ann@inside.example"
    assert JANE in words and "no such user here" in words
    case = place.case(serial)
    assert "bounced" in {event["kind"] for event in case["events"]}
    assert place.is_dead(JANE)
    [answer] = place.mails(purpose="answer")
    with place.site.store.read() as tx:
        facts = queries.get_outbox(tx, answer["id"])
    assert facts is not None and facts["bounced_at"] and "5.1.1" in facts["bounce"]
    # No case of its own, and nobody answered the mailer daemon
    with place.site.store.read() as tx:
        assert len(queries.list_tickets(tx)) == 1
    assert {mail["to"] for mail in place.mails()} == {JANE, "frontdesk@inside.example", "ann@inside.example"}
    assert (extension == "none") == (facts["envelope_from"] == "support@acme.example")


def test_automatic_mail_to_a_dead_address_stops(house: Callable[..., House]) -> None:
    place = house()
    serial = place.open_case()
    place.mx._scripts = (lambda peer: peer.serve(rcpt="550 5.1.1 no such user here"),)
    place.answer(serial)
    assert wait_until(lambda: place.is_dead(JANE))
    place.site.engine.act(Request("resolve", serial, "ann@inside.example"), "resolve")
    assert place.mails(purpose="resolved") == []
    assert "suppressed" in {event["kind"] for event in place.case(serial)["events"]}
    # Nor does anybody bring it back who only claims to write from there
    place.write(make_mail(f"Jane Doe <{JANE}>", subject="Other", message_id="<m2@customer.example>"), JANE)
    assert wait_until(lambda: len(place.mails(purpose="forward", states=("sent",))) == 2)
    assert len(place.mails(purpose="received")) == 1 and place.is_dead(JANE)


REPORT = """From: Poczta <poczta@relay.example>\r
To: {to}\r
Subject: Problem\r
Date: Tue, 13 Jan 2026 09:00:00 +0000\r
Message-ID: <{n}@relay.example>\r
\r
Nie ma takiej skrzynki.\r
"""


def test_a_report_in_no_known_form_finds_its_mail_by_the_address_alone(house: Callable[..., House]) -> None:
    place = house()
    serial = place.open_case()
    place.answer(serial)
    answer = place.wait_for(purpose="answer", states=("sent",))
    with place.site.store.read() as tx:
        facts = queries.get_outbox(tx, answer["id"])
    assert facts is not None
    for n in range(2):
        place.write(REPORT.format(to=facts["envelope_from"], n=n).encode(), "", facts["envelope_from"])
    assert wait_until(lambda: len([1 for event in place.case(serial)["events"] if event["kind"] == "bounced"]) == 2)
    assert [mail["to"] for mail in place.mails(purpose="undelivered")] == ["ann@inside.example"]  # told once
    assert not place.is_dead(JANE)  # it does not say that there is nobody
    with place.site.store.read() as tx:
        assert len(queries.list_tickets(tx)) == 1


def test_an_absence_note_to_the_envelope_sender_is_no_bounce(house: Callable[..., House]) -> None:
    place = house()
    serial = place.open_case()
    place.answer(serial)
    answer = place.wait_for(purpose="answer", states=("sent",))
    with place.site.store.read() as tx:
        facts = queries.get_outbox(tx, answer["id"])
    assert facts is not None
    note = make_mail(
        f"Jane Doe <{JANE}>", facts["envelope_from"], "Out of office", "I am away.", "<ooo@customer.example>",
        Auto_Submitted="auto-replied",
    )  # fmt: skip
    place.write(note, "", facts["envelope_from"])
    assert wait_until(lambda: len(place.case(serial)["messages"]) >= 4)
    assert place.mails(purpose="undelivered") == [] and not place.is_dead(JANE)
    assert "bounced" not in {event["kind"] for event in place.case(serial)["events"]}


def test_f23_what_the_next_host_itself_refuses_is_told_at_once(house: Callable[..., House]) -> None:
    refuse = "check_recipient_access inline:{{customer.example=550 5.7.1 we send nothing there}}, permit_mynetworks"
    place = house(postfix_settings={"smtpd_recipient_restrictions": refuse})
    place.write(make_mail(f"Jane Doe <{JANE}>"), JANE)
    failed = place.wait_for(purpose="received", states=("failed",))
    assert failed["code"] == 550 and "we send nothing there" in failed["answer"]
    told = place.wait_for(purpose="undelivered", states=("sent",))
    assert told["to"] == "frontdesk@inside.example"
    assert place.wait_for(purpose="forward", states=("sent",))
    assert not place.is_dead(JANE)  # a refusal by policy says nothing about the address


def test_command_line_says_what_became_of_it(house: Callable[..., House]) -> None:
    place = house()
    place.open_case()
    root = Path(__file__).resolve().parents[1]
    config = str(place.site.settings.path)
    done = subprocess.run(
        [sys.executable, str(root / "cli.py"), "--config", config, "outbox", "list", "--state", "sent"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and JANE in done.stdout, done.stderr
