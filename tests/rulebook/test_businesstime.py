"""Tests spans of business time: over nights, weekends, holidays, changes of the clock, and times that do not count."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailproc.rulebook.businesstime import add_time
from mailproc.rulebook.calendars import Calendar, make_always

WARSAW = ZoneInfo("Europe/Warsaw")
DAY = ((8 * 60, 17 * 60),)
OFFICE = Calendar(
    "office", WARSAW, (DAY, DAY, DAY, DAY, ((8 * 60, 15 * 60),), (), ()), frozenset({date(2026, 1, 6)})
)  # fmt: skip
LUNCH = Calendar("lunch", WARSAW, (((8 * 60, 12 * 60), (13 * 60, 17 * 60)),) * 7)
NIGHT = Calendar("night", WARSAW, (((0, 6 * 60), (22 * 60, 24 * 60)),) * 7)
NEVER = Calendar("never", WARSAW, ((),) * 7)
ALWAYS = make_always(WARSAW)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW)


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "due"),
    [
        (OFFICE, "2026-01-13T10:00", 4, "2026-01-13T14:00"),
        (OFFICE, "2026-01-13T10:00", 7, "2026-01-13T17:00"),  # the last minute of the day, not the next morning
        (OFFICE, "2026-01-13T10:00", 8, "2026-01-14T09:00"),
        (OFFICE, "2026-01-13T19:30", 1, "2026-01-14T09:00"),  # the clock starts in the morning
        (OFFICE, "2026-01-13T05:00", 1, "2026-01-13T09:00"),
        (OFFICE, "2026-01-16T14:00", 2, "2026-01-19T09:00"),  # Friday ends at three
        (OFFICE, "2026-01-17T12:00", 1, "2026-01-19T09:00"),
        (OFFICE, "2026-01-05T16:00", 2, "2026-01-07T09:00"),  # Epiphany
        (OFFICE, "2026-01-13T08:00", 72, "2026-01-23T10:00"),  # 9 9 9 7, 9 9 9 9, and 2 more
        (LUNCH, "2026-01-13T11:00", 2, "2026-01-13T14:00"),
        (NIGHT, "2026-01-13T23:00", 3, "2026-01-14T02:00"),
        (NIGHT, "2026-01-13T12:00", 2, "2026-01-13T24:00"),
        (ALWAYS, "2026-01-16T14:00", 72, "2026-01-19T14:00"),
        (ALWAYS, "2026-03-28T12:00", 24, "2026-03-29T13:00"),  # an hour is missing that night: the wall shows one more
        (NIGHT, "2026-03-29T01:00", 2, "2026-03-29T04:00"),
        (NIGHT, "2026-10-25T01:00", 2, "2026-10-25T02:00+01:00"),
    ],
)
def test_so_much_open_time_has_passed(calendar: Calendar, start: str, hours: int, due: str) -> None:
    if due.endswith("24:00"):
        expected = local(due.replace("13T24:00", "14T00:00"))
    else:
        expected = datetime.fromisoformat(due) if "+" in due else local(due)
    found = add_time(calendar, local(start), timedelta(hours=hours))
    assert found == expected.astimezone(UTC) and found is not None and found.tzinfo is UTC


def test_a_calendar_that_never_opens_promises_nothing() -> None:
    assert add_time(NEVER, local("2026-01-13T10:00"), timedelta(minutes=1)) is None
    shut = Calendar("shut", WARSAW, (DAY,) * 7, _Everything())
    assert add_time(shut, local("2026-01-13T10:00"), timedelta(minutes=1)) is None


class _Everything:
    def __contains__(self, day: object, /) -> bool:
        return True


@pytest.mark.parametrize(
    ("calendar", "stops", "due"),
    [
        (OFFICE, [("2026-01-13T11:00", "2026-01-13T13:00")], "2026-01-13T16:00"),
        (OFFICE, [("2026-01-13T09:00", "2026-01-13T11:00")], "2026-01-13T15:00"),  # from before the start
        (OFFICE, [("2026-01-13T16:00", "2026-01-14T09:00")], "2026-01-13T14:00"),  # after it is due
        (OFFICE, [("2026-01-13T11:00", "2026-01-19T08:00")], "2026-01-19T11:00"),
        (OFFICE, [("2026-01-13T11:00", "2026-01-13T12:00"), ("2026-01-13T13:00", "2026-01-13T14:00")],
         "2026-01-13T16:00"),
        (OFFICE, [("2026-01-13T18:00", "2026-01-13T20:00")], "2026-01-13T14:00"),
        (ALWAYS, [("2026-01-13T11:00", "2026-01-15T11:00")], "2026-01-15T14:00"),
        (OFFICE, [("2026-01-13T11:00", None)], None),
        (OFFICE, [("2026-01-13T15:00", None)], "2026-01-13T14:00"),
    ],
)  # fmt: skip
def test_stopped_time_does_not_count(
    calendar: Calendar, stops: list[tuple[str, str | None]], due: str | None
) -> None:
    given = [(local(begin), local(end) if end else None) for begin, end in stops]
    found = add_time(calendar, local("2026-01-13T10:00"), timedelta(hours=4), given)
    assert found == (local(due).astimezone(UTC) if due else None)


def test_a_span_cut_in_two_ends_at_the_same_moment() -> None:
    start = local("2026-01-01T00:00")
    for minutes in range(0, 6_000, 137):
        whole = add_time(OFFICE, start, timedelta(minutes=minutes + 61))
        half = add_time(OFFICE, start, timedelta(minutes=61))
        assert half is not None and whole == add_time(OFFICE, half, timedelta(minutes=minutes)) or minutes == 0
