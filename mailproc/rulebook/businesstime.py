"""Spans of business time: the moment at which so much of a calendar's open time has passed. Dry: no I/O."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailproc.rulebook.calendars import ALWAYS, Calendar

MOST_DAYS = 3_700  # a calendar that is never open, or hardly ever, promises nothing
_DAY = timedelta(days=1)
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)

Stops = Sequence[tuple[datetime, datetime | None]]


def add_time(calendar: Calendar, start: datetime, span: timedelta, stops: Stops = ()) -> datetime | None:
    """When `span` of the calendar's open time has passed since `start`, in UTC; None when it never will.

    `stops` are times that do not count, in order; one without an end lasts for ever.
    """
    left = span
    for opens, closes in _open_times(calendar, start.astimezone(UTC)):
        for begin, end in _cut(opens, closes, stops):
            if end - begin >= left:
                return begin + left
            left -= end - begin
    return None


def _open_times(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The calendar's open times from `start` on."""
    if calendar.name == ALWAYS:
        yield start, _END_OF_TIME
        return
    if not any(calendar.hours):
        return
    day = start.astimezone(calendar.zone).date()
    for _ in range(MOST_DAYS):
        hours = calendar.hours[day.weekday()]
        if hours and day not in calendar.holidays:
            for first, last in hours:
                closes = _moment(day, last, calendar.zone)
                if closes > start:
                    opens = max(start, _moment(day, first, calendar.zone))
                    if opens < closes:  # 02:00-03:00 does not exist on one night of spring
                        yield opens, closes
        day += _DAY


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A minute of a local day in UTC; minute 1440 is the midnight at its end."""
    if minute >= 1440:
        day, minute = day + _DAY, minute - 1440
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)


def _cut(opens: datetime, closes: datetime, stops: Stops) -> Iterator[tuple[datetime, datetime]]:
    """What is left of an open time when the stops are taken out."""
    for begin, end in stops:
        if begin >= closes:
            break
        if end is not None and end <= opens:
            continue
        if begin > opens:
            yield opens, begin
        if end is None:
            return
        opens = max(opens, end)
        if opens >= closes:
            return
    if opens < closes:
        yield opens, closes
