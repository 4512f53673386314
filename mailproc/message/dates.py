"""Dates as mails write them, right or wrong, to aware UTC. Dry: no I/O, no clock."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

_USUAL = re.compile(
    r"(?:[A-Za-z]{3},?\s{1,5})?(\d{1,2})\s{1,5}([A-Za-z]{3})\s{1,5}(\d{4})\s{1,5}(\d\d?):(\d\d)(?::(\d\d))?"
    r"\s{1,5}(?:([+-])(\d\d)(\d\d)|(GMT|UTC?|Z))(?![0-9A-Za-z])"
)
_MONTHS = {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_LONGEST = 120


def parse_date(value: str) -> datetime | None:
    """The moment a Date field names, in UTC; None when it names none (RFC 5322 section 3.3 and what is sent)."""
    value = value[:_LONGEST].strip()
    match = _USUAL.match(value)
    try:
        if match is not None and (month := _MONTHS.get(match.group(2).lower())):
            day, _, year, hour, minute, second, sign, hours, minutes, _ = match.groups()
            moment = datetime(int(year), month, int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=UTC)
            if sign is None or (hours == "00" and minutes == "00"):
                return moment
            away = timedelta(hours=int(hours), minutes=int(minutes))
            return moment - away if sign == "+" else moment + away
        found = parsedate_tz(value)
        if found is None:
            return None
        moment = datetime(*found[:5], min(found[5], 59), tzinfo=UTC)
        return moment - timedelta(seconds=found[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError, AttributeError):
        return None


def received_date(value: str) -> datetime | None:
    """The moment a Received field ends with (RFC 5321 section 4.4)."""
    stamp = value.rpartition(";")[2]
    return parse_date(stamp) if stamp is not value else None
