"""What every way in shares: the deposit it hands mail to, the disk floor, and whom a mail is for.

Reads header fields only to fill an envelope nobody stated; must not change a byte of the mail.
"""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from mailproc.message.addresses import normalise, parse_mailboxes
from mailproc.records.mail import Envelope
from mailproc.records.polledfolder import Survey

Deposit = Callable[[bytes, Envelope], "Future[int]"]  # the inbox id, once the commit is durable
Accepts = Callable[[str], bool]  # is this normalised address one of ours, extension included?


@dataclass(frozen=True, slots=True)
class IntakeStatus:
    """How one way in fares, as `mailproc health` and the metrics show it."""

    name: str
    kind: str
    last_success: datetime | None = None  # the last complete poll; listeners are not polled
    last_mail: datetime | None = None
    failing_since: datetime | None = None
    problem: str = ""  # in plain words, with what to do; "" when all is well
    taken: int = 0  # mails since it was started


Report = Callable[[IntakeStatus], None]  # called after every poll and every failure


def one_line(text: str, most: int = 1_000) -> str:
    """What a server or a file name says, fit for a terminal, a log and a database: printable, and not too long."""
    cut = text if len(text) <= most else text[:most] + "..."
    return "".join(letter if letter.isprintable() else " " for letter in cut)


class Intake(Protocol):
    """A way in of a running daemon."""

    @property
    def name(self) -> str:
        """What the settings call it."""

    def start(self) -> None:
        """Returns once it listens or its thread runs. Raises Permanent when it cannot be opened."""

    def stop(self) -> None:
        """Nothing is deposited afterwards; stopping twice is fine."""


class PolledIntake(Intake, Protocol):
    """A way in that fetches mail from where it waits."""

    def poll_once(self) -> int:
        """Takes what is there, for `run --once`; how many mails. Raises Temporary when the place is out of reach."""

    def survey(self) -> Survey:
        """What the next poll would take; changes nothing. Raises Temporary when that cannot be told."""


_HEADER_LIMIT = 102_400  # bytes of header looked at, Postfix's header_size_limit
_MOST_RECIPIENTS = 100
_FIELD = re.compile(rb"^([!-9;-~]{1,80}):[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_FROM_LINE = re.compile(rb"From (?![ \t]*:)([^\s]*)[^\r\n]*\r?\n")  # not a `From :` field, whose blank is a forgery


def has_room(path: Path, needed_bytes: int) -> bool:
    """True when the disk under `path` (or its nearest existing parent) has that many bytes free for us."""
    while True:
        try:
            stat = os.statvfs(path)
        except FileNotFoundError:
            if path == path.parent:
                return False
            path = path.parent
            continue
        return stat.f_bavail * stat.f_frsize >= needed_bytes


def is_ours(address: str, addresses: tuple[str, ...]) -> bool:
    """True for one of our normalised addresses, with or without a plus extension."""
    if address in addresses:
        return True
    local, _, domain = address.rpartition("@")
    return "+" in local and f"{local.partition('+')[0]}@{domain}" in addresses


def find_recipients(raw: bytes, addresses: tuple[str, ...], accepts: Accepts | None = None) -> tuple[str, ...]:
    """The addresses of ours this mail came to, as its headers tell: never empty while the site has an address.

    The topmost Delivered-To, else X-Original-To, else Exim's Envelope-To (the last MTA wrote them), else ours in To
    and Cc, else the site's first address.
    """

    def ours(value: str) -> Iterator[str]:
        for mailbox in parse_mailboxes(value):
            if mailbox.addr and (accepts(mailbox.addr) if accepts else is_ours(mailbox.addr, addresses)):
                yield mailbox.addr

    written_by_mta = ("delivered-to", "x-original-to", "envelope-to")
    fields = read_fields(raw, frozenset({*written_by_mta, "to", "cc"}))
    for name in written_by_mta:
        topmost = next((value for field, value in fields if field == name), "")
        found = tuple(dict.fromkeys(ours(topmost)))
        if found:
            return found[:_MOST_RECIPIENTS]
    visible = [address for name in ("to", "cc") for field, value in fields if field == name for address in ours(value)]
    return tuple(dict.fromkeys(visible))[:_MOST_RECIPIENTS] or addresses[:1]


def read_fields(raw: bytes, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """(lower-case name, unfolded undecoded value) of the wanted header fields, top first; linear, never raises."""
    head = raw[:_HEADER_LIMIT]
    if head[:1] in b"\r\n":
        return ()
    end = _HEADER_END.search(head)
    fields = []
    for match in _FIELD.finditer(head, 0, end.start() if end else len(head)):
        name = match[1].decode("ascii").lower()
        if name in names:
            fields.append((name, _FOLD.sub("", match[2].decode("ascii", "surrogateescape")).strip()))
    return tuple(fields)


def split_from_line(raw: bytes) -> tuple[bytes, str | None]:
    """(the mail, envelope sender) without the `From sender date` line that local delivery puts before it.

    That line belongs to mbox and to pipes of local MTAs, not to the mail. The sender is None when there was no
    such line or it names nobody, "" for the null sender, which is written there as MAILER-DAEMON.
    """
    match = _FROM_LINE.match(raw)
    if match is None:
        return raw, None
    word = match[1].decode("ascii", "surrogateescape")
    sender = "" if word.upper() == "MAILER-DAEMON" or word == "<>" else normalise(word) or None
    return raw[match.end() :], sender
