"""Mail out: leased before it is handed to a server, settled by what the server said, visible on its ticket.

States: `queued -> sending -> sent | queued again | failed | ambiguous`, besides `held` and `cancelled`. `sending` is
committed before MAIL FROM, so that a crash in between is known to be ambiguous (F21). It opens no connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailproc.errors import UsageError
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.records.effects import ComposedMail, Mail
from mailproc.store.commit import mail_from_json
from mailproc.store.packing import pack, unpack
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, from_time, to_json, to_text, to_time

MOST_LEASED_BYTES = 48_000_000
_LONGEST_ANSWER = 500
# A server that never confirms what it takes must not fill a customer's mailbox with one answer: at most six copies
_AMBIGUOUS_PAUSES = (
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=2),
)
LONGEST_LIFE = timedelta(days=6)  # of a mail on its way, with a day to spare
LEASE_SECONDS = 1_800.0  # longer than a delivery may take (delivery/smtp.py) and a mail may wait in hand before it
_TRIES_IN_ORDER = 3  # after 5, 10 and 20 minutes a mail no longer keeps back those behind it
_EARLIER = (
    "SELECT 1 FROM outbox e WHERE e.serial = o.serial AND o.serial > 0 AND e.n < o.n AND e.recipient = o.recipient"
    f" AND (e.state = 'sending' OR (e.state = 'queued' AND e.attempts <= {_TRIES_IN_ORDER}"
    " AND (e.next_at <= ? OR e.answer <> '')))"
)


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """A mail that is this sender's to deliver; `attempts` counts this try."""

    id: int
    recipient: str
    envelope_from: str
    raw: bytes = field(repr=False)
    attempts: int
    purpose: str
    serial: int
    n: int
    may_resend: bool
    since: datetime  # its five days run from here: when it was made, or when somebody had it tried again
    message_id: str = ""
    author: str = ""
    role: str = "customer"


def lease(
    tx: Tx,
    *,
    sender: str,
    now: datetime,
    limit: int = 20,
    lease_seconds: float = LEASE_SECONDS,
    once_only: int | None = None,
) -> tuple[OutboxMail, ...]:
    """The mails that are due, theirs until the lease ends; commit before handing them to a server.

    A mail that must not be sent twice comes alone: a crash makes it ambiguous whether it was tried or not, so no
    other such mail may be waiting behind it. A caller with several senders says in `once_only` how many of them are at
    rest: it gets so many of those among the others, and nothing from behind the next one.

    To one person on one ticket mails go in their order: a later one waits until the earlier has gone, or has been
    tried for half an hour in vain.
    """
    expire_leases(tx, now)
    rows = tx.execute(
        "SELECT id, size, may_resend FROM outbox o WHERE state = 'queued' AND next_at <= ?"
        + f" AND NOT EXISTS ({_EARLIER}) ORDER BY next_at, id LIMIT ?"
        + (" FOR UPDATE SKIP LOCKED" if tx.is_postgres else ""),
        (to_time(now), to_time(now), limit),
    ).fetchall()
    ids = _pick(rows, once_only)
    if not ids:
        return ()
    marks, values = in_list(ids)
    tx.execute(
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, worker = ?, lease_until = ?"
        f" WHERE id IN {marks}",
        (to_text(sender), to_time(now + timedelta(seconds=lease_seconds)), *values),
    )
    found = tx.execute(
        "SELECT o.id, o.recipient, o.envelope_from, r.codec, r.data, o.attempts, o.purpose, o.serial, o.n,"
        " o.may_resend, o.created_at, o.message_id, o.author, o.role, o.again_at"
        " FROM outbox o JOIN outbox_raw r ON r.outbox_id = o.id"
        f" WHERE o.id IN {marks} ORDER BY o.next_at, o.id",
        values,
    )
    return tuple(
        OutboxMail(
            id=row[0],
            recipient=row[1],
            envelope_from=row[2],
            raw=unpack(row[3], row[4]),
            attempts=row[5],
            purpose=row[6],
            serial=row[7],
            n=row[8],
            may_resend=bool(row[9]),
            since=from_time(row[14] or row[10]),
            message_id=row[11],
            author=row[12],
            role=row[13],
        )
        for row in found
    )


def settle(tx: Tx, outbox_id: int, receipt: Receipt, now: datetime, *, retry_at: datetime | None = None) -> str:
    """Write down how a try ended; the state the mail has then.

    DEFERRED: tried again at `retry_at`, failed when that is None (the time for retries is over). AMBIGUOUS: queued
    again, with longer and longer pauses, when the mail may be resent; at the sixth time, and where it may not, left
    ambiguous (F20). Where the host itself is in trouble the try does not count, and the ticket tells of it once.
    """
    row = tx.execute(
        "SELECT state, may_resend, serial, n, purpose, recipient, attempts, code, answer FROM outbox"
        f" WHERE id = ?{tx.for_update()}",
        (outbox_id,),
    ).fetchone()
    if row is None:
        raise UsageError(f"outgoing mail {outbox_id} does not exist")
    state, may_resend, serial, n, purpose, recipient, attempts, former_code, former_answer = row
    # A late word of success counts even when the lease had ended meanwhile: the mail has arrived
    expected = ("sending", "queued", "ambiguous") if receipt.state is ReceiptState.SENT else ("sending",)
    if state not in expected:
        return str(state)
    if receipt.state is ReceiptState.AMBIGUOUS:
        retry_at = _resend_at(tx, outbox_id, serial, attempts, now) if may_resend else None
    after, next_at = _after(receipt.state, retry_at)
    answer = to_text(receipt.text)[:_LONGEST_ANSWER]
    is_uncounted = receipt.is_host and after == "queued" and receipt.state is ReceiptState.DEFERRED
    tx.execute(
        "UPDATE outbox SET state = ?, next_at = coalesce(?, next_at), sent_at = ?, code = ?, answer = ?, worker = '',"
        " lease_until = '', attempts = ? WHERE id = ?",
        (
            after,
            to_time(next_at) if next_at else None,
            to_time(now) if after == "sent" else None,
            receipt.code,
            answer,
            attempts - 1 if is_uncounted else attempts,
            outbox_id,
        ),
    )
    if is_uncounted and (former_code, former_answer) == (receipt.code, answer):
        return after  # an outage of days would fill the history with its tries
    data: dict[str, object] = {"outbox": outbox_id, "n": n, "purpose": purpose, "to": recipient, "attempts": attempts}
    if after != "sent":
        data |= {"code": receipt.code, "answer": answer}
    if next_at:
        data["next"] = to_time(next_at)
    _record(tx, serial, f"mail-{receipt.state if after == 'queued' else after}", data, now)
    return after


def give_back(tx: Tx, outbox_ids: Sequence[int], now: datetime) -> None:
    """Queue leased mails again that were never handed to a server: the try does not count."""
    marks, values = in_list(list(outbox_ids))
    tx.execute(
        "UPDATE outbox SET state = 'queued', next_at = ?, attempts = attempts - 1, worker = '', lease_until = ''"
        f" WHERE state = 'sending' AND id IN {marks}",
        (to_time(now), *values),
    )


def sent_since(tx: Tx, since: datetime) -> list[datetime]:
    """When each mail went that a server took since then, oldest first; looks at the mails of the last days only."""
    oldest, times = to_time(since - LONGEST_LIFE), []
    for sent_at, created_at in tx.execute("SELECT sent_at, created_at FROM outbox ORDER BY id DESC"):
        if created_at < oldest:
            break
        if sent_at is not None and sent_at >= to_time(since):
            times.append(from_time(sent_at))
    return sorted(times)


def expire_leases(tx: Tx, now: datetime) -> int:
    """Take mails back whose sender has vanished; how many."""
    return _take_back(tx, "state = 'sending' AND lease_until < ?", (to_time(now),), now)


def recover(tx: Tx, now: datetime, sender: str | None = None) -> int:
    """What a starting daemon does first: mails left in `sending` become queued or ambiguous; how many.

    On SQLite all of them are taken back. On PostgreSQL only those of `sender`, other daemons may be at work.
    """
    if not tx.is_postgres:
        return _take_back(tx, "state = 'sending'", (), now)
    if sender is None:
        return expire_leases(tx, now)
    return _take_back(tx, "state = 'sending' AND worker = ?", (to_text(sender),), now)


def retry(tx: Tx, outbox_id: int, now: datetime, *, actor: str = "") -> None:
    """Send a mail again now, whatever became of it, and for five days more where it is put off.

    Raises UsageError when it was sent or there is no such mail.
    """
    may_retry = ("queued", "failed", "ambiguous", "held", "cancelled")
    row = _get(tx, outbox_id, may_retry, "is {state} and cannot be tried again")
    if row[4] == 0:
        raise UsageError(f"outgoing mail {outbox_id} has no text yet: {row[5]}")
    tx.execute(
        "UPDATE outbox SET state = 'queued', next_at = ?, again_at = ?, error = '', mail = '' WHERE id = ?",
        (to_time(now), to_time(now), outbox_id),
    )
    _record(
        tx, row[1], "mail-retried", {"outbox": outbox_id, "purpose": row[2], "to": row[3], "was": row[0]}, now, actor
    )


def cancel(tx: Tx, outbox_id: int, now: datetime, *, actor: str = "") -> None:
    """Keep a mail from being sent. Raises UsageError when it is too late or there is no such mail."""
    row = _get(tx, outbox_id, ("queued", "failed", "ambiguous", "held"), "is {state}; it is too late to cancel it")
    tx.execute("UPDATE outbox SET state = 'cancelled' WHERE id = ?", (outbox_id,))
    _record(
        tx, row[1], "mail-cancelled", {"outbox": outbox_id, "purpose": row[2], "to": row[3], "was": row[0]}, now, actor
    )


def held_mail(tx: Tx, outbox_id: int) -> Mail | None:
    """The mail whose bytes could not be made, to be composed again; None for any other."""
    row = tx.execute("SELECT mail FROM outbox WHERE id = ? AND state = 'held'", (outbox_id,)).fetchone()
    return mail_from_json(row[0]) if row and row[0] else None


def cause_of(tx: Tx, outbox_id: int) -> int:
    """The inbox id of the mail whose decision queued this one; 0 for a request or the clock."""
    row = tx.execute("SELECT inbox_id FROM outbox WHERE id = ?", (outbox_id,)).fetchone()
    return int(row[0] or 0) if row else 0


def refill(tx: Tx, outbox_id: int, composed: ComposedMail, now: datetime) -> None:
    """Give a held mail its bytes and queue it. Raises UsageError when it is not held or still has an error."""
    _get(tx, outbox_id, ("held",), "is {state}, not held")
    if composed.error:
        raise UsageError(f"outgoing mail {outbox_id} still cannot be made: {composed.error}")
    packed = pack(composed.raw)
    tx.execute("UPDATE outbox_raw SET codec = ?, data = ? WHERE outbox_id = ?", (packed.codec, packed.data, outbox_id))
    tx.execute(
        "UPDATE outbox SET size = ?, message_id = ?, envelope_from = ?, subject = ? WHERE id = ?",
        (
            packed.size,
            to_text(composed.message_id),
            to_text(composed.envelope_from),
            to_text(composed.subject or composed.mail.subject),
            outbox_id,
        ),
    )
    retry(tx, outbox_id, now)


def raw_of(tx: Tx, outbox_id: int) -> bytes | None:
    """The final bytes of an outgoing mail; None when there is no such mail."""
    row = tx.execute("SELECT codec, data FROM outbox_raw WHERE outbox_id = ?", (outbox_id,)).fetchone()
    return unpack(row[0], row[1]) if row else None


def _pick(rows: list[tuple[int, int, int]], once_only: int | None) -> list[int]:
    ids: list[int] = []
    total, left = 0, once_only
    for outbox_id, size, may_resend in rows:
        if not may_resend and left is None:
            if not ids:
                return [outbox_id]
            continue
        if not may_resend and left is not None:
            if not left:
                break
            left -= 1
        total += size
        if ids and total > MOST_LEASED_BYTES:
            break
        ids.append(outbox_id)
    return ids


def _resend_at(tx: Tx, outbox_id: int, serial: int, attempts: int, now: datetime) -> datetime | None:
    """When a mail that may have arrived goes once more; None when it went often enough."""
    before = attempts - 1
    if serial:
        rows = tx.execute("SELECT data FROM event WHERE serial = ? AND kind = 'mail-ambiguous'", (serial,)).fetchall()
        before = sum(from_json(row[0]).get("outbox") == outbox_id for row in rows)
    return now + _AMBIGUOUS_PAUSES[before] if before < len(_AMBIGUOUS_PAUSES) else None


def _after(state: ReceiptState, retry_at: datetime | None) -> tuple[str, datetime | None]:
    if state is ReceiptState.SENT:
        return "sent", None
    if state is ReceiptState.DEFERRED and retry_at is not None:
        return "queued", retry_at
    if state is ReceiptState.AMBIGUOUS:
        return ("queued", retry_at) if retry_at is not None else ("ambiguous", None)
    return "failed", None


def _take_back(tx: Tx, where: str, params: tuple[object, ...], now: datetime) -> int:
    rows = tx.execute(
        f"SELECT id, serial, n, purpose, recipient, may_resend FROM outbox WHERE {where}"
        + (" FOR UPDATE SKIP LOCKED" if tx.is_postgres else ""),
        params,
    ).fetchall()
    for outbox_id, serial, n, purpose, recipient, may_resend in rows:
        after = "queued" if may_resend else "ambiguous"
        tx.execute(
            "UPDATE outbox SET state = ?, next_at = ?, worker = '', lease_until = '' WHERE id = ?",
            # Behind all that is due now: a mail that brings its sender down keeps no other from going
            (after, to_time(now + timedelta(microseconds=1)), outbox_id),
        )
        data: dict[str, object] = {"outbox": outbox_id, "n": n, "purpose": purpose, "to": recipient, "state": after}
        _record(tx, serial, "mail-interrupted", data, now)
    return len(rows)


def _get(tx: Tx, outbox_id: int, allowed: tuple[str, ...], problem: str) -> tuple[str, int, str, str, int, str]:
    row = tx.execute(
        f"SELECT state, serial, purpose, recipient, size, error FROM outbox WHERE id = ?{tx.for_update()}", (outbox_id,)
    ).fetchone()
    if row is None:
        raise UsageError(f"outgoing mail {outbox_id} does not exist; `mailproc outbox list` shows them all")
    if row[0] not in allowed:
        raise UsageError(f"outgoing mail {outbox_id} " + problem.format(state=row[0]))
    return row[0], row[1], row[2], row[3], row[4], row[5]


def _record(tx: Tx, serial: int, kind: str, data: dict[str, object], now: datetime, actor: str = "") -> None:
    tx.execute(
        "INSERT INTO event (serial, inbox_id, at, kind, actor, data) VALUES (?, ?, ?, ?, ?, ?)",
        (serial or None, None, to_time(now), kind, to_text(actor), to_json(data)),
    )
