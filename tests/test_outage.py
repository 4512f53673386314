"""The next host is away, slow, greylisting or lost in the middle: nothing is lost, nothing goes twice (F20 to F24)."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from mailproc.delivery.dispatch import Dispatcher
from mailproc.delivery.pool import Pool
from mailproc.delivery.smtp import SmtpSender
from mailproc.opening import OpenSite
from mailproc.records.mail import Envelope
from mailproc.store import outboxview
from mailproc.store.outbox import OutboxMail
from mailproc.store.outboxview import Wanted
from tests.builders import make_mail
from tests.delivery.conftest import Host, Peer, Sink
from tests.postfix import free_port
from tests.test_samples import make_site

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
ROUND = timedelta(seconds=30)


class Way:
    """A site, its clock, and its senders to a port where there may be nobody."""

    def __init__(self, folder: Path, port: int) -> None:
        self.now = [START]
        self.site: OpenSite = make_site(folder, self.now)
        self.pool: Pool[OutboxMail] = Pool(lambda: SmtpSender("127.0.0.1", port, timeout=20, final_timeout=20), 3)
        self.dispatcher: Dispatcher[OutboxMail] = Dispatcher(
            self.pool, self.site.engine.trade, ticks=lambda: (self.now[0] - START).total_seconds()
        )
        self.asked = 0

    def ask(self) -> None:
        """Somebody new writes."""
        self.asked += 1
        sender = f"c{self.asked}@customer{self.asked}.example"
        raw = make_mail(sender, subject=f"Request {self.asked}", message_id=f"<m{self.asked}@c.example>")
        envelope = Envelope("smtp", self.now[0], sender, ("support@acme.example",), "192.0.2.1")
        self.site.engine.receive(raw, envelope).result()
        self.site.engine.work()

    def send(self) -> None:
        while self.dispatcher.step(0.05):
            pass

    def states(self) -> Counter[str]:
        with self.site.store.read() as tx:
            return Counter(row["state"] for row in outboxview.list_mails(tx, Wanted()))

    def events(self, kind: str) -> list[int]:
        with self.site.store.read() as tx:
            return [row[0] for row in tx.execute("SELECT serial FROM event WHERE kind = ?", (kind,)).fetchall()]


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    made = Way(tmp_path, free_port())
    yield made
    made.pool.close()
    made.site.close()


def port_of(way: Way) -> int:
    sender = way.pool._make()
    assert isinstance(sender, SmtpSender)
    return sender.port


def test_f24_an_outage_of_half_an_hour_loses_nothing_and_doubles_nothing(way: Way) -> None:
    for n in range(60):
        if n < 40:
            way.ask()
        way.send()
        way.now[0] += ROUND
    assert way.now[0] - START == timedelta(minutes=30)
    assert set(way.states()) == {"queued"} and way.states().total() == 80
    # The history of a case is not filled with the tries of the house
    assert max(Counter(way.events("mail-deferred")).values()) <= 2  # of its two mails once each
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=port_of(way))
    controller.start()
    try:
        for _ in range(14):  # at most five minutes until the host is tried again, one more for mail that was tried
            way.send()
            way.now[0] += ROUND
    finally:
        controller.stop()
    assert set(way.states()) == {"sent"}
    ids = Counter(message_from_bytes(raw)["Message-ID"] for _, _, raw in sink.mails)
    assert len(ids) == 80 and set(ids.values()) == {1}


def test_f20_under_load_a_peer_that_drops_after_the_dot_gets_acknowledgements_once(way: Way) -> None:
    host = Host((lambda peer: peer.serve(end=""), lambda peer: peer.serve(end=""), lambda peer: peer.serve()))
    way.pool._make = lambda: SmtpSender("127.0.0.1", host.port, timeout=20, final_timeout=20)
    try:
        for _ in range(6):
            way.ask()
        for _ in range(40):
            way.send()
            way.now[0] += timedelta(minutes=1)
    finally:
        host.close()
    wire = [message_from_bytes(line.encode("latin-1")) for line in host.log if "Message-ID:" in line]
    times = Counter(message["Message-ID"] for message in wire)
    assert len(times) == 12 and set(times.values()) <= {1, 2}
    twice = [message for message in wire if times[message["Message-ID"]] == 2]
    assert all(message["To"] == "frontdesk@acme.example" for message in twice)  # forwards, never acknowledgements
    states = way.states()
    assert states["sent"] + states["ambiguous"] == 12
    assert len(twice) // 2 + states["ambiguous"] == 2


def test_f22_greylisting_costs_one_wait_and_no_double(way: Way) -> None:
    seen: Counter[str] = Counter()

    def greylist(peer: Peer) -> None:
        peer.say("220 peer")
        sender = ""
        while line := peer.hear():
            if line.startswith("MAIL"):
                sender = line
            if line.startswith("RCPT"):
                seen[sender + line] += 1
                peer.say("451 4.7.1 Greylisted, try again" if seen[sender + line] == 1 else "250 ok")
            elif line == "DATA":
                peer.say("354 go")
                peer.log.append(peer.hear_mail().decode("latin-1"))
                peer.say("250 kept")
            else:
                peer.say("221 bye" if line == "QUIT" else "250 ok")

    host = Host((greylist,))
    way.pool._make = lambda: SmtpSender("127.0.0.1", host.port, timeout=20, final_timeout=20)
    try:
        way.ask()
        way.send()
        assert way.states() == {"queued": 2}
        way.now[0] += timedelta(minutes=4, seconds=59)
        way.send()
        assert way.states() == {"queued": 2}
        way.now[0] += timedelta(seconds=32)
        way.send()
        assert way.states() == {"sent": 2}
    finally:
        host.close()
    assert set(seen.values()) == {2}  # the same envelope both times


def test_f24_a_refused_login_burns_nobodys_days(way: Way) -> None:
    host = Host((lambda peer: peer.serve(ehlo="250-peer\n250 AUTH PLAIN", auth="535 5.7.8 bad credentials"),))
    way.pool._make = lambda: SmtpSender("127.0.0.1", host.port, user="u", password="p", timeout=20)
    try:
        way.ask()
        for _ in range(7 * 24):
            way.send()
            way.now[0] += timedelta(hours=1)
        assert way.states() == {"queued": 2}
        way.pool._make = lambda: SmtpSender("127.0.0.1", host.port, timeout=20)
        way.pool._resting.clear()
        for _ in range(3):
            way.send()
            way.now[0] += timedelta(minutes=5)
        assert way.states() == {"sent": 2}
    finally:
        host.close()


def test_f22_after_five_days_of_no_connection_the_author_is_told(way: Way) -> None:
    way.ask()
    for _ in range(5 * 24 + 8):
        way.send()
        way.now[0] += timedelta(hours=1)
    states: Any = way.states()
    assert states["failed"] >= 2 and len(way.events("bounced")) >= 1
