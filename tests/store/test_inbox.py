"""Tests of mail in: stored once, claimed fairly, held and released, on both databases."""

from datetime import timedelta

import pytest

from mailproc.errors import UsageError
from mailproc.store import inbox
from mailproc.store.database import Store, open_store
from mailproc.store.inbox import Claimed
from mailproc.store.packing import pack
from tests.store.makers import NOW, RAW, column, count, make_envelope, make_message, minutes, open_ticket, put
from tests.store.makers import decide as decide_mail


def claim(store: Store, worker: str = "w1", at: float = 0, **limits: int) -> tuple[Claimed, ...]:
    return store.run(lambda tx: inbox.claim(tx, worker=worker, now=minutes(at), **limits))


def test_raw_bytes_and_envelope_come_back_unchanged(store: Store) -> None:
    raw = bytes(range(256)) * 40 + b"\r\n.\r\n\0\xff"
    envelope = make_envelope(
        kind="imap", identity="imap:support:7:42", stored_at=minutes(-3), forwards_old=True, sender=None, helo="mx"
    )
    inbox_id = store.run(lambda tx: inbox.put(tx, raw, envelope, "f1"))
    with store.read() as tx:
        row = inbox.get(tx, inbox_id)
        assert inbox.raw_of(tx, inbox_id) == raw
    assert row is not None and row.envelope == envelope and row.size == len(raw) and row.state == "received"
    assert claim(store) == (Claimed(inbox_id, raw, envelope, 1),)


def test_a_packed_mail_is_stored_as_it_is(store: Store) -> None:
    raw = b"line\r\n" * 20_000
    packed = pack(raw)
    inbox_id = store.run(lambda tx: inbox.put(tx, packed, make_envelope(), "f1"))
    with store.read() as tx:
        assert inbox.raw_of(tx, inbox_id) == raw


def test_f05_the_same_identity_is_stored_once(store: Store) -> None:
    first = put(store, identity="imap:support:7:42")
    assert put(store, b"other bytes", identity="imap:support:7:42") == first
    assert put(store, identity="imap:support:7:43") != first
    assert count(store, "inbox") == count(store, "inbox_raw") == 2


def test_mails_without_identity_are_all_kept(store: Store) -> None:
    assert put(store) != put(store)


def test_an_identity_longer_than_an_index_can_hold_still_tells_mails_apart(store: Store) -> None:
    first = put(store, identity="maildir:" + "x" * 5_000)
    assert put(store, identity="maildir:" + "x" * 5_000) == first
    assert put(store, identity="maildir:" + "x" * 5_000 + "y") != first


def test_claims_are_oldest_first_and_end_by_their_lease(store: Store) -> None:
    ids = [put(store) for _ in range(3)]
    assert [mail.id for mail in claim(store, limit=2)] == ids[:2]
    assert [mail.id for mail in claim(store, "w2")] == ids[2:]
    assert claim(store, at=9) == ()
    assert [(mail.id, mail.attempts) for mail in claim(store, at=11)] == [(ids[0], 2)]


def test_f06_a_mail_that_was_tried_comes_alone(store: Store) -> None:
    ids = [put(store) for _ in range(4)]
    claim(store, limit=2)
    store.run(lambda tx: inbox.release_claims(tx, "w1"))
    seen = [[(mail.id, mail.attempts) for mail in claim(store)] for _ in range(3)]
    assert seen == [[(ids[0], 2)], [(ids[1], 2)], [(ids[2], 1), (ids[3], 1)]]


def test_attempts_are_in_force_before_the_mail_is_tried(store: Store, store_url: str) -> None:
    put(store)
    claim(store)
    with open_store(store_url) as other:
        assert column(other, "SELECT attempts FROM inbox") == [1]


def test_a_claim_takes_no_more_bytes_than_fit_the_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MOST_CLAIMED_BYTES", 250)
    ids = [put(store, b"x" * 100) for _ in range(5)]
    big = put(store, b"x" * 1000)
    assert [[mail.id for mail in claim(store)] for _ in range(4)] == [ids[:2], ids[2:4], ids[4:], [big]]


def test_a_postponed_mail_waits(store: Store) -> None:
    inbox_id = put(store)
    claim(store)
    store.run(lambda tx: inbox.postpone(tx, inbox_id, minutes(5)))
    assert claim(store, at=4) == ()
    assert [mail.id for mail in claim(store, at=5)] == [inbox_id]


def test_claims_are_released_for_a_starting_daemon(store: Store) -> None:
    put(store)
    claim(store, "host-a")
    assert store.run(lambda tx: inbox.release_claims(tx)) == (0 if store.is_postgres else 1)
    assert store.run(lambda tx: inbox.release_claims(tx, "host-a")) == (1 if store.is_postgres else 0)
    assert len(claim(store)) == 1


def test_two_workers_never_get_the_same_mail(store: Store, store_url: str) -> None:
    ids = [put(store) for _ in range(40)]
    with open_store(store_url) as other:
        futures = [
            s.submit(lambda tx, name=name: inbox.claim(tx, worker=name, now=NOW, limit=3))
            for _ in range(10)
            for s, name in ((store, "a"), (other, "b"))
        ]
        got = [mail.id for future in futures for mail in future.result()]
    assert sorted(got) == ids


def test_a_held_mail_is_listed_and_released_once(store: Store) -> None:
    inbox_id = put(store)
    claim(store)
    store.run(lambda tx: inbox.hold(tx, inbox_id, "poison", "It broke.\0", NOW, summary=("jane@c.test", "printer")))
    with store.read() as tx:
        row = inbox.get(tx, inbox_id)
    assert row is not None
    assert (row.state, row.reason, row.held_text) == ("held", "poison", "It broke.\ufffd")
    assert (row.sender, row.subject) == ("jane@c.test", "printer")
    assert claim(store, at=60) == ()
    assert store.run(lambda tx: inbox.release(tx, inbox_id, minutes(1), as_who="customer", actor="ops"))
    assert not store.run(lambda tx: inbox.release(tx, inbox_id, minutes(1)))
    (again,) = claim(store, at=2)
    assert (again.id, again.attempts, again.release_as, again.raw) == (inbox_id, 1, "customer", RAW)
    assert column(store, "SELECT kind FROM event ORDER BY id") == ["held", "released"]


def test_a_mail_is_released_as_one_of_three(store: Store) -> None:
    inbox_id = put(store)
    with pytest.raises(UsageError, match="customer, agent or new"):
        store.run(lambda tx: inbox.release(tx, inbox_id, NOW, as_who="boss"))


def test_a_discarded_mail_keeps_its_bytes(store: Store) -> None:
    inbox_id = put(store)
    assert not store.run(lambda tx: inbox.discard(tx, inbox_id, NOW))
    store.run(lambda tx: inbox.hold(tx, inbox_id, "spam", "", NOW))
    assert store.run(lambda tx: inbox.discard(tx, inbox_id, NOW, actor="ops"))
    with store.read() as tx:
        row = inbox.get(tx, inbox_id)
        assert row is not None and (row.state, row.outcome, row.reason) == ("done", "recorded", "discarded")
        assert inbox.raw_of(tx, inbox_id) == RAW
        assert inbox.get(tx, 999) is None and inbox.raw_of(tx, 999) is None


def test_a_decided_mail_cannot_be_held_any_more(store: Store) -> None:
    serial = open_ticket(store)
    inbox_id = column(store, "SELECT id FROM inbox")[0]
    store.run(lambda tx: inbox.hold(tx, inbox_id, "poison", "", minutes(1)))
    assert column(store, "SELECT state FROM inbox") == ["done"]
    assert not decide_mail(store, inbox_id, make_message(serial))


def test_waiting_mails_are_counted(store: Store) -> None:
    put(store)
    put(store)
    claim(store, limit=1)
    with store.read() as tx:
        assert inbox.count_waiting(tx) == 2


def test_a_lease_may_be_short(store: Store) -> None:
    put(store)
    store.run(lambda tx: inbox.claim(tx, worker="w", now=NOW, lease_seconds=5))
    assert store.run(lambda tx: inbox.claim(tx, worker="w", now=NOW + timedelta(seconds=6)))[0].attempts == 2
