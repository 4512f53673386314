"""Text made comparable: without case, accents and invisible characters, cut into words. Dry: no I/O."""

import re
import unicodedata

import regex

MAX_TEXT = 262_144  # characters of one text that rules look at; a mail past it is a log file, not a request
_CACHED_FOLDS = 20_000

_ASCII_WORD = re.compile(r"[a-z0-9]+")
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


class Text:
    """One text of a mail; what conditions need of it is computed once, when first asked for."""

    __slots__ = ("_folded", "_joined", "_lowered", "_words", "raw")

    def __init__(self, raw: str) -> None:
        if len(raw) > MAX_TEXT:
            raw = raw[:MAX_TEXT]
        # Mail from macOS writes accents as separate characters; rules are written with one
        self.raw = raw if raw.isascii() else unicodedata.normalize("NFC", raw)
        self._folded: str | None = None
        self._joined: str | None = None
        self._lowered: str | None = None
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
            self._joined = f" {' '.join(split_words(self.folded))} "
        return self._joined

    @property
    def lowered(self) -> str:
        if self._lowered is None:
            self._lowered = self.raw.casefold()
        return self._lowered


NO_TEXT = Text("")
