"""A text/calendar part in one line: what it is, about what, when, where, from whom (RFC 5545, RFC 5546).

Dry: no I/O, no clock. Times are shown as they are written, with the name of their zone; nothing is computed.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from mailproc.message.charsets import decode_bytes

_LONGEST = 200_000  # bytes that are read
_MOST_LINES = 2_000
_LONGEST_VALUE = 200  # characters of one piece of the line
CALENDAR_TYPES = ("text/calendar", "application/ics", "text/x-vcalendar")

_LINE = re.compile(r"([A-Za-z-]{1,40})((?:;[A-Za-z-]{1,40}=(?:\"[^\"]{0,500}\"|[^\";:]{0,500}))*+):(.*)", re.S)
_PARAMETER = re.compile(r";([A-Za-z-]{1,40})=(?:\"([^\"]{0,500})\"|([^\";:]{0,500}))")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ESCAPED = re.compile(r"\\([\\;,nN])")
# Control characters, line ends, and marks that turn the direction of what follows
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_KINDS = {
    "REQUEST": "Invitation",
    "PUBLISH": "Appointment",
    "ADD": "Invitation, one more date",
    "CANCEL": "Cancelled",
    "REPLY": "Answer to an invitation",
    "COUNTER": "Proposal of another time",
    "DECLINECOUNTER": "Proposal of another time declined",
    "REFRESH": "Question for the latest state",
}
_ANSWERS = {
    "ACCEPTED": "Accepted",
    "DECLINED": "Declined",
    "TENTATIVE": "Accepted tentatively",
    "DELEGATED": "Delegated",
}
_ITEMS = ("VEVENT", "VTODO", "VJOURNAL")

# name -> (parameters, value) of one appointment
Fields = dict[str, tuple[dict[str, str], str]]


def summarise(content: bytes, label: str = "") -> str:
    """The appointment in one line, "" when there is none to be read; of several the first, the rest counted."""
    method, items = _read_items(decode_bytes(content[:_LONGEST], label or "utf-8", []))
    if not items:
        return ""
    item = items[0]
    pieces = [f"{_kind(method, item)}: {_text(item, 'SUMMARY') or '(without a title)'}"]
    if when := _when(item):
        pieces.append(when)
    if "RRULE" in item:
        pieces.append("repeated")
    if place := _text(item, "LOCATION"):
        pieces.append(place)
    if who := _who(item, "ORGANIZER"):
        pieces.append(f"organised by {who}")
    if method == "REPLY" and (who := _who(item, "ATTENDEE")):
        pieces.append(f"answered by {who}")
    if len(items) > 1:
        pieces.append(f"and {len(items) - 1} more")
    return " · ".join(pieces)


def _read_items(text: str) -> tuple[str, list[Fields]]:
    """(method, the appointments with their own fields, those of alarms and zones left out)."""
    method = ""
    items: list[Fields] = []
    stack: list[str] = []
    for name, parameters, value in _fields(text):
        if name == "BEGIN":
            stack.append(value.strip().upper()[:40])
            if stack[-1] in _ITEMS:
                items.append({})
        elif name == "END":
            if stack:
                stack.pop()
        elif name == "METHOD" and len(stack) <= 1:
            method = method or value.strip().upper()[:20]
        elif stack and stack[-1] in _ITEMS and name not in items[-1]:
            items[-1][name] = (parameters, value)
    return method, items


def _fields(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    # RFC 5545 section 3.1: a line that begins with a blank goes on with the one above
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n ", "").replace("\n\t", "")
    for line in text.split("\n", _MOST_LINES)[:_MOST_LINES]:
        match = _LINE.match(line[:5_000])
        if match is not None:
            name, packed, value = match.groups()
            found = _PARAMETER.findall(packed) if packed else ()
            yield name.upper(), {key.upper(): quoted or plain for key, quoted, plain in found}, value


def _kind(method: str, item: Fields) -> str:
    if method == "REPLY":
        answer = item.get("ATTENDEE", ({}, ""))[0].get("PARTSTAT", "").upper()
        return _ANSWERS.get(answer, _KINDS["REPLY"])
    if item.get("STATUS", ({}, ""))[1].strip().upper() == "CANCELLED":
        return _KINDS["CANCEL"]
    return _KINDS.get(method, "Appointment")


def _when(item: Fields) -> str:
    start = _moment(item, "DTSTART")
    end = _moment(item, "DTEND") or _moment(item, "DUE")
    if start is None or end is None:
        day, hour, zone = start or end or ("", "", "")
        return " ".join(piece for piece in (day, hour, zone) if piece)
    if not start[1] and not end[1]:
        # Section 3.6.1: the end of whole days is the day after
        return start[0] if end[0] <= _day_after(start[0]) else f"{start[0]} to before {end[0]}"
    until = end[1] if end[0] == start[0] else f"{end[0]} {end[1]}"
    zone = start[2] if start[2] == end[2] or not end[2] else f"{start[2]}, end in {end[2]}"
    return f"{start[0]} {start[1]} to {until} {zone}".strip()


def _day_after(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def _moment(item: Fields, name: str) -> tuple[str, str, str] | None:
    """(day, time, zone); the time is empty for a whole day."""
    if name not in item:
        return None
    parameters, value = item[name]
    match = _MOMENT.match(value.strip())
    if match is None:
        return None
    year, month, day, hour, minute, is_utc = match.groups()
    zone = "UTC" if is_utc else _clean(parameters.get("TZID", ""))
    return f"{year}-{month}-{day}", f"{hour}:{minute}" if hour else "", zone if hour else ""


def _who(item: Fields, name: str) -> str:
    if name not in item:
        return ""
    parameters, value = item[name]
    addr = _clean(value.strip())
    addr = addr[7:] if addr[:7].lower() == "mailto:" else addr
    label = _clean(parameters.get("CN", ""))
    return f"{label} <{addr}>" if label and addr and label != addr else label or addr


def _text(item: Fields, name: str) -> str:
    value = item.get(name, ({}, ""))[1]
    return _clean(_ESCAPED.sub(_unescape, value[:2_000]))


def _unescape(match: re.Match[str]) -> str:
    return " " if match.group(1) in "nN" else match.group(1)


def _clean(text: str) -> str:
    text = " ".join(_CONTROLS.sub(" ", text).split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
