"""Tests of what is kept of polled mailboxes, on both databases."""

from dataclasses import replace
from datetime import timedelta

from mailproc.records.polledfolder import FolderState, LeftMail
from mailproc.store import mailboxes
from mailproc.store.database import Store
from mailproc.store.mailboxes import Mailboxes
from tests.store.makers import NOW, minutes, put

STATE = FolderState("support", "INBOX", 7, "now", NOW, first_uid=11, done_uid=10, backlog_below=11)


def take(store: Store, owner: str, at: float = 0) -> bool:
    return store.run(lambda tx: mailboxes.take_lease(tx, "support", "INBOX", owner, minutes(at), 60))


def test_a_lease_has_one_owner_until_it_ends_or_is_given_back(store: Store) -> None:
    assert take(store, "one") and take(store, "one") and not take(store, "two")
    assert not take(store, "two", 0.9) and take(store, "two", 1)
    assert not take(store, "one", 1.5)
    store.run(lambda tx: mailboxes.release_lease(tx, "support", "INBOX", "one"))  # not its own
    assert not take(store, "one", 1.5)
    store.run(lambda tx: mailboxes.release_lease(tx, "support", "INBOX", "two"))
    assert take(store, "one", 1.5)


def test_a_starting_daemon_takes_leases_over_where_it_is_the_only_one(store: Store) -> None:
    take(store, "killed")
    assert store.run(mailboxes.release_leases) == (0 if store.is_postgres else 1)
    assert take(store, "next") is not store.is_postgres


def test_a_folder_is_kept_as_it_was_saved(store: Store) -> None:
    kept = Mailboxes(store)
    assert kept.load("support", "INBOX") is None
    kept.save(STATE)
    assert kept.load("support", "INBOX") == STATE
    kept.save(replace(STATE, uidvalidity=4_294_967_295, turn=1, done_uid=0))
    loaded = kept.load("support", "INBOX")
    assert loaded is not None and loaded.epoch == "4294967295.1"
    assert kept.load("support", "Orders") is None


def test_the_mark_only_goes_forward_and_only_in_its_own_turn(store: Store) -> None:
    kept = Mailboxes(store)
    kept.save(STATE)
    for state, uid in ((STATE, 20), (STATE, 15), (replace(STATE, turn=1), 90), (replace(STATE, uidvalidity=8), 90)):
        kept.advance(state, uid)
    loaded = kept.load("support", "INBOX")
    assert loaded is not None and loaded.done_uid == 20


def test_stored_mail_is_found_by_its_name(store: Store) -> None:
    for uid in (1, 2, 300):
        put(store, identity=STATE.identify(uid), stored_at=NOW - timedelta(hours=uid))
    put(store, identity="")
    kept = Mailboxes(store)
    found = kept.find_stored([STATE.identify(uid) for uid in range(1, 400)])
    assert found == {STATE.identify(uid): NOW - timedelta(hours=uid) for uid in (1, 2, 300)}
    assert kept.find_stored([]) == {}
    long = replace(STATE, folder="ü" * 2000)
    put(store, identity=long.identify(1))
    assert list(kept.find_stored([long.identify(1), long.identify(2)])) == [long.identify(1)]


def test_known_bytes_are_found_however_old(store: Store) -> None:
    put(store, b"one", received_at=NOW - timedelta(days=900))
    with store.read() as tx:
        known = tx.execute("SELECT fingerprint FROM inbox").fetchone()[0]
    assert Mailboxes(store).find_fingerprints({known, "0" * 64, ""}) == {known}


def test_mail_that_was_left_is_told_of_once(store: Store) -> None:
    kept = Mailboxes(store, lambda: NOW)
    mail = LeftMail(5, 99, "too-large")
    kept.leave(STATE, mail)
    kept.leave(STATE, replace(mail, size=1))
    assert kept.list_left(STATE) == (mail,)
    kept.mark_told(STATE, [5, 6])
    assert kept.list_left(STATE) == (replace(mail, is_told=True),)
    assert kept.list_left(replace(STATE, turn=1)) == ()
    kept.forget_left(STATE, [5])
    assert kept.list_left(STATE) == ()


def test_a_forgotten_folder_starts_anew(store: Store) -> None:
    kept = Mailboxes(store)
    kept.save(STATE)
    kept.leave(STATE, LeftMail(5, 99, "too-large"))
    assert store.run(lambda tx: mailboxes.forget(tx, "support", "INBOX"))
    assert not store.run(lambda tx: mailboxes.forget(tx, "support", "INBOX"))
    assert kept.load("support", "INBOX") is None and kept.list_left(STATE) == ()
