"""How much limited mail went out lately, counted so that a busy site pays no more than a quiet one.

Per mailbox and ticket the outbox index is counted; per domain and for the site every mail adds to a small row of
its minute and hour, because those numbers can be in the thousands. A count may be a minute too careful, never too low.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailproc.message.samemailbox import find_mailbox
from mailproc.records.ticket import SendCounts
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import to_hash, to_key, to_text, to_time

MOST_COUNTED = 1_000  # of one recipient or ticket; no limit is meant to be higher
_MOST_SAME_SUBJECT = 100
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_SAME_SUBJECT_WINDOW = timedelta(minutes=10)
_HOURS_OF_WEEK = 168
_MINUTES_KEPT = 180
_HASH_BITS = 40
SITE = "*"


@dataclass(frozen=True, slots=True)
class Question:
    """For whom limited mail is counted before a decision."""

    recipients: tuple[str, ...]  # the highest count of them is taken
    tickets: tuple[tuple[int, str | None], ...] = ()  # (serial, ISO time of the last agent's word there)


def read_counts(tx: Tx, question: Question, now: datetime) -> SendCounts:
    """The counts a decision at `now` must respect."""
    hour_ago, day_ago = hour_and_day_ago(now)
    sender_hour = sender_day = 0
    for mailbox in dict.fromkeys(map(mailbox_key, question.recipients)):
        times = tx.execute(
            "SELECT created_at FROM outbox WHERE is_limited = 1 AND mailbox = ? AND created_at >= ?"
            " ORDER BY created_at DESC LIMIT ?",
            (mailbox, day_ago, MOST_COUNTED),
        ).fetchall()
        sender_day = max(sender_day, len(times))
        sender_hour = max(sender_hour, sum(1 for (at,) in times if at >= hour_ago))
    ticket_hour, ticket_day = count_tickets(tx, question.tickets, now)
    domains = list(dict.fromkeys(domain for r in question.recipients if (domain := domain_of(r))))
    domain_hour, site_hour = _count_minutes(tx, domains, now)
    return SendCounts(
        sender_hour=sender_hour,
        sender_day=sender_day,
        domain_hour=domain_hour,
        ticket_hour=ticket_hour,
        ticket_day=ticket_day,
        site_hour=site_hour,
        site_usual_hour=usual_hour(tx, now),
    )


def count_tickets(tx: Tx, tickets: Iterable[tuple[int, str | None]], now: datetime) -> tuple[int, int]:
    """(within the hour, within the day) since an agent's last word, of the ticket that sent most."""
    hour_ago, day_ago = hour_and_day_ago(now)
    ticket_hour = ticket_day = 0
    for serial, last_agent_at in tickets:
        times = tx.execute(
            "SELECT created_at FROM outbox WHERE is_limited = 1 AND serial = ? AND created_at >= ? LIMIT ?",
            (serial, max(day_ago, last_agent_at or ""), MOST_COUNTED),
        ).fetchall()
        ticket_day = max(ticket_day, len(times))
        ticket_hour = max(ticket_hour, sum(1 for (at,) in times if at >= hour_ago))
    return ticket_hour, ticket_day


def hour_and_day_ago(now: datetime) -> tuple[str, str]:
    """Since when mails count for limits of an hour and of a day."""
    return to_time(now - _HOUR), to_time(now - _DAY)


def minute_hour_ago(now: datetime) -> int:
    """The minute of an hour ago; it counts whole: a limit may hold a minute longer, never let one more mail out."""
    return _minute_of(now - _HOUR)


def same_subject_by(
    sender: str, subject_key: str, inbox_id: int | None, now: datetime
) -> tuple[int | None, int | None, str, int, int]:
    """What finds the mails of one sender with one comparable subject of the last minutes, this one left out.

    The parameters are: subject_key IN (?, ?) AND decided_at > ? AND id <> ? LIMIT ?
    """
    since = now - _SAME_SUBJECT_WINDOW
    hours = [hash_subject(sender, subject_key, at) for at in (since, now)]
    return hours[0], hours[1], to_time(since), inbox_id or 0, _MOST_SAME_SUBJECT


def record_sent(tx: Tx, recipients: Sequence[str], now: datetime) -> None:
    """Add limited mails to the sums of their minute and hour."""
    minute, hour, writer = _minute_of(now), _hour_of(now), tx.connection.writer_id
    if tx.connection.counted_hour != hour:
        forget_counts(tx, now)
        tx.connection.counted_hour = hour
    domains = [domain for recipient in recipients if (domain := domain_of(recipient))]
    scopes: dict[str, int] = {SITE: len(recipients)}
    for domain in domains:
        scopes[domain] = scopes.get(domain, 0) + 1
    tx.executemany(
        "INSERT INTO sent_minute (scope, minute, writer, mails) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (scope, minute, writer) DO UPDATE SET mails = sent_minute.mails + excluded.mails",
        [(scope, minute, writer, mails) for scope, mails in scopes.items()],
    )
    tx.execute(
        "INSERT INTO sent_hour (hour, writer, mails) VALUES (?, ?, ?)"
        " ON CONFLICT (hour, writer) DO UPDATE SET mails = sent_hour.mails + excluded.mails",
        (hour, writer, len(recipients)),
    )


def mailbox_key(recipient: str) -> str:
    """What limits of one recipient are counted by: jane+a@ and jane+b@ are one (T30)."""
    return to_key(find_mailbox(to_text(recipient)))


def count_by_mailbox(tx: Tx) -> None:
    """The migration: who reads a limited mail, beside the address it went to."""
    tx.execute("ALTER TABLE outbox ADD COLUMN mailbox TEXT NOT NULL DEFAULT ''")
    for (recipient,) in tx.execute("SELECT DISTINCT recipient FROM outbox WHERE is_limited = 1").fetchall():
        tx.execute("UPDATE outbox SET mailbox = ? WHERE is_limited = 1 AND recipient = ?",
                   (mailbox_key(recipient), recipient))  # fmt: skip
    tx.execute("DROP INDEX outbox_limited")
    tx.execute("CREATE INDEX outbox_limited ON outbox (mailbox, created_at) WHERE is_limited = 1")


def forget_counts(tx: Tx, now: datetime) -> None:
    """Remove sums that no limit looks at any more; every writer does so about once an hour."""
    tx.execute("DELETE FROM correspondence WHERE at < ?", (to_time(now - 2 * _DAY),))
    tx.execute("DELETE FROM sent_minute WHERE minute < ?", (_minute_of(now) - _MINUTES_KEPT,))
    tx.execute("DELETE FROM sent_hour WHERE hour < ?", (_hour_of(now) - _HOURS_OF_WEEK - 24,))


def hash_subject(sender: str, subject_key: str, at: datetime) -> int | None:
    """The number under which mails of one sender with one comparable subject meet within an hour; None without either.

    The hour stands first, so that new entries of the index lie close together however many there are.
    """
    if not sender or not subject_key:
        return None
    return _hour_of(at) << _HASH_BITS | to_hash(sender, subject_key) & (1 << _HASH_BITS) - 1


def usual_hour(tx: Tx, now: datetime) -> float:
    """The mean of the last week's hours; they are over, so that it changes with the hour and not with a mail."""
    hour = _hour_of(now)
    known = tx.connection.usual_hour
    if known is None or known[0] != hour:
        # Between two times and not open-ended: the hour under way is no usual hour yet
        row = tx.execute(
            "SELECT coalesce(sum(mails), 0) FROM sent_hour WHERE hour >= ? AND hour < ?", (hour - _HOURS_OF_WEEK, hour)
        ).fetchone()
        known = tx.connection.usual_hour = hour, float(row[0]) / _HOURS_OF_WEEK
    return known[1]


def _count_minutes(tx: Tx, domains: Iterable[str], now: datetime) -> tuple[int, int]:
    since = minute_hour_ago(now)
    marks, values = in_list([SITE, *domains])
    rows = tx.execute(
        f"SELECT scope, sum(mails) FROM sent_minute WHERE scope IN {marks} AND minute >= ? GROUP BY scope",
        (*values, since),
    )
    sums = {scope: int(mails) for scope, mails in rows}
    site = sums.pop(SITE, 0)
    return max(sums.values(), default=0), site


def domain_of(address: str) -> str:
    """By what limits of a domain are counted."""
    return to_key(address.rpartition("@")[2])


def _minute_of(at: datetime) -> int:
    return int(at.timestamp() // 60)


def _hour_of(at: datetime) -> int:
    return int(at.timestamp() // 3600)
