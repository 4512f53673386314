"""`make fuzz`: hostile mail through the parser, by the hundred thousand; prints what broke and saves it.

    python -m bench.fuzz [--count 200000] [--seconds 0] [--seed 1] [--workers 2] [--seeds DIR] [--case INDEX]

A case fails when the parser raises, needs more than 1 s of CPU, lets memory grow by more than 256 MB, kills its
process or gives an answer that bench/judge.py refuses. Cases come from bench/mutate.py by (seed, index) out of the
samples, the mail in the tests, generated mail and the files of --seeds; the parent makes a failing one again and writes
it to build/fuzz/. Exits 1 when anything failed.
"""

import argparse
import ast
import hashlib
import multiprocessing
import resource
import signal
import sys
import time
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import psutil

from bench.gen_mail import make_replies, make_requests
from bench.judge import CPU_SECONDS, Failure, judge
from bench.mutate import make_case
from mailproc.message.parse import parse

CHECKOUT = Path(__file__).resolve().parents[1]
GROWTH_BYTES = 256 * 2**20
MAX_SEED_BYTES = 40_000  # a file of 200 KB makes each case slow and no case stranger


class Worker:
    """A process that takes every n-th case from `start`, seen from the parent."""

    def __init__(self, number: int, step: int, start: int, end: int, seed: int, seeds: list[bytes]) -> None:
        self.number, self.step, self.end, self.seed, self.seeds = number, step, end, seed, seeds
        self.done_before = 0
        self.slowest: Synchronized[float] = multiprocessing.Value("d", 0.0)
        self._start(start)

    def _start(self, index: int) -> None:
        self.first = index
        self.current: Synchronized[int] = multiprocessing.Value("q", index)
        self.messages, theirs = multiprocessing.Pipe(duplex=False)
        case_range = (index, self.end, self.step)
        self.process = multiprocessing.Process(
            target=run_cases, args=(theirs, self.current, self.slowest, case_range, self.seed, self.seeds),
            daemon=True,
        )
        self.process.start()
        theirs.close()
        self.seen, self.seen_cpu = index, 0.0
        self.is_done = False

    @property
    def done(self) -> int:
        """How many cases came to an end."""
        return self.done_before + -(-(self.current.value - self.first) // self.step)

    def look(self) -> list[Failure]:
        """What failed since the last look; starts the process again behind a case that hung or killed it."""
        failures = []
        try:
            while self.messages.poll():
                failures.append(self.messages.recv())
        except EOFError:
            pass
        index = self.current.value
        if index >= self.end:
            self.is_done = True
        elif not self.process.is_alive():
            if not any(failure.index == index for failure in failures):
                failures.append(Failure(index, "crash", f"the process ended with status {self.process.exitcode}"))
            self._go_on_behind(index)
        else:
            cpu = sum(psutil.Process(self.process.pid).cpu_times()[:2])
            if index != self.seen:
                self.seen, self.seen_cpu = index, cpu
            # A slow case that ends reports itself; this is for those that do not.
            elif cpu - self.seen_cpu > 3 * CPU_SECONDS:
                self.process.kill()
                failures.append(Failure(index, "hang", f"no end after {cpu - self.seen_cpu:.1f} s of CPU"))
                self._go_on_behind(index)
        return failures

    def stop(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()

    def _go_on_behind(self, index: int) -> None:
        self.stop()
        self.done_before += (index - self.first) // self.step + 1
        if index + self.step < self.end:
            self._start(index + self.step)
        else:
            self.first = index
            self.is_done = True


def run_cases(messages: Connection, current: "Synchronized[int]", slowest: "Synchronized[float]",
              case_range: tuple[int, int, int], seed: int, seeds: list[bytes]) -> None:
    """A worker's life: each case parsed and judged; leaves after memory grew, for its next self to start small."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops us and still prints its closing line
    for raw in seeds[:20]:
        parse(raw)  # what is loaded on first use is no growth and no case's time
    memory = peak_bytes()
    for index in range(*case_range):
        current.value = index
        raw = make_case(seed, index, seeds)
        failure, seconds = judge(index, raw)
        slowest.value = max(slowest.value, seconds)
        if failure:
            messages.send(failure)
        if (grown := peak_bytes() - memory) > GROWTH_BYTES:
            messages.send(Failure(index, "memory", f"{grown / 2**20:.0f} MB more than before"))
            return
    current.value = case_range[1]


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def collect_seeds(folder: Path | None = None) -> list[bytes]:
    """Good mail to break: the samples, what the tests are written with, generated mail, the files of that folder."""
    seeds = [path.read_bytes() for path in sorted((CHECKOUT / "samples").rglob("*.eml"))]
    seeds += [mail.raw for mail in make_requests(200)]
    seeds += [mail.raw for mail in make_replies(["[ACME-482-170]", "[ACME-100-000]"], 100)]
    seeds += [raw for path in sorted((CHECKOUT / "tests").rglob("test_*.py")) for raw in find_mails(path.read_text())]
    if folder is not None:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= MAX_SEED_BYTES)
        seeds += [path.read_bytes() for path in files]
    return [raw for raw in seeds if len(raw) <= MAX_SEED_BYTES]


def find_mails(source: str) -> list[bytes]:
    """The mails that stand in a test as byte strings: those with a header field and a line end."""
    constants = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return [value for value in constants if isinstance(value, bytes) and b": " in value and b"\n" in value]


def save(failure: Failure, raw: bytes, seed: int, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{failure.kind}-{hashlib.sha256(raw).hexdigest()[:16]}.eml"
    path.write_bytes(raw)
    path.with_suffix(".txt").write_text(f"seed {seed}, case {failure.index}\n{failure.text}\n", encoding="utf-8")
    return path


def fuzz(args: argparse.Namespace) -> int:
    """Runs the workers until all cases are done or the time is up; the number of failures."""
    seeds = collect_seeds(args.seeds)
    started = time.monotonic()
    workers = [Worker(number, args.workers, number, args.count, args.seed, seeds) for number in range(args.workers)]
    failures = 0
    try:
        while not all(worker.is_done for worker in workers):
            time.sleep(0.2)
            for worker in workers:
                if worker.is_done:
                    continue
                for failure in worker.look():
                    failures += 1
                    raw = make_case(args.seed, failure.index, seeds)
                    path = save(failure, raw, args.seed, args.save)
                    last_line = failure.text.strip().splitlines()[-1]
                    print(f"{failure.kind}: case {failure.index}: {last_line}\n  {path}", flush=True)
            if args.seconds and time.monotonic() - started > args.seconds:
                break
            if args.max_failures and failures >= args.max_failures:
                break
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        for worker in workers:
            worker.stop()
    seconds = time.monotonic() - started
    done = min(sum(worker.done for worker in workers), args.count)
    slowest = max(worker.slowest.value for worker in workers) * 1000
    print(f"seed {args.seed}, {len(seeds):,} mails to start from, {seconds:.0f} s, {done / seconds:.0f} mails/s")
    print(f"{done:,} mails, {failures} failed, slowest {slowest:.0f} ms")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200_000, help="cases at most")
    parser.add_argument("--seconds", type=float, default=0, help="time at most; 0 for no end")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=Path, help="a folder of mail to start from, too")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--max-failures", type=int, default=50, help="stop after so many")
    parser.add_argument("--save", type=Path, default=CHECKOUT / "build" / "fuzz", help="folder for what failed")
    parser.add_argument("--case", type=int, help="parse this one case here, with its traceback, and write it out")
    args = parser.parse_args()
    if args.case is not None:
        raw = make_case(args.seed, args.case, collect_seeds(args.seeds))
        failure, seconds = judge(args.case, raw)
        print(failure.text if failure else f"case {args.case} is parsed, {len(raw):,} bytes, {seconds * 1000:.0f} ms")
        print(save(failure or Failure(args.case, "fine", ""), raw, args.seed, args.save))
        return 1 if failure else 0
    return 1 if fuzz(args) else 0


if __name__ == "__main__":
    sys.exit(main())
