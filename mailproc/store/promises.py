"""The clocks of tickets as rows: what their promises are counted from. It does not know what is due."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from mailproc.records.promises import Clock
from mailproc.store import schema
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, from_optional_time, from_time, to_json, to_text, to_time

_COLUMNS = "serial, started_at, sla, waiting_since, is_answered, heard_at, is_proven, stops, told, look_at"
_CHUNK = 120
_WRITE = (
    f"INSERT INTO promise ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (serial) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[1:])
)


def create_table(tx: Tx) -> None:
    """The migration: a row for each ticket that was opened where something is promised."""
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    statement = """CREATE TABLE promise (
        serial {key} REFERENCES ticket (serial) ON DELETE CASCADE,
        started_at {time} NOT NULL,
        sla TEXT NOT NULL,
        waiting_since {time},
        is_answered {int} NOT NULL,
        heard_at {time},
        is_proven {int} NOT NULL,
        stops TEXT NOT NULL,
        told TEXT NOT NULL,
        look_at {time})"""
    for name, word in words.items():
        statement = statement.replace("{" + name + "}", word)
    tx.execute(statement)
    tx.execute("CREATE INDEX promise_look ON promise (look_at) WHERE look_at IS NOT NULL")


def read_clocks(tx: Tx, serials: Iterable[int]) -> dict[int, Clock]:
    """The clocks of those tickets that have one."""
    wanted = list(serials)
    found: dict[int, Clock] = {}
    for start in range(0, len(wanted), _CHUNK):
        marks, values = in_list(wanted[start : start + _CHUNK])
        for row in tx.execute(f"SELECT {_COLUMNS} FROM promise WHERE serial IN {marks}", values):
            found[row[0]] = _make_clock(row)
    return found


def write_clock(tx: Tx, serial: int, clock: Clock) -> None:
    """Keep a ticket's clock."""
    tx.execute(
        _WRITE,
        (
            serial,
            to_time(clock.started_at),
            to_text(clock.sla),
            _optional(clock.waiting_since),
            int(clock.is_answered),
            _optional(clock.heard_at),
            int(clock.is_proven),
            to_json([(to_time(begin), _optional(end)) for begin, end in clock.stops]),
            to_json(clock.told),
            _optional(clock.look_at),
        ),
    )


def _make_clock(row: Any) -> Clock:
    return Clock(
        started_at=from_time(row[1]),
        sla=row[2],
        waiting_since=from_optional_time(row[3]),
        is_answered=bool(row[4]),
        heard_at=from_optional_time(row[5]),
        is_proven=bool(row[6]),
        stops=tuple((from_time(begin), from_optional_time(end)) for begin, end in from_json(row[7])),
        told=tuple(from_json(row[8])),
        look_at=from_optional_time(row[9]),
    )


def _optional(at: datetime | None) -> str | None:
    return to_time(at) if at is not None else None
