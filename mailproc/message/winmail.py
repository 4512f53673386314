"""Files and text inside winmail.dat (Transport Neutral Encapsulation, [MS-OXTNEF] and [MS-OXCMSG]).

Dry: no I/O. Every offset is checked against the bytes that are there; each byte is looked at a bounded number of
times, so that the cost is linear. Checksums are not compared: a file with one wrong bit is better than none.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailproc.message.charsets import codec_for, decode_bytes

MOST_FILES = 200
_MOST_ATTRIBUTES = 5_000
_MOST_VALUES = 10_000  # properties and their values in the whole stream; a file has some thirty

# Attributes ([MS-OXTNEF] section 2.1.3.3)
_CODE_PAGE, _BODY = 0x00069007, 0x0002800C
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
# Properties ([MS-OXPROPS])
_LONG_NAME, _SHORT_NAME, _MIME_TAG, _CONTENT_ID, _BINARY = 0x3707, 0x3704, 0x370E, 0x3712, 0x3701
_FIXED = {
    0x0002: 4, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x000B: 4,
    0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8, 0x0048: 16,
}  # fmt: skip
_VARIABLE = (0x001E, 0x001F, 0x000D, 0x0102)
_UNICODE, _MULTIPLE = 0x001F, 0x1000


@dataclass(frozen=True, slots=True)
class Packed:
    """One file out of a winmail.dat."""

    name: str
    content_type: str = ""
    content_id: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Winmail:
    """What a winmail.dat holds; `text` is its plain body, for mails without another."""

    files: tuple[Packed, ...] = ()
    text: str = ""


def is_winmail(content: bytes) -> bool:
    """Whether these bytes begin like a TNEF stream."""
    return content[:4] == b"\x78\x9f\x3e\x22"


def read_winmail(content: bytes) -> Winmail:
    """The files and the text of a TNEF stream, as far as it can be read."""
    if not is_winmail(content):
        return Winmail()
    reader = _Reader()
    for number, (attribute, start, end) in enumerate(_attributes(content)):
        if number >= _MOST_ATTRIBUTES or len(reader.files) > MOST_FILES:
            break
        reader.take(attribute, content, start, end)
    reader.finish_file()
    return Winmail(tuple(reader.files[:MOST_FILES]), reader.text)


class _Reader:
    def __init__(self) -> None:
        self.files: list[Packed] = []
        self.text = ""
        self.label = ""  # the code page of its strings
        self.left = _MOST_VALUES
        self.start_file()
        self.is_open = False

    def start_file(self) -> None:
        self.is_open = True
        self.name = self.long_name = self.content_type = self.content_id = ""
        self.content = b""

    def finish_file(self) -> None:
        if self.is_open and (self.content or self.long_name or self.name):
            name = self.long_name or self.name
            self.files.append(Packed(name, self.content_type.lower(), self.content_id.strip("<> "), self.content))
        self.is_open = False

    def take(self, attribute: int, content: bytes, start: int, end: int) -> None:
        if attribute == _CODE_PAGE and end - start >= 4:
            label = f"cp{struct.unpack_from('<I', content, start)[0]}"
            self.label = label if codec_for(label) else ""
        elif attribute == _BODY:
            self.text = self.read_text(content[start:end])
        elif attribute == _RENDERING:
            self.finish_file()
            self.start_file()
        elif attribute == _TITLE:
            self.name = self.read_text(content[start : min(end, start + 2_000)])
        elif attribute == _DATA:
            self.content = content[start:end]
        elif attribute == _PROPERTIES:
            for tag, kind, at, stop in self.properties(content, start, end):
                self.take_property(tag, kind, content, at, stop)

    def take_property(self, tag: int, kind: int, content: bytes, at: int, stop: int) -> None:
        if tag == _BINARY and not self.content:
            # An object ([MS-OXTNEF] section 2.1.3.4) begins with the id of its interface
            self.content = content[at + 16 if kind == 0x000D else at : stop]
        elif tag in (_LONG_NAME, _SHORT_NAME, _MIME_TAG, _CONTENT_ID):
            value = content[at : min(stop, at + 2_000)]
            text = value.decode("utf-16-le", "replace") if kind == _UNICODE else self.read_text(value)
            text = text.partition("\x00")[0]
            if tag == _LONG_NAME:
                self.long_name = text
            elif tag == _SHORT_NAME:
                self.name = self.name or text
            elif tag == _MIME_TAG:
                self.content_type = text
            else:
                self.content_id = text

    def properties(self, content: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """(tag, type, start, end) of each value of a property list; stops at what it does not know."""
        if at + 4 > end:
            return
        count = struct.unpack_from("<I", content, at)[0]
        at += 4
        while count and self.left and at + 4 <= end:
            count -= 1
            self.left -= 1
            kind, tag = struct.unpack_from("<HH", content, at)
            at += 4
            if tag >= 0x8000:
                at = _skip_name(content, at, end)
            is_multiple, base = bool(kind & _MULTIPLE), kind & ~_MULTIPLE
            values = 1
            if is_multiple or base in _VARIABLE:
                if at + 4 > end:
                    return
                values = struct.unpack_from("<I", content, at)[0]
                at += 4
            if base in _FIXED:
                at += _FIXED[base] * values
                continue
            if base not in _VARIABLE:
                return
            while values and self.left:
                values -= 1
                self.left -= 1
                if at + 4 > end:
                    return
                length = struct.unpack_from("<I", content, at)[0]
                stop = min(at + 4 + length, end)
                yield tag, base, at + 4, stop
                at += 4 + (length + 3) // 4 * 4

    def read_text(self, value: bytes) -> str:
        return decode_bytes(value.partition(b"\x00")[0], self.label, [])


def _attributes(content: bytes) -> Iterator[tuple[int, int, int]]:
    """(attribute, start, end) of each attribute behind the signature and the key."""
    at = 6
    while at + 9 <= len(content):
        attribute, length = struct.unpack_from("<II", content, at + 1)
        start = at + 9
        if content[at] not in (1, 2):
            return  # neither of the message nor of a file: from here on nothing can be relied on
        end = min(start + length, len(content))
        yield attribute, start, end
        at = start + length + 2  # the checksum


def _skip_name(content: bytes, at: int, end: int) -> int:
    """The offset behind the name of a named property: an id of 16 bytes, then a number or a string."""
    if at + 24 > end:
        return end
    is_text, value = struct.unpack_from("<II", content, at + 16)
    return at + 24 + ((value + 3) // 4 * 4 if is_text else 0)
