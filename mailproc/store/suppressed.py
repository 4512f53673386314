"""What was due to somebody and not sent, counted from the history of tickets in pages. It writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailproc.store.transaction import Tx
from mailproc.store.values import from_json, from_time, to_time

_PAGE = 1_000
# Ids grow with time, but several hosts and their clocks may disagree by this much
_DISORDER = timedelta(hours=1)
_MOST_RECIPIENTS = 10_000


@dataclass(slots=True)
class SuppressedCount:
    """Mails of one purpose that were kept back for one reason."""

    mails: int = 0
    recipients: set[str] = field(default_factory=set)  # the first ten thousand
    first_at: str = ""
    last_at: str = ""

    def add(self, at: str, recipient: str) -> None:
        """Count one mail."""
        self.mails += 1
        if len(self.recipients) < _MOST_RECIPIENTS:
            self.recipients.add(recipient)
        self.first_at = min(self.first_at or at, at)
        self.last_at = max(self.last_at, at)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first and the last time."""
        return from_time(self.first_at), from_time(self.last_at)


def count_suppressed(tx: Tx, since: datetime, until: datetime) -> dict[tuple[str, str], SuppressedCount]:
    """(reason, purpose) -> what was kept back in [since, until)."""
    counts: dict[tuple[str, str], SuppressedCount] = {}
    start, end = to_time(since), to_time(until)
    for at, text in _events(tx, _first_event(tx, since)):
        if start <= at < end:
            data = from_json(text)
            counts.setdefault((data["reason"], data["purpose"]), SuppressedCount()).add(at, data["to"])
    return counts


def _first_event(tx: Tx, since: datetime) -> int:
    """The id from which on events of that time may lie: found by halving, over the primary key alone."""
    wanted = to_time(since - _DISORDER)
    row = tx.execute("SELECT (SELECT min(id) FROM event), (SELECT max(id) FROM event)").fetchone()
    low, high = (0, 0) if row[0] is None else (int(row[0]), int(row[1]) + 1)
    while low < high:
        middle = (low + high) // 2
        row = tx.execute("SELECT id, at FROM event WHERE id >= ? ORDER BY id LIMIT 1", (middle,)).fetchone()
        if row is None or row[1] >= wanted:
            high = middle
        else:
            low = row[0] + 1
    return low


def _events(tx: Tx, first: int) -> Iterator[tuple[str, str]]:
    while True:
        rows = tx.execute(
            "SELECT id, at, data FROM event WHERE id >= ? AND kind = 'suppressed' ORDER BY id LIMIT ?", (first, _PAGE)
        ).fetchall()
        yield from ((row[1], row[2]) for row in rows)
        if len(rows) < _PAGE:
            return
        first = rows[-1][0] + 1


@dataclass(frozen=True, slots=True)
class Breaks:
    """When the breaker kept mail back: a minute and how many, and up to which event the history was read."""

    times: tuple[tuple[datetime, int], ...]
    last_event: int


def find_breaks(tx: Tx, after_event: int, since: datetime) -> Breaks:
    """What the breaker kept back in events behind that one; at first in those since that time."""
    first = after_event + 1 if after_event else _first_event(tx, since)
    row = tx.execute("SELECT max(id) FROM event").fetchone()
    last = int(row[0] or 0)
    minutes: dict[str, int] = {}
    if last >= first:
        for at, text in _events(tx, first):
            if '"breaker"' in text and from_json(text).get("reason") == "breaker" and at >= to_time(since):
                minutes[at[:16]] = minutes.get(at[:16], 0) + 1
    times = tuple((datetime.fromisoformat(f"{minute}:00+00:00"), count) for minute, count in sorted(minutes.items()))
    return Breaks(times, max(last, after_event))
