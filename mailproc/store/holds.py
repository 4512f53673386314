"""Held mail beyond its inbox row: who is asked and was told, whom people trust, who is away. It decides nothing."""

from collections.abc import Callable, Iterable
from datetime import date as Day
from datetime import datetime, timedelta
from typing import Any

from mailproc.records.effects import AskAbout, DiscardMail, ReleaseMail, RememberAbsence, TellHolds, TrustSender
from mailproc.records.holds import OPERATOR, HeldMail, HoldsDue
from mailproc.store import inbox, meta, schema
from mailproc.store.batch import Batch
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_time, to_key, to_text, to_time

MOST_LISTED = 500  # held mails of one digest or alarm
_ALARMED = "holds alarmed"
_DIGEST = "holds digest "  # and the audience
_COLUMNS = (
    "i.id, i.state, i.reason, i.sender, i.subject, i.serial, coalesce(i.decided_at, i.received_at),"
    " coalesce(h.audience, 'operator'), i.release_as"
)
_FROM = "FROM inbox i LEFT JOIN hold h ON h.inbox_id = i.id"


def create_tables(tx: Tx) -> None:
    """A migration: who decides about a held mail, senders that people trust, agents who are away.

    The index counts what agents and departments were asked lately.
    """
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    number, time, key = words["int"], words["time"], words["key"]
    tx.execute(
        f"CREATE TABLE hold (inbox_id {key} REFERENCES inbox (id) ON DELETE CASCADE,"
        f" audience TEXT NOT NULL, alarmed_at {time})"
    )
    tx.execute(
        f"CREATE TABLE absence (address TEXT PRIMARY KEY, back_on {time} NOT NULL, seen_at {time} NOT NULL)"
        f"{words['rowless']}"
    )
    tx.execute(f"ALTER TABLE contact ADD COLUMN is_trusted {number} NOT NULL DEFAULT 0")
    tx.execute("CREATE INDEX outbox_asked ON outbox (recipient, created_at) WHERE purpose IN ('challenge', 'review')")


def read_named(tx: Tx, inbox_ids: Iterable[int]) -> dict[int, HeldMail]:
    """Those of the mails that exist, held or not, by inbox id."""
    wanted = list(dict.fromkeys(inbox_ids))[:MOST_LISTED]
    if not wanted:
        return {}
    marks, values = in_list(wanted)
    rows = tx.execute(f"SELECT {_COLUMNS} {_FROM} WHERE i.id IN {marks}", values)
    return {row[0]: _make(row) for row in rows}


def count_asked(tx: Tx, address: str, since: datetime) -> tuple[int, int]:
    """(challenges, all mails about holds) that went to an address since then."""
    row = tx.execute(
        "SELECT sum(CASE purpose WHEN 'challenge' THEN 1 ELSE 0 END), count(*) FROM outbox"
        " WHERE purpose IN ('challenge', 'review') AND recipient = ? AND created_at > ?",
        (to_text(address), to_time(since)),
    ).fetchone()
    return int(row[0] or 0), int(row[1] or 0)


def read_due(tx: Tx, now: datetime, *, alarm_after: timedelta, merge: timedelta, day: str) -> HoldsDue:
    """What the clock has to tell: holds older than `alarm_after` that no alarm named, and the digests of `day`.

    Alarms keep `merge` apart; with no day no digest is due.
    """
    last = meta.get_value(tx, _ALARMED)
    ageing: tuple[HeldMail, ...] = ()
    if last is None or now - from_time(last) >= merge:
        ageing = _read_held(
            tx,
            "i.reason <> 'spam' AND h.alarmed_at IS NULL AND coalesce(i.decided_at, i.received_at) <= ?",
            (to_time(now - alarm_after),),
        )
    digests: dict[str, tuple[HeldMail, ...]] = {}
    if day:
        audiences = tx.execute(
            f"SELECT DISTINCT coalesce(h.audience, 'operator') {_FROM} WHERE i.state = 'held' ORDER BY 1"
        ).fetchall()
        for (audience,) in audiences:
            if meta.get_value(tx, _DIGEST + audience) != day:
                digests[audience] = _read_held(tx, "coalesce(h.audience, 'operator') = ?", (audience,))
    return HoldsDue(ageing, digests, day)


def read_absences(tx: Tx, now: datetime) -> dict[str, Day]:
    """Who is away, and the day they are back."""
    rows = tx.execute("SELECT address, back_on FROM absence WHERE back_on > ?", (now.date().isoformat(),))
    return {row[0]: Day.fromisoformat(row[1]) for row in rows}


def _read_held(tx: Tx, condition: str, values: tuple[object, ...]) -> tuple[HeldMail, ...]:
    rows = tx.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE i.state = 'held' AND {condition} ORDER BY i.id LIMIT {MOST_LISTED}", values
    )
    return tuple(_make(row) for row in rows)


def _make(row: Any) -> HeldMail:
    return HeldMail(row[0], row[1], row[2], row[3], row[4], row[5], from_time(row[6]), row[7] or OPERATOR, row[8])


# ---- handlers of effects; each does nothing the second time


def _ask_about(batch: Batch, effect: AskAbout) -> None:
    batch.tx.execute(
        "INSERT INTO hold (inbox_id, audience) VALUES (?, ?)"
        " ON CONFLICT (inbox_id) DO UPDATE SET audience = excluded.audience, alarmed_at = NULL",
        (batch.inbox_id, to_key(effect.audience)),
    )


def _release_mail(batch: Batch, effect: ReleaseMail) -> None:
    inbox.release(batch.tx, effect.inbox_id, batch.at, as_who=effect.as_who, actor=effect.actor)


def _discard_mail(batch: Batch, effect: DiscardMail) -> None:
    inbox.discard(batch.tx, effect.inbox_id, batch.at, actor=effect.actor)


def _trust_sender(batch: Batch, effect: TrustSender) -> None:
    set_trusted(batch.tx, effect.address, batch.at, is_trusted=effect.is_trusted)
    batch.add_event(None, "contact", {"address": effect.address, "trusted": effect.is_trusted}, effect.actor)


def set_trusted(tx: Tx, address: str, now: datetime, *, is_trusted: bool = True) -> None:
    """Remember that mail of exactly this address is no spam, or forget it."""
    at = to_time(now)
    tx.execute(
        "INSERT INTO contact (address, name, language, first_seen_at, last_seen_at, is_trusted)"
        " VALUES (?, '', '', ?, ?, ?) ON CONFLICT (address) DO UPDATE SET is_trusted = excluded.is_trusted",
        (to_key(address), at, at, int(is_trusted)),
    )


def _tell_holds(batch: Batch, effect: TellHolds) -> None:
    if effect.audience:
        meta.set_value(batch.tx, _DIGEST + effect.audience, effect.day)
        return
    meta.set_value(batch.tx, _ALARMED, batch.now)
    for inbox_id in effect.inbox_ids:
        batch.tx.execute(
            "INSERT INTO hold (inbox_id, audience, alarmed_at) VALUES (?, ?, ?)"
            " ON CONFLICT (inbox_id) DO UPDATE SET alarmed_at = excluded.alarmed_at",
            (inbox_id, OPERATOR, batch.now),
        )


def _remember_absence(batch: Batch, effect: RememberAbsence) -> None:
    if not effect.until:
        batch.tx.execute("DELETE FROM absence WHERE address = ?", (to_key(effect.address),))
        return
    batch.tx.execute(
        "INSERT INTO absence (address, back_on, seen_at) VALUES (?, ?, ?)"
        " ON CONFLICT (address) DO UPDATE SET back_on = excluded.back_on, seen_at = excluded.seen_at",
        (to_key(effect.address), effect.until, batch.now),
    )


HANDLERS: dict[type, Callable[[Batch, Any], None]] = {
    AskAbout: _ask_about,
    ReleaseMail: _release_mail,
    DiscardMail: _discard_mail,
    TrustSender: _trust_sender,
    TellHolds: _tell_holds,
    RememberAbsence: _remember_absence,
}
