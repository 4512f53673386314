"""`make crash`: kill -9 of the daemon at random moments while mail comes in; then every mail is counted.

    python -m bench.crash [--mails 500] [--kills 10] [--seed 1] [--database URL]

Customers' mail servers send over real SMTP and try again until they have read a 250, as RFC 5321 asks. What goes out
is caught by a mail server of the harness. At the end: every mail that got its 250 is one message on one ticket (I1,
I2), nobody got an acknowledgement twice, and what was sent again was the same bytes.
"""

import argparse
import contextlib
import random
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

from mailproc.cli.demo import Sink
from mailproc.opening import open_site

CHECKOUT = Path(__file__).resolve().parents[1]
_PATIENCE_SECONDS = 60.0
SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [support@acme.example, billing@acme.example]
  domain: acme.example
  languages: [en]
  default_language: en
  timezone: UTC
database: {database}
keys_file: data/keys
rules: rules/
intake:
  - {{kind: smtp, listen: "127.0.0.1:{port}"}}
delivery: {{kind: smtp, host: 127.0.0.1, port: {sink_port}, tls: none}}
operator: ops@acme.example
trust: {{verify: no}}
limits: {{domain_per_hour: none, breaker_per_hour: none}}
"""


@dataclass(slots=True)
class Report:
    """What was counted; `problems` is empty when all four invariants held."""

    accepted: int = 0
    kills: int = 0
    retries: int = 0
    tickets: int = 0
    acknowledgements: int = 0
    forwards: int = 0
    sent_again: int = 0
    ambiguous: int = 0
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The closing line."""
        return (
            f"{self.accepted} mails got a 250, {self.kills} kills, {self.retries} tries over again: "
            f"{self.tickets} tickets, {self.acknowledgements} acknowledgements, {self.forwards} forwards "
            f"({self.sent_again} sent again with the same bytes), {self.ambiguous} ambiguous; "
            f"{len(self.problems)} problems"
        )


class Daemon:
    """`mailproc run` in a process that can be killed and started again."""

    def __init__(self, config: Path, port: int) -> None:
        self.config, self.port = config, port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; back when it listens."""
        log = (self.config.parent / "log").open("ab")
        command = [sys.executable, str(CHECKOUT / "cli.py"), "--config", str(self.config), "run"]
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.02)
        raise RuntimeError("the daemon does not listen; its log: " + (self.config.parent / "log").read_text()[-500:])

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM; back when it has drained."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(_PATIENCE_SECONDS)


class Senders:
    """Mail servers of customers: each keeps its mail until it has read a 250."""

    def __init__(self, port: int, mails: int, sessions: int = 4) -> None:
        self.port, self.mails = port, mails
        self.accepted: set[int] = set()
        self.retries = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, args=(n, sessions)) for n in range(sessions)]

    def start(self) -> None:
        """Begin sending."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until all mail was accepted."""
        for thread in self._threads:
            thread.join()

    def _send(self, first: int, step: int) -> None:
        for number in range(first, self.mails, step):
            raw = make_mail(number)
            while True:
                try:
                    with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example", timeout=10) as client:
                        client.sendmail(sender_of(number), ["support@acme.example"], raw)
                except (OSError, smtplib.SMTPException):
                    with self._lock:
                        self.retries += 1
                    time.sleep(0.05)
                else:
                    break
            with self._lock:
                self.accepted.add(number)


def sender_of(number: int) -> str:
    """A customer of their own for each mail, so that no limit holds an acknowledgement back."""
    return f"customer{number}@client{number}.example"


def make_mail(number: int) -> bytes:
    """One request; the same number gives the same bytes, also when it is sent again."""
    date = time.strftime("%a, %d %b %Y %H:00:00 +0000", time.gmtime())
    return (
        f"From: Customer {number} <{sender_of(number)}>\r\nTo: support@acme.example\r\n"
        f"Subject: request {number}\r\nDate: {date}\r\nMessage-ID: <crash.{number}@client{number}.example>\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\nThis is request number {number} of a customer.\r\n"
    ).encode("ascii")


def run(folder: Path, *, mails: int, kills: int, seed: int, database: str = "sqlite:///data/mailproc.db") -> Report:
    """One run in an empty folder."""
    rng = random.Random(seed)
    sink = Sink()
    sink_port = sink.listen()
    port = _free_port()
    config = folder / "mailproc.yaml"
    config.write_text(SETTINGS.format(database=database, port=port, sink_port=sink_port), encoding="utf-8")
    made = subprocess.run([sys.executable, str(CHECKOUT / "cli.py"), "init", str(folder), "--yes"], capture_output=True)
    if made.returncode:
        raise RuntimeError(made.stderr.decode())
    report = Report()
    daemon, senders = Daemon(config, port), Senders(port, mails)
    daemon.start()
    senders.start()
    for at in sorted(rng.sample(range(mails), kills)):
        while len(senders.accepted) < at:
            time.sleep(0.005)
        time.sleep(rng.random() * 0.05)
        daemon.kill()
        report.kills += 1
        daemon.start()
    senders.join()
    _settle(config)
    daemon.stop()
    report.accepted, report.retries = len(senders.accepted), senders.retries
    _count(config, sink, report, mails)
    sink.stop()
    return report


def _settle(config: Path) -> None:
    """Wait until everything is decided and nothing is due."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with open_site(config) as site:
        while time.monotonic() < deadline:
            with site.store.read() as tx:
                left = tx.execute(
                    "SELECT (SELECT count(*) FROM inbox WHERE state = 'received')"
                    " + (SELECT count(*) FROM outbox WHERE state = 'sending' OR (state = 'queued' AND attempts = 0))"
                ).fetchone()[0]
            if not left:
                return
            time.sleep(0.1)


def _count(config: Path, sink: Sink, report: Report, mails: int) -> None:
    with open_site(config) as site, site.store.read() as tx:
        tickets = Counter(row[0] for row in tx.execute("SELECT requester FROM ticket"))
        messages = Counter(row[0] for row in tx.execute("SELECT author FROM message WHERE purpose = 'request'"))
        states = Counter(row[0] for row in tx.execute("SELECT state FROM inbox"))
        outcomes = Counter(row[0] for row in tx.execute("SELECT outcome FROM inbox"))
        queued = {row[0]: row[1] for row in tx.execute("SELECT message_id, state FROM outbox")}
    report.tickets = sum(tickets.values())
    report.ambiguous = sum(1 for state in queued.values() if state == "ambiguous")
    for number in range(mails):
        who = sender_of(number)
        if tickets[who] != 1 or messages[who] != 1:
            report.problems.append(f"mail {number}: {tickets[who]} tickets, {messages[who]} messages")
    if states["received"] or states["held"]:
        report.problems.append(f"inbox: {dict(states)}")
    if sum(outcomes.values()) != outcomes["opened"] + outcomes["duplicate"]:
        report.problems.append(f"outcomes: {dict(outcomes)}")
    seen: dict[str, list[bytes]] = {}
    for mail in sink.mails:
        seen.setdefault(str(message_from_bytes(mail.raw)["Message-ID"]), []).append(mail.raw)
    for message_id, copies in seen.items():
        is_acknowledgement = b"\r\nTo: customer" in copies[0]
        report.acknowledgements += is_acknowledgement
        report.forwards += not is_acknowledgement
        report.sent_again += len(copies) - 1
        if is_acknowledgement and len(copies) > 1:
            report.problems.append(f"{message_id}: acknowledged {len(copies)} times")
        if len(set(copies)) > 1:
            report.problems.append(f"{message_id}: sent again with other bytes")
    for message_id, state in queued.items():
        if state == "sent" and message_id not in seen:
            report.problems.append(f"{message_id}: marked as sent, never arrived")
        if state not in ("sent", "ambiguous"):
            report.problems.append(f"{message_id}: left in state {state}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _folder(keep: str | None) -> Iterator[Path]:
    if keep:
        Path(keep).mkdir(parents=True)
        yield Path(keep)
    else:
        with tempfile.TemporaryDirectory(prefix="mailproc-crash-") as folder:
            yield Path(folder)


def main() -> None:
    """Run, print the closing line, exit 1 when an invariant broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="sqlite:///data/mailproc.db")
    parser.add_argument("--keep", metavar="FOLDER", help="make the site there and keep it")
    options = parser.parse_args()
    with _folder(options.keep) as folder:
        report = run(folder, mails=options.mails, kills=options.kills, seed=options.seed, database=options.database)
    for problem in report.problems[:20]:
        print(problem)
    print(report.line())
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()
