"""Case numbers: serial to `ACME-482-170` and back, and finding them in a subject.

A serial from 10 000 up gets one Damm check digit (H. M. Damm, 2004: all single-digit errors and all swaps of
neighbours are caught). Dry: no I/O. The number is an address, never a credential (mail-policy section 1).
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from mailproc.errors import Permanent

FIRST_SERIAL = 10_000
LONGEST_NUMBER = 15  # digits with the check digit

# Damm's totally anti-symmetric quasigroup of order 10
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad\u2043\ufe58\ufe63\uff0d"), "-")
# Look-alikes of the letters a prefix may have, as Cyrillic and Greek keyboards write them
_LOOKALIKES = str.maketrans("АВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXIJSABEZHIKMNOPTYX")
_LONGEST_SUBJECT = 4_000


@dataclass(frozen=True, slots=True)
class FoundNumbers:
    """What a subject says: serials with a valid check digit in order of appearance, and numbers that nearly are."""

    serials: tuple[int, ...] = ()
    doubtful: tuple[str, ...] = ()  # as they would be written, with their wrong check digit: never guessed


def damm(digits: str) -> int:
    """The Damm check digit of ASCII digits; 0 for a number that already carries its valid one."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][ord(digit) - 48]
    return interim


def format_number(serial: int, prefix: str) -> str:
    """What people quote: `ACME-482-170`; the last group has three or four digits."""
    digits = f"{serial}{damm(str(serial))}"
    fours = len(digits) % 3
    threes = (len(digits) - 4 * fours) // 3
    groups, at = [prefix], 0
    # Threes first, so that the fours stand last: 482-1759, 482-175-9370, but 4821-7590
    for size in [3] * threes + [4] * fours:
        groups.append(digits[at : at + size])
        at += size
    return "-".join(groups)


def format_tag(number: str) -> str:
    """The subject tag of a number: `[ACME-482-170]`."""
    return f"[{number}]"


def find_case_numbers(subject: str, prefixes: tuple[str, ...]) -> FoundNumbers:
    """Case numbers of this site in a decoded subject; brackets are optional, dashes and digits of any script count.

    A wrong check digit is reported, not repaired: the ticket it might have meant is somebody else's.
    """
    if not subject:
        return FoundNumbers()
    text = _canonical(subject)
    serials: list[int] = []
    doubtful: list[str] = []
    for match in _pattern(prefixes).finditer(text):
        groups = re.findall(r"[0-9]+", match.group(2))
        # The longest run of groups with a valid check digit: "ACME-482-170 2026" names 482-170
        for count in range(len(groups), 0, -1):
            digits = "".join(groups[:count])
            if _has_number_length(digits) and damm(digits) == 0:
                if int(digits[:-1]) not in serials:
                    serials.append(int(digits[:-1]))
                break
        else:
            if _has_number_length("".join(groups)):
                written = "-".join([match.group(1).upper(), *groups])
                if written not in doubtful:
                    doubtful.append(written)
    return FoundNumbers(tuple(serials), tuple(doubtful))


def parse_number(text: str, prefixes: tuple[str, ...]) -> int | None:
    """The serial somebody typed as `ACME-482-170`, `482170` or `482-170`; None when it is no valid number."""
    found = find_case_numbers(text, prefixes)
    if len(found.serials) == 1 and not found.doubtful:
        return found.serials[0]
    digits = re.sub(r"[^0-9]", "", _canonical(text))
    is_bare = not re.search(r"[A-Za-z]", text)
    if is_bare and _has_number_length(digits) and damm(digits) == 0:
        return int(digits[:-1])
    return None


def strip_tags(subject: str, prefixes: tuple[str, ...]) -> str:
    """The subject without this site's own tags; foreign tags in brackets stay where they are."""
    if not any(prefix.lower() in subject.lower() for prefix in prefixes):
        return subject
    pattern = _tag_pattern(prefixes)

    def keep_invalid(match: re.Match[str]) -> str:
        digits = re.sub(r"[^0-9]", "", match.group(1))
        return " " if len(digits) > len(str(FIRST_SERIAL)) and damm(digits) == 0 else match.group(0)

    return re.sub(r"[ \t]{2,}", " ", pattern.sub(keep_invalid, subject.translate(_DASHES))).strip()


def shuffle_serial(count: int, secret: bytes) -> int:
    """A serial that hides how many there were: a keyed permutation within the counter's own number of digits.

    A four-round Feistel network over the decimal range with cycle walking: one count, one serial, no repeats.
    """
    if count < FIRST_SERIAL:
        raise Permanent(f"ticket counter is at {count}, it starts at {FIRST_SERIAL}; the database was changed by hand")
    low = int(10 ** (len(str(count)) - 1))
    size = 9 * low
    half = ((size - 1).bit_length() + 1) // 2
    value = count - low
    while True:
        left, right = value >> half, value & ((1 << half) - 1)
        for round_number in range(4):
            left, right = right, left ^ (_mix(secret, low, round_number, right) & ((1 << half) - 1))
        value = (left << half) | right
        if value < size:
            return low + value


@lru_cache(maxsize=4096)  # numbers of five digits have no more halves than that
def _mix(secret: bytes, low: int, round_number: int, half: int) -> int:
    message = b"%d.%d.%d" % (low, round_number, half)
    return int.from_bytes(hmac.digest(secret, message, hashlib.sha256)[:8], "big")


def _has_number_length(digits: str) -> bool:
    return len(str(FIRST_SERIAL)) < len(digits) <= LONGEST_NUMBER and digits[0] != "0"


def _canonical(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:_LONGEST_SUBJECT].translate(_DASHES)).translate(_DASHES)
    if text.isascii():
        return text
    characters = []
    for character in text:
        if not character.isascii():
            category = unicodedata.category(character)
            if category == "Cf":
                continue
            if category == "Nd":
                character = str(unicodedata.digit(character))
            elif category == "Zs":
                character = " "
        characters.append(character)
    return "".join(characters).translate(_LOOKALIKES)


@lru_cache(maxsize=16)
def _pattern(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join(re.escape(prefix) for prefix in sorted(prefixes, key=len, reverse=True))
    # At most three separators between prefix and digits, one or two between groups; bounded, so linear
    return re.compile(
        rf"(?<![A-Za-z0-9])({names})[\s\-#:_.]{{0,3}}([0-9]{{3,15}}(?:[\s\-_.]{{1,2}}[0-9]{{3,4}}(?![0-9])){{0,4}})(?![0-9])",
        re.IGNORECASE,
    )


@lru_cache(maxsize=16)
def _tag_pattern(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join(re.escape(prefix) for prefix in sorted(prefixes, key=len, reverse=True))
    return re.compile(rf"\[\s{{0,3}}(?:{names})[\s\-#:_.]{{0,3}}([0-9][0-9\s\-_.]{{4,24}})\]?", re.IGNORECASE)
