"""The database and the disk under it: reachable, unharmed, safe in a power cut, with room."""

import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.visit import Visit
from mailproc.errors import Permanent, StoreUnavailable
from mailproc.store.connection import Connection, connect, read_place
from mailproc.store.migrate import MIGRATIONS, read_version

_BUSY_SECONDS = 5.0
_CHECK_SECONDS = 30.0  # of the quick check: a big database is not read for longer
_PROGRESS_STEPS = 100_000
_LITTLE_ROOM = 1_000_000_000
_FEW_FILES = 1_000
_CLOCKS_APART = 30.0  # seconds
_NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"})


def check(visit: Visit) -> Iterator[Finding]:
    """The database itself. Nothing is made or migrated."""
    settings = visit.settings
    place = read_place(settings.database, checkpoints=False, busy_seconds=_BUSY_SECONDS)
    if place.path and not Path(place.path).exists():
        yield well("database", f"{place.path} is not there yet: the first command makes it")
        return
    try:
        connection = connect(place, is_readonly=True)
    except (StoreUnavailable, Permanent) as error:
        yield fail("database", str(error), "Nothing is taken in before this is mended")
        return
    try:
        yield from _check_schema(connection)
        yield from _check_postgres(connection, visit) if connection.is_postgres else _check_file(connection, place.path)
    except connection.errors as error:
        yield fail(
            "database", connection.judge(error)[1], "Run  mailproc db check ; restore it from a backup if it is hurt"
        )
    finally:
        connection.close()


def check_disk(visit: Visit) -> Iterator[Finding]:
    """The disk under a SQLite site: room, files, owner, kind."""
    settings = visit.settings
    if not settings.database.startswith("sqlite"):
        return
    path = Path(settings.database.removeprefix("sqlite:///"))
    folder = path.parent
    try:
        state = os.statvfs(folder)
        owner = folder.stat().st_uid
    except OSError as error:
        yield fail("disk", f"{folder} cannot be looked at: {error.strerror}", "Make the folder for mailproc's user")
        return
    free, floor = state.f_bavail * state.f_frsize, 2 * settings.max_message_size
    if free < floor:
        yield fail(
            "disk",
            f"{_show(free)} are free: below {_show(floor)} no mail is taken in",
            "Free some space; mailproc goes on by itself",
        )
    elif free < max(_LITTLE_ROOM, 2 * floor):
        yield warn("disk", f"only {_show(free)} are free", f"Free some space: below {_show(floor)} no mail is taken in")
    else:
        yield well("disk", f"{_show(free)} are free under {folder}")
    if state.f_files and state.f_favail < _FEW_FILES:
        yield warn("disk", f"the disk has room for {state.f_favail} more files only", "Remove files nobody needs")
    kind = find_filesystem(folder)
    if kind in _NETWORK_DISKS:
        yield fail(
            "disk",
            f"{folder} is on a network disk ({kind}), where SQLite's log is not safe",
            "Move the database to a local disk, or use PostgreSQL",
        )
    if os.geteuid() not in (0, owner):
        yield warn(
            "disk",
            f"{folder} belongs to another user",
            "Run the doctor as the user that runs mailproc, to see what it sees",
        )
    elif os.geteuid() == 0 and owner != 0:
        yield warn(
            "disk",
            "the doctor runs as root and cannot see what mailproc's user may not do",
            "Run it as that user:  sudo -u mailproc mailproc doctor",
        )


def find_filesystem(path: Path) -> str:
    """The kind of file system a path is on, "" where the system does not say."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        wanted = str(path.resolve())
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace(r"\040", " ")
        is_above = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if is_above and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def _check_schema(connection: Connection) -> Iterator[Finding]:
    version, newest = read_version(connection), MIGRATIONS[-1].number
    if version > newest:
        yield fail(
            "database",
            f"it has schema {version}, this mailproc knows up to {newest}",
            "Install the newer mailproc again, or restore the backup made before the upgrade",
        )
    elif version < newest:
        yield well("database", f"schema {version}; the next start of mailproc brings it to {newest}")
    else:
        yield well("database", f"schema {version}")


def _check_file(connection: Connection, path: str) -> Iterator[Finding]:
    raw = connection.database.connection()  # type: ignore[no-untyped-call]
    assert isinstance(raw, sqlite3.Connection)
    # That the connection was made tells that the write-ahead log and full synchronisation are on: it reads them back
    yield well("database", f"{path}: write-ahead log on, every commit reaches the disk")
    ends = time.monotonic() + _CHECK_SECONDS
    raw.set_progress_handler(lambda: int(time.monotonic() > ends), _PROGRESS_STEPS)
    try:
        rows = [str(row[0]) for row in raw.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        yield well("database", f"nothing wrong in the part that could be read in {_CHECK_SECONDS:g} s: it is big")
        return
    finally:
        raw.set_progress_handler(None, 0)
    if rows == ["ok"]:
        yield well("database", "the quick check finds nothing wrong")
    else:
        yield fail(
            "database",
            f"it is damaged: {'; '.join(rows)[:300]}",
            "Stop mailproc, keep a copy of the file, then restore it from a backup",
        )


def _check_postgres(connection: Connection, visit: Visit) -> Iterator[Finding]:
    # fsync was read back when the connection was made; a server without it is refused there
    yield well("database", "PostgreSQL: fsync is on, mailproc commits with synchronous_commit on")
    row = connection.execute("SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'").fetchone()
    if row is not None and row[0] not in ("on", "remote_apply", "remote_write", "local"):
        yield warn(
            "database",
            f"synchronous_commit is {row[0]} at the server: other programs may lose what they commit",
            "Set synchronous_commit = on in postgresql.conf",
        )
    there = float(connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0])
    apart = abs((visit.clock() - datetime.fromtimestamp(there, UTC)).total_seconds())
    if apart > _CLOCKS_APART:
        yield warn(
            "clock",
            f"the database server's clock is {apart:.0f} s apart from this host's",
            "Run an NTP service on both",
        )


def _show(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size // 1_000_000} MB"
