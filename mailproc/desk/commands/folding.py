"""What people type in a mail, made comparable: one form for every blank, dash, number sign, case and accent. Dry."""

import re
import unicodedata
from functools import lru_cache

# Dashes that keyboards and correction programs make of a hyphen or of two
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
# What phones and word processors turn `#` into, and quotes that were straight
_SIGNS = {ord("\u266f"): "#", ord("\ufe5f"): "#", ord("\uff03"): "#", ord("\u2019"): "'", ord("\u02bc"): "'"}
_STROKES = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "đ": "d", "œ": "oe", "ı": "i"})
_TABLE = {**_DASHES, **_SIGNS}
_BLANKS = re.compile(r"\s+")


def plain_line(line: str) -> str:
    """The line with plain blanks, dashes and signs, without invisible characters; letters and case stay."""
    if line.isascii():
        return line.replace("\t", " ").strip()
    # NFKC: full-width signs and no-break blanks
    text = unicodedata.normalize("NFKC", line.translate(_TABLE)).translate(_TABLE)
    text = "".join(
        [
            character
            for character in text
            # Cf: zero-width joiners and marks; variation selectors come with an emoji or a keycap `#`
            if character.isascii()
            or not (unicodedata.category(character) == "Cf" or character in "\ufe0e\ufe0f\u20e3")
        ]
    )
    return _BLANKS.sub(" ", text).strip()


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """The word without case and accents, as words of the lists are compared."""
    if word.isascii():
        return word.lower()
    text = unicodedata.normalize("NFKD", word.casefold().translate(_STROKES))
    return "".join([character for character in text if not unicodedata.combining(character)])


def fold_words(words: str) -> frozenset[str]:
    """A list of words, each folded."""
    return frozenset(fold(word) for word in words.split())


def invert(lists: dict[str, str]) -> dict[str, str]:
    """Folded word -> what it means."""
    return {fold(word): meaning for meaning, words in lists.items() for word in words.split()}
