"""Tells when files come into a folder: by inotify where the kernel has it, else never, and the caller polls.

A hint and nothing more: changes made by other hosts of a network file system are not seen, so whoever waits here
looks for himself from time to time.
"""

import errno
import os
import select
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

try:
    import inotify_simple
except (ImportError, OSError):  # no Linux, or a C library without it
    inotify_simple = None

_GATHER_SECONDS = 0.02  # a delivery makes several events; a burst is read at once
_MOST_NAMES = 2_000  # past so many a look at the folder is cheaper


@dataclass(frozen=True, slots=True)
class Changes:
    """What came while waiting."""

    arrived: tuple[tuple[Path, str, bool], ...] = ()  # (folder, file name, True when nobody writes to it any more)
    is_all_open: bool = False  # anything may have changed: look at the folders themselves


class FolderWatch:
    """Watches folders that exist; `wait` and `close` belong to one thread, `wake` to any."""

    def __init__(self, folders: Sequence[Path], *, use_inotify: bool = True) -> None:
        self.problem = ""  # why there is no inotify here
        self._folders: dict[int, Path] = {}
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._reader, select.POLLIN)
        self._inotify = None
        if not use_inotify or inotify_simple is None:
            self.problem = "" if not use_inotify else "this system has no inotify"
            return
        flags = inotify_simple.flags
        mask = flags.CREATE | flags.CLOSE_WRITE | flags.MOVED_TO | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR
        try:
            self._inotify = inotify_simple.INotify(nonblocking=True)
            for folder in folders:
                self._folders[self._inotify.add_watch(folder, mask)] = folder
        except OSError as error:
            self._drop_inotify()
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                self.close()
                raise
            # ENOSPC and EMFILE: the limits of fs.inotify in sysctl; ENOSYS: a kernel or sandbox without it
            self.problem = f"inotify: {error.strerror}"
            return
        self._poll.register(self._inotify.fileno(), select.POLLIN)

    @property
    def is_watching(self) -> bool:
        """False where the caller has to poll."""
        return self._inotify is not None

    def wait(self, seconds: float) -> Changes:
        """What came until something did, `wake` was called, or the time was up."""
        ready = {descriptor for descriptor, _ in self._poll.poll(max(0.0, seconds) * 1000)}
        if self._reader in ready:
            with suppress(BlockingIOError):
                os.read(self._reader, 4096)
        if self._inotify is None or self._inotify.fileno() not in ready:
            return Changes()
        select.select((), (), (), _GATHER_SECONDS)
        return self._read()

    def wake(self) -> None:
        """End a `wait` now."""
        with suppress(OSError):  # the pipe is full of wakes, or closed by now
            os.write(self._writer, b"x")

    def close(self) -> None:
        """Watch no more; closing twice is fine."""
        self._drop_inotify()
        for descriptor in (self._reader, self._writer):
            if descriptor >= 0:
                os.close(descriptor)
        self._reader = self._writer = -1

    def _read(self) -> Changes:
        assert self._inotify is not None and inotify_simple is not None
        flags = inotify_simple.flags
        arrived: dict[tuple[Path, str], bool] = {}
        for event in self._inotify.read(timeout=0):
            folder = self._folders.get(event.wd)
            if event.mask & flags.IGNORED or event.mask & (flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT):
                # The folder was replaced: the watch is on what it was, and has to be made anew
                self._drop_inotify()
                return Changes(is_all_open=True)
            if event.mask & flags.Q_OVERFLOW or folder is None:
                return Changes(is_all_open=True)
            if event.name and not event.mask & flags.ISDIR:
                is_complete = bool(event.mask & (flags.MOVED_TO | flags.CLOSE_WRITE))
                arrived[folder, event.name] = is_complete or arrived.get((folder, event.name), False)
        if len(arrived) > _MOST_NAMES:
            return Changes(is_all_open=True)
        return Changes(tuple((folder, name, done) for (folder, name), done in arrived.items()))

    def _drop_inotify(self) -> None:
        if self._inotify is not None:
            with suppress(KeyError):
                self._poll.unregister(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None
