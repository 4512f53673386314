"""Finds the mail that came back inside a delivery report: attached, or copied below the report's words. Dry: no I/O.

Reads header fields of that mail only; what it says is the sender's own text and interests nobody here.
"""

import re

from mailproc.message.addresses import normalise
from mailproc.message.bouncewords import COPY
from mailproc.message.headers import decode, read_head
from mailproc.message.ids import find_ids
from mailproc.message.lazily import lazily
from mailproc.message.parts import Headers, Part, first

MAX_LINES = 400  # lines of the text that are read
MAX_LINE = 500
MAX_RETURNED = 500_000  # bytes of a returned mail that are read

RETURNED_TYPES = (
    *("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/rfc822-headers"),
    *("text/rfc822-header", "text/rfc822", "message/partial"),
)
_HOST = r"A-Za-z0-9\u0080-\uffff"
_WIDE = "：；，、。（）《》〈〉「」【】“”‘’"  # what stands around an address in East Asian text
ADDRESS = lazily(rf"""[^\s<>()\[\],;:"'|\\/{_WIDE}]{{1,64}}@[{_HOST}](?:[{_HOST}._-]{{0,253}}[{_HOST}])?""")
_MESSAGE_ID = lazily(r"^[ \t>*]{0,20}Message-ID[ \t]{0,5}:\s{0,5}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)
_HEADER_STARTS = ("received: ", "return-path: ", "message-id: ")
_NAMES = frozenset("received message-id from to subject date return-path mime-version content-type".split())


def unify(text: str) -> str:
    """The text with LF line ends, whatever it had; the bare CR of old systems are lines too."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def find_copy(text: str) -> int:
    """Offset of the returned mail's headers in a text with LF line ends, -1 when the text has none."""
    offset = 0
    at = -1
    for number, line in enumerate(text.split("\n", MAX_LINES + 1)[: MAX_LINES + 1]):
        low = line[:MAX_LINE].strip().casefold()
        if low.startswith(_HEADER_STARTS):
            return offset
        if at < 0 and number and COPY.match(low):
            at = min(offset + len(line) + 1, len(text))
        offset += len(line) + 1
    return at


def has_real_copy(text: str, at: int) -> bool:
    """Whether header fields of a mail stand there, more than a word that looks like one."""
    if at < 0:
        return False
    names = {line.partition(":")[0].strip().casefold() for line in text[at : at + 8000].split("\n")}
    return len(names & _NAMES) >= 3


def lines_above_copy(text: str) -> list[str]:
    """The report's own words, line by line, without outer white space."""
    lines: list[str] = []
    for raw in text.split("\n", MAX_LINES)[:MAX_LINES]:
        line = raw[:MAX_LINE].strip()
        if len(lines) > 1 and COPY.match(line.casefold()):
            break
        lines.append(line)
    return lines


def find_attached(parts: tuple[Part, ...]) -> bytes:
    """The returned mail as bytes with LF line ends, b"" when none is attached."""
    for kind in RETURNED_TYPES:
        for part in parts:
            if part.content_type == kind and part.content.strip():
                raw = part.content[:MAX_RETURNED]
                return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    return b""


def read_returned(raw: bytes, text: str, copy: int) -> Headers:
    """The header fields of the mail that came back: of the attached one, else of the copy in the text."""
    if not raw and copy >= 0:
        raw = text[copy : copy + MAX_RETURNED].lstrip("\n").encode("utf-8", "replace")
    if raw.startswith((b" ", b"\t")):
        # Some programs indent the copy, which would make every line a continuation
        raw = b"\n".join(line.lstrip(b" \t") for line in raw[:20_000].split(b"\n"))
    return read_head(raw, 0, len(raw)).headers if raw else ()


def message_id_of(headers: Headers, text: str) -> str:
    """The Message-ID of the returned mail, else the first that the report's text names."""
    ids = find_ids(first(headers, "message-id"))
    if ids:
        return ids[0]
    match = _MESSAGE_ID.search(text)
    return match.group(1) if match is not None else ""


def recipients_of(headers: Headers) -> tuple[str, ...]:
    """To whom the returned mail was written, for reports that do not say it."""
    return find_addresses([decode(first(headers, "to"))])


def find_addresses(values: list[str]) -> tuple[str, ...]:
    """All usable addresses in those texts, each once."""
    found = (normalise(hit.strip(".")) for value in values for hit in ADDRESS.findall(value[:20_000]))
    return tuple(dict.fromkeys([address for address in found if address]))
