"""Held mail in the store: the step from the former schema, handlers that do nothing twice, what is due."""

from datetime import timedelta
from typing import Any

from mailproc.records.effects import AskAbout, DiscardMail, ReleaseMail, RememberAbsence, TellHolds, TrustSender
from mailproc.records.mail import Envelope
from mailproc.store import holds, inbox
from mailproc.store.batch import Batch
from mailproc.store.connection import connect, read_place
from mailproc.store.database import Store, Tx
from mailproc.store.migrate import MIGRATIONS, migrate
from tests.builders import NOW


def put_held(tx: Tx, reason: str = "spam") -> int:
    inbox_id = inbox.put(tx, b"From: a@b.example\r\n\r\nx\r\n", Envelope("smtp", NOW))
    inbox.hold(tx, inbox_id, reason, "why", NOW, summary=("joe@x.example", "Hi"))
    return inbox_id


def test_a_mail_held_before_the_step_is_the_operators(tmp_path) -> None:  # type: ignore[no-untyped-def]
    connection = connect(read_place(f"sqlite:///{tmp_path}/store.db", checkpoints=False, busy_seconds=10))
    step = next(place for place, found in enumerate(MIGRATIONS) if found.apply is holds.create_tables)
    migrate(connection, MIGRATIONS[:step])
    connection.begin()
    held = put_held(Tx(connection))
    connection.execute(
        "INSERT INTO contact (address, name, language, first_seen_at, last_seen_at)"
        " VALUES ('a@b.example', '', '', '', '')"
    )
    connection.commit()
    migrate(connection, MIGRATIONS)
    found = holds.read_named(Tx(connection), [held])[held]
    assert (found.audience, found.sender, found.is_held) == ("operator", "joe@x.example", True)
    assert connection.execute("SELECT is_trusted FROM contact").fetchone()[0] == 0
    connection.close()


def test_every_handler_does_nothing_the_second_time(store: Store) -> None:
    def job(tx: Tx) -> tuple[list[Any], ...]:
        first, second = put_held(tx), put_held(tx, "rule-hold")
        effects = [
            ReleaseMail(first, "new", "ops"),
            DiscardMail(second, "ops"),
            DiscardMail(first, "ops"),
            ReleaseMail(second, "new", "ops"),
            TrustSender("joe@x.example", "ops"),
            TellHolds((first, second)),
            TellHolds((first,), "operator", "2026-01-13"),
            RememberAbsence("ann@acme.example", "2026-02-01"),
        ]
        seen = []
        for _ in range(2):
            batch = Batch(tx, NOW, first, "")
            for effect in (AskAbout("department:frontdesk"), *effects):
                holds.HANDLERS[type(effect)](batch, effect)
            state: list[Any] = [(row.state, row.reason) for row in (inbox.get(tx, n) for n in (first, second)) if row]
            state += tx.execute("SELECT kind FROM event WHERE kind IN ('released', 'discarded') ORDER BY id").fetchall()
            state += tx.execute("SELECT address, is_trusted FROM contact").fetchall()
            state += tx.execute("SELECT address, back_on FROM absence").fetchall()
            seen.append([tuple(item) for item in state])
        return tuple(seen)

    once, twice = store.run(job)
    assert once == twice
    assert once[:2] == [("received", "spam"), ("done", "discarded")]
    assert once[2:4] == [("released",), ("discarded",)]


def test_what_is_due_is_told_once(store: Store) -> None:
    def due(at: timedelta, day: str = "") -> tuple[int, list[str]]:
        def job(tx: Tx) -> tuple[int, list[str]]:
            now = NOW + at
            found = holds.read_due(tx, now, alarm_after=timedelta(hours=4), merge=timedelta(minutes=15), day=day)
            batch = Batch(tx, now, None, "x")
            if found.ageing:
                holds.HANDLERS[TellHolds](batch, TellHolds(tuple(held.inbox_id for held in found.ageing)))
            for audience in found.digests:
                holds.HANDLERS[TellHolds](batch, TellHolds((), audience, found.day))
            return len(found.ageing), list(found.digests)

        return store.run(job)

    store.run(lambda tx: (put_held(tx, "rule-hold"), put_held(tx, "poison"), put_held(tx, "spam")))
    assert due(timedelta(hours=3)) == (0, [])
    assert due(timedelta(hours=4)) == (2, [])
    assert due(timedelta(hours=9)) == (0, [])
    assert due(timedelta(hours=9), "2026-01-13") == (0, ["operator"])
    assert due(timedelta(hours=9), "2026-01-13") == (0, [])
    assert due(timedelta(hours=9), "2026-01-14") == (0, ["operator"])
