"""What `mailproc rules replay` costs, beside processing the same kind of mail in the same run.

    python -m bench.replay [--mails 20000] [--rounds 5] [--batch 300]

A site is filled with so many mails of the last days. In each round the engine takes in and decides a batch of new mail
and one process judges as many stored ones by two rulebooks; the ratio is the median over the rounds. Then the whole
command runs over all mails, with one process and with one a core, and its memory is watched. Prints figures; the site
lies in a folder that is thrown away.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil

from bench import engine_under_test as engine
from bench.gen_mail import CUSTOMERS, GeneratedMail, make_requests
from bench.measure import Rounds, format_table, run_rounds
from mailproc import keys, settings
from mailproc.replaying import Replay
from mailproc.rulebook.book import load
from mailproc.store import history
from mailproc.store.database import Store, open_store

CHECKOUT = Path(__file__).resolve().parents[1]
PROCESSING, REPLAYING = "received and decided, queue of a round", "judged by two rulebooks"
HEAD = ("", "CPU ms a mail, best", "median", "times as fast")
WHOLE_HEAD = ("", "mails", "seconds", "mails/s", "MiB, one process", "MiB, all together")
SPEED_GOAL, MEMORY_GOAL = 3.0, 300  # times processing; MiB
# What an admin might add: a rule that every mail is asked, and one that comes first
ADDED = (
    ("\nclassify:\n", "  - {name: broken things, when: {subject: [broken, kaputt]}, set: {priority: high}}\n"),
    ("\nroute:\n", "  - {name: parcels, when: {body: [parcel, zam\u00f3wienie]}, do: {department: engineering}}\n"),
)


@dataclass(frozen=True, slots=True)
class Whole:
    """One run of the command."""

    jobs: int
    seconds: float
    largest: int  # bytes of its largest process
    together: int  # bytes of all its processes; pages that they share count each time


def fill_site(folder: Path, mails: int) -> engine.Site:
    """A site with about so many mails of the last days, and `draft/` beside its rules with rules that differ."""
    site = engine.open_site(folder)
    site.preload(mails - mails % CUSTOMERS)
    shutil.copytree(folder / "rules", folder / "draft")
    for path in (folder / "draft").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for head, rule in ADDED:
            text = text.replace(head, head + rule)
        path.write_text(text, encoding="utf-8")
    return site


def compare(folder: Path, site: engine.Site, rounds: int, batch: int) -> dict[str, Rounds]:
    """Processing and judging, turn by turn in this process."""
    loaded = settings.load(folder / "mailproc.yaml", needs_secrets=False)
    judge = Replay(loaded.site, keys.load(loaded.keys_file), *(
        load(read_files(folder / name), loaded.site) for name in ("rules", "draft")))  # fmt: skip
    with open_store(loaded.database) as store:
        with store.read() as tx:
            now = datetime.now(UTC)
            ids = list(history.list_ids(tx, now - timedelta(days=30), now))
        judge_mails(store, judge, ids[:50])  # what is loaded on first use is no cost of a mail
        return run_rounds([
            {PROCESSING: partial(process, site, list(make_requests(batch, seed=9, first=at * batch))),
             REPLAYING: partial(judge_mails, store, judge, spread(ids, batch, at))}
            for at in range(rounds)])  # fmt: skip


def spread(ids: Sequence[int], count: int, first: int) -> list[int]:
    """So many of the ids from all over, other ones for each `first`."""
    step = max(len(ids) // count, 1)
    return list(ids[first % step::step][:count])  # fmt: skip


def process(site: engine.Site, mails: list[GeneratedMail]) -> int:
    for mail in mails:
        site.receive(mail)
    site.work_all()
    return len(mails)


def judge_mails(store: Store, judge: Replay, ids: Sequence[int]) -> int:
    with store.read() as tx:
        return judge.judge(tx, ids).routed


def read_files(folder: Path) -> tuple[tuple[str, str], ...]:
    return tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml")))


def run_whole(folder: Path, jobs: int) -> Whole:
    """The command over all mails of the site."""
    command = [*engine.MAILPROC, "--config", str(folder / "mailproc.yaml"), "rules", "replay", "--rules",
               str(folder / "draft"), "--against", str(folder / "rules"), "--jobs", str(jobs)]  # fmt: skip
    started = time.perf_counter()
    largest = together = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=CHECKOUT) as running:
        watched = psutil.Process(running.pid)
        while running.poll() is None:
            sizes = measure(watched)
            largest, together = max(largest, *sizes), max(together, sum(sizes))
            time.sleep(0.05)
    if running.returncode:
        raise RuntimeError(f"rules replay ended with {running.returncode}")
    return Whole(jobs, time.perf_counter() - started, largest, together)


def measure(process: psutil.Process) -> list[int]:
    """Resident bytes of the process and of those below it."""
    sizes = [0]
    try:
        for one in (process, *process.children(recursive=True)):
            sizes.append(one.memory_info().rss)
    except psutil.NoSuchProcess:
        pass  # it ended meanwhile
    return sizes


def rows_of(found: dict[str, Rounds]) -> list[tuple[str, ...]]:
    return [(name, f"{rounds.best:.2f}", f"{rounds.median:.2f}", f"{found[PROCESSING].ratio_to(rounds):.1f}")
            for name, rounds in found.items()]  # fmt: skip


def rows_of_whole(found: Sequence[Whole], mails: int) -> list[tuple[str, ...]]:
    return [(f"--jobs {one.jobs}", f"{mails}", f"{one.seconds:.1f}", f"{mails / one.seconds:.0f}",
             f"{one.largest / 2**20:.0f}", f"{one.together / 2**20:.0f}") for one in found]  # fmt: skip


def run(folder: Path, mails: int, rounds: int, batch: int) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """The tables: title, head, rows."""
    mails -= mails % CUSTOMERS
    with closing(fill_site(folder, mails)) as site:
        whole = [run_whole(folder, jobs) for jobs in (1, psutil.cpu_count() or 1)]
        found = compare(folder, site, rounds, batch)
    return [
        (f"replay (goal: {SPEED_GOAL:.0f} times as fast as processing)", HEAD, rows_of(found)),
        (f"the command, {mails} mails (goal: {MEMORY_GOAL} MiB)", WHOLE_HEAD, rows_of_whole(whole, mails)),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=300)
    args = parser.parse_args()
    build = CHECKOUT / "build"
    build.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="replay-", dir=build))
    try:
        for title, head, rows in run(folder / "site", args.mails, args.rounds, args.batch):
            print(format_table(title, head, rows))
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
