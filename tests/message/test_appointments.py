"""Calendar parts in one line."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.appointments import summarise
from mailproc.message.parse import parse

EVENT = {
    "SUMMARY;LANGUAGE=de": "Besprechung\\, Projekt",
    "DTSTART;TZID=Europe/Berlin": "20261103T100000",
    "DTEND;TZID=Europe/Berlin": "20261103T113000",
    "LOCATION": "Raum 5",
    'ORGANIZER;CN="Anna; K"': "MAILTO:anna@x.test",
}


def calendar(method: str = "REQUEST", end: str = "\r\n", **changes: str | None) -> bytes:
    fields = {**EVENT}
    for name, value in changes.items():
        for key in [key for key in fields if key.partition(";")[0] == name]:
            del fields[key]
        if value is not None:
            fields[name] = value
    zone = ["BEGIN:VTIMEZONE", "TZID:x", "BEGIN:STANDARD", "DTSTART:16010101T000000", "END:STANDARD", "END:VTIMEZONE"]
    alarm = ["BEGIN:VALARM", "SUMMARY:alarm", "END:VALARM"]
    event = ["BEGIN:VEVENT", *alarm, *(f"{key}:{value}" for key, value in fields.items()), "END:VEVENT"]
    lines = ["BEGIN:VCALENDAR", f"METHOD:{method}", *zone, *event, "END:VCALENDAR", ""]
    return end.join(lines).encode()


WHOLE = (
    "Invitation: Besprechung, Projekt · 2026-11-03 10:00 to 11:30 Europe/Berlin · Raum 5"
    " · organised by Anna; K <anna@x.test>"
)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_an_invitation_is_said_in_one_line(end: str) -> None:
    assert summarise(calendar(end=end)) == WHOLE


def test_folded_lines_are_joined() -> None:
    assert summarise(calendar().replace(b"Projekt", b"Pro\r\n jekt").replace(b"Raum", b"Ra\r\n\tum")) == WHOLE


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (calendar("CANCEL"), "Cancelled: Besprechung"),
        (calendar("PUBLISH"), "Appointment: Besprechung"),
        (calendar("COUNTER"), "Proposal of another time: "),
        (calendar("REQUEST", STATUS="CANCELLED"), "Cancelled: "),
        (calendar("REPLY", **{"ATTENDEE;PARTSTAT=DECLINED;CN=Bo": "mailto:bo@x.test"}), "Declined: "),
        (calendar("REPLY", **{"ATTENDEE;PARTSTAT=ACCEPTED": "mailto:bo@x.test"}), "Accepted: "),
        (calendar(SUMMARY=None), "Invitation: (without a title) · 2026"),
    ],
)
def test_the_kind_of_appointment(content: bytes, expected: str) -> None:
    assert summarise(content).startswith(expected)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("20261103T100000Z", "20261103T110000Z", " · 2026-11-03 10:00 to 11:00 UTC · "),
        ("20261103T220000Z", "20261104T020000Z", " · 2026-11-03 22:00 to 2026-11-04 02:00 UTC · "),
        ("20261103", "20261104", " · 2026-11-03 · "),
        ("20261231", "20270101", " · 2026-12-31 · "),
        ("20261103", "20261106", " · 2026-11-03 to before 2026-11-06 · "),
        ("20261103T100000", None, " · 2026-11-03 10:00 · "),
        ("20269999", "20270101", " · 2026-99-99 to before 2027-01-01 · "),
        ("tomorrow", None, "Projekt · Raum 5"),
    ],
)
def test_the_time_is_shown_as_it_is_written(start: str, end: str | None, expected: str) -> None:
    assert expected in summarise(calendar(DTSTART=start, DTEND=end))


def test_of_several_the_first_is_shown_and_the_rest_counted() -> None:
    assert summarise(calendar() + calendar() + calendar()).endswith(" · and 2 more")


def test_the_line_is_the_text_of_a_mail_that_has_no_other() -> None:
    head = b"From: a@b.test\nSubject: x\n"
    alone = parse(head + b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n" + calendar())
    assert alone.text == alone.new_text == WHOLE
    assert [(one.filename, one.summary) for one in alone.attachments] == [("appointment.ics", WHOLE)]
    beside = parse(
        head
        + b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nPlease come.\n--b\n"
        + b"Content-Type: text/calendar\n\n"
        + calendar()
        + b"--b--\n"
    )
    assert beside.text == "Please come." and beside.attachments[0].summary == WHOLE


@pytest.mark.parametrize(
    "content", [b"", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", b"hello", b"END:VEVENT\nSUMMARY:x\n", b"\xff"]
)
def test_what_is_no_appointment_has_no_line(content: bytes) -> None:
    assert summarise(content) == ""


def test_control_characters_never_stay() -> None:
    line = summarise(calendar(SUMMARY="a\x1b[0m\\nb\u2028c", LOCATION="x" * 5_000))
    assert line.isprintable() and len(line) < 600


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('BEGIN:VEVENT;="\\\n\r \tDTSTART2026é'), max_size=120), st.binary(max_size=60))
def test_any_bytes_are_read_without_an_exception(text: str, noise: bytes) -> None:
    for raw in (calendar()[:90] + text.encode() + noise, b"BEGIN:VEVENT\n" + text.encode()):
        assert "\n" not in summarise(raw)


@pytest.mark.parametrize(
    "unit", [b"BEGIN:VEVENT\n", b"A;B=c", b'A;B="c";', b"A;", b"\n ", b"SUMMARY:x\\", b"ATTENDEE;CN=a:b\n", b'"']
)
def test_t54_calendars_are_read_in_linear_time(unit: bytes) -> None:
    spent = []
    for size in (100_000, 200_000):
        started = time.process_time()
        summarise(b"BEGIN:VEVENT\nX" + unit * (size // len(unit)))
        spent.append(time.process_time() - started)
    assert spent[1] < 1.0 + spent[0] * 3  # quadratic would be minutes


def test_t49_an_appointment_turns_no_text_around_and_ends_no_line() -> None:
    content = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:a\u202egnp.exe\\nBcc: e@x.test\u2028\x0b\x1b]0;x\x07\r\n"
        'LOCATION:\u2066b\u200f\r\nORGANIZER;CN="c\u202a":mailto:o@c.test\r\nEND:VEVENT\r\n'
    ).encode()
    line = summarise(content)
    assert line.isprintable() and not set(line) & set("\u200e\u200f\u202a\u202e\u2066\u2028\x0b\x1b")
