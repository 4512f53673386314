"""Spreads tasks over processes and gives the results back in the order of the tasks.

A process that dies or does not end costs its own task and no other. Knows nothing of mail; keeps a few tasks a process
in memory and no more.
"""

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 8  # tasks a process that may be done before their turn to be given back
_LOOK_SECONDS = 5.0  # how often an idle process looks whether its parent is still there


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may take before its process is ended."""

    cpu_seconds: float = 20.0
    wall_seconds: float = 120.0  # a task that waits for a file of a disk that is gone uses no CPU


@dataclass(frozen=True, slots=True)
class Died:
    """Stands for the result of a task whose process did not live to give one."""

    reason: str


@dataclass(slots=True)
class _Job(Generic[T, R]):
    task: T
    results: list[R | Died] = field(default_factory=list)  # one, once there is one


def count_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def run_ordered(
    tasks: Iterable[T], work: Callable[[T], R], processes: int, limits: Limits = Limits()
) -> Iterator[tuple[T, R | Died]]:
    """Each task with its result, in the order of the tasks; `work` is a function of a module, or a partial of one."""
    coming = iter(tasks)
    jobs: deque[_Job[T, R]] = deque()
    workers: list[_Worker[T, R]] = []
    has_more = True
    try:
        while True:
            while has_more and len(jobs) < processes * _AHEAD:
                worker = next((one for one in workers if one.job is None), None)
                if worker is None and len(workers) >= processes:
                    break
                try:
                    job = _Job[T, R](next(coming))
                except StopIteration:
                    has_more = False
                    break
                if worker is None:
                    worker = _Worker(work, limits)
                    workers.append(worker)
                jobs.append(job)
                worker.give(job)
            if not jobs:
                return
            if jobs[0].results:
                job = jobs.popleft()
                yield job.task, job.results[0]
                continue
            _collect([worker for worker in workers if worker.job is not None])
    finally:
        for worker in workers:
            worker.stop()


def _collect(busy: "list[_Worker[T, R]]") -> None:
    """Wait until one of these has a result, is dead or has had its time."""
    patience = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
    ready = wait([worker.connection for worker in busy], patience)
    for worker in busy:
        if worker.connection in ready:
            worker.take()
        elif time.monotonic() >= worker.deadline:
            worker.give_up()


class _Worker(Generic[T, R]):
    """One process, seen from its parent; it starts again when it has died."""

    def __init__(self, work: Callable[[T], R], limits: Limits) -> None:
        self.work, self.limits = work, limits
        self.job: _Job[T, R] | None = None
        self.deadline = 0.0
        self._start()

    def _start(self) -> None:
        # fork takes over what is imported already, but is safe with one thread only, which Linux alone promises here
        context: Any = get_context("fork" if sys.platform == "linux" else "spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(theirs, self.work, self.limits.cpu_seconds, os.getpid()), daemon=True
        )
        self.process.start()
        theirs.close()

    def give(self, job: _Job[T, R]) -> None:
        """Hand the job to the process."""
        self.job, self.deadline = job, time.monotonic() + self.limits.wall_seconds
        try:
            self.connection.send(job.task)
        except (BrokenPipeError, ConnectionResetError):
            # It was killed while it had nothing to do, which is no fault of this task
            self.stop()
            self._start()
            self.connection.send(job.task)

    def take(self) -> None:
        """Read the result, or find the process dead."""
        assert self.job is not None
        try:
            self.job.results.append(self.connection.recv())
        except (EOFError, ConnectionResetError):
            self.process.join()
            self._replace(self._say_why())
        self.job = None

    def give_up(self) -> None:
        """End a process that does not come to an end."""
        self._replace(f"had no answer after {self.limits.wall_seconds:g} s")
        self.job = None

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.connection.close()

    def _replace(self, reason: str) -> None:
        assert self.job is not None
        self.job.results.append(Died(reason))
        self.stop()
        self._start()

    def _say_why(self) -> str:
        code = self.process.exitcode or 0
        if code == -signal.SIGPROF:
            return f"needs more than {self.limits.cpu_seconds:g} s of CPU"
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return f"its process {how}"


def _serve(connection: Connection, work: Callable[[T], R], cpu_seconds: float, parent: int) -> None:
    """A process's life: task in, result out, until its parent is gone or ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends us
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    while True:
        # A sibling forked later holds our parent's end of the pipe too, so that its end may not be seen
        while not connection.poll(_LOOK_SECONDS):
            if os.getppid() != parent:
                return
        try:
            task = connection.recv()
        except EOFError:
            return
        # The kernel ends us when the time is up, even inside a regular expression that no handler would interrupt
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        result = work(task)
        signal.setitimer(signal.ITIMER_PROF, 0)
        connection.send(result)
