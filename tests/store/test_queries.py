"""Tests of the lists and records the command line prints, on both databases."""

from datetime import timedelta

import pytest

from mailproc.records.decision import Step
from mailproc.records.effects import HoldMail, LinkTickets, SetState
from mailproc.records.mail import Address
from mailproc.store import queries
from mailproc.store.database import Store
from mailproc.tickets.casenumber import format_number
from tests.store.makers import JANE, NOW, RAW, column, decide, make_mail, make_message, minutes, open_ticket, put

HEAD = [
    "number", "subject", "state", "priority", "department", "assignee", "requester", "language", "tags", "fields",
    "channel", "created_at", "due",
]  # fmt: skip


def test_a_ticket_has_the_keys_of_the_command_line(store: Store) -> None:
    serial = open_ticket(store, tags=("vip",), fields=(("order", "42"),))
    with store.read() as tx:
        ticket = queries.get_ticket(tx, serial)
        assert queries.get_ticket(tx, 99) is None
    assert ticket is not None and list(ticket) == [*HEAD, "messages", "events", "links"]
    assert (ticket["number"], ticket["requester"], ticket["due"]) == (format_number(serial, "ACME"), JANE.addr, None)
    assert (ticket["tags"], ticket["fields"]) == (["vip"], {"order": "42"})
    assert ticket["messages"][0] == {
        "id": 1, "direction": "in", "visibility": "public", "from": JANE.addr, "to": ["support@our.test"],
        "subject": "printer", "date": "2026-11-01T12:00:00.000000Z", "text": "It does not print.",
        "message_id": "<m1@c.test>", "purpose": "request", "class": "human", "level": "A2", "evidence": [],
        "attachments": [],
    }  # fmt: skip
    assert [event["kind"] for event in ticket["events"]] == ["opened", "message", "ids", "mail-queued", "mail-queued"]


def test_tickets_are_listed_newest_first(store: Store) -> None:
    serials = [open_ticket(store, now=minutes(n), has_mails=False) for n in range(4)]
    decide(store, None, SetState(serials[1], "closed", ""), LinkTickets(serials[0], serials[3], "follows"))
    numbers = [format_number(serial, "ACME") for serial in serials]
    with store.read() as tx:
        everything = queries.list_tickets(tx)
        assert [ticket["number"] for ticket in everything] == numbers[::-1]
        assert all(list(ticket) == [*HEAD, "links"] for ticket in everything)
        assert everything[-1]["links"] == [
            {"ticket": numbers[3], "kind": "follows", "at": "2026-11-01T12:00:00.000000Z"}
        ]
        assert everything[0]["links"][0]["kind"] == "by-follows"
        assert [t["number"] for t in queries.list_tickets(tx, state="new", limit=2)] == [numbers[3], numbers[2]]
        assert [t["number"] for t in queries.list_tickets(tx, state="closed")] == [numbers[1]]


def test_held_mails_are_listed(store: Store) -> None:
    inbox_id = put(store)
    decide(store, inbox_id, HoldMail("spam", "x"), summary=("jane@c.test", "Win!"))
    with store.read() as tx:
        assert queries.list_held(tx) == [
            {"id": inbox_id, "reason": "test", "from": "jane@c.test", "subject": "Win!",
             "received_at": "2026-11-01T12:00:00.000000Z"}
        ]  # fmt: skip


def test_outgoing_mails_are_listed_with_their_ticket(store: Store) -> None:
    serial = open_ticket(store)
    decide(store, None, mails=(make_mail(0, 0, purpose="alarm", recipient="ops@our.test"),))
    with store.read() as tx:
        lines = queries.list_outbox(tx)
        number = format_number(serial, "ACME")
        assert [(line["to"], line["ticket"]) for line in lines] == [
            ("dept@our.test", number),
            (JANE.addr, number),
            ("ops@our.test", None),
        ]
        assert list(lines[0]) == ["id", "state", "to", "purpose", "subject", "ticket"]
        assert len(queries.list_outbox(tx, "queued")) == 3 and queries.list_outbox(tx, "sent") == []
        one = queries.get_outbox(tx, lines[1]["id"])
        assert one is not None and (one["n"], one["attempts"], one["purpose"]) == (2, 0, "received")
        assert queries.get_outbox(tx, 99) is None


@pytest.mark.parametrize("written", ["{}", "[{}]", " {} "])
def test_a_ticket_is_found_by_its_number(store: Store, written: str) -> None:
    serial = open_ticket(store)
    number = format_number(serial, "ACME")
    with store.read() as tx:
        assert queries.find_serial(tx, written.format(number)) == serial
        assert queries.find_serial(tx, written.format(number.lower())) == serial
        assert queries.find_serial(tx, "ACME-1") is None


def test_traces_come_back(store: Store) -> None:
    serial = open_ticket(store)
    inbox_id = put(store, b"z")
    decide(store, inbox_id, HoldMail("why", ""), serial=serial)
    with store.read() as tx:
        assert queries.trace_of(tx, inbox_id) == (Step("rules", "rule money: subject is 'printer'", False),)
        assert queries.trace_of(tx, 99) == ()
        traces = queries.traces_of_ticket(tx, serial)
    assert [(t["inbox_id"], t["outcome"], t["reason"]) for t in traces] == [
        (1, "opened", "new"),
        (inbox_id, "appended", "test"),
    ]
    assert traces[0]["steps"] == (Step("rules", "no rule", None),)


def test_bytes_behind_messages_are_found(store: Store) -> None:
    serial = open_ticket(store)
    decide(store, None, make_message(serial, author=Address("ann@our.test")))
    ids = column(store, "SELECT id FROM message ORDER BY id")
    with store.read() as tx:
        raws = [queries.raw_of_message(tx, message_id) for message_id in (*ids, 99)]
    assert raws[0] == RAW and raws[1] is not None and raws[1].startswith(b"To: jane") and raws[2:] == [None, None]


def test_tickets_resolved_for_long_are_due(store: Store) -> None:
    serials = [open_ticket(store, has_mails=False) for _ in range(3)]
    for serial, at in zip(serials, (60, 0, 30), strict=True):
        decide(store, None, SetState(serial, "resolved", "", "", minutes(at)))
    decide(store, None, SetState(serials[2], "open", ""))
    with store.read() as tx:
        week = timedelta(days=7)
        assert queries.due_for_close(tx, NOW + week - timedelta(seconds=1), week) == ()
        assert queries.due_for_close(tx, NOW + week, week) == (serials[1],)
        assert queries.due_for_close(tx, minutes(60) + week, week) == (serials[1], serials[0])
