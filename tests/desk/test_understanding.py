"""What was understood of a customer's mail, as the department sees it: forwarded mail, files, thanks, absence."""

import pytest

from mailproc.records.decision import Decision
from mailproc.records.effects import AddMessage, RecordEvent
from mailproc.records.ticket import State
from tests.builders import NOW, decide, mails_of, make_known, make_mail, make_ticket

TAG = f"[{make_ticket().number}]"
FORWARDED = (
    "This is what the carrier wrote.\r\n\r\nJane\r\n\r\n"
    "---------- Forwarded message ---------\r\n"
    "From: Carrier <info@{sender}>\r\nDate: Mon, 12 Jan 2026 at 09:12\r\n"
    "Subject: Your parcel\r\nTo: <jane@customer.example>\r\n\r\n\r\nThe parcel 881 was lost in Bremen.\r\n"
)
APPOINTMENT = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Visit\r\nDTSTART:20261130T100000Z\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def _follow_up(text: str, *, state: State = State.OPEN, headers: str = "", prefix: str = "Re") -> Decision:
    raw = make_mail(subject=f"{prefix}: {TAG} Printer", text=text, message_id="<m2@customer.example>")
    if headers:
        raw = headers.encode() + raw
    return decide(raw, make_known(make_ticket(state=state)))


def _kept(decision: Decision) -> AddMessage:
    (message,) = (effect for effect in decision.effects if isinstance(effect, AddMessage))
    return message


def test_a_mail_forwarded_on_a_case_reaches_the_department() -> None:
    decision = _follow_up(FORWARDED.format(sender="carrier.example"), prefix="Fwd")
    assert "The parcel 881 was lost in Bremen." in mails_of(decision)[0].text
    assert "The parcel 881 was lost in Bremen." in _kept(decision).text


def test_a_mail_forwarded_with_a_request_is_kept_for_who_takes_the_case_over() -> None:
    decision = decide(make_mail(subject="Fwd: Your parcel", text=FORWARDED.format(sender="carrier.example")))
    assert "The parcel 881 was lost in Bremen." in _kept(decision).text


def test_our_own_mail_forwarded_to_us_stays_a_quote() -> None:
    text = FORWARDED.format(sender="carrier.example").replace("info@carrier.example", "support@acme.example")
    assert "881" not in mails_of(_follow_up(text, prefix="Fwd"))[0].text


def test_a_plain_answer_stays_without_its_quote() -> None:
    decision = _follow_up("Yes please.\r\n\r\nOn Mon, 12 Jan 2026, Acme Support wrote:\r\n> Shall we?\r\n")
    assert mails_of(decision)[0].text == "Yes please." == _kept(decision).text


def _with_file(text: str, content_type: str, content: str) -> bytes:
    return (
        "From: jane@customer.example\r\nTo: support@acme.example\r\nSubject: Visit\r\nMessage-ID: <m9@c.example>\r\n"
        f"Date: {NOW:%a, %d %b %Y %H:%M:%S} +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="=b"\r\n\r\n'
        f"--=b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        f"--=b\r\nContent-Type: {content_type}\r\nContent-Disposition: attachment\r\n\r\n{content}\r\n--=b--\r\n"
    ).encode()


def _about(decision: Decision) -> str:
    return dict(mails_of(decision)[0].context)["attachments_about"]


@pytest.mark.parametrize(
    ("content_type", "content", "words"),
    [
        ("text/calendar; method=REQUEST", APPOINTMENT, "Invitation: Visit · 2026-11-30 10:00"),
        ("application/pkcs7-mime; name=smime.p7m", "not really", "smime.p7m: S/MIME encrypted mail"),
        ("application/pgp-signature", "-----BEGIN PGP SIGNATURE-----", "PGP signature of this mail"),
    ],
)
def test_the_department_is_told_what_a_file_is(content_type: str, content: str, words: str) -> None:
    assert words in _about(decide(_with_file("Please come.", content_type, content)))


def test_files_that_need_no_words_get_none() -> None:
    assert _about(decide(_with_file("Please see.", "text/csv; name=log.csv", "a,b"))) == ""


def test_what_the_text_says_is_not_said_again() -> None:
    lone = _with_file("", "text/calendar; method=REQUEST", APPOINTMENT)
    decision = decide(lone)
    assert "Invitation: Visit" in mails_of(decision)[0].text
    assert _about(decision) == ""


@pytest.mark.parametrize(
    ("text", "state", "flag"),
    [("Thanks!", State.RESOLVED, "yes"), ("Thanks!", State.OPEN, ""), ("It is broken again.", State.RESOLVED, "")],
)
def test_the_department_is_told_that_thanks_changed_nothing(text: str, state: State, flag: str) -> None:
    assert dict(mails_of(_follow_up(text, state=state))[0].context)["is_thanks"] == flag


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("I am out of the office until 30 January 2026.", "2026-01-30"),
        ("I am out of the office and have no access to my mail.", ""),
    ],
)
def test_an_absence_is_in_the_history(text: str, until: str) -> None:
    decision = _follow_up(text, headers="Auto-Submitted: auto-replied\r\n")
    away = [effect for effect in decision.effects if isinstance(effect, RecordEvent) and effect.kind == "away"]
    assert [dict(event.data) for event in away] == [{"until": until}]
    assert mails_of(decision) == []
