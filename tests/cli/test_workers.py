"""Tasks over processes: the order holds, and a process that dies or hangs costs its own task and no other."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from mailproc.cli.workers import Died, Limits, run_ordered


def double(task: int) -> int:
    time.sleep(0.02 if task % 5 == 0 else 0)
    return 2 * task


def misbehave(task: str) -> str:
    if task == "die":
        os._exit(3)
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "spin":
        while True:
            pass
    if task == "sleep":
        time.sleep(60)
    return task


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_the_order_of_the_tasks(processes: int) -> None:
    assert list(run_ordered(range(60), double, processes)) == [(number, 2 * number) for number in range(60)]


def test_nothing_is_given_back_when_there_is_nothing_to_do() -> None:
    assert list(run_ordered((), double, 2)) == []


@pytest.mark.parametrize(
    ("bad", "limits", "reason"),
    [
        ("die", Limits(), "its process ended with 3"),
        ("killed", Limits(), "its process was ended by SIGKILL"),
        ("spin", Limits(cpu_seconds=0.3), "needs more than 0.3 s of CPU"),
        ("sleep", Limits(wall_seconds=0.5), "had no answer after 0.5 s"),
    ],
)
@pytest.mark.parametrize("processes", [1, 2])
def test_a_bad_task_costs_itself_only_when(bad: str, limits: Limits, reason: str, processes: int) -> None:
    tasks = ["a", "b", bad, "c", bad, "d", "e"]
    found = list(run_ordered(tasks, misbehave, processes, limits))
    assert [found[number] for number in (2, 4)] == [(bad, Died(reason))] * 2
    assert [pair for pair in found if pair[0] != bad] == [(task, task) for task in "abcde"]


def test_tasks_are_taken_no_further_ahead_than_memory_allows() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = run_ordered(tasks(), double, 2)
    next(results)
    assert len(taken) <= 20
    results.close()  # type: ignore[attr-defined]
