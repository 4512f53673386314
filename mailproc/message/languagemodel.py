"""The language model of py3langid, cut down to some languages and read faster where a text is long. Dry: no other I/O.

The model takes a second and some 60 MB to load, so that it is loaded on the first text that needs it, never on import.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# What the model calls a language that sites know by another code.
_ALSO: dict[str, tuple[str, ...]] = {"no": ("nn",), "nb": ("no", "nn"), "sr": ("hr", "bs"), "hr": ("bs",)}
DEPTH = 6  # bytes that lead from the root of the model's automaton to the farthest state; the test looks for it
_LONG = 600  # bytes from which on a walk in arrays takes less time than one byte by byte


class Model:
    """Weighs the languages of a site; `names` is the site's name for each code of the model, empty if it knows none."""

    def __init__(self, identifier: "LanguageIdentifier", names: dict[str, str]) -> None:
        import numpy as np

        self.names = names
        self._np: Any = np
        self._identifier: Any = identifier
        self._next: Any = np.frombuffer(identifier.tk_nextmove, dtype=identifier.tk_nextmove.typecode)
        self._rows: Any = np.array(identifier._rowbase, dtype=np.int32)
        self._features: Any = np.array(identifier.tk_output, dtype=np.int32)

    def weigh(self, text: str) -> tuple[str, float]:
        """(the likeliest language, its share 0..1)."""
        data: bytes = self._identifier._encode(text)
        if len(data) < _LONG:
            ranked = dict(self._identifier.rank(text))
        else:
            scores = self.score_long(data)
            shares = self._np.exp((scores - scores.max()) / math.sqrt(len(data)))
            # A language may stand in the model twice, under two scripts
            ranked = dict.fromkeys(self._identifier.nb_classes, 0.0)
            for code, share in zip(self._identifier.nb_classes, (shares / shares.sum()).tolist(), strict=True):
                ranked[code] += share
        weights = dict.fromkeys(self.names.values(), 0.0)
        for code, share in ranked.items():
            weights[self.names[code]] += share
        language = max(weights, key=weights.__getitem__)
        return language, min(1.0, round(weights[language], 4))

    def score_long(self, data: bytes) -> Any:
        """What `_raw_score` of the library says, with all places of the text walked at once.

        The automaton knows no more than the last few bytes (its depth): the state at a place is where these few lead
        from the root. In front of the text stand zeros, which lead nowhere.
        """
        np, steps = self._np, DEPTH
        padded = np.zeros(len(data) + steps - 1, dtype=np.int32)
        padded[steps - 1 :] = np.frombuffer(data, dtype=np.uint8)
        state = self._next[padded[: len(data)]]
        for step in range(1, steps):
            state = self._next[self._rows[state] + padded[step : step + len(data)]]
        features = self._features[state]
        found, counts = np.unique(features[features >= 0], return_counts=True)
        return np.log1p(counts.astype(np.float32)) @ self._identifier.nb_ptc[found] + self._identifier.nb_pc


@lru_cache(maxsize=4)
def load(languages: tuple[str, ...]) -> Model:
    """The model cut down to these languages."""
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
    return Model(identifier, names)
