"""Tests of transactions on both databases: who shares one, who waits, who is undone, who reads what."""

import contextlib
import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest

from mailproc.errors import Permanent, StoreUnavailable
from mailproc.store import inbox, meta
from mailproc.store.connection import read_place
from mailproc.store.database import Store, Tx, open_store
from tests.store.makers import (
    RAW,
    blocked,
    count,
    make_envelope,
    marks,
    note,
    put,
)


def fails(tx: Tx) -> None:
    meta.set_value(tx, "bad", "x")
    tx.execute("INSERT INTO meta (key, value) VALUES ('bad', 'twice')")


def test_a_failing_job_undoes_only_itself(store: Store) -> None:
    with blocked(store):
        futures = [store.submit(note("a")), store.submit(fails), store.submit(note("b")), store.submit(fails)]
    assert [type(future.exception()).__name__ for future in futures] == [
        "NoneType",
        futures[1].exception().__class__.__name__,
        "NoneType",
        futures[1].exception().__class__.__name__,
    ]
    assert "Integrity" in repr(futures[1].exception()) or "Unique" in repr(futures[1].exception())
    assert marks(store) == ["a", "b"]


def test_a_first_job_that_fails_harms_nobody(store: Store) -> None:
    with blocked(store):
        futures = [store.submit(fails), store.submit(note("a"))]
    assert futures[0].exception() is not None and futures[1].exception() is None
    assert marks(store) == ["a"]


def test_a_result_is_told_after_the_commit(store: Store, store_url: str) -> None:
    seen: list[int] = []
    with open_store(store_url) as other:
        future = store.submit(lambda tx: inbox.put(tx, RAW, make_envelope(), "f"), urgent=True)
        future.add_done_callback(lambda _: seen.append(count(other, "inbox")))
        future.result()
        deadline = time.monotonic() + 5
        while not seen and time.monotonic() < deadline:
            time.sleep(0.005)
    assert seen == [1]


def test_waiting_jobs_share_a_transaction(store: Store) -> None:
    ids: Future[Any]
    sql = "SELECT pg_current_xact_id()::text" if store.is_postgres else "SELECT total_changes()"
    if not store.is_postgres:
        # SQLite names no transactions: a savepoint inside one tells that others came before
        sql = "SELECT value FROM meta WHERE key = 'first'"
    with blocked(store):
        first = store.submit(lambda tx: tx.execute(sql).fetchone() if store.is_postgres else note("first")(tx))
        ids = store.submit(lambda tx: (tx.is_alone, tx.execute(sql).fetchone()))
    is_alone, row = ids.result()
    assert not is_alone
    if store.is_postgres:
        assert first.result() == row


def test_urgent_jobs_go_first_and_do_not_wait_for_others(store: Store) -> None:
    order: list[str] = []

    def job(name: str) -> Any:
        def work(tx: Tx) -> None:
            order.append(name)
            time.sleep(0.002)

        return work

    with blocked(store):
        futures = [store.submit(job("normal")) for _ in range(5)]
        futures += [store.submit(job("urgent"), urgent=True) for _ in range(3)]
        assert store.waiting_urgent() == 3
    for future in futures:
        future.result()
    assert order == ["urgent"] * 3 + ["normal"] * 5 and store.waiting_urgent() == 0


def test_other_jobs_are_not_starved_by_urgent_ones(store: Store) -> None:
    stop = time.monotonic() + 3
    done = threading.Event()

    def accept(tx: Tx) -> None:
        time.sleep(0.002)

    def keep_busy() -> None:
        waiting: list[Future[None]] = []
        while time.monotonic() < stop and not done.is_set():
            waiting.append(store.submit(accept, urgent=True))
            if len(waiting) > 20:
                waiting.pop(0).result()
        for future in waiting:
            future.result()

    thread = threading.Thread(target=keep_busy)
    thread.start()
    time.sleep(0.05)
    began = time.monotonic()
    store.run(note("a"))
    waited = time.monotonic() - began
    done.set()
    thread.join()
    assert waited < 2


def test_a_job_nobody_waits_for_is_not_done(store: Store) -> None:
    with blocked(store):
        future = store.submit(note("a"))
        assert future.cancel()
    store.run(note("b"))
    assert marks(store) == ["b"]


def test_a_job_may_not_wait_for_another(store: Store) -> None:
    with pytest.raises(RuntimeError, match="waits for another one"):
        store.run(lambda tx: store.run(note("a")))


def test_a_job_may_not_end_its_transaction(store: Store) -> None:
    with pytest.raises(RuntimeError, match="ended its transaction"):
        store.run(lambda tx: tx.execute("COMMIT"))
    store.run(note("a"))
    assert marks(store) == ["a"]


def test_a_job_that_hides_a_failed_statement_is_undone(store: Store) -> None:
    def hides(tx: Tx) -> None:
        note("a")(tx)
        with contextlib.suppress(Exception):
            tx.execute("SELECT nonsense")

    if store.is_postgres:
        with pytest.raises(RuntimeError, match="hid a failed statement"):
            store.run(hides)
        assert marks(store) == []
    else:
        store.run(hides)
        assert marks(store) == ["a"]


def test_reading_sees_one_moment_and_changes_nothing(store: Store) -> None:
    put(store)
    with store.read() as tx:
        assert tx.execute("SELECT count(*) FROM inbox").fetchone()[0] == 1
        put(store)
        assert tx.execute("SELECT count(*) FROM inbox").fetchone()[0] == 1
        with pytest.raises(Exception, match="read-only|readonly"):
            tx.execute("DELETE FROM inbox")
    assert count(store, "inbox") == 2


def test_many_threads_read_and_write(store: Store) -> None:
    def work() -> None:
        for _ in range(10):
            put(store)
            count(store, "inbox")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(store, "inbox") == count(store, "inbox_raw") == 80


def test_closing_finishes_what_waits(store_url: str) -> None:
    store = open_store(store_url)
    futures = [store.submit(note(str(n))) for n in range(20)]
    store.close()
    assert all(future.exception() is None for future in futures)
    with pytest.raises(StoreUnavailable, match="closed"):
        store.run(note("late"))


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///data/x.db", "/data/x.db"), ("sqlite:////data/x.db", "/data/x.db"), ("postgres://u@h/x", "")],
)
def test_a_url_names_a_place(url: str, path: str) -> None:
    assert read_place(url, checkpoints=False, busy_seconds=1).path == path


@pytest.mark.parametrize("url", ["mysql://x", "sqlite:///", "data/x.db", ""])
def test_a_url_of_no_database_is_refused_in_words(url: str) -> None:
    with pytest.raises(Permanent, match="database"):
        open_store(url)


def test_a_password_is_not_told() -> None:
    place = read_place("postgresql://me:secret@127.0.0.1:1/x", checkpoints=False, busy_seconds=1)
    assert "secret" not in place.name and place.name == "postgresql://127.0.0.1:1/x"
    with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
        open_store("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)
