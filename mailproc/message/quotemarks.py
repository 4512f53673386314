"""Recognises the lines that introduce a quoted or forwarded mail: attributions, header blocks, separators. Dry: no I/O.

Everything here looks at single lines of at most 400 characters, or at a few of them joined, with patterns that cannot
backtrack (T58); it never decides what is cut.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mailproc.message import quotelines as words

MAX_LINE = 400  # what is matched of one line, and of an attribution joined from several
_MAX_ATTRIBUTION_LINES = 4
_MAX_BLOCK_LINES = 40
_MAX_LABEL = 34

_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\u202a\u202b\u202c\u202d\u202e"))
_INVISIBLE_CHARACTERS = tuple(map(chr, _INVISIBLE))
_PREFIX = re.compile(r"(?:[ \t\xa0]*>)+[ \t\xa0]?")


def _pattern(alternatives: str) -> str:
    return "|".join(re.escape(word) for word in sorted(alternatives.split("|"), key=len, reverse=True))


def _is_spaceless(word: str) -> bool:
    return any("\u3040" <= char <= "\ud7af" for char in word)


def _verb_pattern(alternatives: str) -> str:
    spaced = "|".join(word for word in alternatives.split("|") if not _is_spaceless(word))
    spaceless = "|".join(word for word in alternatives.split("|") if _is_spaceless(word))
    pattern = rf"(?<!\w)(?:{_pattern(spaced)})(?!\w)"
    return f"(?:{pattern}|(?:{_pattern(spaceless)}))" if spaceless else pattern


_TAIL_VERB = re.compile(_verb_pattern(words.TAIL_VERBS))
_MIDDLE_VERB = re.compile(_verb_pattern(words.MIDDLE_VERBS))
_TAIL_ENDS = tuple(words.TAIL_VERBS.split("|"))
_LAST_TWO = frozenset(verb[-2:] for verb in _TAIL_ENDS)  # most lines end in other letters, or in a full stop
_SENTENCE_ENDS = ".,!?"  # no verb ends in one
_MARK_STARTS = "-_=*—–"
_ATTRIBUTION_ENDS = ":：->*)]"
_WHEN = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}|\d{4}|\d{1,2}[./-]\s?\d{1,2}[./-]")
_ENDS_IN_ADDRESS = re.compile(r"[^\s<>@]@[^\s<>@]+[>)\]]*$")
_WORD_EDGES = ",.;:()[]<>\"'„“”*-"


class Line(NamedTuple):
    """One line of a text: as it stands, and what remains of it without quote marks (made by the thousand: a tuple)."""

    raw: str
    depth: int  # how many > stand before it
    bare: str  # without quote marks, invisible characters and outer white space, at most 400 characters
    may_begin: bool = False  # a mark could begin here: cheap, and true for all lines that this file recognises


@dataclass(frozen=True, slots=True)
class Block:
    """Labelled header lines of a quoted or forwarded mail, with the lines they take."""

    start: int
    end: int  # the first line after them
    fields: tuple[tuple[str, str], ...]  # (kind, value), each kind once
    label: str = ""  # the word for From, case-folded

    def value(self, kind: str) -> str:
        """The value of that kind of label, "" when the block has none."""
        return next((value for key, value in self.fields if key == kind), "")


def fold(text: str) -> str:
    """The text as the word lists hold it: without case, the Turkish dotted capital I as a plain one."""
    return text.casefold().replace("i\u0307", "i")


@lru_cache(maxsize=1)  # quotes and forwarded read the same text one after the other
def read_lines(text: str) -> tuple[Line, ...]:
    """The lines of a text with their quote depth."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    all_raw = text.split("\n")
    if text.isascii() or not any(character in text for character in _INVISIBLE_CHARACTERS):
        bares = [raw[:MAX_LINE].strip() for raw in all_raw]
    else:
        bares = [raw[:MAX_LINE].translate(_INVISIBLE).strip() for raw in all_raw]
    depths = [0] * len(bares)
    if ">" in text:
        for index, bare in enumerate(bares):
            if bare.startswith(">") and not bare.startswith(">From "):  # mbox quoting is no quote
                match = _PREFIX.match(bare)
                end = match.end() if match else 0
                depths[index] = bare.count(">", 0, end)
                bares[index] = bare[end:].strip()
    return tuple(map(Line, all_raw, depths, bares, _find_possible_marks(bares)))


def _find_possible_marks(bares: list[str]) -> list[bool]:
    """For each line whether a mark could begin there, so that most lines are looked at but once."""
    may_begin = [False] * len(bares)
    first = 0  # of the lines without a blank one among them
    for index, bare in enumerate(bares):
        if not bare:
            first = index + 1
        elif bare[-1] not in _SENTENCE_ENDS and _may_end_attribution(bare):
            start = max(first, index - _MAX_ATTRIBUTION_LINES + 1)
            may_begin[start : index + 1] = [True] * (index + 1 - start)
        elif bare[0] in _MARK_STARTS or ((":" in bare or "：" in bare) and find_label(bare)[0]):
            may_begin[index] = True
    return may_begin


def next_filled(lines: Sequence[Line], start: int) -> int:
    """Index of the first line from `start` on that is not blank; `len(lines)` when there is none."""
    for index in range(start, len(lines)):
        if lines[index].bare:
            return index
    return len(lines)


def find_attribution_end(lines: Sequence[Line], start: int) -> int:
    """The line after the "On ..., Jane wrote:" that begins at `start`; 0 when none begins there.

    An attribution may wrap over up to four lines.
    """
    depth = lines[start].depth
    joined = ""
    for index in range(start, min(start + _MAX_ATTRIBUTION_LINES, len(lines))):
        line = lines[index]
        if not line.bare or line.depth != depth:
            return 0
        joined = f"{joined} {line.bare}" if joined else line.bare
        if len(joined) > MAX_LINE:
            return 0
        if not _may_end_attribution(line.bare):
            continue
        following = next_filled(lines, index + 1)
        is_quoted = following < len(lines) and (lines[following].depth > depth or lines[following].bare[0] == "|")
        if is_attribution(joined, is_quoted, lines[start : index + 1]):
            return 0 if _begins_later(lines, start, index, is_quoted) else index + 1
    return 0


def _may_end_attribution(bare: str) -> bool:
    if bare[-1] in _ATTRIBUTION_ENDS:
        return True
    low = bare[-30:].casefold()
    return low[-2:] in _LAST_TWO and low.endswith(_TAIL_ENDS)


def _begins_later(lines: Sequence[Line], start: int, last: int, is_quoted: bool) -> bool:
    """Whether a sentence of the author was joined with the attribution below it."""
    for index in range(start + 1, last + 1):
        joined = " ".join(line.bare for line in lines[index : last + 1])
        if _has_opener(joined.casefold()) and is_attribution(joined, is_quoted, lines[index : last + 1]):
            return True
    return False


def _has_opener(low: str) -> bool:
    first = low.split(None, 1)[0].strip(_WORD_EDGES) if low.strip() else ""
    return bool(first) and (
        first[0].isdigit() or first in words.OPENERS or first in words.WEEKDAYS or low[0] in "在於于"
    )


def is_attribution(text: str, is_quoted: bool, lines: Sequence[Line]) -> bool:
    """Whether the text, joined from `lines`, says who wrote what follows; `is_quoted`: what follows is a quote."""
    low = text.casefold().strip(" \t\xa0-*_")
    if not 6 <= len(low) <= MAX_LINE:
        return False
    has_colon = low[-1] in ":："
    body = low.rstrip(":： -*_")
    if not body:
        return False
    has_address = "@" in low
    has_opener = _has_opener(low)
    has_date = _WHEN.search(low) is not None
    may_be_named = _may_be_named(lines)
    if _ends_in_verb(body):
        if has_opener and (has_date or has_address):
            return True
        if has_address and may_be_named and len(low) <= 250 and ("<" in low or is_quoted):
            return True
        return is_quoted and has_colon and len(low) <= 160 and len(lines) == 1
    if not (has_colon or is_quoted):
        return False
    middle = _MIDDLE_VERB.search(low)
    if middle is not None:
        rest = low[middle.end() :]
        if is_quoted and has_colon and len(low) <= 160 and len(lines) == 1:
            return True
        if has_address and len(rest) <= 160 and (has_opener or (may_be_named and "<" in low)):
            return True
        if has_opener and has_date and has_colon and len(rest.split()) <= 5:
            return True
    if has_address and has_opener and has_date and _ENDS_IN_ADDRESS.search(body):
        return True
    return has_address and has_colon and low.startswith(words.QUOTING_OPENERS)


def _may_be_named(lines: Sequence[Line]) -> bool:
    """Whether a form that begins with a name begins here: the line above it must not be swallowed."""
    begins = lines[0].bare
    if "@" in begins or "<" in begins or len(lines) == 1:
        return True
    # "Jane Doe" and below it "<jane@x>, 3 Kas 2026 tarihinde şunu yazdı:"
    return lines[1].bare[0] in "<(" and len(begins.split()) <= 5 and begins[-1] not in ".!?,;:"


def _ends_in_verb(body: str) -> bool:
    return any(len(body) - found.end() <= 2 for found in _TAIL_VERB.finditer(body, max(0, len(body) - 40)))


def find_label(bare: str) -> tuple[str, str]:
    """(kind, value) of a line like `Gesendet: Montag`, ("", "") when it begins with no known label."""
    text = bare.lstrip("*_ ")
    colon = text.find(":", 0, _MAX_LABEL)
    wide = text.find("：", 0, _MAX_LABEL)
    if wide != -1 and (colon == -1 or wide < colon):
        colon = wide
    if colon < 1:
        return "", ""
    kind = words.LABELS.get(_fold_label(text[:colon]), "")
    return (kind, text[colon + 1 :].strip(" *\t\xa0")) if kind else ("", "")


def _fold_label(text: str) -> str:
    return fold(text.strip(" *_\t\xa0"))


def find_block(lines: Sequence[Line], start: int, *, least: int = 3) -> Block | None:
    """The header block that begins at `start`: From and at least two more labels in consecutive lines."""
    kind, value = find_label(lines[start].bare)
    if not kind or kind == words.OTHER:
        return None
    fields: dict[str, str] = {}
    labels: dict[str, str] = {}
    end = start
    index = start
    unlabelled = 0
    last = ""
    limit = min(len(lines), start + _MAX_BLOCK_LINES)
    while index < limit:
        bare = lines[index].bare
        if not bare:
            following = next_filled(lines, index)
            if following - index > 2 or following >= limit or not find_label(lines[following].bare)[0]:
                break
            index = following
            continue
        kind, value = find_label(bare)
        if kind:
            if kind in fields and kind not in (words.OTHER, words.CC, words.TO):
                break  # a second From begins another block
            fields.setdefault(kind, value)
            labels.setdefault(kind, _fold_label(bare.replace("：", ":").lstrip("*_ ").partition(":")[0]))
            unlabelled = 0
            last = kind
            end = index + 1
        else:
            # A long list of recipients or a subject wraps; the body never begins without a blank line after them.
            unlabelled += 1
            wraps = last in (words.TO, words.CC) and (unlabelled <= 10) and ("@" in bare or ";" in bare)
            if not wraps and unlabelled > 2:
                break
            if wraps or (last == words.SUBJECT and unlabelled == 1 and _continues_block(lines, index + 1)):
                if not fields[last]:
                    fields[last] = bare
                elif last == words.SUBJECT:
                    fields[last] = f"{fields[last]} {bare}"
                end = index + 1
            elif last and not fields[last] and unlabelled == 1:
                fields[last] = bare  # the label stood alone on its line
                end = index + 1
        index += 1
    if not _is_block(fields, labels, least):
        return None
    return Block(start, end, tuple(fields.items()), labels[words.FROM])


def _continues_block(lines: Sequence[Line], index: int) -> bool:
    return index < len(lines) and (not lines[index].bare or find_label(lines[index].bare)[0] != "")


def _is_block(fields: dict[str, str], labels: dict[str, str], least: int) -> bool:
    if words.FROM not in fields or len(fields.keys() - {words.OTHER}) < least:
        return False
    if least < 3 or words.SUBJECT in fields or any("@" in value for value in fields.values()):
        return True
    # "From: Berlin / To: Hamburg / Date: 5 May" is a journey, no mail
    return words.SENT in labels and labels[words.SENT] not in words.PLAIN_DATES


def find_separator(bare: str) -> tuple[str, str]:
    """("original" | "forward" | "", what stands behind the separator) for `-----Original Message-----` and its kin."""
    if len(bare) < 6 or bare[0] not in _MARK_STARTS or bare[1] not in "-_=*—– ":
        return "", ""
    inner = bare.lstrip("-_=*—– ")
    stop = min((at for at in (inner.find(mark) for mark in ("--", "__", "==", "**", "——", "––")) if at > 0), default=-1)
    phrase = (inner[:stop] if stop > 0 else inner).strip(" \t\xa0-:*")
    phrase = fold(phrase)
    rest = inner[stop:].lstrip("-_=*—– ") if stop > 0 else ""
    if phrase in words.FORWARD_PHRASES or phrase.startswith("forwarded by "):
        return "forward", rest
    if phrase in words.ORIGINAL_PHRASES:
        return "original", rest
    return "", ""


def is_forward_line(bare: str) -> bool:
    """Whether the line is Apple Mail's "Begin forwarded message:" in one of its languages."""
    return len(bare) <= 80 and bare[-1:] in (":", "：") and fold(bare.rstrip(":： \xa0")) in words.FORWARD_LINES


def is_rule(bare: str) -> bool:
    """Whether the line is nothing but a drawn line."""
    return len(bare) >= 2 and not bare.strip("-_=*~#+—–─━═ ")
