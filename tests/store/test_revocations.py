"""Reply addresses of a ticket that were revoked: one number on the ticket. And the notes read beside it."""

from dataclasses import replace
from pathlib import Path

from mailproc.records.revocations import RevokeTokens
from mailproc.records.ticket import State
from mailproc.store.connection import connect, read_place
from mailproc.store.database import Store, open_store
from mailproc.store.lookup import Query, lookup
from mailproc.store.migrate import MIGRATIONS, migrate
from mailproc.store.revocations import find_family
from tests.store.makers import NOW, column, decide, find, make_message, minutes, open_ticket


def test_a_revocation_is_kept_on_the_ticket_and_told_in_its_history(store: Store) -> None:
    serial, other = open_ticket(store), open_ticket(store)
    assert find(store, serials=(serial,)).tickets[serial].token_epoch == 0
    for _ in range(2):  # the same request again changes nothing
        decide(store, None, RevokeTokens(serial, 3, "root"), request_id="r1", serial=serial)
    found = find(store, serials=(serial, other)).tickets
    assert (found[serial].token_epoch, found[other].token_epoch) == (3, 0)
    assert column(store, "SELECT actor FROM event WHERE kind = 'tokens-revoked'") == ["root"]


def test_the_family_of_a_ticket_is_all_that_was_merged_into_it(store: Store) -> None:
    first, second, third, apart = (open_ticket(store) for _ in range(4))
    store.run(lambda tx: tx.execute("UPDATE ticket SET merged_into = ? WHERE serial = ?", (second, first)))
    store.run(lambda tx: tx.execute("UPDATE ticket SET merged_into = ? WHERE serial = ?", (third, second)))
    with store.read() as tx:
        for one in (first, second, third):
            assert sorted(find_family(tx, one)) == [first, second, third]
        assert find_family(tx, apart) == (apart,)
        assert find_family(tx, 99_999) == ()


def test_notes_are_read_where_an_agent_may_speak_however_old_they_are(store: Store) -> None:
    serial = open_ticket(store)
    decide(store, None, make_message(serial, purpose="note", visibility="internal", text="long ago"), request_id="r0")
    for turn in range(10):
        decide(store, None, make_message(serial, purpose="followup", text=f"word {turn}"), request_id=f"r{turn + 1}")
    with store.read() as tx:
        plain = lookup(tx, Query(serials=(serial,)), NOW).tickets[serial]
        query = Query(serials=(serial,), fingerprint="f" * 64, sender="ann@acme.example")
        plain_mail = lookup(tx, query, NOW).tickets[serial]
        asked = lookup(tx, replace(query, message_ids=("<a@b>", "said:x")), NOW).tickets[serial]
        released = lookup(tx, replace(query, fingerprint=""), NOW).tickets[serial]
    assert [one.notes for one in (plain, plain_mail, asked, released)] == [(), (), ("long ago",), ("long ago",)]
    assert "long ago" not in [message.text for message in asked.thread]


def test_f30_tickets_of_the_former_schema_have_no_revocation(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    step = next(at for at, one in enumerate(MIGRATIONS) if one.title == "reply addresses that were revoked")
    connection = connect(read_place(url, checkpoints=False, busy_seconds=10))
    migrate(connection, MIGRATIONS[:step])
    connection.execute(
        "INSERT INTO ticket (serial, number, subject, state, requester, requester_name, department, priority, language,"
        " assignee, channel, sla, tags, fields, created_at, updated_at, requester_message_id) VALUES"
        " (10000, 'ACME-100-009', 'x', ?, 'a@b', '', 'd', 'normal', 'en', '', 'mail', '', '[]', '{}', ?, ?, '')",
        (str(State.OPEN), NOW.isoformat(), NOW.isoformat()),
    )
    connection.close()
    with open_store(url) as store:
        assert find(store, minutes(1), serials=(10_000,)).tickets[10_000].token_epoch == 0
