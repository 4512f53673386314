"""SLAs: what we promise, in business time of a calendar. Dry: no I/O."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from mailproc.rulebook.reader import DURATION, Reader
from mailproc.rulebook.schemashapes import NAME, Keys, about
from mailproc.yamlnodes import Node

if TYPE_CHECKING:
    from mailproc.rulebook.book import Rulebook

SPANS: Keys = {
    "first_response": about("Until the first answer: 30m, 8h, 3d.", DURATION),
    "next_response": about("Until each further answer.", DURATION),
    "resolution": about("Until the case is resolved.", DURATION),
    "update_requester_every": about("How often the requester hears of an open case.", DURATION),
}
KEYS: Keys = {**SPANS, "calendar": about("The hours it is counted in; else the department's.", NAME)}


@dataclass(frozen=True, slots=True)
class Sla:
    """One promise; a day is 24 hours of the calendar it is counted in, None: nothing promised."""

    name: str
    first_response: timedelta | None = None
    next_response: timedelta | None = None
    resolution: timedelta | None = None
    update_requester_every: timedelta | None = None
    calendar: str = ""  # "" : the department's


def read_sla(reader: Reader, name: str, node: Node) -> Sla | None:
    """One promise of `slas`."""
    path = f"slas.{name}"
    mapping = reader.mapping(node, path, KEYS)
    if mapping is None:
        return None
    spans: dict[str, timedelta | None] = {}
    calendar: str | None = ""
    for key, value in mapping.entries:
        if key.value in SPANS:
            spans[key.value] = reader.duration(value, f"{path}.{key.value}")
        elif key.value == "calendar":
            calendar = reader.reference(value, f"{path}.calendar", "calendar", reader.names.calendars)
    return Sla(
        name,
        spans.get("first_response"),
        spans.get("next_response"),
        spans.get("resolution"),
        spans.get("update_requester_every"),
        calendar or "",
    )


def describe_terms(book: "Rulebook") -> str:
    """All that due times are counted by, as a text that changes with it; "" where nothing is promised."""
    if not book.slas:
        return ""
    hours = [
        (calendar.name, calendar.zone.key, calendar.hours, calendar.country or _dates_of(calendar.holidays))
        for calendar in book.calendars.values()
    ]
    homes = [(item.key, item.sla, item.calendar, item.escalate_to) for item in book.departments.values()]
    terms = ([book.slas[name] for name in sorted(book.slas)], sorted(hours), sorted(homes))
    return hashlib.sha256(repr(terms).encode()).hexdigest()


def _dates_of(holidays: object) -> tuple[date, ...]:
    return tuple(sorted(holidays)) if isinstance(holidays, frozenset) else ()
