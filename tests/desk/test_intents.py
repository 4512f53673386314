"""Words that ask for nothing leave a finished ticket finished; a ticket's language where a mail says too little."""

from datetime import timedelta

import pytest

from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, OpenTicket, RecordEvent, RememberContact, SetState
from mailproc.records.mail import Level
from mailproc.records.ticket import Contact, State
from tests.builders import (
    ANN,
    CUSTOMER,
    NOW,
    SITE,
    decide,
    make_known,
    make_mail,
    make_policy,
    make_ticket,
    token_address,
    told,
)

TAG = f"[{make_ticket().number}]"


def _answer(text: str, *, state: State = State.RESOLVED, level: Level = Level.A3, assignee: str = "") -> Decision:
    closed = NOW - timedelta(days=2) if state is State.CLOSED else None
    ticket = make_ticket(state=state, closed_at=closed, assignee=assignee)
    raw = make_mail(subject=f"Re: {TAG} Printer", text=text, message_id="<m2@customer.example>")
    return decide(raw, make_known(ticket), level=level)


def _states(decision: Decision) -> list[str]:
    return [effect.state for effect in decision.effects if isinstance(effect, SetState)]


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Super, vielen Dank für die schnelle Hilfe. LG Eva",
        "Merci beaucoup",
        "It works now, thank you!",
        "Danke!\r\n\r\nAm 12.01.2026 um 10:00 schrieb Acme Support:\r\n> Bitte starten Sie ihn neu.",
    ],
)
def test_thanks_do_not_reopen(state: State, text: str) -> None:
    decision = _answer(text, state=state)
    assert (decision.outcome, decision.reason, decision.serial) == (Outcome.APPENDED, "follow-up-thanks", 10_000)
    assert _states(decision) == []
    added = [effect for effect in decision.effects if isinstance(effect, AddMessage)]
    assert [(message.purpose, message.visibility) for message in added] == [("followup", "public")]
    assert any(isinstance(effect, RecordEvent) and effect.kind == "not-reopened" for effect in decision.effects)
    assert any("nothing but" in step.text for step in decision.trace)


def test_thanks_are_still_told_to_those_who_worked_on_it() -> None:
    assert told(_answer("Thanks!")) == [("followup", "frontdesk@acme.example")]
    assert told(_answer("Thanks!", assignee=ANN)) == [("followup", ANN)]


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, but it still does not work.",
        "Thanks! When will the second one arrive?",
        "Still broken",
        "Any news?",
        "Thank you. The scanner is broken too.",
        "ok",
    ],
)
def test_anything_more_reopens(text: str) -> None:
    decision = _answer(text)
    assert (_states(decision), decision.reason) == (["open"], "follow-up")


@pytest.mark.parametrize("state", [State.PENDING, State.ON_HOLD])
def test_thanks_wake_a_ticket_that_waits(state: State) -> None:
    assert _states(_answer("Thanks!", state=state)) == ["open"]


def test_thanks_on_an_open_ticket_are_a_follow_up() -> None:
    decision = _answer("Thanks!", state=State.OPEN)
    assert (decision.reason, _states(decision)) == ("follow-up", [])


def test_thanks_that_nothing_proves_do_not_reopen_either() -> None:
    decision = _answer("Thanks!", level=Level.A1)
    assert (decision.reason, _states(decision)) == ("follow-up-unverified", [])


def test_thanks_after_too_long_make_a_new_ticket_as_before() -> None:
    ticket = make_ticket(state=State.CLOSED, closed_at=NOW - timedelta(days=31))
    raw = make_mail(subject=f"Re: {TAG} Printer", text="Thanks!", message_id="<m2@customer.example>")
    assert decide(raw, make_known(ticket), level=Level.A3).reason == "new-after-close"


def _with_part(disposition: str, content_type: str) -> bytes:
    raw = make_mail(subject=f"Re: {TAG} Printer", text="@", message_id="<m2@customer.example>")
    head = raw.partition(b"Content-Type")[0]
    return head + (
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThanks!\r\n"
        f"--b\r\nContent-Type: {content_type}\r\n"
        f'Content-Disposition: {disposition}; filename="x"\r\n\r\nabc\r\n--b--\r\n'
    ).encode()


@pytest.mark.parametrize(
    ("disposition", "content_type", "states"),
    [
        ("attachment", "image/png", ["open"]),
        ("inline", "image/png", []),
        ("attachment", "application/pkcs7-signature", []),
        ("attachment", "text/vcard", []),
    ],
)
def test_a_file_beside_the_thanks_may_say_more(disposition: str, content_type: str, states: list[str]) -> None:
    known = make_known(make_ticket(state=State.RESOLVED))
    assert _states(decide(_with_part(disposition, content_type), known, level=Level.A3)) == states


def test_an_agents_thanks_go_to_the_customer_as_any_answer() -> None:
    to = token_address("r", "department:frontdesk")
    raw = make_mail(ANN, to, "Re: Printer", "Thanks!", "<a1@acme.example>")
    decision = decide(raw, make_known(make_ticket(state=State.RESOLVED)), level=Level.A3)
    assert decision.reason == "agent-answer"


@pytest.mark.parametrize(
    ("text", "former", "language"),
    [
        ("Seit gestern druckt der Drucker nicht mehr, können Sie mir bitte helfen?", "en", "de"),
        ("Danke!", "", "de"),
        ("4711", "de", "de"),
        ("4711", "", "en"),
        ("4711", "fr", "en"),  # a language the site no longer has
        ("Принтер печатает только пустые страницы", "de", "de"),
        ("Robert", "de", "de"),
        ("Robert", "", "en"),
    ],
)
def test_the_language_is_the_mails_else_the_requesters_else_the_sites(text: str, former: str, language: str) -> None:
    known = make_known(requester=Contact(CUSTOMER, language=former) if former else None)
    decision = decide(make_mail(text=text), known, policy=make_policy(SITE))
    assert [effect.language for effect in decision.effects if isinstance(effect, OpenTicket)] == [language]
    remembered = [effect.language for effect in decision.effects if isinstance(effect, RememberContact)]
    assert remembered in ([""], [language])  # what is not sure is not remembered
