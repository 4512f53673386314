"""Test mails over real SMTP: what comes in, what comes back, what is refused."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailproc import keys
from mailproc.delivery.smtp import SmtpSender
from mailproc.doctor import probe
from mailproc.doctor.findings import Level
from mailproc.doctor.visit import Visit
from mailproc.opening import OpenSite, open_site
from mailproc.records.mail import Envelope as OurEnvelope
from mailproc.settings import DeliverySettings, IntakeSettings
from mailproc.store import inbox, queries
from tests import dovecot
from tests.doctor.conftest import levels


def blink(_: float) -> None:
    """A shorter wait between two looks."""
    time.sleep(0.05)


OUT = DeliverySettings("smtp", "127.0.0.1", 25)


@dataclass
class Relay:
    """The mail servers of the world: what is ours goes into the site, `answers` refuse, `loops` come back to us."""

    site: OpenSite
    answers: dict[str, str] = field(default_factory=dict)
    loops: set[str] = field(default_factory=set)
    cuts: bool = False
    swallows: bool = False
    strips: bool = False
    mailbox: Callable[[bytes], object] | None = None  # where our mail goes instead of into the site
    seen: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        self.seen.append(address)
        envelope.rcpt_tos.append(address)
        return next((answer for start, answer in self.answers.items() if address.startswith(start)), "250 ok")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.content
        assert isinstance(raw, bytes)
        (address,) = envelope.rcpt_tos
        is_ours = address.startswith("support")
        if is_ours and self.mailbox is not None:
            self.mailbox(raw)
            return "250 kept"
        if (is_ours and not self.swallows) or address in self.loops:
            if self.strips:
                lines = raw.split(b"\r\n")
                raw = b"\r\n".join(line for line in lines if b"t.99999999999999." not in line or b"To:" in line)
            to = "support@acme.example" if self.cuts or not is_ours else address
            self.site.engine.receive(raw, OurEnvelope("smtp", datetime.now(UTC), envelope.mail_from, (to,))).result(30)
            self.site.engine.work()
            while self.site.engine.has_more:  # its sender's DNS may take a moment
                time.sleep(0.02)
                self.site.engine.work()
        return "250 kept"


@pytest.fixture
def relay(folder: Path) -> Iterator[Relay]:
    with open_site(folder / "mailproc.yaml") as site:
        yield Relay(site)


@pytest.fixture
def run(make_visit: Callable[..., Visit], relay: Relay) -> Iterator[Callable[..., dict[Level, str]]]:
    """`run()` probes the site through the relay."""
    running: list[Controller] = []

    def start(wait: float = 30.0, loop: float = 0.3, **changes: Any) -> dict[Level, str]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        controller = Controller(relay, hostname="127.0.0.1", port=port)
        controller.start()
        running.append(controller)
        visit = make_visit(delivery=replace(OUT, port=port), **changes)
        ring = keys.load(visit.settings.keys_file)
        delivery = SmtpSender("127.0.0.1", port, timeout=20)
        mails = probe.plan(visit.settings, visit.book, ring)
        found = probe.run(visit, mails, ring, delivery, wait_seconds=wait, loop_seconds=loop, sleep=blink)
        try:
            return levels(found)
        finally:
            delivery.close()

    yield start
    for controller in running:
        controller.stop()


Run = Callable[..., dict[Level, str]]


def test_probe_when_all_is_well_opens_no_case(run: Run, relay: Relay) -> None:
    found = run()
    assert set(found) == {Level.OK}, found
    assert "came in by smtp" in found[Level.OK] and "did not come back" in found[Level.OK]
    with relay.site.store.read() as tx:
        assert not queries.list_tickets(tx) and not queries.list_held(tx) and not queries.list_outbox(tx)
    assert relay.seen[0].startswith("support+") and len(relay.seen) > 2


def test_t34_probe_when_a_department_forwards_to_us(run: Run, relay: Relay) -> None:
    relay.loops = {"frontdesk@acme.example"}
    found = run()
    text = found[Level.FAIL]
    assert "frontdesk@acme.example" in text and "came back to us" in text and "forward_to" in text


def test_probe_when_an_address_is_refused(run: Run, relay: Relay) -> None:
    relay.answers = {"frontdesk": "550 5.1.1 no such user", "support": "554 5.7.1 Relay access denied"}
    found = run()
    assert "no such user" in found[Level.FAIL] and "mynetworks" in found[Level.FAIL]


def test_probe_when_the_extension_is_cut(run: Run, relay: Relay) -> None:
    relay.cuts = True
    assert "became support@acme.example" in run()[Level.WARN]


def test_probe_when_nothing_comes_in(run: Run, relay: Relay) -> None:
    relay.swallows = True
    found = run(wait=0.5, loop=0.0)
    assert "did not come in within" in found[Level.FAIL] and "mailproc run" in found[Level.FAIL]


def test_probe_when_our_mark_is_removed_on_the_way(run: Run, relay: Relay) -> None:
    # Without any mark nobody can tell it from another mail, and a case is opened: the doctor says that nothing came in
    relay.strips = True
    assert "did not come in" in run(wait=0.5, loop=0.0)[Level.FAIL]


def test_probe_finds_the_mail_in_a_mailbox_nobody_polls(run: Run, relay: Relay) -> None:
    server = dovecot.shared()
    user = server.new_user()
    box = IntakeSettings("imap", "support", "127.0.0.1", server.port, user=user, password=dovecot.PASSWORD)
    relay.mailbox = partial(server.append, user)
    assert "came in by imap support (INBOX)" in run(intakes=(box,))[Level.OK]


def test_probe_finds_the_mail_in_a_maildir_nobody_reads(run: Run, relay: Relay, tmp_path: Path) -> None:
    (tmp_path / "box" / "new").mkdir(parents=True)
    relay.mailbox = (tmp_path / "box" / "new" / "1.a").write_bytes
    box = IntakeSettings("maildir", "box", path=str(tmp_path / "box"))
    assert "came in by maildir" in run(intakes=(box,))[Level.OK]


def test_plan_of_each_kind_of_address(make_visit: Callable[..., Visit]) -> None:
    for kind, start in (("plus", "support+"), ("dash", "support-"), ("subdomain", ""), ("none", "support@")):
        visit = make_visit(site_address_extension=kind)
        first, *others = probe.plan(visit.settings, visit.book, keys.load(visit.settings.keys_file))
        assert first.recipient.startswith(start) and "wait until it comes in" in str(first)
        assert others and all("does not come back" in str(mail) for mail in others)
    assert len(probe.plan(visit.settings, None, keys.load(visit.settings.keys_file))) == 1


def test_probe_mail_leaves_the_database_as_it_is(run: Run, relay: Relay) -> None:
    run()
    with relay.site.store.read() as tx:
        rows = [inbox.get(tx, n) for n in (1, 2)]
    assert [row.outcome for row in rows if row is not None] == ["loop"]
