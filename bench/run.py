"""`make bench`: what a mail costs mailproc, beside the floors of bench/floors.py measured in the same run.

    python -m bench.run [--quick] [--only understanding,way-in,growth,smtp,memory,replay,rules,help] [--json FILE]
    python -m bench.run --only imap,smtp-source,outgoing,compose,agentmail,leaks,loops,threads,injection,outage

The second line names programs of their own, some beside real servers. CPU figures are milliseconds of CPU a mail over
the same mails, all contenders turn by turn in each round; a ratio is the median over the rounds. Wall time is there
too, but on a shared machine only CPU can be compared.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from bench import engine_under_test as engine
from bench import floors, replay, rules, understanding
from bench.gen_mail import GeneratedMail, make_replies, make_requests
from bench.measure import format_table, run_rounds, time_command

CHECKOUT = Path(__file__).resolve().parents[1]
NAIVE, LEAN, SINGLE, QUEUED = "naive floor", "lean floor", "mailproc, mail by mail", "mailproc, queue of a round"
BARE, SERVED = "bare aiosmtpd + fsync", "mailproc run"
CPU_HEAD = ("", "CPU ms, best", "median", "wall ms", "x naive", "x lean")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    mails: int  # of each kind, over all rounds
    sizes: tuple[int, ...]  # tickets that a site holds before
    load: int  # mails over SMTP
    stored: int  # mails that rules are replayed over


FULL = Plan(rounds=5, mails=1000, sizes=(0, 10_000, 100_000), load=2000, stored=20_000)
QUICK = Plan(rounds=3, mails=150, sizes=(0, 10_000), load=300, stored=2_000)


class Bench:
    """One run: prints each table as soon as it is measured and keeps the figures."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.figures: dict[str, object] = {}
        self.missing: dict[str, str] = {}

    def understanding(self) -> None:
        """Reading a mail whole, beside the standard library reading its headers."""
        found = understanding.measure(self.plan.mails, 2 * self.plan.rounds - 1)
        self._keep(f"understanding a mail (goal: ratio {understanding.GOAL})", understanding.HEAD,
                   understanding.rows_of(found))  # fmt: skip

    def way_in(self) -> None:
        """Bytes in to mails queued: first new requests, then replies to them."""
        with ExitStack() as stack:
            tables = [stack.enter_context(closing(floors.DurableTable(self.folder / f"{name}.db")))
                      for name in ("naive", "lean")]  # fmt: skip
            sites = [self._open(stack, f"way-in-{name}") for name in ("single", "queued")]
            requests = list(make_requests(self.plan.mails))
            self._way_in("way in, new requests", tables, sites, [requests] * 4)
            self._check(sites, tickets=self.plan.mails, queued=2 * self.plan.mails)
            plain = list(make_replies([f"[ACME-{n}]" for n in range(self.plan.mails)], self.plan.mails))
            own = [list(make_replies(site.tags(), self.plan.mails)) if site else [] for site in sites]
            self._way_in("way in, replies", tables, sites, [plain, plain, *own])
            self._check(sites, tickets=self.plan.mails, queued=3 * self.plan.mails)

    def _way_in(self, title: str, tables: list[floors.DurableTable], sites: list[engine.Site | None],
                mails: list[list[GeneratedMail]]) -> None:
        works: list[tuple[str, Callable[[list[GeneratedMail]], int] | None]] = [
            (NAIVE, partial(take_in, floors.take_in_naively, tables[0])),
            (LEAN, partial(take_in, floors.take_in_leanly, tables[1])),
            (SINGLE, partial(work_mail_by_mail, sites[0]) if sites[0] else None),
            (QUEUED, partial(work_queue, sites[1]) if sites[1] else None),
        ]
        batch = self.plan.mails // self.plan.rounds
        rounds = [{name: partial(work, own[at * batch:(at + 1) * batch])
                   for (name, work), own in zip(works, mails, strict=True) if work}
                  for at in range(self.plan.rounds)]  # fmt: skip
        found = run_rounds(rounds)
        self._keep(title, CPU_HEAD, [
            (name, f"{rounds.best:.2f}", f"{rounds.median:.2f}", f"{min(rounds.wall):.2f}",
             f"{rounds.ratio_to(found[NAIVE]):.2f}", f"{rounds.ratio_to(found[LEAN]):.2f}")
            for name, rounds in found.items()])  # fmt: skip

    def _check(self, sites: Sequence[engine.Site | None], tickets: int, queued: int) -> None:
        """Figures count only for work that was done: a ticket and two mails a request, a mail a reply."""
        for site in filter(None, sites):
            found = len(site.tags()), site.count_queued()
            if found[0] != tickets or found[1] < queued:
                self.missing["way in"] = (f"{found[0]} tickets and {found[1]} mails queued, "
                                          f"where {tickets} and {queued} were due")  # fmt: skip

    def growth(self) -> None:
        """The same way in on sites that already hold tickets."""
        with ExitStack() as stack:
            sites: dict[int, engine.Site] = {}
            for size in self.plan.sizes:
                site = self._open(stack, f"growth-{size}")
                if site is None:
                    return
                site.preload(size)
                sites[size] = site
            batch = self.plan.mails // self.plan.rounds // 2
            count = batch * self.plan.rounds
            requests = list(make_requests(count, seed=2))
            for kind in ("new requests", "replies"):
                before = sum(len(site.tags()) for site in sites.values())
                mails = {size: requests if kind == "new requests" else list(make_replies(site.tags(), count, seed=2))
                         for size, site in sites.items()}  # fmt: skip
                found = run_rounds([
                    {f"{size:,} tickets before": partial(work_queue, site, mails[size][at * batch:(at + 1) * batch])
                     for size, site in sites.items()}
                    for at in range(self.plan.rounds)])  # fmt: skip
                opened = sum(len(site.tags()) for site in sites.values()) - before
                if opened != (count * len(sites) if kind == "new requests" else 0):
                    self.missing[f"growth, {kind}"] = f"{opened} tickets were opened"
                first = next(iter(found.values()))
                self._keep(f"growth, {kind}", ("", "CPU ms, best", "median", "wall ms", "x the first"), [
                    (name, f"{rounds.best:.2f}", f"{rounds.median:.2f}", f"{min(rounds.wall):.2f}",
                     f"{rounds.ratio_to(first):.2f}") for name, rounds in found.items()])  # fmt: skip

    def smtp(self) -> None:
        """Mails a second over 20 sessions, and how long a 250 takes then and at 50 mails a second."""
        rows: list[tuple[str, ...]] = []
        for name, server in {BARE: self._bare_server, SERVED: self._daemon}.items():
            with server("smtp") as found:
                if found is None:
                    continue
                port, _ = found
                send(port, 100, first=900_000)
                full = max((send(port, self.plan.load, first=at * self.plan.load) for at in range(3)),
                           key=lambda result: result["per_second"])  # fmt: skip
                paced = send(port, self.plan.load // 4, first=800_000, rate=50)
                refused = full["refused"] + paced["refused"]
                rows.append((name, f"{full['per_second']:.0f}", f"{full['p50_ms']:.1f}", f"{full['p99_ms']:.1f}",
                             f"{paced['p50_ms']:.1f}", f"{paced['p99_ms']:.1f}", f"{refused:.0f}"))  # fmt: skip
        if len(rows) == 2:
            rows.append(("ratio", *(f"{float(mine) / float(bare):.2f}" for mine, bare
                                    in zip(rows[1][1:6], rows[0][1:6], strict=True)), ""))  # fmt: skip
        self._keep("SMTP, 20 sessions (ms from the dot to its 250)",
                   ("", "mails/s", "p50", "p99", "p50 at 50/s", "p99 at 50/s", "refused"), rows)  # fmt: skip

    def memory(self) -> None:
        """Resident memory of the serving process, idle and after mail over 20 sessions."""
        rows = []
        for name, server in {BARE: self._bare_server, SERVED: self._daemon}.items():
            with server("memory") as found:
                if found is None:
                    continue
                port, process = found
                idle = process.memory_info().rss
                send(port, self.plan.load, seed=3)
                after = process.memory_info().rss
                rows.append((name, f"{idle / 2**20:.0f}", f"{after / 2**20:.0f}", f"{read_peak(process) / 2**20:.0f}"))
        self._keep(f"memory, MiB, before and after {self.plan.load} mails", ("", "idle", "after", "peak"), rows)

    def replay(self) -> None:
        """Stored mail decided again by two rulebooks, beside processing mail."""
        batch = self.plan.mails // self.plan.rounds // 2
        for title, head, rows in replay.run(self.folder / "replay", self.plan.stored, self.plan.rounds, batch):
            self._keep(title, head, rows)

    def rules(self) -> None:
        """Reading, checking and asking many rules."""
        for title, head, rows in rules.measure(3 * self.plan.rounds):
            self._keep(title, head, rows)

    def help_time(self) -> None:
        """What the command line costs before it does anything."""
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "python -c 'import click'": [sys.executable, "-c", "import click"],
            "mailproc --help": [*engine.MAILPROC, "--help"],
        }
        rows = []
        for name, command in commands.items():
            try:
                cpu, wall = time_command(command)
            except RuntimeError as error:
                self.missing[name] = str(error)
                continue
            rows.append((name, f"{cpu * 1000:.0f}", f"{wall * 1000:.0f}"))
        self._keep("start, median of 10", ("", "CPU ms", "wall ms"), rows)

    def _open(self, stack: ExitStack, name: str) -> engine.Site | None:
        try:
            return stack.enter_context(closing(engine.open_site(self.folder / name)))
        except engine.NotWired as error:
            self.missing["way in, growth"] = str(error)
            return None

    @contextmanager
    def _bare_server(self, name: str) -> Iterator[tuple[int, psutil.Process] | None]:
        command = [sys.executable, "-m", "bench.floors", str(self.folder / f"bare-{name}")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT) as process:
            assert process.stdout
            yield int(process.stdout.readline()), psutil.Process(process.pid)

    @contextmanager
    def _daemon(self, name: str) -> Iterator[tuple[int, psutil.Process] | None]:
        try:
            daemon = engine.start_daemon(self.folder / f"daemon-{name}")
        except engine.NotWired as error:
            self.missing[SERVED] = str(error)
            yield None
            return
        try:
            yield daemon.port, psutil.Process(daemon.process.pid)
        finally:
            daemon.stop()

    def _keep(self, title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        if rows:
            print(format_table(title, head, rows), flush=True)
        self.figures[title] = [dict(zip(head, row, strict=True)) for row in rows]


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "understanding": Bench.understanding, "way-in": Bench.way_in, "growth": Bench.growth, "smtp": Bench.smtp,
    "memory": Bench.memory, "replay": Bench.replay, "rules": Bench.rules, "help": Bench.help_time,
}  # fmt: skip


def take_in(floor: Callable[[floors.DurableTable, bytes], None], table: floors.DurableTable,
            mails: list[GeneratedMail]) -> int:
    for mail in mails:
        floor(table, mail.raw)
    return len(mails)


def work_mail_by_mail(site: engine.Site, mails: list[GeneratedMail]) -> int:
    """A quiet day: each mail is decided before the next one comes."""
    for mail in mails:
        site.receive(mail)
        site.work_all()
    return len(mails)


def work_queue(site: engine.Site, mails: list[GeneratedMail]) -> int:
    """A busy hour: mails are accepted one by one and decided when all are there."""
    for mail in mails:
        site.receive(mail)
    site.work_all()
    return len(mails)


def send(port: int, mails: int, *, first: int = 0, seed: int = 1, rate: float = 0) -> dict[str, float]:
    """One load of mail from a process of its own; the figures of `smtp_load.LoadResult`."""
    command = [sys.executable, "-m", "bench.smtp_load", str(port), "--mails", str(mails), "--first", str(first),
               "--seed", str(seed), "--rate", str(rate)]  # fmt: skip
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def read_peak(process: psutil.Process) -> int:
    """The most memory the process ever held, in bytes (Linux keeps it as VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


# Benches that are programs of their own: each prints its figures beside its floors. `make bench` runs the first five.
PROGRAMS = {
    "imap": "bench.imap_intake", "smtp-source": "bench.smtp_source", "outgoing": "bench.outgoing",
    "compose": "bench.compose", "agentmail": "bench.agentmail",
    "leaks": "bench.leaks", "loops": "bench.loops", "threads": "bench.threads",
    "injection": "bench.injection", "outage": "bench.outage",
}  # fmt: skip
USUAL = (*SECTIONS, "imap", "smtp-source", "outgoing", "compose", "agentmail")


def run_program(name: str) -> None:
    """Run one of PROGRAMS, its output as it comes."""
    print(f"\n{name}", flush=True)
    subprocess.run([sys.executable, "-m", PROGRAMS[name]], cwd=CHECKOUT, check=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few mails: a first look, no figures to quote")
    parser.add_argument("--only", default=",".join(USUAL), help="sections, comma separated")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    build = CHECKOUT / "build"
    build.mkdir(exist_ok=True)
    # Not in /tmp, which may be memory: a commit shall cost what it costs on the disk where sites live.
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=build))
    bench = Bench(QUICK if args.quick else FULL, folder)
    try:
        for name in args.only.split(","):
            if name in PROGRAMS:
                run_program(name)
            elif name in SECTIONS:
                SECTIONS[name](bench)
            else:
                parser.error(f"no section {name}; there are: {', '.join((*SECTIONS, *PROGRAMS))}")
    finally:
        shutil.rmtree(folder)
    if args.json:
        args.json.write_text(json.dumps(bench.figures, indent=1) + "\n", encoding="utf-8")
    for name, why in bench.missing.items():
        print(f"not measured: {name}: {why}", file=sys.stderr)
    return 1 if bench.missing else 0


if __name__ == "__main__":
    sys.exit(main())
