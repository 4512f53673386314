"""Finds the day on which the writer of an absence note is back, where the note names one. Dry: no I/O.

Only a date directly behind words that say so ("back on", "bis zum", "de retour le") counts. What can be read in two
ways, lies in the past or disagrees with another date is no answer: a wrong day is worse than none.
"""

import re
from datetime import date, timedelta

from mailproc.message.awaywords import AGAIN, FILLERS, MONTHS, RETURNS, TOMORROW, UNTIL, WEAK, WEEKDAYS
from mailproc.message.lazily import lazily

_LONGEST = 2_500  # characters; what says when somebody is back stands at the top
_FARTHEST = timedelta(days=800)
_FARTHEST_WITHOUT_YEAR = timedelta(days=330)

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_START = lazily(rf"(?:(?:{FILLERS}|(?P<weekday>{_WEEKDAY})(?!\w)\.?)[\s,:(]{{1,3}}){{0,6}}")
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|re|º|ª|°|\.|-го|:e)?"
_YEAR = r"(?:[\s,.]{1,2}(?:de |del |r\. ?)?(?P<year>20\d\d)(?!\d))?"
_DATES = (
    lazily(r"(?P<year>20\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    lazily(r"(?P<year>20\d\d)\s?[年년]\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]"),
    lazily(
        r"(?P<day>\d{1,2})\s?\.\s?(?P<month>\d{1,2})(?:\s?\.\s?(?P<year>20\d\d|\d\d(?!\d|[.:h]))?(?!\d)|(?![\d.:]))"
    ),
    lazily(r"(?P<first>\d{1,2})(?P<sign>[/-])(?P<second>\d{1,2})(?:(?P=sign)(?P<year>20\d\d|\d\d))?(?![\d/:-])"),
    lazily(rf"{_DAY}[\s.]{{0,2}}(?:de |of |d'|di |в )?(?P<name>{_MONTH})(?!\w)\.?{_YEAR}"),
    lazily(rf"(?P<name>{_MONTH})(?!\w)\.?\s?(?:the )?{_DAY}(?!\d|[.:]\d){_YEAR}"),
)
_WEEKDAY_ALONE = lazily(rf"(?:{FILLERS}[\s]){{0,2}}(?P<weekday>{_WEEKDAY})(?!\w)")
_TOMORROW = lazily(rf"(?:{FILLERS}[\s]){{0,2}}(?:{TOMORROW})(?!\w)")
_RETURNS = lazily(rf"(?<!\w)(?:{RETURNS})[\s:]{{1,2}}")
_UNTIL = lazily(rf"(?<![\w/.])(?:{UNTIL})[\s:]{{1,2}}")
_WEAK = lazily(rf"(?<!\w)(?:{WEAK})\s")
_AGAIN = lazily(rf"[^.!?]{{0,60}}?(?<!\w)(?:{AGAIN})(?!\w)")
_INCLUSIVE = lazily(
    r"einschl|inkl|incl|through|thru|t\.? ?o\.? ?m|og med|och med|en met|und mit|t/m|compre[sn]|compris|włącznie|включ"
)
_INCLUSIVE_AFTER = lazily(r"[\s,(]{0,3}(?:einschl|inkl|inclu|compre[sn]|compris|włącznie|включ)")
_RANGE_GOES_ON = lazily(r"[\s,]{0,2}(?:bis|until|till?|to|do|tot|-|–)(?!\w)")


def find_return(subject: str, text: str, written: date | None) -> date | None:
    """The day of return that an absence note of the day `written` names, None where it names none for sure.

    "until 12 May" gives 12 May, "until 12 May inclusive" the day after: the note says no more, and nothing here knows
    whose days off follow.
    """
    if written is not None and not 1900 < written.year < 2100:
        written = None  # nobody wrote then
    low = " ".join(f"{subject[:300]} . {text[:_LONGEST]}".lower().replace("’", "'").split())
    for reading in (_read_returns, _read_weak, _read_until):
        found = reading(low, written)
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _read_returns(low: str, written: date | None) -> set[date]:
    found = set()
    for match in _RETURNS.finditer(low):
        day, _ = _read_date(low, match.end(), written, _is_english(match.group()))
        if day is not None:
            found.add(day)
    return found


def _read_weak(low: str, written: date | None) -> set[date]:
    """Dates in front of their "again": "ab dem 12.5. wieder im Büro"."""
    found = set()
    for match in _WEAK.finditer(low):
        day, end = _read_date(low, match.end(), written, _is_english(match.group()))
        if day is not None and _RANGE_GOES_ON.match(low, end) is None and _AGAIN.match(low, end):
            found.add(day)
    return found


def _read_until(low: str, written: date | None) -> set[date]:
    found = set()
    for match in _UNTIL.finditer(low):
        day, end = _read_date(low, match.end(), written, _is_english(match.group()))
        if day is not None:
            start = _START.match(low, match.end())
            words = match.group() + (start.group() if start else "")
            is_inclusive = _INCLUSIVE.search(words) or _INCLUSIVE_AFTER.match(low, end)
            found.add(day + timedelta(days=1) if is_inclusive else day)
    return found


def _is_english(words: str) -> bool:
    """Whether the words in front of a date are English: 5/12 is then in May or in December."""
    return re.match(r"back|return|available|until|till|through|thru|from|between|on\b", words) is not None


def _read_date(low: str, at: int, written: date | None, is_english: bool) -> tuple[date | None, int]:
    """(the date that begins here, where it ends); None where there is none or which one is not sure."""
    start = _START.match(low, at)
    begin = start.end() if start else at
    name = start.group("weekday") if start else None
    weekday = WEEKDAYS[name] if name else None
    for pattern in _DATES:
        match = pattern.match(low, begin)
        if match is not None:
            return _choose(match, written, weekday, is_english), match.end()
    match = _WEEKDAY_ALONE.match(low, at)
    if match is not None and written is not None:
        ahead = (WEEKDAYS[match.group("weekday")] - written.weekday() - 1) % 7 + 1
        return written + timedelta(days=ahead), match.end()
    match = _TOMORROW.match(low, at)
    if match is not None and written is not None:
        return written + timedelta(days=1), match.end()
    return None, begin


def _choose(match: re.Match[str], written: date | None, weekday: int | None, is_english: bool) -> date | None:
    """The one day that the matched date can mean."""
    groups = match.groupdict()
    year = int(groups["year"]) if groups.get("year") else None
    if year is not None and year < 100:
        year += 2000
    pairs: list[tuple[int, int]] = []  # (month, day)
    if groups.get("name"):
        pairs.append((MONTHS[groups["name"]], int(groups["day"])))
    elif groups.get("first"):
        first, second = int(groups["first"]), int(groups["second"])
        if groups["sign"] == "-" and year is None:
            return None  # "5-12" is rather a span
        pairs.append((second, first))
        if is_english:
            pairs.append((first, second))
    else:
        pairs.append((int(groups["month"]), int(groups["day"])))
    days = {day for pair in pairs if (day := _place(year, *pair, written)) is not None}
    if weekday is not None:
        days = {day for day in days if day.weekday() == weekday}
    return days.pop() if len(days) == 1 else None


def _place(year: int | None, month: int, day: int, written: date | None) -> date | None:
    """That day, in the year it must be in; None where it lies behind `written` or too far ahead."""
    if year is not None:
        found = _make(year, month, day)
        if found is None or written is None:
            return found
        return found if written <= found <= written + _FARTHEST else None
    if written is None:
        return None
    for candidate in (_make(written.year, month, day), _make(written.year + 1, month, day)):
        if candidate is not None and written <= candidate <= written + _FARTHEST_WITHOUT_YEAR:
            return candidate
    return None


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
