"""Tests business hours: weekdays, zones, nights, holidays."""

from collections.abc import Callable
from datetime import datetime

import pytest

from mailproc.errors import ConfigError
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.calendars import Calendar


def make_calendar(site: Site, text: str) -> Calendar:
    rules = f"version: 1\ncalendars: {{c: {text}}}\ndepartments: {{d: {{forward_to: d@x.example}}}}\n"
    return load((("r", rules + "defaults: {department: d}\n"),), site).calendars["c"]


@pytest.mark.parametrize(
    ("hours", "moment", "inside"),
    [
        ('{mon-fri: "08:00-17:00"}', "2026-01-12T08:00+01:00", True),
        ('{mon-fri: "08:00-17:00"}', "2026-01-12T07:59+01:00", False),
        ('{mon-fri: "08:00-17:00"}', "2026-01-12T17:00+01:00", False),
        ('{mon-fri: "8:00 - 17:00"}', "2026-01-16T16:59+01:00", True),
        ('{mon-fri: "08:00-17:00"}', "2026-01-17T10:00+01:00", False),
        ('{mon-fri: "08:00-17:00"}', "2026-07-13T06:30Z", True),  # summer time
        ('{mon-fri: "08:00-17:00"}', "2026-01-13T06:30Z", False),
        ('{mon: ["08:00-12:00", "13:00-17:00"]}', "2026-01-12T12:30+01:00", False),
        ('{mon: ["08:00-12:00", "13:00-17:00"]}', "2026-01-12T13:00+01:00", True),
        ('{"sat, sun": "00:00-24:00"}', "2026-01-18T23:59+01:00", True),
        ('{fri-mon: "10:00-11:00"}', "2026-01-18T10:30+01:00", True),
        ('{fri-mon: "10:00-11:00"}', "2026-01-13T10:30+01:00", False),
        ('{fri: "22:00-06:00"}', "2026-01-16T23:00+01:00", True),
        ('{fri: "22:00-06:00"}', "2026-01-17T05:59+01:00", True),
        ('{fri: "22:00-06:00"}', "2026-01-17T06:00+01:00", False),
        ('{sun: "22:00-06:00"}', "2026-01-12T05:00+01:00", True),
        ('{monday: "08:00-17:00", tue: closed}', "2026-01-13T10:00+01:00", False),
    ],
)
def test_moment_when_compared_with_hours(site: Site, hours: str, moment: str, inside: bool) -> None:
    calendar = make_calendar(site, f"{{hours: {hours}}}")
    assert calendar.is_inside(datetime.fromisoformat(moment)) is inside


@pytest.mark.parametrize(
    ("holidays", "moment", "text"),
    [
        ("PL", "2026-11-11T10:00+01:00", "Wed 10:00 is outside, a holiday"),
        ("DE-BY", "2026-01-06T10:00+01:00", "Tue 10:00 is outside, a holiday"),
        ("DE", "2026-01-06T10:00+01:00", "Tue 10:00 is inside"),
        ("[2026-12-24, 2026-12-31]", "2026-12-24T10:00+01:00", "Thu 10:00 is outside, a holiday"),
        ("2026-12-24", "2026-12-24T10:00+01:00", "Thu 10:00 is outside, a holiday"),
        ("[]", "2026-12-25T10:00+01:00", "Fri 10:00 is inside"),
    ],
)
def test_moment_when_it_is_a_holiday(site: Site, holidays: str, moment: str, text: str) -> None:
    calendar = make_calendar(site, f'{{hours: {{mon-sun: "08:00-17:00"}}, holidays: {holidays}}}')
    assert calendar.describe(datetime.fromisoformat(moment)) == text


def test_24x7_when_nobody_wrote_it_is_there(make_book: Callable[..., Rulebook]) -> None:
    always = make_book().calendars["24x7"]
    assert always.is_inside(datetime.fromisoformat("2026-12-25T03:00+01:00"))


@pytest.mark.parametrize(
    "text",
    [
        "{timezone: UTC}",
        '{hours: {mon: "8:00"}}',
        '{hours: {mon: "8:00-25:00"}}',
        '{hours: {mon: "8:60-9:00"}}',
        '{hours: {mon: "8:00-8:00"}}',
        '{hours: {mon-fri: "8:00-9:00", tue: "9:00-10:00"}}',
        '{hours: {mon: "8:00-9:00"}, timezone: ../../etc/passwd}',
        '{hours: {mon: "8:00-9:00"}, holidays: [2026-13-01]}',
        '{hours: {mon: "8:00-9:00"}, holidays: DE-QQ}',
        '{hours: {mon: "8:00-9:00"}, holidays: {a: b}}',
        '{hours: {"": "8:00-9:00"}}',
    ],
)
def test_calendar_when_wrong_is_refused(site: Site, text: str) -> None:
    with pytest.raises(ConfigError, match=r"calendars\.c"):
        make_calendar(site, text)
