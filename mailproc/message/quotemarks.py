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
from mailproc.message import quotesattribution as attributions

MAX_LINE = attributions.LONGEST  # what is matched of one line, and of an attribution joined from several
_MAX_ATTRIBUTION_LINES = 4
_MAX_BLOCK_LINES = 40
_MAX_LABEL = 34
_MAX_LABELS_IN_LINE = 12
_TIME_OF_DAY = re.compile(r"\d\s?[:.h時时点點시]\s?\d\d")

_INVISIBLE = dict.fromkeys(
    map(ord, "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)
_INVISIBLE_CHARACTERS = tuple(map(chr, _INVISIBLE))
_QUOTE_MARKS = "> \t\xa0"
_MARK_STARTS = "-_=*—–‐─━•~#+"
_DASHES = "-_=*—–‐─━# "
_DOUBLES = ("--", "__", "==", "**", "——", "––", "‐‐", "──", "━━")
_SHORTEST_SEPARATOR = 6
_SHORTEST_MARK = 5


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
    if ":  " in text and "@" in text:
        all_raw = _split_joined(all_raw)
    if len(text) > MAX_LINE and max(map(len, all_raw)) > MAX_LINE:
        bares = [raw[:MAX_LINE].strip() for raw in all_raw]
    else:
        bares = list(map(str.strip, all_raw))
    if not text.isascii() and any(character in text for character in _INVISIBLE_CHARACTERS):
        bares = [bare if bare.isascii() else bare.translate(_INVISIBLE).strip() for bare in bares]
    depths = [0] * len(bares)
    if ">" in text:
        for index, bare in enumerate(bares):
            if bare and bare[0] == ">":
                if bare.startswith((">From ", ">>>")) and (bare[1] == "F" or attributions.is_groupwise(bare)):
                    continue  # mbox quoting is no quote
                rest = bare.lstrip(_QUOTE_MARKS)
                depths[index] = bare.count(">", 0, len(bare) - len(rest))
                bares[index] = rest.lstrip()
    may_begin = _find_possible_marks(bares)
    if "```" in text:
        _free_code(all_raw, depths, bares, may_begin)
    make = tuple.__new__  # a third of the time that Line() takes
    fields = zip(all_raw, depths, bares, may_begin, strict=True)
    return tuple([make(Line, line) for line in fields])


def _split_joined(all_raw: list[str]) -> list[str]:
    """The lines, with a new one where Yahoo's phones go on behind "On ..., Jane <jane@x> wrote:" with the quote."""
    found: list[str] = []
    for raw in all_raw:
        at = raw.find(":  ", raw.find("@") + 1, MAX_LINE) if "@" in raw else -1
        head = raw[: at + 1].strip() if at > 0 and raw[at + 1 :].strip() else ""
        if head and attributions.may_end(head) and attributions.is_attribution(head, False, [head]):
            found += [raw[: at + 1], raw[at + 1 :].lstrip()]
        else:
            found.append(raw)
    return found


def _free_code(all_raw: list[str], depths: list[int], bares: list[str], may_begin: list[bool]) -> None:
    """Takes the marks from the lines between two fences of Markdown: what stands there is shown, not quoted.

    An odd fence could end in the quoted mail what the author opened: then none counts.
    """
    fences = [at for at, bare in enumerate(bares) if bare[:3] == "```" and not depths[at] and "`" not in bare[3:]]
    if len(fences) % 2:
        return
    for opened, closed in zip(fences[::2], fences[1::2], strict=True):
        if bares[closed] != "```":
            return
        for at in range(opened + 1, closed):
            bares[at], depths[at], may_begin[at] = all_raw[at][:MAX_LINE].strip(), 0, False


def _find_possible_marks(bares: list[str]) -> list[bool]:
    """For each line whether a mark could begin there, so that most lines are looked at but once."""
    may_begin = [False] * len(bares)
    first = 0  # of the lines without a blank one among them
    for index, bare in enumerate(bares):
        if not bare:
            first = index + 1
        elif bare[0] in _MARK_STARTS and len(bare) < _SHORTEST_MARK:
            may_begin[index] = True  # at most a signature begins there
        elif attributions.may_end(bare):
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
    bares: list[str] = []
    for index in range(start, min(start + _MAX_ATTRIBUTION_LINES, len(lines))):
        bare = lines[index].bare
        if not bare or (lines[index].depth != depth and not _is_rest_of_address(joined, lines[index], depth)):
            return 0
        bares.append(bare)
        joined = f"{joined} {bare}" if joined else bare
        if len(joined) > MAX_LINE:
            return 0
        if not attributions.may_end(bare):
            continue
        following = next_filled(lines, index + 1)
        is_quoted = following < len(lines) and (lines[following].depth > depth or lines[following].bare[0] == "|")
        if attributions.is_attribution(joined, is_quoted, bares):
            return 0 if attributions.begins_later(bares, is_quoted) else index + 1
        if attributions.is_groupwise(bare) and len(bares) == 1:
            return index + 1
    return 0


def _is_rest_of_address(joined: str, line: Line, depth: int) -> bool:
    """Whether the > that begins a line closes an address: "On ..., Jane < jane@x" and below it "> wrote:"."""
    return bool(joined) and line.depth == depth + 1 and len(line.bare) <= 40 and joined.rfind("<") > joined.rfind(">")


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
    folded = fold(text.strip(" *_\t\xa0"))
    return folded.replace("\u3000", "") if "\u3000" in folded else folded


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
            is_wrapped_subject = last == words.SUBJECT and unlabelled == 1 and not is_rule(bare)
            if wraps or (
                is_wrapped_subject and not find_separator(bare)[0] and _continues_block(lines, index + 1)
            ):
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


def find_bare_block(lines: Sequence[Line], start: int) -> Block | None:
    """A header block whose labels have no colon, as eM Client writes below its separator; From comes first."""
    fields: dict[str, str] = {}
    label = ""
    index = start
    while index < min(len(lines), start + _MAX_LABELS_IN_LINE) and lines[index].bare:
        kind, value, word = _find_bare_label(lines[index].bare)
        if not kind or kind in fields or (index == start and (kind != words.FROM or "@" not in value)):
            break
        fields[kind] = value
        label = label or word
        index += 1
    return Block(start, index, tuple(fields.items()), label) if len(fields) >= 3 else None


def _find_bare_label(bare: str) -> tuple[str, str, str]:
    pieces = bare.split(None, 3)
    for count in range(min(3, len(pieces) - 1), 0, -1):
        word = _fold_label(" ".join(pieces[:count]))
        kind = words.LABELS.get(word, "")
        if kind:
            return kind, " ".join(pieces[count:]), word
    return "", "", ""


def _continues_block(lines: Sequence[Line], index: int) -> bool:
    return index < len(lines) and (not lines[index].bare or find_label(lines[index].bare)[0] != "")


def _is_block(fields: dict[str, str], labels: dict[str, str], least: int) -> bool:
    if words.FROM not in fields or len(fields.keys() - {words.OTHER}) < least:
        return False
    if least < 3 or any("@" in value for value in fields.values()):
        return True
    # "From: Berlin / To: Hamburg / Date: 5 May" is a journey, no mail, also one with a subject
    if words.SENT in labels and labels[words.SENT] in words.PLAIN_DATES:
        return words.SUBJECT in fields and _TIME_OF_DAY.search(fields[words.SENT]) is not None
    return words.SUBJECT in fields or words.SENT in labels


def is_labelled_line(bare: str) -> bool:
    """Whether one line holds a whole header block: `From: Jane Sent: Monday To: Jo Subject: Order`."""
    if find_label(bare)[0] not in (words.FROM, words.SENT):
        return False
    kinds: set[str] = set()
    pieces = bare.replace("：", ":").split(":", _MAX_LABELS_IN_LINE + 1)
    for piece in pieces[:-1]:
        before = piece.split()[-3:]
        for start in range(len(before)):
            kind = words.LABELS.get(_fold_label(" ".join(before[start:])))
            if kind:
                kinds.add(kind)
                break
    return words.FROM in kinds and len(kinds - {words.OTHER}) >= 3


def find_separator(bare: str) -> tuple[str, str]:
    """("original" | "forward" | "", what stands behind the separator) for `-----Original Message-----` and its kin."""
    if len(bare) < _SHORTEST_SEPARATOR or bare[0] not in _DASHES or bare[1] not in _DASHES:
        return "", ""
    inner = bare.replace("&nbsp;", " ").lstrip(_DASHES)  # QQ writes it into plain text
    stop = min([at for at in [inner.find(mark) for mark in _DOUBLES] if at > 0], default=-1)
    phrase = fold((inner[:stop] if stop > 0 else inner).strip(" \t\xa0-‐:*#"))
    rest = inner[stop:].lstrip(_DASHES) if stop > 0 else ""
    if phrase in words.FORWARD_PHRASES or phrase.startswith("forwarded by "):
        return "forward", rest
    if phrase.startswith("forwarded message from ") and "@" in phrase:  # mutt, whose subject says nothing of it
        return "forward", rest
    if phrase in words.ORIGINAL_PHRASES:
        return "original", rest
    return "", ""


def is_forward_line(bare: str) -> bool:
    """Whether the line is Apple Mail's "Begin forwarded message:" in one of its languages."""
    return len(bare) <= 80 and bare[-1:] in (":", "：") and fold(bare.rstrip(":： \xa0")) in words.FORWARD_LINES


def is_rule(bare: str) -> bool:
    """Whether the line is nothing but a drawn line."""
    return len(bare) >= 2 and not bare.strip("-_=*~#+—–‐─━═ ")
