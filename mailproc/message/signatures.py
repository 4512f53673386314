"""Finds what is no message of the author at the edges of a text: signature, mobile footer, legal notice, banner.

Dry: no I/O. Careful on purpose: a greeting with a name stays, because it cannot be told from a sentence.
"""

import re
from collections.abc import Sequence

from mailproc.message import quotelines as words
from mailproc.message.disclaimers import is_heading, is_notice
from mailproc.message.quotemarks import Line, is_rule

_MAX_FOOTER = 110
_MAX_LONE_FOOTER = 60  # one that stands in the middle of a text
_MAX_SIGNATURE_LINES = 15  # more text than that below a bare `--` is a message, not a signature
_MAX_DRAWN_LINES = 10  # ... below a drawn line
_MAX_DRAWN_WIDTH = 90
_MAX_NOTICE_PARAGRAPHS = 12
_SHORTEST_RULE = 3
_LONG_RULE = 20
_ADVERT_RULE = 40  # people draw shorter ones
_MAX_ADVERT = 4  # lines
_LIST_WORDS = ("mailing list", "listinfo", "unsubscribe", "is sponsored by", "groups sponsor")
_MOST_FOOTERS = 20  # more of them are the text itself
_BEGINNING = 3  # characters that no opener of a footer is shorter than

_EDGES = " \t\xa0<>()[]{}*_.!-–—|\"'„“”«»。"
_DRAWN = frozenset("-_=*—–‐─━~#+")
_FOOTER_OPENERS = tuple(words.FOOTER_OPENERS.split("|"))
_FOOTER_CLOSERS = tuple(words.FOOTER_CLOSERS.split("|"))
_FOOTER_CLOSER_OPENERS = tuple(words.FOOTER_CLOSER_OPENERS.split("|"))
# Most lines begin otherwise
_FOOTER_HEADS = frozenset([opener[:2] for opener in (*_FOOTER_OPENERS, *_FOOTER_CLOSER_OPENERS)])
_FOOTER_BEGINNINGS = frozenset(
    [
        form
        for head in [opener[:_BEGINNING] for opener in (*_FOOTER_OPENERS, *_FOOTER_CLOSER_OPENERS)]
        for form in (head, head.capitalize(), head.upper(), head[0] + head[1:].capitalize())
    ]
) | {"(Se", "(se", "<<s", "[Se"}
_DEVICE = re.compile("|".join([re.escape(word.strip()) for word in words.FOOTER_DEVICES.split("|")]))
_FROM_MOBILE = re.compile(r"\w{1,30} from (?:my |a )?(?:mobile|phone|cell|iphone|ipad|android)")
_BANNER_OPENERS = tuple(words.BANNER_OPENERS.split("|"))
_BANNER = re.compile("|".join([re.escape(word) for word in words.BANNER_WORDS.split("|")]))
_CONTACT = re.compile(
    r"[^\s@]@[^\s@]|www\.|https?:|\d[\d ()/.-]{6,20}\d|\b(?:tel|fax|mob|phone|t|m)[.:]", re.IGNORECASE
)
_TRACKERS = ("ᐧ", "•", "·")  # what stays of the picture that tells the sender when a mail is opened


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
    low = bare.casefold().strip(_EDGES)
    if low[:2] in _FOOTER_HEADS:
        if low.startswith("sent from my "):
            return True
        if low.startswith(_FOOTER_OPENERS):
            return _DEVICE.search(low) is not None and not low.endswith("?")
        if low.endswith(_FOOTER_CLOSERS) and low.startswith(_FOOTER_CLOSER_OPENERS):
            return _DEVICE.search(low) is not None
    return " from " in low and _FROM_MOBILE.fullmatch(low) is not None


def find_footers(lines: Sequence[Line], kept: Sequence[int]) -> list[int]:
    """Those of the `kept` lines that are a phone's or program's line between blank ones, below words of the author."""
    some = [at for at, line in enumerate(lines) if line.bare[:_BEGINNING] in _FOOTER_BEGINNINGS]
    if not some:
        return []
    first = next((at for at in kept if lines[at].bare), len(lines))
    some = [at for at in some if at > first and _is_alone(lines, at) and is_footer(lines[at].bare)]
    return [at for at in kept if at in some] if len(some) < _MOST_FOOTERS else []


def _is_alone(lines: Sequence[Line], at: int) -> bool:
    line = lines[at]
    is_apart = not lines[at - 1].bare and (at + 1 == len(lines) or not lines[at + 1].bare)
    return is_apart and not line.depth and len(line.bare) <= _MAX_LONE_FOOTER


def find_closing(lines: Sequence[Line], kept: Sequence[int]) -> int:
    """How many of the `kept` line numbers, counted from their end, are footer, drawn line, blank or legal notice."""
    end = len(kept)
    first = -1
    while end:
        bare = lines[kept[end - 1]].bare
        is_closing = not bare or (bare[0] in _DRAWN and is_rule(bare)) or bare in _TRACKERS
        if is_closing or (is_footer(bare) and not lines[kept[end - 1]].depth):
            end -= 1
            continue
        notice = min(_find_notice(lines, kept, end), _find_below_rule(lines, kept, end))
        if notice == end:
            break
        if first < 0:
            first = next(number for number, at in enumerate(kept) if lines[at].bare)
        if notice <= first:
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
        if not is_notice(" ".join([lines[at].raw.strip() for at in kept[start:begin]])):
            break
        begin = start
        while begin and not lines[kept[begin - 1]].bare:
            begin -= 1
    if begin == end:
        return end
    heading = lines[kept[begin - 1]].bare if begin else ""
    return begin - 1 if heading and is_heading(heading) else begin


def _find_below_rule(lines: Sequence[Line], kept: Sequence[int], end: int) -> int:
    """Where the drawn line above a mailing list's footer or a signature stands; `end` when there is none."""
    for start in range(end - 1, max(end - 2 * _MAX_DRAWN_LINES, 0), -1):
        bare = lines[kept[start]].bare
        if not bare or bare[0] not in _DRAWN or len(bare) < _SHORTEST_RULE or not _is_drawn_line(bare):
            continue
        below = [lines[at].bare for at in kept[start + 1 : end] if lines[at].bare]
        is_apart = not lines[kept[start - 1]].bare
        is_footer_below = _is_list_footer(bare, below) or _is_advert(bare, below)
        return start if is_footer_below or (is_apart and _is_drawn_signature(bare, below)) else end
    return end


def _is_drawn_line(bare: str) -> bool:
    """Whether a line is drawn; Yahoo's groups write a word into theirs and end it in an arrow."""
    return is_rule(bare) or (bare.startswith("-----") and bare.endswith("->") and len(bare) >= _LONG_RULE)


def _is_list_footer(rule: str, below: Sequence[str]) -> bool:
    joined = " ".join([rule, *below]).casefold()
    return len(rule) >= 10 and any(word in joined for word in _LIST_WORDS)


def _is_advert(rule: str, below: Sequence[str]) -> bool:
    """Whether a web mailer advertises below its line: some words and a link."""
    if rule[0] != "_" or len(rule) < _ADVERT_RULE or not 0 < len(below) <= _MAX_ADVERT:
        return False
    is_short = max(map(len, below)) <= _MAX_FOOTER
    return is_short and any("http" in line for line in below) and any(line.count(" ") >= 3 for line in below)


def _is_drawn_signature(rule: str, below: Sequence[str]) -> bool:
    """Whether short lines below a drawn line are a signature; dashes also part what belongs together."""
    if not below or len(below) > _MAX_DRAWN_LINES or max(map(len, below)) > _MAX_DRAWN_WIDTH:
        return False
    if any(line[-1] in "?？:;," for line in below[:-1]) or below[-1][-1] in "?？":
        return False
    has_contact = any(_CONTACT.search(line) for line in below)
    if has_contact:
        if all(line.startswith(("http", "www.")) for line in below):
            return False  # nobody's name
        return len(below) >= 2 and not any(line[-1] in ".!" and line.count(" ") >= 6 for line in below)
    return rule[0] == "_" and len(below) <= 3 and all(len(line) <= 50 for line in below)


def find_banner_end(lines: Sequence[Line]) -> int:
    """How many lines at the top are a company's warning that the mail came from outside; 0 for none."""
    start = 0
    while start < len(lines) and (not lines[start].bare or is_rule(lines[start].bare)):
        start += 1
    if start == len(lines) or not lines[start].bare[:80].casefold().lstrip("*_# ").startswith(_BANNER_OPENERS):
        return 0
    end = start
    while end < len(lines) and lines[end].bare and end - start < 6:
        end += 1
    paragraph = " ".join(line.bare for line in lines[start:end]).casefold()
    is_followed = any(line.bare for line in lines[end : end + 20])
    return end if is_followed and len(set(_BANNER.findall(paragraph))) >= 1 and len(paragraph) <= 500 else 0
