"""Tests every action of a rule as the desk carries it out: on new mail, on replies, for inactive agents."""

from typing import Any

import pytest

from mailproc.records.decision import Decision
from mailproc.records.effects import (
    AddMessage,
    AddTags,
    HoldMail,
    LinkTickets,
    Mail,
    OpenTicket,
    RecordEvent,
    SetAttribute,
    SetField,
    SetState,
    SuppressMail,
)
from mailproc.records.mail import Level
from mailproc.records.site import Site
from mailproc.records.ticket import Known, SendCounts, State
from mailproc.tickets.casenumber import format_number
from tests.builders import CUSTOMER, SITE, decide, mails_of, make_known, make_mail, make_policy, make_ticket, told

HEAD = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
  german: {name: Deutsch, forward_to: [de@acme.example], languages: [pl, de]}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk], language: de}
  - {name: Old Hand, address: old@acme.example, departments: [frontdesk], active: no}
fields:
  order: {label: {en: Order number, de: Bestellnummer}, pattern: '[0-9]{6,8}'}
  os: {label: Operating system}
"""
DEFAULTS = "defaults: {department: frontdesk, language: de}\n"
NUMBER = format_number(10_300, "ACME")


def run(
    rules: str,
    text: str = "It prints blank pages.",
    *,
    known: Known | None = None,
    level: Level = Level.A3,
    site: Site = SITE,
    released_as: str = "",
    **mail: Any,
) -> Decision:
    """The decision about a mail of Jane's by these rules below the head."""
    head = HEAD if "defaults:" in rules else HEAD + DEFAULTS
    policy = make_policy(site, head + rules)
    return decide(make_mail(text=text, **mail), known, policy=policy, level=level, released_as=released_as)


def do(actions: str, **more: Any) -> Decision:
    """The decision where one rule of route does this to every new mail."""
    return run(f"route: [{{name: it, do: {{{actions}}}}}]\n", **more)


def on_reply(actions: str, verb: str = "route", **more: Any) -> Decision:
    """The same for Jane's reply on her open case."""
    word = "do" if verb == "route" else "set"
    ticket = make_ticket(**more.pop("ticket", {}))
    subject = f"Re: [{ticket.number}] Printer"
    rules = f"{verb}: [{{name: it, {word}: {{{actions}}}, also: [reply]}}]\n"
    known = make_known(ticket, counts=more.pop("counts", SendCounts()))
    return run(rules, known=known, subject=subject, message_id="<r1@customer.example>", **more)


def opened(decision: Decision) -> OpenTicket:
    [effect] = [effect for effect in decision.effects if isinstance(effect, OpenTicket)]
    return effect


def reasons(decision: Decision) -> list[str]:
    return [effect.reason for effect in decision.effects if isinstance(effect, SuppressMail)]


def to_customer(decision: Decision) -> list[Mail]:
    return [mail for mail in mails_of(decision) if mail.role == "customer"]


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ("department: german", {"department": "german"}),
        ("priority: urgent", {"priority": "urgent"}),
        ("language: en", {"language": "en"}),
        ("tags: [b, a]", {"tags": ("b", "a")}),
        ("field.order: '123456'", {"fields": (("order", "123456"),)}),
        ("assign: Ann Kowalska", {"assignee": "ann@acme.example"}),
    ],
)
def test_what_a_new_case_is_opened_with(actions: str, expected: dict[str, Any]) -> None:
    ticket = opened(do(actions))
    assert {name: getattr(ticket, name) for name in expected} == expected


def test_every_change_of_a_new_case_names_its_rule() -> None:
    decision = do("department: german, priority: high, tags: [vip], field.os: Linux, state: pending, ask: [order]")
    [routed] = [dict(e.data) for e in decision.effects if isinstance(e, RecordEvent) and e.kind == "routed"]
    named = {"department by", "priority by", "tags vip by", "field.os by", "state by", "ask by"}
    assert named <= set(routed) and {routed[name] for name in named} == {"it"}


@pytest.mark.parametrize(("text", "language"), [("Please help me with it today, I cannot print.", "en"), ("42", "de")])
def test_the_rules_default_language_speaks_where_the_mail_says_too_little(text: str, language: str) -> None:
    assert opened(run("", text, subject="42")).language == language


def test_copies_and_notices_go_out_without_a_token_and_to_nobody_who_left() -> None:
    decision = do("copy_to: [boss@acme.example, old@acme.example], notify: [Ann Kowalska, Old Hand]")
    assert told(decision) == [
        ("forward", "frontdesk@acme.example"), ("forward", "boss@acme.example"), ("forward", "ann@acme.example"),
        ("received", CUSTOMER),
    ]  # fmt: skip
    assert [bool(mail.identity) for mail in mails_of(decision)] == [True, False, False, True]


def test_an_inactive_assignee_is_sent_nothing() -> None:
    decision = do("assign: Old Hand")
    assert opened(decision).assignee == "old@acme.example"
    assert told(decision)[0] == ("forward", "frontdesk@acme.example")
    again = on_reply("tags: [x]", ticket={"assignee": "old@acme.example"})
    assert told(again) == [("followup", "frontdesk@acme.example")]


def test_a_department_is_written_to_in_its_first_language_that_the_site_speaks() -> None:
    found = {mail.recipient: mail.language for mail in mails_of(do("department: german, copy_to: [x@acme.example]"))}
    assert (found["de@acme.example"], found[CUSTOMER]) == ("de", opened(do("department: german")).language)
    assert next(m.language for m in mails_of(do("assign: Ann Kowalska")) if m.recipient == "ann@acme.example") == "de"
    assert {m.language for m in mails_of(do("priority: low")) if m.role == "agent"} == {"en"}


@pytest.mark.parametrize(
    ("actions", "template", "suppressed"),
    [
        ("ack: received", "received", []),
        ("ack: welcome", "welcome", []),
        ("ack: none", "", ["rule"]),
        ("ack: none, reply: hours", "hours", []),
        ("reply: hours", "hours", []),  # in the place of the acknowledgement: one mail, not two
        ("ack: welcome, reply: hours", "hours", []),
    ],
)
def test_the_sender_gets_one_mail_by_the_template_of_reply_or_ack(
    actions: str, template: str, suppressed: list[str]
) -> None:
    decision = do(actions)
    assert [mail.template for mail in to_customer(decision)] == ([template] if template else [])
    assert reasons(decision) == suppressed


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"Auto_Submitted": "auto-generated"}, "class"),
        ({"known": make_known(counts=SendCounts(sender_hour=3))}, "sender-hour"),
    ],
)
def test_what_a_rule_answers_keeps_to_the_limits_of_automatic_mail(more: dict[str, Any], reason: str) -> None:
    decision = do("ack: none, reply: hours", **more)
    assert (to_customer(decision), reasons(decision)) == ([], [reason])


def test_ask_names_what_is_missing_in_the_language_of_the_case() -> None:
    decision = do("ask: [order, os], field.os: Linux, language: de, reply: hours")
    [mail] = to_customer(decision)
    assert dict(mail.context)["questions"] == "Bestellnummer"


def test_hold_names_the_rule_that_says_so() -> None:
    rules = "route: [{name: a, do: {hold: look at it}, continue: yes}, {name: b, do: {department: german}}]\n"
    decision = run(rules)
    [held] = [effect for effect in decision.effects if isinstance(effect, HoldMail)]
    assert (decision.reason, held.text) == ("rule-hold", "Rule 'a' says: look at it")
    assert run("route: [{name: a, do: {hold: Spam}}]\n").reason == "spam"


def test_ticket_none_opens_nothing_and_sends_nothing() -> None:
    decision = do("ticket: none, reply: hours")
    assert (decision.outcome, decision.reason, told(decision)) == ("recorded", "no-ticket", [])


@pytest.mark.parametrize("state", ["pending", "on-hold", "resolved", "closed", "open"])
def test_state_is_the_one_it_starts_in(state: str) -> None:
    assert [e.state for e in do(f"state: {state}").effects if isinstance(e, SetState)] == [state]


@pytest.mark.parametrize(
    ("value", "links"),
    [(NUMBER, [10_300]), (f"[{NUMBER}]", [10_300]), ("ACME-103-001", []), ("nonsense", []), ("OTHER-103-00", [])],
)
def test_link_to_ties_a_new_case_to_the_number(value: str, links: list[int]) -> None:
    decision = do(f"link_to: '{value}'")
    assert [(e.other, e.kind) for e in decision.effects if isinstance(e, LinkTickets)] == [(x, "rule") for x in links]
    card = dict(mails_of(decision)[0].context)["links"]
    assert card == (NUMBER if links else "")
    assert any("is no case number" in step.text for step in decision.trace) is not bool(links)


def test_link_to_takes_what_a_regex_captured() -> None:
    rules = "route: [{name: it, when: {body: {regex: 'see case (?P<no>\\S+)'}}, do: {link_to: '{no}'}}]\n"
    decision = run(rules, f"It is broken again, see case {NUMBER} please")
    assert [e.other for e in decision.effects if isinstance(e, LinkTickets)] == [10_300]


@pytest.mark.parametrize(
    ("verb", "actions", "expected"),
    [
        ("classify", "priority: high", SetAttribute(10_000, "priority", "high", "rule it")),
        ("classify", "department: german", SetAttribute(10_000, "department", "german", "rule it")),
        ("classify", "language: de", SetAttribute(10_000, "language", "de", "rule it")),
        ("classify", "tags: [angry]", AddTags(10_000, ("angry",), reason="rule it")),
        ("classify", "field.os: Linux", SetField(10_000, "os", "Linux", "rule it")),
        ("route", "assign: Ann Kowalska", SetAttribute(10_000, "assignee", "ann@acme.example", "rule it")),
        ("route", f"link_to: {NUMBER}", LinkTickets(10_000, 10_300, "rule")),
    ],
)
def test_what_a_rule_makes_of_a_reply(verb: str, actions: str, expected: object) -> None:
    decision = on_reply(actions, verb)
    assert expected in decision.effects and decision.reason == "follow-up"


def test_a_rules_state_counts_from_where_the_customers_word_took_the_case() -> None:
    decision = on_reply("state: pending", ticket={"state": State.PENDING})
    assert [e.state for e in decision.effects if isinstance(e, SetState)] == ["open", "pending"]
    same = on_reply("state: open", ticket={"state": State.PENDING})
    assert [e.state for e in same.effects if isinstance(e, SetState)] == ["open"]


def test_a_rule_may_hold_a_reply_and_an_operators_word_ends_that() -> None:
    decision = on_reply("hold: a lawyer should read this")
    [held] = [effect for effect in decision.effects if isinstance(effect, HoldMail)]
    assert (decision.outcome, held.serial, held.text) == ("held", 10_000, "Rule 'it' says: a lawyer should read this")
    assert told(decision) == [] and not any(isinstance(effect, AddMessage) for effect in decision.effects)
    released = on_reply("hold: a lawyer should read this", released_as="customer")
    assert released.outcome == "appended"


def test_ticket_none_keeps_a_reply_off_its_case_and_leaves_a_line_there() -> None:
    decision = on_reply("ticket: none")
    assert (decision.outcome, decision.reason, told(decision)) == ("recorded", "no-ticket", [])
    [event] = [effect for effect in decision.effects if isinstance(effect, RecordEvent)]
    assert (event.serial, event.kind, dict(event.data)) == (10_000, "kept-off", {"rule": "it"})


def test_a_rule_may_answer_a_reply() -> None:
    decision = on_reply("reply: hours")
    [mail] = to_customer(decision)
    assert (mail.template, mail.recipient, mail.is_limited, mail.in_reply_to) == (
        "hours", CUSTOMER, True, "<r1@customer.example>",
    )  # fmt: skip
    assert to_customer(on_reply("tags: [x]")) == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"level": Level.A1}, "sender-unproven"),
        ({"counts": SendCounts(ticket_hour=3)}, "ticket-hour"),
        ({"counts": SendCounts(ticket_day=10)}, "ticket-day"),
    ],
)
def test_a_reply_is_answered_within_the_cases_limits_and_to_nobody_unproven(more: dict[str, Any], reason: str) -> None:
    decision = on_reply("reply: hours", **more)
    assert (to_customer(decision), reasons(decision)) == ([], [reason])


def test_no_rule_sees_automatic_mail_on_a_case() -> None:
    assert on_reply("hold: x", Auto_Submitted="auto-replied").reason == "automatic-on-ticket"


SLOW = r"'^(?:(?:qz)+(?:qz)+)+y$'"  # quick enough to pass at load


def test_a_regex_that_runs_out_of_time_is_part_of_the_decision() -> None:
    rules = f"route: [{{name: slow, when: {{body: {{regex: {SLOW}}}}}, do: {{priority: high}}}}]\n"
    decision = run(rules, "qz" * 6_000 + "y!")
    assert decision.timed_out == ("slow",)
    assert (opened(decision).priority, decision.outcome) == ("normal", "opened")


@pytest.mark.parametrize(("value", "is_held"), [("123456", False), ("12", True), ("", False)])
def test_an_agents_field_has_to_fit_its_pattern(value: str, is_held: bool) -> None:
    from mailproc.desk.commands.mailcommands import Command
    from mailproc.desk.commands.verbs import plan_change

    policy = make_policy(SITE, HEAD + DEFAULTS)
    change = plan_change(
        (Command("field", f"order={value}", 1),), make_ticket(), policy.book.agents[0], policy
    )  # fmt: skip
    assert bool(change.problems) is is_held
