"""The board of a running daemon: how each way in fares and what it suffers from, kept and written to the store.

Intakes report from their own threads and never wait for the database; `beat`, called by the daemon's watch, writes.
It decides nothing: `alarms` tells the operator, `doctor.vitals` judges.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from mailproc import __version__
from mailproc.doctor.refusals import explain_refusal
from mailproc.errors import StoreUnavailable
from mailproc.intake.base import IntakeStatus, one_line
from mailproc.settings import Settings
from mailproc.store import vitals
from mailproc.store.database import Store
from mailproc.store.transaction import Tx
from mailproc.store.vitals import Heartbeat, IntakeNote

BEAT_SECONDS = 10.0  # `mailproc health` waits for several of them before it calls a daemon dead
CHANGE_SECONDS = 1.0  # a change is written sooner
ALIVE_SECONDS = 30.0  # a watch that has not called for so long hangs
STORE = "store"  # the difficulty that the database is away
_FORGOTTEN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Something that is wrong and belongs to no way in: the delivery, the rules, the disk."""

    key: str
    text: str
    since: datetime
    is_urgent: bool = False  # waiting does not help: somebody must do something


class StatusBoard:
    """One daemon's board; every method may be called from any thread, `beat` and `start` from one at a time."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        host: str = "",
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.host = host or socket.gethostname()
        self.started_at = clock()
        self.store_latency = 0.0  # seconds the last heartbeat took to be durable
        self.store_problem = ""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._statuses: dict[str, IntakeStatus] = {}
        self._written: dict[str, IntakeStatus] = {}
        self._former_mail: dict[str, datetime] = {}  # when a way in last got mail, before this daemon started
        self._difficulties: dict[str, Difficulty] = {}
        self._well: set[str] = set()  # what was looked at and found well
        self._written_troubles: tuple[str, ...] = ()
        self._written_at = float("-inf")
        self._called_at = monotonic()
        self._is_stopped = False

    def start(self) -> None:
        """Note that this daemon lives; of what an earlier one noted, only the times of the last mails stay.

        Raises StoreUnavailable.
        """
        names = {intake.name for intake in self.settings.intakes}

        def job(tx: Tx) -> dict[str, datetime]:
            vitals.forget_heartbeats(tx, self.clock() - _FORGOTTEN_AFTER)
            former = [note for note in vitals.read_intakes(tx) if note.host == self.host]
            vitals.forget_intakes(tx, self.host)
            kept = [note for note in former if note.last_mail and find_intake_name(self.settings, note.name) in names]
            for note in kept:
                vitals.write_intake(tx, IntakeNote(note.name, note.kind, self.host, note.at, last_mail=note.last_mail))
            return {note.name: note.last_mail for note in kept if note.last_mail}

        former_mail = self.store.run(job)
        with self._lock:
            self._former_mail = former_mail
        self.beat(is_forced=True)

    def report(self, status: IntakeStatus) -> None:
        """How a way in fares now; what its server said is put into plain words."""
        status = replace(status, problem=one_line(status.problem))
        status = replace(status, problem=self._explain(status))
        with self._lock:
            if status.last_mail is None:
                status = replace(status, last_mail=self._former_mail.get(status.name))
            self._statuses[status.name] = status

    def suffer(self, key: str, text: str, *, is_urgent: bool = False) -> None:
        """Something is wrong (or still wrong) with what `key` names; "" when it is well again."""
        text = "\n".join(map(one_line, text.splitlines()))
        with self._lock:
            former = self._difficulties.get(key)
            if not text:
                self._difficulties.pop(key, None)
                self._well.add(key)
            elif former is None or (former.text, former.is_urgent) != (text, is_urgent):
                since = former.since if former else self.clock()
                self._difficulties[key] = Difficulty(key, text, since, is_urgent)

    def is_well(self, key: str) -> bool:
        """True when what the key names was looked at since the start, and is well."""
        with self._lock:
            return key in self._well and key not in self._difficulties

    def statuses(self) -> tuple[IntakeStatus, ...]:
        """All ways in that ever reported, by name."""
        with self._lock:
            return tuple(status for _, status in sorted(self._statuses.items()))

    def difficulties(self) -> tuple[Difficulty, ...]:
        """What is wrong besides."""
        with self._lock:
            return tuple(self._difficulties.values())

    def is_alive(self) -> bool:
        """False when the daemon's watch hangs or was stopped."""
        return not self._is_stopped and self._monotonic() - self._called_at < ALIVE_SECONDS

    @property
    def is_stopped(self) -> bool:
        """True once the daemon drains."""
        return self._is_stopped

    def beat(self, *, is_forced: bool = False) -> None:
        """Write what is due: every ten seconds, sooner after a change. Raises StoreUnavailable."""
        now = self._called_at = self._monotonic()
        statuses = {status.name: status for status in self.statuses()}
        # That the store is away is no longer so where this can be written
        troubles = tuple(f"{item.key}: {item.text}" for item in self.difficulties() if item.key != STORE)
        changed = [status for name, status in statuses.items() if _differs(self._written.get(name), status)]
        wait = CHANGE_SECONDS if changed or troubles != self._written_troubles else BEAT_SECONDS
        if not is_forced and now - self._written_at < wait:
            return
        self._written_at = now  # a store that is away is not asked more often than one that answers
        notes = [self._as_note(status) for status in statuses.values() if self._written.get(status.name) != status]
        heartbeat = self._heartbeat(troubles)

        def job(tx: Tx) -> None:
            vitals.write_heartbeat(tx, heartbeat)
            for note in notes:
                vitals.write_intake(tx, note)

        started = time.perf_counter()
        try:
            self.store.run(job)
        except StoreUnavailable as error:
            self.store_problem = str(error)
            self.suffer(STORE, f"nothing is taken in or sent: {error}")
            raise
        self.store_latency, self.store_problem = time.perf_counter() - started, ""
        self.suffer(STORE, "")
        self._written, self._written_troubles = statuses, troubles

    def stop(self) -> None:
        """Note that the daemon ends as it should. Raises StoreUnavailable."""
        self._is_stopped = True
        self.store.run(lambda tx: vitals.write_heartbeat(tx, self._heartbeat(())))

    def _heartbeat(self, troubles: tuple[str, ...]) -> Heartbeat:
        return Heartbeat(
            self.host,
            str(self.settings.path),
            self.clock(),
            self.started_at,
            os.getpid(),
            __version__,
            self._is_stopped,
            troubles,
        )

    def _as_note(self, status: IntakeStatus) -> IntakeNote:
        return IntakeNote(
            status.name,
            status.kind,
            self.host,
            self.clock(),
            status.last_success,
            status.last_mail,
            status.failing_since,
            status.problem,
            status.taken,
        )

    def _explain(self, status: IntakeStatus) -> str:
        host = find_host(self.settings, status.name)
        told = explain_refusal(status.problem, status.kind, host) if status.problem else None
        if told is None or told.remedy in status.problem:
            return status.problem
        return f"{told} (it said: {status.problem})"


def find_intake_name(settings: Settings, name: str) -> str:
    """The name in the settings of the way in that reports as `name`, which may name a folder of it, too."""
    names = sorted((intake.name for intake in settings.intakes), key=len, reverse=True)
    return next((known for known in names if name == known or name.startswith((f"{known}/", f"{known}:", f"{known} "))),
                name)  # fmt: skip


def find_host(settings: Settings, name: str) -> str:
    """The server a way in reads from, "" for one that has none."""
    known = find_intake_name(settings, name)
    return next((intake.host for intake in settings.intakes if intake.name == known), "")


def _differs(former: IntakeStatus | None, status: IntakeStatus) -> bool:
    """Whether somebody who looks should know at once; counts and times may wait for the next heartbeat."""
    if former is None:
        return True
    return (former.failing_since, former.problem, former.kind) != (status.failing_since, status.problem, status.kind)
