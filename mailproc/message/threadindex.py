"""Outlook's Thread-Index: reads one that came in, continues it for our answer, begins one for mail to the inside.

[MS-OXOMSG] section 2.2.1.3: 22 bytes (a mark, five of the time, a GUID), then five for each reply. Dry: the time is an
argument, and the same arguments give the same value, so that composing again gives the same bytes.
"""

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime

HEAD = 22
CHILD = 5
_MOST_CHILDREN = 80  # past that the last ones are dropped; the conversation is told by its head
_LONGEST = 4 * (HEAD + 200 * CHILD) // 3 + 4
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_MARK = 0x01
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_FAR = 1 << 49  # of 100 ns: from here on a child counts in larger steps


def read_index(value: str) -> str:
    """The value without blanks and in its one form if it is a Thread-Index, else ""; a stranger may write anything."""
    plain = "".join(value.split()) if " " in value or "\t" in value else value
    if not plain or len(plain) > _LONGEST or _BASE64.fullmatch(plain) is None:
        return ""
    raw = _decode(plain)
    return base64.b64encode(raw).decode("ascii") if raw else ""


def conversation_of(index: str) -> bytes:
    """The GUID that all mails of an Outlook conversation share, b"" for what is no Thread-Index."""
    return _decode(index)[6:HEAD]


def begin_index(seed: str, at: datetime) -> str:
    """The index of a conversation that `seed` names, begun at that time."""
    ticks = _ticks(at) >> 24 & 0xFF_FFFF_FFFF  # the 32 high bits and eight of the low ones
    guid = hashlib.sha256(seed.encode("utf-8", "replace")).digest()[:16]
    return base64.b64encode(bytes((_MARK,)) + ticks.to_bytes(5, "big") + guid).decode("ascii")


def continue_index(index: str, at: datetime, number: int) -> str:
    """The index of a reply at that time; `number` tells apart replies of the same moment. "" for what is no index."""
    raw = _decode(index)
    if not raw:
        return ""
    raw = raw[: HEAD + _MOST_CHILDREN * CHILD]
    passed = max(0, _ticks(at) - _begun(raw))
    # One bit for the step, 31 for the time passed since the head, eight that only tell replies apart
    word = (passed >> 18) & 0x7FFF_FFFF if passed < _FAR else 0x8000_0000 | (passed >> 23) & 0x7FFF_FFFF
    return base64.b64encode(raw + word.to_bytes(4, "big") + bytes(((number & 0xF) << 4,))).decode("ascii")


def _decode(plain: str) -> bytes:
    try:
        raw = binascii.a2b_base64(plain, strict_mode=True)
    except ValueError:
        return b""
    is_index = len(raw) >= HEAD and (len(raw) - HEAD) % CHILD == 0 and raw[0] == _MARK
    return raw if is_index else b""


def _begun(raw: bytes) -> int:
    """When the conversation began, in ticks. Exchange writes the mark and 40 bits of the time; Outlook writes 48 bits,
    the first eight of which happen to be the mark."""
    if raw[1] == _MARK:
        return int.from_bytes(raw[1:6], "big") << 24
    return int.from_bytes(raw[:6], "big") << 16


def _ticks(at: datetime) -> int:
    """A FILETIME: 100 ns since 1601."""
    passed = at - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 10_000_000 + passed.microseconds * 10
