"""Tells the line that names the author of a quote ("On ..., Jane Doe wrote:") from a sentence. Dry: no I/O.

Reads a line of at most 400 characters, or up to four joined, with patterns that cannot backtrack (T58).
"""

import re
from collections.abc import Sequence

from mailproc.message import quotelines as words
from mailproc.message.lazily import lazily

LONGEST = 400  # characters of an attribution, joined from its lines
_LONGEST_UNNAMED = 160  # characters of one that only the quote below it proves
_LONGEST_NAMED = 250


def _pattern(alternatives: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(alternatives, key=len, reverse=True))


def _is_spaceless(word: str) -> bool:
    return any("\u3040" <= char <= "\ud7af" for char in word)


def _verb_pattern(alternatives: Sequence[str]) -> str:
    spaceless = [word for word in alternatives if _is_spaceless(word)]
    open_ended = [word for word in alternatives if word not in spaceless and not word[-1].isalnum()]
    closed = [word for word in alternatives if word not in spaceless and word[-1].isalnum()]
    pieces = [rf"(?<!\w)(?:{_pattern(open_ended)})"] if open_ended else []
    pieces.append(rf"(?<!\w)(?:{_pattern(closed)})(?!\w)")
    if spaceless:
        pieces.append(f"(?:{_pattern(spaceless)})")
    return "|".join(pieces)


_TAIL_ENDS = tuple(words.TAIL_VERBS.split("|"))
_MIDDLE_VERBS = tuple(words.MIDDLE_VERBS.split("|"))
_TAIL_VERB = lazily(_verb_pattern(_TAIL_ENDS))
_MIDDLE_VERB = lazily(_verb_pattern(_MIDDLE_VERBS))
_VERBS_BY_END = {end: tuple([verb for verb in _TAIL_ENDS if verb[-2:] == end]) for end in {v[-2:] for v in _TAIL_ENDS}}
_LAST_TWO = frozenset(_VERBS_BY_END)  # most lines end in other letters, or in a full stop
_ENDS = ":：->*)]؛"
_SENTENCE_ENDS = ".,!?…。"  # no verb ends in one
_COLONS = ":："
_EDGES = " \t\xa0-‐*_#|"
_DATE_PIECE = r"\d{4}|\d{1,2}[./\-]\s?\d{1,2}[./\-]"
_TIME = r"\d{1,2}\s?[:.h]\s?\d{2}"
_WHEN = lazily(rf"{_TIME}|{_DATE_PIECE}|年|월")
_DAY_AND_TIME = lazily(rf"(?:{_DATE_PIECE}).{{0,60}}?(?:{_TIME})")
_ENDS_IN_ADDRESS = lazily(r"[^\s<>@]@[^\s<>@]+[>)\]]*$")
_WORD_EDGES = ",.;:()[]<>\"'„“”*-،"
_SENTENCE_BREAK = lazily(r"[.!?…]\)?\s+(?:on|am|le|el|il|op|den|em|dnia|dne|dňa|w dniu|på|pada|vào|στις)\s", re.I)
# "In" alone opens sentences
_LONG_OPENERS = ("in data ", "in a message ", "in article ", "in message ", "in dem artikel ", "dans l'article ")
_OWN_WORDS = lazily(
    r"\b(?:i|we) (?:\w{1,12} ){0,2}wrote\b|\bschrieb(?:en)? (?:ich|wir)\b|\b(?:habe ich|haben wir)\b|\bj['’]ai\b|"
    r"\bje (?:vous|t|te|lui|leur)?['’ ]{0,2}ai\b|\bnous (?:vous )?avons\b|\b(?:ho|abbiamo) scritto\b|\bschreef ik\b|"
    r"\bheb ik\b|\bskrev (?:jeg|jag|eg|vi)\b|\bя (?:\w{1,12} ){0,2}(?:написал|писал)|\bhe escrito\b"
)
_CLOCK = lazily(r"\d[:.]\d\d")
_MESSAGE_OF = lazily(r"(?:message du|messaggio del|mensaje del?|nachricht vom) \d")


def may_end(bare: str) -> bool:
    """Whether a line could be the last of an attribution: cheap, asked of every line."""
    last = bare[-1]
    if last in _SENTENCE_ENDS:
        return False
    if last in _ENDS:
        return True
    if bare[-2:] in _LAST_TWO or (last.isupper() and bare[-2:].casefold() in _LAST_TWO):
        return bare[-40:].casefold().endswith(_TAIL_ENDS)
    return False


def is_groupwise(bare: str) -> bool:
    """Whether the line is Novell GroupWise's `>>> Jane Doe <jane@x> 03.11.2026 10:15 >>>`."""
    inner = bare[3:-3]
    return bare.endswith(">>>") and len(inner) >= 8 and ">>" not in inner and _CLOCK.search(inner) is not None


def has_opener(low: str) -> bool:
    """Whether a case-folded line begins as attributions do: with `on`, a week day, a number."""
    first = low.split(None, 1)[0].strip(_WORD_EDGES) if low.strip() else ""
    return bool(first) and (
        first[0].isdigit() or first in words.OPENERS or first in words.WEEKDAYS or low[0] in "在於于" or low[:2] == "ב-"
        or (low[:2] in ("in", "da") and low.startswith(_LONG_OPENERS))
    )


def begins_later(lines: Sequence[str], is_quoted: bool) -> bool:
    """Whether a sentence of the author was joined with the attribution below it."""
    is_begun = has_opener(lines[0].casefold())
    for index in range(1, len(lines)):
        joined = " ".join(lines[index:])
        if not has_opener(joined.casefold()) or not is_attribution(joined, is_quoted, lines[index:]):
            continue
        # "On Tuesday, November 3, 2026 at" and below it "10:15:22 AM, Jane wrote:"
        is_rest = joined[0].isdigit() or _WHEN.search(joined) is None
        if not (is_begun and is_rest and _WHEN.search(" ".join(lines[:index]))):
            return True
    return False


def holds_a_sentence(text: str) -> bool:
    """Whether the author's words stand before the attribution in the same line ("Thanks! On Monday ... wrote:")."""
    found = _SENTENCE_BREAK.search(text)
    return found is not None and not any(character.isdigit() for character in text[: found.start()])


def is_attribution(text: str, is_quoted: bool, lines: Sequence[str]) -> bool:
    """Whether the text, joined from `lines`, says who wrote what follows; `is_quoted`: what follows is a quote."""
    low = text.casefold().strip(_EDGES)
    if not 6 <= len(low) <= LONGEST:
        return False
    # Zoho draws dashes on both sides instead: "---- Am Di., 3. Nov. 2026 ... schrieb ----"
    has_colon = low[-1] in _COLONS or (text[:2] == "--" == text[-2:])
    body = low.rstrip(":： -‐*_#")
    if not body:
        return False
    has_address = "@" in low
    if not (is_quoted or has_address) and _OWN_WORDS.search(low):
        return False  # "On 5 March I wrote:" and below it what
    is_opened = has_opener(low)
    has_date = _WHEN.search(low) is not None
    is_short_line = is_quoted and has_colon and len(low) <= _LONGEST_UNNAMED and len(lines) == 1
    if _ends_in_verb(body):
        is_ended = has_address or is_quoted or text.rstrip()[-1] in ":：-*_"
        if is_opened and is_ended and (has_date or has_address):
            return True
        if has_address and len(low) <= _LONGEST_NAMED and ("<" in low or is_quoted) and _may_be_named(lines):
            return True
        return is_short_line
    if not (has_colon or is_quoted):
        return False
    if _has_middle_verb(low, is_opened, has_date, has_colon, is_short_line, lines):
        return True
    if has_address and is_opened and has_date and _ENDS_IN_ADDRESS.search(body):
        return True
    if is_quoted and has_address and has_date and (has_colon or is_opened) and _may_be_named(lines):
        return True  # a language whose verb is not in the lists
    if is_quoted and _MESSAGE_OF.match(low):
        return True
    return has_address and has_colon and low.startswith(words.QUOTING_OPENERS)


def _has_middle_verb(
    low: str, is_opened: bool, has_date: bool, has_colon: bool, is_short_line: bool, lines: Sequence[str]
) -> bool:
    """Whether a verb with a name or a date behind it makes the line an attribution."""
    has_address = "@" in low
    middle = _MIDDLE_VERB.search(low)
    if middle is None:
        # Lotus Notes: "Jane Doe <jane@x> wrote on 03.11.2026 10:15:"
        middle = _TAIL_VERB.search(low) if has_address and has_date and has_colon else None
        return middle is not None and len(low) - middle.end() <= 80 and _may_be_named(lines) and "<" in low
    if is_short_line:
        return True
    before, rest = low[: middle.start()], low[middle.end() :]
    if has_address and len(rest) <= _LONGEST_UNNAMED and (is_opened or ("<" in low and _may_be_named(lines))):
        return True
    if not (has_colon and has_date):
        return False
    if is_opened and len(rest.split()) <= 5:
        return True
    # Thunderbird in Finnish: "Jane Doe kirjoitti 3.11.2026 klo 10.15:"
    return len(before.split()) <= 4 and len(rest) <= 60 and len(lines) == 1 and _DAY_AND_TIME.search(rest) is not None


def _may_be_named(lines: Sequence[str]) -> bool:
    """Whether a form that begins with a name begins here: the line above it must not be swallowed."""
    begins = lines[0]
    if "@" in begins or "<" in begins or len(lines) == 1:
        return True
    # "Jane Doe" and below it "<jane@x>, 3 Kas 2026 tarihinde şunu yazdı:"
    return lines[1][0] in "<(" and len(begins.split()) <= 5 and begins[-1] not in ".!?,;:"


def _ends_in_verb(body: str) -> bool:
    for rest in range(min(3, len(body))):  # "wrote" and at most two characters more
        piece = body[: len(body) - rest]
        if rest and body[-rest].isalnum() and not _is_spaceless(piece[-1:]):
            continue
        for verb in _VERBS_BY_END.get(piece[-2:], ()):
            if piece.endswith(verb) and (_is_spaceless(verb) or not piece[-len(verb) - 1 : -len(verb)].isalnum()):
                return True
    return False
