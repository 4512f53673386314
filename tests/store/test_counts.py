"""Tests of the numbers that limits look at: exact for people and tickets, at most a minute careful for domains."""

import pytest

from mailproc.records.mail import Address
from mailproc.records.ticket import SendCounts
from mailproc.store import counts
from mailproc.store.database import Store, open_store
from tests.store.makers import (
    JANE,
    column,
    decide,
    find,
    make_forward,
    make_mail,
    make_message,
    minutes,
    open_ticket,
    put,
)


def send(store: Store, serial: int, n: int, at: float, recipient: str = JANE.addr, purpose: str = "") -> None:
    mail = make_mail(serial, n, recipient=recipient, purpose=purpose or f"p{n}")
    decide(store, put(store), mails=(mail,), now=minutes(at))


def counted(store: Store, at: float, sender: str = JANE.addr, **keys: object) -> SendCounts:
    return find(store, minutes(at), sender=sender, **keys).counts


def test_limited_mail_is_counted_by_recipient_within_the_window(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n, at in enumerate((0, 30, 59)):
        send(store, serial, n + 1, at)
    seen = [(c.sender_hour, c.sender_day) for c in (counted(store, at) for at in (59, 61, 120, 1445, 1500))]
    assert seen == [(3, 3), (2, 3), (0, 3), (0, 2), (0, 0)]
    assert counted(store, 59, sender="other@d.test").sender_day == 0


def test_mail_without_a_limit_does_not_count(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    decide(store, put(store), mails=(make_forward(serial, 1, recipient=JANE.addr),))
    assert counted(store, 1, serials=(serial,)) == SendCounts()


def test_domain_and_site_count_everybody(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n in range(5):
        send(store, serial, n + 1, n, recipient=f"p{n}@c.test")
    send(store, serial, 9, 5, recipient="x@d.test")
    now = counted(store, 6)
    assert (now.domain_hour, now.site_hour) == (5, 6)
    assert counted(store, 6, sender="y@d.test").domain_hour == 1
    later = counted(store, 63.5)
    assert (later.domain_hour, later.site_hour) == (2, 3)
    assert counted(store, 70).site_hour == 0


def test_the_usual_hour_is_the_mean_of_a_week(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n in range(10):
        send(store, serial, n + 1, n)
    assert counted(store, 20).site_usual_hour == 0
    assert counted(store, 65).site_usual_hour == pytest.approx(10 / 168)
    assert counted(store, 60 * 24 * 9).site_usual_hour == 0


def test_a_ticket_counts_from_the_last_word_of_an_agent(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n in range(3):
        send(store, serial, n + 1, n, recipient=f"p{n}@x{n}.test")
    assert counted(store, 5, sender="", serials=(serial,)).ticket_hour == 3
    decide(store, put(store), make_message(serial, purpose="answer", author=Address("ann@our.test")), now=minutes(6))
    assert counted(store, 7, sender="", serials=(serial,)).ticket_hour == 0
    send(store, serial, 4, 8)
    decide(store, put(store), make_message(serial, purpose="followup"), now=minutes(9))
    decide(store, put(store), make_message(serial, purpose="note", mail_class="auto"), now=minutes(9))
    now = counted(store, 10, sender="", serials=(serial,))
    assert (now.ticket_hour, now.ticket_day) == (1, 1)


def test_a_request_without_a_sender_counts_for_the_requester(store: Store) -> None:
    serial = open_ticket(store)
    assert counted(store, 1, sender="", serials=(serial,)).sender_day == 1
    assert counted(store, 1, sender="ann@our.test", serials=(serial,)).sender_day == 0


def test_mails_of_one_sender_with_one_subject_are_counted(store: Store) -> None:
    for at in (0, 2, 4):
        decide(store, put(store, received_at=minutes(at)), summary=(JANE.addr, "Re: printer"), now=minutes(at))
    decide(store, put(store, received_at=minutes(4)), summary=("other@c.test", "printer"), now=minutes(4))
    decide(store, put(store, received_at=minutes(4)), summary=(JANE.addr, "x"), subject_key="x", now=minutes(4))
    last = column(store, "SELECT max(id) FROM inbox")[0] + 1
    assert counted(store, 5, subject_key="printer", inbox_id=last).same_subject == 3
    assert counted(store, 13, subject_key="printer").same_subject == 1
    assert counted(store, 5, subject_key="").same_subject == 0


def test_old_sums_are_forgotten(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    send(store, serial, 1, 0)
    send(store, serial, 2, 60 * 24 * 10)
    assert len(column(store, "SELECT scope FROM sent_minute")) == 2
    assert len(column(store, "SELECT hour FROM sent_hour")) == 1


def test_every_writer_adds_to_rows_of_its_own(store: Store, store_url: str) -> None:
    serial = open_ticket(store, has_mails=False)
    send(store, serial, 1, 0)
    with open_store(store_url) as other:
        send(other, serial, 2, 0)
    assert counted(store, 1).site_hour == counted(store, 1).domain_hour == 2
    assert len(column(store, "SELECT writer FROM sent_hour")) == (2 if store.is_postgres else 1)


def test_f19_a_clock_that_jumps_back_lets_no_further_mail_out(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n in range(3):
        send(store, serial, n + 1, 60 * 24)
    now = counted(store, 0)
    assert (now.sender_hour, now.site_hour) == (3, 3)


def test_a_count_ends_where_no_limit_is_higher(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MOST_COUNTED", 3)
    serial = open_ticket(store, has_mails=False)
    for n in range(6):
        send(store, serial, n + 1, n)
    assert counted(store, 7).sender_hour == 3
