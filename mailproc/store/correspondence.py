"""The last mail of each sender of the last day, for telling machines by their rhythm; nothing older is kept."""

from datetime import datetime, timedelta
from typing import Any

from mailproc.records.correspondence import Echo, KeepRhythm, Rhythm
from mailproc.store import schema
from mailproc.store.batch import Batch
from mailproc.store.counts import mailbox_key
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, from_optional_time, from_time, to_text, to_time

FRESH = timedelta(hours=24)
COLUMNS = "inbox_id, at, serial, rounds, same, quick, machine_until, machine_id, why, subject, told_at, told"
_LONGEST_WORDS = 4_000
_KEEP = (
    f"INSERT INTO correspondence (address, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    f" ON CONFLICT (address) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS.split(', '))}"
)


def create_table(tx: Tx) -> None:
    """The migration: a row for each sender who wrote lately."""
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    statement = """CREATE TABLE correspondence (
        address TEXT PRIMARY KEY,
        inbox_id {int} NOT NULL,
        at {time} NOT NULL,
        serial {int} NOT NULL,
        rounds {int} NOT NULL,
        same {int} NOT NULL,
        quick {int} NOT NULL,
        machine_until {time},
        machine_id {int} NOT NULL,
        why TEXT NOT NULL,
        subject TEXT NOT NULL,
        told_at {time},
        told {int} NOT NULL){rowless}"""
    for name, word in words.items():
        statement = statement.replace("{" + name + "}", word)
    tx.execute(statement)


def make_echo(tx: Tx, row: Any, left: str | None, *, is_repeated: bool) -> Echo | None:
    """What is known of a sender's last mail and of ours that followed it; None when they wrote nothing lately.

    `row` are COLUMNS, `left` is when ours went out. The words of the last mail are read where the next one may be
    compared with them: after a mail of ours, from a machine, and where a subject comes again.
    """
    if row[0] is None:
        return None
    rhythm = _make_rhythm(row)
    if left is None and rhythm.machine_until is None and not is_repeated:
        return Echo(rhythm, None)
    ids = [rhythm.inbox_id] + ([rhythm.machine_id] if rhythm.machine_id not in (0, rhythm.inbox_id) else [])
    marks, values = in_list(ids)
    stored = {
        inbox_id: (text, tuple(sorted((name, size) for name, _, size in from_json(files))))
        for inbox_id, text, files in tx.execute(
            f"SELECT inbox_id, substr(text, 1, {_LONGEST_WORDS}), attachments FROM message WHERE inbox_id IN {marks}",
            values,
        )
    }
    found = [stored[inbox_id] for inbox_id in ids if inbox_id in stored]
    return Echo(
        rhythm, from_optional_time(left), tuple(text for text, _ in found), tuple(files for _, files in found)
    )


def may_join(echo: Echo, now: datetime) -> bool:
    """Whether the sender's next mail may be one of a series: else the ticket it began on is not worth a look."""
    until = echo.rhythm.machine_until
    return echo.answered_at is not None or (until is not None and until > now)


def keep_rhythm(batch: Batch, effect: KeepRhythm) -> None:
    """Carries out the effect: the sender's row from now on."""
    rhythm = effect.rhythm
    batch.tx.execute(
        _KEEP,
        (
            mailbox_key(effect.address),
            batch.inbox_id or 0,
            to_time(rhythm.at),
            rhythm.serial,
            rhythm.rounds,
            rhythm.same,
            rhythm.quick,
            _optional(rhythm.machine_until),
            # A mail that told is the one that is being decided: its id is known here only
            (batch.inbox_id or 0) if rhythm.machine_id < 0 else rhythm.machine_id,
            to_text(rhythm.why),
            to_text(rhythm.subject),
            _optional(rhythm.told_at),
            rhythm.told,
        ),
    )


def _make_rhythm(row: Any) -> Rhythm:
    return Rhythm(
        inbox_id=row[0],
        at=from_time(row[1]),
        serial=row[2],
        rounds=row[3],
        same=row[4],
        quick=row[5],
        machine_until=from_optional_time(row[6]),
        machine_id=row[7],
        why=row[8],
        subject=row[9],
        told_at=from_optional_time(row[10]),
        told=row[11],
    )


def _optional(at: datetime | None) -> str | None:
    return to_time(at) if at is not None else None
