"""Tests of what is kept of a watched Maildir, on both databases."""

from mailproc.store.database import Store
from mailproc.store.maildirs import StoredNotes
from tests.store.makers import put


def test_a_note_is_kept_by_the_name_of_its_intake(store: Store) -> None:
    one, two = StoredNotes(store, "box"), StoredNotes(store, "box two")
    assert one.read() is None
    one.write("first")
    one.write("second")
    assert (one.read(), two.read()) == ("second", None)


def test_identities_are_those_of_this_maildir_since_then(store: Store) -> None:
    notes = StoredNotes(store, "box")
    assert notes.stored_since("maildir:box:", 0) == ([], 0)
    put(store, kind="maildir", identity="maildir:box:1700.M1.host:ab")
    put(store, kind="maildir", identity="maildir:box2:1700.M1.host:ab")
    put(store, kind="maildir", identity="maildir:BOX:1700.M1.host:ab")
    put(store, kind="imap", identity="imap:box:INBOX:1:1")
    last = put(store, kind="maildir", identity="maildir:box:a%_:cd")
    found, newest = notes.stored_since("maildir:box:", 0)
    assert (sorted(found), newest) == (["maildir:box:1700.M1.host:ab", "maildir:box:a%_:cd"], last)
    assert notes.stored_since("maildir:box:", 1) == (["maildir:box:a%_:cd"], last)
    assert notes.stored_since("maildir:box:", last) == ([], last)
