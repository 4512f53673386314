"""Text made comparable: without case, accents and invisible characters, cut into words. Dry: no I/O."""

import re
import unicodedata

import regex

MAX_TEXT = 262_144  # characters of one text that rules look at; a mail past it is a log file, not a request
MAX_SEARCHED = 65_536  # characters of a text that a regex gets to see
_CACHED_FOLDS = 20_000

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_DIGITS = re.compile(r"\d+")
_WORD = regex.compile(r"[^\W_]+")
# Scripts that write no spaces between words: there a word is looked for inside the run of letters
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
# Letters that people leave the stroke off and Unicode does not decompose
_STROKES = {
    "ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ħ": "h", "Ħ": "h", "ı": "i", "ŧ": "t", "Ŧ": "t",
    "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th", "ð": "d", "Ð": "d",
}  # fmt: skip


class _Folds(dict[int, str]):
    """Character code to what it folds to, filled as characters are met; bounded, since a mail chooses them."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _STROKES.get(char)
        if folded is None:
            kept = (
                part
                for part in unicodedata.normalize("NFKD", char)
                if not unicodedata.combining(part) and unicodedata.category(part) != "Cf"
            )
            folded = "".join(kept).casefold()
        if len(self) < _CACHED_FOLDS:
            self[code] = folded
        return folded


_FOLDS = _Folds()


def fold(text: str) -> str:
    """The text without case, accents (NFKD) and invisible characters."""
    return text.lower() if text.isascii() else text.translate(_FOLDS)


def split_words(folded: str) -> list[str]:
    """The words of a folded text: runs of letters and digits; an underscore separates."""
    return _ASCII_WORD.findall(folded) if folded.isascii() else _WORD.findall(folded)


def is_unspaced(folded: str) -> bool:
    """True for text in a script that does not put spaces between words."""
    return not folded.isascii() and _UNSPACED.search(folded) is not None


def lines_above(domain: str) -> tuple[str, ...]:
    """The domain and the domains it is in, nearest first."""
    found = [domain]
    while (domain := domain.partition(".")[2]) and len(found) < 32:
        found.append(domain)
    return tuple(found)


class Addresses:
    """Some addresses of a mail; their domains are made when first asked for."""

    __slots__ = ("_domains", "_parents", "all")

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.all = addresses
        self._domains: frozenset[str] | None = None
        self._parents: frozenset[str] | None = None

    @property
    def domains(self) -> frozenset[str]:
        if self._domains is None:
            self._domains = frozenset([address.rpartition("@")[2] for address in self.all])
        return self._domains

    @property
    def parents(self) -> frozenset[str]:
        """The domains and all they are in."""
        if self._parents is None:
            self._parents = frozenset([parent for domain in self.domains for parent in lines_above(domain)])
        return self._parents


class Text:
    """One text of a mail; what conditions need of it is computed once, when first asked for."""

    __slots__ = ("_digits", "_folded", "_joined", "_lowered", "_searched", "_stripped", "_words", "raw")

    def __init__(self, raw: str) -> None:
        if len(raw) > MAX_TEXT:
            raw = raw[:MAX_TEXT]
        # Mail from macOS writes accents as separate characters; rules are written with one
        self.raw = raw if raw.isascii() else unicodedata.normalize("NFC", raw)
        self._digits: int | None = None
        self._folded: str | None = None
        self._joined: str | None = None
        self._lowered: str | None = None
        self._searched: str | None = None
        self._stripped: str | None = None
        self._words: frozenset[str] | None = None

    @property
    def folded(self) -> str:
        if self._folded is None:
            self._folded = fold(self.raw)
        return self._folded

    @property
    def words(self) -> frozenset[str]:
        if self._words is None:
            self._words = frozenset(split_words(self.folded))
        return self._words

    @property
    def joined(self) -> str:
        """The words with one space around each: a phrase is found by searching ` like this `."""
        if self._joined is None:
            listed = split_words(self.folded)
            self._joined = f" {' '.join(listed)} "
            if self._words is None:
                self._words = frozenset(listed)
        return self._joined

    @property
    def lowered(self) -> str:
        if self._lowered is None:
            self._lowered = self.raw.casefold()
        return self._lowered

    @property
    def most_digits(self) -> int:
        """How many digits stand one after the other where they are most, in what a regex gets to see."""
        if self._digits is None:
            self._digits = max(map(len, _DIGITS.findall(self.searched)), default=0)
        return self._digits

    @property
    def searched(self) -> str:
        """What a regex gets to see: the first 64 KiB."""
        if self._searched is None:
            self._searched = self.raw[:MAX_SEARCHED]
        return self._searched

    @property
    def stripped(self) -> str:
        """The same without space around it."""
        if self._stripped is None:
            self._stripped = self.searched.strip()
        return self._stripped
