"""mailproc as the benchmarks see it: the only file of bench/ that calls the engine.

A site here has no limits on automatic mail, takes mail of any age as new, asks no DNS and drops outgoing mail into a
Maildir, so that every request costs what the busiest one costs: two mails rendered, composed and queued.
"""

import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.gen_mail import CUSTOMERS, SUPPORT, GeneratedMail, make_requests
from mailproc import opening
from mailproc.records.mail import Envelope
from mailproc.tickets.casenumber import format_number, format_tag

CHECKOUT = Path(__file__).resolve().parents[1]
MAILPROC = [sys.executable, str(CHECKOUT / "cli.py")]
PREFIX = "ACME"
FIRST_SERIAL = 10_000
COPIED_TABLES = ("inbox", "inbox_raw", "decision", "ticket", "participant", "outbox", "outbox_raw", "message",
                 "message_id", "event")  # fmt: skip
OWN_IDS = {("decision", "id"), ("message", "id"), ("event", "id")}  # the database gives these
SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [{support}]
  domain: acme.example
  languages: [en, de]
  default_language: en
  timezone: Europe/Berlin
database: {database}
keys_file: data/keys
rules: rules/
intake:
  - {{kind: smtp, listen: "127.0.0.1:{port}"}}
delivery: {{kind: maildir, path: data/sent}}
operator: ops@acme.example
trust: {{trusted_authserv_ids: [], verify: no}}
limits:
  {{ack_max_age: none, sender_per_hour: none, sender_per_day: none, unverified_per_day: none, domain_per_hour: none,
   ticket_per_hour: none, ticket_per_day: none, breaker_per_hour: none}}
"""


class NotWired(Exception):
    """The engine cannot be measured; the text says why."""


class Site:
    """A site used in this process, without a daemon, a listener or a sender."""

    def __init__(self, folder: Path) -> None:
        self._config = folder / "mailproc.yaml"
        self._database = folder / "data" / "mailproc.db"
        self._site = opening.open_site(self._config)
        self._site.engine.warm_up()  # a daemon does this once, before its first mail

    def receive(self, mail: GeneratedMail) -> None:
        """Accepts one mail as the SMTP listener does; back only after the durable commit."""
        envelope = Envelope(
            kind="smtp", received_at=datetime.now(UTC), sender=mail.sender, recipients=(mail.recipient,),
            client="192.0.2.1", helo="out1.client.example",
        )  # fmt: skip
        self._site.engine.receive(mail.raw, envelope).result()

    def work_all(self) -> None:
        """Decides, commits and queues for everything that waits, as the daemon does."""
        while self._site.engine.work() and self._site.engine.has_more:
            pass

    def tags(self) -> list[str]:
        """The subject tags of all tickets, in the order of their numbers: "[ACME-482-170]"."""
        with self._site.store.read() as tx:
            return [format_tag(str(row[0])) for row in tx.execute("SELECT number FROM ticket ORDER BY serial")]

    def count_queued(self) -> int:
        """Mails in the outbox: shows that the work that is measured was done."""
        with self._site.store.read() as tx:
            return int(tx.execute("SELECT count(*) FROM outbox").fetchone()[0])

    def preload(self, tickets: int) -> None:
        """Fills the store with so many tickets: some decided by the engine, the others copies of their rows."""
        if not tickets:
            return
        # As many as there are customers: then ticket n belongs to customer n in the copies too, and may be replied to.
        made = CUSTOMERS
        if tickets % made:
            raise ValueError(f"a site is filled with a multiple of {made} tickets")
        for mail in make_requests(made, seed=3, with_files=False):
            self.receive(mail)
            self.work_all()
        self._site.close()
        copy_tickets(self._database, made, tickets // made - 1)
        self._site = opening.open_site(self._config)

    def close(self) -> None:
        self._site.close()


def copy_tickets(database: Path, made: int, copies: int) -> None:
    """Copies every row of the first `made` tickets so many times, with ids, numbers and times of their own.

    Times of copy k lie k hours back, so that the store looks as if it had grown.
    """
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.create_function("case_number", 1, lambda serial: format_number(serial, PREFIX), deterministic=True)
        connection.execute("PRAGMA synchronous = OFF")
        inboxes, outboxes = (connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0] or 0
                             for table in ("inbox", "outbox"))  # fmt: skip
        connection.execute("UPDATE outbox SET state = 'sent', sent_at = created_at")
        connection.execute("BEGIN")
        for table in COPIED_TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            taken = [column for column in columns if (table, column) not in OWN_IDS]
            values = ", ".join(_copied_value(table, column, made, inboxes, outboxes) for column in taken)
            bound = {"inbox_raw": f"inbox_id <= {inboxes}", "outbox_raw": f"outbox_id <= {outboxes}"}.get(
                table, f"serial < {FIRST_SERIAL + made}")  # fmt: skip
            connection.execute(
                "WITH RECURSIVE copy(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copy WHERE k < ?) "
                f"INSERT INTO {table} ({', '.join(taken)}) SELECT {values} FROM copy, {table} AS old WHERE {bound}",
                (copies,),
            )
        connection.execute("UPDATE counter SET value = value + ? WHERE name = 'ticket'", (made * copies,))
        connection.execute("COMMIT")


def _copied_value(table: str, column: str, made: int, inboxes: int, outboxes: int) -> str:
    """SQL for a column of copy k."""
    if (table, column) == ("message_id", "id") or column in ("message_id", "requester_message_id"):
        return f"CASE old.{column} WHEN '' THEN '' ELSE '<' || k || '.' || substr(old.{column}, 2) END"
    if column == "serial":
        return f"old.serial + k * {made}"
    if column == "number":
        return f"case_number(old.serial + k * {made})"
    if column == "inbox_id" or (table, column) == ("inbox", "id"):
        return f"old.{column} + k * {inboxes}"
    if column == "outbox_id" or (table, column) == ("outbox", "id"):
        return f"old.{column} + k * {outboxes}"
    if column == "fingerprint":
        return "k || ':' || old.fingerprint"
    if column in ("at", "date") or (column.endswith("_at") and column != "reopened_at"):
        return (f"CASE WHEN old.{column} > '' THEN strftime('%Y-%m-%dT%H:%M:%f', old.{column}, '-' || k || ' hours') "
                f"|| '000Z' ELSE old.{column} END")  # fmt: skip
    return f"old.{column}"


@dataclass(frozen=True, slots=True)
class Daemon:
    """`mailproc run` as a process of its own."""

    process: subprocess.Popen[bytes]
    port: int

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def make_site(folder: Path, database: str = "sqlite:///data/mailproc.db") -> int:
    """Writes the settings and lets `mailproc init` add the rest; the port of its SMTP listener."""
    folder.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    text = SETTINGS.format(support=SUPPORT, database=database, port=port)
    (folder / "mailproc.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run([*MAILPROC, "init", str(folder), "--yes"], capture_output=True, text=True)
    if done.returncode:
        raise NotWired((done.stderr or done.stdout).strip().splitlines()[-1])
    return port


def open_site(folder: Path) -> Site:
    """Makes a site in `folder`, which does not exist yet, and opens it."""
    make_site(folder)
    return Site(folder)


def start_daemon(folder: Path) -> Daemon:
    """Makes a site in `folder`, starts the daemon on it and waits until it listens."""
    port = make_site(folder)
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen([*MAILPROC, "--config", str(folder / "mailproc.yaml"), "run"],
                                   stdout=log, stderr=log)  # fmt: skip
    give_up_at = time.monotonic() + 20
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return Daemon(process, port)
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise NotWired("the daemon does not listen: " + (folder / "daemon.log").read_text(errors="replace")[-300:])
