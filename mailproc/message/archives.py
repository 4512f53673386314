"""The names of what is inside an archive, without unpacking it. Dry: no I/O.

Names stand in the clear in zip (encrypted or not), tar and rar; only what a stream around them hides is unpacked, and
of that a few megabytes at most, whatever the archive promises (threat T57). Damaged archives are read as far as they
go: what one program cannot open, another one can. 7z files compress their own index and are not looked into.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator

MOST_MEMBERS = 20_000
MOST_UNPACKED = 8_000_000  # bytes of one mail's file in all
_MOST_NAME = 300  # bytes, its end: what the file is stands there
_MOST_NESTED = 2_000_000  # bytes of an archive inside an archive
_MOST_NESTED_COUNT = 5
_NESTED = (b".zip", b".jar", b".tar", b".tgz", b".gz", b".bz2", b".xz", b".rar")
_BLOCK = 512  # of a tar
_RAR4, _RAR5 = b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"

Member = tuple[str, bytes]  # name, and what is inside where that is an archive of its own, else b""


class Budget:
    """What may still be unpacked and listed for one file."""

    def __init__(self, size: int = MOST_UNPACKED, members: int = MOST_MEMBERS) -> None:
        self.size = size
        self.members = members
        self.nested = _MOST_NESTED_COUNT
        self.is_spent = False  # there were more members than are looked at

    def take_member(self) -> bool:
        """Whether one more name may be looked at."""
        self.members -= 1
        self.is_spent = self.is_spent or self.members < 0
        return self.members >= 0


def find_reader(name: str, content: bytes) -> Callable[[str, bytes, Budget], Iterator[Member]] | None:
    """How the names in this file are read; None for what is no archive."""
    if content[:2] == b"PK" or (name.lower().endswith((".zip", ".jar")) and b"PK\x01\x02" in content):
        return _read_zip
    if content[:2] == b"\x1f\x8b" or content[:3] == b"BZh" or content[:6] == b"\xfd7zXZ\0":
        return _read_stream
    if content[:7] == _RAR4 or content[:8] == _RAR5:
        return _read_rar
    if content[257:262] == b"ustar" or (name.lower().endswith(".tar") and len(content) >= _BLOCK):
        return _read_tar
    return None


def _read_zip(name: str, content: bytes, budget: Budget) -> Iterator[Member]:
    """By the marks of its entries, wherever they stand: programs differ in which of the two lists they believe."""
    for mark, head, at_length in ((b"PK\x03\x04", 30, 26), (b"PK\x01\x02", 46, 28)):
        at = content.find(mark)
        while at >= 0 and at + head <= len(content):
            if not budget.take_member():
                return
            length, extra = struct.unpack_from("<HH", content, at + at_length)
            start, end = at + head, min(at + head + length, len(content))
            raw = content[max(start, end - _MOST_NAME) : end]
            is_nested = mark == b"PK\x03\x04" and raw.lower().endswith(_NESTED)
            yield _decode(raw), _open_nested(content, at, end + extra, budget) if is_nested else b""
            at = content.find(mark, at + 4)


def _open_nested(content: bytes, at: int, start: int, budget: Budget) -> bytes:
    flags, method = struct.unpack_from("<HH", content, at + 6)
    size = struct.unpack_from("<I", content, at + 18)[0]
    if flags & 1 or not budget.nested:
        return b""
    budget.nested -= 1
    if method == 0:
        end = start + min(size or _MOST_NESTED, _MOST_NESTED)  # without a size it stands behind the data
        return content[start:end]
    return _inflate(content[start : start + _MOST_NESTED], budget, -15) if method == 8 else b""


def _read_stream(name: str, content: bytes, budget: Budget) -> Iterator[Member]:
    """gzip, bzip2, xz: one file without a list of its own; its name, and what it begins with."""
    inner = name.rpartition(".")[0]
    if name.lower().endswith((".tgz", ".tbz2", ".tbz", ".txz")):
        inner += ".tar"
    if content[:2] == b"\x1f\x8b":
        inner = _gzip_name(content) or inner
        yield inner, _inflate(content, budget, 31)
    elif content[:3] == b"BZh":
        yield inner, _unpack(bz2.BZ2Decompressor(), content, budget, most=_MOST_NESTED)
    else:
        yield inner, _unpack(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=100_000_000), content, budget)


def _read_tar(name: str, content: bytes, budget: Budget) -> Iterator[Member]:
    at, long_name = 0, b""
    while at + _BLOCK <= len(content) and budget.take_member():
        head = content[at : at + _BLOCK]
        if not head.strip(b"\0"):
            return
        size, kind = _octal(head[124:136]), head[156:157]
        body = content[at + _BLOCK : at + _BLOCK + min(size, 4_096)]
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK
        if kind == b"L":  # GNU: the next one's name
            long_name = body.split(b"\0", 1)[0][-_MOST_NAME:]
        elif kind == b"x":  # POSIX.1-2001: its attributes, `26 path=a/b`
            found = body.partition(b" path=")[2].split(b"\n", 1)[0]
            long_name = found[-_MOST_NAME:] or long_name
        else:
            yield _decode(long_name or head[:100].split(b"\0", 1)[0]), b""
            long_name = b""


def _read_rar(name: str, content: bytes, budget: Budget) -> Iterator[Member]:
    """The names in RAR 4 and RAR 5 archives whose list is not encrypted."""
    step = _step_rar5 if content[:8] == _RAR5 else _step_rar4
    at = 8 if content[:8] == _RAR5 else 7
    try:
        while at < len(content) and budget.take_member():
            found, following = step(content, at)
            if found:
                yield _decode(found), b""
            if following <= at:
                return
            at = following
    except (struct.error, IndexError):
        return  # cut off


def _step_rar4(content: bytes, at: int) -> tuple[bytes, int]:
    """(name or b"", where the next block is) of the block here."""
    _, kind, flags, size = struct.unpack_from("<HBHH", content, at)
    added = struct.unpack_from("<I", content, at + 7)[0] if flags & 0x8000 or kind == 0x74 else 0
    found = b""
    if kind == 0x74:
        length = struct.unpack_from("<H", content, at + 26)[0]
        start = at + (40 if flags & 0x100 else 32)
        raw = content[start : start + min(length, 4_096)]
        found = raw.split(b"\0", 1)[0][-_MOST_NAME:]  # behind it the same in Unicode
    return found, at + max(size, 7) + added


def _step_rar5(content: bytes, at: int) -> tuple[bytes, int]:
    size, start = _vint(content, at + 4)
    kind, here = _vint(content, start)
    flags, here = _vint(content, here)
    if flags & 1:
        _, here = _vint(content, here)
    data = 0
    if flags & 2:
        data, here = _vint(content, here)
    found = b""
    if kind in (2, 3):
        file_flags, here = _vint(content, here)
        _, here = _vint(content, here)
        _, here = _vint(content, here)
        here += (4 if file_flags & 2 else 0) + (4 if file_flags & 4 else 0)
        _, here = _vint(content, here)
        _, here = _vint(content, here)
        length, here = _vint(content, here)
        found = content[here : here + min(length, 4_096)][-_MOST_NAME:]
    return found, start + size + data


def _vint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return value, at


def _gzip_name(content: bytes) -> str:
    """RFC 1952 section 2.3: FNAME, behind FEXTRA."""
    if len(content) < 12 or not content[3] & 8:
        return ""
    at = 10
    if content[3] & 4:
        at += 2 + struct.unpack_from("<H", content, 10)[0]
    return _decode(content[at : at + _MOST_NAME].split(b"\0", 1)[0])


def _inflate(content: bytes, budget: Budget, window: int) -> bytes:
    most = min(budget.size, _MOST_NESTED if window < 0 else MOST_UNPACKED)
    if most <= 0:
        return b""
    try:
        found = zlib.decompressobj(window).decompress(content, most)
    except zlib.error:
        return b""
    budget.size -= len(found)
    return found


def _unpack(
    reader: bz2.BZ2Decompressor | lzma.LZMADecompressor, content: bytes, budget: Budget, most: int = MOST_UNPACKED
) -> bytes:
    most = min(most, budget.size)
    if most <= 0:
        return b""
    try:
        found = reader.decompress(content, most)
    except (OSError, EOFError, lzma.LZMAError):
        return b""
    budget.size -= len(found)
    return found


def _octal(field: bytes) -> int:
    if field[:1] == b"\x80":  # GNU: too large for octal digits
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else 0


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
