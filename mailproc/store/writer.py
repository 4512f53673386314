"""The one writing connection: waiting jobs share a transaction and learn of its end after the COMMIT.

Urgent jobs (accepts) go first and are committed as soon as none of them waits. A thread of its own works for those
who do not wait; who waits anyway does the work itself when nobody else is at it. It decides nothing about mail.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from mailproc.errors import MailprocError, StoreUnavailable
from mailproc.store.connection import Connection, Fault
from mailproc.store.transaction import Tx

MOST_JOBS = 50
MOST_NORMAL_SECONDS = 0.025
LONGEST_NORMAL_WAIT = 0.1
_MOST_ATTEMPTS = 5


class Job:
    """One piece of work with the future that learns its end."""

    __slots__ = ("attempts", "future", "is_alone", "is_started", "is_urgent", "since", "work")

    def __init__(self, work: Callable[[Tx], Any], *, is_urgent: bool) -> None:
        self.work = work
        self.future: Future[Any] = Future()
        self.is_urgent = is_urgent
        self.since = time.monotonic()
        self.attempts = 0
        self.is_alone = False  # shares its transaction with nobody
        self.is_started = False

    def start(self) -> bool:
        """False when nobody waits for this job any more."""
        if not self.is_started:
            self.is_started = self.future.set_running_or_notify_cancel()
        return self.is_started


class Writer:
    """Owns the writing connection; `submit` may be called from any thread."""

    def __init__(self, connection: Connection, connect: Callable[[], Connection], patience_seconds: float) -> None:
        self._patience = patience_seconds  # how long a job may wait for locks that others hold
        self._connection: Connection | None = connection
        self._connect = connect
        self._condition = threading.Condition()
        self._urgent: deque[Job] = deque()
        self._normal: deque[Job] = deque()
        self._taken: list[Job] = []  # of the transaction under way
        self._is_closing = False
        self._worker = 0  # the thread that has the connection, 0 while nobody has
        self._thread = threading.Thread(target=self._run, name="mailproc-store", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Tx], Any], *, is_urgent: bool) -> Future[Any]:
        """Queue a job. Its future fails with StoreUnavailable when the store was closed."""
        job = Job(work, is_urgent=is_urgent)
        with self._condition:
            if self._is_closing:
                job.future.set_exception(StoreUnavailable("the database was closed; mailproc is stopping"))
                return job.future
            (self._urgent if is_urgent else self._normal).append(job)
            if not self._worker:
                self._condition.notify()
        return job.future

    def run(self, work: Callable[[Tx], Any], *, is_urgent: bool) -> Any:
        """The job's result, after the COMMIT. With nobody at work this thread does it: waking another costs more.

        Raises what the job raised, or StoreUnavailable.
        """
        job = Job(work, is_urgent=is_urgent)
        with self._condition:
            if self._is_closing:
                raise StoreUnavailable("the database was closed; mailproc is stopping")
            (self._urgent if is_urgent else self._normal).append(job)
            is_free = not self._worker
            if is_free:
                self._worker = threading.get_ident()
        if is_free:
            try:
                while not job.future.done():
                    self._work_once()
            finally:
                self._rest()
        return job.future.result()

    def waiting_urgent(self) -> int:
        """How many urgent jobs wait for a transaction."""
        return len(self._urgent)

    def is_own_thread(self) -> bool:
        """True inside a job."""
        return self._worker == threading.get_ident()

    def close(self) -> None:
        """Do what waits, then close the connection."""
        with self._condition:
            self._is_closing = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._condition:
                while self._worker or not (self._urgent or self._normal):
                    if self._is_closing and not self._worker:
                        self._drop_connection()
                        return
                    self._condition.wait()
                self._worker = threading.get_ident()
            self._work_once()
            self._rest()

    def _rest(self) -> None:
        """Let go of the connection; what waits by now is for the writer's own thread."""
        with self._condition:
            self._worker = 0
            if self._urgent or self._normal or self._is_closing:
                self._condition.notify()

    def _work_once(self) -> None:
        try:
            self._run_transaction()
        except BaseException as error:
            # Whatever it was: a writer that dies would leave everybody waiting for ever
            self._drop_connection()
            self._refuse_waiting(error)
            for job in self._taken:
                if not job.future.done():
                    _fail(job, error, None)

    def _run_transaction(self) -> None:
        try:
            connection = self._begin()
        except MailprocError as error:
            self._refuse_waiting(error)
            return
        self._taken.clear()
        done: list[tuple[Job, Any]] = []
        has_urgent, normal_seconds = False, 0.0
        while len(done) < MOST_JOBS:
            job = self._take(bool(done), has_urgent, normal_seconds)
            if job is None:
                break
            if not job.start():
                continue
            began = time.monotonic()
            try:
                result = self._attempt(connection, job, is_first=not done)
            except BaseException as error:  # a job may raise anything; its future gets it
                if not self._survive(connection, job, error, done):
                    return
                continue
            done.append((job, result))
            if job.is_urgent:
                has_urgent = True
            else:
                normal_seconds += time.monotonic() - began
            if job.is_alone:
                break
        self._commit(connection, done)

    def _take(self, has_company: bool, has_urgent: bool, normal_seconds: float) -> Job | None:
        """The next job for this transaction, None when it should be committed now."""
        with self._condition:
            urgent, normal = self._urgent, self._normal
            may_run_normal = bool(normal) and normal_seconds < MOST_NORMAL_SECONDS
            starves = may_run_normal and time.monotonic() - normal[0].since > LONGEST_NORMAL_WAIT
            if urgent and not (starves and has_urgent):
                queue = urgent
            elif may_run_normal and (starves or not has_urgent):
                queue = normal
            else:
                return None
            if queue[0].is_alone and has_company:
                return None
            job = queue.popleft()
        self._taken.append(job)
        return job

    def _attempt(self, connection: Connection, job: Job, *, is_first: bool) -> Any:
        # The first job needs no savepoint: when it fails, the transaction holds nothing else
        has_savepoint = connection.undoes_cheaply and not is_first
        if has_savepoint:
            connection.execute("SAVEPOINT job")
        result = job.work(Tx(connection, is_alone=is_first))
        if not connection.is_in_transaction():
            raise RuntimeError("a job of the store ended its transaction or hid a failed statement")
        if has_savepoint:
            connection.execute("RELEASE SAVEPOINT job")
        return result

    def _survive(self, connection: Connection, job: Job, error: BaseException, done: list[tuple[Job, Any]]) -> bool:
        """Undo one job; True when the transaction with the others goes on."""
        connection.spare_serial = None
        fault, text = connection.judge(error)
        lives = False
        try:
            if done and connection.undoes_cheaply and not connection.is_lost():
                connection.execute("ROLLBACK TO SAVEPOINT job")
                connection.execute("RELEASE SAVEPOINT job")
                lives = True
        except connection.errors as second:
            connection.judge(second)
        if not lives:
            self._abandon(connection)
            # Nothing was committed, and the others did nothing wrong: they run again
            for other, _ in reversed(done):
                self._again(other, StoreUnavailable(text))
        if fault is Fault.LOCKED and (done or time.monotonic() - job.since < self._patience):
            # Behind the others, who do not have to wait for what it waits for
            job.is_alone = True
            with self._condition:
                (self._urgent if job.is_urgent else self._normal).append(job)
        elif fault is Fault.RETRY:
            self._again(job, StoreUnavailable(text))
        else:
            _fail(job, error if fault is Fault.OWN else StoreUnavailable(text), error)
        return lives

    def _commit(self, connection: Connection, done: list[tuple[Job, Any]]) -> None:
        try:
            connection.commit()
        except connection.errors as error:
            connection.spare_serial = None
            fault, text = connection.judge(error)
            was_lost = connection.is_lost()
            self._abandon(connection)
            for job, _ in reversed(done):
                if was_lost:
                    # It may be in force or not (F12): who asked looks it up by its unique key and asks again
                    _fail(job, StoreUnavailable(f"{text}; it is not known whether the last change was kept"), error)
                elif len(done) > 1 or fault is Fault.RETRY:
                    self._again(job, StoreUnavailable(text))
                else:
                    _fail(job, error if fault is Fault.OWN else StoreUnavailable(text), error)
            return
        for job, result in done:
            job.future.set_result(result)

    def _begin(self) -> Connection:
        connection = self._connection
        if connection is not None:
            try:
                connection.begin()
                return connection
            except connection.errors as error:
                fault, text = connection.judge(error)
                if fault is Fault.OWN:
                    self._drop_connection()
                if not connection.is_lost():
                    raise StoreUnavailable(text) from error
            # The server went away while nothing was under way: a new connection makes it good
            self._drop_connection()
        connection = self._connection = self._connect()
        try:
            connection.begin()
        except connection.errors as error:
            self._drop_connection()
            raise StoreUnavailable(connection.judge(error)[1]) from error
        return connection

    def _abandon(self, connection: Connection) -> None:
        try:
            if not connection.is_lost():
                connection.rollback()
        except connection.errors as error:
            connection.judge(error)
            self._drop_connection()
        if connection.is_lost():
            self._drop_connection()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _again(self, job: Job, last: BaseException) -> None:
        job.attempts += 1
        if job.attempts >= _MOST_ATTEMPTS:
            _fail(job, last, None)
            return
        job.is_alone = True
        if job.attempts > 1:
            # Two processes that met once should not meet again at the same moment
            time.sleep(random.uniform(0.001, 0.02) * job.attempts)
        with self._condition:
            (self._urgent if job.is_urgent else self._normal).appendleft(job)

    def _refuse_waiting(self, error: BaseException) -> None:
        """Nobody gets the database now: everybody who waits is told at once instead of one by one."""
        with self._condition:
            jobs = [*self._urgent, *self._normal]
            self._urgent.clear()
            self._normal.clear()
        for job in jobs:
            if not job.future.done() and job.start():
                _fail(job, error, None)


def _fail(job: Job, error: BaseException, cause: BaseException | None) -> None:
    if cause is not None and cause is not error:
        error.__cause__ = cause
    job.future.set_exception(error)
