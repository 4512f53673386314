"""Finds the mail that was forwarded inside another one: attached, or inline as any known mail client writes it.

Dry: no I/O. A quoted mail below an answer is no forward. What a forwarded mail forwards in turn, `layers` finds.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mailproc.message import forwardheads as heads
from mailproc.message import quotelines as words
from mailproc.message import signatures
from mailproc.message.charsets import clean_text
from mailproc.message.forwardattached import find_attached, read_attached
from mailproc.message.forwardheads import read_mailbox
from mailproc.message.parts import Part
from mailproc.message.quotemarks import (
    Block,
    Line,
    find_attribution_end,
    find_bare_block,
    find_block,
    find_label,
    find_separator,
    fold,
    is_forward_line,
    is_rule,
    next_filled,
    read_lines,
)
from mailproc.message.subjects import strip_prefixes
from mailproc.records.mail import Forwarded

__all__ = ["find_forwarded", "layers", "names_forward", "read_mailbox"]

MOST_LAYERS = 5  # of forwards in forwards

_SHORTEST_FRAME = 20  # of a line that is drawn around a mail; people draw shorter ones
_END_MARKS = ("end forwarded", "end of forwarded", "ende der weitergeleiteten", "конец пересылаемого", "fin du message")
_LONGEST_INNER = 100_000  # characters of a forwarded text that are looked through for another forward
_LONGEST_SIGNATURE = 30  # lines
_MAX_SCANNED = 400  # lines looked at for the beginning of a forwarded mail

_PREFIX = re.compile(r"\s*([^\s:：\[(]{1,14}(?: [^\s:：]{1,10})?)\s?(?:\[\d{1,3}\]|\(\d{1,3}\))?\s?[:：]")


def find_forwarded(subject: str, text: str, parts: tuple[Part, ...]) -> Forwarded | None:
    """The outermost mail that was forwarded; None for a new mail and for an answer that quotes another one."""
    return _find(subject, text, parts, MOST_LAYERS)


def layers(forwarded: Forwarded) -> Iterator[Forwarded]:
    """The forwarded mail, what it forwards itself, and so on: the outermost first."""
    found: Forwarded | None = forwarded
    for _ in range(MOST_LAYERS):
        if found is None:
            return
        yield found
        found = found.inner or (None if found.is_attached else _find_again(found.text))


def names_forward(subject: str) -> bool:
    """Whether the subject says `Fwd:` in one of the languages."""
    return _read_direction(subject) == "forward"


def _find_again(text: str) -> Forwarded | None:
    lines = read_lines(text[:_LONGEST_INNER])
    found = _find_inline(lines, "", "")
    # A client writes its own separator anew for every forward: a block of headers alone may be a quote
    return found or _find_inline(lines, "", "forward")


def _find(subject: str, text: str, parts: tuple[Part, ...], depth: int) -> Forwarded | None:
    direction = _read_direction(subject)
    attached = find_attached(parts)
    if attached and not (direction == "reply" and _has_own_text(read_lines(text))):
        return _read_attached(attached, depth)
    # What is quoted below an answer is no forward, whatever stands above it
    if direction == "reply" or (not direction and "@" not in text):
        return None
    return _find_inline(read_lines(text), subject, direction)


def _read_attached(parts: tuple[Part, ...], depth: int) -> Forwarded | None:
    if depth <= 0:
        return None
    mails = (read_attached(part, lambda s, t, p: _find(s, t, p, depth - 1)) for part in parts)
    found = [mail for mail in mails if mail is not None]
    return replace(found[0], others=tuple(found[1:])) if found else None


def _read_direction(subject: str) -> str:
    """ "forward", "reply", "both" for the VS: of the Nordic languages, "" without a known prefix."""
    match = _PREFIX.match(subject)
    if match is None:
        return ""
    prefix = fold(match.group(1)).rstrip(".")
    if prefix == "vs":
        return "both"
    if prefix in words.FORWARD_SUBJECTS:
        return "forward"
    return "reply" if prefix in words.REPLY_SUBJECTS else ""


def _has_own_text(lines: Sequence[Line]) -> bool:
    return any(_is_own(line) for line in lines[:_MAX_SCANNED])


def _is_own(line: Line) -> bool:
    return bool(line.bare) and not line.depth and not is_rule(line.bare) and not signatures.is_footer(line.bare)


def _find_inline(lines: Sequence[Line], subject: str, direction: str) -> Forwarded | None:
    top = signatures.find_banner_end(lines)
    for index in range(top, min(len(lines), _MAX_SCANNED)):
        if not lines[index].may_begin:
            continue
        found = _find_head(lines, index)
        if found is not None:
            kind, head, body = found
            is_meant = kind == "forward" or _is_forward(direction, head, _says_something(lines[top:index]))
            return _with_above(_read_inline(lines, head, body, subject), lines[:index]) if is_meant else None
        end = find_attribution_end(lines, index)
        if end:
            following = next_filled(lines, end)
            # Outlook for Mac forwards below "On ..., Jane wrote:"
            if direction != "forward" or following == len(lines):
                return None
            return _with_above(_read_attributed(lines, index, end, subject), lines[:index])
    return None


def _with_above(found: Forwarded, lines: Sequence[Line]) -> Forwarded:
    return replace(found, above="\n".join(line.raw for line in lines))


def _says_something(lines: Sequence[Line]) -> bool:
    """Whether there are words of the sender above a signature."""
    for line in lines:
        if signatures.is_delimiter(line):
            return False
        if _is_own(line):
            return True
    return False


def _is_forward(direction: str, head: Block | None, has_text: bool) -> bool:
    if direction == "forward":
        return True
    if direction == "both":
        return head is None or head.label != "lähettäjä" or not has_text
    if has_text or head is None:
        return False
    return direction == "" and "@" in head.value(words.FROM) and bool(head.value(words.SENT) or head.value(words.TO))


def _find_head(lines: Sequence[Line], index: int) -> tuple[str, Block | None, int] | None:
    """(kind of separator, header block, first line of the forwarded text) when a mail begins here."""
    line = lines[index]
    kind, rest = find_separator(line.bare)
    if not kind and is_forward_line(line.bare):
        kind = "forward"
    if kind:
        if rest and find_label(rest)[0]:
            return kind, heads.read_one_line(line.raw, index), index + 1
        start = next_filled(lines, index + 1)
        if start == len(lines) or start - index > 4:
            return None
        block = find_block(lines, start, least=2)
        if block is None and kind == "forward":
            block = find_bare_block(lines, start) or _find_attributed(lines, start)
        # Without a header block it is a drawn line in somebody's text
        return (kind, block, block.end) if block is not None else None
    block = find_block(lines, index)
    return ("", block, block.end) if block is not None else None


def _find_attributed(lines: Sequence[Line], start: int) -> Block | None:
    """Yandex writes a line with date and author below its separator, no labels."""
    end = find_attribution_end(lines, start)
    author = heads.read_attribution(" ".join(line.bare for line in lines[start:end])) if end else None
    return Block(start, end, ((words.FROM, f"{author.name} <{author.addr}>"),)) if author is not None else None


def _read_inline(lines: Sequence[Line], head: Block | None, body: int, subject: str) -> Forwarded:
    if head is None:
        return Forwarded(None, strip_prefixes(subject), text=_join(lines, body))
    to, cc = heads.read_recipients(lines, head)
    return Forwarded(
        from_=heads.read_author(head.value(words.FROM)),
        subject=_clean(head.value(words.SUBJECT)) or strip_prefixes(subject),
        date=_clean(head.value(words.SENT)),
        text=_join(lines, body),
        to=to,
        cc=cc,
    )


def _read_attributed(lines: Sequence[Line], start: int, end: int, subject: str) -> Forwarded:
    said = " ".join(line.bare for line in lines[start:end])
    return Forwarded(heads.read_attribution(said), strip_prefixes(subject), text=_join(lines, end))


def _join(lines: Sequence[Line], start: int) -> str:
    """The forwarded text without the quote mark that its whole block carries."""
    rest = _without_frame(lines[start:])
    depth = min((line.depth for line in rest if line.bare), default=0)
    if not depth and rest:
        # MailMate marks the first paragraph only
        at = next_filled(rest, 0)
        depth = 1 if at < len(rest) and rest[at].depth else 0
    return clean_text("\n".join(_unquote(line, depth) for line in rest).strip("\r\n \t\xa0"))


def _without_frame(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines without the one drawn below the header block, and without the one that says where the mail ends."""
    first = next_filled(lines, 0)
    start = 0
    if first < min(2, len(lines)) and len(lines[first].bare) > _SHORTEST_FRAME:
        # Zoho writes its words into the lower line too
        is_frame = is_rule(lines[first].bare) or find_separator(lines[first].bare)[0] == "forward"
        is_next = is_frame and next_filled(lines, first + 1) < len(lines)
        nested = find_block(lines, next_filled(lines, first + 1), least=2) if is_next else None
        start = first + 1 if is_frame and nested is None else 0
    end = len(lines)
    while end > start and not lines[end - 1].bare:
        end -= 1
    end = _above_signature(lines, start, end)
    if end > start and (_is_end_mark(lines[end - 1].bare) or _is_end_line(lines[end - 1].bare, start > 0)):
        end -= 1
    return lines[start:end]


def _above_signature(lines: Sequence[Line], start: int, end: int) -> int:
    """Where the text ends when the forwarder's signature stands below the mark that closes it, as mutt writes it."""
    for at in range(end - 1, max(start, end - _LONGEST_SIGNATURE), -1):
        if signatures.is_delimiter(lines[at]):
            above = next((up for up in range(at - 1, start, -1) if lines[up].bare), start)
            return above + 1 if _is_end_mark(lines[above].bare) else end
    return end


def _is_end_line(bare: str, is_framed: bool) -> bool:
    """Whether a line closes the frame; KMail draws only this one."""
    return is_rule(bare) and (is_framed or (len(bare) > _SHORTEST_FRAME and bare[0] == "-"))


def _is_end_mark(bare: str) -> bool:
    return bare[:3] == "---" and fold(bare.strip("-=_ ")).startswith(_END_MARKS)


def _unquote(line: Line, depth: int) -> str:
    raw = line.raw
    for _ in range(min(depth, line.depth)):
        raw = raw.lstrip(" \t\xa0\ufeff").removeprefix(">")
        raw = raw.removeprefix(" ")
    return raw.rstrip()


def _clean(value: str) -> str:
    return " ".join(clean_text(value).split())
