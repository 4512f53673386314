"""What the first look at a Maildir takes and what it leaves alone (`start`), and what a look would take now.

Reads names and times; opens no mail and changes no file.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as Time
from pathlib import Path

from mailproc.intake.maildirfiles import FOLDERS, iter_names
from mailproc.intake.maildirmemory import MaildirMemory, MaildirNotes, key_of_file
from mailproc.records.polledfolder import Survey
from mailproc.settings.records import IntakeSettings


class ReadOnlyNotes:
    """The notes of a Maildir for a survey: nothing is kept."""

    def __init__(self, notes: MaildirNotes) -> None:
        self.read, self.stored_since = notes.read, notes.stored_since

    def write(self, note: str) -> None:
        """Kept by nobody."""


def open_memory(memory: MaildirMemory, settings: IntakeSettings) -> None:
    """Read what is known of the Maildir; the first time of all, `start` says what is left alone."""
    path = Path(settings.path)
    memory.open(lambda: find_present(path), lambda: find_older(path, settings))


def find_present(path: Path) -> set[int]:
    """Every mail that lies there."""
    return {key_of_file(name) for _, name in _iter_all(path)}


def find_older(path: Path, settings: IntakeSettings) -> set[int]:
    """What is left alone at the first look: everything, nothing, or mail from before a day (UTC)."""
    if not any((path / folder).exists() for folder in FOLDERS):
        return set()  # the mail system makes it for the first mail, which is as new as can be
    if settings.start == "all":
        return set()
    if settings.start == "now":
        return find_present(path)
    assert settings.since is not None
    since = datetime.combine(settings.since, Time(), UTC).timestamp()
    return {
        key_of_file(name)
        for file, name in _iter_all(path)
        if (found := _stat(file)) is not None and found.st_mtime < since
    }


def survey(
    settings: IntakeSettings, memory: MaildirMemory, max_size: int, now: datetime, ack_max_age: timedelta | None
) -> Survey:
    """What a look would take. Raises OSError, StoreUnavailable."""
    path = Path(settings.path)
    open_memory(memory, settings)
    count = size = young = large = alone = 0
    oldest = newest = None
    for file, name in _iter_all(path):
        key = key_of_file(name)
        found = _stat(file)
        if found is None or memory.is_stored(key):
            continue
        if memory.is_left(key):
            alone += 1
            continue
        if found.st_size > max_size:
            large += 1
            continue
        at = datetime.fromtimestamp(max(0.0, found.st_mtime), UTC)
        count, size = count + 1, size + found.st_size
        young += ack_max_age is None or now - at <= ack_max_age
        oldest = at if oldest is None else min(oldest, at)
        newest = at if newest is None else max(newest, at)
    return Survey(settings.name, str(path), count, size, oldest, newest, young, large, alone)


def _iter_all(path: Path) -> Iterator[tuple[Path, str]]:
    for folder in FOLDERS:
        for name in iter_names(path / folder):
            yield path / folder / name, name


def _stat(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return None
