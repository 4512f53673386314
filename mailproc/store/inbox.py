"""Mail in, not yet decided: stored before it is accepted, claimed before it is tried, held when a person must look.

States: `received -> done | held`, and back to `received` when an operator releases it. Raw bytes never change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailproc.errors import UsageError
from mailproc.records.mail import Envelope
from mailproc.store.packing import Packed, pack, unpack
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, from_optional_time, from_time, to_json, to_key, to_text, to_time

MOST_CLAIMED_BYTES = 8_000_000  # of one claim, so that a backlog of big mails does not fill the memory
# An operator's word, or an agent's about mail of their own
RELEASE_WORDS = ("", "customer", "agent", "new", "confirmed", "ok", "anyway")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that is this worker's to decide; `attempts` counts this try."""

    id: int
    raw: bytes = field(repr=False)
    envelope: Envelope
    attempts: int
    release_as: str = ""  # how an operator released it from the hold list: customer | agent | new


@dataclass(frozen=True, slots=True)
class InboxRow:
    """All that is stored of one mail that came in, except its bytes."""

    id: int
    envelope: Envelope
    fingerprint: str
    size: int
    state: str  # received | done | held
    attempts: int
    outcome: str
    reason: str
    held_text: str
    serial: int | None
    decided_at: datetime | None
    sender: str
    subject: str
    recipients: tuple[str, ...]  # every address of ours these bytes have come to
    release_as: str


def put(tx: Tx, raw: bytes | Packed, envelope: Envelope, fingerprint: str = "") -> int:
    """Store an accepted mail; its inbox id. The mail is safe once the transaction is committed.

    A mail whose intake names it (`envelope.identity`) and that is already stored is not stored again (F05). Big mails
    should come packed (`packing.pack`), so that others do not wait for it. Without a fingerprint the mail gets its own
    with its decision: reading the header can wait, the 250 should not.
    """
    packed = raw if isinstance(raw, Packed) else pack(raw)
    identity = to_key(envelope.identity) if envelope.identity else None
    inbox_id = tx.insert(
        "INSERT INTO inbox (kind, identity, fingerprint, envelope, size, received_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            to_text(envelope.kind),
            identity,
            fingerprint,
            write_envelope(envelope),
            packed.size,
            to_time(envelope.received_at),
        ),
    )
    if inbox_id:
        tx.execute(
            "INSERT INTO inbox_raw (inbox_id, codec, data) VALUES (?, ?, ?)", (inbox_id, packed.codec, packed.data)
        )
        return inbox_id
    return int(tx.execute("SELECT id FROM inbox WHERE identity = ?", (identity,)).fetchone()[0])


def claim(tx: Tx, *, worker: str, now: datetime, limit: int = 50, lease_seconds: float = 600) -> tuple[Claimed, ...]:
    """The oldest mails that nobody works on, theirs from now on until the lease ends; commit before trying them.

    A mail that was tried before comes alone (F06): if it kills the process, no other mail pays for it.
    """
    rows = tx.execute(
        "SELECT id, attempts, size FROM inbox WHERE state = 'received' AND lease_until <= ? ORDER BY id LIMIT ?"
        + (" FOR UPDATE SKIP LOCKED" if tx.is_postgres else ""),
        (to_time(now), limit),
    ).fetchall()
    ids = _pick(rows)
    if not ids:
        return ()
    marks, values = in_list(ids)
    tx.execute(
        f"UPDATE inbox SET attempts = attempts + 1, worker = ?, lease_until = ? WHERE id IN {marks}",
        (to_text(worker), to_time(now + timedelta(seconds=lease_seconds)), *values),
    )
    found = tx.execute(
        "SELECT i.id, r.codec, r.data, i.envelope, i.attempts, i.release_as FROM inbox i"
        f" JOIN inbox_raw r ON r.inbox_id = i.id WHERE i.id IN {marks} ORDER BY i.id",
        values,
    )
    return tuple(
        Claimed(inbox_id, unpack(codec, data), read_envelope(envelope), attempts, release_as)
        for inbox_id, codec, data, envelope, attempts, release_as in found
    )


def release_claims(tx: Tx, worker: str | None = None) -> int:
    """Make claimed mails free at once; how many. On SQLite the starting daemon takes over all of them.

    On PostgreSQL other daemons may be at work: only claims of `worker` are freed, the others end by their lease.
    """
    if tx.is_postgres:
        if worker is None:
            return 0
        return tx.execute(
            "UPDATE inbox SET worker = '', lease_until = '' WHERE state = 'received' AND worker = ?", (to_text(worker),)
        ).rowcount
    return tx.execute(
        "UPDATE inbox SET worker = '', lease_until = '' WHERE state = 'received' AND lease_until <> ''"
    ).rowcount


def give_back(tx: Tx, ids: Sequence[int]) -> None:
    """Make claimed mails free again as if they had not been tried: the database was to blame, not they."""
    marks, values = in_list(ids)
    tx.execute(
        "UPDATE inbox SET attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END, worker = '', lease_until = ''"
        f" WHERE state = 'received' AND id IN {marks}",
        values,
    )


def postpone(tx: Tx, inbox_id: int, until: datetime) -> None:
    """Give a claimed mail back, to be tried again after that moment."""
    tx.execute(
        "UPDATE inbox SET worker = '', lease_until = ? WHERE id = ? AND state = 'received'", (to_time(until), inbox_id)
    )


def hold(
    tx: Tx,
    inbox_id: int,
    reason: str,
    text: str,
    now: datetime,
    serial: int | None = None,
    summary: tuple[str, str] = ("", ""),
) -> None:
    """Take a mail out of the line until a person has looked; `summary` is its From address and subject."""
    changed = tx.execute(
        "UPDATE inbox SET state = 'held', outcome = 'held', reason = ?, held_text = ?, serial = ?, decided_at = ?,"
        " sender = coalesce(nullif(?, ''), sender), subject = coalesce(nullif(?, ''), subject),"
        " worker = '', lease_until = '' WHERE id = ? AND state <> 'done'",
        (
            to_text(reason),
            to_text(text),
            serial,
            to_time(now),
            to_text(summary[0]),
            to_text(summary[1]),
            inbox_id,
        ),
    )
    if changed.rowcount:
        _record(tx, inbox_id, serial, "held", "", {"reason": reason, "text": text}, now)


def release(tx: Tx, inbox_id: int, now: datetime, *, as_who: str = "", actor: str = "") -> bool:
    """Put a held mail back in line; False when it is not held (any more). `as_who`: customer, agent or new.

    Releasing twice does nothing the second time; what the mail already caused is not caused again (F07).
    """
    if as_who not in RELEASE_WORDS:
        raise UsageError(f"a held mail is released as customer, agent or new, not {as_who!r}")
    changed = tx.execute(
        "UPDATE inbox SET state = 'received', attempts = 0, worker = '', lease_until = '', release_as = ?"
        " WHERE id = ? AND state = 'held'",
        (as_who, inbox_id),
    )
    if changed.rowcount:
        _record(tx, inbox_id, None, "released", actor, {"as": as_who}, now)
    return bool(changed.rowcount)


def discard(tx: Tx, inbox_id: int, now: datetime, *, actor: str = "") -> bool:
    """Settle a held mail without a ticket; False when it is not held. Its bytes stay."""
    changed = tx.execute(
        "UPDATE inbox SET state = 'done', outcome = 'recorded', reason = 'discarded', decided_at = ?"
        " WHERE id = ? AND state = 'held'",
        (to_time(now), inbox_id),
    )
    if changed.rowcount:
        _record(tx, inbox_id, None, "discarded", actor, {}, now)
    return bool(changed.rowcount)


def get(tx: Tx, inbox_id: int) -> InboxRow | None:
    """What is stored of a mail; None when there is no such row."""
    row = tx.execute(
        "SELECT id, envelope, fingerprint, size, state, attempts, outcome, reason, held_text, serial, decided_at,"
        " sender, subject, routes, release_as FROM inbox WHERE id = ?",
        (inbox_id,),
    ).fetchone()
    if row is None:
        return None
    envelope = read_envelope(row[1])
    return InboxRow(
        id=row[0],
        envelope=envelope,
        fingerprint=row[2],
        size=row[3],
        state=row[4],
        attempts=row[5],
        outcome=row[6],
        reason=row[7],
        held_text=row[8],
        serial=row[9],
        decided_at=from_optional_time(row[10]),
        sender=row[11],
        subject=row[12],
        recipients=tuple(dict.fromkeys([*envelope.recipients, *from_json(row[13])])),
        release_as=row[14],
    )


def raw_of(tx: Tx, inbox_id: int) -> bytes | None:
    """A mail's bytes as they came; None when there is no such row."""
    row = tx.execute("SELECT codec, data FROM inbox_raw WHERE inbox_id = ?", (inbox_id,)).fetchone()
    return unpack(row[0], row[1]) if row else None


def count_waiting(tx: Tx) -> int:
    """How many mails are not decided, those being worked on included."""
    return int(tx.execute("SELECT count(*) FROM inbox WHERE state = 'received'").fetchone()[0])


def write_envelope(envelope: Envelope) -> str:
    """The envelope as JSON."""
    return to_json(
        {
            "kind": envelope.kind,
            "received_at": to_time(envelope.received_at),
            "sender": envelope.sender,
            "recipients": envelope.recipients,
            "client": envelope.client,
            "helo": envelope.helo,
            "identity": envelope.identity,
            "stored_at": to_time(envelope.stored_at) if envelope.stored_at else None,
            "forwards_old": envelope.forwards_old,
        }
    )


def read_envelope(text: str) -> Envelope:
    """The envelope of a JSON column."""
    data = from_json(text)
    return Envelope(
        kind=data["kind"],
        received_at=from_time(data["received_at"]),
        sender=data["sender"],
        recipients=tuple(data["recipients"]),
        client=data["client"],
        helo=data["helo"],
        identity=data["identity"],
        stored_at=from_optional_time(data["stored_at"]),
        forwards_old=data["forwards_old"],
    )


def _pick(rows: list[tuple[int, int, int]]) -> list[int]:
    ids: list[int] = []
    total = 0
    for inbox_id, attempts, size in rows:
        if ids and (attempts or total + size > MOST_CLAIMED_BYTES):
            break
        ids.append(inbox_id)
        total += size
        if attempts:
            break
    return ids


def _record(
    tx: Tx, inbox_id: int, serial: int | None, kind: str, actor: str, data: dict[str, str], now: datetime
) -> None:
    tx.execute(
        "INSERT INTO event (serial, inbox_id, at, kind, actor, data) VALUES (?, ?, ?, ?, ?, ?)",
        (serial, inbox_id, to_time(now), kind, to_text(actor), to_json(data)),
    )
