"""Who wrote, in one row: what is known of them, what they got lately, what they may write about. It changes nothing.

Every mail asks all of it, so it is one statement; what is rarely there (a case that resembles, a finished one with the
same subject, agents who are away) is told by a mark here and read only then.
"""

from dataclasses import dataclass
from datetime import date as Day
from datetime import datetime
from typing import Any

from mailproc.records.correspondence import Echo
from mailproc.records.making import quick_to_make
from mailproc.records.ticket import Contact
from mailproc.store import conversations, correspondence, counts, holds, resemblance
from mailproc.store.transaction import Tx
from mailproc.store.values import to_key, to_time

_NEXT_SERIAL = "SELECT value FROM counter WHERE name = 'ticket'"
# Places in the row: the marks, the counts, the contact, the correspondence
_CONTACT, _ECHO = 9, 14
_ROW = f"""
SELECT {{serial}},
 EXISTS (SELECT 1 FROM absence WHERE back_on > ?),
 EXISTS (SELECT 1 FROM ticket WHERE {conversations.IS_ALIKE}),
 EXISTS (SELECT 1 FROM ticket WHERE {resemblance.RESEMBLES}),
 g.hour, g.day,
 (SELECT coalesce(sum(mails), 0) FROM sent_minute WHERE scope = ? AND minute >= ?),
 (SELECT coalesce(sum(mails), 0) FROM sent_minute WHERE scope = ? AND minute >= ?),
 (SELECT count(*) FROM (SELECT 1 FROM inbox WHERE subject_key IN (?, ?) AND decided_at > ? AND id <> ? LIMIT ?) AS s),
 c.name, c.language, c.is_silenced, c.is_dead, c.is_trusted,
 (SELECT max(sent_at) FROM outbox WHERE inbox_id = r.inbox_id),
 {', '.join(f'r.{name}' for name in correspondence.COLUMNS.split(', '))}
FROM (SELECT count(*) AS day, coalesce(sum(CASE WHEN created_at >= ? THEN 1 ELSE 0 END), 0) AS hour
 FROM (SELECT created_at FROM outbox WHERE is_limited = 1 AND mailbox = ? AND created_at >= ?
 ORDER BY created_at DESC LIMIT ?) AS latest) AS g
LEFT JOIN contact c ON c.address = ?
LEFT JOIN correspondence r ON r.address = ? AND r.at >= ?"""
_SQLITE, _POSTGRES = (_ROW.format(serial=serial) for serial in (f"({_NEXT_SERIAL})", "NULL"))


@quick_to_make
@dataclass(frozen=True, slots=True)
class Sender:
    """What one mail's sender is known by."""

    next_serial: int | None  # None where a sequence gives it
    contact: Contact | None
    hour: int  # limited mails of the last hour
    day: int
    domain_hour: int
    site_hour: int
    same_subject: int
    echo: Echo | None
    has_alike: bool  # finished tickets asked the same
    has_resembled: bool  # a case of theirs in work has this subject
    absent: dict[str, Day]


def read_sender(tx: Tx, address: str, subject_key: str, inbox_id: int | None, now: datetime) -> Sender:
    """What is known of that address, and of a mail of its with that comparable subject."""
    mailbox = counts.mailbox_key(address)
    since = counts.minute_hour_ago(now)
    hour_ago, day_ago = counts.hour_and_day_ago(now)
    row: Any = tx.execute(
        _POSTGRES if tx.is_postgres else _SQLITE,
        (
            now.date().isoformat(),
            conversations.to_alike(subject_key),
            *resemblance.find_by(address, subject_key, now),
            counts.domain_of(address),
            since,
            counts.SITE,
            since,
            *counts.same_subject_by(address, subject_key, inbox_id, now),
            hour_ago,
            mailbox,
            day_ago,
            counts.MOST_COUNTED,
            to_key(address),
            mailbox,
            to_time(now - correspondence.FRESH),
        ),
    ).fetchone()
    name = row[_CONTACT]
    contact = Contact(address, name, row[10], bool(row[11]), bool(row[12]), bool(row[13])) if name is not None else None
    same_subject = int(row[8])
    return Sender(
        next_serial=row[0],
        contact=contact,
        hour=int(row[4]),
        day=int(row[5]),
        domain_hour=int(row[6]),
        site_hour=int(row[7]),
        same_subject=same_subject,
        echo=correspondence.make_echo(tx, row[_ECHO + 1 :], row[_ECHO], is_repeated=same_subject > 0),
        has_alike=bool(row[2]),
        has_resembled=bool(row[3]),
        absent=holds.read_absences(tx, now) if row[1] else {},
    )
