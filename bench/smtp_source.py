"""Mails a second into the daemon over SMTP, beside a bare aiosmtpd handler that syncs each mail, fed by smtp-source.

    python -m bench.smtp_source [--mails 600] [--rounds 5] [--sessions 1,10,50] [--connect each|once]

Postfix's smtp-source sends to one after the other in each round, the order turning; a ratio is the median over the
rounds. The bare handler writes a file for each mail and syncs it, once in aiosmtpd's own loop and once in threads, so
that several mails are synced at the same time. The daemon is `mailproc run` on SQLite with everything it does: it
decides the mail while more comes in. `--connect each` opens a connection for every mail, `once` keeps them.
"""

import argparse
import asyncio
import itertools
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from bench import engine_under_test as engine
from bench.gen_mail import SUPPORT
from bench.measure import format_table

CHECKOUT = Path(__file__).resolve().parents[1]
SMTP_SOURCE = shutil.which("smtp-source", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
GOALS = {1: 0.8, 10: 1.2, 50: 1.2}
IN_LOOP, IN_THREADS, SERVED = "bare, syncing in its loop", "bare, syncing in threads", "mailproc run"


class SyncingHandler:
    """Says 250 when the mail's own file is on the disk."""

    def __init__(self, folder: Path, *, in_threads: bool) -> None:
        self.folder, self.in_threads = folder, in_threads
        self.numbers = itertools.count()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        path = self.folder / f"{next(self.numbers)}.eml"
        if self.in_threads:
            await asyncio.get_running_loop().run_in_executor(None, self._keep, path, content)
        else:
            self._keep(path, content)
        return "250 OK"

    def _keep(self, path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


async def serve(folder: Path, *, in_threads: bool) -> None:
    """Serves the bare handler until standard input closes; prints its port first."""
    handler = SyncingHandler(folder, in_threads=in_threads)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def feed(port: int, sessions: int, mails: int, size: int, connect: str) -> float:
    """Mails a second that were answered with a 250. Raises RuntimeError when one was not."""
    assert SMTP_SOURCE is not None
    command = [SMTP_SOURCE, "-s", str(sessions), "-m", str(mails), "-l", str(size), "-M", "out.client.example",
               "-f", "jane@client.example", "-t", SUPPORT, "-S", "Printer on fire"]  # fmt: skip
    if connect == "once":
        command.append("-d")
    began = time.perf_counter()
    done = subprocess.run([*command, f"127.0.0.1:{port}"], capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"smtp-source ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return mails / seconds


@contextmanager
def open_bare(folder: Path, mode: str) -> Iterator[int]:
    """The port of a bare server in a process of its own."""
    folder.mkdir()
    command = [sys.executable, "-m", "bench.smtp_source", "--serve", mode, "--folder", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT) as process:
        assert process.stdout and process.stdin
        yield int(process.stdout.readline())
        process.stdin.close()


@contextmanager
def open_daemon(folder: Path, expected: list[int]) -> Iterator[int]:
    """The port of `mailproc run`; afterwards it must hold as many mails as were answered."""
    daemon = engine.start_daemon(folder)
    try:
        yield daemon.port
    finally:
        daemon.stop()
    with closing(sqlite3.connect(folder / "data" / "mailproc.db")) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM inbox").fetchone()
    if kept != sum(expected):
        raise RuntimeError(f"{sum(expected)} mails were answered with a 250 and {kept} are stored")


def measure(folder: Path, rounds: int, mails: int, size: int, sessions: list[int], connect: str) -> list[list[str]]:
    """One row for each number of sessions: the three rates and the two ratios."""
    sent: list[int] = []
    rates: dict[int, dict[str, list[float]]] = {count: {IN_LOOP: [], IN_THREADS: [], SERVED: []} for count in sessions}
    with (open_bare(folder / "loop", "loop") as in_loop, open_bare(folder / "threads", "threads") as in_threads,
          open_daemon(folder / "site", sent) as served):  # fmt: skip
        ports = {IN_LOOP: in_loop, IN_THREADS: in_threads, SERVED: served}
        for port in ports.values():
            feed(port, 1, 20, size, connect)
        sent.append(20)
        for number in range(rounds):
            for count in sessions:
                names = list(ports)
                for name in names[number % 3 :] + names[: number % 3]:
                    if name == SERVED:
                        sent.append(mails)
                    rates[count][name].append(feed(ports[name], count, mails, size, connect))
                wait_until_decided(folder / "site" / "data" / "mailproc.db")
    rows = []
    for count, found in rates.items():
        ratios = [statistics.median(mine / bare for mine, bare in zip(found[SERVED], found[name], strict=True))
                  for name in (IN_LOOP, IN_THREADS)]  # fmt: skip
        rows.append([str(count), *(f"{statistics.median(rates):.0f}" for rates in found.values()),
                     *(f"{ratio:.2f}" for ratio in ratios), f"{GOALS.get(count, 0):.1f}"])  # fmt: skip
    return rows


def wait_until_decided(database: Path) -> None:
    """Nobody's figures shall hold the work that a former round left."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        while connection.execute("SELECT count(*) FROM inbox WHERE state = 'received'").fetchone()[0]:
            time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=2000, help="bytes of text in a mail")
    parser.add_argument("--sessions", default="1,10,50")
    parser.add_argument("--connect", choices=("each", "once", "both"), default="both")
    parser.add_argument("--serve", choices=("loop", "threads"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve(args.folder, in_threads=args.serve == "threads"))
        return 0
    if SMTP_SOURCE is None:
        print("smtp-source is not installed; it comes with Postfix: apt-get install postfix", file=sys.stderr)
        return 1
    (CHECKOUT / "build").mkdir(exist_ok=True)
    head = ("sessions", IN_LOOP, IN_THREADS, SERVED, "x loop", "x threads", "goal")
    for connect in ("each", "once") if args.connect == "both" else (args.connect,):
        # Not in /tmp, which may be memory: a sync shall cost what it costs on the disk where sites live.
        folder = Path(tempfile.mkdtemp(prefix="source-", dir=CHECKOUT / "build"))
        try:
            rows = measure(folder, args.rounds, args.mails, args.size,
                           [int(count) for count in args.sessions.split(",")], connect)  # fmt: skip
        finally:
            shutil.rmtree(folder)
        title = "a connection for every mail" if connect == "each" else "connections that stay"
        print(format_table(f"mails a second, {title}", head, rows), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
