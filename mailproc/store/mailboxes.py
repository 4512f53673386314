"""Polled mailboxes: how far each folder is taken in, what was left in it, and which daemon polls it.

That a mail is stored is never written here: its row in the inbox says so, by the mail's name (F05). Losing these rows
costs a look through the folder, no mail.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from mailproc.records.polledfolder import FolderState, LeftMail
from mailproc.store.database import Store
from mailproc.store.inbox import read_envelope
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_time, to_key, to_text, to_time

_AT_ONCE = 128


def take_lease(tx: Tx, name: str, folder: str, owner: str, now: datetime, seconds: float) -> bool:
    """True when `owner` alone polls this folder from now on, for so long; taking it again renews it."""
    changed = tx.execute(
        "INSERT INTO mailbox_lease (name, folder, owner, until) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (name, folder) DO UPDATE SET owner = excluded.owner, until = excluded.until"
        " WHERE mailbox_lease.owner = excluded.owner OR mailbox_lease.until <= ?",
        (to_key(name), to_key(folder), to_text(owner), to_time(now + timedelta(seconds=seconds)), to_time(now)),
    )
    return bool(changed.rowcount)


def release_lease(tx: Tx, name: str, folder: str, owner: str) -> None:
    """Let another daemon poll this folder at once."""
    tx.execute(
        "DELETE FROM mailbox_lease WHERE name = ? AND folder = ? AND owner = ?",
        (to_key(name), to_key(folder), to_text(owner)),
    )


def release_leases(tx: Tx) -> int:
    """Free what a crash left, for a starting daemon that holds the site's lock; how many.

    On PostgreSQL other daemons may be at work: there leases only end by themselves.
    """
    return 0 if tx.is_postgres else tx.execute("DELETE FROM mailbox_lease").rowcount


def load(tx: Tx, name: str, folder: str) -> FolderState | None:
    """What is known of a folder, None before it was first seen."""
    row = tx.execute(
        "SELECT uidvalidity, start, began_at, turn, first_uid, done_uid, backlog_below FROM mailbox"
        " WHERE name = ? AND folder = ?",
        (to_key(name), to_key(folder)),
    ).fetchone()
    return FolderState(name, folder, row[0], row[1], from_time(row[2]), *row[3:]) if row else None


def save(tx: Tx, state: FolderState) -> None:
    """Keep what is known of a folder, in place of what was."""
    tx.execute(
        "INSERT INTO mailbox (name, folder, uidvalidity, start, began_at, turn, first_uid, done_uid, backlog_below)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, folder) DO UPDATE SET"
        " uidvalidity = excluded.uidvalidity, start = excluded.start, began_at = excluded.began_at,"
        " turn = excluded.turn, first_uid = excluded.first_uid, done_uid = excluded.done_uid,"
        " backlog_below = excluded.backlog_below",
        (
            to_key(state.name),
            to_key(state.folder),
            state.uidvalidity,
            to_text(state.start),
            to_time(state.began_at),
            state.turn,
            state.first_uid,
            state.done_uid,
            state.backlog_below,
        ),
    )


def advance(tx: Tx, state: FolderState, done_uid: int) -> None:
    """Everything up to `done_uid` is settled; never goes back, and does nothing when another turn has begun."""
    tx.execute(
        "UPDATE mailbox SET done_uid = ? WHERE name = ? AND folder = ? AND uidvalidity = ? AND turn = ?"
        " AND done_uid < ?",
        (done_uid, to_key(state.name), to_key(state.folder), state.uidvalidity, state.turn, done_uid),
    )


def forget(tx: Tx, name: str, folder: str) -> bool:
    """Make a folder one that was never seen, so that its `start` counts again; False when it was not known."""
    key = (to_key(name), to_key(folder))
    tx.execute("DELETE FROM mailbox_left WHERE name = ? AND folder = ?", key)
    return bool(tx.execute("DELETE FROM mailbox WHERE name = ? AND folder = ?", key).rowcount)


def find_stored(tx: Tx, identities: Sequence[str]) -> dict[str, datetime | None]:
    """Those of the names under which a mail is stored, each with the moment its mailbox had got it."""
    found: dict[str, datetime | None] = {}
    for start in range(0, len(identities), _AT_ONCE):
        keys = {to_key(identity): identity for identity in identities[start : start + _AT_ONCE]}
        marks, values = in_list(list(keys))
        for key, envelope in tx.execute(f"SELECT identity, envelope FROM inbox WHERE identity IN {marks}", values):
            found[keys[key]] = read_envelope(envelope).stored_at
    return found


def find_fingerprints(tx: Tx, fingerprints: Collection[str]) -> set[str]:
    """Those of the fingerprints that a decided mail has, however old and with or without a Message-ID."""
    found: set[str] = set()
    for fingerprint in fingerprints:
        row = tx.execute(
            "SELECT 1 FROM inbox WHERE substr(fingerprint, 1, 16) = ? AND fingerprint || '' = ? AND fingerprint <> ''"
            " LIMIT 1",
            (fingerprint[:16], fingerprint),
        ).fetchone()
        if row is not None:
            found.add(fingerprint)
    return found


def leave(tx: Tx, state: FolderState, mail: LeftMail, now: datetime) -> None:
    """Record a mail that stays in its mailbox; the second time does nothing."""
    tx.execute(
        "INSERT INTO mailbox_left (name, folder, epoch, uid, size, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (*_key_of(state), mail.uid, mail.size, to_text(mail.reason), to_time(now)),
    )


def list_left(tx: Tx, state: FolderState) -> tuple[LeftMail, ...]:
    """The mails that stay in this folder, by UID."""
    rows = tx.execute(
        "SELECT uid, size, reason, told_at FROM mailbox_left WHERE name = ? AND folder = ? AND epoch = ? ORDER BY uid",
        _key_of(state),
    )
    return tuple(LeftMail(uid, size, reason, told_at is not None) for uid, size, reason, told_at in rows)


def mark_told(tx: Tx, state: FolderState, uids: Sequence[int], now: datetime) -> None:
    """The operator has heard of these."""
    for uid in uids:
        tx.execute(
            "UPDATE mailbox_left SET told_at = ? WHERE name = ? AND folder = ? AND epoch = ? AND uid = ?"
            " AND told_at IS NULL",
            (to_time(now), *_key_of(state), uid),
        )


def forget_left(tx: Tx, state: FolderState, uids: Sequence[int]) -> None:
    """These were taken after all, or are gone."""
    for uid in uids:
        tx.execute(
            "DELETE FROM mailbox_left WHERE name = ? AND folder = ? AND epoch = ? AND uid = ?", (*_key_of(state), uid)
        )


def _key_of(state: FolderState) -> tuple[str, str, str]:
    return to_key(state.name), to_key(state.folder), state.epoch


class Mailboxes:
    """The same as an intake calls it: each call a transaction of its own. Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def take_lease(self, name: str, folder: str, owner: str, seconds: float) -> bool:
        """True when `owner` alone polls this folder from now on, for so long."""
        return self._store.run(lambda tx: take_lease(tx, name, folder, owner, self._clock(), seconds))

    def release_lease(self, name: str, folder: str, owner: str) -> None:
        """Let another daemon poll this folder at once."""
        self._store.run(lambda tx: release_lease(tx, name, folder, owner))

    def load(self, name: str, folder: str) -> FolderState | None:
        """What is known of a folder, None before it was first seen."""
        with self._store.read() as tx:
            return load(tx, name, folder)

    def save(self, state: FolderState) -> None:
        """Keep what is known of a folder."""
        self._store.run(lambda tx: save(tx, state))

    def advance(self, state: FolderState, done_uid: int) -> None:
        """Everything up to `done_uid` is settled."""
        self._store.run(lambda tx: advance(tx, state, done_uid))

    def find_stored(self, identities: Sequence[str]) -> dict[str, datetime | None]:
        """Those of the names under which a mail is stored, each with the moment its mailbox had got it."""
        with self._store.read() as tx:
            return find_stored(tx, identities)

    def find_fingerprints(self, fingerprints: Collection[str]) -> set[str]:
        """Those of the fingerprints that a decided mail has."""
        with self._store.read() as tx:
            return find_fingerprints(tx, fingerprints)

    def leave(self, state: FolderState, mail: LeftMail) -> None:
        """Record a mail that stays in its mailbox."""
        self._store.run(lambda tx: leave(tx, state, mail, self._clock()))

    def list_left(self, state: FolderState) -> tuple[LeftMail, ...]:
        """The mails that stay in this folder, by UID."""
        with self._store.read() as tx:
            return list_left(tx, state)

    def mark_told(self, state: FolderState, uids: Sequence[int]) -> None:
        """The operator has heard of these."""
        self._store.run(lambda tx: mark_told(tx, state, uids, self._clock()))

    def forget_left(self, state: FolderState, uids: Sequence[int]) -> None:
        """These were taken after all, or are gone."""
        self._store.run(lambda tx: forget_left(tx, state, uids))
