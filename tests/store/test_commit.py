"""Tests of what each effect does to the database, and that nothing is done twice; on both databases."""

from typing import Any, get_args

import pytest

from mailproc.errors import Permanent
from mailproc.records.caseeffects import (
    MergeTickets,
    MoveMessage,
    RemoveParticipant,
    SetMoment,
    UnmergeTickets,
    WithdrawMails,
)
from mailproc.records.correspondence import KeepRhythm, Rhythm
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import (
    AddParticipant,
    AddTags,
    AskAbout,
    DiscardMail,
    Effect,
    HoldMail,
    IndexIds,
    KeepClock,
    LinkTickets,
    MarkBounced,
    RecordEvent,
    RecordRoute,
    ReleaseMail,
    RememberAbsence,
    RememberContact,
    SendMail,
    SetAttribute,
    SetField,
    SetState,
    SuppressMail,
    TellHolds,
    TrustSender,
)
from mailproc.records.mail import Address
from mailproc.records.promises import Clock
from mailproc.records.revocations import RevokeTokens
from mailproc.store import inbox, queries
from mailproc.store.commit import HANDLERS, commit
from mailproc.store.database import Store
from mailproc.tickets.casenumber import format_number
from tests.store.makers import (
    JANE,
    NOW,
    column,
    compose,
    count,
    decide,
    make_forward,
    make_mail,
    make_message,
    make_open,
    minutes,
    open_ticket,
    put,
)

S = 10_000  # the serial of the ticket each row starts with
TWO = 10_001

# effect -> (query, its rows), kinds of the events it writes on the ticket
EFFECTS: list[tuple[Effect, str, list[tuple[Any, ...]], list[str]]] = [
    (make_open(10_002, tags=("a", "a", "b")), "SELECT number, state, tags FROM ticket WHERE serial = 10002",
     [(format_number(10_002, "ACME"), "new", '["a","b"]')], []),
    (make_message(S, text="hi\0", to=("a@b.test",), attachments=(("f.pdf", "application/pdf", 9),)),
     "SELECT text, recipients, attachments FROM message WHERE serial = 10000 ORDER BY id DESC LIMIT 1",
     [("hi\ufffd", '["a@b.test"]', '[["f.pdf","application/pdf",9]]')], ["message"]),
    (IndexIds(S, ("<n1@x>", "<n2@x>", "", "<n1@x>")), "SELECT id FROM message_id WHERE id LIKE '<n%' ORDER BY id",
     [("<n1@x>",), ("<n2@x>",)], ["ids"]),
    (SetState(S, "resolved", "done", "ann@our.test", minutes(1)), "SELECT state, resolved_at, closed_at FROM ticket"
     " WHERE serial = 10000", [("resolved", "2026-11-01T12:01:00.000000Z", None)], ["state"]),
    (SetState(S, "closed", "done", "", minutes(1)), "SELECT state, resolved_at, closed_at FROM ticket"
     " WHERE serial = 10000", [("closed", None, "2026-11-01T12:01:00.000000Z")], ["state"]),
    (SetAttribute(S, "department", "billing", "rule"), "SELECT department FROM ticket WHERE serial = 10000",
     [("billing",)], ["attribute"]),
    (SetAttribute(S, "assignee", "ann@our.test", "take"), "SELECT assignee FROM ticket WHERE serial = 10000",
     [("ann@our.test",)], ["attribute"]),
    (AddTags(S, ("new", "vip"), ("old",)), "SELECT tags FROM ticket WHERE serial = 10000", [('["vip","new"]',)],
     ["tags"]),
    (SetField(S, "order", "42"), "SELECT fields FROM ticket WHERE serial = 10000", [('{"order":"42"}',)], ["field"]),
    (RevokeTokens(S, 2, "root"), "SELECT token_epoch FROM ticket WHERE serial = 10000", [(2,)], ["tokens-revoked"]),
    (AddParticipant(S, "bob@c.test"), "SELECT address FROM participant WHERE serial = 10000 ORDER BY address",
     [("bob@c.test",), ("jane@c.test",)], ["participant"]),
    (LinkTickets(S, TWO, "mentions"), "SELECT serial, other, kind FROM link", [(S, TWO, "mentions")], ["linked"]),
    (RemoveParticipant(S, JANE.addr), "SELECT count(*) FROM participant WHERE serial = 10000", [(0,)], ["participant"]),
    (SetMoment(S, "due", minutes(30), "asked"), "SELECT due_at, set_due_at, wakes_at FROM ticket WHERE serial = 10000",
     [("2026-11-01T12:30:00.000000Z",) * 3], ["moment"]),
    (SetMoment(S, "wait", minutes(30), "asked"), "SELECT due_at, waits_until, wakes_at FROM ticket"
     " WHERE serial = 10000", [(None, "2026-11-01T12:30:00.000000Z", "2026-11-01T12:30:00.000000Z")], ["moment"]),
    (MergeTickets(S, TWO, "ann@our.test"), "SELECT t.merged_into, count(m.id) FROM ticket t JOIN message m"
     " ON m.serial = 10001 WHERE t.serial = 10000 GROUP BY t.merged_into", [(TWO, 3)], ["merged"]),
    (UnmergeTickets(S, TWO), "SELECT merged_into FROM ticket WHERE serial = 10000", [(None,)], []),
    (MoveMessage(S, 1, TWO), "SELECT serial, purpose FROM message WHERE id = 1", [(TWO, "request")], ["split"]),
    (WithdrawMails(S, 1), "SELECT state FROM outbox WHERE purpose = 'answer'", [], []),
    (KeepClock(S, Clock(minutes(0), look_at=minutes(30)), minutes(30), "first_response"),
     "SELECT t.due_at, p.look_at, p.waiting_since FROM ticket t JOIN promise p ON p.serial = t.serial",
     [("2026-11-01T12:30:00.000000Z", "2026-11-01T12:30:00.000000Z", None)], ["due"]),
    (KeepClock(S, Clock(minutes(0)), None, "", is_new_due=False), "SELECT look_at FROM promise", [(None,)], []),
    (KeepRhythm("Jane+x@c.test", Rhythm(0, minutes(1), S, machine_id=-1, why="same words")),
     "SELECT address, inbox_id, at, serial, machine_id, machine_until, why FROM correspondence",
     [("Jane@c.test", 3, "2026-11-01T12:01:00.000000Z", S, 3, None, "same words")], []),
    (LinkTickets(S, TWO, "rule"), "SELECT serial, other, kind FROM link", [(S, TWO, "rule")], ["linked"]),
    (LinkTickets(S, 77_777, "rule"), "SELECT count(*) FROM link", [(0,)], ["not-linked"]),
    (RecordEvent(S, "routed", (("rule", "money"),)), "SELECT data FROM event WHERE kind = 'routed'",
     [('{"rule":"money"}',)], ["routed"]),
    (RememberContact("bob@c.test", "Bob", "de"), "SELECT name, language, is_dead FROM contact"
     " WHERE address = 'bob@c.test'", [("Bob", "de", 0)], []),
    (HoldMail("spam", "Looks like spam.", S), "SELECT state, held_text, serial FROM inbox ORDER BY id DESC LIMIT 1",
     [("held", "Looks like spam.", S)], ["held"]),
    (AskAbout("department:billing"), "SELECT audience, alarmed_at FROM hold", [("department:billing", None)], []),
    # Of what is not held nothing changes; test_holds.py has those that are
    (ReleaseMail(1, "new", "ops"), "SELECT state, release_as FROM inbox WHERE id = 1", [("done", "")], []),
    (DiscardMail(1, "ops"), "SELECT count(*) FROM inbox WHERE reason = 'discarded'", [(0,)], []),
    (TrustSender("joe@c.test", "ops"), "SELECT address FROM contact WHERE is_trusted = 1", [("joe@c.test",)], []),
    (TellHolds((1,)), "SELECT inbox_id, alarmed_at FROM hold", [(1, "2026-11-01T12:01:00.000000Z")], []),
    (RememberAbsence("ann@our.test", "2026-11-16"), "SELECT address, back_on FROM absence",
     [("ann@our.test", "2026-11-16")], []),
    (RecordRoute(1, ("billing@our.test",)), "SELECT routes FROM inbox WHERE id = 1", [('["billing@our.test"]',)],
     ["routes"]),
    (SendMail(make_mail(S, 3, purpose="resolved")), "SELECT n, purpose, recipient, state FROM outbox"
     " ORDER BY id DESC LIMIT 1", [(3, "resolved", JANE.addr, "queued")], ["mail-queued"]),
    (SuppressMail(S, "received", JANE.addr, "sender-hour"), "SELECT data FROM event WHERE kind = 'suppressed'",
     [('{"purpose":"received","to":"jane@c.test","reason":"sender-hour"}',)], ["suppressed"]),
    (MarkBounced(S, 2, JANE.addr, "5.1.1", True, "no such user"), "SELECT bounced_at, bounce FROM outbox"
     " WHERE serial = 10000 AND n = 2", [("2026-11-01T12:01:00.000000Z", "5.1.1 no such user")], ["bounced"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("effect", "sql", "rows", "kinds"), EFFECTS, ids=[f"{n}-{type(row[0]).__name__}" for n, row in enumerate(EFFECTS)]
)
def test_effect_changes_its_rows_and_writes_history(
    store: Store, effect: Effect, sql: str, rows: list[tuple[Any, ...]], kinds: list[str]
) -> None:
    assert open_ticket(store, tags=("old", "vip")) == S and open_ticket(store, has_mails=False) == TWO
    before = count(store, "event", f"serial = {S}")
    mails = (effect.mail,) if isinstance(effect, SendMail) else ()
    effects = () if mails else (effect,)
    assert decide(store, put(store, b"x"), *effects, mails=mails, now=minutes(1), serial=S)
    with store.read() as tx:
        assert [tuple(row) for row in tx.execute(sql).fetchall()] == rows
        found = tx.execute(f"SELECT kind, at FROM event WHERE serial = {S} ORDER BY id").fetchall()[before:]
    assert [kind for kind, _ in found] == kinds
    assert all(at == "2026-11-01T12:01:00.000000Z" for _, at in found)


def test_every_effect_has_a_handler_and_a_row_here() -> None:
    assert set(get_args(Effect)) == set(HANDLERS)
    assert {type(row[0]) for row in EFFECTS} == set(HANDLERS)


def test_a_state_that_reopens_clears_its_times(store: Store) -> None:
    serial = open_ticket(store)
    decide(store, None, SetState(serial, "resolved", ""), SetState(serial, "closed", ""))
    decide(store, put(store), SetState(serial, "open", "customer wrote", JANE.addr, minutes(5)), now=minutes(5))
    sql = "SELECT state, resolved_at, closed_at, reopened_at FROM ticket"
    with store.read() as tx:
        assert tuple(tx.execute(sql).fetchone()) == ("open", None, None, '["2026-11-01T12:05:00.000000Z"]')


def test_f07_a_decided_mail_is_not_decided_again(store: Store) -> None:
    serial = open_ticket(store)
    before = {table: count(store, table) for table in ("message", "outbox", "event", "decision", "ticket")}
    for _ in range(5):
        assert not decide(store, 1, make_message(serial), mails=(make_mail(serial, 3),), serial=serial)
    assert before == {table: count(store, table) for table in before}


def test_f07_a_released_mail_doubles_nothing(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    inbox_id = put(store, b"y")
    for n in range(5):
        decide(store, inbox_id, HoldMail("why", "", serial), mails=(make_mail(serial, n + 1, purpose="refused"),))
        store.run(lambda tx: inbox.release(tx, inbox_id, NOW))
    assert count(store, "outbox") == count(store, "outbox_raw") == 1
    message = make_message(serial, purpose="followup")
    assert decide(store, inbox_id, message, mails=(make_mail(serial, 9, purpose="refused"),))
    assert count(store, "outbox") == 1 and count(store, "message", f"inbox_id = {inbox_id}") == 1
    assert column(store, "SELECT kind FROM event WHERE kind = 'mail-known'") == ["mail-known"] * 5


def test_f12_a_request_that_is_in_force_is_not_carried_out_again(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    mail = make_mail(serial, 1, purpose="resolved")
    effects = (SetState(serial, "resolved", "asked"),)
    with store.read() as tx:
        assert not tx.execute("SELECT 1 FROM decision WHERE request_id = 'r1'").fetchone()
    results = [
        decide(store, None, *effects, mails=(mail,), request_id="r1", serial=serial, outcome=Outcome.CHANGED)
        for _ in range(3)
    ]
    assert results == [True, False, False]
    assert count(store, "outbox") == 1 and count(store, "event", "kind = 'state'") == 1
    with store.read() as tx:
        assert tx.execute("SELECT outcome FROM decision WHERE request_id = 'r1'").fetchone()[0] == Outcome.CHANGED


def test_requests_without_an_id_are_carried_out_each_time(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    assert all(decide(store, None, mails=(make_mail(serial, n, purpose="status"),)) for n in (1, 2))
    assert count(store, "outbox") == 2


def test_one_request_may_change_several_tickets(store: Store) -> None:
    one, two = open_ticket(store, has_mails=False), open_ticket(store, has_mails=False)
    for serial in (one, two):
        state = SetState(serial, "closed", "all")
        assert decide(store, None, state, mails=(make_mail(serial, 1),), request_id="bulk", serial=serial)
    assert count(store, "outbox") == 2


def test_the_same_words_to_several_people_are_one_message(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    mails = (
        make_mail(serial, 1, purpose="answer", text="Restart it.", author="ann@our.test", is_limited=False),
        make_mail(serial, 2, purpose="answer", text="Restart it.", author="ann@our.test", recipient="bob@c.test"),
        make_forward(serial, 3, purpose="copy"),
    )
    decide(store, put(store, b"z"), mails=mails)
    with store.read() as tx:
        ticket = queries.get_ticket(tx, serial)
    assert ticket is not None
    assert [(m["direction"], m["from"], m["to"], m["text"]) for m in ticket["messages"][1:]] == [
        ("out", "ann@our.test", [JANE.addr, "bob@c.test"], "Restart it.")
    ]
    assert column(store, "SELECT mails_out FROM ticket") == [3]


def test_f27_a_mail_that_cannot_be_made_is_held_and_the_rest_is_done(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    mail = make_mail(serial, 1, purpose="resolved")
    decide(store, put(store), SetState(serial, "resolved", ""), mails=(mail,), errors={"resolved": "template broken"})
    assert column(store, "SELECT state FROM outbox") == ["held"]
    assert column(store, "SELECT state FROM ticket") == ["resolved"]
    assert column(store, "SELECT error FROM outbox") == ["template broken"]


def test_a_mail_may_wait_before_it_is_sent(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    decide(store, put(store), mails=(make_mail(serial, 1, not_before=minutes(3)),))
    assert column(store, "SELECT next_at FROM outbox") == ["2026-11-01T12:03:00.000000Z"]


def test_a_mail_that_was_not_composed_is_not_forgotten(store: Store) -> None:
    serial = open_ticket(store)
    decision = Decision(Outcome.APPENDED, "x", (SendMail(make_mail(serial, 3, purpose="answer")),))
    inbox_id = put(store)
    with pytest.raises(Permanent, match="without some of its mails"):
        store.run(lambda tx: commit(tx, decision, (), inbox_id=inbox_id, now=NOW))
    assert column(store, f"SELECT state FROM inbox WHERE id = {inbox_id}") == ["received"]


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        ((SetState(99, "open", ""),), "ticket 99 is not in the database"),
        ((SetAttribute(S, "owner", "x", ""),), "no attribute 'owner'"),
        ((make_message(S), make_message(S)), "would become two messages"),
        ((RecordRoute(77, ()),), "mail 77, which this one repeats"),
        ((object(),), "no handler for object"),
    ],
)
def test_a_decision_that_cannot_be_carried_out_changes_nothing(store: Store, effects: Any, words: str) -> None:
    open_ticket(store)
    inbox_id = put(store)
    before = count(store, "event"), count(store, "decision")
    with pytest.raises(Permanent, match=words):
        decide(store, inbox_id, *effects)
    assert (count(store, "event"), count(store, "decision")) == before
    assert column(store, f"SELECT state FROM inbox WHERE id = {inbox_id}") == ["received"]


def test_a_mail_that_is_not_there_cannot_be_decided(store: Store) -> None:
    with pytest.raises(Permanent, match="mail 42 is not in the database"):
        decide(store, 42)


def test_t49d_text_is_stored_the_same_on_both_databases(store: Store) -> None:
    nasty = "%'_\x00\ud800\\\"; DROP TABLE ticket; --"
    clean = nasty.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    who = Address("jane@c.test", nasty)
    serial = open_ticket(store, subject=nasty, requester=who, tags=(nasty,), fields=((nasty, nasty),), department=nasty)
    decide(
        store,
        put(store, sender=nasty, helo=nasty),
        make_message(serial, subject=nasty, text=nasty, cut_text=nasty, message_id=nasty, to=(nasty,)),
        RecordEvent(serial, "x", ((nasty, nasty),), nasty),
        HoldMail("r", nasty),
        SetField(serial, nasty, "new"),
        mails=(make_mail(serial, 3, purpose="answer", subject=nasty, text=nasty, author=nasty),),
        summary=(nasty, nasty),
    )
    with store.read() as tx:
        ticket = queries.get_ticket(tx, serial)
        held = queries.list_held(tx)
    assert ticket is not None
    assert (ticket["subject"], ticket["tags"], ticket["fields"]) == (clean, [clean], {clean: "new"})
    assert [m["text"] for m in ticket["messages"][2:]] == [clean, clean]
    assert ticket["messages"][2]["to"] == [clean] and (held[0]["from"], held[0]["subject"]) == (clean, clean)
    assert [e for e in ticket["events"] if e["kind"] == "x"][0] == {
        "at": "2026-11-01T12:00:00.000000Z", "kind": "x", "actor": clean, "data": {clean: clean},
    }  # fmt: skip


def test_history_is_never_changed(store: Store) -> None:
    open_ticket(store)
    with pytest.raises(Exception, match="events are never changed"):
        store.run(lambda tx: tx.execute("UPDATE event SET kind = 'x'"))


def test_a_composed_mail_keeps_its_bytes(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    raw = b"Subject: x\r\n\r\n" + bytes(range(256)) * 50
    mail = make_mail(serial, 1)
    decision = Decision(Outcome.APPENDED, "x", (SendMail(mail),))
    inbox_id = put(store)
    store.run(lambda tx: commit(tx, decision, (compose(mail, raw),), inbox_id=inbox_id, now=NOW))
    with store.read() as tx:
        (message_id,) = [m["id"] for m in queries.get_ticket(tx, serial)["messages"] if m["purpose"] == "received"]  # type: ignore[index]
        assert queries.raw_of_message(tx, message_id) == raw
