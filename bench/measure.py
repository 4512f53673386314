"""Measures contenders over the same mails in one run and lays the figures out as a table; knows nothing of mail."""

import gc
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rounds:
    """Milliseconds a mail of one contender, one figure a round."""

    cpu: tuple[float, ...]
    wall: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.cpu)

    @property
    def median(self) -> float:
        return statistics.median(self.cpu)

    def ratio_to(self, other: "Rounds") -> float:
        """Median over the rounds of this contender's CPU over the other's in the same round."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.cpu, other.cpu, strict=True))


Job = Callable[[], int]


def run_rounds(rounds: Sequence[Mapping[str, Job]]) -> dict[str, Rounds]:
    """Runs each round's jobs one after another, in an order that turns; a job returns how many mails it did.

    CPU is that of the whole process, its threads included, so that work cannot hide in a thread.
    """
    cpu: dict[str, list[float]] = {name: [] for name in rounds[0]}
    wall: dict[str, list[float]] = {name: [] for name in rounds[0]}
    for number, jobs in enumerate(rounds):
        names = list(jobs)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            gc.collect()
            cpu_at, wall_at = time.process_time(), time.perf_counter()
            done = jobs[name]()
            cpu[name].append((time.process_time() - cpu_at) * 1000 / done)
            wall[name].append((time.perf_counter() - wall_at) * 1000 / done)
    return {name: Rounds(tuple(cpu[name]), tuple(wall[name])) for name in cpu}


def time_command(command: Sequence[str], runs: int = 10) -> tuple[float, float]:
    """(CPU, wall) seconds of a command that ends by itself; the median of its runs, after one to warm the disk."""
    cpu, wall = [], []
    for _ in range(runs + 1):
        wall_at = time.perf_counter()
        pid = os.posix_spawnp(command[0], list(command), os.environ, file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])  # fmt: skip
        _, status, usage = os.wait4(pid, 0)
        if status:
            raise RuntimeError(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
        cpu.append(usage.ru_utime + usage.ru_stime)
        wall.append(time.perf_counter() - wall_at)
    return statistics.median(cpu[1:]), statistics.median(wall[1:])


def format_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a terminal: the first column to the left, all others to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        return "  ".join(cells).rstrip()

    return "\n".join(["", title, line(head), "  ".join("-" * width for width in widths), *map(line, rows)])
