"""Guesses the language of a text among the languages of a site. Dry: no I/O but the model that its library ships.

The model takes a second and some 60 MB to load, so that it is loaded on the first text that needs it, never on import.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_MAX_TEXT = 1500
_FIRST_LOOK = 300  # characters that settle most texts; the rest is read only when they do not
_SURE = 0.97
_LEAST_LETTERS = 12
# What the model calls a language that sites know by another code.
_ALSO: dict[str, tuple[str, ...]] = {"no": ("nn",), "nb": ("no", "nn"), "sr": ("hr", "bs"), "hr": ("bs",)}


def detect(text: str, languages: tuple[str, ...]) -> tuple[str, float]:
    """(language, confidence 0..1) among `languages`; ("", 0.0) where the text is too short to say anything."""
    sample = text[:_MAX_TEXT]
    if not languages or not _has_letters(sample):
        return "", 0.0
    if len(languages) == 1:
        return languages[0], 1.0
    identifier, names = _load(languages)
    if not names:
        return "", 0.0
    best = _weigh(identifier, names, sample[:_FIRST_LOOK])
    if best[1] < _SURE and len(sample) > _FIRST_LOOK:
        best = _weigh(identifier, names, sample)
    return best


def _weigh(identifier: "LanguageIdentifier", names: dict[str, str], text: str) -> tuple[str, float]:
    weights: dict[str, float] = {}
    for code, weight in identifier.rank(text):
        weights[names[code]] = weights.get(names[code], 0.0) + weight
    language = max(weights, key=weights.__getitem__)
    return language, min(1.0, round(weights[language], 4))


def _has_letters(text: str) -> bool:
    found = 0
    for char in text:
        if char.isalpha():
            # A character of Chinese or Japanese says as much as a word
            found += 4 if char >= "\u3040" else 1
            if found >= _LEAST_LETTERS:
                return True
    return False


@lru_cache(maxsize=4)
def _load(languages: Sequence[str]) -> "tuple[LanguageIdentifier, dict[str, str]]":
    """The model cut down to these languages, and the site's name for each code of the model."""
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = set(identifier.labels)
    names: dict[str, str] = {}
    for language in languages:
        if language in known:
            names[language] = language
    for language in languages:
        for code in _ALSO.get(language, ()):
            if code in known:
                names.setdefault(code, language)
    if names:
        identifier.set_languages(sorted(names))
        # The full table is 28 MB that nobody reads again; a small one in the processor's own format is faster.
        identifier.nb_ptc = np.ascontiguousarray(identifier.nb_ptc, dtype=np.float32)
        identifier._full_model = (identifier.nb_ptc, identifier.nb_pc, identifier.nb_classes)
    return identifier, names
