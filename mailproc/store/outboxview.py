"""Outgoing mail as people look at it: which mails, in which state, what became of each try. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailproc.store.transaction import Tx
from mailproc.store.values import from_json, to_key, to_text, to_time

_COLUMNS = (
    "o.id, o.state, o.recipient, o.purpose, o.subject, t.number, o.attempts, o.created_at, o.next_at, o.sent_at,"
    " o.code, o.answer, o.error"
)
_MOST = 1_000_000
_NOTED = ("code", "answer", "next")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mails; what is empty does not choose."""

    ids: tuple[int, ...] = ()
    states: tuple[str, ...] = ()
    to: str = ""  # an address, or @domain
    serial: int | None = None
    purpose: str = ""
    since: datetime | None = None  # queued since then
    limit: int | None = None  # the newest so many


def list_mails(tx: Tx, wanted: Wanted) -> list[dict[str, Any]]:
    """The mails, oldest first; `ticket` is the case number, None for a mail of no ticket."""
    tests: list[str] = []
    values: list[object] = []
    for column, choices in (("o.id", wanted.ids), ("o.state", wanted.states)):
        if choices:
            tests.append(f"{column} IN ({', '.join('?' * len(choices))})")
            values += choices
    if wanted.to.startswith("@"):
        tests.append("substr(o.recipient, length(o.recipient) - ?) = ?")
        values += [len(wanted.to) - 1, to_text(wanted.to.lower())]
    elif wanted.to:
        tests.append("o.recipient = ?")
        values.append(to_key(wanted.to))
    if wanted.serial is not None:
        tests.append("o.serial = ?")
        values.append(wanted.serial)
    if wanted.purpose:
        tests.append("o.purpose = ?")
        values.append(to_text(wanted.purpose))
    if wanted.since is not None:
        tests.append("o.created_at >= ?")
        values.append(to_time(wanted.since))
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM outbox o LEFT JOIN ticket t ON t.serial = o.serial{where} ORDER BY o.id DESC LIMIT ?",
        [*values, wanted.limit or _MOST],
    ).fetchall()
    return [_as_record(row) for row in reversed(rows)]


def tries_of(tx: Tx, outbox_id: int, serial: int) -> list[dict[str, Any]]:
    """What happened to a mail, oldest first: (at, kind, actor) and what was noted of it."""
    rows = tx.execute(
        "SELECT at, kind, actor, data FROM event WHERE serial = ? AND kind LIKE 'mail-%' ORDER BY id", (serial,)
    ).fetchall()
    tries = [(at, kind, actor, from_json(data)) for at, kind, actor, data in rows]
    return [
        {"at": at, "kind": kind, "actor": actor, **{name: data[name] for name in _NOTED if name in data}}
        for at, kind, actor, data in tries
        if data.get("outbox") == outbox_id
    ]


def _as_record(row: Sequence[Any]) -> dict[str, Any]:
    names = (
        "id", "state", "to", "purpose", "subject", "ticket", "attempts", "created_at", "next_at", "sent_at", "code",
        "answer", "error",
    )  # fmt: skip
    return dict(zip(names, row, strict=True))
