"""Files that stand uuencoded in a text, as clients did before MIME and some programs still do (POSIX uuencode).

Dry: no I/O. Linear: every line is looked at once. A `begin` line without data below it stays text.
"""

import binascii
import re
from dataclasses import dataclass

from mailproc.message.defects import add_defect
from mailproc.records.mail import Defect

MOST_FILES = 100  # in one mail
MOST_LINES = 150_000  # in one mail, of those that are not as long as nearly all are
_MOST_TRIES = 1_000  # lines that begin like a file
_BEGIN = re.compile(rb"begin(?:-base64)? [0-7]{3,4}[ \t]{1,20}([^\r\n]{1,400})\r?(?:\n|\Z)")
_FULL_LINES = re.compile(rb"(?:M[ -`]{60}\r?\n)++")  # nearly all of a file
_UU = bytes(range(32, 97))
_TO_BASE64 = bytes.maketrans(_UU, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/A")
_MOST_BLANK = 3  # lines in a row: relays that put some in put in one or two
_LONGEST_LINE = 200  # bytes of a data line; 61 are usual, a few encoders write more
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{1,200}={0,3}")


@dataclass(slots=True)
class Budget:
    """What may still be unpacked of one mail, whatever number of parts it has."""

    files: int = MOST_FILES
    lines: int = MOST_LINES


@dataclass(frozen=True, slots=True)
class Embedded:
    """One file out of a text, its name undecoded."""

    name: bytes
    content: bytes


def may_hold_files(text: bytes) -> bool:
    """Whether it is worth looking closer; costs one search."""
    return b"begin" in text and _find_begin(text, 0) is not None


def split_files(
    text: bytes, defects: list[Defect], budget: Budget | None = None
) -> tuple[bytes, list[Embedded]]:
    """(the text without its uuencoded files, the files in their order)."""
    budget = budget or Budget()
    kept: list[bytes] = []
    files: list[Embedded] = []
    at = search = 0
    for _ in range(_MOST_TRIES):
        match = _find_begin(text, search)
        if match is None or budget.files <= 0 or budget.lines <= 0:
            break
        content, stop = _read_lines(text, match.end(), match.group().startswith(b"begin-"), defects, budget)
        if not content:
            search = match.end()
            continue
        budget.files -= 1
        kept.append(text[at : match.start()])
        files.append(Embedded(match.group(1).strip(), content))
        at = search = stop
    if not files:
        return text, files
    kept.append(text[at:])
    return b"".join(kept), files


def decode_lines(content: bytes, defects: list[Defect], budget: Budget | None = None) -> bytes:
    """The file of a part whose transfer encoding is uuencode; what is broken in it is left out."""
    match = _find_begin(content, 0)
    start = match.end() if match else len(content) - len(content.lstrip(b"\r\n"))
    decoded, _ = _read_lines(content, start, False, defects, budget or Budget(), is_certain=True)
    return decoded


def _find_begin(text: bytes, at: int) -> re.Match[bytes] | None:
    """The next line that begins a file, "begin 644 name"."""
    for _ in range(_MOST_TRIES):
        at = text.find(b"begin", at)
        if at < 0:
            return None
        if (at == 0 or text[at - 1] == 10) and (match := _BEGIN.match(text, at)) is not None:
            return match
        at += 5
    return None


def _read_lines(
    text: bytes, start: int, is_base64: bool, defects: list[Defect], budget: Budget, is_certain: bool = False
) -> tuple[bytes, int]:
    """(the bytes of the data lines from `start` on, the offset behind them and their end line)."""
    decoded = bytearray()
    at, blanks = start, 0
    while at < len(text):
        if not is_base64 and (full := _FULL_LINES.match(text, at)) is not None:
            lines = full.group().replace(b"\r", b"")
            data = b"".join([lines[n + 1 : n + 61] for n in range(0, len(lines), 62)])
            decoded += binascii.a2b_base64(data.translate(_TO_BASE64))
            at, blanks = full.end(), 0
            continue
        budget.lines -= 1
        if budget.lines < 0:
            break
        newline = text.find(b"\n", at)
        stop = newline + 1 if newline >= 0 else len(text)
        line = text[at : min(stop, at + _LONGEST_LINE + 2)].rstrip(b"\r\n")
        at_next = stop
        if line in (b"end", b"===="):
            return bytes(decoded), at_next
        if is_base64:
            if _BASE64_LINE.fullmatch(line) is None:
                break
            decoded += binascii.a2b_base64(line.rstrip(b"=")[: len(line) // 4 * 4] + b"==")
        elif line in (b"`", b"", b" ") or not line.strip():
            # The empty last line; also blank lines that a relay put in
            blanks += 1
            if blanks > _MOST_BLANK and not is_certain:
                break
            at = at_next
            continue
        else:
            piece = _decode_line(line)
            if piece is None and not is_certain:
                break
            if piece is None:
                add_defect(defects, "uuencode", "a uuencoded line is broken")
            else:
                decoded += piece
        blanks = 0
        at = at_next
    if decoded:
        add_defect(defects, "uuencode-cut", "a uuencoded file has no end")
    return bytes(decoded), at


def _decode_line(line: bytes) -> bytes | None:
    """The bytes of one data line; None where it is none."""
    if line.translate(None, _UU):
        return None
    length = (line[0] - 32) & 63
    wanted = (length + 2) // 3 * 4
    data = line[1 : 1 + wanted]
    # Blanks at the end are lost on the way, some encoders add a checksum, some count a character short
    if len(line) - 1 > wanted + 2 or len(data) < length * 4 // 3 // 2:
        return None
    try:
        return binascii.a2b_uu(line[:1] + data.ljust(wanted))
    except binascii.Error:
        return None
