"""Tests that a schema grows step by step, each step whole or not at all, on both databases."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mailproc.errors import Permanent
from mailproc.store import conversations, outbox
from mailproc.store.connection import Connection, connect, read_place
from mailproc.store.database import Tx, open_store
from mailproc.store.migrate import _LOCK, MIGRATIONS, Migration, give_more_days, migrate, read_version
from mailproc.store.values import from_time
from tests import servers
from tests.store.makers import column, open_ticket


def add_colour(tx: Tx) -> None:
    tx.execute("ALTER TABLE ticket ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'")
    tx.execute("UPDATE ticket SET colour = 'red' WHERE priority = 'urgent'")


def add_half(tx: Tx) -> None:
    tx.execute("CREATE TABLE half (id INTEGER)")
    raise RuntimeError("the power went")


NEXT = (*MIGRATIONS, Migration(MIGRATIONS[-1].number + 1, "colours", add_colour))
BROKEN = (*NEXT, Migration(MIGRATIONS[-1].number + 2, "half done", add_half))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return servers.empty_database(request.getfixturevalue("postgres"))


def connect_to(url: str) -> Connection:
    return connect(read_place(url, checkpoints=False, busy_seconds=10))


def test_the_first_opener_makes_the_tables(empty_url: str) -> None:
    with open_store(empty_url) as store:
        assert column(store, "SELECT number FROM schema_version") == [m.number for m in MIGRATIONS]
    with open_store(empty_url) as store:
        assert open_ticket(store) == 10_000


def test_a_former_schema_with_rows_takes_the_next_step(empty_url: str) -> None:
    with open_store(empty_url) as store:
        open_ticket(store, priority="urgent")
        open_ticket(store)
    connection = connect_to(empty_url)
    assert migrate(connection, NEXT) == 1 and migrate(connection, NEXT) == 0
    assert [tuple(row) for row in connection.execute("SELECT colour FROM ticket ORDER BY serial")] == [
        ("red",),
        ("grey",),
    ]
    assert read_version(connection) == NEXT[-1].number
    connection.close()


def test_f30_a_step_that_fails_leaves_the_step_before(empty_url: str) -> None:
    connection = connect_to(empty_url)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="the power went"):
            migrate(connection, BROKEN)
        assert read_version(connection) == NEXT[-1].number
    assert migrate(connection, NEXT) == 0
    connection.close()


def test_f30_a_newer_schema_is_refused_and_not_touched(empty_url: str) -> None:
    connection = connect_to(empty_url)
    migrate(connection, NEXT)
    connection.close()
    with pytest.raises(Permanent, match="install the newer mailproc again"):
        open_store(empty_url)


def test_who_opens_while_another_migrates_waits_for_it(postgres: servers.Cluster) -> None:
    """Far longer than a job waits for a lock: a step may take minutes on a large database."""
    url = servers.empty_database(postgres)
    with psycopg.connect(url, autocommit=True) as other, ThreadPoolExecutor() as pool:
        other.execute("BEGIN")
        other.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        opening = pool.submit(open_store, url)
        with pytest.raises(TimeoutError):
            opening.result(1.0)  # it has given up by then, or it waits
        other.execute("ROLLBACK")
        opening.result(60).close()


def test_many_first_openers_make_the_tables_once(empty_url: str) -> None:
    program = "import sys; from mailproc.store.database import open_store; open_store(sys.argv[1]).close()"
    processes = [subprocess.Popen([sys.executable, "-c", program, empty_url]) for _ in range(4)]
    assert [process.wait(120) for process in processes] == [0] * 4
    with open_store(empty_url) as store:
        assert column(store, "SELECT count(*) FROM schema_version") == [len(MIGRATIONS)]


_KILLED = """
import os, signal, sys
from mailproc.store import migrate
from mailproc.store.connection import connect, read_place
statements, last = [], int(sys.argv[2])
def create(tx):
    real = tx.execute
    def execute(sql, params=()):
        statements.append(sql)
        if len(statements) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(sql, params)
    class Counting:
        is_postgres = tx.is_postgres
    Counting.execute = staticmethod(execute)
    migrate.create_tables(Counting)
connection = connect(read_place(sys.argv[1], checkpoints=False, busy_seconds=10))
migrate.migrate(connection, (migrate.Migration(1, "x", create),))
"""


@pytest.mark.parametrize("last", [1, 7, 23])
def test_f30_kill_in_the_middle_of_a_step_leaves_nothing_of_it(empty_url: str, last: int) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED, empty_url, str(last)], timeout=30, check=False)
    assert killed.returncode == -signal.SIGKILL
    connection = connect_to(empty_url)
    assert read_version(connection) == 0
    connection.close()
    with open_store(empty_url) as store:
        assert open_ticket(store) == 10_000


def test_steps_are_numbered_without_gaps() -> None:
    numbers: list[Any] = [migration.number for migration in MIGRATIONS]
    assert numbers == list(range(1, len(numbers) + 1)) and os.path.sep not in MIGRATIONS[0].title


def test_tickets_that_were_finished_before_are_found_as_alike(empty_url: str) -> None:
    number = next(one.number for one in MIGRATIONS if one.apply is conversations.add_columns)
    connection = connect_to(empty_url)
    migrate(connection, MIGRATIONS[: number - 1])
    connection.begin()
    for serial, subject, state in ((1, "Re: Printer prints nothing", "closed"), (2, "Printer prints nothing", "open")):
        connection.execute(
            "INSERT INTO ticket (serial, number, subject, state, requester, requester_name, department, priority,"
            " language, assignee, channel, sla, tags, fields, created_at, updated_at, requester_message_id)"
            " VALUES (?, ?, ?, ?, 'a@b.test', '', 'desk', 'normal', 'en', '', 'mail', '', '[]', '{}', ?, ?, '')",
            (serial, f"ACME-{serial}", subject, state, "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"),
        )
    connection.commit()
    migrate(connection, MIGRATIONS[:number])
    assert conversations.find_alike(Tx(connection), "printer prints nothing") == (("ACME-1", "closed", "desk"),)
    assert conversations.find_alike(Tx(connection), "hi") == ()
    connection.close()


def test_mail_that_waits_already_is_tried_for_its_five_days(empty_url: str) -> None:
    number = next(one.number for one in MIGRATIONS if one.apply is give_more_days)
    connection = connect_to(empty_url)
    migrate(connection, MIGRATIONS[: number - 1])
    at = "2026-01-01T00:00:00.000000Z"
    connection.begin()
    connection.execute(
        "INSERT INTO outbox (serial, n, purpose, recipient, identity, role, author, is_automatic, is_limited,"
        " may_resend, envelope_from, message_id, subject, size, state, next_at, created_at)"
        " VALUES (10000, 1, 'answer', 'a@b.test', '', 'customer', '', 0, 0, 1, 's@our.test', '<x>', 'S', 1, 'queued',"
        " ?, ?)",
        (at, at),
    )
    connection.execute("INSERT INTO outbox_raw (outbox_id, codec, data) VALUES (1, 0, ?)", (b"x",))
    connection.commit()
    migrate(connection)
    connection.close()
    with open_store(empty_url) as store:
        now = from_time(at) + timedelta(days=1)
        (mail,) = store.run(lambda tx: outbox.lease(tx, sender="s1", now=now))
    assert (mail.since, mail.raw) == (from_time(at), b"x")
