"""Whether the site is well, from what its daemons noted and from what waits. It changes nothing.

`mailproc health`, /readyz and the metrics read the same.
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mailproc.doctor.refusals import explain_refusal
from mailproc.errors import StoreUnavailable
from mailproc.settings import Settings
from mailproc.store import vitals
from mailproc.store.connection import connect, read_place
from mailproc.store.database import Tx
from mailproc.store.migrate import read_version
from mailproc.store.vitals import Heartbeat, IntakeNote, Queues

MISSED_AFTER = timedelta(seconds=45)  # four heartbeats
FAILING_AFTER = timedelta(minutes=1)  # shorter is a connection that was made anew
UNPOLLED_AFTER = timedelta(minutes=15)
UNDECIDED_AFTER = timedelta(minutes=5)
UNSENT_AFTER = timedelta(minutes=10)
_SINCE_VERSION = 1
_BUSY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at a site."""

    at: datetime
    daemons: tuple[Heartbeat, ...]
    intakes: tuple[IntakeNote, ...]  # of daemons that run
    queues: Queues
    disk_free: int | None  # bytes; None where the database is on another host


def take_vitals(settings: Settings, now: datetime) -> Vitals | None:
    """The site as its database knows it; None while there is no database yet.

    Reads beside a running daemon and migrates nothing. Raises StoreUnavailable and Permanent.
    """
    place = read_place(settings.database, checkpoints=False, busy_seconds=_BUSY_SECONDS)
    if place.path and not Path(place.path).exists():
        return None
    connection = connect(place, is_readonly=True)
    try:
        if read_version(connection) < _SINCE_VERSION:
            return None
        connection.begin()
        return read_vitals(Tx(connection), settings, now)
    except connection.errors as error:
        raise StoreUnavailable(connection.judge(error)[1]) from error
    finally:
        connection.close()


def read_vitals(tx: Tx, settings: Settings, now: datetime) -> Vitals:
    """The site in one moment of its database."""
    daemons = vitals.read_heartbeats(tx)
    running = {beat.host for beat in daemons if not beat.is_stopped and now - beat.at < MISSED_AFTER}
    intakes = tuple(note for note in vitals.read_intakes(tx) if note.host in running)
    return Vitals(now, daemons, intakes, vitals.read_queues(tx, now), measure_disk(settings))


def measure_disk(settings: Settings) -> int | None:
    """Bytes free for us where the SQLite file lies; None for PostgreSQL, or when nobody can say."""
    if not settings.database.startswith("sqlite"):
        return None
    try:
        state = os.statvfs(Path(settings.database.removeprefix("sqlite:///")).parent)
    except OSError:
        return None
    return state.f_bavail * state.f_frsize


def is_running(seen: Vitals) -> bool:
    """True when a daemon of the site was heard of lately."""
    return any(not beat.is_stopped and seen.at - beat.at < MISSED_AFTER for beat in seen.daemons)


def find_problems(seen: Vitals, settings: Settings, host: str = "") -> tuple[str, ...]:
    """What is not well, in plain words, worst first; () when all is."""
    problems = [*_judge_daemons(seen, host or socket.gethostname())]
    known = {intake.name: intake for intake in settings.intakes}
    for note in seen.intakes:
        problems += _judge_intake(note, seen.at)
        intake = known.get(note.name) or next((known[name] for name in known if note.name.startswith(name)), None)
        quiet = intake.quiet_after if intake is not None else None
        if quiet is not None and note.last_mail is not None and seen.at - note.last_mail >= quiet:
            problems.append(f"{note.name} has got no mail for {show_span(seen.at - note.last_mail)}")
    queues = seen.queues
    if _is_older(queues.oldest_undecided_at, UNDECIDED_AFTER, seen.at):
        age = show_span(seen.at - (queues.oldest_undecided_at or seen.at))
        problems.append(f"{queues.undecided} mails wait to be decided, the oldest for {age}")
    if _is_older(queues.longest_due_at, UNSENT_AFTER, seen.at):
        age = show_span(seen.at - (queues.longest_due_at or seen.at))
        problems.append(f"outgoing mail could have been sent {age} ago and was not: {queues.queued} are queued")
    floor = 2 * settings.max_message_size
    if seen.disk_free is not None and seen.disk_free < floor:
        problems.append(
            f"the disk has {seen.disk_free // 1_000_000} MB left, below {floor // 1_000_000} MB no mail is taken in"
        )
    return tuple(problems)


def find_undelivered(seen: Vitals) -> tuple[str, ...]:
    """Outgoing mail that nobody will ever read unless somebody acts; no reason to take a daemon out of service."""
    problems = []
    if seen.queues.unseen:
        problems.append(
            f"mails to departments and agents that could not be delivered: {seen.queues.unseen}. `mailproc outbox list"
            " --state failed` says why; `mailproc outbox retry ID` sends one again, `outbox cancel ID` forgets it"
        )
    if held := dict(seen.queues.stuck).get("held"):
        problems.append(
            f"outgoing mails that are held: {held}. `mailproc outbox list --state held` says why; `mailproc outbox"
            " retry ID` once it is mended, `outbox cancel ID` forgets one"
        )
    return tuple(problems)


def show_span(span: timedelta) -> str:
    """A length of time as people say it: 40 s, 12 min, 5 h, 3 d."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _judge_daemons(seen: Vitals, host: str) -> list[str]:
    if not seen.daemons:
        return ["no daemon runs, and none ever did: start it with `mailproc run`"]
    problems = []
    for beat in seen.daemons:
        silent = seen.at - beat.at
        if beat.is_stopped:
            continue
        if silent >= MISSED_AFTER:
            problems.append(
                f"the daemon on {beat.host} (process {beat.pid}) was last heard of {show_span(silent)} ago, at "
                f"{beat.at:%Y-%m-%d %H:%M:%S} UTC: look whether it runs, and at its log"
            )
        else:
            problems += [f"{beat.host}: {trouble}" if beat.host != host else trouble for trouble in beat.troubles]
    if all(beat.is_stopped for beat in seen.daemons):
        newest = seen.daemons[0]
        problems.append(
            f"no daemon runs: the last one, on {newest.host}, ended at {newest.at:%Y-%m-%d %H:%M:%S} UTC; start it"
            " with `mailproc run`"
        )
    return problems


def _judge_intake(note: IntakeNote, now: datetime) -> list[str]:
    if note.failing_since is not None:
        told = explain_refusal(note.problem, note.kind)
        if now - note.failing_since >= FAILING_AFTER or (told is not None and told.is_login):
            since = show_span(now - note.failing_since)
            return [f"no mail comes in by {note.name} for {since}: {note.problem or 'it does not say why'}"]
    elif _is_older(note.last_success, UNPOLLED_AFTER, now):
        return [f"{note.name} was last looked through {show_span(now - (note.last_success or now))} ago"]
    return []


def _is_older(at: datetime | None, limit: timedelta, now: datetime) -> bool:
    return at is not None and now - at >= limit
