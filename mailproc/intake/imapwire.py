"""IMAP as it stands on the wire: sets of UIDs, the answers to FETCH and SEARCH, commands sent before others end.

imapclient keeps the connection and the grammar of commands; here several commands may be under way at once, which
hides the round trip, and an answer counts only when its literal was whole and its command ended with OK (F16).
"""

import imaplib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient
from imapclient.datetime_util import parse_to_datetime

_LINE_COST = 500  # bytes of memory that a line takes beside its own, as imaplib keeps it
_SPARE_BYTES = 64_000_000
_UID = re.compile(rb"[( ]UID (\d{1,10})(?=[ )])")
_SIZE = re.compile(rb"[( ]RFC822\.SIZE (\d{1,20})(?=[ )])")
_DATE = re.compile(rb'[( ]INTERNALDATE "([^"]{1,40})"')
_QUOTED_BODY = re.compile(rb'[( ]BODY\[\] "((?:[^"\\]|\\.)*)"')
_HAS_LITERAL = re.compile(rb"[( ]BODY\[\] \{(\d{1,20})\}$")
_CODE = re.compile(r"\[([A-Z][A-Z0-9.-]*)")
_SET = re.compile(r"\d{1,10}(?::\d{1,10})?(?:,\d{1,10}(?::\d{1,10})?)*")


class Refused(Exception):
    """The server said NO: this command failed, the connection is well."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        found = _CODE.search(text)
        self.code = found[1] if found else ""  # OVERQUOTA, TRYCREATE, NONEXISTENT (RFC 5530)


class ServerGone(OSError):
    """The connection cannot be used any more."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a mailbox says of a mail before its bytes are fetched."""

    size: int  # bytes; some servers only guess
    stored_at: datetime | None


class Wire:
    """Commands over one connection of imapclient, in the order in which they are sent."""

    def __init__(self, client: IMAPClient, longest_literal: int) -> None:
        # imapclient has no way to send a command before the last one has ended; these names have been the same for
        # as long as imaplib is there, and imapclient itself is built on them.
        self._client: Any = client
        self._imap: Any = client._imap
        self._imap.debug = 0  # otherwise every line that comes in is formatted for a log nobody reads
        self._has_news = False
        self._bodies: dict[int, bytes | None] = {}
        self._listed: dict[int, Listed] = {}
        read, read_line = self._imap.read, self._imap.readline
        # A server that never ends its answer must not take the memory of all others: a batch or one mail, twice
        self._most_unfinished = 2 * longest_literal + _SPARE_BYTES
        self._unfinished = 0  # bytes read since the last command ended
        self._under_way = 0  # commands that have not ended

        def read_whole(size: int) -> bytes:
            if size > longest_literal:
                raise imaplib.IMAP4.abort(f"the server announces {size} bytes, more than a mail may have")
            self._count(size)
            data: bytes = read(size)
            if len(data) != size:
                raise imaplib.IMAP4.abort(f"the connection was cut after {len(data)} of {size} bytes")
            return data

        def read_counted() -> bytes:
            line: bytes = read_line()
            self._count(len(line) + _LINE_COST)
            return line

        self._imap.read, self._imap.readline = read_whole, read_counted

    def _count(self, size: int) -> None:
        self._unfinished += size
        if self._unfinished > self._most_unfinished:
            raise imaplib.IMAP4.abort(f"the server sent {self._unfinished} bytes and does not end its answer")

    def send(self, *words: str) -> str:
        """Send `UID ...`; the tag to finish it with. Words are constants, numbers or encoded folder names (T49c)."""
        for word in words:
            if not word.isascii() or not word.isprintable():
                raise ValueError(f"not fit for an IMAP command: {word!r}")
        tag: bytes = self._imap._command("UID", *words)
        self._under_way += 1
        return tag.decode("ascii")

    def finish(self, tag: str) -> str:
        """Read up to the end of that command; what came is kept for `take_bodies` and others. Raises Refused."""
        answer, data = self._imap._command_complete("UID", tag.encode("ascii"))
        self._unfinished = 0
        self._under_way -= 1
        self._has_news = self.has_news()
        text = b" ".join(part for part in data if isinstance(part, bytes)).decode("ascii", "replace")
        if answer != "OK":
            self._imap.untagged_responses.pop("FETCH", None)
            raise Refused(text)
        self._keep_fetched()
        # imaplib collects the others, one EXPUNGE a mail that is moved, for as long as the connection lives
        for name in ("EXPUNGE", "EXISTS", "RECENT", "VANISHED", "COPYUID", "FLAGS"):
            self._imap.untagged_responses.pop(name, None)
        return text

    def has_news(self) -> bool:
        """True when the server spoke of more mails since `forget_news`: it says so once, with whatever it answers."""
        return self._has_news or "EXISTS" in self._imap.untagged_responses

    def forget_news(self) -> None:
        """What was said so far is going to be looked at."""
        self._has_news = False
        self._imap.untagged_responses.pop("EXISTS", None)

    def begin_idle(self) -> None:
        """IDLE up to the server's `+`; what it says before that counts as any other news (RFC 2177)."""
        self._unfinished = 0
        tag = self._imap._command("IDLE")
        self._client._idle_tag = tag
        while self._imap._get_response() is not None:
            if self._imap.tagged_commands[tag] is not None:
                raise ServerGone(f"the server refuses IDLE: {self._imap.tagged_commands[tag]!r}")

    def run(self, *words: str) -> str:
        """Send a command and read up to its end."""
        return self.finish(self.send(*words))

    def take_bodies(self, uids: Sequence[int]) -> dict[int, bytes | None]:
        """The mails that FETCH brought, None where the server named one and had no bytes for it."""
        bodies = {uid: self._bodies.pop(uid) for uid in uids if uid in self._bodies}
        if not self._under_way:
            self._bodies.clear()  # of mails that nobody asked for
        return bodies

    def take_listed(self) -> dict[int, Listed]:
        """What FETCH said of the mails it was asked about."""
        listed, self._listed = self._listed, {}
        return listed

    def take_found(self) -> list[range]:
        """What SEARCH found, as it came: ranges of UIDs."""
        answers = self._imap.untagged_responses
        found = []
        for line in answers.pop("ESEARCH", []):
            text = (line or b"").decode("ascii", "replace")
            _, _, after = text.partition(" ALL ")
            found += list(parse_set(after.split(" ")[0].rstrip(")"))) if after else []
        for line in answers.pop("SEARCH", []):
            found += [range(int(word), int(word) + 1) for word in (line or b"").split() if word.isdigit()]
        return found

    def _keep_fetched(self) -> None:
        head = b""
        literal: bytes | None = None
        for part in self._imap.untagged_responses.pop("FETCH", []):
            if isinstance(part, tuple):
                # imaplib splits an answer at its literal: (text before it, its bytes), text after it
                head, literal = part[0] or b"", part[1]
                continue
            line = head + b" " + (part or b"")
            uid = _UID.search(line)
            if uid is not None:
                self._keep_one(int(uid[1]), line, head, literal)
            head, literal = b"", None

    def _keep_one(self, uid: int, line: bytes, head: bytes, literal: bytes | None) -> None:
        size = _SIZE.search(line)
        if size is not None:
            self._listed[uid] = Listed(int(size[1]), _read_date(line))
        if b"BODY[]" not in line:
            return  # somebody changed a flag
        announced = _HAS_LITERAL.search(head)
        quoted = _QUOTED_BODY.search(line)
        if announced is not None and literal is not None:
            self._bodies[uid] = literal if len(literal) == int(announced[1]) else None
        elif quoted is not None:
            self._bodies[uid] = re.sub(rb"\\(.)", rb"\1", quoted[1])
        else:
            self._bodies[uid] = None


def write_set(uids: Iterable[int]) -> str:
    """Ascending UIDs as a set: `1:50,60`."""
    ranges: list[list[int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)


def parse_set(text: str) -> Iterator[range]:
    """The ranges of a set; nothing of one that is none."""
    if _SET.fullmatch(text) is None:
        return
    for part in text.split(","):
        first, _, last = part.partition(":")
        low, high = sorted((int(first), int(last or first)))
        yield range(low, high + 1)


def _read_date(line: bytes) -> datetime | None:
    found = _DATE.search(line)
    if found is None:
        return None
    try:
        at: datetime = parse_to_datetime(found[1], normalise=False)
        return at.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None
