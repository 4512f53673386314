"""Whether a site is well, judged from what its daemons noted; on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailproc.doctor.visit import Visit
from mailproc.doctor.vitals import (
    Vitals,
    find_problems,
    find_undelivered,
    is_running,
    read_vitals,
    show_span,
    take_vitals,
)
from mailproc.errors import StoreUnavailable
from mailproc.records.mail import Envelope
from mailproc.settings import IntakeSettings, Settings
from mailproc.store import inbox, vitals
from mailproc.store.database import Store, Tx, open_store
from mailproc.store.vitals import Heartbeat, IntakeNote
from tests.store.makers import open_ticket

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
BEAT = Heartbeat("mail1", "/etc/mailproc/mailproc.yaml", NOW, NOW - timedelta(hours=1), 42, "1.0")
NOTE = IntakeNote("support", "imap", "mail1", NOW, last_success=NOW, last_mail=NOW)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


@pytest.fixture
def judge(settings: Settings, store: Store) -> Callable[..., tuple[str, ...]]:
    """What is found wrong when these were noted."""

    def run(*noted: Heartbeat | IntakeNote, quiet_after: timedelta | None = None) -> tuple[str, ...]:
        for item in noted:
            if isinstance(item, Heartbeat):
                store.run(lambda tx, item=item: vitals.write_heartbeat(tx, item))
            else:
                store.run(lambda tx, item=item: vitals.write_intake(tx, item))
        known = replace(settings, intakes=(IntakeSettings("imap", "support", quiet_after=quiet_after),))
        with store.read() as tx:
            return find_problems(read_vitals(tx, known, NOW), known, "mail1")

    return run


Judge = Callable[..., tuple[str, ...]]


def test_find_problems_of_a_site_that_is_well(judge: Judge) -> None:
    assert judge(BEAT, NOTE) == ()


@pytest.mark.parametrize(
    ("noted", "words"),
    [
        ((), "none ever did"),
        ((replace(BEAT, is_stopped=True, at=ago(hours=2)),), "ended at 2026-11-22 05:00:00 UTC"),
        ((replace(BEAT, at=ago(minutes=5)),), "(process 42) was last heard of 5 min ago"),
        ((BEAT, replace(BEAT, host="mail2", at=ago(minutes=5))), "daemon on mail2"),
        ((replace(BEAT, troubles=("rules: routing.yaml:3: unknown key",)),), "routing.yaml:3"),
        ((BEAT, replace(NOTE, failing_since=ago(minutes=2), problem="timed out")), "for 2 min: timed out"),
        ((BEAT, replace(NOTE, failing_since=ago(seconds=2), problem="[AUTHENTICATIONFAILED] no")), "for 2 s"),
        ((BEAT, replace(NOTE, last_success=ago(hours=1))), "last looked through 60 min ago"),
    ],
)
def test_find_problems_of_what_was_noted(judge: Judge, noted: tuple[Heartbeat | IntakeNote, ...], words: str) -> None:
    (problem,) = judge(*noted)
    assert words in problem


@pytest.mark.parametrize(
    "noted",
    [
        (BEAT, replace(NOTE, failing_since=ago(seconds=20), problem="timed out")),  # a connection made anew
        (BEAT, replace(NOTE, host="mail2", failing_since=ago(hours=1), problem="x")),  # of a host that has no daemon
        (BEAT, replace(BEAT, host="mail2", is_stopped=True, at=ago(hours=1))),
        (replace(BEAT, at=ago(seconds=40)), NOTE),
    ],
)
def test_find_problems_of_what_is_no_trouble(judge: Judge, noted: tuple[Heartbeat | IntakeNote, ...]) -> None:
    assert judge(*noted) == ()


def test_find_problems_of_a_mailbox_that_is_silent(judge: Judge) -> None:
    note = replace(NOTE, last_mail=ago(hours=30))
    assert judge(BEAT, note, quiet_after=timedelta(hours=31)) == ()
    assert judge(BEAT, note, quiet_after=timedelta(hours=29)) == ("support has got no mail for 30 h",)


def test_find_problems_of_what_waits(judge: Judge, store: Store) -> None:
    store.run(lambda tx: inbox.put(tx, b"Subject: x\r\n\r\n", Envelope("smtp", ago(minutes=4))))
    assert judge(BEAT) == ()
    store.run(lambda tx: inbox.put(tx, b"Subject: y\r\n\r\n", Envelope("smtp", ago(minutes=1))))
    store.run(lambda tx: tx.execute("UPDATE inbox SET received_at = ?", ("2026-11-22T06:30:00.000000Z",)))
    assert judge(BEAT) == ("2 mails wait to be decided, the oldest for 30 min",)


def test_find_problems_of_a_full_disk(settings: Settings) -> None:
    queues = vitals.Queues(0, None, 0, None, 0, None, None, ())
    seen = Vitals(NOW, (BEAT,), (), queues, disk_free=1_000_000)
    assert "no mail is taken in" in find_problems(seen, settings, "mail1")[0]
    assert is_running(seen) and not is_running(replace(seen, daemons=()))


def test_read_queues_of_mail_that_waits_to_go(store: Store) -> None:
    with store.read() as tx:
        assert vitals.read_queues(tx, NOW) == vitals.Queues(0, None, 0, None, 0, None, None, ())


def test_find_undelivered_of_what_nobody_will_read(store: Store) -> None:
    serial = open_ticket(store)  # with a forward and an acknowledgement
    for state, role, words in [
        ("failed", "agent", "could not be delivered: 1"),
        ("failed", "customer", ""),  # who works on the case was told
        ("held", "customer", "are held: 1"),
        ("ambiguous", "agent", ""),
    ]:
        store.run(lambda tx, state=state, role=role: set_first(tx, serial, state, role))
        with store.read() as tx:
            seen = Vitals(NOW, (BEAT,), (), vitals.read_queues(tx, NOW), None)
        found = find_undelivered(seen)
        assert len(found) == bool(words) and words in "".join(found)


def set_first(tx: Tx, serial: int, state: str, role: str) -> None:
    tx.execute("UPDATE outbox SET state = ?, role = ? WHERE serial = ? AND n = 1", (state, role, serial))


def test_forget_heartbeats_of_daemons_nobody_misses(store: Store) -> None:
    store.run(lambda tx: vitals.write_heartbeat(tx, BEAT))
    store.run(lambda tx: vitals.write_heartbeat(tx, replace(BEAT, host="old", at=ago(days=9))))
    store.run(lambda tx: vitals.forget_heartbeats(tx, ago(days=7)))
    with store.read() as tx:
        assert [beat.host for beat in vitals.read_heartbeats(tx)] == ["mail1"]


def test_take_vitals_makes_no_database_and_migrates_none(make_visit: Callable[..., Visit]) -> None:
    settings = make_visit().settings
    assert take_vitals(settings, NOW) is None
    open_store(settings.database).close()
    seen = take_vitals(settings, NOW)
    assert seen is not None and seen.disk_free and not seen.daemons


def test_take_vitals_of_a_database_out_of_reach(make_visit: Callable[..., Visit]) -> None:
    gone = make_visit(database="postgresql://nobody@127.0.0.1:1/none").settings
    with pytest.raises(StoreUnavailable):
        take_vitals(gone, NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d"), (-5, "0 s")],
)
def test_show_span_as_people_say_it(seconds: int, words: str) -> None:
    assert show_span(timedelta(seconds=seconds)) == words
