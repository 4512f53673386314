"""The moment that `#due` and `#wait until` name: ISO, local forms, "tomorrow", "Friday 14:00", "3d", in our languages.

Dry: the present is an argument. A day that can be read in two ways is no answer; nobody's deadline is guessed.
"""

import re
from datetime import date, datetime, time, timedelta

from mailproc.desk.commands import commandwords as words
from mailproc.desk.commands.folding import fold, fold_words, invert, plain_line
from mailproc.desk.words.saying import Saying, saying, word_for
from mailproc.message.awaywords import MONTHS, WEEKDAYS

_FARTHEST = timedelta(days=1100)
_UNTIL = fold_words(words.UNTIL_WORDS)
_NEXT = fold_words(words.NEXT_WORDS)
_WEEK = fold_words(words.WEEK_WORDS)
_IN = fold_words(words.IN_WORDS)
_NEAR = {
    **dict.fromkeys(fold_words(words.TODAY_WORDS), 0),
    **dict.fromkeys(fold_words(words.TOMORROW_WORDS), 1),
    **dict.fromkeys(fold_words(words.OVERMORROW_WORDS), 2),
}
_UNITS = invert(words.UNIT_WORDS)
_MONTHS = {fold(name): number for name, number in MONTHS.items()}
_WEEKDAYS = {fold(name): number for name, number in WEEKDAYS.items()}
# Two letters, as calendars have them; none of them another language's other day
_WEEKDAYS |= {"mo": 0, "tu": 1, "di": 1, "we": 2, "mi": 2, "th": 3, "do": 3, "fr": 4, "sa": 5, "so": 6, "su": 6}
_TIME = re.compile(
    r"(?:(?<=\s)|^)(?:at |um |kl\.? ?|a las |a |alle |o )?(\d{1,2})(?:[:h.](\d{2})|h| ?uhr)? ?(am|pm)?(?: uhr)?$"
)
_TIME_MARK = re.compile(r"\d{1,2}(?::\d{2}|h(?:\d{2})?| ?uhr| ?[ap]m)(?: uhr)?$|\bkl\.? ?\d{1,2}(?:[.:]\d{2})?$")
_SPAN = re.compile(r"(\d{1,3}) ?([^\W\d_]{1,12})\.?")
_ISO = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
_NUMERIC = re.compile(r"(\d{1,2})([-./])(\d{1,2})(?:\2(\d{4}|\d{2})?)?")
_NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|°|º)?[ .]{0,2}(?:de |of |d')?(?P<month>[^\W\d_]{3,12})|"
    r"(?P<first>[^\W\d_]{3,12})\.? (?P<second>\d{1,2})(?:st|nd|rd|th)?)\.?(?:,? (?:de |r\. ?)?(?P<year>\d{4}))?"
)


def find_moment(
    text: str, now: datetime, language: str, *, at_end: bool
) -> tuple[datetime | None, Saying | None]:
    """(the moment, None) or (None, what is wrong); `now` is aware and in the site's time zone, as the answer is.

    Without a time of day it is the day's last minute when `at_end` (something is due), else its beginning (somebody
    waits until then). `language` tells which of two numbers is the month where the text does not.
    """
    low = " ".join(fold(word) for word in plain_line(text).strip(" .!").split())
    if not low:
        return None, saying("day-missing", example=word_for("example", "due"))
    bare = _drop_leading(low, _UNTIL)
    span = _SPAN.fullmatch(_drop_leading(bare, _IN))
    if span is not None and span[2] in _UNITS:
        return _judge(_add(now, int(span[1]), _UNITS[span[2]], at_end), now)
    bare, at = _take_time(re.sub(r"(?<=\d)t(?=\d\d:\d\d)", " ", bare))
    day, problem = _find_day(bare, now, language)
    if day is None and bare != low and at is not None and not bare:
        day = now.date()  # a time alone is today's
    if day is None:
        return None, problem or saying("no-day", text=text.strip()[:60])
    moment = at or (time(23, 59) if at_end else time(0, 0))
    return _judge(datetime.combine(day, moment, now.tzinfo), now)


def _add(now: datetime, count: int, unit: str, at_end: bool) -> datetime:
    if unit == "h":
        return now + timedelta(hours=count)
    day = now.date() + timedelta(days=count * (7 if unit == "w" else 1))
    return datetime.combine(day, time(23, 59) if at_end else time(0, 0), now.tzinfo)


def _judge(moment: datetime, now: datetime) -> tuple[datetime | None, Saying | None]:
    if moment <= now:
        return None, saying("past", moment=f"{moment:%Y-%m-%d %H:%M}")
    if moment > now + _FARTHEST:
        return None, saying("too-far", moment=f"{moment:%Y-%m-%d}")
    return moment, None


def _drop_leading(low: str, known: frozenset[str]) -> str:
    parts = low.split(" ")
    at = 0
    while at < len(parts) - 1 and (parts[at] in known or parts[at] == "jusqu'a"):
        at += 1
    bare = " ".join(parts[at:])
    return re.sub(r"^(?:jusqu'|all')", "", bare)


def _take_time(low: str) -> tuple[str, time | None]:
    """The text without a time of day at its end, and that time."""
    if not _TIME_MARK.search(low):
        return low, None
    match = _TIME.search(low)
    if match is None:
        return low, None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3] == "pm" and hour < 12:
        hour += 12
    elif match[3] == "am" and hour == 12:
        hour = 0
    if hour > 23 or minute > 59:
        return low, None
    return low[: match.start()].rstrip(" ,"), time(hour, minute)


def _find_day(low: str, now: datetime, language: str) -> tuple[date | None, Saying | None]:
    today = now.date()
    dashed = low.replace(" ", "-")
    for near in (low, dashed):
        if near in _NEAR:
            return today + timedelta(days=_NEAR[near]), None
    parts = [part for part in low.replace(",", " ").split() if part]
    bare = [part.rstrip(".") for part in parts if part.rstrip(".") not in _NEXT]
    if len(bare) == 1 and bare[0] in _WEEK and len(parts) > 1:
        return today + timedelta(days=7 - today.weekday()), None  # next week begins on its Monday
    if len(bare) == 1 and bare[0] in _WEEKDAYS:
        return today + timedelta(days=(_WEEKDAYS[bare[0]] - today.weekday() - 1) % 7 + 1), None
    if len(parts) > 1 and parts[0].rstrip(".") in _WEEKDAYS:
        return _check_weekday(_WEEKDAYS[parts[0].rstrip(".")], *_read_date(" ".join(parts[1:]), today, language))
    return _read_date(_drop_leading(low, _UNTIL), today, language)


def _check_weekday(weekday: int, day: date | None, problem: Saying | None) -> tuple[date | None, Saying | None]:
    if day is not None and day.weekday() != weekday:
        return None, saying("other-weekday", moment=f"{day:%Y-%m-%d}")
    return day, problem


def _read_date(low: str, today: date, language: str) -> tuple[date | None, Saying | None]:
    match = _ISO.fullmatch(low)
    if match is not None:
        return _make(int(match[1]), int(match[2]), int(match[3]))
    match = _NUMERIC.fullmatch(low)
    if match is not None:
        first, second = int(match[1]), int(match[3])
        year = _year(match[4])
        if match[2] == "/" and language.startswith("en") and first <= 12 and second <= 12 and first != second:
            return None, saying("two-months", text=low, moment=f"{year or today.year}-{second:02}-{first:02}")
        if second > 12 >= first:
            first, second = second, first
        return _place(year, second, first, today)
    match = _NAMED.fullmatch(low)
    if match is not None:
        month = _MONTHS.get(match["month"] or match["first"])
        if month is not None:
            return _place(_year(match["year"]), month, int(match["day"] or match["second"]), today)
    return None, None


def _year(text: str | None) -> int | None:
    return None if not text else int(text) + (2000 if len(text) == 2 else 0)


def _place(year: int | None, month: int, day: int, today: date) -> tuple[date | None, Saying | None]:
    """That day; without a year the next one there is."""
    if year is not None:
        return _make(year, month, day)
    found, problem = _make(today.year, month, day)
    if found is None or found < today:
        found, problem = _make(today.year + 1, month, day)
    return found, problem


def _make(year: int, month: int, day: int) -> tuple[date | None, Saying | None]:
    try:
        return date(year, month, day), None
    except ValueError:
        return None, saying("no-such-day", moment=f"{year}-{month:02}-{day:02}")
