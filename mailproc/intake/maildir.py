"""A Maildir watched for new mail: each file is deposited, and put away only after the durable commit.

The store knows which mail is ours already, never a flag and never the folder it lies in: other programs move mail
from new/ to cur/ and mark it as read whenever they like. `tmp` and folders below are not looked at.
"""

import hashlib
import heapq
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailproc import maillog
from mailproc.errors import MailprocError, StoreUnavailable, Temporary
from mailproc.intake.base import Accepts, Deposit, IntakeStatus, Report, find_recipients
from mailproc.intake.inotify import Changes, FolderWatch
from mailproc.intake.maildirfiles import FOLDERS, Left, MaildirFile, iter_names, put_away, read_mail, unique_of
from mailproc.intake.maildirmemory import MaildirMemory, MaildirNotes, key_of_file
from mailproc.intake.maildirstart import ReadOnlyNotes, open_memory, survey
from mailproc.records.mail import Envelope
from mailproc.records.polledfolder import Survey
from mailproc.settings.records import IntakeSettings

_MOST_BATCH_BYTES = 8_000_000
_MOST_NAMES = 50_000  # of one look at a folder, the oldest; the rest comes with the next look
_MOST_TOLD = 3  # files in the text of a problem
_SWEEP_SECONDS = 300.0  # both folders are read so often, whatever their times of change say
_COARSE_SECONDS = 2.0  # file systems that keep time so coarsely may hide a second change behind the first
_DEPOSIT_SECONDS = 60.0
_LONGEST_PAUSE = 60.0

_File = tuple[Path, str, bool]  # folder, name, True when nobody writes to it any more


class MaildirIntake:
    """One watched Maildir. Raises nothing after `start`: troubles are reported, and it comes again."""

    def __init__(
        self,
        settings: IntakeSettings,
        *,
        deposit: Deposit,
        has_room: Callable[[], bool],
        notes: MaildirNotes,
        addresses: tuple[str, ...],
        max_message_size: int,
        report: Report,
        accepts: Accepts | None = None,
        ack_max_age: timedelta | None = timedelta(hours=24),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        use_inotify: bool = True,
        settle_seconds: float = 1.0,
        shortest_pause: float = 1.0,
    ) -> None:
        self._settings = settings
        self._path = Path(settings.path)
        self._deposit, self._has_room, self._report, self._clock = deposit, has_room, report, clock
        self._addresses, self._accepts, self._max_size = addresses, accepts, max_message_size
        self._ack_max_age, self._use_inotify = ack_max_age, use_inotify
        self._settle_seconds, self._shortest_pause = settle_seconds, shortest_pause
        self._prefix = f"maildir:{settings.name}:"
        self._memory = MaildirMemory(notes, self._prefix, self._path)
        self._unmoved: set[int] = set()  # stored by this process, not yet put away
        self._aside: dict[Path, Left] = {}  # files that are left where they are since the last look, and why
        self._fresh: set[tuple[Path, str]] = set()  # files somebody may still write to
        self._scanned: dict[str, int] = {}  # folders with nothing to take, and their time of change then
        self._sweep_at = 0.0
        self._status = IntakeStatus(settings.name, "maildir")
        self._stopping = threading.Event()
        self._watch: FolderWatch | None = None
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """What the settings call it."""
        return self._settings.name

    def start(self) -> None:
        """Returns once its thread runs; a Maildir that is not there yet is waited for."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"maildir-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nothing is deposited afterwards; stopping twice is fine."""
        self._stopping.set()
        thread, watch = self._thread, self._watch
        if watch is not None:
            watch.wake()
        if thread is not None:
            thread.join()
        self._thread = None

    def poll_once(self) -> int:
        """Takes what is there; how many mails. Raises Temporary when the Maildir or the store is out of reach."""
        before = self._status.taken
        try:
            self._look(Changes(is_all_open=True))
            if self._fresh:
                self._stopping.wait(self._settle_seconds)
                self._look(Changes(tuple((folder, name, False) for folder, name in self._fresh)))
            self._memory.save(is_last=True)
        except (OSError, MailprocError) as error:
            self._say_failing(error)
            raise error if isinstance(error, Temporary) else Temporary(self._status.problem) from error
        self._say_well()
        return self._status.taken - before

    def survey(self) -> Survey:
        """What a look would take now; stores nothing. Raises Temporary when that cannot be told."""
        memory = MaildirMemory(ReadOnlyNotes(self._memory.notes), self._prefix, self._path)
        try:
            return survey(self._settings, memory, self._max_size, self._clock(), self._ack_max_age)
        except OSError as error:
            raise Temporary(self._describe(error)) from error

    # ---- the thread

    def _run(self) -> None:
        failures = 0
        changes = Changes(is_all_open=True)
        while not self._stopping.is_set():
            try:
                watch = self._open_watch()
                self._look(changes)
                self._memory.save()
            except Exception as error:  # one mailbox's trouble must neither end its thread nor touch another
                failures += 1
                self._say_failing(error)
                # Jitter: mailboxes that failed together must not come back together
                pause = min(_LONGEST_PAUSE, self._shortest_pause * 2.0 ** min(failures - 1, 10))
                self._stopping.wait(pause * random.uniform(0.5, 1.0))
                changes = Changes(is_all_open=True)
                continue
            failures = 0
            self._say_well()
            changes = self._wait(watch)
        self._end()

    def _wait(self, watch: FolderWatch) -> Changes:
        fresh = tuple((folder, name, False) for folder, name in self._fresh)
        seconds = self._settle_seconds if fresh else float(self._settings.poll_seconds)
        # `stop` may have come before there was a watch to wake
        changes = watch.wait(0.0 if self._stopping.is_set() else seconds)
        if not changes.arrived and not fresh:
            return Changes(is_all_open=True)
        return Changes((*fresh, *changes.arrived), changes.is_all_open)

    def _end(self) -> None:
        try:
            if self._memory.is_open:
                self._memory.save(is_last=True)
        except MailprocError as error:
            maillog.warned("maildir", intake=self.name, problem=f"its note was not kept: {error}")
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _open_watch(self) -> FolderWatch:
        watch = self._watch
        if watch is not None and (watch.is_watching or watch.problem or not self._use_inotify):
            return watch
        if watch is not None:
            watch.close()
            self._watch = None
        open_memory(self._memory, self._settings)
        watch = self._watch = FolderWatch([self._path / name for name in FOLDERS], use_inotify=self._use_inotify)
        if watch.problem:
            maillog.warned("maildir", intake=self.name, problem=f"{watch.problem}: polled instead")
        self._scanned.clear()  # something may have come between the last look and this watch
        return watch

    # ---- one look

    def _look(self, changes: Changes) -> None:
        open_memory(self._memory, self._settings)
        if not changes.is_all_open:
            self._take(changes.arrived)
            return
        self._aside.clear()
        self._fresh.clear()
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + _SWEEP_SECONDS
            self._scanned.clear()
        present: set[int] = set()
        is_whole = True
        for folder in FOLDERS:
            is_rest = True
            while is_rest and not self._stopping.is_set():
                names, is_rest, was_read = self._scan(folder, present)
                is_whole = is_whole and was_read
                self._take((self._path / folder, name, False) for name in names)
        if is_whole and not self._stopping.is_set():
            self._memory.forget_others(present)
            self._unmoved &= present

    def _scan(self, folder: str, present: set[int]) -> tuple[list[str], bool, bool]:
        """(names to take, oldest first; whether there are more; whether the folder had to be read)."""
        path = self._path / folder
        changed_at = os.stat(path).st_mtime_ns
        if changed_at == self._scanned.get(folder):
            return [], False, False
        started = time.time()

        def wanted() -> Iterator[str]:
            for name in iter_names(path):
                key = key_of_file(name)
                present.add(key)
                if path / name not in self._aside and (path, name) not in self._fresh and self._wants(folder, key):
                    yield name

        names = heapq.nsmallest(_MOST_NAMES + 1, wanted())  # by name: they begin with the time of delivery
        if not names and started - changed_at / 1e9 > _COARSE_SECONDS:
            self._scanned[folder] = changed_at
        return names[:_MOST_NAMES], len(names) > _MOST_NAMES, True

    def _wants(self, folder: str, key: int) -> bool:
        """Whether there is something to do about this mail where it lies."""
        if self._memory.is_left(key):
            return False
        if not self._memory.is_stored(key):
            return True
        after = self._settings.after
        return after != "keep" and (after != "cur" or folder == "new")

    def _take(self, files: Iterable[_File]) -> None:
        batch: list[tuple[Path, int, Future[int]]] = []
        size = 0
        try:
            for folder, name, is_complete in files:
                if self._stopping.is_set():
                    break
                path, key = folder / name, key_of_file(name)
                if name.startswith(".") or not self._wants(folder.name, key):
                    continue
                if key in self._unmoved:
                    self._put_away(path, key)
                    continue
                mail = self._read(path, is_complete)
                if mail is None:
                    continue
                batch.append((path, key, self._hand_over(mail, unique_of(name))))
                size += len(mail.raw)
                if len(batch) >= self._settings.batch or size >= _MOST_BATCH_BYTES:
                    full, batch, size = batch, [], 0
                    self._settle(full)
        finally:
            # After trouble, too: nothing is in flight when this returns
            self._settle(batch)

    def _read(self, path: Path, is_complete: bool) -> MaildirFile | None:
        if not self._has_room():
            raise Temporary(
                f"maildir {self._path}: the disk under the database has no room for two more mails of the largest "
                "size; free some, nothing is taken until then"
            )
        seconds = 0.0 if is_complete else self._settle_seconds
        mail = read_mail(path, self._max_size, settle_seconds=seconds, now=time.time())
        self._fresh.discard((path.parent, path.name))
        if not isinstance(mail, Left):
            return mail
        if mail is Left.FRESH:
            self._fresh.add((path.parent, path.name))
        elif mail is not Left.GONE:
            self._leave(path, mail)
        return None

    def _hand_over(self, mail: MaildirFile, unique: str) -> "Future[int]":
        # Careless programs use a name again for another mail: its bytes are a part of what it is known by
        digest = hashlib.sha256(mail.raw).hexdigest()[:16]
        envelope = Envelope(
            kind="maildir",
            received_at=self._clock(),
            recipients=find_recipients(mail.raw, self._addresses, self._accepts),
            identity=f"{self._prefix}{unique}:{digest}",
            stored_at=mail.stored_at,
        )
        return self._deposit(mail.raw, envelope)

    def _settle(self, batch: Sequence[tuple[Path, int, "Future[int]"]]) -> None:
        """Put away what is durably stored. Raises what kept a mail out of the store, after all the others."""
        trouble: Exception | None = None
        for path, key, future in batch:
            try:
                future.result(_DEPOSIT_SECONDS)
            except TimeoutError:
                trouble = StoreUnavailable(f"the database gave no answer within {_DEPOSIT_SECONDS:g} s")
            except Exception as error:  # whatever it was: the others of this batch are stored and are put away
                trouble = error
            else:
                self._memory.add(key)
                self._unmoved.add(key)
                self._status = replace(self._status, taken=self._status.taken + 1, last_mail=self._clock())
                self._put_away(path, key)
        if trouble is not None:
            raise trouble

    def _put_away(self, path: Path, key: int) -> None:
        try:
            put_away(path, self._settings.after, self._path)
        except OSError as error:
            self._leave(path, Left.UNMOVED, error)
        else:
            self._unmoved.discard(key)

    def _leave(self, path: Path, why: Left, error: OSError | None = None) -> None:
        self._aside[path] = why
        if len(self._aside) <= _MOST_TOLD and not self._status.problem:
            maillog.warned("maildir", intake=self.name, file=str(path), problem=why, error=error)

    # ---- how it fares

    def _say_well(self) -> None:
        first = list(self._aside.items())[:_MOST_TOLD]
        told = "; ".join(f"{path.parent.name}/{path.name}: {why}" for path, why in first)
        more = f" (and {len(self._aside) - _MOST_TOLD} more)" if len(self._aside) > _MOST_TOLD else ""
        problem = f"maildir {self._path}: {len(self._aside)} files stay where they are: {told}{more}" if told else ""
        self._status = replace(self._status, last_success=self._clock(), failing_since=None, problem=problem)
        self._report(self._status)

    def _say_failing(self, error: Exception) -> None:
        problem = self._describe(error)
        if problem != self._status.problem:
            maillog.intake_failed(self.name, problem=problem)
        since = self._status.failing_since or self._clock()
        self._status = replace(self._status, failing_since=since, problem=problem)
        self._report(self._status)

    def _describe(self, error: Exception) -> str:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return f"maildir {self._path}: there is no Maildir (cur, new, tmp) yet; check `path`"
        if isinstance(error, PermissionError):
            return f"maildir {self._path}: {error.filename} may not be read by mailproc's user; correct owner or mode"
        if isinstance(error, OSError):
            return f"maildir {self._path}: {error.strerror or error}; check its file system"
        return str(error) if isinstance(error, MailprocError) else f"{type(error).__name__}: {error}"
