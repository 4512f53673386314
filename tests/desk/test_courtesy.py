"""What requesters hear besides answers: the state on demand, "solved" and "not solved", changes of their case."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from mailproc.desk.mails.courtesy import split_by_room
from mailproc.desk.requests import Request, decide_request
from mailproc.errors import UsageError
from mailproc.records.decision import Decision
from mailproc.records.effects import SetState, SuppressMail
from mailproc.records.mail import Address, Attachment, Level
from mailproc.records.ticket import Contact, SendCounts, State, ThreadMessage, Ticket
from tests.builders import (
    CUSTOMER,
    NOW,
    SITE,
    decide,
    mails_of,
    make_known,
    make_mail,
    make_policy,
    make_ticket,
    token_address,
    told,
)
from tests.builders import RULES as BOOK
from tests.desks import RULES, Desk, html_of, open_desk, words_of

FRONTDESK = ("followup", "frontdesk@acme.example")
STATUS = ("status", CUSTOMER)
LANGUAGES = ("en", "de", "es", "fr", "it", "no", "pl")


def _said(purpose: str, hours_ago: float, direction: str = "out", text: str = "Which model?") -> ThreadMessage:
    author = Address("", "Ann") if direction == "out" else Address(CUSTOMER)
    return ThreadMessage(direction, "public", purpose, author, NOW - timedelta(hours=hours_ago), text)


def _ticket(state: State = State.OPEN, *thread: ThreadMessage, **changes: Any) -> Ticket:
    ticket = make_ticket(state=state, closed_at=NOW - timedelta(days=2) if state is State.CLOSED else None)
    return replace(ticket, thread=(*ticket.thread, *thread), **changes)


def _write(
    text: str, ticket: Ticket, level: Level = Level.A3, to: str = "support@acme.example", **known: Any
) -> Decision:
    raw = make_mail(subject=f"Re: [{ticket.number}] Printer", text=text, message_id="<m2@customer.example>", to=to)
    return decide(raw, make_known(ticket, **known), level=level)


def _states(decision: Decision) -> list[str]:
    return [effect.state for effect in decision.effects if isinstance(effect, SetState)]


def _suppressed(decision: Decision) -> list[tuple[str, str]]:
    return [(effect.purpose, effect.reason) for effect in decision.effects if isinstance(effect, SuppressMail)]


def _context(decision: Decision, purpose: str) -> dict[str, str]:
    return dict(next(mail for mail in mails_of(decision) if mail.purpose == purpose).context)


# ---- how does it stand?


@pytest.mark.parametrize(
    ("state", "awaiting"),
    [(State.NEW, "us"), (State.OPEN, "us"), (State.PENDING, "you"), (State.ON_HOLD, "other")],
)
def test_who_only_asks_how_it_stands_is_told_and_nobody_else(state: State, awaiting: str) -> None:
    decision = _write("Any news?", _ticket(state, _said("answer", 5)))
    assert (told(decision), decision.reason, _states(decision)) == ([STATUS], "follow-up-status", [])
    context = _context(decision, "status")
    assert (context["state"], context["awaiting"]) == (state, awaiting)
    assert (context["age_days"], context["department"]) == ("1", "Front desk")
    assert context["last_answer_at"] == (NOW - timedelta(hours=5)).isoformat()
    mail = mails_of(decision)[0]
    assert (mail.is_automatic, mail.is_limited, mail.may_resend) == (True, True, False)
    assert mail.in_reply_to == "<m2@customer.example>"


@pytest.mark.parametrize("text", ["Any news? The second one is broken, too.", "Any news on order 4711?"])
def test_a_question_with_a_further_sentence_is_a_follow_up(text: str) -> None:
    assert told(_write(text, _ticket())) == [FRONTDESK]


def test_who_asks_again_before_anybody_answered_is_heard_by_the_department() -> None:
    decision = _write("Any news?", _ticket(State.OPEN, _said("answer", 9), _said("status", 3)))
    assert (told(decision), decision.reason) == ([FRONTDESK, STATUS], "follow-up")
    again = _write("Any news?", _ticket(State.OPEN, _said("status", 9), _said("answer", 3)))
    assert told(again) == [STATUS]


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_a_question_on_a_finished_case_opens_it_and_is_answered(state: State) -> None:
    decision = _write("Any news?", _ticket(state))
    assert (told(decision), _states(decision)) == ([FRONTDESK, STATUS], ["open"])
    assert _context(decision, "status")["state"] == "open"


def test_t30_an_unproven_sender_learns_nothing_of_the_case() -> None:
    decision = _write("Any news?", _ticket(), level=Level.A1)
    assert (told(decision), decision.reason) == ([FRONTDESK], "follow-up-unverified")
    assert _suppressed(decision) == [("status", "unproven")]


def test_their_token_proves_them() -> None:
    decision = _write("Any news?", _ticket(), level=Level.A1, to=token_address("c", CUSTOMER))
    assert told(decision) == [STATUS]
    stolen = _write("Any news?", _ticket(), level=Level.A1, to=token_address("c", "joe@elsewhere.example"))
    assert told(stolen) == [FRONTDESK]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"counts": SendCounts(sender_hour=3, sender_day=3)}, "sender-hour"),
        ({"counts": SendCounts(ticket_day=10)}, "ticket-day"),
        ({"counts": SendCounts(site_hour=100)}, "breaker"),
        ({"requester": Contact(CUSTOMER, is_dead=True)}, "dead-address"),
        ({"requester": Contact(CUSTOMER, is_silenced=True)}, "silenced"),
    ],
)
def test_a_question_that_a_limit_leaves_unanswered_goes_to_the_department(known: dict[str, Any], reason: str) -> None:
    decision = _write("Any news?", _ticket(State.PENDING), **known)
    assert (told(decision), _suppressed(decision)) == ([FRONTDESK], [("status", reason)])
    assert _states(decision) == ["open"]  # somebody has to look at it


def test_a_file_beside_the_question_may_say_more() -> None:
    raw = make_mail(subject=f"Re: [{make_ticket().number}] Printer", text="@", message_id="<m2@customer.example>")
    raw = raw.partition(b"Content-Type")[0] + (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: text/plain\r\n\r\nAny news?\r\n--b\r\nContent-Type: image/png\r\n"
        b'Content-Disposition: attachment; filename="x.png"\r\n\r\nabc\r\n--b--\r\n'
    )
    assert told(decide(raw, make_known(_ticket()), level=Level.A3)) == [FRONTDESK]


def test_a_participant_is_told_at_their_own_address() -> None:
    ticket = _ticket(participants=(CUSTOMER, "bob@customer.example"))
    raw = make_mail("Bob <bob@customer.example>", subject=f"[{ticket.number}] Printer", text="Any news?")
    decision = decide(raw, make_known(ticket), level=Level.A3)
    assert told(decision) == [("status", "bob@customer.example")]
    assert _context(decision, "status")["requester_name"] == "Bob"


# ---- it works, it does not


@pytest.mark.parametrize("state", [State.NEW, State.OPEN, State.PENDING, State.ON_HOLD])
def test_it_works_resolves_a_case_in_work_and_the_department_is_told(state: State) -> None:
    decision = _write("It works now, thank you!", _ticket(state))
    assert (told(decision), _states(decision), decision.reason) == ([FRONTDESK], ["resolved"], "follow-up-solved")
    assert _context(decision, "followup")["is_solved"] == "yes"


@pytest.mark.parametrize(
    ("sender", "level", "text"),
    [
        (CUSTOMER, Level.A1, "It works now."),
        ("bob@customer.example", Level.A3, "It works now."),
        (CUSTOMER, Level.A3, "It works now. But the scanner does not."),
        (CUSTOMER, Level.A3, "Thanks!"),
    ],
)
def test_nobody_elses_word_and_no_other_word_resolves(sender: str, level: Level, text: str) -> None:
    ticket = _ticket(participants=(CUSTOMER, "bob@customer.example"))
    raw = make_mail(sender, subject=f"Re: [{ticket.number}] Printer", text=text, message_id="<m3@c.example>")
    assert _states(decide(raw, make_known(ticket), level=level)) == []


@pytest.mark.parametrize(
    ("text", "level", "to", "notices"),
    [
        ("It still does not work.", Level.A3, "support@acme.example", [("reopened", CUSTOMER)]),
        ("It still does not work.", Level.A1, token_address("c", CUSTOMER), [("reopened", CUSTOMER)]),
        ("It still does not work.", Level.A1, "support@acme.example", []),
        ("Another question: where is the toner?", Level.A3, "support@acme.example", []),
    ],
)
def test_not_solved_opens_the_case_and_says_so(
    text: str, level: Level, to: str, notices: list[tuple[str, str]]
) -> None:
    decision = _write(text, _ticket(State.RESOLVED), level=level, to=to)
    assert (told(decision), _states(decision)) == ([FRONTDESK, *notices], ["open"])
    if notices:
        assert _context(decision, "reopened")["is_by_customer"] == "yes"


def test_not_solved_says_nothing_where_the_site_does_not_want_it() -> None:
    policy = make_policy(replace(SITE, notify_requester=()))
    ticket = _ticket(State.RESOLVED)
    raw = make_mail(subject=f"Re: [{ticket.number}] Printer", text="It still does not work.", message_id="<m2@c.e>")
    decision = decide(raw, make_known(ticket), level=Level.A3, policy=policy)
    assert (told(decision), _suppressed(decision)) == ([FRONTDESK], [])


# ---- rules and the command line


@pytest.mark.parametrize(("level", "subject"), [(Level.A3, "Re: Printer"), (Level.A1, "")])
def test_a_rule_answers_with_the_state(level: Level, subject: str) -> None:
    policy = make_policy(rules=BOOK.replace("  - name: money", "  - {name: parcels, when: {subject: printer}, do:"
                                            " {reply: status}}\n  - name: money"))  # fmt: skip
    decision = decide(make_mail(), policy=policy, level=level)
    mail = next(mail for mail in mails_of(decision) if mail.role == "customer")
    assert (mail.purpose, mail.template, mail.subject) == ("status", "status", subject)
    assert mail.is_unproven is (level < Level.A2)
    assert dict(mail.context)["requester_name"] == ("Jane Doe" if level >= Level.A2 else "")


def _request(verb: str, ticket: Ticket, *, occasions: tuple[str, ...] = ("reopened",), argument: str = "") -> Decision:
    policy = make_policy(replace(SITE, notify_requester=occasions))
    return decide_request(Request(verb, 10_000, "ann@acme.example", "", argument), make_known(ticket), policy, NOW)


def test_a_change_is_told_if_the_site_says_so() -> None:
    answered = _said("answer", 50)
    assert ("closed", CUSTOMER) in told(_request("close", _ticket(State.OPEN, answered), occasions=("closed",)))
    assert told(_request("close", _ticket(State.OPEN, answered), occasions=("moved",))) == []
    moved = _request("move", _ticket(State.OPEN, answered), occasions=("moved",), argument="billing")
    assert _context(moved, "moved")["department"] == "Billing"
    assert told(_request("reopen", _ticket(State.CLOSED, answered))) == [("reopened", CUSTOMER)]
    assert _context(_request("reopen", _ticket(State.CLOSED, answered)), "reopened").get("is_by_customer", "") == ""


def test_t30_a_change_is_not_told_to_who_is_unproven_and_was_never_answered() -> None:
    for level, notices, why in (("A1", [], ["unproven"]), ("A2", [("closed", CUSTOMER)], [])):
        ticket = _ticket()
        ticket = replace(ticket, thread=(replace(ticket.thread[0], level=level),))
        decision = _request("close", ticket, occasions=("closed",))
        assert (told(decision), [reason for _, reason in _suppressed(decision)]) == (notices, why)


def test_remind_asks_again_for_what_we_asked() -> None:
    decision = _request("remind", _ticket(State.PENDING, _said("answer", 75)), occasions=())
    context = _context(decision, "awaiting")
    assert (told(decision), context["text"], context["waiting_days"]) == ([("awaiting", CUSTOMER)], "Which model?", "3")


def test_remind_tells_how_it_stands_where_nothing_is_awaited() -> None:
    assert told(_request("remind", _ticket(State.OPEN, _said("answer", 3)))) == [STATUS]
    assert _suppressed(_request("remind", _ticket(State.OPEN))) == [("status", "unproven")]
    with pytest.raises(UsageError, match="nothing is awaited"):
        _request("remind", _ticket(State.CLOSED))


def test_files_that_one_mail_has_no_room_for() -> None:
    files = [Attachment(str(size), "image/png", size) for size in (6, 5, 4, 20)]
    carried, left = split_by_room(files, 10)
    assert ([item.size for item in carried], [item.size for item in left]) == ([6, 4], [5, 20])


# ---- end to end


@pytest.fixture
def desk(tmp_path: Path, store_url: str) -> Iterator[Desk]:
    with open_desk(tmp_path, store_url) as opened:
        yield opened


@pytest.fixture
def lone_desk(tmp_path: Path) -> Iterator[Desk]:
    """On SQLite alone, where the database makes no difference."""
    more = "notify_requester: [reopened, merged, moved, closed, awaiting, rejected]\nauto_close_after: 7d\n"
    more += "max_attachments_size: 100KB\n"
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db", more=more) as opened:
        yield opened


ASKING = {
    "de": ("Seit gestern druckt der Drucker nur noch leere Seiten.", "Gibt es schon Neuigkeiten?", "Abteilung"),
    "fr": ("Depuis hier, mon imprimante ne sort que des pages blanches.", "Avez-vous des nouvelles ?", "Service"),
    "pl": ("Od wczoraj moja drukarka drukuje tylko puste strony.", "Czy są jakieś nowości?", "Dział"),
}


@pytest.mark.parametrize("language", ASKING)
def test_status_is_told_in_the_requesters_language(lone_desk: Desk, language: str) -> None:
    asked, question, department = ASKING[language]
    serial = lone_desk.write(asked)["serial"]
    before = len(lone_desk.mails())
    assert lone_desk.wait(days=2).write(question, subject="Re: [ACME-100-009] Printer")["reason"] == "follow-up-status"
    assert lone_desk.mails(before) == [STATUS]
    mail = lone_desk.last("status")
    assert department in words_of(mail) and "Front desk" in words_of(mail)
    assert mail["Auto-Submitted"] and "ACME-100-009" in mail["Subject"]
    assert lone_desk.show(serial)["state"] == "new"


def test_status_and_solved_from_mail_to_database(desk: Desk) -> None:
    serial = desk.write("It prints blank pages.")["serial"]
    subject = "Re: [ACME-100-009] Printer"
    assert desk.write("Any news?", subject=subject)["reason"] == "follow-up-status"
    assert desk.write("Any news please?", subject=subject)["reason"] == "follow-up"
    assert desk.write("Any update?", subject=subject)["reason"] == "follow-up"  # the fourth of an hour: a limit
    assert [purpose for purpose, _ in desk.mails()] == [
        "forward", "received", "status", "followup", "status", "followup",
    ]  # fmt: skip
    assert desk.suppressed(serial) == [("status", "sender-hour")]
    assert [e["kind"] for e in desk.show(serial)["events"]].count("status-asked") == 1
    before = len(desk.mails())
    assert desk.wait(days=1).write("It works now!", subject=subject)["reason"] == "follow-up-solved"
    assert (desk.show(serial)["state"], desk.mails(before)) == ("resolved", [FRONTDESK])
    assert "resolved now" in words_of(desk.last("followup"))
    desk.write("It still does not work.", subject=subject)
    assert (desk.show(serial)["state"], desk.mails(before + 1)) == ("open", [FRONTDESK, ("reopened", CUSTOMER)])
    assert "Thank you for your message" in words_of(desk.last("reopened"))


def test_a_status_that_answers_a_question_says_so_and_one_unasked_does_not(lone_desk: Desk) -> None:
    """RFC 3834 section 5: auto-replied is said of what answers a mail, auto-generated of what comes by itself."""
    serial = lone_desk.write("It prints blank pages.")["serial"]
    assert lone_desk.last("received")["Auto-Submitted"] == "auto-replied"
    lone_desk.wait(days=1).write("Any news?", subject="Re: [ACME-100-009] Printer")
    assert lone_desk.last("status")["Auto-Submitted"] == "auto-replied"
    lone_desk.wait(days=1).ask("remind", serial)
    assert [purpose for purpose, _ in lone_desk.mails()].count("status") == 2
    assert lone_desk.last("status")["Auto-Submitted"] == "auto-generated"
    assert lone_desk.last("forward")["Auto-Submitted"] == "auto-generated"


def test_nothing_of_a_case_goes_to_who_only_knows_its_number(desk: Desk) -> None:
    serial = desk.write("It prints blank pages.")["serial"]
    before = len(desk.mails())
    subject = "[ACME-100-009] Printer"
    assert desk.write("Any news?", subject=subject, is_proven=False)["reason"] == "follow-up-unverified"
    assert desk.write("It works now.", subject=subject, is_proven=False)["reason"] == "follow-up-unverified"
    row = desk.write("Any news?", subject=subject, sender="Joe <joe@elsewhere.example>")
    assert row["reason"] == "new-stranger"
    assert [to for _, to in desk.mails(before) if to == CUSTOMER] == []
    assert desk.show(serial)["state"] == "new"


def test_t30_the_button_of_an_unproven_acknowledgement_holds_nothing_of_its_sender(lone_desk: Desk) -> None:
    lone_desk.write("Zebra zebra.", sender="Zebra <zoe@elsewhere.example>", subject="Zebra", is_proven=False)
    mail = lone_desk.last("received")
    assert "zebra" not in mail.as_string().lower() and "zebra" not in unquote(html_of(mail)).lower()
    assert [(subject.strip(), words) for _, subject, words in _buttons(mail) if words] == [
        ("Re: [ACME-100-009]", "Any news?")
    ]


BUTTON = re.compile(r'href="mailto:([^"?]+)\?([^"]*)"')


def _buttons(mail: EmailMessage) -> list[tuple[str, str, str]]:
    """(address, subject, words) of the buttons of a mail."""
    found = []
    for address, query in BUTTON.findall(html_of(mail)):
        values = dict(pair.split("=", 1) for pair in unescape(query).split("&"))
        found.append((unquote(address), unquote(values.get("subject", "")), unquote(values.get("body", "")).strip()))
    return found


ASKED = {
    "en": "Since yesterday my printer has been printing nothing but blank pages.",
    "de": "Seit gestern druckt mein Drucker nur noch leere Seiten, bitte helfen Sie mir.",
    "es": "Desde ayer mi impresora solo imprime páginas en blanco, por favor ayúdenme.",
    "fr": "Depuis hier, mon imprimante ne sort plus que des pages blanches, aidez-moi.",
    "it": "Da ieri la mia stampante stampa soltanto pagine bianche, aiutatemi per favore.",
    "no": "Siden i går har skriveren min bare skrevet ut blanke sider, vær så snill å hjelpe meg.",
    "pl": "Od wczoraj moja drukarka drukuje tylko puste strony, proszę o pomoc.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_does_what_it_says(lone_desk: Desk, language: str) -> None:
    """A tap sends the button's words to the token's address, from a sender that nothing else proves."""
    desk = lone_desk
    serial = desk.write(ASKED[language])["serial"]
    assert desk.show(serial)["language"] == language

    def tap(mail: EmailMessage, at: int) -> str:
        address, subject, words = [button for button in _buttons(mail) if button[2]][at]
        return str(desk.wait(hours=2).write(words, to=address, subject=subject, is_proven=False)["reason"])

    assert tap(desk.last("received"), 0) == "follow-up-status"
    assert tap(desk.last("status"), 0) == "follow-up-solved"
    desk.ask("reopen", serial)
    desk.ask("resolve", serial)
    assert tap(desk.last("resolved"), 0) == "follow-up-thanks"
    assert desk.show(serial)["state"] == "resolved"
    assert tap(desk.last("resolved"), 1) == "follow-up"
    assert (desk.show(serial)["state"], desk.mails()[-1]) == ("open", ("reopened", CUSTOMER))


def test_changes_are_told_where_the_site_wants_it(lone_desk: Desk) -> None:
    desk = lone_desk
    serial = desk.write("It prints blank pages.")["serial"]
    to = str(desk.last("forward")["Reply-To"])
    seen = len(desk.mails())

    def fresh() -> list[str]:
        nonlocal seen
        made = [purpose for purpose, recipient in desk.mails(seen) if recipient == CUSTOMER]
        seen = len(desk.mails())
        return made

    desk.agent(to, "Which model is it?\n\n#pending")
    assert fresh() == ["answer"]  # it says more than any notice
    desk.wait(days=3).ask("remind", serial)
    assert fresh() == ["awaiting"] and "Which model is it?" in words_of(desk.last("awaiting"))
    desk.ask("move", serial, argument="billing")
    assert fresh() == ["moved"] and "Billing" in words_of(desk.last("moved"))
    desk.agent(to, "#close")
    assert fresh() == ["closed"] and "within 30 days" in words_of(desk.last("closed"))
    desk.wait(days=1).agent(to, "#reopen")
    assert fresh() == ["reopened"] and "there is more to do" in words_of(desk.last("reopened"))
    desk.ask("resolve", serial)
    assert fresh() == ["resolved"]
    assert desk.wait(days=8).site.engine.tick() > 0
    assert fresh() == ["closed"] and "for 8 days" in words_of(desk.last("closed"))


def test_by_default_closing_and_moving_are_silent(desk: Desk) -> None:
    serial = desk.write("It prints blank pages.")["serial"]
    desk.ask("reply", serial, "Which model is it?")
    before = len(desk.mails())
    desk.ask("move", serial, argument="billing")
    desk.ask("resolve", serial)
    assert desk.wait(days=8).site.engine.tick() > 0
    assert [mail for mail in desk.mails(before) if mail[1] == CUSTOMER] == [("resolved", CUSTOMER)]
    assert (desk.show(serial)["state"], desk.suppressed(serial)) == ("closed", [])


def test_who_sends_a_file_that_is_too_large_learns_of_it(lone_desk: Desk) -> None:
    large = "QUJD" * 50_000
    head = (
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        "It prints blank pages, see the scan.\n--b\nContent-Type: application/pdf\n"
        'Content-Disposition: attachment; filename="scan.pdf"\nContent-Transfer-Encoding: base64\n\n'
    )
    serial = lone_desk.write(f"{large}\n--b--", head=head)["serial"]
    assert [purpose for purpose, _ in lone_desk.mails()] == ["forward", "received"]
    assert "scan.pdf" in words_of(lone_desk.last("received"))
    lone_desk.wait(days=1).write(f"{large}\n--b--", head=head, is_proven=False, sender="Joe <joe@elsewhere.example>")
    assert lone_desk.mails(2) == [("forward", "frontdesk@acme.example"), ("received", "joe@elsewhere.example")]
    assert lone_desk.suppressed(serial) == lone_desk.suppressed(serial + 1) == []
    # The one mail of a day that an unproven sender gets says that something is missing, and nothing of what they wrote
    said = words_of(lone_desk.last("received"))
    assert "not everything that was attached" in said and "scan.pdf" not in said


def test_rules_can_move_a_reply_and_the_requester_is_told(tmp_path: Path) -> None:
    rules = RULES + "route:\n  - {name: money, when: {body: refund}, do: {department: billing}, also: [reply]}\n"
    url, more = f"sqlite:///{tmp_path}/store.db", "notify_requester: [moved]\n"
    with open_desk(tmp_path, url, rules=rules, more=more) as desk:
        desk.write("It prints blank pages.")
        desk.write("Then I want a refund.", subject="Re: [ACME-100-009] Printer")
        assert desk.mails(2) == [("followup", "billing@acme.example"), ("moved", CUSTOMER)]
