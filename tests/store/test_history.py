"""Tests for reading stored mail with what was decided about it, on both databases."""

from datetime import timedelta

import pytest

from mailproc.records.decision import Outcome, Step
from mailproc.records.effects import AddTags, RememberContact, SetAttribute, SetField, SetState
from mailproc.store import history
from mailproc.store.database import Store
from tests.store.makers import JANE, NOW, decide, make_message, make_open, minutes, put

SERIAL = 10_000


def open_jane(store: Store) -> int:
    """Jane's first mail and her ticket."""
    inbox_id = put(store)
    effects = (make_open(SERIAL), make_message(SERIAL), RememberContact(JANE.addr, JANE.name))
    decide(store, inbox_id, *effects, outcome=Outcome.OPENED, serial=SERIAL, summary=(JANE.addr, "printer"))
    return inbox_id


def test_ids_when_a_time_is_asked_for_are_those_that_arrived_then(store: Store) -> None:
    ids = [put(store, b"Subject: %d\r\n\r\n" % n, received_at=minutes(n)) for n in range(5)]
    with store.read() as tx:
        assert list(history.list_ids(tx, minutes(1), minutes(4))) == ids[1:4]
        assert list(history.list_ids(tx, minutes(9), minutes(99))) == []


def test_ids_when_there_are_many_pages_are_all_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [put(store, b"Subject: %d\r\n\r\n" % n) for n in range(7)]
    monkeypatch.setattr(history, "_PAGE", 3)
    with store.read() as tx:
        assert list(history.list_ids(tx, NOW - timedelta(1), NOW + timedelta(1))) == ids


def test_mails_when_read_come_with_their_decision(store: Store) -> None:
    first = open_jane(store)
    second = put(store, b"Subject: again\r\n\r\n")
    decide(store, second, make_message(SERIAL), serial=SERIAL, now=minutes(5), summary=(JANE.addr, "again"))
    waiting = put(store, b"Subject: waits\r\n\r\n")
    with store.read() as tx:
        mails = {mail.id: mail for mail in history.read_mails(tx, [first, second, waiting, 999])}
    assert list(mails) == [first, second, waiting]
    assert (mails[first].outcome, mails[first].serial, mails[first].was_known) == ("opened", SERIAL, False)
    assert mails[first].number.startswith("ACME-") and mails[first].envelope.recipients == ("support@our.test",)
    assert (mails[second].outcome, mails[second].was_known, mails[second].subject) == ("appended", True, "again")
    assert all(isinstance(step, Step) for step in mails[second].steps)
    assert (mails[waiting].outcome, mails[waiting].decided_at, mails[waiting].steps) == ("", None, ())


def test_ids_of_a_ticket_when_mails_ended_on_it(store: Store) -> None:
    first = open_jane(store)
    second = put(store, b"Subject: again\r\n\r\n")
    decide(store, second, make_message(SERIAL), serial=SERIAL, now=minutes(5))
    decide(store, None, SetState(SERIAL, "open", "x"), serial=SERIAL, now=minutes(6), request_id="r")
    with store.read() as tx:
        assert history.ids_of_ticket(tx, SERIAL) == (first, second)
        assert history.ids_of_ticket(tx, 77) == ()


def test_ticket_when_a_mail_found_it_is_without_what_came_with_the_mail_and_since(store: Store) -> None:
    open_jane(store)
    decide(store, None, AddTags(SERIAL, ("early",)), SetField(SERIAL, "os", "Linux", "r"),
           serial=SERIAL, now=minutes(1), request_id="early")  # fmt: skip
    mail = put(store, b"Subject: again\r\n\r\n")
    effects = (
        make_message(SERIAL), SetState(SERIAL, "open", "wrote"), SetAttribute(SERIAL, "priority", "urgent", "r"),
        AddTags(SERIAL, ("late",)), SetField(SERIAL, "order", "12", "r"),
    )  # fmt: skip
    decide(store, mail, *effects, serial=SERIAL, now=minutes(5))
    decide(store, None, SetAttribute(SERIAL, "department", "billing", "r"), AddTags(SERIAL, (), ("early",)),
           SetField(SERIAL, "os", "BSD", "r"), SetAttribute(SERIAL, "priority", "low", "r"),
           serial=SERIAL, now=minutes(6), request_id="late")  # fmt: skip
    with store.read() as tx:
        then = history.ticket_before(tx, SERIAL, mail, minutes(9))
        assert history.ticket_before(tx, 77, mail, minutes(9)) is None
    assert then is not None
    assert (then.state, then.priority, then.department) == ("new", "normal", "frontdesk")
    assert (then.tags, dict(then.fields)) == (("early",), {"os": "Linux"})
