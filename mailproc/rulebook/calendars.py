"""Business hours: weekdays, hours in a time zone, holidays; and whether a moment is inside. Dry: no I/O."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from mailproc.rulebook.reader import Reader, shorten
from mailproc.rulebook.schemashapes import NAME, Keys, about, many, matching, named, needed
from mailproc.yamlnodes import Mapping, Node, Scalar, did_you_mean

ALWAYS = "24x7"  # the calendar everybody has
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY_MINUTES = 24 * 60
_CLOSED = "closed"
_HOURS = {"anyOf": [matching(_SPAN), {"const": _CLOSED}]}
KEYS: Keys = {
    "timezone": about("Its time zone, as Europe/Warsaw; else the site's.", NAME),
    "hours": needed('Hours by weekday: {mon-thu: "08:00-17:00", fri: "08:00-15:00"}', named(many(_HOURS))),
    "holidays": about("A country or subdivision (PL, DE-BY), or a list of dates.", many(NAME, 0)),
}

Hours = tuple[tuple[int, int], ...]  # (first minute, first minute after) of a day
OpenTime = tuple[datetime, datetime, timedelta]  # from, until in UTC, and how long that is


class DayOff(Protocol):
    """Anything that knows which dates are holidays."""

    def __contains__(self, day: object, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people are at work."""

    name: str
    zone: ZoneInfo
    hours: tuple[Hours, ...]  # Monday first
    holidays: DayOff = field(default=frozenset(), compare=False)
    country: str = ""  # of the holidays, "" when dates were given
    # Open times of days that were asked for, by the day's ordinal; `businesstime` fills it
    days: dict[int, tuple[OpenTime, ...]] = field(default_factory=dict, compare=False, repr=False)

    def is_inside(self, moment: datetime) -> bool:
        """True when the moment (aware) is within business hours."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        if not any(start <= minute < end for start, end in self.hours[local.weekday()]):
            return False
        return local.date() not in self.holidays

    def describe(self, moment: datetime) -> str:
        """The moment in the calendar's zone and where it falls: `Tue 10:00 is inside`."""
        local = moment.astimezone(self.zone)
        where = "inside" if self.is_inside(moment) else "outside"
        if where == "outside" and local.date() in self.holidays:
            where = "outside, a holiday"
        return f"{WEEKDAYS[local.weekday()].title()} {local:%H:%M} is {where}"


def make_always(zone: ZoneInfo) -> Calendar:
    """The calendar 24x7."""
    return Calendar(ALWAYS, zone, (((0, _DAY_MINUTES),),) * 7)


def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of that name, None when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_calendar(reader: Reader, name: str, node: Node) -> Calendar | None:
    """One calendar of `calendars`."""
    path = f"calendars.{name}"
    mapping = reader.mapping(node, path, KEYS)
    if mapping is None:
        return None
    zone = find_zone(reader.site.timezone) or ZoneInfo("UTC")
    if (zone_node := mapping.get("timezone")) is not None:
        zone_name = reader.text(zone_node, f"{path}.timezone")
        found = find_zone(zone_name) if zone_name else None
        if zone_name and found is None:
            near = did_you_mean(zone_name, sorted(available_timezones()))
            text = f'unknown time zone "{shorten(zone_name)}"' + (f": {near}" if near else "")
            reader.error(zone_node, "R109", text, f"In {path}.timezone. Write it as Europe/Warsaw.")
        zone = found or zone
    hours_node = mapping.get("hours")
    if hours_node is None:
        reader.error(node, "R024", f"{path} has no hours", 'Write  hours: {mon-fri: "08:00-17:00"}')
        return None
    hours = _read_hours(reader, hours_node, f"{path}.hours")
    days, country = _read_holidays(reader, mapping.get("holidays"), f"{path}.holidays")
    return Calendar(name, zone, hours, days, country)


def _read_hours(reader: Reader, node: Node, path: str) -> tuple[Hours, ...]:
    week: list[list[tuple[int, int]]] = [[] for _ in WEEKDAYS]
    mapping = reader.mapping(node, path)
    seen: set[int] = set()
    for key, value in mapping.entries if mapping else ():
        days = _read_days(reader, key, path)
        if seen.intersection(days):
            reader.error(key, "R026", f"{path}: {WEEKDAYS[min(seen.intersection(days))]} has its hours twice")
        seen.update(days)
        for span in reader.scalars(value, f"{path}.{key.value}"):
            minutes = _read_span(reader, span, f"{path}.{key.value}")
            if minutes is None:
                continue
            start, end = minutes
            for day in days:
                if start < end:
                    week[day].append((start, end))
                else:  # 22:00-06:00 ends on the next morning
                    week[day].append((start, _DAY_MINUTES))
                    if end:
                        week[(day + 1) % 7].append((0, end))
    return tuple(tuple(sorted(spans)) for spans in week)


def _read_days(reader: Reader, key: Scalar, path: str) -> tuple[int, ...]:
    """The days of `mon`, `mon-thu` or `sat, sun`."""
    found: list[int] = []
    for part in key.value.lower().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first[:3] not in WEEKDAYS or (last and last[:3] not in WEEKDAYS) or max(len(first), len(last)) > 9:
            hint = "Write days as mon, mon-fri or sat,sun."
            reader.error(key, "R023", f'{path}: "{shorten(key.value)}" is no weekday', hint)
            return ()
        start = WEEKDAYS.index(first[:3])
        length = (WEEKDAYS.index(last[:3]) - start) % 7 if last else 0
        found += [(start + step) % 7 for step in range(length + 1)]
    return tuple(dict.fromkeys(found))


def _read_span(reader: Reader, node: Scalar, path: str) -> tuple[int, int] | None:
    if node.value.strip().lower() == _CLOSED:
        return None
    match = _SPAN.fullmatch(node.value.strip())
    if match:
        start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if max(int(match[2]), int(match[4])) < 60 and start < _DAY_MINUTES and end <= _DAY_MINUTES and start != end:
            return start, end
    reader.error(node, "R028", f'{path} must be hours such as 08:00-17:00, not "{shorten(node.value)}"')
    return None


def _read_holidays(reader: Reader, node: Node | None, path: str) -> tuple[DayOff, str]:
    """A country code (PL, DE-BY) or a list of dates."""
    if node is None:
        return frozenset(), ""
    if isinstance(node, Mapping):
        reader.error(node, "R022", f"{path} must be a country code or a list of dates, not a mapping")
        return frozenset(), ""
    dates: set[date] = set()
    for item in reader.scalars(node, path, may_be_empty=True):
        value = item.value.strip()
        if node is item and not value[:1].isdigit():
            return _find_country(reader, item, path)
        try:
            dates.add(date.fromisoformat(value))
        except ValueError:
            reader.error(item, "R028", f'{path}: "{shorten(value)}" is no date', "Write dates as 2026-12-24.")
    return frozenset(dates), ""


def _find_country(reader: Reader, node: Scalar, path: str) -> tuple[DayOff, str]:
    from holidays import country_holidays  # 0.1 s to import, and only few books name a country

    country, _, part = node.value.strip().upper().partition("-")
    try:
        return country_holidays(country, subdiv=part or None), node.value.strip().upper()
    except NotImplementedError:
        hint = f"In {path}. Write a code such as PL or DE-BY, or a list of dates."
        reader.error(node, "R109", f'unknown holiday country "{shorten(node.value)}"', hint)
        return frozenset(), ""
