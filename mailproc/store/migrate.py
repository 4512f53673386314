"""Brings a database to the schema this program knows: numbered steps, each one transaction with its version row (F30).

A database newer than the program is refused, never touched.
"""

import hashlib
import json
import posixpath
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from mailproc.errors import Permanent, StoreUnavailable
from mailproc.store import (
    casework,
    conversations,
    correspondence,
    counts,
    holds,
    promises,
    resemblance,
    revocations,
    schema,
    sentcopies,
)
from mailproc.store.connection import Connection, Fault
from mailproc.store.transaction import Tx
from mailproc.store.values import to_time

_LOCK = 0x6D61_696C  # "mail": daemons that start together on PostgreSQL migrate one after the other
_WAIT = "10min"  # as long as another one may need for a step on a large database


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number, what it is for, and what it does inside its transaction."""

    number: int
    title: str
    apply: Callable[[Tx], None]


def create_tables(tx: Tx) -> None:
    """Migration 1: the tables of the first release."""
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    for statement in (*schema.TABLES, *(schema.POSTGRES_ONLY if tx.is_postgres else schema.SQLITE_ONLY)):
        tx.execute(fill_words(statement, words))


def thin_out_indexes(tx: Tx) -> None:
    """Migration 2: each index is a page more to write for every mail.

    A mail stands among the fingerprints once, when its own is known. Serials grow as time does, so that the newest
    tickets need no index of their own, and a ticket has few mails.
    """
    tx.execute("DROP INDEX ticket_created")
    tx.execute("DROP INDEX outbox_limited_ticket")
    tx.execute("DROP INDEX inbox_fingerprint")
    tx.execute("CREATE INDEX inbox_fingerprint ON inbox (substr(fingerprint, 1, 16)) WHERE fingerprint <> ''")


def describe_rulebooks(tx: Tx) -> None:
    """Migration 3: who brought a version of the rules, how and why.

    Names lose the folder they were read from: the same files on two hosts are the same book.
    """
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    for column in ("author TEXT NOT NULL DEFAULT ''", "origin TEXT NOT NULL DEFAULT 'start'",
                   "note TEXT NOT NULL DEFAULT ''", "rules {int}", "restores {int}"):  # fmt: skip
        tx.execute(fill_words(f"ALTER TABLE rulebook ADD COLUMN {column}", words))
    for version, files in tx.execute("SELECT id, files FROM rulebook").fetchall():
        pairs = [[posixpath.basename(name), text] for name, text in json.loads(files)]
        text = json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
        tx.execute(
            "UPDATE rulebook SET files = ?, digest = ? WHERE id = ?",
            (text, hashlib.sha256(text.encode()).hexdigest(), version),
        )


def note_rules(tx: Tx) -> None:
    """Migration 4: which rules matched, beside the words of the trace; decisions made before keep their words alone."""
    tx.execute("ALTER TABLE decision ADD COLUMN rules TEXT")


def add_mailboxes(tx: Tx) -> None:
    """Migration 5: mailboxes that are polled."""
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    for statement in (
        """CREATE TABLE mailbox (
            name TEXT NOT NULL, folder TEXT NOT NULL, uidvalidity {int} NOT NULL, start TEXT NOT NULL,
            began_at {time} NOT NULL, turn {int} NOT NULL, first_uid {int} NOT NULL, done_uid {int} NOT NULL,
            backlog_below {int} NOT NULL, PRIMARY KEY (name, folder)){rowless}""",
        """CREATE TABLE mailbox_lease (
            name TEXT NOT NULL, folder TEXT NOT NULL, owner TEXT NOT NULL, until {time} NOT NULL,
            PRIMARY KEY (name, folder)){rowless}""",
        """CREATE TABLE mailbox_left (
            name TEXT NOT NULL, folder TEXT NOT NULL, epoch TEXT NOT NULL, uid {int} NOT NULL, size {int} NOT NULL,
            reason TEXT NOT NULL, at {time} NOT NULL, told_at {time},
            PRIMARY KEY (name, folder, epoch, uid)){rowless}""",
    ):
        tx.execute(fill_words(statement, words))


def limit_correspondents(tx: Tx) -> None:
    """A migration: what a mailbox gets under all its spellings, and when its owner wrote last."""
    counts.count_by_mailbox(tx)
    correspondence.create_table(tx)


def give_more_days(tx: Tx) -> None:
    """Migration 14: when somebody had an outgoing mail tried again; from then on it has five days more."""
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    tx.execute(fill_words("ALTER TABLE outbox ADD COLUMN again_at {time} NOT NULL DEFAULT ''", words))


def fill_words(statement: str, words: dict[str, str]) -> str:
    """The statement in one database's own words."""
    for name, word in words.items():
        statement = statement.replace("{" + name + "}", word)
    return statement


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "the first tables", create_tables),
    Migration(2, "fewer indexes", thin_out_indexes),
    Migration(3, "versions of the rules", describe_rulebooks),
    Migration(4, "the rules of a decision", note_rules),
    Migration(5, "mailboxes that are polled", add_mailboxes),
    Migration(6, "what is promised on tickets", promises.create_table),
    Migration(7, "copies of what was sent", sentcopies.create_table),
    Migration(8, "limits by mailbox, and the rhythm of senders", limit_correspondents),
    Migration(9, "conversations in Outlook, finished tickets that are alike", conversations.add_columns),
    Migration(10, "cases in work that resemble a new mail", resemblance.add_column),
    Migration(11, "reply addresses that were revoked", revocations.add_column),
    Migration(12, "moments that agents set", casework.add_columns),
    Migration(13, "held mail as daily work", holds.create_tables),
    Migration(14, "outgoing mail that is tried for five days again", give_more_days),
)


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Take every step the database has not had; the number of steps taken.

    Raises Permanent for a schema newer than `migrations`, StoreUnavailable when the database is locked or gone.
    """
    try:
        newest = migrations[-1].number
        if read_version(connection) == newest:
            return 0
        taken = 0
        for migration in migrations:
            taken += _take_step(connection, migration)
        _refuse_newer(read_version(connection), newest)
        return taken
    except connection.errors as error:
        fault, text = connection.judge(error)
        if fault is Fault.OWN:
            raise
        raise StoreUnavailable(text) from error


def read_version(connection: Connection) -> int:
    """The number of the last step the database has had; 0 for an empty one."""
    if connection.is_postgres:
        exists = connection.execute("SELECT to_regclass('schema_version') IS NOT NULL").fetchone()[0]
    else:
        exists = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone()
    if not exists:
        return 0
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM schema_version").fetchone()[0])


def _wait_for_others(connection: Connection) -> None:
    usual = connection.execute("SELECT current_setting('lock_timeout')").fetchone()[0]
    connection.execute("SELECT set_config('lock_timeout', ?, true)", (_WAIT,))
    connection.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
    # A table that somebody works with is told of soon, as ever
    connection.execute("SELECT set_config('lock_timeout', ?, true)", (usual,))


def _take_step(connection: Connection, migration: Migration) -> int:
    connection.begin()
    with ExitStack() as undo:
        undo.callback(_undo, connection)
        if connection.is_postgres:
            _wait_for_others(connection)
        # Read again under the lock: another process may have been faster
        version = read_version(connection)
        if version >= migration.number:
            return 0
        if version == 0 and migration.number == 1:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_version "
                "(number INTEGER PRIMARY KEY, title TEXT NOT NULL, applied_at TEXT NOT NULL)"
            )
        migration.apply(Tx(connection))
        connection.execute(
            "INSERT INTO schema_version (number, title, applied_at) VALUES (?, ?, ?)",
            (migration.number, migration.title, to_time(datetime.now(UTC))),
        )
        connection.commit()
        undo.pop_all()
    return 1


def _undo(connection: Connection) -> None:
    if not connection.is_lost():
        connection.rollback()


def _refuse_newer(version: int, newest: int) -> None:
    if version > newest:
        raise Permanent(
            f"the database has schema {version}, this mailproc knows up to {newest}; "
            "install the newer mailproc again, or restore the backup made before the upgrade"
        )
