"""Tests that the class of a mail follows the mail policy, and that people are never taken for programs."""

import time
from datetime import date

import pytest

from mailproc.message.absence import find_out_of_office
from mailproc.message.autoreply import ClassResult, classify, is_role, read_auto_submitted
from mailproc.message.parse import parse
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
        ((("precedence", "junk"),), ("auto", "generated")),
        ((("precedence", "junk"), ("list-id", "<a.b>")), ("list", "")),
        ((("precedence", "bulk"), ("sender", "owner-pumps@x.test")), ("list", "")),
        ((("precedence", "bulk"), ("sender", "pumps-admin@x.test")), ("list", "")),
        ((("precedence", "bulk"), ("errors-to", "<errors@x.test>")), ("list", "")),
        ((("precedence", "bulk"), ("x-beenthere", "pumps@x.test")), ("list", "")),
        ((("precedence", "bulk"), ("delivered-to", "mailing list pumps@x.test")), ("list", "")),
        ((("precedence", "list"),), ("list", "")),
        ((("precedence", "normal"),), ("human", "")),
        ((("x-mailing-list", "<pumps@x.test> archive/latest/1"),), ("list", "")),
        ((("x-auto-response-suppress", "All"), ("list-unsubscribe", "<https://x.test>")), ("list", "")),
        ((("newsgroups", "comp.pumps"), ("path", "a!b!not-for-mail"), ("x-newsreader", "trn")), ("human", "")),
        ((("x-mailer", "The Bat! Autoresponder"),), ("auto", "reply")),
        ((("precedence", "auto-reply"),), ("auto", "reply")),
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
        ("Re: Broken pump", "Jane liked your message"),
        ("Re: Broken pump", "Liked “We have sent a new pump today.”"),
        ("Re: Broken pump", "Jane Doe reacted 👍 to “We have sent a new pump today.”"),
        ("Re: Broken pump", "A aimé « Nous avons envoyé une pompe »"),
        ("Re: Broken pump", "Jane ha reagito al tuo messaggio"),
        ("Re: Broken pump", "Jane zareagowała na twoją wiadomość"),
        ("Re: Broken pump", "Jane likte meldingen din"),
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
        "Nobody liked your message.\nSo what now?",
        "We liked “the blue one” and will order it.",
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
        ("REQUEST", "calendar"),
        ("PUBLISH", "human"),
    ],
)
def test_calendar_answers_are_seen(method: str, expected: str) -> None:
    inside = Part("text/calendar", content=f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nEND:VCALENDAR\r\n".encode())
    outside = Part("text/calendar", headers=(("content-type", f'text/calendar; charset=utf-8; method="{method}"'),))
    assert _class(parts=(inside,))[0] == expected
    assert _class(parts=(outside,))[0] == expected


def test_an_invitation_that_somebody_attached_is_a_file() -> None:
    part = Part("text/calendar", is_attachment=True, content=b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n")
    assert _class(parts=(Part("text/plain"), part))[0] == "human"


def test_calendar_answer_is_seen_in_exchange_header() -> None:
    assert _class((("content-class", "urn:content-classes:calendarmessage"),), "Accepted: Visit")[0] == "calendar"
    assert _class((("content-class", "urn:content-classes:message"),), "Accepted: Visit")[0] == "human"


def test_mail_without_sender_is_human() -> None:
    assert classify((), "", "", (), None, None, None).mail_class is MailClass.HUMAN


@pytest.mark.parametrize("unit", ["(", "no (", "auto-replied;", "a" * 10, "\\(", "\udcff", "reacted to your "])
def test_t58_time_stays_flat_when_values_are_long(unit: str) -> None:
    value = unit * 50_000
    started = time.process_time()
    classify((("auto-submitted", value), ("precedence", value), ("list-id", value)), value, value, (), JANE, None, None)
    assert time.process_time() - started < 0.5


def _result(text: str, subject: str = "Re: Your case", headers: Headers = (), stamp: str = "") -> ClassResult:
    stamps = (("date", stamp),) if stamp else ()
    return classify((*headers, *stamps), subject, text, (), JANE, "jane@x.test", None)


REPLIED: Headers = (("auto-submitted", "auto-replied"),)


@pytest.mark.parametrize(
    "text",
    [
        "I am out of the office until further notice.", "I'm currently on annual leave.",
        "I have limited access to email.", "Ich bin derzeit nicht im Büro.", "Ich befinde mich im Urlaub.",
        "Je suis absent du bureau.", "Je suis en congés.", "Estoy fuera de la oficina.", "Estoy de vacaciones.",
        "Sono fuori ufficio.", "Sono in ferie.", "Estou de férias.", "Ik ben op vakantie.", "Ik ben niet aanwezig.",
        "Jeg er på ferie.", "Jeg er ikke på kontoret.", "Jag är på semester.", "Jeg er fraværende.",
        "Jestem na urlopie.", "Jestem poza biurem.", "Olen lomalla.", "Jsem na dovolené.", "Szabadságon vagyok.",
        "Sunt în concediu.", "Ofis dışındayım.", "Я в отпуске.", "Я у відпустці.", "Είμαι εκτός γραφείου.",
        "休暇をいただいております。", "我正在休假。", "휴가 중입니다.",
    ],
)  # fmt: skip
def test_an_absence_is_read_from_the_text_of_an_automatic_answer(text: str) -> None:
    found = _result(text, headers=REPLIED)
    assert (found.mail_class, found.auto_kind, found.is_away) == (MailClass.AUTO, "reply", True)
    assert _result(text).mail_class is MailClass.HUMAN  # a person may write the same


@pytest.mark.parametrize(
    ("subject", "text", "headers"),
    [
        ("Automatic reply: Your case", "Thank you for your mail. I will answer when I can.", REPLIED),
        ("Abwesenheitsnotiz: Ihr Fall", "Bitte wenden Sie sich an Bo.", ()),
        ("AUTO: Jane Doe is out of the office (returning 26/05/2026)", "I am out of the office.", ()),
        ("Re: Your case", "This is an automated response: I am out of the office.", ()),
        ("Re: Ihr Fall", "Ich bin im Urlaub. Diese Nachricht wurde automatisch erstellt.", ()),
        ("Re: dossier", "Ceci est une réponse automatique. Je suis absent jusqu'au 5 mai.", ()),
        ("Re: caso", "Estoy de vacaciones. Este es un mensaje automático.", ()),
        ("Re: caso", "Questo è un messaggio automatico: sono in ferie.", ()),
        ("Re: sak", "Dette er et automatisk svar. Jeg er på ferie.", ()),
        ("Re: sprawa", "To jest automatyczna odpowiedź. Jestem na urlopie.", ()),
        ("Out of office", "I am away from my desk until Monday.", ()),
        ("gone fishing", "See you.", (("x-vacation", "yes"),)),
    ],
)
def test_absence_notes_are_seen(subject: str, text: str, headers: Headers) -> None:
    found = _result(text, subject, headers)
    assert (found.mail_class, found.auto_kind, found.is_away) == (MailClass.AUTO, "reply", True)


@pytest.mark.parametrize(
    ("subject", "text", "headers"),
    [
        ("Automatic reply: Your request", "We have received your request, ticket number 4711.", REPLIED),
        ("Auto-Reply", "Ihre Anfrage ist bei uns eingegangen.", REPLIED),
        ("Ticket created", "Your ticket is 4711.", REPLIED),
        ("Backup done", "All fine.", (("auto-submitted", "auto-generated"),)),
    ],
)
def test_other_automatic_mail_is_no_absence(subject: str, text: str, headers: Headers) -> None:
    found = _result(text, subject, headers)
    assert (found.mail_class, found.is_away, found.away_until) == (MailClass.AUTO, False, None)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Out of office printer broken", "It does not print."),
        ("Out of office: printer broken", "It does not print."),
        ("On vacation", "How do I forward my mail while I am on vacation?"),
        ("Away from office", "The VPN is slow from home."),
        ("Abwesenheit", "Wie stelle ich die Abwesenheitsnotiz ein?"),
        ("Who is out of the office?", "The board shows the wrong names."),
        ("Our printer is out of the office", "Somebody took it."),
        ("Re: Your case", "I am out of the office until Monday, please call my mobile."),
        ("Re: Your case", "I got this: this is an automated response, I am out of the office. Can you call me?"),
        ("Newsletter", "This is an automatically generated e-mail. Our spring offers."),
    ],
)
def test_people_who_write_of_absence_stay_people(subject: str, text: str) -> None:
    found = _result(text, subject)
    assert (found.mail_class, found.is_away) == (MailClass.HUMAN, False)


def test_the_day_of_return_is_read_where_it_is_named() -> None:
    stamp = "Tue, 5 May 2026 10:00:00 +0200"
    found = _result("I am away, back on 12 May.", "Automatic reply: x", REPLIED, stamp)
    assert found.away_until == date(2026, 5, 12)
    assert _result("I am away.", "Automatic reply: x", REPLIED, stamp).away_until is None
    assert _result("I am away, back on 12 May.", "Automatic reply: x", REPLIED).away_until is None
    generated = (("auto-submitted", "auto-generated"),)
    assert _result("The server is back on 12 May.", "x", generated, stamp).away_until is None


def test_recall_is_seen_by_its_subject_too() -> None:
    text = 'Jane Doe would like to recall the message, "Offer".'
    assert _class(subject="Recall: Offer", text=text)[0] == "recall"
    assert _class(subject="Recall: pump 4711", text="The maker recalls this pump. What now?")[0] == "human"


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("Pump news 12", "The pump of the month.\n\nTo unsubscribe, write to leave@x.test", ("list", "")),
        ("Pumpenpost", "Die Pumpe des Monats.\n\nHier können Sie den Newsletter abbestellen.", ("list", "")),
        ("Re: [Pump-users] leaking", "I did that.", ("list", "")),
        ("Re: Your pump", "I am on vacation until March 12. Call Bob.", ("auto", "reply")),
        ("Re: Your pump", "We have received your request. Subscribe to our newsletter!", ("auto", "generated")),
        ("[Pumps #123] Your pump", "It is on its way.", ("auto", "generated")),
    ],
)
def test_mail_of_low_precedence_is_automatic_unless_it_is_written_to_many(
    subject: str, text: str, expected: tuple[str, str]
) -> None:
    assert _class((("precedence", "bulk"),), subject, text) == expected


@pytest.mark.parametrize(
    "subject",
    [
        *("Jana Muster ist außer Haus.", "Jean Dupont est absent.", "Jan Jansen is afwezig."),
        *("Samodejni odgovor: Pump", "Автоматичен отговор: Помпа", "Automaatvastus: Pump"),
        *("ตอบกลับอัตโนมัติ: Pump", "پاسخ خودکار: Pump"),
        *("Automātiska atbilde: Pump", "Аутоматски одговор: Пумпа", "Sjálfvirkt svar: Pump"),
    ],
)
def test_absence_note_is_known_by_its_subject_in_more_languages(subject: str) -> None:
    assert find_out_of_office(subject) != ""


@pytest.mark.parametrize("subject", ["Anna ist nicht im Büro", "Automatische Pumpe", "Jana Muster ist außer Haus?"])
def test_subject_of_a_person_is_no_absence_note(subject: str) -> None:
    assert find_out_of_office(subject) == ""


def test_words_of_a_person_are_no_report_when_somebodys_report_is_attached() -> None:
    raw = (
        b"From: a@b.example\nSubject: Look what came\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain\n\nWhat does this mean?\n'
        b"--x\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;c@d.example\n--x--\n"
    )
    assert parse(raw).mail_class is MailClass.HUMAN
