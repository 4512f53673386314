"""Which mails of a Maildir are known: those that `start` leaves alone, and those that are in the store.

64 bits of a hash for each mail that lies there, whatever its folder and flags. The store is what counts; the note it
keeps spares reading everything again after a restart, and outlives rows of the store that were pruned.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Set
from pathlib import Path
from typing import Protocol

from mailproc.errors import StoreUnavailable
from mailproc.intake.maildirfiles import unique_of

_NOTE_SECONDS = 3_600.0


class MaildirNotes(Protocol):
    """What the store keeps for one watched Maildir."""

    def read(self) -> str | None:
        """What `write` kept, None before the first time."""

    def write(self, note: str) -> None:
        """Keep it, durably."""

    def stored_since(self, prefix: str, after_id: int) -> tuple[list[str], int]:
        """The identities with that beginning among mails stored after that inbox id, and the newest id."""


class MaildirMemory:
    """The known mails of one Maildir; `open` must have been called before anything is asked."""

    def __init__(self, notes: MaildirNotes, prefix: str, path: Path) -> None:
        self.notes, self._prefix, self._path = notes, prefix, path
        self.is_open = False
        self._left: set[int] = set()  # by `start`, for ever
        self._stored: set[int] = set()
        self._older: Set[int] | None = None  # what `start` left alone, until it is written down
        self._newest_id = 0
        self._is_changed = False
        self._noted_at = 0.0

    def open(self, find_present: Callable[[], Set[int]], find_older: Callable[[], Set[int]]) -> None:
        """Read the note; at the first look ever, what `find_older` gives is left alone.

        So is it when the intake was given another Maildir; one that was moved holds mail that is known.
        """
        if self.is_open:
            return
        try:
            note = self.notes.read()
        except StoreUnavailable:
            if self._older is None:
                self._older = find_older()  # mail that comes while the store is away is none of these
            raise
        is_new = note is None
        if note is not None:
            data = json.loads(note)
            self._left, self._stored = _unpack(data["left"]), _unpack(data["stored"])
            self._newest_id = int(data["newest_id"])
            if data["path"] != str(self._path):
                is_new = not (self._left | self._stored) & find_present()
        self._learn()
        if is_new:
            if self._older is None:
                self._older = find_older()
            self._left |= self._older - self._stored
            self._is_changed = True
        self.save(is_last=True)  # before the first mail is taken: what came later is never left alone
        self.is_open, self._older = True, None

    def is_left(self, key: int) -> bool:
        """True for mail that was there before `start`."""
        return key in self._left

    def is_stored(self, key: int) -> bool:
        """True for mail that is in the store."""
        return key in self._stored

    def add(self, key: int) -> None:
        """This mail is stored now."""
        if key not in self._stored:
            self._stored.add(key)
            self._is_changed = True

    def forget_others(self, present: Set[int]) -> None:
        """Stored mail that no longer lies there need not be known: memory stays as large as the Maildir.

        What is left alone stays known: a file that is renamed while a folder is read may be missed that time.
        """
        self._stored &= present

    def save(self, *, is_last: bool = False) -> None:
        """Write the note when it is due. Raises StoreUnavailable."""
        if not self._is_changed or (not is_last and time.monotonic() - self._noted_at < _NOTE_SECONDS):
            return
        self._learn()
        note = {
            "path": str(self._path),
            "newest_id": self._newest_id,
            "left": _pack(self._left),
            "stored": _pack(self._stored),
        }
        self.notes.write(json.dumps(note))
        self._is_changed, self._noted_at = False, time.monotonic()

    def _learn(self) -> None:
        """What was stored since the last note, by another daemon on this Maildir as well."""
        identities, newest = self.notes.stored_since(self._prefix, self._newest_id)
        self._stored |= {key_of(identity[len(self._prefix) :].rpartition(":")[0]) for identity in identities}
        self._is_changed = self._is_changed or bool(identities)
        self._newest_id = newest


def key_of(unique: str) -> int:
    """What a mail with that unique name is remembered by."""
    return int.from_bytes(hashlib.blake2b(unique.encode(), digest_size=8).digest(), "little")


def key_of_file(name: str) -> int:
    """The same for a file name with sizes and flags."""
    return key_of(unique_of(name))


def _pack(keys: set[int]) -> str:
    return base64.b64encode(b"".join(key.to_bytes(8, "little") for key in keys)).decode("ascii")


def _unpack(text: str) -> set[int]:
    raw = base64.b64decode(text)
    return {int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw), 8)}
