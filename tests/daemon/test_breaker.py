"""The operator hears that automatic mail is paused, and that it goes again."""

from collections.abc import Callable
from dataclasses import replace

from mailproc.daemon.alarms import Alarms
from mailproc.daemon.breaker import BreakerWatch
from mailproc.daemon.status import StatusBoard
from mailproc.doctor.vitals import find_problems, read_vitals
from mailproc.opening import OpenSite
from mailproc.records.mail import Envelope
from mailproc.store import queries
from tests.builders import make_mail
from tests.daemon.conftest import Clock


def ask(site: OpenSite, name: str) -> None:
    """Somebody writes for the first time."""
    sender = f"{name}@{name}.example"
    address = site.settings.site.addresses[0]
    raw = make_mail(sender, address, f"Request of {name}", message_id=f"<{name}@c.example>")
    raw = raw.replace(b"Tue, 13 Jan 2026 08:59:00", b"Sun, 22 Nov 2026 06:59:00")
    site.engine.receive(raw, Envelope("smtp", site.engine.clock(), sender, (address,), "192.0.2.1")).result()
    while site.engine.work():
        pass


def operator_mails(site: OpenSite) -> list[str]:
    with site.store.read() as tx:
        return [row["subject"] for row in queries.list_outbox(tx) if row["to"] == site.settings.site.operator]


def test_t30_the_operator_hears_that_the_breaker_stopped_mail_and_that_it_goes_again(
    site: OpenSite, make_board: Callable[..., StatusBoard], clock: Clock
) -> None:
    policy = site.engine.policy
    site.engine.policy = replace(
        policy, site=replace(policy.site, limits=replace(policy.site.limits, breaker_per_hour=2))
    )
    board = make_board(site)
    watch, alarms = BreakerWatch(board), Alarms(site.settings, site.engine, board)

    def look() -> list[str]:
        watch.look()
        alarms.look()
        return operator_mails(site)

    for name in ("one", "two"):
        ask(site, name)
    assert look() == []
    clock.pass_time(minutes=1)
    for name in ("three", "four"):
        ask(site, name)
    (told,) = look()
    (trouble,) = board.difficulties()
    assert told and "2 automatic mails to requesters not sent" in trouble.text and "breaker_per_hour" in trouble.text
    board.beat()
    with site.store.read() as tx:
        assert any("2 automatic mails" in problem for problem in find_problems(
            read_vitals(tx, site.settings, clock()), site.settings, "mail1"))  # fmt: skip
    clock.pass_time(minutes=1)
    ask(site, "five")
    assert len(look()) == 1  # the same trouble, told once
    assert "3 automatic mails" in board.difficulties()[0].text
    clock.pass_time(minutes=62)
    assert len(look()) == 2 and not board.difficulties()


def test_a_daemon_that_starts_later_reads_the_last_hour(
    site: OpenSite, make_board: Callable[..., StatusBoard], clock: Clock
) -> None:
    policy = site.engine.policy
    site.engine.policy = replace(
        policy, site=replace(policy.site, limits=replace(policy.site.limits, breaker_per_hour=0))
    )
    ask(site, "one")
    clock.pass_time(minutes=50)
    ask(site, "two")
    clock.pass_time(minutes=30)
    board = make_board(site)
    BreakerWatch(board).look()
    (trouble,) = board.difficulties()
    assert trouble.text.startswith("1 automatic mail to requesters")
