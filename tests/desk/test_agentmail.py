"""What an agent's mail does once it may: answers, notes, commands, refusals; requests and the clock."""

from datetime import timedelta

import pytest

from mailproc.desk.clock.deadlines import decide_clock
from mailproc.desk.receipts import decide_failed
from mailproc.desk.requests import Request, decide_request
from mailproc.errors import UsageError
from mailproc.records.decision import Outcome
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.records.effects import AddMessage, AddTags, MarkBounced, RememberContact, SetAttribute, SetField, SetState
from mailproc.records.mail import Level, Trust
from mailproc.records.ticket import SentMail, State
from tests.builders import (
    ANN,
    CUSTOMER,
    NOW,
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

PROVEN = Trust(Level.A3, dmarc="pass")
DESK = "frontdesk@acme.example"


def from_ann(text: str, purpose: str = "r", ticket_state: State = State.OPEN, **headers: str):  # type: ignore[no-untyped-def]
    raw = make_mail(
        f"Ann <{ANN}>",
        token_address(purpose, "department:frontdesk"),
        "Re: Printer",
        text,
        "<a1@acme.example>",
        **headers,
    )
    return decide(raw, make_known(make_ticket(state=ticket_state)), trust=PROVEN)


@pytest.mark.parametrize(
    ("purpose", "text", "reason", "state", "mails"),
    [
        ("r", "Done.", "agent-answer", None, [("answer", CUSTOMER), ("copy", DESK)]),
        ("r", "#resolve\nDone.", "agent-resolved", "resolved", [("resolved", CUSTOMER), ("copy", DESK)]),
        ("r", "#resolve", "agent-resolved", "resolved", [("resolved", CUSTOMER), ("transcript", ANN)]),
        ("d", "Done.", "agent-resolved", "resolved", [("resolved", CUSTOMER), ("copy", DESK)]),
        ("d", "", "agent-resolved", "resolved", [("resolved", CUSTOMER)]),
        ("n", "He shouted at me.", "agent-note", None, []),
        ("r", "#note He shouted at me.", "agent-note", None, []),
        ("r", "#close", "agent-commands", "closed", [("transcript", ANN)]),
        ("r", "#pending\nWhich model?", "agent-answer", "pending", [("answer", CUSTOMER), ("copy", DESK)]),
        ("r", "#take", "agent-commands", None, [("transcript", ANN)]),
    ],
)
def test_an_agents_mail_does_what_it_says(
    purpose: str, text: str, reason: str, state: str | None, mails: list[tuple[str, str]]
) -> None:
    decision = from_ann(text, purpose)
    assert (decision.outcome, decision.reason) == (Outcome.ANSWERED, reason)
    assert [effect.state for effect in decision.effects if isinstance(effect, SetState)] == ([state] if state else [])
    assert told(decision) == mails


def test_one_mails_commands_all_happen() -> None:
    decision = from_ann(
        "#take\n#priority high\n#tag refund -waiting\n#field order=1234567\n#to billing\nI hand this on."
    )
    effects = decision.effects
    assert SetAttribute(10_000, "assignee", ANN, "agent Ann Kowalska", ANN) in effects
    assert SetAttribute(10_000, "priority", "high", "agent Ann Kowalska", ANN) in effects
    assert AddTags(10_000, ("refund",), ("waiting",), ANN) in effects
    assert SetField(10_000, "order", "1234567", "agent Ann Kowalska", ANN) in effects
    assert SetAttribute(10_000, "department", "billing", "agent Ann Kowalska", ANN) in effects
    assert ("followup", "billing-team@acme.example") in told(decision)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#clsoe\nDone.", "did you mean `#close`?"),
        ("#to biling\nDone.", "no department `biling`; did you mean `billing`?"),
        ("#assign Bob\nDone.", "no agent `Bob`"),
        ("#assign bo@acme.example\nDone.", "Bo Berg does not belong to the department `frontdesk`"),
        ("#resolve\n#close\nDone.", "the mail asks for two different states"),
    ],
)
def test_one_wrong_command_holds_the_whole_mail_and_tells_the_agent(text: str, words: str) -> None:
    decision = from_ann(text)
    assert (decision.outcome, decision.reason) == (Outcome.HELD, "unknown-command")
    assert told(decision) == [("refused", ANN)]
    assert words in dict(mails_of(decision)[0].context)["lines"]
    assert not any(isinstance(effect, SetState | AddMessage) for effect in decision.effects)


def test_a_state_the_lifecycle_forbids_is_refused() -> None:
    assert from_ann("#pending\nx", ticket_state=State.CLOSED).outcome is Outcome.HELD


def test_an_empty_answer_is_not_sent() -> None:
    decision = from_ann("")
    assert (decision.outcome, decision.reason, told(decision)) == (Outcome.HELD, "empty-answer", [("refused", ANN)])


def test_the_first_answer_opens_a_new_ticket() -> None:
    decision = from_ann("Done.", ticket_state=State.NEW)
    assert [effect.state for effect in decision.effects if isinstance(effect, SetState)] == ["open"]


def test_t47_no_address_of_the_inside_is_in_a_customers_mail() -> None:
    for mail in mails_of(from_ann("Done.")):
        if mail.role == "customer":
            shown = repr((mail.subject, mail.from_name, mail.from_address, mail.context, mail.history, mail.headers))
            assert ANN not in shown
            assert DESK not in shown


def test_t46_an_agents_own_mail_and_notes_stay_inside() -> None:
    for text in ("Done.", "#note secret"):
        kept = [effect for effect in from_ann(text).effects if isinstance(effect, AddMessage)]
        assert [message.visibility for message in kept] == ["internal"]


def test_quoted_commands_are_never_carried_out() -> None:
    decision = from_ann("Done.\n\nOn Tue, 13 Jan 2026 at 10:00, Jane Doe wrote:\n> #close\n> #priority urgent")
    assert decision.reason == "agent-answer"
    assert not any(isinstance(effect, SetState | SetAttribute) for effect in decision.effects)


# ---- the command line


def request(verb: str, **changes: object):  # type: ignore[no-untyped-def]
    ticket = changes.pop("ticket", make_ticket())
    asked = Request(verb, 10_000, "root", **changes)  # type: ignore[arg-type]
    return decide_request(asked, make_known(ticket), make_policy(), NOW)  # type: ignore[arg-type]


def test_requests_change_the_ticket() -> None:
    assert SetState(10_000, "closed", "command line", "root", NOW) in request("close").effects
    assert told(request("resolve")) == [("resolved", CUSTOMER)]
    assert told(request("reply", text="Hello")) == [("answer", CUSTOMER), ("copy", DESK)]
    assert told(request("note", text="secret")) == []
    assert (
        SetState(10_000, "open", "command line", "root", NOW)
        in request("reopen", ticket=make_ticket(state=State.CLOSED)).effects
    )
    assert (
        SetAttribute(10_000, "department", "billing", "command line", "root")
        in request("move", argument="Billing").effects
    )


def test_requests_that_change_nothing_say_so() -> None:
    assert request("close", ticket=make_ticket(state=State.CLOSED)).outcome is Outcome.NOTHING
    assert request("reopen").outcome is Outcome.NOTHING


@pytest.mark.parametrize(
    ("verb", "changes", "words"),
    [
        ("reply", {"text": " "}, "no text"),
        ("assign", {"argument": "nobody"}, "no agent `nobody`"),
        ("move", {"argument": "biling"}, "did you mean `billing`"),
        ("resolve", {"ticket": make_ticket(state=State.CLOSED)}, "cannot become resolved"),
        ("bogus", {}, "unknown request"),
    ],
)
def test_requests_that_may_not_be_done_say_why(verb: str, changes: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        request(verb, **changes)


def test_a_request_about_no_ticket_says_so() -> None:
    with pytest.raises(UsageError, match="no such ticket"):
        decide_request(Request("close", 99_999, "root"), make_known(), make_policy(), NOW)


# ---- the clock and receipts


def test_the_clock_closes_what_was_resolved_long_enough() -> None:
    old = make_ticket(state=State.RESOLVED, resolved_at=NOW - timedelta(days=8))
    young = make_ticket(serial=10_001, state=State.RESOLVED, resolved_at=NOW - timedelta(days=6))
    waiting = make_ticket(serial=10_002, state=State.PENDING, resolved_at=NOW - timedelta(days=90))
    decision = decide_clock(make_known(old, young, waiting), make_policy(), NOW)
    assert [(effect.serial, effect.state) for effect in decision.effects if isinstance(effect, SetState)] == [
        (10_000, "closed")
    ]
    assert decide_clock(make_known(young), make_policy(), NOW).outcome is Outcome.NOTHING


@pytest.mark.parametrize(("author", "to"), [(ANN, ANN), ("", DESK), ("gone@acme.example", DESK)])
def test_f23_a_refused_mail_is_recorded_and_its_author_told(author: str, to: str) -> None:
    sent = {(10_000, 2): SentMail(10_000, 2, "answer", CUSTOMER, CUSTOMER, author, False)}
    receipt = Receipt(ReceiptState.FAILED, 550, "5.1.1 no such user")
    decision = decide_failed(make_known(make_ticket(), sent=sent), 10_000, 2, receipt, make_policy(), NOW)
    assert told(decision) == [("undelivered", to)]
    assert any(isinstance(effect, MarkBounced) for effect in decision.effects)
    assert RememberContact(CUSTOMER, is_dead=True) in decision.effects


def test_a_refused_mail_to_a_department_starts_no_further_mail() -> None:
    sent = {(10_000, 1): SentMail(10_000, 1, "forward", DESK, "department:frontdesk", "", True, "agent")}
    receipt = Receipt(ReceiptState.FAILED, 550, "no")
    assert told(decide_failed(make_known(make_ticket(), sent=sent), 10_000, 1, receipt, make_policy(), NOW)) == []


def test_t32_a_bounce_of_our_answer_tells_its_author_and_nobody_outside() -> None:
    from mailproc.tickets.token import make_message_id
    from tests.builders import KEYS, SITE

    ours = make_message_id(KEYS, 10_000, 2, SITE.domain)
    raw = make_mail(
        "MAILER-DAEMON@mx.example",
        token_address("c", CUSTOMER),
        "Undelivered Mail Returned to Sender",
        f"<{CUSTOMER}>: host mx said: 550 5.1.1 User unknown\n\n"
        f"------ This is a copy of your message ------\n\nMessage-ID: {ours}\n",
        "<b@mx.example>",
    )
    sent = {(10_000, 2): SentMail(10_000, 2, "answer", CUSTOMER, CUSTOMER, ANN, False)}
    decision = decide(raw, make_known(make_ticket(), sent=sent), envelope=make_envelope(""))
    assert decision.outcome is Outcome.BOUNCE
    assert told(decision) == [("undelivered", ANN)]


DSN = """--b
Content-Type: text/plain

{words}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}

--b
Content-Type: text/rfc822-headers

Message-ID: {ours}

--b--
"""


@pytest.mark.parametrize(
    ("action", "status", "is_marked", "is_told"),
    [
        ("failed", "5.1.1", True, True),
        ("failed", "4.4.1", True, True),  # the other server gave up after its five days
        ("delayed", "4.4.1", False, False),  # it still tries, and its last report must be heard
    ],
)
def test_t32_the_author_hears_of_a_mail_that_nobody_tries_to_deliver_any_more(
    action: str, status: str, is_marked: bool, is_told: bool
) -> None:
    from mailproc.tickets.token import make_message_id
    from tests.builders import KEYS, SITE

    ours = make_message_id(KEYS, 10_000, 2, SITE.domain)
    raw = make_mail(
        "MAILER-DAEMON@mx.example",
        token_address("c", CUSTOMER),
        "Delivery Status Notification",
        DSN.format(words="Your message:", to=CUSTOMER, action=action, status=status, ours=ours),
        "<b@mx.example>",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )
    sent = {(10_000, 2): SentMail(10_000, 2, "answer", CUSTOMER, CUSTOMER, ANN, False)}
    decision = decide(raw, make_known(make_ticket(), sent=sent), envelope=make_envelope(""))
    assert decision.outcome is Outcome.BOUNCE
    assert any(isinstance(effect, MarkBounced) for effect in decision.effects) == is_marked
    assert bool(told(decision)) == is_told
