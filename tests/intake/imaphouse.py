"""A house for the tests of IMAP: a real engine with a real store, mailboxes on a real Dovecot, and who is told what."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from mailproc.intake.base import IntakeStatus
from mailproc.intake.imap import ImapIntake, Patience
from mailproc.opening import OpenSite
from mailproc.records.mail import Envelope
from mailproc.settings import IntakeSettings
from mailproc.store.mailboxes import Mailboxes
from tests.builders import make_mail
from tests.dovecot import PASSWORD
from tests.test_samples import make_site

SECONDS = 60.0  # a machine with other work may be slow
QUICK = Patience(first_retry=0.05, longest_retry=0.5, login_retry=0.1, lease=90, standby=0.1, unreadable=0.0)


def numbered(number: int, *, text: str = "It prints blank pages.", message_id: bool = True, days_old: int = 0) -> bytes:
    """Mail number n, from customer n, written now or some days ago."""
    raw = make_mail(
        f"Customer {number} <c{number}@customer{number}.example>",
        subject=f"Request {number}",
        message_id=f"<m{number}@customer.example>" if message_id else "",
        text=text,
    )
    date = format_datetime(datetime.now(UTC) - timedelta(days=days_old)).encode()
    return raw.replace(b"Tue, 13 Jan 2026 08:59:00 +0000", date)


class House:
    """One site that takes mail in; `clock` may be set."""

    def __init__(self, site: OpenSite, clock: list[datetime]) -> None:
        self.site = site
        self.clock = clock
        self.mailboxes = Mailboxes(site.store, lambda: self.clock[0])
        self.told: list[tuple[str, str]] = []
        self.reports: list[IntakeStatus] = []
        self.rooms = [True]
        self.intakes: list[ImapIntake] = []
        self.on_deposit: Callable[[bytes], None] = lambda raw: None

    def open(self, port: int, user: str, folder: str = "INBOX", **changes: Any) -> ImapIntake:
        """An intake for that mailbox; keywords of IntakeSettings or ImapIntake."""
        inner = {key: changes.pop(key) for key in list(changes) if key in _INNER}
        values: dict[str, Any] = {
            "kind": "imap",
            "name": "support",
            "host": "127.0.0.1",
            "port": port,
            "tls": "none",
            "user": user,
            "password": PASSWORD,
            "start": "all",
            "after": "move:Processed",
            "timeout_seconds": 20,
        }
        settings = IntakeSettings(**(values | changes))
        wiring: dict[str, Any] = {
            "deposit": self.deposit,
            "mailbox": self.mailboxes,
            "addresses": self.site.settings.site.addresses,
            "has_room": lambda: self.rooms[0],
            "report": self.reports.append,
            "tell": lambda key, text: self.told.append((key, text)),
            "clock": lambda: self.clock[0],
            "patience": QUICK,
            "max_message_size": 5_000_000,
        }
        intake = ImapIntake(settings, folder, **(wiring | inner))
        self.intakes.append(intake)
        return intake

    def deposit(self, raw: bytes, envelope: Envelope) -> "Future[int]":
        """What the daemon does with mail."""
        self.on_deposit(raw)
        return self.site.engine.receive(raw, envelope)

    def work(self) -> None:
        """Decide all that waits."""
        while self.site.engine.work():
            pass

    def stored(self) -> int:
        """Mails in the inbox."""
        return int(self._ask("SELECT count(*) FROM inbox"))

    def tickets(self) -> int:
        """Tickets that were opened."""
        return int(self._ask("SELECT count(*) FROM ticket"))

    def acknowledgements(self) -> int:
        """Mails to requesters that say their request was received."""
        return int(self._ask("SELECT count(*) FROM outbox WHERE purpose = 'received'"))

    def raws(self) -> list[bytes]:
        """All that was stored, in order."""
        from mailproc.store import inbox

        with self.site.store.read() as tx:
            ids = [row[0] for row in tx.execute("SELECT id FROM inbox ORDER BY id")]
            return [inbox.raw_of(tx, each) or b"" for each in ids]

    def _ask(self, sql: str) -> Any:
        with self.site.store.read() as tx:
            return tx.execute(sql).fetchone()[0]


_INNER = frozenset({"deposit", "mailbox", "has_room", "token", "max_message_size", "patience", "clock", "accepts"})


@contextmanager
def open_house(folder: Path, now: datetime | None = None) -> Iterator[House]:
    """A house; its intakes are stopped afterwards."""
    clock = [now or datetime.now(UTC)]
    with make_site(folder, clock) as site:
        house = House(site, clock)
        try:
            yield house
        finally:
            for intake in house.intakes:
                intake.stop()


def wait_for(condition: Callable[[], object], what: str = "") -> None:
    """Back as soon as it holds."""
    deadline = time.monotonic() + SECONDS
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen in {SECONDS} s: {what or condition}")
        pause.wait(0.02)
