"""Pieces of a text, long enough to tell where they come from: eight words in a row (mail-policy section 5). Dry.

Scripts that set no blanks have no words to count: there it is sixteen letters. A note of five to seven words is one
piece as a whole.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

SHINGLE_WORDS = 8
_SHORTEST_NOTE = 5  # words; shorter ones are met by chance
_LETTERS = 16
_MOST_TEXT = 300_000
_WORD = re.compile(r"[^\W_]+")
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
# Thai, Lao, Khmer, Kana, Han
_SPACELESS = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def shingles(text: str) -> Iterator[tuple[str, ...]]:
    """All pieces of a text."""
    yield from _runs(_words(text), SHINGLE_WORDS)
    letters = "".join(_SPACELESS.findall(text[:_MOST_TEXT]))
    for at in range(len(letters) - _LETTERS + 1):
        yield (letters[at : at + _LETTERS],)


def repeats_a_note(text: str, notes: Iterable[str], public: Callable[[], set[tuple[str, ...]]]) -> bool:
    """Whether the text holds a piece of one of these notes that customers have not seen anyway.

    `public` is asked for what they have seen only where a piece is met: a long case has many.
    """
    own: set[tuple[str, ...]] | None = None
    short: dict[int, set[tuple[str, ...]]] = {}
    for note in notes:
        if own is None:
            own = set(shingles(text))
        if not own.isdisjoint(pieces := set(shingles(note))) and not (own & pieces) <= public():
            return True
        words = tuple(_words(note))
        size = len(words)
        if _SHORTEST_NOTE <= size < SHINGLE_WORDS:
            if size not in short:
                short[size] = set(_runs(_words(text), size))
            if words in short[size] and not any(_holds(shingle, words) for shingle in public()):
                return True
    return False


def _words(text: str) -> list[str]:
    text = text[:_MOST_TEXT]
    if not text.isascii():
        # Two ways to write an accent, letters of other widths, marks that nobody sees: they come with copied text
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))[:_MOST_TEXT]
    return _WORD.findall(text.casefold())


def _runs(words: list[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def _holds(shingle: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(shingle[at : at + len(words)] == words for at in range(len(shingle) - len(words) + 1))
