"""Tests of mail out: leased once, settled by what was said, taken back after a crash; on both databases."""

from datetime import datetime
from typing import Any

import pytest

from mailproc.errors import UsageError
from mailproc.records.decision import Decision, Outcome
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.records.effects import ComposedMail, SendMail
from mailproc.sending import find_retry
from mailproc.store import outbox
from mailproc.store.commit import commit
from mailproc.store.database import Store, open_store
from mailproc.store.outbox import OutboxMail
from mailproc.store.values import from_time
from tests.store.makers import NOW, column, compose, decide, make_forward, make_mail, minutes, open_ticket, put

SENT = Receipt(ReceiptState.SENT, 250, "ok")


def lease(store: Store, at: float = 0, sender: str = "s1", **more: Any) -> tuple[OutboxMail, ...]:
    return store.run(lambda tx: outbox.lease(tx, sender=sender, now=minutes(at), **more))


def lease_all(store: Store, at: float = 0, sender: str = "s1", **more: Any) -> list[OutboxMail]:
    """Lease until nothing is due, as a sender does."""
    got: list[OutboxMail] = []
    while mails := lease(store, at, sender, **more):
        got += mails
    return got


def settle(store: Store, outbox_id: int, receipt: Receipt, at: float = 0, retry_at: datetime | None = None) -> str:
    return store.run(lambda tx: outbox.settle(tx, outbox_id, receipt, minutes(at), retry_at=retry_at))


def states(store: Store) -> list[str]:
    return column(store, "SELECT state FROM outbox ORDER BY id")


def kinds(store: Store) -> list[str]:
    return column(store, "SELECT kind FROM event WHERE kind LIKE 'mail-%' AND kind <> 'mail-queued' ORDER BY id")


def test_a_mail_is_leased_once_with_its_bytes(store: Store) -> None:
    serial = open_ticket(store)
    forward, received = lease_all(store)
    assert (forward.purpose, forward.recipient, forward.may_resend) == ("forward", "dept@our.test", True)
    assert forward.raw == compose(make_forward(serial, 1)).raw
    assert (received.serial, received.n, received.attempts, received.may_resend) == (serial, 2, 1, False)
    assert (received.envelope_from, received.since) == ("bounce+2@our.test", NOW)
    assert lease(store, sender="s2") == ()


def test_a_mail_that_is_tried_again_has_five_days_more(store: Store) -> None:
    """The other server was away for a week; it is back, and puts off what it sees for the first time (greylisting)."""
    open_ticket(store)
    week = 7 * 24 * 60
    later = Receipt(ReceiptState.DEFERRED, 451, "greylisted")
    for mail in lease_all(store, week):
        assert mail.since == NOW and find_retry(mail, later, minutes(week)) is None
        assert settle(store, mail.id, later, week) == "failed"
    store.run(lambda tx: outbox.retry(tx, 1, minutes(week)))
    (again,) = lease_all(store, week)
    retry_at = find_retry(again, later, minutes(week))
    assert again.since == minutes(week) and retry_at is not None
    assert settle(store, 1, later, week, retry_at) == "queued"


def test_f21_a_mail_that_must_not_go_twice_comes_alone(store: Store) -> None:
    for _ in range(3):
        open_ticket(store)
    assert [[mail.purpose for mail in lease(store)] for _ in range(5)] == [
        ["forward"] * 3,
        ["received"],
        ["received"],
        ["received"],
        [],
    ]


def test_f21_sending_is_in_force_before_the_mail_goes(store: Store, store_url: str) -> None:
    open_ticket(store)
    lease_all(store)
    with open_store(store_url) as other:
        assert states(other) == ["sending", "sending"]


def test_two_senders_never_get_the_same_mail(store: Store, store_url: str) -> None:
    for _ in range(10):
        open_ticket(store)
    with open_store(store_url) as other:
        futures = [
            s.submit(lambda tx, name=name: outbox.lease(tx, sender=name, now=NOW, limit=2))
            for _ in range(20)
            for s, name in ((store, "a"), (other, "b"))
        ]
        got = [mail.id for future in futures for mail in future.result()]
    assert len(got) == len(set(got)) == 20


def test_mails_go_out_in_the_order_they_are_due(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n, at in enumerate((5, 1, 3)):
        decide(store, put(store), mails=(make_mail(serial, n + 1, not_before=minutes(at)),))
    assert lease(store) == ()
    gone = []
    while mails := lease(store, 4):
        gone += [mail.n for mail in mails]
        for mail in mails:
            settle(store, mail.id, SENT, 4)
    assert gone == [2, 3]


def test_a_lease_takes_no_more_bytes_than_fit_the_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_LEASED_BYTES", 10)
    open_ticket(store)
    assert [len(lease(store)) for _ in range(3)] == [1, 1, 0]


def test_f20_a_server_that_never_confirms_gets_six_copies_at_most(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    both = [make_mail(serial, n, may_resend=True, recipient=f"jim{n}@else.test") for n in (1, 2)]
    decide(store, put(store), mails=tuple(both))
    gone, other = (mail.id for mail in lease(store))
    # What became of another mail of the ticket counts for nothing
    assert settle(store, other, Receipt(ReceiptState.AMBIGUOUS, 0, "it hung up")) == "queued"
    at, pauses = 0.0, []
    for _ in range(20):
        if settle(store, gone, Receipt(ReceiptState.AMBIGUOUS, 0, "it hung up"), at, minutes(at + 5)) != "queued":
            break
        [next_at] = column(store, f"SELECT next_at FROM outbox WHERE id = {gone}")
        pauses.append(round((from_time(next_at) - minutes(at)).total_seconds() / 60))
        at += pauses[-1]
        assert gone in [mail.id for mail in lease_all(store, at)]
    assert pauses == [5, 60, 360, 1440, 2880]
    assert states(store)[0] == "ambiguous"


@pytest.mark.parametrize(
    ("state", "may_resend", "retry", "after", "kind"),
    [
        (ReceiptState.SENT, True, None, "sent", "mail-sent"),
        (ReceiptState.DEFERRED, True, 5.0, "queued", "mail-deferred"),
        (ReceiptState.DEFERRED, True, None, "failed", "mail-failed"),
        (ReceiptState.FAILED, True, 5.0, "failed", "mail-failed"),
        (ReceiptState.AMBIGUOUS, True, 5.0, "queued", "mail-ambiguous"),
        (ReceiptState.AMBIGUOUS, True, None, "queued", "mail-ambiguous"),
        (ReceiptState.AMBIGUOUS, False, 5.0, "ambiguous", "mail-ambiguous"),
    ],
)
def test_f20_what_the_server_said_decides(
    store: Store, state: ReceiptState, may_resend: bool, retry: float | None, after: str, kind: str
) -> None:
    serial = open_ticket(store, has_mails=False)
    decide(store, put(store), mails=(make_mail(serial, 1, may_resend=may_resend),))
    (mail,) = lease(store)
    receipt = Receipt(state, 451, "later\0")
    assert settle(store, mail.id, receipt, 1, minutes(1 + retry) if retry else None) == after
    assert states(store) == [after] and kinds(store) == [kind]
    assert column(store, "SELECT answer FROM outbox") == ["later\ufffd"]
    assert lease(store, 5.9) == ()
    if after == "queued":
        (again,) = lease(store, 6)
        assert (again.raw, again.attempts) == (mail.raw, 2)


def test_a_mail_is_settled_once(store: Store) -> None:
    open_ticket(store)
    mail = lease(store)[0]
    assert settle(store, mail.id, SENT) == "sent"
    assert settle(store, mail.id, Receipt(ReceiptState.FAILED, 550, "no")) == "sent"
    assert kinds(store) == ["mail-sent"]
    with pytest.raises(UsageError, match="does not exist"):
        settle(store, 999, SENT)


def test_a_late_success_ends_a_mail_whose_lease_had_ended(store: Store) -> None:
    open_ticket(store)
    forward, received = lease_all(store, lease_seconds=60)
    assert store.run(lambda tx: outbox.expire_leases(tx, minutes(2))) == 2
    assert states(store) == ["queued", "ambiguous"]
    assert settle(store, forward.id, SENT, 3) == settle(store, received.id, SENT, 3) == "sent"
    assert lease(store, 60) == ()


def test_f21_a_starting_daemon_takes_back_what_was_being_sent(store: Store) -> None:
    open_ticket(store)
    lease_all(store, sender="host-a")
    assert store.run(lambda tx: outbox.recover(tx, minutes(1))) == (0 if store.is_postgres else 2)
    assert store.run(lambda tx: outbox.recover(tx, minutes(1), "host-a")) == (2 if store.is_postgres else 0)
    assert states(store) == ["queued", "ambiguous"] and kinds(store) == ["mail-interrupted"] * 2


def test_a_mail_that_brings_its_sender_down_goes_behind_the_others(store: Store) -> None:
    for n in (1, 2):
        decide(store, put(store), mails=(make_forward(open_ticket(store, has_mails=False), n),))
    assert [mail.n for mail in lease(store, limit=1)] == [1]
    store.run(lambda tx: outbox.recover(tx, NOW, "s1"))
    assert [mail.n for mail in lease(store, 1, limit=1)] == [2]


def test_an_operator_retries_and_cancels(store: Store) -> None:
    open_ticket(store)
    forward, received = lease_all(store)
    with pytest.raises(UsageError, match="is sending; it is too late"):
        store.run(lambda tx: outbox.cancel(tx, forward.id, NOW))
    with pytest.raises(UsageError, match="is sending and cannot be tried again"):
        store.run(lambda tx: outbox.retry(tx, forward.id, NOW))
    settle(store, forward.id, Receipt(ReceiptState.FAILED, 550, "no"))
    settle(store, received.id, Receipt(ReceiptState.AMBIGUOUS))
    store.run(lambda tx: outbox.retry(tx, forward.id, minutes(2), actor="ops"))
    store.run(lambda tx: outbox.cancel(tx, received.id, minutes(2), actor="ops"))
    assert states(store) == ["queued", "cancelled"]
    assert [mail.id for mail in lease(store, 2)] == [forward.id]
    settle(store, forward.id, SENT)
    with pytest.raises(UsageError, match="is sent and cannot"):
        store.run(lambda tx: outbox.retry(tx, forward.id, NOW))
    with pytest.raises(UsageError, match="outgoing mail 999 does not exist"):
        store.run(lambda tx: outbox.cancel(tx, 999, NOW))


def test_f27_a_held_mail_is_composed_again(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    mail = make_mail(
        serial, 1, purpose="answer", context=(("a", "b"),), history=(("x", "y", "z"),), references=("<a@b>",),
        headers=(("X-A", "b"),), not_before=minutes(1),
    )  # fmt: skip
    decide(store, put(store), mails=(mail,), errors={"answer": "template broken"})
    (outbox_id,) = column(store, "SELECT id FROM outbox")
    assert lease(store, 60) == ()
    with store.read() as tx:
        assert outbox.held_mail(tx, outbox_id) == mail
    with pytest.raises(UsageError, match="still cannot be made: again"):
        store.run(lambda tx: outbox.refill(tx, outbox_id, compose(mail, error="again"), NOW))
    store.run(lambda tx: outbox.refill(tx, outbox_id, compose(mail, b"better"), minutes(2)))
    (leased,) = lease(store, 2)
    assert leased.raw == b"better"
    with store.read() as tx:
        assert outbox.held_mail(tx, outbox_id) is None and outbox.raw_of(tx, outbox_id) == b"better"
        assert outbox.raw_of(tx, 999) is None


def test_a_held_mail_without_bytes_is_not_sent(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    mail = make_mail(serial, 1)
    decision = Decision(Outcome.CHANGED, "x", (SendMail(mail),), (), serial)
    held = ComposedMail(mail, "<m@x>", "", b"", "template broken")
    store.run(lambda tx: commit(tx, decision, (held,), inbox_id=None, now=NOW, request_id="r"))
    with pytest.raises(UsageError, match="has no text yet: template broken"):
        store.run(lambda tx: outbox.retry(tx, 1, NOW))


def test_to_one_person_on_one_ticket_mails_go_in_their_order(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    for n in (1, 2):
        decide(store, put(store), mails=(make_forward(serial, n),))
    (first,) = lease(store)
    assert first.n == 1 and lease(store) == ()  # under way
    settle(store, first.id, Receipt(ReceiptState.DEFERRED, 451, "greylisted"), 0, minutes(5))
    assert lease(store, 1) == ()  # waits for its next try
    for attempt in (2, 3, 4):
        (first,) = lease(store, 10 * attempt)
        assert (first.n, first.attempts) == (1, attempt)
        again = minutes(10 * attempt + 10 if attempt < 4 else 500)
        settle(store, first.id, Receipt(ReceiptState.DEFERRED, 451, "later"), 10 * attempt, again)
    assert [mail.n for mail in lease(store, 41)] == [2]  # half an hour in vain is enough


def test_f24_a_try_on_a_host_that_is_away_does_not_count_and_is_told_once(store: Store) -> None:
    serial = open_ticket(store, has_mails=False)
    decide(store, put(store), mails=(make_forward(serial, 1),))
    for n in range(3):
        (mail,) = lease(store, 10 * n)
        assert mail.attempts == 1
        away = Receipt(ReceiptState.DEFERRED, 0, "connection refused", is_host=True)
        assert settle(store, mail.id, away, 10 * n, minutes(10 * n + 1)) == "queued"
    assert kinds(store) == ["mail-deferred"]
    (mail,) = lease(store, 60)
    store.run(lambda tx: outbox.give_back(tx, [mail.id], minutes(60)))
    (mail,) = lease(store, 60)
    assert mail.attempts == 1
    settle(store, mail.id, SENT, 61)
    with store.read() as tx:
        assert outbox.sent_since(tx, minutes(0)) == [minutes(61)] and outbox.sent_since(tx, minutes(62)) == []


def test_several_senders_get_as_many_once_only_mails_as_they_asked_for(store: Store) -> None:
    for _ in range(4):
        open_ticket(store)
    first = lease(store, once_only=2)
    assert [mail.purpose for mail in first] == ["forward", "received"] * 2 + ["forward"]
    assert lease(store, once_only=0) == ()  # nothing from behind the one that waits for a sender
    assert [mail.purpose for mail in lease(store, once_only=5)] == ["received", "forward", "received"]
