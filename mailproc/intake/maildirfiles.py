"""The files of a Maildir: their names, reading one whole mail, and putting it away when it is stored.

Names: `unique[,S=size...][:2,flags]`; the unique part names the mail for as long as it lies there, the rest changes.
Every file is somebody else's as well: it may vanish or get another name between any two calls. Follows no link.
"""

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from mailproc.errors import Temporary

FOLDERS = ("new", "cur")  # in this order: a mail that moves on meanwhile is seen twice rather than never
SEEN = "S"
_SIZES = re.compile(r"(?:,[A-Z][A-Z0-9]{0,15}=[^,:]*)+$")  # Dovecot's ,S= and ,W=: it corrects wrong ones by renaming
_INFO = ":2,"
_PIECE = 1_048_576


class Left(StrEnum):
    """Why a file is not taken now."""

    GONE = "gone"  # another program was faster: it has another name now, or is no more
    FRESH = "fresh"  # somebody may still write to it
    EMPTY = "it is empty"
    NO_FILE = "it is no regular file; links and the like are not followed"
    UNREADABLE = "it may not be read by mailproc's user; correct its owner or mode"
    TOO_LARGE = "it is larger than max_message_size; raise the limit, or move it away"
    BROKEN = "it cannot be read"
    UNMOVED = "it is stored and worked on, but cannot be put away; mailproc's user needs to write to the Maildir"


@dataclass(frozen=True, slots=True)
class MaildirFile:
    """One mail as it was read."""

    raw: bytes = field(repr=False)
    stored_at: datetime  # when its file was written; a delivery or an IMAP server sets it to the mail's arrival


def unique_of(name: str) -> str:
    """The part of a file name that names the mail, in text that every database and log can hold."""
    base = name.partition(":")[0]
    if "," in base:
        base = _SIZES.sub("", base)
    base = base or name
    return base if base.isascii() else base.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def read_mail(path: Path, max_size: int, *, settle_seconds: float, now: float) -> MaildirFile | Left:
    """The mail in that file, or why it is left where it is. Raises OSError for trouble that is not this file's own.

    A file that was written to less than `settle_seconds` ago counts as unfinished; 0 believes it finished.
    """
    try:
        # NONBLOCK: a FIFO that somebody put there must not stop the others
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return Left.GONE
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            return Left.NO_FILE
        if error.errno in (errno.EACCES, errno.EPERM):
            return Left.UNREADABLE
        raise
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return Left.NO_FILE
        if 0 <= now - before.st_mtime < settle_seconds:
            return Left.FRESH
        if before.st_size > max_size:
            return Left.TOO_LARGE
        pieces, size = [], 0
        while size <= max_size and (piece := os.read(descriptor, min(_PIECE, max_size + 1 - size))):
            pieces.append(piece)
            size += len(piece)
        after = os.fstat(descriptor)
    except OSError as error:
        if error.errno == errno.EIO:  # a bad block is this file's own trouble
            return Left.BROKEN
        raise
    finally:
        os.close(descriptor)
    if size > max_size:
        return Left.TOO_LARGE
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        return Left.FRESH
    if not size:
        return Left.EMPTY
    return MaildirFile(b"".join(pieces), datetime.fromtimestamp(max(0.0, after.st_mtime), UTC))


def iter_names(folder: Path) -> Iterator[str]:
    """The file names in `new` or `cur`, in no order; folders and hidden files are left out."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and not entry.is_dir(follow_symlinks=False):
                yield entry.name


def put_away(path: Path, after: str, maildir: Path) -> bool:
    """What `after` (cur | keep | delete | move:FOLDER) says of a stored mail; False when the file had gone.

    Raises OSError when the folder does not let us.
    """
    try:
        if after == "delete":
            path.unlink()
        elif after == "cur":
            if path.parent.name == "new":  # in cur another program has it in hand, flags and all
                _move(path, maildir / "cur")
        elif after.startswith("move:"):
            _move(path, make_folder(maildir, after.removeprefix("move:")) / "cur")
    except FileNotFoundError:
        return False
    return True


def folder_of(maildir: Path, name: str) -> Path:
    """Where a folder of that name lies (Maildir++): `Done/2026` is `.Done.2026`, in IMAP's spelling of its letters."""
    parts = [part for part in re.split(r"[/.]", name) if part]
    if not parts or "\0" in name:
        raise Temporary(f"after: move:{name} names no folder; write move:Processed")
    name = ".".join(parts)
    if not name.isascii() or "&" in name:
        from imapclient.imap_utf7 import encode  # type: ignore[import-untyped,unused-ignore]  # RFC 3501 section 5.1.3; what IMAP servers write to disk

        name = encode(name).decode("ascii")
    return maildir / f".{name}"


def make_folder(maildir: Path, name: str) -> Path:
    """That folder of the Maildir, made when it is not there, for whom the Maildir is."""
    folder = folder_of(maildir, name)
    if (folder / "cur").is_dir():
        return folder
    owner = maildir.stat()
    for path in (folder, folder / "tmp", folder / "new", folder / "cur"):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        _give(path, owner)
    # Maildir++: quota counts the folder as a part of the whole
    os.close(os.open(folder / "maildirfolder", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))
    return folder


def _give(path: Path, owner: os.stat_result) -> None:
    """The folder gets the Maildir's mode and owner; no link that somebody put in its place leads root elsewhere."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchmod(descriptor, stat.S_IMODE(owner.st_mode))
        if os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    finally:
        os.close(descriptor)


def _move(path: Path, folder: Path) -> None:
    base, _, flags = path.name.partition(_INFO)
    # A mail that mailproc has in its care counts as read: mail programs do not announce it
    name = f"{base}{_INFO}{''.join(sorted({*flags, SEEN}))}"
    target = folder / name
    if os.path.lexists(target):
        # Somebody uses a name again, which Maildirs forbid; neither mail must overwrite the other
        target = folder / f"{base},T={time.time_ns()}{name[len(base) :]}"
    os.rename(path, target)
