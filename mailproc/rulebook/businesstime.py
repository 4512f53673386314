"""Spans of business time: the moment at which so much of a calendar's open time has passed. Dry: no I/O.

Every mail asks for the same few days, so that a calendar keeps the hours of days that were looked at.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailproc.rulebook.calendars import ALWAYS, Calendar, OpenTime

MOST_DAYS = 3_700  # a calendar that is never open, or hardly ever, promises nothing
_MOST_KEPT = 4_000  # days of one calendar
_DAY = timedelta(days=1)
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)

Stops = Sequence[tuple[datetime, datetime | None]]


def add_time(calendar: Calendar, start: datetime, span: timedelta, stops: Stops = ()) -> datetime | None:
    """When `span` of the calendar's open time has passed since `start`, in UTC; None when it never will.

    `stops` are times that do not count, in order; one without an end lasts for ever.
    """
    left = span
    for opens, closes, length in _open_times(calendar, start.astimezone(UTC)):
        if not stops:
            if length >= left:
                return opens + left
            left -= length
            continue
        for begin, end in _cut(opens, closes, stops):
            if end - begin >= left:
                return begin + left
            left -= end - begin
    return None


def _open_times(calendar: Calendar, start: datetime) -> Iterator[OpenTime]:
    """The calendar's open times from `start` on."""
    if calendar.name == ALWAYS:
        yield start, _END_OF_TIME, _END_OF_TIME - start
        return
    if not any(calendar.hours):
        return
    first, kept = start.astimezone(calendar.zone).date().toordinal(), calendar.days
    for day in range(first, min(first + MOST_DAYS, date.max.toordinal())):
        found = kept.get(day)
        if found is None:
            found = _find_open_times(calendar, day)
        for one in found:
            if one[0] >= start:
                yield one
            elif one[1] > start:
                yield start, one[1], one[1] - start


def _find_open_times(calendar: Calendar, ordinal: int) -> tuple[OpenTime, ...]:
    """The open times of a local day; kept with the calendar."""
    day = date.fromordinal(ordinal)
    hours = () if day in calendar.holidays else calendar.hours[day.weekday()]
    moments = [(_moment(day, first, calendar.zone), _moment(day, last, calendar.zone)) for first, last in hours]
    # 02:00-03:00 does not exist on one night of spring
    found = tuple((opens, closes, closes - opens) for opens, closes in moments if opens < closes)
    if len(calendar.days) >= _MOST_KEPT:
        calendar.days.clear()
    calendar.days[ordinal] = found
    return found


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
