"""Tests of what is PostgreSQL's own: others at work at the same time, and a connection that breaks."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mailproc.errors import StoreUnavailable
from mailproc.store import inbox, lookup
from mailproc.store.database import Store, Tx, open_store
from mailproc.store.lookup import Query
from tests import servers
from tests.store.makers import (
    NOW,
    RAW,
    blocked,
    column,
    count,
    held,
    make_envelope,
    marks,
    note,
    open_ticket,
    put,
    row_locks,
    wait_for,
)


@pytest.fixture
def url(postgres: servers.Cluster) -> str:
    return servers.fresh_database(postgres)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url, busy_seconds=2) as opened:
        yield opened


def kill(postgres: servers.Cluster, tx: Tx) -> None:
    with postgres.connect() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (tx.connection.writer_id,))


def test_f08_commits_are_synchronous(store: Store) -> None:
    assert store.run(lambda tx: tx.execute("SHOW synchronous_commit").fetchone()[0]) == "on"


def test_f12_a_connection_lost_before_the_commit_is_told(store: Store, postgres: servers.Cluster) -> None:
    def loses(tx: Tx) -> None:
        note("a")(tx)
        kill(postgres, tx)
        note("b")(tx)

    with pytest.raises(StoreUnavailable):
        store.run(loses)
    store.run(note("c"))
    assert marks(store) == ["c"]


def test_f12_a_connection_lost_at_the_commit_leaves_the_end_unknown(store: Store, postgres: servers.Cluster) -> None:
    def accept(tx: Tx) -> int:
        inbox_id = inbox.put(tx, RAW, make_envelope(identity="imap:x:1:1"), "f")
        if not lost:
            lost.append(True)
            kill(postgres, tx)
        return inbox_id

    lost: list[bool] = []
    with pytest.raises(StoreUnavailable, match="not known whether"):
        store.run(accept)
    # Who asks again gets one row, whether the first was kept or not
    ids = {store.run(accept) for _ in range(3)}
    assert len(ids) == 1 and count(store, "inbox") == 1


def test_f12_others_of_a_broken_transaction_run_again(store: Store, postgres: servers.Cluster) -> None:
    def loses(tx: Tx) -> None:
        kill(postgres, tx)
        note("b")(tx)

    with blocked(store):
        futures = [store.submit(note("a")), store.submit(loses), store.submit(note("c"))]
    assert isinstance(futures[1].exception(), StoreUnavailable)
    assert futures[0].exception() is None and futures[2].exception() is None
    assert marks(store) == ["a", "c"]


def test_a_server_that_forgot_us_while_idle_is_not_noticed(store: Store, postgres: servers.Cluster) -> None:
    writer, reader = store.run(lambda tx: tx.connection.writer_id), []
    with store.read() as tx:
        reader.append(tx.connection.writer_id)
    with postgres.connect() as admin:
        for pid in (writer, *reader):
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    store.run(note("a"))
    assert marks(store) == ["a"]


def test_f11_a_deadlock_is_run_again(store: Store, url: str) -> None:
    with open_store(url) as other:
        one, two = open_ticket(store), open_ticket(store)
        meeting = threading.Barrier(2)

        def cross(first: int, second: int) -> Any:
            has_met: list[bool] = []

            def work(tx: Tx) -> None:
                sql = "UPDATE ticket SET mails_out = mails_out + 1 WHERE serial = ?"
                tx.execute(sql, (first,))
                if not has_met:
                    has_met.append(True)
                    meeting.wait(5)
                tx.execute(sql, (second,))

            return work

        futures = [store.submit(cross(one, two)), other.submit(cross(two, one))]
        for future in futures:
            future.result(20)
    assert column(store, "SELECT mails_out FROM ticket") == [4, 4]


def test_a_name_held_elsewhere_makes_a_job_of_a_group_wait_alone(store: Store, url: str) -> None:
    with open_store(url) as other, held(other, "id:<a@b>"):
        seen: list[bool] = []

        def take(tx: Tx) -> None:
            seen.append(tx.is_alone)
            tx.lock_names(["id:<a@b>", "other"])

        with blocked(store):
            futures = [store.submit(note("a")), store.submit(take), store.submit(note("b"))]
        # The others of the group do not wait with it
        futures[0].result(5)
        futures[2].result(5)
        wait_for(lambda: seen[:2] == [False, True])
    assert futures[1].exception(5) is None and marks(store) == ["a", "b"]


def test_a_ticket_changed_elsewhere_makes_a_job_of_a_group_wait_alone(store: Store, url: str) -> None:
    serial = open_ticket(store)
    gate = threading.Event()
    with open_store(url) as other:

        def change(tx: Tx) -> None:
            lookup.lookup(tx, Query(serials=(serial,)), NOW)
            gate.wait(10)

        changing = other.submit(change)
        wait_for(lambda: other.waiting_urgent() == 0 and bool(row_locks(store)))
        seen: list[bool] = []

        def take(tx: Tx) -> None:
            seen.append(tx.is_alone)
            lookup.lookup(tx, Query(serials=(serial,)), NOW)

        with blocked(store):
            futures = [store.submit(note("a")), store.submit(take)]
        futures[0].result(5)
        wait_for(lambda: seen[:2] == [False, True])
        gate.set()
        changing.result(5)
        futures[1].result(5)
    assert seen[:2] == [False, True]


def test_f11_a_lock_that_stays_is_unavailable(url: str) -> None:
    with open_store(url, busy_seconds=0.2) as store, open_store(url) as other, held(other, "x"):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            store.run(lambda tx: tx.lock_names(["x"]))
        assert time.monotonic() - began < 20


def test_numbers_of_two_daemons_never_meet(store: Store, url: str) -> None:
    with open_store(url) as other:
        serials: list[int] = []

        def work(own: Store) -> None:
            for _ in range(10):
                serials.append(open_ticket(own, raw=os.urandom(20)))

        threads = [threading.Thread(target=work, args=(own,)) for own in (store, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(serials)) == 20 and max(serials) < 10_040


def test_claims_end_by_their_lease_only(store: Store, url: str) -> None:
    put(store)
    store.run(lambda tx: inbox.claim(tx, worker="a", now=NOW))
    with open_store(url) as other:
        assert other.run(lambda tx: inbox.claim(tx, worker="b", now=NOW)) == ()
