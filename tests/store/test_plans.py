"""Tests that no statement of the daily work walks through a table that grows (SQLite's own plans)."""

import re
from pathlib import Path

import pytest

from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.records.effects import KeepClock, MarkBounced, RecordRoute, SetState
from mailproc.records.promises import Clock
from mailproc.store import clockwork, inbox, lookup, outbox, queries
from mailproc.store.database import Store, open_store
from mailproc.store.lookup import Query
from tests.store.makers import JANE, NOW, decide, make_message, minutes, open_ticket, put

# Indexes of rows in one passing state, and sums of a few hours: reading them whole is reading what is to be done
SMALL = (
    "inbox_waiting",
    "inbox_held",
    "outbox_queued",
    "outbox_sending",
    "sent_hour",
    "sent_minute",
    "ticket_resolved",
    "promise_look",
)
BIG = ("inbox", "inbox_raw", "decision", "ticket", "participant", "message", "message_id", "link", "event", "contact",
       "promise")
BIG_OUT = ("outbox", "outbox_raw")


@pytest.fixture
def sqlite_store(tmp_path: Path) -> "Store":
    return open_store(f"sqlite:///{tmp_path}/store.db", checkpoints=True)


def work_a_day(store: Store) -> None:
    """Everything the daemon does with mail, once."""
    serial = open_ticket(store)
    second = put(store, identity="imap:x:1:1")
    put(store, identity="imap:x:1:1")
    store.run(lambda tx: inbox.claim(tx, worker="w", now=NOW))
    store.run(lambda tx: inbox.release_claims(tx))
    query = Query(second, "f" * 64, False, (serial, 9), ("<m1@c.test>", "<b@c>"), ((serial, 1),), JANE.addr, "printer")
    store.run(lambda tx: lookup.lookup(tx, query, minutes(1)))
    decide(
        store, second, make_message(serial, purpose="answer"), SetState(serial, "resolved", ""),
        RecordRoute(1, ("a@b",)), MarkBounced(serial, 1, "x", "5.1.1", True, ""),
        summary=(JANE.addr, "printer"), serial=serial,
    )  # fmt: skip
    store.run(lambda tx: outbox.recover(tx, NOW))
    (mail, *_) = store.run(lambda tx: outbox.lease(tx, sender="s", now=minutes(1)))
    store.run(lambda tx: outbox.settle(tx, mail.id, Receipt(ReceiptState.SENT), minutes(1)))
    store.run(lambda tx: inbox.count_waiting(tx))
    store.run(lambda tx: queries.due_for_close(tx, NOW, minutes(1) - NOW))
    decide(store, None, KeepClock(serial, Clock(NOW, look_at=NOW), NOW, "resolution"), request_id="r1")
    store.run(lambda tx: clockwork.claim(tx, minutes(1), "", None))
    store.run(lambda tx: clockwork.look_up(tx, Query(serials=(serial,)), minutes(1)))
    store.run(lambda tx: queries.find_serial(tx, "ACME-1"))
    store.run(lambda tx: queries.trace_of(tx, second))
    store.run(lambda tx: queries.get_ticket(tx, serial))
    store.run(lambda tx: queries.list_tickets(tx, state="new", limit=10))
    store.run(lambda tx: queries.list_tickets(tx, limit=10))
    store.run(lambda tx: queries.list_held(tx))
    store.run(lambda tx: inbox.get(tx, second))


def test_no_daily_statement_walks_through_a_growing_table(sqlite_store: Store) -> None:
    seen: dict[str, None] = {}
    store = sqlite_store
    store.run(lambda tx: tx.database.connection().set_trace_callback(lambda sql: seen.setdefault(sql)))  # type: ignore[no-untyped-call]
    work_a_day(store)
    store.run(lambda tx: tx.database.connection().set_trace_callback(None))  # type: ignore[no-untyped-call]
    statements = [sql for sql in seen if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", sql)]
    assert len(statements) > 40
    problems = []
    with store.read() as tx:
        for sql in statements:
            for row in tx.execute("EXPLAIN QUERY PLAN " + sql).fetchall():
                table = re.match(r"SCAN (\w+)", row[3])
                aliased = re.search(rf"\b(?:FROM|JOIN) \"?(\w+)\"?(?: AS)? \"?{table[1]}\"?\b", sql) if table else None
                name = aliased[1] if aliased else table[1] if table else ""
                if name in (*BIG, *BIG_OUT) and not any(f"INDEX {index}" in row[3] for index in SMALL):
                    # The newest first, and only as many as were asked for
                    if re.search(r'ORDER BY "t1"."serial" DESC LIMIT', sql):
                        continue
                    problems.append(f"{row[3]}: {sql}")
                if "TEMP B-TREE" in row[3] and "LIMIT" in sql and "ticket" not in sql:
                    problems.append(f"{row[3]}: {sql}")
    store.close()
    assert problems == []


def test_a_decision_takes_few_statements(sqlite_store: Store) -> None:
    store = sqlite_store
    open_ticket(store)
    seen: list[str] = []
    store.run(lambda tx: tx.database.connection().set_trace_callback(seen.append))  # type: ignore[no-untyped-call]
    query = Query(5, "f" * 64, True, (), ("<x@c.test>", "<b@c>"), (), "new@c.test", "printer")
    store.run(lambda tx: lookup.lookup(tx, query, NOW))
    looked_up = [sql for sql in seen if sql.startswith("SELECT")]
    store.close()
    # Who wrote, the same bytes, the ids, and once an hour what is usual
    assert len(looked_up) <= 4
