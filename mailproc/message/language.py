"""Guesses the language of a text among the languages of a site: by its small words, else by a model. Dry: no I/O.

The words settle nearly every text, short ones too, and say of some that they are in no language of the site. Only what
they leave in doubt is shown to the model, which is sure of anything; what it says of few words counts for less.
"""

import re
from functools import lru_cache

from mailproc.message.commonwords import LANGUAGE_OF, LETTERS, SIGN_OF, WORDS
from mailproc.message.languagemodel import load

_MAX_TEXT = 1500
_FIRST_LOOK = 300  # characters that settle most texts; the rest is read only when they do not
_SURE = 0.97
_WORD = re.compile(r"[^\W\d_]+")
# Addresses of pages and mailboxes, and what somebody cites, are in no language or in another one
_NO_WORDS = re.compile(r"https?://\S{1,500}|www\.\S{1,500}|\S{1,80}@\S{1,80}")
_CITED = re.compile(
    r"(?<!\w)(?:'[^'\n]{8,200}'(?!\w)|\"[^\"\n]{8,200}\"|“[^”\n]{8,200}”|„[^“”\n]{8,200}[“”]|«[^»\n]{8,200}»)"
)
_SIGNS_OF_OTHERS = ("://", "@", "www.", " '", '"', "“", "„", "«")  # one stands in all that these two find
_BEYOND_LATIN = re.compile("[\u0370-\u1dff\u2e80-\ua7ff\uac00-\ufdff\uff10-\uffdc]")
_BY_WORDS = 0.99  # how sure it is when a text is full of small words of one language
_LEAST_WORDS = 4  # that is so many in the first look ...
_LEAST_SHARE = 6  # ... and one in so many of all words ...
_MOST_FOREIGN = 8  # ... and one of another language for so many of them at most
# How sure one, two, three small words are where no word of another language stands beside them
_BY_FEW = (0.0, 0.75, 0.9, 0.95)
_MOST_ALONE = 5  # words: in a longer text one small word alone says little
_BEST_GUESS = 0.45  # what is only likely stays below what the desk believes
_LEAST_FOR_MODEL = 12  # letters
_ENOUGH_FOR_MODEL = 40
_LONG = 20  # words with not one small word among them


def detect(text: str, languages: tuple[str, ...]) -> tuple[str, float]:
    """(language, confidence 0..1) among `languages`; ("", 0.0) where the text says nothing or is in none of them."""
    if len(languages) < 2:
        return (languages[0], 1.0) if languages and _WORD.search(text[:_MAX_TEXT]) else ("", 0.0)
    if not _known(languages):
        return _by_model(text[:_MAX_TEXT], languages)
    sample = text[:_FIRST_LOOK]
    if any(sign in sample for sign in _SIGNS_OF_OTHERS):
        sample = _clean(sample)
    found = _by_words(sample, languages)
    if found is None and len(_BEYOND_LATIN.findall(sample)) * 3 > len(sample) - sample.count(" "):
        return "", 0.0  # in letters that no language of the site is written in
    if found is None and len(text) > _FIRST_LOOK:
        sample = _clean(text[:_MAX_TEXT])
        found = _by_words(sample, languages)
    return found if found is not None else _weigh(sample, languages)


def find_by_words(text: str, languages: tuple[str, ...]) -> str:
    """The language whose small words the text is full of, "" where that leaves any doubt."""
    found = _by_words(text[:_FIRST_LOOK], languages) if _known(languages) else None
    return found[0] if found is not None and found[1] >= _BY_WORDS else ""


@lru_cache(maxsize=16)
def _known(languages: tuple[str, ...]) -> bool:
    """Whether the lists know all languages of the site; where it has another one, they say nothing."""
    return WORDS.keys() >= set(languages)


@lru_cache(maxsize=16)
def _letters(languages: tuple[str, ...]) -> frozenset[str]:
    return frozenset("".join(LETTERS.get(language, "") for language in languages))


def _clean(text: str) -> str:
    """The text without addresses, and without what it cites where something remains."""
    text = _NO_WORDS.sub(" ", text)
    own = _CITED.sub(" ", text)
    return own if _WORD.search(own) else text


def _count(sample: str, languages: tuple[str, ...]) -> tuple[dict[str, int], int]:
    """How many words speak for each language, listed ones or such with a telling letter; and how many words there are.

    "?" counts those with a letter that no language of the site has.
    """
    words = _WORD.findall(sample.lower())
    counts: dict[str, int] = {}
    unlisted: list[str] = []
    get = LANGUAGE_OF.get
    for word in words:
        language = get(word)
        if language is not None:
            counts[language] = counts.get(language, 0) + 1
        elif not word.isascii():
            unlisted.append(word)
    if unlisted and not (counts and _is_clear(counts, len(words), languages)):
        letters = _letters(languages)
        for word in unlisted:
            if word not in sample:
                continue  # capitals begin names, and these come from anywhere
            for char in word:
                if char > "\x7f":
                    sign = SIGN_OF.get(char, "") if char in letters else "?"
                    if sign:
                        counts[sign] = counts.get(sign, 0) + 1
                        break
    if "¿" in sample or "¡" in sample:
        counts["es"] = counts.get("es", 0) + 2
    return counts, len(words)


def _is_clear(counts: dict[str, int], total: int, languages: tuple[str, ...]) -> bool:
    best = max(counts, key=counts.__getitem__)
    count = counts[best]
    return (
        count >= _LEAST_WORDS
        and count * _LEAST_SHARE >= total
        and (sum(counts.values()) - count) * _MOST_FOREIGN <= count
        and best in languages
    )


def _by_words(sample: str, languages: tuple[str, ...]) -> tuple[str, float] | None:
    """What the words say, None where they leave a doubt."""
    counts, total = _count(sample, languages)
    if not counts:
        return None
    best = max(counts, key=counts.__getitem__)
    if _is_clear(counts, total, languages):
        return best, _BY_WORDS
    count, all_ = counts[best], sum(counts.values())
    if best not in languages:
        # Two words at least: one is a name or a slip
        return ("", 0.0) if count >= 2 and count * 2 > all_ else None
    if all_ > count or total > count * _MOST_ALONE:
        return None
    return best, _BY_FEW[min(count, 3)]


def _weigh(sample: str, languages: tuple[str, ...]) -> tuple[str, float]:
    """What the model says of a text in doubt, believed as far as the words agree."""
    counts, total = _count(sample, languages)
    foreign = counts.get("?", 0)
    if foreign >= 2 and foreign * 6 >= total:
        return "", 0.0
    own = {language: count for language, count in counts.items() if language in languages}
    first = max(own, key=own.__getitem__) if own else ""
    words = _WORD.findall(sample)
    if not first and all(word[0].isupper() for word in words[:6]):
        return "", 0.0  # a name, a product
    guess, share = _by_model(sample, languages)
    if not guess:
        return (first, _BEST_GUESS) if first else ("", 0.0)
    ranked = sorted(counts.values(), reverse=True)
    is_ahead = bool(first) and counts[first] == ranked[0] and (len(ranked) == 1 or ranked[0] >= ranked[1] + 2)
    outside = sum(count for language, count in counts.items() if language not in languages)
    if outside and outside * 3 > counts.get(first, 0):
        return guess, min(share, _BEST_GUESS)  # a neighbour of the language, as Swedish is of Norwegian
    if guess == first:
        return guess, max(share, 0.8) if is_ahead else min(share, 0.8)
    if is_ahead:
        return first, 0.6
    if total >= _LONG and not counts:
        return guess, min(share, _BEST_GUESS)
    if first or sum(map(len, words)) < _ENOUGH_FOR_MODEL:
        return guess, min(share * 0.6, _BEST_GUESS)
    return guess, share


def _by_model(sample: str, languages: tuple[str, ...]) -> tuple[str, float]:
    if not _has_letters(sample):
        return "", 0.0
    model = load(languages)
    if not model.names:
        return "", 0.0
    best = model.weigh(sample[:_FIRST_LOOK])
    if best[1] < _SURE and len(sample) > _FIRST_LOOK:
        best = model.weigh(sample)
    return best


def _has_letters(text: str) -> bool:
    found = 0
    for char in text:
        if char.isalpha():
            # A character of Chinese or Japanese says as much as a word
            found += 4 if char >= "\u3040" else 1
            if found >= _LEAST_FOR_MODEL:
                return True
    return False
