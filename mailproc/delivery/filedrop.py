"""Delivers into a Maildir: one file a recipient with exactly the bytes, named after the outbox id.

Writes below its own folder only. Delivering a mail again finds the file that is there and adds none.
"""

import hashlib
import os
import time
from pathlib import Path

from mailproc.delivery.base import OutgoingMail, find_defect
from mailproc.errors import Permanent
from mailproc.records.delivery import Receipt, ReceiptState

_SETTLED_NS = 1_000_000_000  # a folder changed less than this ago may change again within one tick of its clock


class MaildirSender:
    """A Maildir as the way out. Makes cur, new and tmp at once, so that they stand before any intake listens.

    Raises Permanent when the folder cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            for name in ("cur", "new", "tmp"):
                (path / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Permanent(
                f"delivery maildir: cannot make the folder {path}: {error.strerror or error}; "
                "change `path` or its rights"
            ) from error
        self._seen: frozenset[str] = frozenset()
        self._seen_at_ns = -1  # the mtime of cur when _seen was read, -1: read again

    def deliver(self, mail: OutgoingMail) -> Receipt:
        """SENT once the file and its folder are on disk; trouble with the disk is DEFERRED."""
        defect = find_defect(mail)
        if defect:
            return Receipt(ReceiptState.FAILED, 0, defect)
        # With a part of the hash: ids start again with a new database, and such a mail is not the one in the folder.
        name = f"{mail.id:08d}.{hashlib.sha256(mail.raw).hexdigest()[:12]}.mailproc"
        try:
            if self._is_delivered(name):
                return Receipt(ReceiptState.SENT, 0, f"was in {self.path} already as {name}")
            self._write(name, mail.raw)
        except OSError as error:
            return Receipt(ReceiptState.DEFERRED, 0, f"cannot write to {self.path}: {error.strerror or error}")
        return Receipt(ReceiptState.SENT, 0, f"{self.path} {name}")

    def close(self) -> None:
        """Nothing is kept open."""

    def _is_delivered(self, name: str) -> bool:
        # In this order: a reader moves files from new to cur, never back.
        return os.path.lexists(self.path / "new" / name) or name in self._read_names()

    def _read_names(self) -> frozenset[str]:
        """Base names in cur, read again only when the folder has changed."""
        cur = self.path / "cur"
        changed_at_ns = cur.stat().st_mtime_ns
        if changed_at_ns != self._seen_at_ns:
            self._seen = frozenset(entry.name.partition(":")[0] for entry in os.scandir(cur))
            self._seen_at_ns = changed_at_ns if time.time_ns() - changed_at_ns > _SETTLED_NS else -1
        return self._seen

    def _write(self, name: str, raw: bytes) -> None:
        unfinished = self.path / "tmp" / f"{name}.{os.getpid()}"
        try:
            with open(unfinished, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            os.rename(unfinished, self.path / "new" / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(self.path / "new")


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
