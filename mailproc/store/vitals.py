"""How the site fares, as a daemon notes it and anybody can read it: heartbeats, ways in, what waits and for how long.

Notes are values of the meta table: `daemon HOST PATH` and `intake NAME`. It judges nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from mailproc.store import meta
from mailproc.store.transaction import Tx
from mailproc.store.values import from_json, from_optional_time, from_time, to_json, to_key, to_time

_DAEMON, _INTAKE = "daemon ", "intake "


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A daemon that lives, or did."""

    host: str
    path: str  # of its settings file
    at: datetime
    started_at: datetime
    pid: int
    version: str
    is_stopped: bool = False  # it ended as it should
    troubles: tuple[str, ...] = ()  # what it suffers from, in plain words


@dataclass(frozen=True, slots=True)
class IntakeNote:
    """One way in of a daemon, as `intake.base.IntakeStatus` says it."""

    name: str
    kind: str
    host: str
    at: datetime
    last_success: datetime | None = None
    last_mail: datetime | None = None
    failing_since: datetime | None = None
    problem: str = ""
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits."""

    undecided: int
    oldest_undecided_at: datetime | None
    held: int
    oldest_held_at: datetime | None
    queued: int
    oldest_queued_at: datetime | None
    longest_due_at: datetime | None  # since when the next mail to send could have been sent
    stuck: tuple[tuple[str, int], ...]  # outgoing mails by state: held, ambiguous, failed
    unseen: int = 0  # of the failed ones, those to departments and agents: nobody else is told of a case


def write_heartbeat(tx: Tx, beat: Heartbeat) -> None:
    """Note that a daemon lives."""
    value = {
        "host": beat.host,
        "path": beat.path,
        "at": to_time(beat.at),
        "started_at": to_time(beat.started_at),
        "pid": beat.pid,
        "version": beat.version,
        "is_stopped": beat.is_stopped,
        "troubles": beat.troubles,
    }
    meta.set_value(tx, to_key(f"{_DAEMON}{beat.host} {beat.path}"), to_json(value))


def read_heartbeats(tx: Tx) -> tuple[Heartbeat, ...]:
    """All daemons of this site that ever noted something, the one heard of last first."""
    found = []
    for _, value in _values(tx, _DAEMON):
        data = from_json(value)
        beat = Heartbeat(
            data["host"],
            data["path"],
            from_time(data["at"]),
            from_time(data["started_at"]),
            data["pid"],
            data["version"],
            data["is_stopped"],
            tuple(data["troubles"]),
        )
        found.append(beat)
    return tuple(sorted(found, key=lambda beat: beat.at, reverse=True))


def forget_heartbeats(tx: Tx, before: datetime) -> None:
    """Daemons that were last heard of before that moment are no longer missed."""
    for key, value in _values(tx, _DAEMON):
        if from_time(from_json(value)["at"]) < before:
            meta.set_value(tx, key, None)


def write_intake(tx: Tx, note: IntakeNote) -> None:
    """Note how a way in fares."""
    value = {
        "name": note.name,
        "kind": note.kind,
        "host": note.host,
        "at": to_time(note.at),
        "last_success": _time(note.last_success),
        "last_mail": _time(note.last_mail),
        "failing_since": _time(note.failing_since),
        "problem": note.problem,
        "taken": note.taken,
    }
    meta.set_value(tx, to_key(f"{_INTAKE}{note.name}"), to_json(value))


def read_intakes(tx: Tx) -> tuple[IntakeNote, ...]:
    """All ways in that were noted, by name."""
    found = []
    for _, value in _values(tx, _INTAKE):
        data = from_json(value)
        note = IntakeNote(
            data["name"],
            data["kind"],
            data["host"],
            from_time(data["at"]),
            from_optional_time(data["last_success"]),
            from_optional_time(data["last_mail"]),
            from_optional_time(data["failing_since"]),
            data["problem"],
            data["taken"],
        )
        found.append(note)
    return tuple(sorted(found, key=lambda note: note.name))


def forget_intakes(tx: Tx, host: str) -> None:
    """Forget what a host's daemon noted of its ways in: it starts, and may have others now."""
    for key, value in _values(tx, _INTAKE):
        if from_json(value)["host"] == host:
            meta.set_value(tx, key, None)


def read_queues(tx: Tx, now: datetime) -> Queues:
    """What waits now."""
    undecided = _count(tx, "inbox", "received")
    held = _count(tx, "inbox", "held")
    queued = _count(tx, "outbox", "queued")
    stuck = tx.execute(
        "SELECT state, count(*), sum(CASE WHEN role = 'agent' AND purpose <> 'copy' THEN 1 ELSE 0 END) FROM outbox"
        " WHERE state IN ('held', 'ambiguous', 'failed') GROUP BY state"
    ).fetchall()
    due = tx.execute(
        "SELECT next_at FROM outbox WHERE state = 'queued' AND next_at <= ? ORDER BY next_at LIMIT 1", (to_time(now),)
    ).fetchone()
    return Queues(
        undecided=undecided,
        oldest_undecided_at=_oldest_inbox(tx, "received") if undecided else None,
        held=held,
        oldest_held_at=_oldest_inbox(tx, "held") if held else None,
        queued=queued,
        oldest_queued_at=_oldest_queued(tx) if queued else None,
        longest_due_at=from_time(due[0]) if due else None,
        stuck=tuple(sorted((str(state), int(count)) for state, count, _ in stuck)),
        unseen=sum(int(inside) for state, _, inside in stuck if state == "failed"),
    )


def _count(tx: Tx, table: str, state: str) -> int:
    # The state stands in the text, so that the partial index of that state serves
    return int(tx.execute(f"SELECT count(*) FROM {table} WHERE state = '{state}'").fetchone()[0])


def _oldest_inbox(tx: Tx, state: str) -> datetime | None:
    # Ids grow with time: the first one is the oldest, and no other is read
    row = tx.execute(f"SELECT received_at FROM inbox WHERE state = '{state}' ORDER BY id LIMIT 1").fetchone()
    return from_optional_time(row[0]) if row else None


def _oldest_queued(tx: Tx) -> datetime | None:
    row = tx.execute("SELECT min(created_at) FROM outbox WHERE state = 'queued'").fetchone()
    return from_optional_time(row[0]) if row else None


def _values(tx: Tx, prefix: str) -> list[tuple[str, str]]:
    # A small table; a range of keys would follow the locale's order on PostgreSQL
    return tx.execute("SELECT key, value FROM meta WHERE key LIKE ?", (f"{prefix}%",)).fetchall()


def _time(at: datetime | None) -> str | None:
    return to_time(at) if at else None
