"""The bytes of a mail as they are read: where the header begins, line ends, and what names the same mail again.

Dry: no I/O. Changes nothing that is stored; foreign line ends are made LF in a copy.
"""

import hashlib
import re

from mailproc.message.headers import Head, find_blank_line
from mailproc.message.limits import HEADER_BLOCK, check_head, check_received
from mailproc.records.mail import Defect

_MBOX_LINE = re.compile(rb"(?:\r?\n)*+(?:>?From (?![ \t]*:)[^\r\n]{0,500}\r?\n)?")
_MAY_PRECEDE = (b"\n", b"\r", b"From ", b">From ")
_FAR = 2 * HEADER_BLOCK  # no header block within its limit is longer, not even with CRLF
_TRACE = frozenset(
    "received x-received return-path delivered-to x-original-to envelope-to delivery-date authentication-results "
    "received-spf".split()
)
_TRACE_PREFIXES = ("arc-", "x-spam-")


class Source:
    """One mail's bytes and where its header block may lie."""

    def __init__(self, raw: bytes) -> None:
        self.has_foreign_lines = False
        if b"\n" not in raw and b"\r" in raw:
            raw, self.has_foreign_lines = raw.replace(b"\r", b"\n"), True
        elif raw.find(b"\r\r\n", 0, 4_096) >= 0:
            raw, self.has_foreign_lines = raw.replace(b"\r\r\n", b"\n"), True
        self.raw = raw
        match = _MBOX_LINE.match(raw) if raw.startswith(_MAY_PRECEDE) else None
        self.start = match.end() if match else 0
        # A header block past its limit is read only so far, for the few fields that name the mail
        self.head_end = len(raw)
        self.is_head_cut = False
        far = self.start + _FAR
        if len(raw) > far and find_blank_line(raw, self.start, far)[0] == far:
            self.head_end, self.is_head_cut = self.start + HEADER_BLOCK, True

    def check_limits(self, head: Head) -> Defect | None:
        """The limit that this header block is past, None when it is within all."""
        if self.is_head_cut:
            return check_head(_FAR, "")
        if limit := check_head(head.size, head.block):
            return limit
        return check_received([name for name, _ in head.headers].count("received"))


def fingerprint_of(source: Source, head: Head) -> str:
    """SHA-256 of the mail without the fields that its way adds and without its line ends."""
    fields = head.fields
    if len(head.headers) == len(fields) and not head.oddities:
        names = [name for name, _ in head.headers]
    else:
        names = [field.partition(":")[0].strip().lower() for field in fields]
    kept = [
        field
        for name, field in zip(names, fields, strict=True)
        if name not in _TRACE and not name.startswith(_TRACE_PREFIXES)
    ]
    digest = hashlib.sha256("\n".join(kept).replace("\r", "").encode("ascii", "surrogateescape"))
    digest.update(b"\n\n")
    raw, at = source.raw, head.body_at
    # All carriage returns are left out, not those of CRLF alone: with many lines that is twenty times faster.
    # What stores mail adds a line end at its end.
    if raw.find(b"\r", at) >= 0:
        digest.update(raw[at:].replace(b"\r", b"").rstrip(b"\n"))
    elif raw.endswith(b"\n\n"):
        digest.update(raw[at:].rstrip(b"\n"))
    else:
        digest.update(memoryview(raw)[at : len(raw) - raw.endswith(b"\n")] if at < len(raw) else b"")
    return digest.hexdigest()
