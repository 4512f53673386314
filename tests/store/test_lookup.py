"""Tests of what is known about a mail before it is decided, on both databases."""

import hashlib
from datetime import timedelta

import pytest

from mailproc.records.decision import Outcome
from mailproc.records.effects import IndexIds, LinkTickets, RecordRoute, RememberContact, SetState
from mailproc.records.mail import Address
from mailproc.records.ticket import Contact, Duplicate, SentMail, State
from mailproc.store import lookup
from mailproc.store.database import Store
from mailproc.store.lookup import Query
from mailproc.tickets.casenumber import format_number
from tests.store.makers import (
    JANE,
    NOW,
    RAW,
    column,
    decide,
    find,
    make_message,
    minutes,
    open_ticket,
    put,
)

FINGERPRINT = hashlib.sha256(RAW).hexdigest()


def merge(store: Store, loser: int, winner: int) -> None:
    store.run(lambda tx: tx.execute("UPDATE ticket SET merged_into = ? WHERE serial = ?", (winner, loser)))


def test_nothing_is_known_in_an_empty_store(store: Store) -> None:
    known = find(store, sender="who@x.test", message_ids=("<a@b>",), serials=(10_000,), sent=((10_000, 1),))
    assert known.next_serial == 10_000
    assert (known.duplicate, known.tickets, known.by_id, known.sent, known.requester) == (None, {}, {}, {}, None)


def test_serials_follow_one_another_and_previews_draw_none(store: Store) -> None:
    for _ in range(3):
        find(store)
    # Neither does a decision that opens nothing
    store.run(lambda tx: lookup.lookup(tx, Query(), NOW))
    assert [open_ticket(store) for _ in range(3)] == [10_000, 10_001, 10_002]
    assert find(store).next_serial == 10_003


def test_a_number_of_an_undone_job_is_not_given_twice(store: Store) -> None:
    def fails(tx: object) -> None:
        raise RuntimeError(str(lookup.peek_serial(tx)))  # type: ignore[arg-type]

    first = open_ticket(store)
    with pytest.raises(RuntimeError):
        store.run(fails)
    assert open_ticket(store) > first


def test_a_ticket_is_found_whole(store: Store) -> None:
    serial = open_ticket(store, tags=("vip", "a,b"), fields=(("order", "42"), ("ab", "c\0")), sla="gold")
    ticket = find(store, serials=(serial,)).tickets[serial]
    assert (ticket.number, ticket.subject, ticket.state) == (format_number(serial, "ACME"), "printer", State.NEW)
    assert ticket.requester == JANE and ticket.participants == (JANE.addr,)
    assert (ticket.tags, ticket.fields, ticket.sla) == (("vip", "a,b"), (("order", "42"), ("ab", "c\ufffd")), "gold")
    assert (ticket.created_at, ticket.last_mail_at, ticket.mails_out) == (NOW, NOW, 2)
    assert [(m.direction, m.purpose, m.author.addr) for m in ticket.thread] == [
        ("in", "request", JANE.addr),
        ("out", "received", "support@our.test"),
    ]


def test_ids_lead_to_the_first_ticket_they_were_indexed_for(store: Store) -> None:
    one = open_ticket(store, message_ids=("<a@x>", "<b@x>"))
    two = open_ticket(store, message_ids=("<b@x>", "<c@x>"))
    known = find(store, message_ids=("<c@x>", "<unknown@x>", "<b@x>", "<a@x>"))
    assert known.by_id == {"<c@x>": two, "<b@x>": one, "<a@x>": one}
    assert list(known.by_id) == ["<c@x>", "<b@x>", "<a@x>"] and set(known.tickets) == {one, two}


@pytest.mark.parametrize("message_id", ["<" + "x" * 5_000 + "@y>", "<\ud800\0@y>", "<żółć@y>", "<%'_@y>"])
def test_t49d_strange_ids_find_their_ticket(store: Store, message_id: str) -> None:
    serial = open_ticket(store, message_ids=(message_id,))
    assert find(store, message_ids=(message_id,)).by_id == {message_id: serial}
    assert find(store, message_ids=("<%@y>",)).by_id == {}


@pytest.mark.parametrize("count", [1, 3, 60, 200])
def test_any_number_of_ids_may_be_asked(store: Store, count: int) -> None:
    serial = open_ticket(store, message_ids=("<7@x>",))
    ids = tuple(f"<{n}@x>" for n in range(count))
    assert find(store, message_ids=ids).by_id == ({"<7@x>": serial} if count > 7 else {})


def test_merged_tickets_come_with_their_survivors(store: Store) -> None:
    serials = [open_ticket(store) for _ in range(3)]
    for loser, winner in ((0, 1), (1, 2)):
        merge(store, serials[loser], serials[winner])
    known = find(store, serials=(serials[0],))
    assert set(known.tickets) == set(serials) and known.tickets[serials[0]].merged_into == serials[1]


def test_tickets_merged_in_a_circle_end(store: Store) -> None:
    one, two = open_ticket(store), open_ticket(store)
    merge(store, one, two)
    merge(store, two, one)
    assert set(find(store, serials=(one,)).tickets) == {one, two}


def test_the_thread_is_the_first_message_and_the_last(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n in range(10):
        decide(store, put(store, b"%d" % n), make_message(serial, text=f"{n}" * 5_000, purpose="followup"))
    thread = find(store, serials=(serial,)).tickets[serial].thread
    assert [message.purpose for message in thread] == ["request", *["followup"] * 6]
    assert [message.text[0] for message in thread[1:]] == list("456789") and len(thread[1].text) == 4_000


def test_t25_the_same_bytes_are_a_duplicate_for_ever_with_an_id(store: Store) -> None:
    serial = open_ticket(store)
    first = column(store, "SELECT id FROM inbox")[0]
    again = put(store, received_at=NOW + timedelta(days=300))
    known = find(store, inbox_id=again, fingerprint=FINGERPRINT, has_message_id=True)
    assert known.duplicate == Duplicate(first, serial, ("support@our.test",), ("smtp",)) and serial in known.tickets


@pytest.mark.parametrize(("later", "is_duplicate"), [(9.9, True), (10.1, False)])
def test_t26_without_an_id_they_are_for_ten_minutes_of_arrival(store: Store, later: float, is_duplicate: bool) -> None:
    open_ticket(store)
    again = put(store, received_at=minutes(later))
    # Both are decided much later, from a backlog
    known = find(store, minutes(600), inbox_id=again, fingerprint=FINGERPRINT, has_message_id=False)
    assert (known.duplicate is not None) is is_duplicate


def test_a_mail_that_is_not_decided_makes_no_duplicate(store: Store) -> None:
    put(store)
    again = put(store)
    assert find(store, inbox_id=again, fingerprint=FINGERPRINT, has_message_id=True).duplicate is None


def test_f34_a_duplicate_knows_every_address_so_far(store: Store) -> None:
    serial = open_ticket(store)
    first = column(store, "SELECT id FROM inbox")[0]
    again = put(store, recipients=("billing@our.test",))
    decide(store, again, RecordRoute(first, ("billing@our.test",)), outcome=Outcome.DUPLICATE, serial=serial)
    third = put(store, recipients=("sales@our.test",))
    known = find(store, inbox_id=third, fingerprint=FINGERPRINT, has_message_id=True)
    assert known.duplicate == Duplicate(first, serial, ("support@our.test", "billing@our.test"), ("smtp",))


def test_f34_a_duplicate_knows_every_way_so_far(store: Store) -> None:
    serial = open_ticket(store)
    ways = {"imap": "imap:support:INBOX:1:1", "maildir": "maildir:box:17.M1:ab", "feed": "feed:abcd"}
    for kind, identity in ways.items():
        again = put(store, kind=kind, identity=identity)
        decide(store, again, outcome=Outcome.DUPLICATE, serial=serial)
    known = find(store, inbox_id=put(store), fingerprint=FINGERPRINT, has_message_id=True)
    assert known.duplicate is not None
    assert known.duplicate.ways == ("feed", "imap:support", "maildir:box", "smtp")


def test_ways_are_not_looked_for_among_copies_without_number(store: Store) -> None:
    """Somebody who sends the same mail over and over must not make each copy dearer than the last."""
    serial = open_ticket(store)
    for _ in range(lookup._MOST_COPIES):
        decide(store, put(store), outcome=Outcome.DUPLICATE, serial=serial)
    known = find(store, inbox_id=put(store), fingerprint=FINGERPRINT, has_message_id=True)
    assert known.duplicate is not None and known.duplicate.ways == ()


def test_mails_of_ours_are_found_by_their_number(store: Store) -> None:
    serial = open_ticket(store)
    known = find(store, sent=((serial, 1), (serial, 2), (serial, 9), (5, 1)))
    assert known.sent == {
        (serial, 1): SentMail(serial, 1, "forward", "dept@our.test", JANE.addr, "", True, "agent", text="forward"),
        (serial, 2): SentMail(serial, 2, "received", JANE.addr, JANE.addr, "", True, "customer"),
    }
    assert set(known.tickets) == {serial}


def test_the_sender_is_known_as_seen_last(store: Store) -> None:
    serial = open_ticket(store)
    decide(store, None, RememberContact(JANE.addr, "", "de", is_dead=True))
    decide(store, None, RememberContact(JANE.addr, "Jane D.", "", is_silenced=True))
    contact = Contact(JANE.addr, "Jane D.", "de", is_silenced=True, is_dead=True)
    assert find(store, sender=JANE.addr).requester == contact
    assert find(store, serials=(serial,)).requester == contact
    assert find(store, sender="other@c.test", serials=(serial,)).requester is None


def test_recent_reopens_are_counted(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for at in (0, 30, 70):
        decide(store, put(store), SetState(serial, "resolved", "x", "", minutes(at)), now=minutes(at))
        decide(store, put(store), SetState(serial, "open", "x", "", minutes(at)), now=minutes(at))
    decide(store, None, SetState(serial, "closed", "x"), now=minutes(71))
    decide(store, None, SetState(serial, "open", "by hand"), now=minutes(71))
    assert find(store, minutes(80), serials=(serial,)).tickets[serial].reopened_at == (minutes(30), minutes(70))


def test_unverified_words_are_marked_in_the_thread(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    decide(store, put(store), make_message(serial, is_unverified=True, author=Address("x@y.test")))
    thread = find(store, serials=(serial,)).tickets[serial].thread
    assert [message.is_unverified for message in thread] == [False, True]


def test_links_need_both_tickets(store: Store) -> None:
    one, two = open_ticket(store), open_ticket(store)
    decide(store, None, LinkTickets(one, two, "mentions"), IndexIds(one, ()))
    decide(store, None, LinkTickets(one, two, "mentions"))
    assert column(store, "SELECT kind FROM link") == ["mentions"]
