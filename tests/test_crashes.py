"""What a crash leaves in each state of the table in HACKING.md, one test a line; and a short run of `make crash`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench import crash
from mailproc.delivery.filedrop import MaildirSender
from mailproc.desk.requests import Request
from mailproc.errors import StoreUnavailable
from mailproc.opening import OpenSite
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.records.mail import Envelope
from mailproc.store import inbox, outbox, queries
from tests.builders import make_mail
from tests.test_samples import make_site

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> list[datetime]:
    return [START]


@pytest.fixture
def site(tmp_path: Path, clock: list[datetime]) -> Iterator[OpenSite]:
    with make_site(tmp_path, clock) as opened:
        yield opened


def take(site: OpenSite, number: int = 1) -> int:
    raw = make_mail(
        f"c{number}@customer{number}.example", subject=f"Request {number}", message_id=f"<m{number}@c.example>"
    )
    envelope = Envelope("smtp", START, f"c{number}@customer{number}.example", ("support@acme.example",), "192.0.2.1")
    return site.engine.receive(raw, envelope).result()


def restart(site: OpenSite) -> None:
    """What a starting daemon does on SQLite."""
    site.store.run(inbox.release_claims)
    site.store.run(lambda tx: outbox.recover(tx, site.engine.clock()))


def states(site: OpenSite) -> list[str]:
    with site.store.read() as tx:
        return [row[0] for row in tx.execute("SELECT state FROM inbox ORDER BY id")]


def outgoing(site: OpenSite) -> list[tuple[str, str]]:
    with site.store.read() as tx:
        return [(row["purpose"], row["state"]) for row in queries.list_outbox(tx)]


def test_f01_mail_that_was_accepted_is_decided_after_a_crash(site: OpenSite) -> None:
    take(site)
    restart(site)
    assert site.engine.work() == 1
    assert states(site) == ["done"]


def test_a_claim_left_by_a_crash_is_taken_over(site: OpenSite) -> None:
    take(site)
    assert len(site.store.run(lambda tx: inbox.claim(tx, worker="gone", now=START))) == 1
    assert site.engine.work() == 0  # somebody has it, as far as anybody knows
    restart(site)
    assert site.engine.work() == 1
    assert states(site) == ["done"]


def test_a_claim_ends_by_itself(site: OpenSite, clock: list[datetime]) -> None:
    take(site)
    site.store.run(lambda tx: inbox.claim(tx, worker="gone", now=START, lease_seconds=60))
    clock[0] += timedelta(seconds=61)
    assert site.engine.work() == 1


def test_f06_a_mail_that_kills_the_worker_is_held_after_three_tries(site: OpenSite) -> None:
    take(site, 1)
    take(site, 2)
    for _ in range(3):
        # The worker dies with the mail in its hands; the claim had counted the try
        claimed = site.store.run(lambda tx: inbox.claim(tx, worker="w", now=START, limit=1))
        assert [claim.id for claim in claimed] == [1]
        restart(site)
    while site.engine.work():
        pass
    assert states(site) == ["held", "done"]
    with site.store.read() as tx:
        assert [(row["id"], row["reason"]) for row in queries.list_held(tx)] == [(1, "poison")]


def test_f12_a_decision_is_there_whole_or_not_at_all(site: OpenSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure in the last statement of the commit leaves neither ticket nor outgoing mail."""
    from mailproc import engine

    take(site)
    real = engine.commit.commit

    def commit_and_die(*arguments: object, **named: object) -> bool:
        real(*arguments, **named)  # type: ignore[arg-type]
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patch:
        patch.setattr(engine.commit, "commit", commit_and_die)
        site.engine.work()
    assert states(site) == ["received"]
    assert outgoing(site) == []
    with site.store.read() as tx:
        assert queries.list_tickets(tx) == []
    assert site.engine.work() == 1
    assert states(site) == ["done"]
    assert len(outgoing(site)) == 2


def test_f07_releasing_twice_sends_once(site: OpenSite) -> None:
    raw = make_mail("Ann <ann@acme.example>, Bo <bo@acme.example>")
    site.engine.receive(raw, Envelope("smtp", START, "x@y.example", ("support@acme.example",))).result()
    site.engine.work()
    assert states(site) == ["held"]
    site.engine.release(1, "new")
    first = outgoing(site)
    with pytest.raises(Exception, match="is not held"):
        site.engine.release(1, "new")
    assert outgoing(site) == first
    with site.store.read() as tx:
        assert len(queries.list_tickets(tx)) == 1


def test_queued_mail_is_sent_after_a_crash(site: OpenSite, tmp_path: Path) -> None:
    take(site)
    site.engine.work()
    restart(site)
    drop = MaildirSender(tmp_path / "sent")
    while site.engine.send(drop):
        pass
    assert {state for _, state in outgoing(site)} == {"sent"}
    assert len(list((tmp_path / "sent" / "new").iterdir())) == 2


def test_f21_a_crash_while_sending(site: OpenSite, tmp_path: Path, clock: list[datetime]) -> None:
    """The process dies between MAIL FROM and the receipt: forwards go again, acknowledgements never twice (F20)."""
    take(site)
    site.engine.work()

    class Dies(Exception):
        pass

    class DyingDelivery:
        def __init__(self, purpose: str) -> None:
            self.purpose = purpose

        def deliver(self, mail: outbox.OutboxMail) -> Receipt:
            if mail.purpose == self.purpose:
                raise Dies
            return Receipt(ReceiptState.DEFERRED, 451, "later")

        def close(self) -> None:
            pass

    for purpose in ("forward", "received"):
        with pytest.raises(Dies):
            while site.engine.send(DyingDelivery(purpose)):
                pass
        restart(site)
        clock[0] += timedelta(minutes=10)
    assert dict(outgoing(site)) == {"forward": "queued", "received": "ambiguous"}
    drop = MaildirSender(tmp_path / "sent")
    while site.engine.send(drop):
        pass
    assert dict(outgoing(site)) == {"forward": "sent", "received": "ambiguous"}


def test_f20_an_ambiguous_answer_is_sent_again_with_the_same_bytes(site: OpenSite, clock: list[datetime]) -> None:
    take(site)
    site.engine.work()
    with site.store.read() as tx:
        serial = queries.find_serial(tx, queries.list_tickets(tx)[0]["number"])
    assert serial is not None
    site.engine.act(Request("reply", serial, "root", "Hello"), "r1")
    seen: dict[str, list[bytes]] = {}

    class DropsAfterTheDot:
        def deliver(self, mail: outbox.OutboxMail) -> Receipt:
            seen.setdefault(mail.purpose, []).append(mail.raw)
            return Receipt(ReceiptState.AMBIGUOUS, 0, "the server hung up after the final dot")

        def close(self) -> None:
            pass

    for _ in range(3):
        while site.engine.send(DropsAfterTheDot()):
            pass
        clock[0] += timedelta(hours=2)
    assert len(seen["received"]) == 1
    assert len(seen["answer"]) == 3 and len(set(seen["answer"])) == 1


def test_a_request_done_twice_is_done_once(site: OpenSite) -> None:
    take(site)
    site.engine.work()
    with site.store.read() as tx:
        serial = queries.find_serial(tx, queries.list_tickets(tx)[0]["number"])
    assert serial is not None
    for _ in range(2):
        site.engine.act(Request("reply", serial, "root", "Hello"), "the same request")
    assert [purpose for purpose, _ in outgoing(site)].count("answer") == 1


def test_g1_kill_nine_while_mail_comes_in(tmp_path: Path) -> None:
    report = crash.run(tmp_path, mails=60, kills=3, seed=7)
    assert report.problems == []
    assert (report.accepted, report.tickets) == (60, 60)


def test_f10_a_full_database_costs_no_mail_a_try(tmp_path: Path, clock: list[datetime]) -> None:
    """Six mails wait, the disk is full for long, then there is room: all are decided, none is held as poison."""
    with make_site(tmp_path, clock) as site:
        for number in range(6):
            take(site, number)
        with site.store.read() as tx:
            pages = tx.execute("PRAGMA page_count").fetchone()[0]
        site.store.run(lambda tx: tx.execute(f"PRAGMA max_page_count = {pages}").fetchone())
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                while True:
                    site.engine.work()
        site.store.run(lambda tx: tx.execute("PRAGMA max_page_count = 1000000").fetchone())
        while site.engine.work():
            pass
        assert states(site) == ["done"] * 6
