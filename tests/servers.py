"""Real servers for the tests: one PostgreSQL cluster for all workers of a run, started by the first that asks.

The only file of the suite that may skip a test: when the server's programs are not installed.
"""

import contextlib
import fcntl
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

_START_SECONDS = 60.0
_TEMPLATE = "mailproc_template"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "deadlock_timeout": "200ms",
    "logging_collector": "off",
}

# Deleting is faster than truncating while the tables are small
_EMPTY = """DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE schemaname = 'public';
END $$"""


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `folder` holds its socket, its data and its log."""

    folder: Path
    pid: int

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the tests' own, in autocommit."""
        return psycopg.connect(self.url(database), autocommit=True)


def find_postgres() -> Path | None:
    """The folder of the newest installed server's programs, None when there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return max(found, key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))], default=None)


@contextlib.contextmanager
def shared_cluster(folder: Path) -> Iterator[Cluster]:
    """The cluster all workers that name this folder share; the last one to leave stops it."""
    programs = find_postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql (needs /usr/lib/postgresql/*/bin/initdb)")
    state_file = folder / "postgres.json"
    with _locked(folder):
        state = _read_state(state_file)
        if state is None:
            cluster = _start(programs)
            state = {"folder": str(cluster.folder), "pid": cluster.pid, "users": []}
        state["users"] = [pid for pid in state["users"] if _is_alive(pid)] + [os.getpid()]
        state_file.write_text(json.dumps(state))
    cluster = Cluster(Path(state["folder"]), state["pid"])
    try:
        yield cluster
    finally:
        with _locked(folder):
            state = _read_state(state_file)
            if state is not None:
                state["users"] = [pid for pid in state["users"] if pid != os.getpid() and _is_alive(pid)]
                if state["users"]:
                    state_file.write_text(json.dumps(state))
                else:
                    state_file.unlink()
                    _stop(cluster)


def fresh_database(cluster: Cluster) -> str:
    """The URL of a migrated database with nothing in it: this process's own, emptied for each test.

    A database for each test would cost a second each: removing one makes the server flush everything.
    """
    name = f"worker_{os.getpid()}"
    with cluster.connect() as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
            return cluster.url(name)
    with cluster.connect(name) as own:
        # Whoever is still connected belonged to a test that is over
        own.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            (name,),
        )
        own.execute(_EMPTY)
    return cluster.url(name)


def empty_database(cluster: Cluster) -> str:
    """The URL of a database without any table; it goes when the cluster goes."""
    name = f"empty_{uuid.uuid4().hex}"
    with cluster.connect() as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    return cluster.url(name)


def _start(programs: Path) -> Cluster:
    folder = Path(tempfile.mkdtemp(prefix="mailproc-pg-"))
    as_user: dict[str, object] = {}
    if os.geteuid() == 0:
        # initdb refuses root
        user = next(entry for name in ("postgres", "nobody") if (entry := _find_user(name)) is not None)
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    data, log = folder / "data", folder / "log"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        **as_user,  # type: ignore[call-overload]
    )
    options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, f"-k{folder}", *options],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,
            **as_user,  # type: ignore[call-overload]
        )
    cluster = Cluster(folder, server.pid)
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with cluster.connect() as admin:
                admin.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0 ENCODING 'UTF8'")
            break
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}") from error
            time.sleep(0.05)
    from mailproc.store.database import open_store

    open_store(cluster.url(_TEMPLATE)).close()
    return cluster


def _stop(cluster: Cluster) -> None:
    with contextlib.suppress(ProcessLookupError):
        # Nothing of it is kept: no shutdown checkpoint
        os.kill(cluster.pid, signal.SIGQUIT)
    deadline = time.monotonic() + 20
    while _is_alive(cluster.pid) and time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(cluster.pid, os.WNOHANG)
        time.sleep(0.02)
    shutil.rmtree(cluster.folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_state(path: Path) -> dict[str, object] | None:
    if not path.exists():
        return None
    state = json.loads(path.read_text())
    return state if _is_alive(state["pid"]) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # A child of ours that ended and was not waited for still takes signals
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def _find_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
