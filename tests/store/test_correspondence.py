"""Tests of limits by mailbox and of what is kept of senders between two mails, on both databases."""

from datetime import timedelta

import pytest

from mailproc.records.correspondence import KeepRhythm, Rhythm
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.store import counts, outbox
from mailproc.store.connection import connect, read_place
from mailproc.store.database import Store, open_store
from mailproc.store.migrate import MIGRATIONS, migrate
from tests.store.makers import (
    JANE,
    NOW,
    column,
    decide,
    find,
    make_mail,
    make_message,
    minutes,
    open_ticket,
    put,
)

STEP = next(number for number, one in enumerate(MIGRATIONS) if "rhythm" in one.title)


def remember(store: Store, at: float, text: str = "I am away.", **rhythm: object) -> int:
    serial = open_ticket(store, has_mails=False)
    inbox_id = put(store, text.encode() + str(at).encode())
    kept = Rhythm(0, minutes(at), serial, **rhythm)  # type: ignore[arg-type]
    decide(
        store, inbox_id, make_message(serial, text=text, attachments=(("b.txt", "text/plain", 2), ("a.txt", "x/y", 1))),
        KeepRhythm(JANE.addr, kept), mails=(make_mail(serial, 1),), now=minutes(at),
    )  # fmt: skip
    return inbox_id


def test_spellings_of_one_mailbox_share_a_limit(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n, recipient in enumerate(("v.ic@gmail.com", "vic+1@googlemail.com", "vic@gmail.com", "other@gmail.com")):
        mail = make_mail(serial, n + 1, recipient=recipient, purpose=f"p{n}")
        decide(store, put(store), mails=(mail,), now=minutes(n))
    assert find(store, minutes(5), sender="v.i.c+9@gmail.com").counts.sender_day == 3
    assert find(store, minutes(5), sender="other@gmail.com").counts.sender_day == 1


def test_the_next_mail_finds_the_words_the_files_and_when_ours_left(store: Store) -> None:
    inbox_id = remember(store, 0, rounds=2, why="x" * 10, machine_until=minutes(90), machine_id=-1)
    echo = find(store, minutes(1), sender="jane+2@c.test").echo
    assert echo is not None and echo.answered_at is None
    assert (echo.words, echo.files) == (("I am away.",), ((("a.txt", 1), ("b.txt", 2)),))
    assert (echo.rhythm.inbox_id, echo.rhythm.machine_id) == (inbox_id, inbox_id)
    assert (echo.rhythm.rounds, echo.rhythm.machine_until) == (2, minutes(90))
    (mail, *_) = store.run(lambda tx: outbox.lease(tx, sender="s", now=minutes(2)))
    store.run(lambda tx: outbox.settle(tx, mail.id, Receipt(ReceiptState.SENT), minutes(2)))
    again = find(store, minutes(3), sender=JANE.addr).echo
    assert again is not None and again.answered_at == minutes(2)


def test_words_of_the_mail_that_told_are_kept_beside_the_last(store: Store) -> None:
    told = remember(store, 0, "I am away.", machine_id=-1)
    remember(store, 1, "A person writes.", machine_id=told)
    echo = find(store, minutes(2), sender=JANE.addr, subject_key="printer").echo
    assert echo is not None and sorted(echo.words) == ["A person writes.", "I am away."]


def test_a_day_later_nothing_is_known_and_soon_nothing_is_kept(store: Store) -> None:
    remember(store, 0)
    assert find(store, NOW + timedelta(hours=23), sender=JANE.addr).echo is not None
    assert find(store, NOW + timedelta(hours=25), sender=JANE.addr).echo is None
    store.run(lambda tx: counts.forget_counts(tx, NOW + timedelta(hours=49)))
    assert column(store, "SELECT count(*) FROM correspondence") == [0]


def test_the_ticket_of_a_series_is_found_with_the_next_mail(store: Store) -> None:
    remember(store, 0)
    assert find(store, minutes(1), sender=JANE.addr).tickets == {}
    (mail, *_) = store.run(lambda tx: outbox.lease(tx, sender="s", now=minutes(1)))
    store.run(lambda tx: outbox.settle(tx, mail.id, Receipt(ReceiptState.SENT), minutes(1)))
    known = find(store, minutes(2), sender=JANE.addr)
    assert list(known.tickets) == [10_000] and known.counts.ticket_hour == 0


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_migration_counts_what_was_sent_before_by_mailbox(tmp_path: object, kind: str) -> None:
    url = f"{kind}:///{tmp_path}/store.db"
    connection = connect(read_place(url, checkpoints=False, busy_seconds=10))
    migrate(connection, MIGRATIONS[:STEP])
    rows = (("v.ic+1@gmail.com", 1), ("vic@gmail.com", 1), ("desk@our.test", 0))
    for number, (recipient, limited) in enumerate(rows):
        connection.execute(
            "INSERT INTO outbox (serial, n, purpose, recipient, identity, role, author, is_automatic, is_limited,"
            " may_resend, envelope_from, message_id, subject, size, state, next_at, created_at)"
            f" VALUES (1, {number}, 'received', ?, '', 'customer', '', 1, ?, 0, '', '', '', 1, 'sent', '', ?)",
            (recipient, limited, "2026-11-01T12:00:00.000000Z"),
        )
    connection.close()
    with open_store(url) as store:
        assert column(store, "SELECT mailbox FROM outbox ORDER BY id") == ["vic@gmail.com", "vic@gmail.com", ""]
        assert find(store, minutes(5), sender="vic@gmail.com").counts.sender_day == 2
