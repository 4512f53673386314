"""A mail's fields and body as DKIM hashes them: split, canonical, linear in whatever a stranger sends (RFC 6376).

Dry: no I/O. `verify` checks foreign signatures with it, `delivery` makes ours.
dkimpy's own canonical forms take 4 s for a line of 40,000 blanks and four times that for twice as many.
"""

import re
from dataclasses import dataclass

_NEW_FIELD = re.compile(rb"\r\n(?![ \t])")
_BLANKS = re.compile(rb"[ \t]+")
_NAME = re.compile(rb"[!-9;-~]+")
_STRAY = re.compile(rb"\x00|\r(?!\n)|(?<!\r)\n")
_LONGEST_HEAD = 200_000


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: its name in lower case, and its bytes with folds and final CRLF."""

    name: str
    raw: bytes

    @property
    def value(self) -> bytes:
        """What stands behind the colon, unfolded."""
        return self.raw.partition(b":")[2].replace(b"\r\n", b"").strip(b" \t")


def split_mail(raw: bytes) -> tuple[tuple[Field, ...], bytes] | None:
    """(fields, body); None when a line of the header can be read in two ways, because then nothing signed is sure."""
    if b"\r\n" not in raw[:_LONGEST_HEAD]:
        raw = raw.replace(b"\n", b"\r\n")  # a file saved with the line ends of its system
    if raw.startswith(b"\r\n"):
        return (), raw[2:]
    head, _, body = raw.partition(b"\r\n\r\n")
    if len(head) > _LONGEST_HEAD or _STRAY.search(head):
        return None
    fields = []
    for line in _NEW_FIELD.split(head.removesuffix(b"\r\n")):
        name = line.partition(b":")[0].rstrip(b" \t")
        if len(name) == len(line) or _NAME.fullmatch(name) is None:
            return None
        fields.append(Field(name.decode("ascii").lower(), line + b"\r\n"))
    return tuple(fields), body


def canonical_field(field: Field, is_relaxed: bool) -> bytes:
    """The field as it is hashed (RFC 6376 section 3.4.1 and 3.4.2)."""
    if not is_relaxed:
        return field.raw
    return field.name.encode("ascii") + b":" + _BLANKS.sub(b" ", field.value).strip(b" ") + b"\r\n"


def canonical_body(body: bytes, is_relaxed: bool) -> bytes:
    """The body as it is hashed (RFC 6376 section 3.4.3 and 3.4.4)."""
    if is_relaxed:
        # `replace` halves each run of blanks and costs a pass without a match; a regex would take seconds for 30 MB
        body = body.replace(b"\t", b" ")
        while b"  " in body:
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \r\n", b"\r\n")
        if body.endswith(b" "):
            body = body[:-1]
    end = len(body)
    for lines in (65_536, 256, 1):
        empty = b"\r\n" * lines
        while body.endswith(empty, 0, end):
            end -= len(empty)
    if end == 0 and is_relaxed:
        return b""
    return body[:end] + b"\r\n"
