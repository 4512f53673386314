"""The mail inside an S/MIME signature that wraps it (RFC 8551 section 3.5.2): CMS SignedData, read to its content.

Dry: no I/O. Nothing is verified; certificates and signatures are not looked at. Every length is checked against the
bytes that are there, every byte is read once.
"""

_SIGNED = bytes.fromhex("06092a864886f70d010702")  # 1.2.840.113549.1.7.2
_ENVELOPED = (bytes.fromhex("06092a864886f70d010703"), bytes.fromhex("060b2a864886f70d0109100117"))
_SEQUENCE, _SET, _INTEGER, _OID, _CONTEXT_0, _OCTETS, _PIECES = 0x30, 0x31, 0x02, 0x06, 0xA0, 0x04, 0x24

_MOST_PIECES = 50_000  # programs write pieces of a kilobyte or more


def kind_of(content: bytes) -> str:
    """`signed` or `enveloped` by the type that the structure names, "" for anything else."""
    outer = _open(content, 0, len(content), _SEQUENCE)
    if outer is None:
        return ""
    if content.startswith(_SIGNED, outer[0]):
        return "signed"
    return "enveloped" if content.startswith(_ENVELOPED, outer[0]) else ""


def read_signed(content: bytes) -> bytes:
    """The MIME entity that was signed, b"" where it is not inside or cannot be reached."""
    if kind_of(content) != "signed":
        return b""
    span = _open(content, 0, len(content), _SEQUENCE)
    # ContentInfo, [0], SignedData, EncapsulatedContentInfo, [0] (RFC 5652 sections 3 and 5.1)
    for steps in ((_OID, _CONTEXT_0), (_SEQUENCE,), (_INTEGER, _SET, _SEQUENCE), (_OID, _CONTEXT_0)):
        for tag in steps[:-1]:
            skipped = _open(content, span[0], span[1], tag) if span else None
            span = (skipped[1], span[1]) if span and skipped else None
        span = _open(content, span[0], span[1], steps[-1]) if span else None
    if span is None:
        return b""
    whole = _open(content, span[0], span[1], _OCTETS)
    if whole is not None:
        return content[whole[0] : whole[1]]
    pieces = _open(content, span[0], span[1], _PIECES)
    found: list[bytes] = []
    while pieces is not None and len(found) < _MOST_PIECES:
        piece = _open(content, pieces[0], pieces[1], _OCTETS)
        if piece is None:
            break
        found.append(content[piece[0] : piece[1]])
        pieces = piece[1], pieces[1]
    return b"".join(found)


def _open(content: bytes, at: int, end: int, tag: int) -> tuple[int, int] | None:
    """(start, end) of what an element of this tag holds; one of indefinite length goes on as long as what holds it."""
    if at + 2 > end or content[at] != tag:
        return None
    length = content[at + 1]
    at += 2
    if length == 0x80:
        return at, end
    if length > 0x80:
        width = length & 0x7F
        if width > 4 or at + width > end:
            return None
        length = int.from_bytes(content[at : at + width], "big")
        at += width
    return at, min(at + length, end)
