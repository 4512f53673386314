"""Finds what is no message of the author at the edges of a text: signature, mobile footer, legal notice, banner.

Dry: no I/O. Careful on purpose: a greeting with a name stays, because it cannot be told from a sentence.
"""

import re
from collections.abc import Sequence

from mailproc.message import quotelines as words
from mailproc.message.quotemarks import Line, is_rule

_MAX_FOOTER = 110
_MAX_SIGNATURE_LINES = 15  # more text than that below a bare `--` is a message, not a signature
_MAX_NOTICE_PARAGRAPHS = 12

_FOOTER_OPENERS = tuple(words.FOOTER_OPENERS.split("|"))
_FOOTER_CLOSERS = tuple(words.FOOTER_CLOSERS.split("|"))
_FOOTER_CLOSER_OPENERS = tuple(words.FOOTER_CLOSER_OPENERS.split("|"))
_DEVICE = re.compile("|".join(re.escape(word.strip()) for word in words.FOOTER_DEVICES.split("|")))
_LEGAL_WORDS = tuple(words.DISCLAIMER_WORDS.split("|"))
_LEGAL = re.compile("|".join(re.escape(word) for word in _LEGAL_WORDS))
_ENVIRONMENT = tuple(words.ENVIRONMENT_OPENERS.split("|"))
_BANNER_OPENERS = tuple(words.BANNER_OPENERS.split("|"))
_BANNER = re.compile("|".join(re.escape(word) for word in words.BANNER_WORDS.split("|")))


def is_delimiter(line: Line) -> bool:
    """Whether the line announces a signature (RFC 3676 section 4.3; many programs drop the blank)."""
    return line.bare in ("--", "—", "–") and line.depth == 0


def is_signature(lines: Sequence[Line], start: int, end: int) -> bool:
    """Whether the lines below the delimiter at `start` are short enough for a signature."""
    if lines[start].raw.rstrip("\r\n") == "-- ":
        return True
    return sum(1 for line in lines[start + 1 : end] if line.bare) <= _MAX_SIGNATURE_LINES


def is_footer(bare: str) -> bool:
    """Whether a line is the advertisement of a phone or program ("Sent from my iPhone")."""
    if not bare or len(bare) > _MAX_FOOTER:
        return False
    low = bare.casefold().strip(" \t\xa0<>()[]*_.!-–—")
    if low.startswith("sent from my "):
        return True
    if low.startswith(_FOOTER_OPENERS):
        return _DEVICE.search(low) is not None and not low.endswith("?")
    return low.endswith(_FOOTER_CLOSERS) and low.startswith(_FOOTER_CLOSER_OPENERS) and _DEVICE.search(low) is not None


def find_closing(lines: Sequence[Line], kept: Sequence[int]) -> int:
    """How many of the `kept` line numbers, counted from their end, are footer, drawn line, blank or legal notice."""
    end = len(kept)
    first = next((number for number, at in enumerate(kept) if lines[at].bare), end)
    while end:
        bare = lines[kept[end - 1]].bare
        if not bare or is_rule(bare) or is_footer(bare) or bare in ("ᐧ", "•"):
            end -= 1
            continue
        notice = min(_find_notice(lines, kept, end), _find_list_footer(lines, kept, end))
        if notice == end or notice <= first:
            break
        end = notice
    return len(kept) - end


def _find_notice(lines: Sequence[Line], kept: Sequence[int], end: int) -> int:
    """Where the legal notice that ends at `end` begins; `end` when the last paragraph is none."""
    begin = end
    for _ in range(_MAX_NOTICE_PARAGRAPHS):
        start = begin
        while start and lines[kept[start - 1]].bare:
            start -= 1
        paragraph = " ".join(lines[at].raw.strip() for at in kept[start:begin])
        if not _is_notice(paragraph):
            break
        begin = start
        while begin and not lines[kept[begin - 1]].bare:
            begin -= 1
    if begin == end:
        return end
    heading = lines[kept[begin - 1]].bare if begin else ""
    if heading.casefold().strip(" :*_-") in words.DISCLAIMER_HEADINGS:
        begin -= 1
    return begin


def _find_list_footer(lines: Sequence[Line], kept: Sequence[int], end: int) -> int:
    """Where the footer of a mailing list program, below a drawn line, begins; `end` when there is none."""
    for start in range(end - 1, max(end - 8, 0), -1):
        bare = lines[kept[start]].bare
        if len(bare) >= 10 and is_rule(bare):
            below = " ".join(lines[at].bare for at in kept[start + 1 : end]).casefold()
            return start if "mailing list" in below or "listinfo" in below or "unsubscribe" in below else end
    return end


def _is_notice(paragraph: str) -> bool:
    low = paragraph[:4000].casefold()
    if low.startswith(_ENVIRONMENT):
        return True
    # Looking for each word is five times faster than the pattern, which counts words inside of others but once
    if len(low) < 80 or len([word for word in _LEGAL_WORDS if word in low]) < 2:
        return False
    found = set(_LEGAL.findall(low))
    return len(found) >= 3 or (len(found) == 2 and len(low) >= 200)


def find_banner_end(lines: Sequence[Line]) -> int:
    """How many lines at the top are a company's warning that the mail came from outside; 0 for none."""
    start = 0
    while start < len(lines) and (not lines[start].bare or is_rule(lines[start].bare)):
        start += 1
    if start == len(lines) or not lines[start].bare.casefold().lstrip("*_# ").startswith(_BANNER_OPENERS):
        return 0
    end = start
    while end < len(lines) and lines[end].bare and end - start < 6:
        end += 1
    paragraph = " ".join(line.bare for line in lines[start:end]).casefold()
    is_followed = any(line.bare for line in lines[end : end + 20])
    return end if is_followed and len(set(_BANNER.findall(paragraph))) >= 1 and len(paragraph) <= 500 else 0
