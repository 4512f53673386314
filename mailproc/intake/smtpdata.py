"""Reads the bytes after SMTP's DATA up to the final dot: bytes in, one mail or a fault out.

Knows no socket and no clock, so that every way of cutting the stream into pieces can be tested. It works on pieces
of any size with searches in C, never line by line. It must not change a byte of the mail beyond the transparency
dots, except where the site asked to normalise bare line ends.
"""

import re
from enum import StrEnum

END = b"\r\n.\r\n"

_STRAY_LF = re.compile(rb"(?<!\r)\n")
_STRAY_CR = re.compile(rb"\r(?!\n)")
_DRAINED_TIMES = 4  # a mail too big is read to its end up to this many times the limit: then its sender learns 552
_DRAINED_LEAST = 1_048_576


class BareNewlines(StrEnum):
    """What to do about a CR without LF, or LF without CR, inside a mail."""

    REFUSE = "refuse"
    NORMALISE = "normalise"  # only behind a relay of one's own: LF becomes CRLF, CR a space, as Postfix does


class Fault(StrEnum):
    """Why the mail cannot be taken."""

    TOO_BIG = "too-big"
    BARE_NEWLINE = "bare-newline"
    LONG_LINE = "long-line"
    NO_MEMORY = "no-memory"


class DataReader:
    """One DATA transfer; feed it until `is_complete`, then take `mail()` unless there is a `fault`.

    After a fault the bytes are let go and only the end is looked for.
    """

    __slots__ = (
        "_bare_newlines",
        "_buffer",
        "_checked",
        "_line_start",
        "_max_line_length",
        "_max_size",
        "fault",
        "is_complete",
        "received",
        "trailing",
    )

    def __init__(self, max_size: int, max_line_length: int, bare_newlines: BareNewlines = BareNewlines.REFUSE) -> None:
        # The DATA line's own CRLF counts as the one before the first line, so that a lone dot ends an empty mail.
        self._buffer = bytearray(b"\r\n")
        self._checked = 2  # bytes before this index have no bare CR or LF
        self._line_start = 2
        self._max_size = max_size
        self._max_line_length = max_line_length
        self._bare_newlines = bare_newlines
        self.fault: Fault | None = None
        self.received = 0
        self.is_complete = False
        self.trailing = b""  # what the client sent on behind the end, without waiting for our answer

    @property
    def held_bytes(self) -> int:
        """Memory in use for this mail."""
        return len(self._buffer)

    @property
    def is_hopeless(self) -> bool:
        """True when a refused mail goes on so long that the connection is better closed."""
        return self.fault is not None and self.received > max(_DRAINED_TIMES * self._max_size, _DRAINED_LEAST)

    def feed(self, piece: bytes) -> None:
        """Takes the next bytes from the wire; sets `is_complete` and `fault`."""
        buffer = self._buffer
        old_length = len(buffer)
        buffer += piece
        # RFC 5321 section 4.1.1.4: only CRLF "." CRLF ends the mail, never one with a bare CR or LF in it
        end = buffer.find(END, max(0, old_length - len(END) + 1))
        if end < 0:
            self.received += len(piece)
        else:
            self.is_complete = True
            self.trailing = bytes(buffer[end + len(END) :])
            self.received += end + len(END) - old_length
            del buffer[end + 2 :]
        if self.fault is None:
            self.fault = self._find_fault()
        if self.fault is not None:
            self._let_go()

    def give_up(self, fault: Fault) -> None:
        """The session cannot keep this mail; the rest of it is read and forgotten."""
        if self.fault is None:
            self.fault = fault
            self._let_go()

    def mail(self) -> bytes:
        """The mail's exact bytes, transparency dots removed; ends the use of this reader."""
        with memoryview(self._buffer) as view:
            raw = bytes(view)
        self._buffer = bytearray()
        # RFC 5321 section 4.5.2: the first dot of a line goes
        raw = raw.replace(b"\r\n.", b"\r\n")[2:]
        if self._bare_newlines is BareNewlines.NORMALISE:
            raw = _STRAY_CR.sub(b" ", _STRAY_LF.sub(b"\r\n", raw))
        return raw

    def _find_fault(self) -> Fault | None:
        # RFC 1870 section 5: transparency dots do not count; nor does an end that has come in part
        surplus = len(self._buffer) - 2 - self._max_size - (0 if self.is_complete else len(END) - 1)
        if surplus > 0 and surplus > self._buffer.count(b"\r\n."):
            return Fault.TOO_BIG
        if self._bare_newlines is BareNewlines.REFUSE and self._has_bare_newline():
            return Fault.BARE_NEWLINE
        return Fault.LONG_LINE if self._has_long_line() else None

    def _has_bare_newline(self) -> bool:
        # A CR at the end of this piece may still get its LF.
        buffer, start = self._buffer, self._checked
        stop = len(buffer) - 1 if buffer.endswith(b"\r") and not self.is_complete else len(buffer)
        pairs = buffer.count(b"\r\n", start, stop)
        self._checked = stop
        return buffer.count(b"\n", start, stop) != pairs or buffer.count(b"\r", start, stop) != pairs

    def _has_long_line(self) -> bool:
        # Jumps from line end to line end as far apart as allowed: few searches, whatever the line lengths.
        buffer, limit = self._buffer, self._max_line_length
        while len(buffer) - self._line_start > limit:
            newline = buffer.rfind(b"\n", self._line_start, self._line_start + limit)
            if newline < 0:
                return True
            self._line_start = newline + 1
        return False

    def _let_go(self) -> None:
        if not self.is_complete:
            del self._buffer[: -(len(END) - 1)]
