"""Mail bytes as they lie in the database: plain, or deflated where that helps. Unpacking gives back every byte.

Packing big mails takes milliseconds; callers with a transaction open should have packed before.
"""

import zlib
from dataclasses import dataclass, field

try:
    # The same format as zlib's in a third of its time
    from isal.isal_zlib import compress as _deflate
except ImportError:  # no wheel for this machine
    _deflate = zlib.compress

PLAIN, DEFLATED = 0, 1

SMALLEST = 700  # below it nothing is won: the row fills no page
_SAMPLE = 16_384
_WORTH_IT = 0.85
_SAMPLE_WORTH_IT = 0.7  # base64 of packed data always comes to 0.76: a lot of CPU for a quarter of the space


@dataclass(frozen=True, slots=True)
class Packed:
    """Mail bytes ready to be stored."""

    codec: int
    size: int  # of the mail
    data: bytes = field(repr=False)


def pack(raw: bytes, smallest: int = SMALLEST) -> Packed:
    """The bytes packed where that helps; fewer than `smallest` stay plain."""
    size = len(raw)
    if size < smallest:
        return Packed(PLAIN, size, raw)
    if size > _SAMPLE:
        middle = (size - _SAMPLE) // 2
        if len(_deflate(raw[middle : middle + _SAMPLE], 1)) > _SAMPLE * _SAMPLE_WORTH_IT:
            return Packed(PLAIN, size, raw)
    packed = _deflate(raw, 1)
    if len(packed) > size * _WORTH_IT:
        return Packed(PLAIN, size, raw)
    return Packed(DEFLATED, size, packed)


def unpack(codec: int, data: bytes) -> bytes:
    """The mail's bytes, unchanged. Raises ValueError when the row was damaged."""
    if codec == PLAIN:
        return bytes(data)
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        raise ValueError(f"stored mail is damaged ({error}); restore it from a backup") from error
