"""Dates, times, counts and sizes as a language writes them (CLDR, by Babel). No clock, no locale of the machine.

Babel is imported when the first value is written: reading its data costs more than all else at the start.
"""

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from babel import Locale

# English for readers everywhere: the day before the month, 24 hours
_LOCALES = {"en": "en_GB"}
# A day and its time within a sentence; Babel has CLDR's forms for lists only
_AT = {
    "en": "{1} at {0}",
    "de": "{1} um {0} Uhr",
    "es": "{1} a las {0}",
    "fr": "{1} à {0}",
    "it": "{1} alle ore {0}",
    "no": "{1} kl. {0}",
    "pl": "{1} o godz. {0}",
}
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST = {"fr": "1er", "it": "1º"}  # the first of a month
_FORMS = ("zero", "one", "two", "few", "many", "other")


def format_moment(value: str, language: str, timezone: str = "UTC") -> str:
    """A time in ISO 8601 with its offset as `3 November 2026 at 17:00`; any other text as it is."""
    return _format(value, language, timezone, True)


def format_day(value: str, language: str, timezone: str = "UTC") -> str:
    """A day, or a time with its offset, in ISO 8601 as `3 November 2026`; any other text as it is."""
    return _format(value, language, timezone, False)


def format_count(count: int, language: str, forms: dict[str, str]) -> str:
    """The form that the language uses with this count, `#` replaced by the count.

    `forms` has CLDR's names: one, few, many, other; a form that is not given is taken from the nearest that is.
    """
    given = [name for name in _FORMS if name in forms]
    if not given:
        raise TypeError("counted needs the forms of the word: one=..., other=...")
    name = _plural_form(count, language)
    chosen = forms.get(name) or forms.get("other") or forms.get("many") or forms[given[-1]]
    return chosen.replace("#", format_number(count, language))


@lru_cache(maxsize=256)
def format_number(number: int, language: str) -> str:
    """A whole number with the language's separators."""
    from babel.numbers import format_decimal

    return format_decimal(number, locale=_locale(language))


@lru_cache(maxsize=256)
def format_size(size: int, language: str) -> str:
    """Bytes as megabytes with one decimal, with the unit's name in that language."""
    from babel.units import format_unit

    megabytes = max(0.1, round(size / 1_000_000, 1))
    written: str = format_unit(megabytes, "digital-megabyte", length="short", locale=_locale(language))
    return written


@lru_cache(maxsize=1024)
def _format(value: str, language: str, timezone: str, has_time: bool) -> str:
    if len(value) > 40:
        return value
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    is_day = not has_time and _DAY.fullmatch(value) is not None  # the same everywhere
    if at.tzinfo is None and not is_day:
        return value
    at = at if is_day else at.astimezone(_zone(timezone))
    from babel.dates import format_date, format_time

    locale = _locale(language)
    day = format_date(at.date(), "long", locale=locale)
    if at.day == 1 and locale.language in _FIRST:
        day = day.replace("1 ", f"{_FIRST[locale.language]} ", 1)  # CLDR leaves it out, no reader does
    if not has_time:
        return day
    glue = _AT.get(locale.language) or str(locale.datetime_formats.get("long", "{1}, {0}"))
    if glue == "{1} {0}":
        glue = "{1}, {0}"
    elif at.hour == 1 and locale.language == "es":
        glue = "{1} a la {0}"
    return glue.replace("{1}", day).replace("{0}", format_time(at, "short", tzinfo=at.tzinfo, locale=locale))


@lru_cache(maxsize=16)
def _zone(timezone: str) -> tzinfo:
    try:
        return ZoneInfo(timezone)
    except (LookupError, ValueError, OSError):  # the settings refuse such a zone before any mail is written
        return UTC


@lru_cache(maxsize=64)
def _locale(language: str) -> "Locale":
    """Babel's data for a language, British English for one it does not know."""
    from babel import Locale, UnknownLocaleError

    code = language.replace("-", "_")
    try:
        return Locale.parse(_LOCALES.get(code, code))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


@lru_cache(maxsize=1024)
def _plural_form(count: int, language: str) -> str:
    return str(_locale(language).plural_form(count))
