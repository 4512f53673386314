"""Tells legal notices and scanners' advertisements from a paragraph of the author. Dry: no I/O.

A notice says several of the lawyers' words and never speaks of "my" or "I"; a paragraph that does is the author's,
however confidential it is.
"""

import re

from mailproc.message import quotelines as words

_LONGEST = 4000  # characters of a paragraph that are looked at
_SHORTEST = 80
_SHORTEST_DENSE = 30  # ... in scripts that need a third of the characters
_LONG = 200

_LEGAL_WORDS = tuple(words.DISCLAIMER_WORDS.split("|"))
_DENSE_WORDS = tuple([word for word in _LEGAL_WORDS if min(word) >= "\u3000"])
_STEM = 5  # letters: most paragraphs have no word that begins like one of the lawyers'
_EVERYDAY = frozenset("addre adres cance  delet elimi erro error erreu fejl feil slett suppr virus ошибк удали".split())
_STEMS = frozenset([max(word.split(), key=len)[:_STEM] for word in _LEGAL_WORDS]) - _EVERYDAY
_ENVIRONMENT = tuple(words.ENVIRONMENT_OPENERS.split("|"))
_HEADS = frozenset([opener[:2] for opener in _ENVIRONMENT])
_OWN_VOICE = re.compile(
    r"\b(?:I(?:['’][a-z]{1,2})?|[Mm]y|[Ii]ch|[Mm]ein(?:e[nmrs]?)?|[Jj]['’]ai|[Mm]ijn|moj[aąe]|[Мм]ой|моя)\b"
)


def is_notice(paragraph: str) -> bool:
    """Whether a paragraph is a legal notice, or one of the lines that programs and companies put below a mail."""
    low = paragraph[:_LONGEST].casefold()
    if low[:2] in _HEADS and low.startswith(_ENVIRONMENT):
        return True
    if len(low) < _SHORTEST_DENSE:
        return False
    is_dense = not low.isascii() and any(word in low for word in _DENSE_WORDS)
    if not is_dense and (len(low) < _SHORTEST or _STEMS.isdisjoint([word[:_STEM] for word in low.split()])):
        return False
    said = [word for word in _LEGAL_WORDS if word in low]
    found = len([word for word in said if not any(word in other for other in said if other is not word)])
    if found < 3 and not (found == 2 and len(low) >= (_SHORTEST if is_dense else _LONG)):
        return False
    return found >= 6 or _OWN_VOICE.search(paragraph[:_LONGEST]) is None


def is_heading(bare: str) -> bool:
    """Whether a line alone says that a legal notice follows."""
    return len(bare) <= 60 and bare.casefold().strip(" :*_-#") in words.DISCLAIMER_HEADINGS
