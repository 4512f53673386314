"""Tests promises: what is due when, what stops the clock, who is told of a lapse, and the updates requesters get.

The first half follows conversations over simulated days through the three doors of the desk.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailproc.desk.clock.course import _is_proof
from mailproc.desk.clock.deadlines import decide_clock
from mailproc.desk.clock.promises import keep_promises
from mailproc.desk.decide import decide_mail
from mailproc.desk.draft import Draft
from mailproc.desk.requests import Request, decide_request
from mailproc.message.parse import parse
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import (
    AddMessage,
    KeepClock,
    OpenTicket,
    RecordEvent,
    SendMail,
    SetAttribute,
    SetState,
    SuppressMail,
)
from mailproc.records.mail import Address, Envelope, Level, Trust
from mailproc.records.promises import Clock
from mailproc.records.ticket import Contact, Known, SendCounts, State, Ticket
from mailproc.tickets.followup import find_keys
from tests.builders import ANN, CUSTOMER, NOW, SITE, decide, make_known, make_mail, make_policy, make_ticket, told

RULES = """\
version: 1
calendars:
  office: {timezone: Europe/Warsaw, hours: {mon-fri: "08:00-16:00"}}
slas:
  standard: {first_response: 4h, next_response: 2h, resolution: 16h, update_requester_every: 8h}
  gold: {first_response: 1h, resolution: 3h, calendar: 24x7}
  quiet: {resolution: 40h}
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example, calendar: office, sla: standard, escalate_to: lab}
  billing: {name: Billing, forward_to: billing-team@acme.example, calendar: office, sla: quiet}
  lab: {name: Lab, forward_to: [lab@acme.example, bo@acme.example]}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk, billing]}
  - {name: Bo Berg, address: bo@acme.example, departments: [lab]}
defaults: {department: frontdesk}
classify:
  - {name: vip, when: {from: vip.example}, set: {sla: gold}}
  - {name: angry, when: {body: lawyer}, set: {sla: gold}, also: [reply]}
route:
  - {name: money, when: {to: billing@acme.example}, do: {department: billing}}
  - {name: parked, when: {subject: parked}, do: {state: pending}}
  - {name: calm, when: {body: wait}, do: {state: pending}, also: [reply]}
  - {name: misrouted, when: {body: invoice}, do: {department: billing}, also: [reply]}
"""
POLICY = make_policy(rules=RULES)
TUESDAY_TEN = NOW  # 10:00 in Warsaw


def after(hours: float) -> datetime:
    return TUESDAY_TEN + timedelta(hours=hours)


class Case:
    """One ticket over time: decisions change it as the store would."""

    def __init__(self) -> None:
        self.ticket: Ticket | None = None
        self.clock: Clock | None = None
        self.counts = SendCounts()
        self.contact: Contact | None = None

    @property
    def known(self) -> Known:
        if self.ticket is None:
            return make_known(counts=self.counts)
        clocks = {self.ticket.serial: self.clock} if self.clock else {}
        return make_known(self.ticket, clocks=clocks, counts=self.counts, requester=self.contact)

    def mail(self, at: datetime, text: str = "It is blank.", level: Level = Level.A3, **mail: Any) -> Decision:
        if self.ticket is not None:
            mail.setdefault("subject", f"Re: [{self.ticket.number}] Printer")
        raw = make_mail(text=text, message_id=f"<m{at.timestamp()}@customer.example>", **mail)
        sender = mail.get("sender", CUSTOMER)
        envelope = Envelope("smtp", at, sender, (mail.get("to", "support@acme.example"),), "192.0.2.1")
        inbound = parse(raw, languages=SITE.languages)
        keys = find_keys(inbound, envelope, SITE, POLICY.keys)
        return self.take(decide_mail(inbound, envelope, Trust(level), keys, self.known, POLICY, at))

    def ask(self, at: datetime, verb: str, **request: Any) -> Decision:
        assert self.ticket is not None
        return self.take(decide_request(Request(verb, self.ticket.serial, ANN, **request), self.known, POLICY, at))

    def tick(self, at: datetime) -> Decision:
        assert self.ticket is not None
        if self.clock is None or self.clock.look_at is None or self.clock.look_at > at:
            return decide_clock(self.known, POLICY, at)
        return self.take(decide_clock(self.known, POLICY, at, promised=frozenset({self.ticket.serial})))

    def take(self, decision: Decision) -> Decision:
        for effect in decision.effects:
            if isinstance(effect, OpenTicket):
                self.ticket = make_ticket(
                    serial=effect.serial, number=effect.number, state=State.NEW, department=effect.department,
                    sla=effect.sla, created_at=effect.at, mails_out=0, last_mail_at=effect.at, thread=(),
                )  # fmt: skip
            elif self.ticket is None:
                continue
            elif isinstance(effect, SetState):
                self.ticket = replace(self.ticket, state=State(effect.state))
            elif isinstance(effect, SetAttribute):
                self.ticket = replace(self.ticket, **{effect.name: effect.value})
            elif isinstance(effect, KeepClock):
                self.clock = effect.clock
                self.ticket = replace(self.ticket, due_at=effect.due_at)
            elif isinstance(effect, SendMail):
                self.ticket = replace(self.ticket, mails_out=max(self.ticket.mails_out, effect.mail.n))
        return decision

    @property
    def due(self) -> datetime | None:
        assert self.ticket is not None
        return self.ticket.due_at


@pytest.fixture
def case() -> Case:
    """A case of Jane's at the front desk, opened on Tuesday at ten: 4 h to answer, 16 h to resolve."""
    made = Case()
    made.mail(TUESDAY_TEN)
    return made


def context_of(decision: Decision, purpose: str) -> dict[str, str]:
    return next(
        dict(effect.mail.context)
        for effect in decision.effects
        if isinstance(effect, SendMail) and effect.mail.purpose == purpose
    )


def events(decision: Decision, kind: str) -> list[dict[str, str]]:
    return [dict(item.data) for item in decision.effects if isinstance(item, RecordEvent) and item.kind == kind]


@pytest.mark.parametrize(
    ("mail", "due", "promise", "sla"),
    [
        ({}, 4, "first_response", "standard"),
        ({"to": "billing@acme.example"}, 24 * 7, "resolution", "quiet"),  # 40 h: 6, 8, 8, 8, 8 and 2
        ({"sender": "eva@vip.example"}, 1, "first_response", "gold"),
        ({"sender": "eva@vip.example", "to": "billing@acme.example"}, 1, "first_response", "gold"),
        ({"Auto_Submitted": "auto-generated"}, 4, "first_response", "standard"),
    ],
)
def test_a_new_case_is_due_by_its_departments_promise_or_a_rules(
    mail: dict[str, str], due: float, promise: str, sla: str
) -> None:
    case = Case()
    decision = case.mail(TUESDAY_TEN, **mail)
    [kept] = [effect for effect in decision.effects if isinstance(effect, KeepClock)]
    [opened] = [effect for effect in decision.effects if isinstance(effect, OpenTicket)]
    assert (kept.due_at, kept.promise, opened.sla) == (after(due), promise, sla)
    assert context_of(decision, "forward")["due"]
    assert any(step.text.startswith(f"{promise} due") for step in decision.trace)


def test_the_card_of_a_new_case_says_when_it_is_due() -> None:
    decision = Case().mail(TUESDAY_TEN)
    assert context_of(decision, "forward")["due"].startswith("2026-01-13")


def test_where_nothing_is_promised_nothing_is_kept() -> None:
    decision = decide(make_mail())
    assert not any(isinstance(effect, KeepClock) for effect in decision.effects)


def test_an_answer_leaves_the_resolution_and_the_next_word_starts_the_next_response(case: Case) -> None:
    case.ask(after(1), "reply", text="Which model?")
    assert case.due == after(16 + 32)  # 16 h from Tuesday ten: 6, 8 and 2 on Thursday at ten
    decision = case.mail(after(2), "A B200.")
    assert case.due == after(4)
    assert context_of(decision, "followup")["due"]
    case.mail(after(3), "In the second floor.")
    assert case.due == after(4)  # the oldest word counts


def test_machines_start_and_stop_nothing(case: Case) -> None:
    case.ask(after(1), "reply", text="Which model?")
    due = case.due
    case.mail(after(2), Auto_Submitted="auto-replied")
    assert case.due == due
    case.mail(after(3))
    due = case.due
    case.mail(after(3.5), Auto_Submitted="auto-replied")
    assert case.due == due and due == after(5)


@pytest.mark.parametrize("state", ["pending", "on-hold"])
def test_the_clock_stands_still_while_somebody_else_has_the_word(case: Case, state: str) -> None:
    case.take(decide_state(case, after(1), state))
    assert case.due is None and case.clock is not None and case.clock.is_stopped and case.clock.look_at is None
    assert case.tick(after(500)).outcome == "nothing"
    case.mail(after(24), "Here it is.")
    assert case.ticket is not None and case.ticket.state is State.OPEN
    assert case.due == after(27)  # three of its four hours are left


def decide_state(case: Case, at: datetime, state: str) -> Decision:
    """As an agent's `#pending` does."""
    assert case.ticket is not None
    draft = Draft(POLICY, at)
    draft.add(SetState(case.ticket.serial, state, "agent", at=at))
    return keep_promises(draft.finish(Outcome.ANSWERED, "agent-commands"), case.known, POLICY, at)


def test_a_finished_case_owes_nothing_and_one_that_is_opened_again_does(case: Case) -> None:
    case.ask(after(1), "reply", text="Try this.", resolves=True)
    assert case.due is None
    case.mail(after(2), "Thanks!")
    assert case.due is None
    case.mail(after(25), "It is broken again.")
    assert case.ticket is not None and case.ticket.state is State.OPEN
    assert case.due == after(27)  # next_response from that word
    case.ask(after(26), "reply", text="Sorry.")
    assert case.due == after(24 * 3)  # the 16 h without the day it was resolved


def test_a_case_that_moves_lives_by_the_other_departments_promise(case: Case) -> None:
    decision = case.ask(after(1), "move", argument="billing")
    assert SetAttribute(case.known.next_serial, "sla", "quiet", "department billing") in decision.effects
    assert case.due == after(24 * 7)
    assert context_of(decision, "followup")["due"]
    case.ask(after(2), "move", argument="lab")
    assert case.due is None and case.ticket is not None and case.ticket.sla == ""


def test_a_rules_sla_stays_when_the_case_moves() -> None:
    case = Case()
    case.mail(TUESDAY_TEN, sender="eva@vip.example")
    case.ask(after(0.5), "move", argument="lab")
    assert case.ticket is not None and (case.due, case.ticket.sla) == (after(1), "gold")


def test_rules_on_a_reply_count_anew(case: Case) -> None:
    case.ask(after(0.5), "reply", text="Which model?")
    decision = case.mail(after(1), "I will tell my lawyer.")
    assert case.ticket is not None and case.ticket.sla == "gold"
    assert case.due == after(3)  # resolution of gold, by the clock on the wall, from the opening
    assert context_of(decision, "followup")["due"].startswith("2026-01-13")
    case.mail(after(1.5), "Now I wait for you.")
    assert case.due is None and case.ticket.state is State.PENDING


def test_a_rule_may_open_a_case_that_waits() -> None:
    case = Case()
    case.mail(TUESDAY_TEN, subject="parked")
    assert case.due is None and case.clock is not None and case.clock.is_stopped


def test_a_lapse_is_told_once_to_who_works_on_it_and_to_whom_it_escalates(case: Case) -> None:
    assert case.tick(after(3.9)).outcome == "nothing"
    decision = case.tick(after(4))
    assert (decision.outcome, decision.reason) == ("changed", "promise-lapsed")
    assert told(decision) == [
        ("reminder", "frontdesk@acme.example"), ("reminder", "lab@acme.example"), ("reminder", "bo@acme.example"),
    ]  # fmt: skip
    mails = [effect.mail for effect in decision.effects if isinstance(effect, SendMail)]
    assert [bool(mail.identity) for mail in mails] == [True, False, False]
    context = dict(mails[0].context)
    assert (context["promises"], context["is_overdue"], context["escalated_from"]) == ("first_response", "yes", "")
    assert dict(mails[1].context)["escalated_from"] == "Front desk"
    assert [item["promise"] for item in events(decision, "overdue")] == ["first_response"]
    assert case.due == after(4)  # it stays due, and overdue
    assert case.tick(after(4.1)).outcome == "nothing"
    late = case.tick(after(16 + 32 + 1))
    assert ("reminder", "frontdesk@acme.example") in told(late)
    assert [item["promise"] for item in events(late, "overdue")] == ["resolution"]


def test_an_answer_and_a_new_word_make_a_new_lapse(case: Case) -> None:
    case.tick(after(4))
    case.ask(after(5), "reply", text="Which model?")
    case.mail(after(5.5), "A B200.")
    assert [item["promise"] for item in events(case.tick(after(24)), "overdue")] == ["next_response"]


def test_two_lapses_of_one_moment_are_one_mail(case: Case) -> None:
    decision = case.tick(after(24 * 30))
    assert context_of(decision, "reminder")["promises"] == "first_response\nresolution"
    assert told(decision).count(("reminder", "frontdesk@acme.example")) == 1


def test_the_assignee_is_told_instead_of_the_department(case: Case) -> None:
    case.ask(after(1), "assign", argument="ann")
    assert told(case.tick(after(4)))[0] == ("reminder", ANN)


def test_the_requester_hears_of_an_open_case_as_often_as_promised(case: Case) -> None:
    case.tick(after(4))
    first = case.tick(after(24))  # eight office hours after the acknowledgement
    assert (first.reason, told(first)) == ("update-due", [("status", CUSTOMER)])
    mail = next(effect.mail for effect in first.effects if isinstance(effect, SendMail))
    assert (mail.is_limited, mail.is_automatic, mail.may_resend, mail.subject) == (True, True, False, "Re: Printer")
    context = dict(mail.context)
    assert (context["state"], context["department"], context["age_days"]) == ("new", "Front desk", "1")
    assert case.tick(after(25)).outcome == "nothing"
    case.ask(after(40), "reply", text="We are on it.")  # an answer is news too
    assert not [mail for mail in told(case.tick(after(49))) if mail[0] == "status"]
    assert ("status", CUSTOMER) in told(case.tick(after(40 + 24 + 14)))


@pytest.mark.parametrize(
    ("counts", "contact", "reason"),
    [
        (SendCounts(ticket_hour=3), None, "ticket-hour"),
        (SendCounts(site_hour=100), None, "breaker"),
        (SendCounts(), Contact(CUSTOMER, is_silenced=True), "silenced"),
        (SendCounts(), Contact(CUSTOMER, is_dead=True), "dead-address"),
    ],
)
def test_updates_keep_the_limits_and_say_why_they_were_not_sent(
    case: Case, counts: SendCounts, contact: Contact | None, reason: str
) -> None:
    case.tick(after(4))
    case.counts, case.contact = counts, contact
    decision = case.tick(after(24))
    assert told(decision) == []
    assert [effect.reason for effect in decision.effects if isinstance(effect, SuppressMail)] == [reason]
    case.counts, case.contact = SendCounts(), None
    assert case.tick(after(25)).outcome == "nothing"  # the next one is due a period later
    assert ("status", CUSTOMER) in told(case.tick(after(48)))


def test_t30_no_updates_go_to_an_unproven_address_that_nobody_answered() -> None:
    case = Case()
    opened = case.mail(TUESDAY_TEN, level=Level.A1)
    assert ("received", CUSTOMER) in told(opened)
    case.tick(after(4))
    decision = case.tick(after(24))
    assert not any(mail[0] == "status" for mail in told(decision))
    assert [e.reason for e in decision.effects if isinstance(e, SuppressMail)] == ["sender-unproven"]
    case.ask(after(25), "reply", text="Which model?")
    late = case.tick(after(49))
    assert ("status", CUSTOMER) in told(late)
    mail = next(e.mail for e in late.effects if isinstance(e, SendMail) and e.mail.purpose == "status")
    assert (mail.subject, mail.in_reply_to, dict(mail.context)["subject"]) == ("", "", "")


@pytest.mark.parametrize("mail", [{"Auto_Submitted": "auto-generated"}, {"sender": "no-reply@shop.example"}])
def test_machines_get_no_updates(mail: dict[str, str]) -> None:
    case = Case()
    case.mail(TUESDAY_TEN, **mail)
    for day in range(1, 20):
        assert not [one for one in told(case.tick(after(24 * day))) if one[0] == "status"]


def test_a_resolved_case_closes_as_before_and_keeps_no_clock(case: Case) -> None:
    case.ask(after(1), "resolve")
    assert case.ticket is not None
    case.ticket = replace(case.ticket, resolved_at=after(1))
    decision = case.tick(after(24 * 8))
    assert decision.reason == "auto-close" and case.tick(after(24 * 8)).effects
    assert not any(isinstance(effect, SendMail) for effect in decision.effects)


def test_a_case_from_before_the_promises_counts_from_its_next_word() -> None:
    case = Case()
    case.ticket = make_ticket(created_at=NOW - timedelta(days=90), sla="")
    case.mail(after(0), "Any news?")
    assert case.due == after(4) and case.clock is not None and case.clock.started_at == NOW


def test_another_promise_in_the_rules_counts_the_same_facts_anew(case: Case) -> None:
    assert case.ticket is not None
    longer = make_policy(rules=RULES.replace("first_response: 4h", "first_response: 5h"))
    decision = decide_clock(case.known, longer, after(2), promised=frozenset({case.ticket.serial}))
    [kept] = [effect for effect in decision.effects if isinstance(effect, KeepClock)]
    assert (decision.reason, kept.due_at, kept.is_new_due) == ("promises-counted", after(5), True)
    nothing = make_policy(rules=RULES.replace(", sla: standard", ""))
    decision = decide_clock(case.known, nothing, after(2), promised=frozenset({case.ticket.serial}))
    [kept] = [effect for effect in decision.effects if isinstance(effect, KeepClock)]
    assert (kept.due_at, kept.clock.look_at) == (None, None)


def test_a_held_mail_moves_no_clock(case: Case) -> None:
    before = case.clock
    case.mail(after(1), level=Level.A0)
    assert case.clock == before


def test_stops_do_not_grow_without_end(case: Case) -> None:
    for hour in range(300):
        case.take(decide_state(case, after(hour), "pending"))
        case.take(decide_state(case, after(hour + 0.5), "open"))
    assert case.clock is not None and len(case.clock.stops) <= 101


def test_the_message_that_proves_is_known_by_its_level() -> None:
    def message(**changes: Any) -> AddMessage:
        values: dict[str, Any] = {"purpose": "request", "level": "A2", "is_unverified": False} | changes
        return AddMessage(
            1, "in", "public", values.pop("purpose"), Address(CUSTOMER), (), "", NOW.astimezone(UTC), "", **values
        )

    assert _is_proof(message()) and not _is_proof(message(level="A1")) and not _is_proof(message(level=""))
    assert not _is_proof(message(purpose="followup", is_unverified=True))
