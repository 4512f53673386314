"""Tests of what is SQLite's own: its safety settings, its lock, a full disk, a killed process."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mailproc.errors import Permanent, StoreUnavailable
from mailproc.store import inbox
from mailproc.store.database import Store, open_store
from tests.store.makers import blocked, column, count, make_envelope, marks, note, put


def open_file(tmp_path: Path, **more: Any) -> Store:
    return open_store(f"sqlite:///{tmp_path}/store.db", **more)


@pytest.mark.parametrize("checkpoints", [True, False])
def test_f08_safety_settings_are_in_force(tmp_path: Path, checkpoints: bool) -> None:
    with open_file(tmp_path, checkpoints=checkpoints) as store:
        found = {
            name: store.run(lambda tx, name=name: tx.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "wal_autocheckpoint")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "wal_autocheckpoint": 4000 if checkpoints else 0,
    }


def test_f08_a_file_that_cannot_keep_them_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Shared memory is what network file systems lack
    path = tmp_path / "store.db"
    path.touch()
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE t (x)")
    (tmp_path / "store.db-shm").mkdir()
    with pytest.raises((Permanent, StoreUnavailable), match="database"):
        open_file(tmp_path)


def test_the_file_is_private(tmp_path: Path) -> None:
    with open_file(tmp_path / "new") as store:
        put(store)
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    assert set(modes.values()) == {0o600} and "store.db-wal" in modes


def test_a_mistyped_path_makes_no_folders(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="its folder must exist"), open_file(tmp_path / "no" / "such"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_f11_a_lock_of_another_process_is_waited_for(tmp_path: Path) -> None:
    with open_file(tmp_path, busy_seconds=10) as store:
        holder = sqlite3.connect(tmp_path / "store.db", isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, lambda: holder.execute("COMMIT"))
        timer.start()
        assert put(store) == 1
        timer.join()
        holder.close()


def test_f11_a_lock_that_stays_is_told_to_everybody_at_once(tmp_path: Path) -> None:
    with open_file(tmp_path, busy_seconds=0.3) as store:
        holder = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        futures = [store.submit(note(str(n)), urgent=n % 2 == 0) for n in range(20)]
        errors = [future.exception() for future in futures]
        assert all(isinstance(error, StoreUnavailable) and "locked" in str(error) for error in errors)
        assert time.monotonic() - began < 5  # one after the other they would take six seconds
        holder.execute("COMMIT")
        holder.close()
        store.run(note("a"))
        assert marks(store) == ["a"]


def test_f10_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    with open_file(tmp_path) as store:
        pages = store.run(lambda tx: tx.execute("PRAGMA page_count").fetchone()[0])
        limit = "PRAGMA max_page_count = {}"
        store.run(lambda tx: tx.execute(limit.format(pages + 10)).fetchone())
        noise = os.urandom(20_000)
        accepted, refused = 0, 0
        for _ in range(10):
            try:
                put(store, noise)
                accepted += 1
            except StoreUnavailable as error:
                assert "free disk space" in str(error)
                refused += 1
        assert accepted and refused and count(store, "inbox") == count(store, "inbox_raw") == accepted
        store.run(lambda tx: tx.execute(limit.format(1_000_000)).fetchone())
        put(store, noise)


def test_f10_the_mail_that_does_not_fit_takes_no_other_with_it(tmp_path: Path) -> None:
    with open_file(tmp_path) as store:
        pages = store.run(lambda tx: tx.execute("PRAGMA page_count").fetchone()[0])
        store.run(lambda tx: tx.execute(f"PRAGMA max_page_count = {pages + 12}").fetchone())
        sizes = (10, 10, 500_000, 10, 10)
        with blocked(store):
            futures = [
                store.submit(
                    lambda tx, size=size: inbox.put(tx, os.urandom(size), make_envelope(), str(size)), urgent=True
                )
                for size in sizes
            ]
        errors = [future.exception() for future in futures]
        assert [error is None for error in errors] == [True, True, False, True, True]
        assert isinstance(errors[2], StoreUnavailable) and count(store, "inbox") == 4


def test_a_place_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/store.db")
    (tmp_path / "store.db").mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_file(tmp_path)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database, " * 1000)
    with pytest.raises(StoreUnavailable, match="is not an SQLite database"):
        open_file(tmp_path)


def test_a_read_only_file_is_unavailable() -> None:
    # Root may write whatever the mode says, so the program becomes somebody else once it is loaded
    program = (
        "import os, sys\nfrom mailproc.errors import StoreUnavailable\n"
        "from mailproc.store import sqlite\nfrom mailproc.store.database import open_store\n"
        "if os.geteuid() == 0:\n    os.setgroups([])\n    os.setgid(65534)\n    os.setuid(65534)\n"
        "try:\n    open_store(sys.argv[1]).run(lambda tx: tx.execute('DELETE FROM meta'))\n"
        "except StoreUnavailable as error:\n    print(error)\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        open_store(f"sqlite:///{folder}/store.db").close()
        (folder / "store.db").chmod(0o444)
        folder.chmod(0o555)
        output = subprocess.run(
            [sys.executable, "-c", program, f"sqlite:///{folder}/store.db"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        folder.chmod(0o755)
    assert output.stdout.startswith("database /") and output.stdout.count("\n") == 1, output.stderr


def test_short_lived_commands_write_while_the_daemon_runs(tmp_path: Path) -> None:
    program = (
        "import sys, datetime\nfrom mailproc.store import inbox\nfrom mailproc.records.mail import Envelope\n"
        "from mailproc.store.database import open_store\n"
        "at = datetime.datetime.now(datetime.UTC)\n"
        "for n in range(20):\n"
        "    with open_store(sys.argv[1]) as store:\n"
        "        store.run(lambda tx: inbox.put(tx, b'x' * 3000, Envelope('pipe', at), 'f'), urgent=True)\n"
    )
    with open_file(tmp_path, checkpoints=True) as store:
        commands = [
            subprocess.Popen([sys.executable, "-c", program, f"sqlite:///{tmp_path}/store.db"]) for _ in range(2)
        ]
        while any(command.poll() is None for command in commands):
            put(store, os.urandom(3000))
        assert [command.returncode for command in commands] == [0, 0]
        assert count(store, "inbox", "kind = 'pipe'") == 40
        assert store.run(lambda tx: tx.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"


def test_f01_what_was_told_is_there_after_kill(tmp_path: Path) -> None:
    program = (
        "import sys, datetime\nfrom mailproc.store import inbox\nfrom mailproc.records.mail import Envelope\n"
        "from mailproc.store.database import open_store\n"
        "store = open_store(sys.argv[1], checkpoints=True)\n"
        "at = datetime.datetime.now(datetime.UTC)\n"
        "while True:\n"
        "    ids = [store.submit(lambda tx: inbox.put(tx, b'x' * 2000, Envelope('smtp', at), 'f'), urgent=True)"
        " for _ in range(7)]\n"
        "    for future in ids:\n"
        "        print(future.result(), flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, f"sqlite:///{tmp_path}/store.db"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(50)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    with open_file(tmp_path) as store:
        stored = column(store, "SELECT id FROM inbox")
        assert count(store, "inbox_raw") == len(stored)
    assert {int(line) for line in told if line.endswith("\n")} <= set(stored)
