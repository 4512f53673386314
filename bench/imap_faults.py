"""Faults of the IMAP intake against a real Dovecot: kill -9 at every step, and a server that does its worst.

    python -m bench.imap_faults [--runs 200] [--mails 12] [--rounds 3]

Each run kills a process that takes mail in and decides it, at one named step, the first, second ... time it gets there,
and starts another; then every mail must be one ticket with one acknowledgement and lie in Processed. The steps are
wrapped here, from outside; nothing in mailproc knows of them.
"""

import argparse
import contextlib
import imaplib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial, wraps
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from mailproc import keys
from mailproc.cli.demo import SETTINGS
from mailproc.intake.imap import ImapIntake, Patience
from mailproc.intake.imapconnection import Connection
from mailproc.opening import OpenSite, open_site
from mailproc.settings import IntakeSettings
from mailproc.stock import rules_dir
from mailproc.store import commit, inbox, mailboxes, outbox, sqlite
from tests.dovecot import PASSWORD, Dovecot, running
from tests.proxies import Proxy

VARIABLE = "MAILPROC_FAILPOINT"  # `step:number`, read by the processes of this harness only
_SECONDS = 120.0
_QUICK = Patience(first_retry=0.05, longest_retry=0.5, login_retry=0.2)

# Every step between the mailbox and the ticket, in the order in which a mail meets them
STEPS: tuple[tuple[str, Any, str], ...] = (
    ("log-in", Connection, "_log_in"),
    ("select", Connection, "open"),
    ("mailbox-save", mailboxes, "save"),
    ("target", Connection, "find_or_create"),
    ("find-stored", mailboxes, "find_stored"),
    ("sizes", Connection, "ask_sizes"),
    ("fetch-sent", Connection, "send_fetch"),
    ("fetch-read", Connection, "finish_fetch"),
    ("put", inbox, "put"),
    ("commit", sqlite.SqliteConnection, "commit"),
    ("move-sent", Connection, "send_move"),
    ("move-read", Connection, "finish"),
    ("advance", mailboxes, "advance"),
    ("claim", inbox, "claim"),
    ("decision", commit, "commit"),
    ("lease-end", mailboxes, "release_lease"),
    ("log-out", Connection, "close"),
)


@dataclass(slots=True)
class Count:
    """What came of one kind of fault; `problems` is empty when all was well."""

    name: str
    runs: int = 0
    faults: int = 0
    mails: int = 0
    stored: int = 0
    tickets: int = 0
    acknowledgements: int = 0
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line for a note."""
        return (
            f"{self.name}: {self.runs} runs, {self.faults} faults, {self.mails} mails: {self.tickets} tickets, "
            f"{self.acknowledgements} acknowledgements; {len(self.problems)} problems"
        )


# ---- a process that may be killed


def list_points(hits: Mapping[str, int], runs: int) -> Iterator[str]:
    """`put-after:2` and so on: every step the first time it is reached, then the second ...; from the start again."""
    known = [(name, number) for number in range(1, 1 + max(hits.values())) for name in hits if hits[name] >= number]
    for name, number in islice(cycle(known), (runs + 1) // 2):
        yield f"{name}-before:{number}"
        yield f"{name}-after:{number}"


def install(point: str, hits: Counter[str]) -> None:
    """Have this process kill itself when it gets to the point; counts how often it gets to each step."""
    wanted, _, number = point.partition(":")
    for name, owner, attribute in STEPS:
        setattr(owner, attribute, _wrap(getattr(owner, attribute), name, wanted, int(number or 0), hits))


def _wrap(inner: Callable[..., Any], name: str, wanted: str, number: int, hits: Counter[str]) -> Callable[..., Any]:
    @wraps(inner)
    def wrapper(*args: Any, **words: Any) -> Any:
        hits[name] += 1
        is_due = hits[name] == number
        if is_due and wanted == f"{name}-before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = inner(*args, **words)
        if is_due and wanted == f"{name}-after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapper


def make_site(folder: Path) -> Path:
    """An empty site; its settings file."""
    (folder / "data").mkdir(mode=0o700, parents=True)
    keys.create(folder / "data" / "keys")
    config = folder / "mailproc.yaml"
    config.write_text(SETTINGS.format(rules=rules_dir(), sink_port=9), encoding="utf-8")
    return config


def make_intake(site: OpenSite, port: int, user: str, **changes: Any) -> ImapIntake:
    """The mailbox of the harness."""
    values: dict[str, Any] = {"start": "all", "after": "move:Processed"}
    values |= {"batch": 4, "sweep_seconds": 1, "timeout_seconds": 10}
    settings = IntakeSettings(
        "imap", "support", host="127.0.0.1", port=port, user=user, password=PASSWORD, **(values | changes)
    )
    return ImapIntake(
        settings,
        settings.folder,
        deposit=site.engine.receive,
        mailbox=mailboxes.Mailboxes(site.store),
        addresses=site.settings.site.addresses,
        patience=_QUICK,
    )


def take_in(config: Path, port: int, user: str) -> None:
    """What a daemon does from its start until all is taken and decided; as a process of its own."""
    hits = Counter[str]()
    install(os.environ.get(VARIABLE, ""), hits)
    with open_site(config) as site:
        site.store.run(lambda tx: inbox.release_claims(tx))
        site.store.run(lambda tx: mailboxes.release_leases(tx))
        now = datetime.now(UTC)
        site.store.run(lambda tx: outbox.recover(tx, now))
        is_over = threading.Event()
        worker = threading.Thread(target=_work, args=(site, is_over))
        worker.start()
        try:
            make_intake(site, port, user).poll_once()
        finally:
            is_over.set()
            worker.join()
    (config.parent / "hits.json").write_text(json.dumps(hits))


def _work(site: OpenSite, is_over: threading.Event) -> None:
    while not is_over.wait(0.005):
        site.engine.work()
    while site.engine.work():
        pass


def run_process(config: Path, port: int, user: str, point: str = "") -> int:
    """Fork, take in, be killed or end; the status as `os.waitstatus_to_exitcode` gives it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.environ[VARIABLE] = point
            take_in(config, port, user)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# ---- counting


def make_mail(number: int) -> bytes:
    """A request of customer `number`, written now."""
    return (
        f"From: Customer {number} <c{number}@customer{number}.example>\r\nTo: support@acme.example\r\n"
        f"Subject: Request {number}\r\nDate: {format_datetime(datetime.now(UTC))}\r\n"
        f"Message-ID: <m{number}@customer.example>\r\n\r\n{'It prints blank pages. ' * 200}\r\n"
    ).encode()


def count(site_config: Path, total: Count, mails: int, what: str) -> None:
    """Add what one site holds; a problem where a mail has not one ticket and one acknowledgement."""
    with open_site(site_config) as site, site.store.read() as tx:
        stored = tx.execute("SELECT count(DISTINCT fingerprint) FROM inbox").fetchone()[0]
        tickets = tx.execute("SELECT count(*), count(DISTINCT requester) FROM ticket").fetchone()
        acks = tx.execute(
            "SELECT count(*), count(DISTINCT recipient) FROM outbox WHERE purpose = 'received'"
        ).fetchone()
        left = tx.execute("SELECT count(*) FROM inbox WHERE state <> 'done'").fetchone()[0]
    total.runs += 1
    total.mails += mails
    total.stored += stored
    total.tickets += tickets[0]
    total.acknowledgements += acks[0]
    if {stored, *tickets, *acks} != {mails} or left:
        total.problems.append(f"{what}: {mails} mails, {stored} stored, tickets {tuple(tickets)}, "
                              f"acknowledgements {tuple(acks)}, {left} not decided")  # fmt: skip


def count_hits(dovecot: Dovecot, mails: int) -> dict[str, int]:
    """How often an undisturbed process gets to each step."""
    with fresh_folder() as folder:
        user = dovecot.new_user()
        dovecot.append(user, *(make_mail(n) for n in range(mails)))
        run_process(make_site(folder), dovecot.port, user)
        found: dict[str, int] = json.loads((folder / "hits.json").read_text())
    return found


def kill_everywhere(dovecot: Dovecot, points: Iterable[str], mails: int) -> Count:
    """kill -9 at every step between fetch and move, and of the decision."""
    total = Count("kill -9")
    with fresh_folder() as folder, open_site(make_site(folder)) as site:
        site.engine.warm_up()  # what every process would load again
    for point in points:
        with fresh_folder() as folder:
            user = dovecot.new_user()
            dovecot.append(user, *(make_mail(n) for n in range(mails)))
            config = make_site(folder)
            total.faults += run_process(config, dovecot.port, user, point) == -signal.SIGKILL
            status = run_process(config, dovecot.port, user)
            count(config, total, mails, point)
            here, moved = len(dovecot.contents(user)), len(dovecot.contents(user, "Processed"))
            if status or here or moved != mails:
                total.problems.append(f"{point}: status {status}, {here} in INBOX, {moved} in Processed")
    return total


@contextlib.contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder that goes afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="mailproc-faults-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---- faults of the server


# (server, the way to it, user, append so many) -> how many faults
Fault = Callable[[Dovecot, Proxy, str, Callable[[int], None]], int]


def with_server(name: str, fault: Fault, *, rounds: int, mails: int, **changes: Any) -> Count:
    """Run a daemon's mailbox thread and worker while the fault happens; then count."""
    total = Count(name)
    for number in range(rounds):
        with fresh_folder() as folder, running() as dovecot, Proxy(dovecot.port) as proxy:
            config = make_site(folder)
            user = dovecot.new_user()
            made: list[int] = []

            box = changes.get("folders", ("INBOX",))[0]
            append = partial(_append, dovecot, user, box, made)
            if box != "INBOX":
                dovecot.connect(user).create(box)
            append(mails)
            with open_site(config) as site:
                is_over = threading.Event()
                worker = threading.Thread(target=_work, args=(site, is_over))
                worker.start()
                intake = make_intake(site, proxy.port, user, **changes)
                try:
                    intake.start()
                    total.faults += fault(dovecot, proxy, user, append)
                    append(mails)
                    wanted = len(made)
                    deadline = time.monotonic() + _SECONDS
                    while _count_tickets(site) < wanted and time.monotonic() < deadline:
                        time.sleep(0.05)
                finally:
                    intake.stop()
                    is_over.set()
                    worker.join()
            count(config, total, wanted, f"{name} {number}")
    return total


def _append(dovecot: Dovecot, user: str, folder: str, made: list[int], some: int) -> None:
    fresh = range(len(made), len(made) + some)
    made.extend(fresh)
    for number in fresh:
        for _ in range(50):  # as a delivering server does when the mailbox is in trouble
            with contextlib.suppress(RuntimeError, OSError, imaplib.IMAP4.error):
                dovecot.append(user, make_mail(number), folder=folder)
                break
            time.sleep(0.1)


def _count_tickets(site: OpenSite) -> int:
    with site.store.read() as tx:
        return int(tx.execute("SELECT count(*) FROM ticket").fetchone()[0])


def reset_uids(dovecot: Dovecot, proxy: Proxy, user: str, append: Callable[[int], None]) -> int:
    """UIDVALIDITY changes, again and again, with mail coming in between."""
    for _ in range(3):
        time.sleep(0.5)
        dovecot.forget_index(user)
        append(2)
    return 3


def kill_server(dovecot: Dovecot, proxy: Proxy, user: str, append: Callable[[int], None]) -> int:
    """kill -9 of the server in IDLE, three times."""
    for _ in range(3):
        time.sleep(1.0)
        dovecot.kill()
        dovecot.start()
        append(1)
    return 3


def cut_fetch(dovecot: Dovecot, proxy: Proxy, user: str, append: Callable[[int], None]) -> int:
    """The connection ends in the middle of a FETCH, further on each time."""
    for cut in range(2_000, 42_000, 4_000):
        before = proxy.connections
        proxy.cut_after = cut
        proxy.cut()
        append(1)
        deadline = time.monotonic() + 10
        while proxy.connections < before + 2 and time.monotonic() < deadline:
            time.sleep(0.02)
    proxy.cut_after = None
    proxy.cut()
    return 10


def mark_seen(dovecot: Dovecot, proxy: Proxy, user: str, append: Callable[[int], None]) -> int:
    """Another client marks everything as read as soon as it is there."""
    client = dovecot.connect(user)
    client.select("INBOX")
    for _ in range(10):
        append(1)
        client.noop()
        client.uid("STORE", "1:*", "+FLAGS.SILENT", "(\\Seen)")
    client.logout()
    return 10


def expunge_loop(dovecot: Dovecot, proxy: Proxy, user: str, append: Callable[[int], None]) -> int:
    """Another client moves mail out of the folder and back in, so that UIDs vanish at any moment."""
    client = dovecot.connect(user)
    client.create("Elsewhere")
    moves = 0
    for _ in range(15):
        append(1)
        for source, target in (("INBOX", "Elsewhere"), ("Elsewhere", "INBOX")):
            with contextlib.suppress(imaplib.IMAP4.error):
                client.select(source)
                client.uid("MOVE", "1:*", target)
                moves += 1
    client.logout()
    return moves


def remove_folder(dovecot: Dovecot, proxy: Proxy, user: str, append: Callable[[int], None]) -> int:
    """The folder is renamed away, is missing for a while, and comes back under its name."""
    for _ in range(3):
        time.sleep(0.5)
        client = dovecot.connect(user)
        client.rename("Orders", "Gone")
        dovecot.kick(user)
        time.sleep(0.5)
        client = dovecot.connect(user)
        client.rename("Gone", "Orders")
        client.logout()
        append(1)
    return 3


FAULTS: tuple[tuple[str, Fault, dict[str, Any]], ...] = (
    ("UIDVALIDITY reset, mail kept", reset_uids, {"after": "keep"}),
    ("UIDVALIDITY reset, mail moved", reset_uids, {}),
    ("server killed in IDLE", kill_server, {}),
    ("cut in mid-FETCH", cut_fetch, {}),
    ("everything marked seen", mark_seen, {"after": "keep"}),
    ("moved out and in by another client", expunge_loop, {"after": "keep"}),
    ("folder away and back", remove_folder, {"after": "keep", "folders": ("Orders",)}),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="kills")
    parser.add_argument("--points", default="", help="only these, with commas between them: put-after:2")
    parser.add_argument("--mails", type=int, default=12, help="mails of each run")
    parser.add_argument("--rounds", type=int, default=3, help="of each fault of the server")
    args = parser.parse_args()
    counts = []
    # The processes are forked: this one must have no threads yet
    with running() as dovecot:
        points = args.points.split(",") if args.points else list_points(count_hits(dovecot, args.mails), args.runs)
        counts.append(kill_everywhere(dovecot, points, args.mails))
        print(counts[-1].line(), flush=True)
    for name, fault, changes in FAULTS if args.rounds else ():
        counts.append(with_server(name, fault, rounds=args.rounds, mails=args.mails, **changes))
        print(counts[-1].line(), flush=True)
    problems = [problem for each in counts for problem in each.problems]
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
