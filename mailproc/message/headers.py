"""Header fields: from bytes to (name, value) pairs, and from values to text that people can read.

Dry: no I/O. Nothing here raises because of what a mail says; `guarded` is the border around code that might.
"""

import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from mailproc.message.charsets import decode_bytes, repair_surrogates
from mailproc.message.limits import VALUE
from mailproc.message.parts import Headers
from mailproc.records.mail import Defect, Inbound

T = TypeVar("T")

OUR_PREFIX = "x-mailproc-"  # only we write these; from outside they are dropped (threat T22)

_FIELD = re.compile(r"([!-9;-~]+):[ \t]*")
_BLANK_BEFORE_COLON = re.compile(r"([!-9;-~]+)[ \t]+:[ \t]*")
# What may be read although a blank stands before its colon; a field that others rely on (such as
# Authentication-Results) may not, because the border that should have removed a forged one did not see it
_READ_WITH_BLANK = frozenset(
    "from sender reply-to to cc subject date message-id in-reply-to references mime-version content-type"
    " content-transfer-encoding content-disposition auto-submitted precedence".split()
)
_PARAMETER_LINE = re.compile(r"[A-Za-z0-9*-]{1,40}\s{0,5}=")
_MBOX_STARTS = (">From ", "From ")
# A field with its folds: what all lines of nearly all blocks are part of; possessive, so nothing backtracks
_WHOLE_FIELD = re.compile(r"^([!-9;-~]++):([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.M)
_FIELD_END = re.compile(r"\n(?![ \t])")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NOT_LETTERS = re.compile("[^a-z]+")
_LONGEST_CHARSET = 60


@dataclass(frozen=True, slots=True)
class Head:
    """A header block, read."""

    headers: Headers  # (lower-case name, unfolded value), bytes above 127 as surrogate escapes
    block: str  # the same fields as they stand, LF line ends, folds kept
    body_at: int  # offset of the body in the raw bytes
    size: int  # bytes of the block with LF line ends
    oddities: tuple[str, ...] = ()  # the start of lines that are no field, and of From fields below the fields' end
    stray_at: int = -1  # how many headers stand above the first line that is no field; -1: there is none
    is_unseparated: bool = False  # the body follows the fields without a blank line

    @property
    def fields(self) -> list[str]:
        """The lines of the block, each with its folds."""
        return _FIELD_END.split(self.block) if self.block else []


def read_head(raw: bytes, start: int, end: int) -> Head:
    """The header block at `start`; lines that are no field are left out, and text right under the fields is body."""
    if raw.startswith((b"\n", b"\r\n"), start, end):
        return Head((), "", start + (1 if raw[start] == 10 else 2), 0)
    stop, body_at = find_blank_line(raw, start, end)
    block = raw[start:stop].decode("ascii", "surrogateescape")
    if "\r\n" in block:
        block = block.replace("\r\n", "\n")
    block = block.rstrip("\n")
    found = _WHOLE_FIELD.findall(block)
    if found and sum([len(name) + len(value) + 2 for name, value in found]) == len(block) + 1:
        # Every line is a field or its fold: nothing has to be looked at line by line. RFC 5322 section 2.2.3: unfolded
        well_formed = [
            (name.lower(), (value.replace("\n", "") if "\n" in value else value).strip(" \t")) for name, value in found
        ]
        return Head(tuple(well_formed), block, body_at, len(block))
    return _read_odd_head(raw, start, block, body_at)


def find_blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """(end of the block above the first blank line, start of what is below it); both `end` where there is none."""
    first = raw.find(b"\n", start, end)
    if first < 0:
        return end, end
    # What the first line ends in, the others end in nearly always; looking for the other kind stops at that place
    near, far = (b"\n\r\n", b"\n\n") if first > start and raw[first - 1] == 13 else (b"\n\n", b"\n\r\n")
    at = raw.find(near, first, end)
    width = len(near)
    other = raw.find(far, first, at + 1 if at >= 0 else end)
    if other >= 0:
        at, width = other, len(far)
    if at < 0:
        return end, end
    return at - 1 if raw[at - 1] == 13 else at, at + width


def _unfold(value: str) -> str:
    # RFC 5322 section 2.2.3
    return (value.replace("\n", "") if "\n" in value else value).strip(" \t")


def _read_odd_head(raw: bytes, start: int, block: str, body_at: int) -> Head:
    """As `read_head`, for any block: the slow way, line by line."""
    fields = _FIELD_END.split(block) if block else []
    headers: list[tuple[str, str]] = []
    oddities: list[str] = []
    stray_at = -1
    for number, field in enumerate(fields):
        match = _FIELD.match(field)
        if match is None:
            oddities.append(field[:60])
            match = _BLANK_BEFORE_COLON.match(field)
            if match is not None and match.group(1).lower() not in _READ_WITH_BLANK:
                continue
        if match is not None:
            headers.append((match.group(1).lower(), _unfold(field[match.end() :])))
        elif headers and headers[-1][1].endswith(";") and _PARAMETER_LINE.match(field):
            # A fold that lost its indent, as some gateways write it
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {field.replace(chr(10), '')}")
            stray_at = len(headers) if stray_at < 0 else stray_at
        elif _is_stray(fields, number):
            if not field.startswith(_MBOX_STARTS):
                stray_at = len(headers) if stray_at < 0 else stray_at
        else:
            # The blank line is missing: what follows is the body
            oddities.pop()
            oddities += [field[:60] for field in fields[number + 1 :] if is_from_like(field)]
            lines = sum(1 + field.count("\n") for field in fields[:number])
            for _ in range(lines):
                start = raw.find(b"\n", start) + 1
            above = "\n".join(fields[:number])
            return Head(tuple(headers), above, start, len(block), tuple(oddities), stray_at, True)
    return Head(tuple(headers), block, body_at, len(block), tuple(oddities), stray_at)


def is_from_like(line: str) -> bool:
    """Whether some reader may take this line for a From field, whatever stands around the name."""
    name, colon, _ = line[:60].partition(":")
    return bool(colon) and _NOT_LETTERS.sub("", name.lower()) == "from"


def decode(value: str) -> str:
    """The value as one line of text: RFC 2047 words decoded, raw 8-bit bytes read, controls replaced by a space."""
    return decode_value(value, [])


def decode_value(value: str, defects: list[Defect], hint: str = "") -> str:
    """As `decode`; what had to be worked around is added to `defects`, `hint` is a charset the mail uses elsewhere."""
    value = value[:VALUE].replace("\x00", " ")
    if not value.isascii():
        value = repair_surrogates(value, defects, hint)
    elif "\x1b$" in value:
        value = decode_bytes(value.encode("ascii"), "", defects)
    if "=?" in value:
        value = _decode_words(value, defects)
    if not value.isprintable():
        value = _CONTROLS.sub(" ", value)
    return value.strip()


def header_values(inbound: Inbound, name: str) -> tuple[str, ...]:
    """All values of that header, decoded, top first."""
    name = name.lower()
    return tuple([decode(value) for key, value in inbound.headers if key == name])


def drop_ours(headers: Headers) -> Headers:
    """The headers without those that only we may write (threat T22)."""
    return tuple([field for field in headers if not field[0].startswith(OUR_PREFIX)])


def guarded(read: Callable[[], T], default: T) -> tuple[T, str]:
    """What `read` returns and "", or the default and the exception in a word or two.

    The one place of this room that catches everything: libraries and deep recursion raise anything on hostile mail.
    """
    try:
        return read(), ""
    except Exception as problem:
        return default, type(problem).__name__


def _is_stray(fields: list[str], number: int) -> bool:
    """Whether a line that is no field stands among fields: junk of a relay or a fold that lost its indent."""
    line = fields[number]
    if line.startswith(_MBOX_STARTS):
        return True
    if number + 1 >= len(fields):
        return False
    following = fields[number + 1]
    return number > 0 and (_FIELD.match(following) is not None or "\x00" in line) or line[:1] in "\x00\r"


def _decode_words(value: str, defects: list[Defect]) -> str:
    """RFC 2047 section 6.2 in one pass; white space between words goes, neighbours of one charset are decoded as one.

    Joining first repairs characters that a sender cut in two; blanks inside a word are the work of bad folding.
    """
    pieces: list[str] = []
    pending = bytearray()  # bytes of words seen, not yet decoded
    label = ""
    at = 0  # everything before is in pieces or pending
    search = 0
    while (start := value.find("=?", search)) >= 0:
        word = _word_at(value, start)
        if word is None:
            search = start + 2
            continue
        stop, charset, content = word
        if stop < 0:
            break
        between = value[at:start]
        if not pending:
            pieces.append(between)
        elif between.strip() or charset != label:
            pieces.append(decode_bytes(bytes(pending), label, defects))
            pending.clear()
            # A blank between words is no text, also where the charset changes
            pieces.append(between if between.strip() else "")
        pending += content
        label = charset
        at = search = stop
    if pending:
        pieces.append(decode_bytes(bytes(pending), label, defects))
    pieces.append(value[at:])
    return "".join(pieces)


def _word_at(value: str, start: int) -> tuple[int, str, bytes] | None:
    """(end, charset, bytes) of the encoded word at `start`; None where there is none, end -1 if none can follow."""
    mark = value.find("?", start + 2, start + 2 + _LONGEST_CHARSET)
    if mark < 0 or value[mark + 2 : mark + 3] != "?" or (kind := value[mark + 1]) not in "bBqQ":
        return None
    label = value[start + 2 : mark]
    if not label or " " in label:
        return None
    stop = value.find("?=", mark + 3)
    if stop < 0:
        return -1, "", b""
    text = value[mark + 3 : stop]
    if kind in "bB":
        content = _from_base64(text)
        if content is None:
            return None
    else:
        content = binascii.a2b_qp(text.encode("utf-8", "surrogateescape"), header=True)
    # RFC 2231 section 5: a language may follow the charset
    return stop + 2, label.partition("*")[0].lower(), content


def _from_base64(text: str) -> bytes | None:
    try:
        packed = text.encode("ascii")
        rest = packed.rstrip(b"= \t")
        return binascii.a2b_base64(rest + b"=" * (-len(rest.translate(None, b" \t")) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
