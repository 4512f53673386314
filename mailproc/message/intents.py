"""Finds what a requester's few own words say, where they say just that: thanks, it works, it does not, news?, no more.

Dry: no I/O. Every sentence must be known; one unknown word, one figure, one sentence more, and the mail says something
that a person has to read. So the answer is NONE whenever that is not sure. A reader of one mail: it knows neither the
ticket nor the attachments; who acts on it looks at those.
"""

import re
from functools import cache, lru_cache

from mailproc.message.commonwords import LANGUAGE_OF
from mailproc.message.intentwords import NOUN, SENTENCES
from mailproc.message.subjects import strip_prefixes
from mailproc.records.mail import Intent

_LONGEST = 300  # characters; who writes more says more
_MOST_LINES = 14
_MOST_WORDS = 18  # of one sentence
_MOST_WORDS_OF_A_NAME = 4
_LONGEST_SIGNATURE_LINE = 60
_SENTENCE_END = re.compile(r"[.!?,;:…\n()\[\]|¡¿*•<>\"“”„«»]+|\s[-–—/]+\s|^[-–—]+\s?|\s?[-–—]+$", re.MULTILINE)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘`´ʼ", "'") | {"\u00a0": " ", "\ufe0f": "", "\u200d": ""})
_NOT_WORDS = re.compile(r"[^\w\s'@+/.,;:!?…()\[\]|¡¿*•<>\"“”„«»–—-]+")  # emoji and other pictures
_SMILEYS = re.compile(r"(?<!\w)[:;=8]-?[)D(pPoO*](?!\w)|\^\^|<3|\bx[Dd]\b")
_SIGNATURE = re.compile(r"^--[ \t]*$", re.MULTILINE)
_WORD_OF_A_SIGNATURE = re.compile(
    r"[A-ZÀ-ÖØ-ÞĀ-ŽΑ-ΩА-Я0-9+(\"&|/.,@–—-]\S*|\S+@\S+|www\.\S+|https?://\S+|"
    r"(?:of|und|and|et|y|e|og|i|de|der|von|van|für|for|tel|fax|mob)\W?"
)
_CONTACT = re.compile(
    r"\S+@\S+\.\S+|(?:www\.|https?://)\S+|(?:\w{1,8}[.:] ?){0,2}\+[0-9][0-9 ()/.-]{6,20}|"
    r"(?:tel|telefon|phone|fax|mob|mobil|mobile|t|m)[.:]{1,2} ?[0-9+(][0-9 ()/.-]{5,20}",
    re.IGNORECASE,
)
_POSTSCRIPT = re.compile(r"\bp\.?\s?s\b", re.IGNORECASE)

_CORES = {
    "thanks": Intent.THANKS,
    "works": Intent.WORKS,
    "broken": Intent.STILL_BROKEN,
    "status": Intent.STATUS,
    "unsubscribe": Intent.UNSUBSCRIBE,
}
_AND = frozenset(("and", "und", "y", "et", "e", "og", "i", "&"))
_BEFORE_NAMES = ("greeting", "thanks", "wish", "signoff")
_TAG = re.compile(r"\[[^\[\]]{0,60}\d\]")


def find_intent(subject: str, new_text: str, language: str) -> Intent:
    """What these words say and nothing else, NONE where there is more to it; `language` is only tried first.

    Where there is no text the subject stands for it. One that somebody thought of (no `Re:`, no tag) is a part of what
    a thank-you says.
    """
    if len(new_text) > 2 * _LONGEST:
        return Intent.NONE
    text = _cut_card(_SIGNATURE.split(new_text, maxsplit=1)[0].strip())
    if len(text) > _LONGEST or text.count("\n") >= _MOST_LINES:
        return Intent.NONE
    if not text:
        return _read(_own_subject(subject), language)
    intent = _read(text, language)
    if intent is Intent.THANKS:
        own_subject = _own_subject(subject)
        if own_subject and _read(own_subject, language) is not Intent.THANKS:
            return Intent.NONE
    return intent


def _cut_card(text: str) -> str:
    """The text without the block that Outlook puts below whatever a button of ours wrote: a name, where to call it.

    Nothing announces it. It stands below a blank line, holds no sentence and says how to reach somebody.
    """
    lines = [line.strip() for line in text.split("\n")]
    for at, line in enumerate(lines[:-1]):
        if line or not at:
            continue
        below = [other for other in lines[at + 1 :] if other]
        if (
            _is_name(below[0].split())
            and all(_is_signature(other) for other in below)
            and any(_CONTACT.fullmatch(other) for other in below)
        ):
            return "\n".join(lines[:at])
    return text


def _own_subject(subject: str) -> str:
    """The subject where it is no answer's, and short enough to say just one thing."""
    bare = subject[: _LONGEST + 1].strip()
    is_answer = len(subject) > _LONGEST or bare.endswith(":") or strip_prefixes(bare) != bare or _TAG.search(bare)
    return "" if is_answer else bare


def _read(text: str, language: str) -> Intent:
    """The one thing that all sentences of the text say together."""
    if not text.isascii():
        text = text.translate(_APOSTROPHES)
    found: set[Intent] = set()
    before, has_regret = "", False
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    for number, line in enumerate(lines):
        if before == "signoff" and number and _is_signature(line):
            continue
        line = _NOT_WORDS.sub(" ", _SMILEYS.sub(" ", line))
        is_last = number and number == len(lines) - 1
        for sentence in _SENTENCE_END.split(line):
            words = sentence.split()
            if not words:
                continue
            kinds = _kinds_of(words, language)
            if not kinds and (before in _BEFORE_NAMES or is_last) and _is_name(words):
                kinds = ("signoff" if before != "greeting" else before,)
            if not kinds:
                return Intent.NONE
            found.update([_CORES[kind] for kind in kinds if kind in _CORES])
            has_regret = has_regret or "regret" in kinds
            before = kinds[-1]
    if len(found) > 1:
        found.discard(Intent.THANKS)
    if len(found) != 1 or _POSTSCRIPT.search(text):
        return Intent.NONE
    intent = found.pop()
    return Intent.NONE if ("?" in text or has_regret) and intent in (Intent.THANKS, Intent.WORKS) else intent


def _kind_of(words: list[str], language: str) -> str:
    """What kind of sentence this is in the first language that knows it, "" where none does."""
    if len(words) > _MOST_WORDS:
        return ""
    low = [word.lower() for word in words]
    sentence = " ".join(low)
    # A word that one language alone has settles which one it is
    told = {LANGUAGE_OF[word] for word in low if word in LANGUAGE_OF} & SENTENCES.keys()
    patterns = [_pattern(code) for code in _order(language) if not told or code in told]
    for pattern in patterns:
        match = pattern.fullmatch(sentence)
        if match is not None:
            return match.lastgroup or ""
    # "Thanks Eva", "LG Eva", "Hello Mr Smith"
    for at in range(len(words) - 1, max(0, len(words) - 3), -1):
        if not words[at][0].isupper():
            break
        called = " ".join(low[:at])
        for pattern in patterns:
            match = pattern.fullmatch(called)
            if match is not None and match.lastgroup in ("greeting", "thanks", "signoff"):
                return match.lastgroup
    if 1 < len(words) <= 1 + _MOST_WORDS_OF_A_NAME and not any(map(str.isdigit, words)):
        # Closings are followed by a name in whatever case: "lg eva"
        for pattern in patterns:
            match = pattern.match(sentence)
            rest = sentence[match.end() :] if match is not None and match.lastgroup == "signoff" else ""
            if rest.startswith(" ") and rest.count(" ") <= 2:
                return "signoff"
    return ""


def _kinds_of(words: list[str], language: str) -> tuple[str, ...]:
    """What these words are: one sentence, or two with an "and" between them; () where a part is not known."""
    kind = _kind_of(words, language)
    if kind:
        return (kind,)
    for at, word in enumerate(words[1:-1], 1):
        if word.lower() in _AND:
            kinds = _kind_of(words[:at], language), _kind_of(words[at + 1 :], language)
            if all(kinds):
                return kinds
    return ()


def _is_name(words: list[str]) -> bool:
    return len(words) <= _MOST_WORDS_OF_A_NAME and all(
        word[0].isupper() and word.lower() not in LANGUAGE_OF and not any(map(str.isdigit, word)) for word in words
    )


def _is_signature(line: str) -> bool:
    """Whether a line below a closing is of names, addresses and numbers, and no sentence."""
    line = line.strip()
    if len(line) > _LONGEST_SIGNATURE_LINE or "?" in line:
        return False
    return all(_WORD_OF_A_SIGNATURE.fullmatch(word) for word in line.split())


@lru_cache(maxsize=32)
def _order(language: str) -> tuple[str, ...]:
    return tuple(sorted(SENTENCES, key=lambda code: code != language))


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """All sentences of a language, each kind a group; made when first needed."""
    kinds = SENTENCES[language]
    return re.compile("|".join(f"(?P<{kind}>{words.replace('NOUN', NOUN)})" for kind, words in kinds.items()))
