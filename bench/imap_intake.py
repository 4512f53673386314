"""The IMAP intake against a local Dovecot, beside imapclient alone: mails a second, start-up, delay of new mail.

    python -m bench.imap_intake [--mails 5000] [--old 100000] [--dead-idle]

The floor is imapclient fetching the same mails in batches of 50 and keeping nothing. Ours stores each durably and moves
it; nothing is decided. `--dead-idle` waits up to six minutes for a mail behind a connection that went dead in IDLE.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from imapclient import IMAPClient

from bench.gen_mail import make_requests
from bench.measure import format_table
from mailproc.intake.imap import ImapIntake
from mailproc.records.mail import Envelope
from mailproc.settings import IntakeSettings
from mailproc.store import inbox
from mailproc.store.database import Store, open_store
from mailproc.store.mailboxes import Mailboxes
from mailproc.store.packing import pack
from tests.dovecot import PASSWORD, Dovecot, running
from tests.proxies import Proxy

ROUND_TRIP_SECONDS = 0.020
_SMALL = b"From: c%d@customer.example\r\nTo: support@acme.example\r\nSubject: Old mail %d\r\n\r\nHello.\r\n"


class Taking:
    """A store of its own that an intake takes mail into."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.store: Store = open_store(f"sqlite:///{folder}/store.db", checkpoints=True)
        self.arrivals: list[float] = []

    def open(self, port: int, user: str, **changes: object) -> ImapIntake:
        """An intake of that mailbox."""
        settings = IntakeSettings(
            "imap", "support", host="127.0.0.1", port=port, user=user, password=PASSWORD,
            **{"start": "all", "after": "move:Processed", **changes},  # type: ignore[arg-type]
        )  # fmt: skip
        return ImapIntake(
            settings,
            "INBOX",
            deposit=self.deposit,
            mailbox=Mailboxes(self.store),
            addresses=("support@acme.example",),
        )

    def deposit(self, raw: bytes, envelope: Envelope) -> "Future[int]":
        """As the engine stores it."""
        packed = pack(raw)
        future = self.store.submit(lambda tx: inbox.put(tx, packed, envelope), urgent=True)
        future.add_done_callback(lambda _: self.arrivals.append(time.perf_counter()))
        return future

    def count(self) -> int:
        """Mails that are stored."""
        with self.store.read() as tx:
            return int(tx.execute("SELECT count(*) FROM inbox").fetchone()[0])


def fetch_alone(port: int, user: str) -> float:
    """Mails a second of imapclient alone, in batches of 50."""
    client = IMAPClient("127.0.0.1", port, ssl=False)
    client.login(user, PASSWORD)
    client.select_folder("INBOX", readonly=True)
    began = time.perf_counter()
    uids = client.search("ALL")
    for start in range(0, len(uids), 50):
        client.fetch(uids[start : start + 50], ["BODY.PEEK[]", "INTERNALDATE", "RFC822.SIZE"])
    rate = len(uids) / (time.perf_counter() - began)
    client.logout()
    return rate


def take_all(port: int, user: str, mails: int, folder: Path) -> float:
    """Mails a second of our intake: fetched, durably stored, moved."""
    taking = Taking(folder)
    intake = taking.open(port, user)
    began = time.perf_counter()
    taken = intake.poll_once()
    rate = taken / (time.perf_counter() - began)
    if not taken == taking.count() == mails:
        raise RuntimeError(f"{taken} taken, {taking.count()} stored, {mails} there")
    taking.store.close()
    return rate


def measure_rates(dovecot: Dovecot, mails: int, folder: Path) -> dict[str, float]:
    """Both contenders over the same mails, without and with a round trip of 20 ms."""
    figures: dict[str, float] = {}
    raws = [mail.raw for mail in make_requests(mails, seed=1)]
    with Proxy(dovecot.port, delay_seconds=ROUND_TRIP_SECONDS / 2) as far:
        for name, port in (("local", dovecot.port), ("20 ms", far.port)):
            user = dovecot.new_user()
            dovecot.fill(user, raws)
            fetch_alone(dovecot.port, user)  # both find warm files and an index
            figures[f"{name} imapclient"] = fetch_alone(port, user)
            figures[f"{name} mailproc"] = take_all(port, user, mails, folder / name)
    return figures


def start_beside_old_mail(port: int, user: str, folder: Path) -> None:
    """Run in a process of its own: prints seconds to the first complete poll in mode `now`, and peak memory."""
    taking = Taking(folder)
    began = time.perf_counter()
    intake = taking.open(port, user, start="now")
    intake.start()
    while intake.status.last_success is None:
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    intake.stop()
    # Not ru_maxrss, which a process inherits from the one that started it
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "stored": taking.count()}))


def measure_start(dovecot: Dovecot, old: int, folder: Path) -> dict[str, float]:
    """Starting in mode `now` in a mailbox full of old mail."""
    user = dovecot.new_user()
    dovecot.fill(user, (_SMALL % (n, n) for n in range(old)))
    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False)
    client.login(user, PASSWORD)
    client.select_folder("INBOX")  # the server's own first look, 100,000 renames from new/ to cur/, is not ours to pay
    client.logout()
    command = [sys.executable, "-m", "bench.imap_intake", "--start-only", str(dovecot.port), user, str(folder / "now")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(printed)
    return found


def measure_delay(dovecot: Dovecot, folder: Path, mails: int = 20) -> list[float]:
    """Seconds from the end of APPEND to the durable commit, under IDLE."""
    taking = Taking(folder)
    user = dovecot.new_user()
    intake = taking.open(dovecot.port, user)
    intake.start()
    _wait(lambda: intake.status.last_success is not None, 60)
    client = dovecot.connect(user)
    delays = []
    for number in range(mails):
        client.append("INBOX", None, None, _SMALL % (number, number))
        appended = time.perf_counter()
        _wait(lambda wanted=number + 1: len(taking.arrivals) >= wanted, 60)  # type: ignore[misc]
        delays.append(max(0.0, taking.arrivals[-1] - appended))
    intake.stop()
    return delays


def measure_dead_idle(dovecot: Dovecot, folder: Path) -> float:
    """Seconds until a mail is stored whose announcement went into a dead connection; settings as shipped."""
    taking = Taking(folder)
    user = dovecot.new_user()
    with Proxy(dovecot.port) as proxy:
        intake = taking.open(proxy.port, user)
        intake.start()
        _wait(lambda: intake.status.last_success is not None, 60)
        time.sleep(1)
        proxy.is_swallowing = True
        dovecot.append(user, _SMALL % (1, 1))
        began = time.perf_counter()
        _wait(lambda: proxy.connections > 1 or intake.status.failing_since is not None, 600)
        proxy.is_swallowing = False  # the NAT has forgotten the old connection; new ones work
        _wait(lambda: len(taking.arrivals) > 0, 600)
        seconds = time.perf_counter() - began
        intake.stop()
    return seconds


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"did not happen within {seconds} s")
        pause.wait(0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=5000)
    parser.add_argument("--old", type=int, default=100_000)
    parser.add_argument("--dead-idle", action="store_true")
    parser.add_argument("--start-only", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.start_only:
        start_beside_old_mail(int(args.start_only[0]), args.start_only[1], Path(args.start_only[2]))
        return
    rows = []
    with running() as dovecot, tempfile.TemporaryDirectory(prefix="mailproc-imap-") as temporary:
        folder = Path(temporary)
        began = datetime.now(UTC)
        rates = measure_rates(dovecot, args.mails, folder)
        for name, floor in (("local", 0.3), ("20 ms", 0.5)):
            ours, alone = rates[f"{name} mailproc"], rates[f"{name} imapclient"]
            rows.append([f"{args.mails} mails, {name}: mails/s", f"{ours:.0f}", f"{alone:.0f}",
                         f"{ours / alone:.2f}", f">= {floor}"])  # fmt: skip
        start = measure_start(dovecot, args.old, folder)
        rows.append([f"start beside {args.old} mails: s", f"{start['seconds']:.2f}", "", "", "< 10"])
        rows.append([f"start beside {args.old} mails: peak MB", f"{start['peak_mb']:.0f}", "", "", "< 150"])
        delays = measure_delay(dovecot, folder / "idle")
        rows.append(["new mail under IDLE, worst: s", f"{max(delays):.2f}", "", "", "< 2"])
        if args.dead_idle:
            seconds = measure_dead_idle(dovecot, folder / "dead")
            rows.append(["new mail, dead IDLE: s", f"{seconds:.0f}", "", "", "< 360"])
    print(format_table(f"IMAP intake, {began:%Y-%m-%d}", ["", "mailproc", "imapclient", "ratio", "wanted"], rows))


if __name__ == "__main__":
    main()
