"""Slow DNS beside the line: nobody waits for a stranger's silent servers, and what waits has a bound."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailproc.engine import Engine
from mailproc.message.parse import parse
from mailproc.opening import OpenSite
from mailproc.records.mail import Envelope
from mailproc.store import inbox
from mailproc.verify import Verifier, WaitingRoom, waiting
from tests.builders import make_mail
from tests.test_samples import make_site
from tests.verify.dnsserver import SILENT, TIMEOUT, DnsServer

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)


def mail_of(sender: str, size: int = 0) -> tuple[bytes, object, Envelope]:
    raw = make_mail(sender, message_id=f"<{sender}>", text="It prints blank pages.\r\n" + "x" * size)
    return raw, parse(raw), Envelope("smtp", START, sender, ("support@acme.example",), "192.0.2.1")


def silence(zone: DnsServer, *domains: str) -> None:
    for domain in domains:
        zone.zone[f"_dmarc.{domain}"] = SILENT


def test_take_gives_the_answered_first_and_the_slow_later(zone: DnsServer, verifier: Verifier) -> None:
    silence(zone, "slow.test")
    zone.add("_dmarc.c.test", TXT="v=DMARC1; p=reject")
    room = WaitingRoom[str](verifier)
    for sender in ("a@slow.test", "b@c.test", "a@slow.test", "c@c.test"):
        room.add(sender, mail_of(sender))  # type: ignore[arg-type]
    started = time.monotonic()
    assert [(item, found.dmarc) for item, found in room.take(0.1)] == [("b@c.test", "fail"), ("c@c.test", "fail")]
    assert time.monotonic() - started < 0.25
    assert [(item, found.dmarc) for item, found in room.take(None)] == [("a@slow.test", "temperror")] * 2
    assert time.monotonic() - started < TIMEOUT + 1
    assert len(room) == 0 and room.take(None) == []


def test_take_keeps_the_mails_of_one_sender_in_order(zone: DnsServer, verifier: Verifier) -> None:
    silence(zone, "slow.c.test")
    zone.add("_dmarc.c.test", TXT="v=DMARC1; p=reject")
    room = WaitingRoom[int](verifier)
    # The envelope of the first makes its SPF slow; the second is answered at once and waits for it all the same
    raw, inbound, envelope = mail_of("a@c.test")
    zone.zone["slow.c.test"] = SILENT
    room.add(1, (raw, inbound, replace(envelope, sender="a@slow.c.test")))  # type: ignore[arg-type]
    room.add(2, (raw, inbound, envelope))  # type: ignore[arg-type]
    room.add(3, mail_of("b@c.test"))  # type: ignore[arg-type]
    assert [item for item, _ in room.take(0.15)] == [3]
    assert [item for item, _ in room.take(None)] == [1, 2]


def test_a_crowd_is_hurried_and_has_a_bound(zone: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "HURRIED", 0.2)
    monkeypatch.setattr(waiting, "MOST", 12)
    monkeypatch.setattr(waiting, "_MANY", 4)
    room = WaitingRoom[int](Verifier(zone.address, 2.0))
    added = []
    for number in range(12):
        silence(zone, f"slow{number}.test")
        assert room.has_room()
        room.add(number, mail_of(f"a@slow{number}.test"))  # type: ignore[arg-type]
        added.append(time.monotonic())
    assert not room.has_room()
    time.sleep(0.5)
    assert [item for item, _ in room.take(0)] == list(range(4, 12))
    assert room.has_room()
    assert [item for item, _ in room.take(None)] == [0, 1, 2, 3]


def test_big_mail_fills_the_room(zone: DnsServer, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_BYTES", 100_000)
    silence(zone, "slow.test")
    room = WaitingRoom[int](verifier)
    room.add(1, mail_of("a@slow.test", 60_000))  # type: ignore[arg-type]
    assert room.has_room()
    room.add(2, mail_of("a@slow.test", 60_000))  # type: ignore[arg-type]
    assert not room.has_room()
    room.take(None)
    assert room.has_room()


# ---- the engine


@pytest.fixture
def site(tmp_path: Path, zone: DnsServer) -> Iterator[OpenSite]:
    with make_site(tmp_path, [START]) as opened:
        policy = opened.engine.policy
        trust = replace(policy.site.trust, verify=True, trusted_networks=("127.0.0.0/8",))
        policy = replace(policy, site=replace(policy.site, trust=trust))
        engine = Engine(
            policy, opened.store, opened.engine.renderer, clock=lambda: START, verifier=Verifier(zone.address, 1.0)
        )
        engine.warm_up()
        yield replace(opened, engine=engine)


def take(site: OpenSite, sender: str, client: str = "192.0.2.1") -> int:
    raw, _, envelope = mail_of(sender)
    return site.engine.receive(raw, replace(envelope, client=client)).result()


def states(site: OpenSite) -> dict[int, str]:
    with site.store.read() as tx:
        return {row[0]: row[1] for row in tx.execute("SELECT id, state FROM inbox")}


@contextmanager
def working(site: OpenSite) -> Iterator[None]:
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            if not site.engine.work():
                stopping.wait(0.01)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def wait_for(site: OpenSite, ids: list[int], seconds: float) -> float:
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        now = states(site)
        if all(now[one] != "received" for one in ids):
            return time.monotonic() - started
        time.sleep(0.01)
    raise AssertionError(f"not decided after {seconds} s: {[one for one in ids if states(site)[one] == 'received']}")


def test_slow_dns_holds_up_nobody_else(site: OpenSite, zone: DnsServer) -> None:
    """Fifty mails of silent domains, and between them one of a trusted network and one of a domain that answers."""
    zone.add("_dmarc.good.test", TXT="v=DMARC1; p=none")
    slow, quick = [], []
    for number in range(50):
        silence(zone, f"slow{number}.test")
        slow.append(take(site, f"a@slow{number}.test"))
        if number == 25:
            quick = [take(site, "ann@acme.example", "127.0.0.1"), take(site, "good@good.test")]
    with working(site):
        assert wait_for(site, quick, 5) < 0.9
        assert wait_for(site, slow, 5) < 3


def test_a_stream_of_slow_dns_holds_up_nobody_else(site: OpenSite, zone: DnsServer) -> None:
    zone.add("_dmarc.good.test", TXT="v=DMARC1; p=none")
    longest = 0.0
    with working(site):
        for number in range(60):
            silence(zone, f"slow{number}.test")
            take(site, f"a@slow{number}.test")
            if number % 15 == 10:
                quick = [take(site, f"n{number}@acme.example", "127.0.0.1"), take(site, f"n{number}@good.test")]
                longest = max(longest, wait_for(site, quick, 5))
        assert longest < 0.9
        wait_for(site, list(states(site)), 8)
    assert "received" not in states(site).values()


def test_mail_that_waits_for_dns_is_in_hand_until_it_is_decided(site: OpenSite, zone: DnsServer) -> None:
    silence(zone, "slow.test")
    one = take(site, "a@slow.test")
    assert site.engine.work() == 1 and site.engine.has_more and states(site) == {one: "received"}
    while site.engine.work():
        pass
    assert not site.engine.has_more and states(site) == {one: "done"}


def test_f06_a_second_try_finds_no_other_mail_in_hand(site: OpenSite, zone: DnsServer) -> None:
    """A mail that kills the process must not charge those that wait for DNS with a try."""
    silence(zone, "slow.test", "late.test")
    first = take(site, "a@late.test")
    site.store.run(lambda tx: inbox.claim(tx, worker="gone", now=START - timedelta(days=1)))
    waits = take(site, "b@slow.test")
    with site.store.read() as tx:
        assert inbox.get(tx, first).attempts == 1  # type: ignore[union-attr]
    assert site.engine.work() == 1  # the one that was tried before, alone and to its end
    assert states(site) == {first: "done", waits: "received"}
