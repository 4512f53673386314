"""Customers' mail: routing, acknowledgement and its limits, follow-ups, reopening, addresses, languages."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailproc.records.decision import Outcome
from mailproc.records.effects import (
    IndexIds,
    LinkTickets,
    OpenTicket,
    RecordEvent,
    RecordRoute,
    SetState,
    SuppressMail,
)
from mailproc.records.mail import Envelope, Level
from mailproc.records.site import Limits
from mailproc.records.ticket import Contact, Duplicate, SendCounts, State
from tests.builders import (
    CUSTOMER,
    KEYS,
    NOW,
    SITE,
    decide,
    mails_of,
    make_envelope,
    make_known,
    make_mail,
    make_policy,
    make_ticket,
    token_address,
    told,
)

TAG = f"[{make_ticket().number}]"


def suppressed(decision: object) -> list[str]:
    return [effect.reason for effect in decision.effects if isinstance(effect, SuppressMail)]  # type: ignore[attr-defined]


def test_a_new_request_is_forwarded_and_acknowledged() -> None:
    decision = decide(make_mail())
    assert (decision.outcome, decision.reason, decision.serial) == (Outcome.OPENED, "new", 10_500)
    assert told(decision) == [("forward", "frontdesk@acme.example"), ("received", CUSTOMER)]
    forward, received = mails_of(decision)
    assert (forward.n, received.n) == (1, 2)
    assert forward.identity == "department:frontdesk"
    assert received.identity == CUSTOMER
    assert received.is_limited and not received.may_resend


def test_t30_an_unproven_senders_acknowledgement_holds_nothing_they_chose() -> None:
    decision = decide(make_mail("Buy Now <jane@customer.example>", subject="Cheap pills", text="http://pills.example"))
    received = mails_of(decision)[1]
    everything = repr(received).replace("jane@customer.example", "")
    for chosen in ("Buy", "pills", "<m1@", "customer.example"):
        assert chosen not in everything
    proven = mails_of(decide(make_mail(), level=Level.A2))[1]
    assert proven.subject == "Re: Printer"
    assert proven.in_reply_to == "<m1@customer.example>"


@pytest.mark.parametrize(
    ("counts", "level", "reason"),
    [
        (SendCounts(sender_day=1), Level.A1, "unverified-day"),
        (SendCounts(sender_day=1, sender_hour=1), Level.A2, ""),
        (SendCounts(sender_hour=3), Level.A2, "sender-hour"),
        (SendCounts(sender_day=10), Level.A2, "sender-day"),
        (SendCounts(domain_hour=60), Level.A2, "domain-hour"),
        (SendCounts(site_hour=100), Level.A2, "breaker"),
        (SendCounts(site_hour=40, site_usual_hour=4.0), Level.A2, "breaker"),
        (SendCounts(site_hour=19, site_usual_hour=0.1), Level.A2, ""),
        (SendCounts(same_subject=3), Level.A2, "repeated-subject"),
    ],
)
def test_limits_hold_back_the_acknowledgement_and_nothing_else(counts: SendCounts, level: Level, reason: str) -> None:
    decision = decide(make_mail(), make_known(counts=counts), level=level)
    assert decision.outcome is Outcome.OPENED
    assert ("forward", "frontdesk@acme.example") in told(decision)
    assert suppressed(decision) == ([reason] if reason else [])
    assert (("received", CUSTOMER) in told(decision)) is not bool(reason)


def test_a_limit_set_to_none_is_off() -> None:
    policy = make_policy(replace(SITE, limits=Limits(unverified_per_day=None)))
    decision = decide(make_mail(), make_known(counts=SendCounts(sender_day=5)), policy=policy)
    assert ("received", CUSTOMER) in told(decision)


@pytest.mark.parametrize(
    ("envelope_sender", "level", "is_sent"),
    [
        (CUSTOMER, Level.A1, True),
        ("other@customer.example", Level.A1, False),
        ("other@customer.example", Level.A2, True),
        (None, Level.A1, True),  # the intake was told nothing, and the mail has no Return-Path
    ],
)
def test_the_acknowledgement_goes_to_one_believable_address(
    envelope_sender: str | None, level: Level, is_sent: bool
) -> None:
    decision = decide(make_mail(), envelope=make_envelope(envelope_sender), level=level)
    assert (("received", CUSTOMER) in told(decision)) is is_sent


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-generated"}, "class"),
        ({"List_Id": "news <news.customer.example>"}, "class"),
        ({"Precedence": "bulk"}, "class"),
    ],
)
def test_machines_open_tickets_and_are_never_acknowledged(headers: dict[str, str], reason: str) -> None:
    decision = decide(make_mail(**headers))
    assert decision.outcome is Outcome.OPENED
    assert suppressed(decision) == [reason]


@pytest.mark.parametrize("sender", ["no-reply@shop.example", "mailer-daemon@shop.example", "support@acme.example"])
def test_t34_roles_and_our_own_address_are_never_acknowledged(sender: str) -> None:
    decision = decide(make_mail(sender), envelope=make_envelope(sender))
    assert sender not in [to for _, to in told(decision)]


def test_old_mail_is_not_acknowledged_and_fed_old_mail_sends_nothing() -> None:
    old = make_mail().replace(b"Tue, 13 Jan 2026", b"Sat, 10 Jan 2026")
    assert suppressed(decide(old)) == ["old"]
    assert ("forward", "frontdesk@acme.example") in told(decide(old))
    fed = Envelope("feed", NOW, None, ("support@acme.example",))
    assert told(decide(old, envelope=fed)) == []
    assert decide(old, envelope=fed).outcome is Outcome.OPENED
    assert told(decide(old, envelope=replace(fed, forwards_old=True))) == [("forward", "frontdesk@acme.example")]


def test_an_absence_note_opens_nothing() -> None:
    decision = decide(make_mail(subject="Automatic reply: hello", Auto_Submitted="auto-replied"))
    assert (decision.outcome, decision.reason, told(decision)) == (Outcome.RECORDED, "no-ticket", [])


@pytest.mark.parametrize("contact", [Contact(CUSTOMER, is_silenced=True), Contact(CUSTOMER, is_dead=True)])
def test_silenced_and_dead_addresses_get_nothing_automatic(contact: Contact) -> None:
    decision = decide(make_mail(), make_known(requester=contact))
    assert ("received", CUSTOMER) not in told(decision)


def test_a_follow_up_goes_to_the_assignee_else_to_the_department() -> None:
    raw = make_mail(subject=f"Re: {TAG} Printer", message_id="<m2@customer.example>")
    assert told(decide(raw, make_known(make_ticket()))) == [("followup", "frontdesk@acme.example")]
    mine = make_ticket(assignee="ann@acme.example")
    assert told(decide(raw, make_known(mine))) == [("followup", "ann@acme.example")]
    assert mails_of(decide(raw, make_known(mine)))[0].identity == "ann@acme.example"


@pytest.mark.parametrize("state", [State.PENDING, State.ON_HOLD, State.RESOLVED, State.CLOSED])
def test_a_customers_word_takes_the_ticket_back_to_open(state: State) -> None:
    ticket = make_ticket(state=state, closed_at=NOW - timedelta(days=2))
    decision = decide(make_mail(subject=f"Re: {TAG}", message_id="<m2@c.example>"), make_known(ticket))
    assert [effect.state for effect in decision.effects if isinstance(effect, SetState)] == ["open"]


def test_the_sixth_reopen_of_an_hour_stays_resolved() -> None:
    ticket = make_ticket(state=State.RESOLVED, reopened_at=(NOW,) * 5)
    decision = decide(make_mail(subject=f"Re: {TAG}", message_id="<m2@c.example>"), make_known(ticket))
    assert not [effect for effect in decision.effects if isinstance(effect, SetState)]
    assert told(decision) == [("followup", "frontdesk@acme.example")]


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-replied"}, {"List_Id": "<x.customer.example>"}])
def test_t33_machines_never_reopen(headers: dict[str, str]) -> None:
    ticket = make_ticket(state=State.RESOLVED)
    decision = decide(make_mail(subject=f"Re: {TAG}", message_id="<m2@c.example>", **headers), make_known(ticket))
    assert decision.reason == "automatic-on-ticket"
    assert not [effect for effect in decision.effects if isinstance(effect, SetState)]


def test_a_ticket_closed_for_too_long_is_followed_by_a_new_one() -> None:
    ticket = make_ticket(state=State.CLOSED, closed_at=NOW - timedelta(days=31))
    decision = decide(make_mail(subject=f"Re: {TAG}", message_id="<m2@c.example>"), make_known(ticket))
    assert (decision.outcome, decision.reason) == (Outcome.OPENED, "new-after-close")
    assert LinkTickets(10_500, 10_000, "follows") in decision.effects


def test_a_merged_number_leads_to_the_survivor() -> None:
    survivor = make_ticket(serial=10_001, number="ACME-100-01x")
    decision = decide(make_mail(subject=f"Re: {TAG}"), make_known(make_ticket(merged_into=10_001), survivor))
    assert decision.serial == 10_001


def test_merged_tickets_in_a_ring_do_not_hang() -> None:
    a, b = make_ticket(merged_into=10_001), make_ticket(serial=10_001, merged_into=10_000)
    assert decide(make_mail(subject=f"Re: {TAG}"), make_known(a, b)).outcome is Outcome.APPENDED


def test_a_wrong_check_digit_opens_a_new_ticket_with_a_note() -> None:
    wrong = TAG.replace(TAG[-2], str((int(TAG[-2]) + 1) % 10))
    decision = decide(make_mail(subject=f"Re: {wrong} Printer"), make_known(make_ticket()))
    assert decision.reason == "new"
    assert any(isinstance(e, RecordEvent) and e.kind == "looks-like" for e in decision.effects)


def test_every_reference_is_indexed_so_that_two_replies_to_an_unseen_mail_meet() -> None:
    decision = decide(make_mail(References="<unseen@x.example> <m0@customer.example>"))
    indexed = next(effect for effect in decision.effects if isinstance(effect, IndexIds))
    assert set(indexed.message_ids) == {"<m1@customer.example>", "<unseen@x.example>", "<m0@customer.example>"}


def test_a_mail_to_two_of_our_addresses_is_one_ticket_of_the_first_in_to() -> None:
    raw = make_mail(to="billing@acme.example, support@acme.example")
    both = make_envelope(CUSTOMER, "support@acme.example", "billing@acme.example")
    decision = decide(raw, envelope=both)
    opened = [effect for effect in decision.effects if isinstance(effect, OpenTicket)]
    assert [effect.department for effect in opened] == ["billing"]
    assert ("forward", "billing-team@acme.example") in told(decision)
    assert ("forward", "frontdesk@acme.example") in told(decision)


def test_f34_the_same_mail_by_another_route_tells_the_other_department_once() -> None:
    known = make_known(make_ticket(), duplicate=Duplicate(1, 10_000, ("support@acme.example",)))
    decision = decide(
        make_mail(to="support@acme.example"), known, envelope=make_envelope(CUSTOMER, "billing@acme.example")
    )
    assert (decision.outcome, decision.reason) == (Outcome.DUPLICATE, "duplicate-new-route")
    assert RecordRoute(1, ("billing@acme.example",)) in decision.effects
    assert told(decision) == [("forward", "billing-team@acme.example")]
    again = make_known(make_ticket(), duplicate=Duplicate(1, 10_000, ("support@acme.example", "billing@acme.example")))
    assert told(decide(make_mail(), again)) == []
    assert decide(make_mail(), again).reason == "duplicate"


def test_t32_a_bounce_of_nothing_of_ours_opens_nothing() -> None:
    raw = make_mail(
        "MAILER-DAEMON@mx.example",
        subject="Undelivered Mail Returned to Sender",
        text="<x@y.example>: 550 5.1.1 User unknown. The message could not be delivered.",
        message_id="<b@mx.example>",
    )
    decision = decide(raw, envelope=make_envelope(""))
    assert (decision.outcome, told(decision)) == (Outcome.BOUNCE, [])


def test_t31_our_own_mail_coming_back_is_a_loop() -> None:
    from mailproc.tickets.token import make_message_id

    ours = make_message_id(KEYS, 10_000, 1, SITE.domain)
    for raw in (make_mail(message_id=ours), make_mail(X_Loop_Guard=ours)):
        decision = decide(raw, make_known(make_ticket()))
        assert (decision.outcome, decision.reason, told(decision)) == (Outcome.LOOP, "own-mail", [])


def test_t22_internal_headers_from_outside_change_nothing() -> None:
    forged = make_mail(
        X_Mailproc_Ticket="ACME-100-00",
        X_Mailproc_Department="billing",
        X_Mailproc_Priority="urgent",
        X_Mailproc_Rule="x",
    )
    assert decide(forged).effects == decide(make_mail()).effects


def test_spam_counts_only_past_a_trusted_border() -> None:
    raw = make_mail(X_Spam_Flag="YES", X_Spam_Score="12.0")
    assert decide(raw).outcome is Outcome.OPENED
    inside = make_envelope(CUSTOMER, client="127.0.0.1")
    assert decide(raw, envelope=inside).reason == "spam"


def test_the_requesters_former_language_decides_where_the_mail_says_too_little() -> None:
    raw = make_mail(subject="4711", text="4711")
    opened = [
        e
        for e in decide(raw, make_known(requester=Contact(CUSTOMER, language="de"))).effects
        if isinstance(e, OpenTicket)
    ]
    assert opened[0].language == "de"
    opened = [effect for effect in decide(raw).effects if isinstance(effect, OpenTicket)]
    assert opened[0].language == "en"


def test_shuffled_numbers_hide_the_volume() -> None:
    policy = make_policy(replace(SITE, numbering="shuffled"))
    decision = decide(make_mail(), policy=policy)
    assert decision.serial != 10_500
    assert decision.serial is not None and 10_000 <= decision.serial < 100_000


@pytest.mark.parametrize(
    ("mode", "first", "later"), [("always", True, True), ("reply", False, True), ("never", False, False)]
)
def test_subject_tag_modes(mode: str, first: bool, later: bool) -> None:
    policy = make_policy(replace(SITE, subject_tag=mode))
    received = next(mail for mail in mails_of(decide(make_mail(), policy=policy)) if mail.purpose == "received")
    assert bool(received.tag) is first
    to = token_address("r", "department:frontdesk")
    raw = make_mail("ann@acme.example", to, "Re: Printer", "Done.", "<a1@acme.example>")
    answer = mails_of(decide(raw, make_known(make_ticket()), policy=policy, level=Level.A3))[0]
    assert bool(answer.tag) is later
