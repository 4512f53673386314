"""A real Postfix in front of `mailproc run`: faults, then every mail is counted.

    python -m bench.postfix_faults [--mails 2000] [--kills 20] [--seed 1] [--only smtp,lmtp]

For SMTP and for LMTP over a Unix socket in Postfix's queue: (1) a daemon whose database is locked by somebody else: its
451 keeps the mail queued, and `postqueue -f` delivers it afterwards; (2) the daemon is killed with -9 and started again
while Postfix hands over many mails: every mail is on one ticket, none twice; (3) the eighteen sequences that might
smuggle a second mail, directly in clear and under STARTTLS, and through Postfix: no mail but the honest one.
Needs Postfix and root.
"""

import argparse
import contextlib
import random
import shutil
import smtplib
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.crash import make_mail, sender_of
from bench.smuggling import ENDS, FORGED_SENDER, make_smuggled, make_start
from tests.postfix import Postfix, find_obstacle, free_port

CHECKOUT = Path(__file__).resolve().parents[1]
CERTIFICATE = CHECKOUT / "tests" / "delivery" / "certs" / "localhost.crt"
KINDS = ("smtp", "lmtp")
SUPPORT = "support@acme.example"
SOCKET = "mailproc/in"  # in Postfix's queue
_PATIENCE_SECONDS = 120.0
_SETTLE_SECONDS = 600.0
_SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [{support}]
  domain: acme.example
  languages: [en]
  default_language: en
  timezone: UTC
database: sqlite:///data/mailproc.db
keys_file: data/keys
rules: rules/
intake:
  - {{kind: {kind}, listen: "{listen}", tls_certificate: "{certificate}", tls_key: "{key}"}}
delivery: {{kind: maildir, path: data/sent}}
operator: ops@acme.example
trust: {{verify: no}}
limits: {{domain_per_hour: none, breaker_per_hour: none, sender_per_hour: none, sender_per_day: none}}
"""
# Deferred mail is tried again at once, so that a run of many mails ends.
_IMPATIENT = {"queue_run_delay": "1s", "minimal_backoff_time": "1s", "maximal_backoff_time": "2s"}


@dataclass(slots=True)
class Report:
    """What was counted; `problems` is empty when nothing was lost or doubled."""

    sent: int = 0
    kept: int = 0  # mails on exactly one ticket
    kills: int = 0
    retried: int = 0  # mails whose commit was in force when their 250 was lost: stored twice, on the ticket once
    deferred: int = 0
    problems: list[str] = field(default_factory=list)

    def line(self, what: str) -> str:
        """The closing line."""
        return (
            f"{what}: {self.sent} mails sent, {self.kills} kills, {self.deferred} times deferred by Postfix, "
            f"{self.retried} came again after their commit: {self.kept} on one ticket each; "
            f"{len(self.problems)} problems"
        )


class Site:
    """A site with one intake behind a Postfix of its own, and its daemon, which can be killed."""

    def __init__(self, folder: Path, kind: str, **postfix: str) -> None:
        self.folder, self.kind = folder / "site", kind
        self.port = free_port()
        # A Unix socket is reached by its path from Postfix's queue, without chroot
        route = f"smtp:[127.0.0.1]:{self.port}" if kind == "smtp" else f"lmtp:unix:{SOCKET}"
        self.postfix = Postfix({"acme.example": route}, **postfix)
        (self.postfix.queue / SOCKET).parent.mkdir(mode=0o755)
        self.socket_path = str(self.postfix.queue / SOCKET)
        listen = f"127.0.0.1:{self.port}" if kind == "smtp" else f"unix:{self.socket_path}"
        self.folder.mkdir(parents=True)
        (self.folder / "mailproc.yaml").write_text(
            _SETTINGS.format(
                support=SUPPORT,
                kind=kind,
                listen=listen,
                certificate=CERTIFICATE,
                key=CERTIFICATE.with_suffix(".key"),
            ),
            encoding="utf-8",
        )
        done = subprocess.run([*self._command("init"), str(self.folder), "--yes"], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        """The file of its store."""
        return self.folder / "data" / "mailproc.db"

    def start(self) -> None:
        """Start the daemon; back when it listens."""
        with (self.folder / "log").open("ab") as log:
            command = [*self._command("--config"), str(self.folder / "mailproc.yaml"), "run"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(lambda: self._process is None or self._process.poll() is not None or self._listens(), "the daemon")
        if self._process.poll() is not None:
            raise RuntimeError("the daemon ended: " + (self.folder / "log").read_text(errors="replace")[-1000:])

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM; back when it has drained."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(_PATIENCE_SECONDS)

    def connect(self) -> socket.socket:
        """A connection to its listener."""
        if self.kind == "smtp":
            return socket.create_connection(("127.0.0.1", self.port), 60)
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(60)
        client.connect(self.socket_path)
        return client

    def count(self, sql: str) -> int:
        """One number from its store."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as store:
            return int(store.execute(sql).fetchone()[0])

    def rows(self, sql: str) -> list[tuple[str, ...]]:
        """Rows from its store."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as store:
            return store.execute(sql).fetchall()

    def settle(self) -> None:
        """Wait until Postfix has no mail left and all that came is decided."""
        wait_for(lambda: not self.postfix.queued(), "Postfix's queue to be empty", _SETTLE_SECONDS)
        undecided = "SELECT count(*) FROM inbox WHERE state = 'received'"
        wait_for(lambda: not self.count(undecided), "all to be decided", _SETTLE_SECONDS)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), self.connect() as client:
            return client.recv(100).startswith(b"220")
        return False

    @staticmethod
    def _command(word: str) -> list[str]:
        return [sys.executable, str(CHECKOUT / "cli.py"), word]


@contextlib.contextmanager
def open_site(folder: Path, kind: str, **postfix: str) -> Iterator[Site]:
    """A site that runs behind its Postfix."""
    site = Site(folder, kind, **postfix)
    try:
        site.postfix.start()
        site.start()
        yield site
    finally:
        site.stop()
        site.postfix.stop()


def keep_and_flush(folder: Path, kind: str, mails: int = 20) -> Report:
    """Mail that meets a locked database stays in Postfix's queue and is delivered once `postqueue -f` says so."""
    report = Report()
    with open_site(folder, kind) as site:
        # Longer than a commit waits for a lock (F11), so each mail gets its 451
        with contextlib.closing(sqlite3.connect(site.database, isolation_level=None, timeout=30)) as locker:
            locker.execute("BEGIN IMMEDIATE")
            for number in range(mails):
                hand_over(site, number)
            report.sent = mails
            wait_for(lambda: str(site.postfix.queued()).count("451 4.3.0") >= mails, "all mails to be deferred")
            report.deferred = mails
            kept = site.count("SELECT count(*) FROM inbox")
            if kept:
                report.problems.append(f"{kept} mails were stored while the database was locked")
            locker.execute("ROLLBACK")
        site.postfix.flush()
        site.settle()
        count_mails(site, report)
    return report


def kill_and_restart(folder: Path, kind: str, *, mails: int, kills: int, seed: int) -> Report:
    """The daemon is killed at random moments while Postfix hands over so many mails."""
    rng = random.Random(seed)
    report = Report(sent=mails)
    with open_site(folder, kind, **_IMPATIENT) as site:
        for number in range(mails):
            if number % (mails // (kills + 1) or 1) == 0 and number and report.kills < kills:
                _kill(site, report, rng)
            hand_over(site, number)
        while report.kills < kills:
            _kill(site, report, rng)
        site.settle()
        count_mails(site, report)
        report.deferred = site.postfix.log().count("status=deferred")
    return report


def smuggle(folder: Path, kind: str) -> Report:
    """Each of the eighteen sequences directly, in clear and under STARTTLS, and through Postfix."""
    report = Report()
    settings = {"smtpd_forbid_bare_newline": "normalize", "smtpd_forbid_bare_newline_exclusions": ""}
    with open_site(folder, kind, **settings) as site:
        for name, end in ENDS.items():
            for tls in (False, True):
                _send_raw(site, make_start(f"{name} {tls}") + end + make_smuggled(SUPPORT), tls)
                report.sent += 1
            raw = make_start(f"{name} relayed") + end + make_smuggled(SUPPORT)
            with smtplib.SMTP("127.0.0.1", site.postfix.port, timeout=60) as client:
                client.ehlo("client.example")
                client.mail("cust@c.test")
                client.rcpt(SUPPORT)
                client.send(f"BDAT {len(raw)} LAST\r\n".encode() + raw)
                report.sent += client.getreply()[0] == 250
        site.settle()
        forged = site.count(f"SELECT count(*) FROM inbox WHERE envelope LIKE '%{FORGED_SENDER}%'")
        report.kept = site.count("SELECT count(*) FROM inbox")
        if forged or report.kept > report.sent:
            report.problems.append(f"{forged} extra messages; {report.kept} stored of {report.sent} sent")
    return report


def hand_over(site: Site, number: int) -> None:
    """Give Postfix one mail."""
    with smtplib.SMTP("127.0.0.1", site.postfix.port, local_hostname="client.example", timeout=60) as client:
        client.sendmail(sender_of(number), [SUPPORT], make_mail(number))


def count_mails(site: Site, report: Report) -> None:
    """Every mail is one message on one ticket of its own."""
    tickets = Counter(row[0] for row in site.rows("SELECT requester FROM ticket"))
    messages = Counter(row[0] for row in site.rows("SELECT author FROM message WHERE purpose = 'request'"))
    outcomes = Counter(row[0] for row in site.rows("SELECT outcome FROM inbox"))
    for number in range(report.sent):
        who = sender_of(number)
        if tickets[who] == messages[who] == 1:
            report.kept += 1
        else:
            report.problems.append(f"mail {number}: {tickets[who]} tickets, {messages[who]} messages")
    report.retried = outcomes["duplicate"]
    if sum(outcomes.values()) != report.sent + report.retried:
        report.problems.append(f"outcomes: {dict(outcomes)}")


def wait_for(is_true: Callable[[], bool], what: str, seconds: float = _PATIENCE_SECONDS) -> None:
    """Raises RuntimeError when it is not so in time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited for {what} in vain")
        time.sleep(0.05)


def _kill(site: Site, report: Report, rng: random.Random) -> None:
    time.sleep(rng.random() * 0.2)
    site.kill()
    report.kills += 1
    site.start()


def _send_raw(site: Site, raw: bytes, tls: bool) -> None:
    client = site.connect()
    with contextlib.suppress(OSError):
        hello = b"EHLO client.example\r\n" if site.kind == "smtp" else b"LHLO client.example\r\n"
        client.recv(1000)
        if tls:
            for line in (hello, b"STARTTLS\r\n"):
                client.sendall(line)
                client.recv(1000)
            context = ssl.create_default_context(cafile=CERTIFICATE)
            client = context.wrap_socket(client, server_hostname="localhost")
        for line in (hello, b"MAIL FROM:<cust@c.test>\r\n", f"RCPT TO:<{SUPPORT}>\r\n".encode(), b"DATA\r\n"):
            client.sendall(line)
            client.recv(1000)
        client.sendall(raw + b"QUIT\r\n")
        while client.recv(1000):
            pass
    client.close()


def main() -> int:
    """Run all, print a line for each, 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(KINDS), help="smtp, lmtp or both")
    args = parser.parse_args()
    obstacle = find_obstacle()
    if obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    problems = 0
    for kind in args.only.split(","):
        runs: dict[str, Callable[[Path, str], Report]] = {
            "451 kept in the queue, then flushed": keep_and_flush,
            "killed and restarted": partial(kill_and_restart, mails=args.mails, kills=args.kills, seed=args.seed),
            "smuggling": smuggle,
        }
        for what, run in runs.items():
            folder = Path(tempfile.mkdtemp(prefix="mp-faults-"))
            try:
                report = run(folder, kind)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            for problem in report.problems[:20]:
                print(problem)
            print(report.line(f"{kind}, {what}"), flush=True)
            problems += len(report.problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
