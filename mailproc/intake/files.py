"""Reads mail from files: single mails, folders of them, Maildirs and mboxes, one mail in memory at a time.

Reads only; must not move, mark or change a file.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mailproc.errors import UsageError
from mailproc.intake.base import split_from_line

_MAIL_SUFFIXES = frozenset({".eml", ".mbox", ".mbx"})
_OTHER_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".md", ".py", ".html", ".csv", ".j2", ".gz", ".zip", ".bak"})
_SNIFFED_BYTES = 2_048
_LOOKS_LIKE_MAIL = re.compile(
    rb"^(?:received|return-path|delivered-to|from|to|subject|date|message-id|mime-version|content-type):",
    re.IGNORECASE | re.MULTILINE,
)
# A separator of an mbox: a time of day and, somewhere after it, a year. A sentence that starts with From has none.
_SEPARATOR = re.compile(rb"From [^\r\n]{0,300}?\d\d?:\d\d[^\r\n]{0,60}?\b\d{4}\b")
_HEADER_LINE = re.compile(rb"[!-9;-~]+:")
_QUOTED_FROM = re.compile(rb">+From ")
_COUNTED_BYTES = 8_388_608  # of an mbox; a longer one is counted in part and the rest estimated
_BUFFER_BYTES = 1_048_576


def iter_mails(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """(name, raw mail) of every mail in these files and folders, in the order of their names.

    The name is the path, of a mail in an mbox with its number: `box:3`. A file named outright is read whatever it is
    called; in a folder, hidden files and what does not look like mail are passed over. Raises UsageError for a path
    that cannot be read.
    """
    for path in paths:
        for file in _iter_files(path):
            try:
                yield from _read_file(file)
            except OSError as error:
                raise _unreadable(file, error) from error


def count_mails(paths: Iterable[Path]) -> int:
    """How many mails `iter_mails` will find, for a progress bar: of a large mbox an estimate from its beginning."""
    total = 0
    for path in paths:
        for file in _iter_files(path):
            try:
                total += _count_file(file)
            except OSError as error:
                raise _unreadable(file, error) from error
    return total


def _iter_files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _iter_maildir(path) if (path / "cur").is_dir() and (path / "new").is_dir() else _iter_folder(path)
    elif path.exists():
        yield path
    else:
        raise UsageError(f"{path}: there is no such file or folder")


def _iter_maildir(path: Path) -> Iterator[Path]:
    # One order over both: the names start with the time of delivery. tmp holds what is not finished.
    files = [entry for folder in ("cur", "new") for entry in _entries(path / folder) if entry.is_file()]
    for entry in sorted(files, key=lambda entry: (entry.name, entry.path)):
        if not entry.name.startswith("."):
            yield Path(entry.path)


def _iter_folder(path: Path) -> Iterator[Path]:
    for entry in sorted(_entries(path), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _iter_files(Path(entry.path))
        elif entry.is_file() and _may_hold_mail(Path(entry.path)):
            yield Path(entry.path)


def _entries(path: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError as error:
        raise _unreadable(path, error) from error


def _may_hold_mail(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in _MAIL_SUFFIXES:
        return True
    if suffix in _OTHER_SUFFIXES:
        return False
    try:
        with open(path, "rb") as file:
            start = file.read(_SNIFFED_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error
    return start.startswith(b"From ") or _LOOKS_LIKE_MAIL.search(start) is not None


def _read_file(path: Path) -> Iterator[tuple[str, bytes]]:
    with open(path, "rb", buffering=_BUFFER_BYTES) as file:
        start = file.read(5)
        if start == b"From " and path.suffix.lower() != ".eml":
            for number, raw in enumerate(_iter_mbox(file), 1):
                yield f"{path}:{number}", raw
        elif start:
            # A single mail saved by a program that writes mboxes may carry their first line, too.
            yield str(path), split_from_line(start + file.read())[0]


def _iter_mbox(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The mails of an mbox: separators and one blank line before them removed, `>From ` of mboxrd undone."""
    mail: list[bytes] = []
    waiting: bytes | None = None  # a line that separates if a header field follows it
    is_after_blank = True
    is_first = True
    for line in lines:
        if is_first:  # the first separator: the caller has seen its `From `
            is_first = is_after_blank = False
            continue
        if waiting is not None:
            if _HEADER_LINE.match(line):
                yield _join(mail)
                mail = []
            else:
                mail.append(waiting)
            waiting = None
        if is_after_blank and _SEPARATOR.match(line):
            waiting = line
        else:
            mail.append(line[1:] if line.startswith(b">") and _QUOTED_FROM.match(line) else line)
        is_after_blank = line in (b"\n", b"\r\n")
    if waiting is not None:
        mail.append(waiting)
    if mail:
        yield _join(mail)


def _join(mail: list[bytes]) -> bytes:
    # Every mail of an mbox ends with a blank line that is not its own.
    if mail and mail[-1] in (b"\n", b"\r\n"):
        mail.pop()
    return b"".join(mail)


def _count_file(path: Path) -> int:
    with open(path, "rb") as file:
        if file.read(5) != b"From " or path.suffix.lower() == ".eml":
            return 1
        size = os.fstat(file.fileno()).st_size
        start = file.read(_COUNTED_BYTES)
    counted = 1 + start.count(b"\n\nFrom ") + start.count(b"\r\n\r\nFrom ")
    return max(counted, round(counted * size / _COUNTED_BYTES)) if size > _COUNTED_BYTES else counted


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be read: {error.strerror or error}; check its rights and run this again")
