"""Tests that the class of a mail follows the mail policy, and that people are never taken for programs."""

import time

import pytest

from mailproc.message.autoreply import classify, find_out_of_office, is_role, read_auto_submitted
from mailproc.message.parts import Headers, Part
from mailproc.records.mail import Address, Bounce, MailClass

JANE = Address("jane@x.test", "Jane")


def _class(
    headers: Headers = (),
    subject: str = "Broken pump",
    text: str = "It is broken.",
    parts: tuple[Part, ...] = (),
    sender: str = "jane@x.test",
    return_path: str | None = "jane@x.test",
    bounce: Bounce | None = None,
) -> tuple[str, str]:
    result = classify(headers, subject, text, parts, Address(sender), return_path, bounce)
    assert result.evidence or result.mail_class is MailClass.HUMAN
    assert (result.auto_kind != "") == (result.mail_class is MailClass.AUTO)
    return result.mail_class.value, result.auto_kind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("no",), ("human", "")),
        (("No",), ("human", "")),
        (("no (human)",), ("human", "")),
        (("(really) no; x=y",), ("human", "")),
        (("",), ("human", "")),
        (("auto-replied; x=y",), ("auto", "reply")),
        (("AUTO-GENERATED",), ("auto", "generated")),
        (('auto-notified; owner-email="a@b.test"',), ("auto", "generated")),
        (("(no) auto-replied (vacation \\) )",), ("auto", "reply")),
        (("no", "auto-replied"), ("auto", "reply")),
        (("no", "no"), ("human", "")),
        (("something-new",), ("auto", "generated")),
    ],
)
def test_t35_auto_submitted_is_read_by_its_grammar(values: tuple[str, ...], expected: tuple[str, str]) -> None:
    assert _class(tuple(("auto-submitted", value) for value in values)) == expected


@pytest.mark.parametrize(
    ("value", "keyword"),
    [
        ("no", "no"),
        ("(a (b) c) Auto-Replied ; t=1", "auto-replied"),
        ("(((", ""),
        (")no", ")no"),
        ("\\", ""),
        (" ; x", ""),
    ],
)
def test_auto_submitted_keyword(value: str, keyword: str) -> None:
    assert read_auto_submitted(value) == keyword


@pytest.mark.parametrize(
    ("headers", "subject", "return_path"),
    [
        ((("x-auto-response-suppress", "All"), ("auto-submitted", "auto-generated")), "Automatic reply: Your case", ""),
        ((("x-auto-response-suppress", "DR, OOF, AutoReply"),), "Automatische Antwort: Ihr Anliegen", "a@x.test"),
        ((("auto-submitted", "auto-replied"), ("precedence", "bulk")), "Re: Your case", "a@x.test"),
        ((("precedence", "auto_reply"), ("x-autoreply", "yes")), "Your case", None),
        ((), "Abwesenheitsnotiz: Ihr Anliegen", "a@x.test"),
        ((), "Réponse automatique : Votre demande", "a@x.test"),
        ((), "Autosvar: Saken din", "a@x.test"),
        ((), "Respuesta automática: Su caso", "a@x.test"),
        ((), "Risposta automatica: La sua richiesta", None),
        ((), "Automatyczna odpowiedź: Zgłoszenie", None),
        ((), "Out of Office AutoReply: Your case", None),
        ((), "Jane Doe is out of the office", ""),
        ((("x-mailer", "vacation 1.2"),), "away from my mail", "a@x.test"),
        ((("x-ms-exchange-generated-message-source", "Mailbox Rules Agent"),), "Ferien", "a@x.test"),
    ],
)
def test_t33_out_of_office_is_auto_reply(headers: Headers, subject: str, return_path: str | None) -> None:
    assert _class(headers, subject, return_path=return_path) == ("auto", "reply")


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: x", "Auto-Reply", "Out of Office: x", "[Out of office] x", "Abwesenheit", "Abwesend bis 5.5.",
        "Automatisch antwoord: x", "Afwezigheidsbericht", "Frånvaro: x", "Automatiskt svar: x", "Automatisk svar: x",
        "Fraværsmelding", "Resposta automática: x", "Fuori sede", "Automaattinen vastaus: x", "Automatická odpověď: x",
        "Automatikus válasz: x", "Răspuns automat: x", "Otomatik yanıt: x", "Автоответ: x", "自动回复: x", "自動返信",
    ],
)  # fmt: skip
def test_absence_is_seen_in_subject(subject: str) -> None:
    assert find_out_of_office(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office hours support?", "Automatic reply does not work", "Re: Automatic reply: x", "Vacation request",
        "Auto reply function broken", "Abwesenheit von Herrn Maier", "AW: Abwesenheitsnotiz", "My absence", "",
        "Autosvar virker ikke", "I need an automatic reply: how?", "Fravær i uke 12 for Ola",
    ],
)  # fmt: skip
def test_people_write_of_absence_too(subject: str) -> None:
    assert find_out_of_office(subject) == ""


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("x-auto-response-suppress", "All"),), ("auto", "generated")),
        ((("x-auto-response-suppress", "DR, RN, NRN"),), ("human", "")),
        ((("precedence", "bulk"),), ("auto", "generated")),
        ((("precedence", "junk"), ("list-id", "<a.b>")), ("auto", "generated")),
        ((("precedence", "list"), ("list-id", "<a.b>")), ("list", "")),
        ((("precedence", "bulk"), ("list-unsubscribe", "<https://x.test>")), ("list", "")),
        ((("precedence", "bulk"), ("list-id", "<a.b>"), ("auto-submitted", "auto-generated")), ("auto", "generated")),
        ((("precedence", "first-class"),), ("human", "")),
        ((("list-post", "<mailto:a@b.test>"),), ("list", "")),
        ((("x-fc-machinegenerated", "true"),), ("auto", "generated")),
        ((("x-autorespond", "yes"),), ("auto", "reply")),
        ((("x-autoreply", "no"),), ("human", "")),
        ((("x-mailer", "Thunderbird"), ("importance", "high")), ("human", "")),
    ],
)
def test_headers_decide(headers: Headers, expected: tuple[str, str]) -> None:
    assert _class(headers) == expected


def test_null_return_path_without_report_is_auto() -> None:
    assert _class(return_path="") == ("auto", "reply")
    assert _class(return_path=None) == ("human", "")


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("mailer-daemon", True), ("postmaster", True), ("no-reply", True), ("noreply", True), ("do-not-reply", True),
        ("donotreply", True), ("noreply-billing", True), ("bounce+x=y", True), ("list-request", True), ("root", True),
        ("notifications", True), ("nepasrepondre", True), ("no-responder", True), ("keine-antwort", True),
        ("owner-list", True), ("jane", False), ("noreplyfan", False), ("noa", False), ("rooter", False),
        ("support", False), ("info", False), ("bouncer", False), ("nomad", False), ("request", False), ("", False),
    ],
)  # fmt: skip
def test_role_is_seen_in_local_part(local: str, expected: bool) -> None:
    assert is_role(local) is expected
    assert _class(sender=f"{local}@x.test")[0] == ("role" if expected else "human")


def test_bounce_comes_first() -> None:
    headers = (("auto-submitted", "auto-replied"), ("list-id", "<a.b>"))
    assert _class(headers, return_path="", bounce=Bounce(("a@b.test",), "5.1.1"))[0] == "bounce"


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ((("content-type", "multipart/report; report-type=disposition-notification; boundary=x"),), Part("text/plain")),
        ((), Part("message/disposition-notification", report_type="disposition-notification", depth=1)),
        ((), Part("message/feedback-report", report_type="feedback-report", depth=1)),
        (
            (),
            Part(
                "message/delivery-status",
                content=b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b\nAction: delivered\n",
            ),
        ),
    ],
)
def test_reports_are_seen(headers: Headers, part: Part) -> None:
    assert _class(headers, parts=(part,), return_path="")[0] == "report"


ANSWERS: Headers = (("in-reply-to", "<m1@ours.example>"),)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("👍 reacted to your message", "Jane reacted to your message: Broken pump"),
        ("Broken pump", "Jane hat über Gmail reagiert"),
        ("Re: Broken pump", "Jane a réagi à votre message"),
    ],
)
def test_reaction_is_seen_in_words(subject: str, text: str) -> None:
    assert _class(ANSWERS, subject=subject, text=text)[0] == "reaction"
    assert _class(subject=subject, text=text)[0] == "human"  # about no mail: somebody's sentence, and nothing is lost


@pytest.mark.parametrize(
    "text",
    [
        "My colleague reacted to your message, but I still need help.",
        "Hi, nobody reacted to your email so far.\nPlease call me back.",
        "I would like to recall the message I sent you, is that possible?",
    ],
)
def test_a_persons_sentence_is_no_reaction_and_no_recall(text: str) -> None:
    assert _class(text=text)[0] == "human"
    assert _class(ANSWERS, text=text)[0] == "human"


def test_reaction_is_seen_in_part() -> None:
    part = Part("text/vnd.google.email-reaction+json", content=b'{"version":1,"emoji":"+1"}')
    assert _class(parts=(Part("text/plain"), part))[0] == "reaction"


@pytest.mark.parametrize(
    "text",
    [
        'Jane Doe would like to recall the message, "Offer".',
        'Jane Doe möchte die Nachricht "Angebot" zurückrufen.',
        "Jane Doe souhaite rappeler le message « Offre ».",
        'Jane Doe desea recuperar el mensaje "Oferta".',
    ],
)
def test_recall_is_seen(text: str) -> None:
    assert _class(ANSWERS, text=text)[0] == "recall"
    assert _class(text=text)[0] == "human"
    assert _class(ANSWERS, text=f"Hello, {'my pump is broken. ' * 40}{text}")[0] == "human"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("REPLY", "calendar"),
        ("CANCEL", "calendar"),
        ("COUNTER", "calendar"),
        ("REQUEST", "human"),
        ("PUBLISH", "human"),
    ],
)
def test_calendar_answers_are_seen(method: str, expected: str) -> None:
    inside = Part("text/calendar", content=f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nEND:VCALENDAR\r\n".encode())
    outside = Part("text/calendar", headers=(("content-type", f'text/calendar; charset=utf-8; method="{method}"'),))
    assert _class(parts=(inside,))[0] == expected
    assert _class(parts=(outside,))[0] == expected


def test_mail_without_sender_is_human() -> None:
    assert classify((), "", "", (), None, None, None).mail_class is MailClass.HUMAN


@pytest.mark.parametrize("unit", ["(", "no (", "auto-replied;", "a" * 10, "\\(", "\udcff", "reacted to your "])
def test_t58_time_stays_flat_when_values_are_long(unit: str) -> None:
    value = unit * 50_000
    started = time.process_time()
    classify((("auto-submitted", value), ("precedence", value), ("list-id", value)), value, value, (), JANE, None, None)
    assert time.process_time() - started < 0.5
