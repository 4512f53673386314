"""What reports count, streamed from the tables in pages: memory stays flat however long the time. It writes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailproc.records.decision import Step
from mailproc.store.rulehits import RuleHits, hits_from_json, hits_from_trace
from mailproc.store.transaction import Tx
from mailproc.store.values import from_json, from_time, to_time

_PAGE = 1_000
# Ids grow with time, but several hosts and their clocks may disagree by this much
_DISORDER = timedelta(hours=1)


@dataclass(slots=True)
class RuleCount:
    """How often one rule matched."""

    hits: int = 0
    shadow_hits: int = 0
    timed_out: int = 0  # mails on which a regex of it ran out of its time
    first_at: str = ""  # as in the tables: sorts as time does
    last_at: str = ""

    def add(self, at: str, *, is_shadow: bool) -> None:
        """Count one mail more."""
        if is_shadow:
            self.shadow_hits += 1
        else:
            self.hits += 1
        self.first_at = min(self.first_at or at, at)
        self.last_at = max(self.last_at, at)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first and the last time it matched."""
        return from_time(self.first_at), from_time(self.last_at)


@dataclass(slots=True)
class RuleCounts:
    """How often rules matched in some time."""

    mails: int = 0  # decisions that rules were asked for; a mail that was released from hold counts again
    unmatched: int = 0  # of them: no live rule matched
    rules: dict[str, RuleCount] = field(default_factory=dict)  # by path, in the order they were first seen

    def add(self, at: str, hits: RuleHits) -> None:
        """Count one decision."""
        self.mails += 1
        self.unmatched += not hits.live
        for is_shadow, paths in ((False, hits.live), (True, hits.shadow)):
            for path in paths:
                self.rules.setdefault(path, RuleCount()).add(at, is_shadow=is_shadow)
        for path in hits.timed_out:
            self.rules.setdefault(path, RuleCount()).timed_out += 1


def count_rules(
    tx: Tx, since: datetime, until: datetime, *, progress: Callable[[int], None] | None = None
) -> RuleCounts:
    """How often each rule matched in [since, until); `progress` gets the number of rows of each page read."""
    counts = RuleCounts()
    start, end = to_time(since), to_time(until)
    for rows in _pages(tx, first_decision(tx, since)):
        for _, at, text, trace in rows:
            if start <= at < end:
                hits = hits_from_json(text) if text is not None else hits_from_trace(_read_trace(trace))
                if hits is not None:
                    counts.add(at, hits)
        if progress is not None:
            progress(len(rows))
    return counts


def first_decision(tx: Tx, since: datetime) -> int:
    """The id from which on decisions of that time may lie: found by halving, over the primary key alone."""
    wanted = to_time(since - _DISORDER)
    low, high = _bounds(tx)
    while low < high:
        middle = (low + high) // 2
        row = tx.execute("SELECT id, at FROM decision WHERE id >= ? ORDER BY id LIMIT 1", (middle,)).fetchone()
        if row is None or row[1] >= wanted:
            high = middle
        else:
            low = row[0] + 1
    return low


def span_of_decisions(tx: Tx, since: datetime) -> int:
    """About how many decisions `count_rules` will read."""
    return max(0, _bounds(tx)[1] - first_decision(tx, since))


def _bounds(tx: Tx) -> tuple[int, int]:
    """The first id, and the one after the last."""
    row = tx.execute("SELECT (SELECT min(id) FROM decision), (SELECT max(id) FROM decision)").fetchone()
    return (0, 0) if row[0] is None else (int(row[0]), int(row[1]) + 1)


def _pages(tx: Tx, first: int) -> Iterator[list[tuple[int, str, str | None, str]]]:
    while True:
        rows = tx.execute(
            "SELECT id, at, rules, CASE WHEN rules IS NULL THEN trace ELSE '' END FROM decision"
            " WHERE id >= ? ORDER BY id LIMIT ?",
            (first, _PAGE),
        ).fetchall()
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        first = rows[-1][0] + 1


def _read_trace(text: str) -> tuple[Step, ...]:
    return tuple(Step(room, words, matched) for room, words, matched in from_json(text))
