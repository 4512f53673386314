"""What the doctor says of this host: keys, rules, versions, clock, disk, database."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from mailproc.doctor import house, store
from mailproc.doctor.findings import Level
from mailproc.doctor.visit import Visit
from mailproc.opening.rulefiles import judge_folder
from mailproc.store.database import open_store
from tests import servers
from tests.doctor.conftest import levels


def test_check_keys(make_visit: Callable[..., Visit], folder: Path) -> None:
    visit = make_visit()
    assert "1 key, the newest 0 days old" in levels(house.check_keys(visit))[Level.OK]
    (folder / "data/keys").chmod(0o644)
    assert "chmod 600" in levels(house.check_keys(visit))[Level.FAIL]
    (folder / "data/keys").unlink()
    assert "there is no keys file" in levels(house.check_keys(visit))[Level.FAIL]


def test_check_rules(make_visit: Callable[..., Visit], folder: Path) -> None:
    visit = make_visit()
    judged = judge_folder(visit.settings, None)
    assert "all tests pass" in levels(house.check_rules(judged.book, judged.problems, folder))[Level.OK]
    (folder / "rules/zz.yaml").write_text("rout: []\n")
    judged = judge_folder(visit.settings, None)
    found = levels(house.check_rules(judged.book, judged.problems, folder))
    assert "zz.yaml" in found[Level.FAIL] and "mailproc rules check" in found[Level.FAIL]


def test_check_versions_when_a_library_has_a_known_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "1.4.5" if name == "aiosmtpd" else real(name))
    found = levels(house.check_versions())
    assert "CVE-2024-34083" in found[Level.FAIL] and "aiosmtpd>=1.4.6" in found[Level.FAIL]
    assert "jinja2" in found[Level.OK]


@pytest.mark.parametrize(
    ("version", "level"), [((3, 40, 1), Level.WARN), ((3, 51, 2), Level.WARN), ((3, 51, 3), Level.OK)]
)
def test_check_sqlite_of_versions_with_the_hole(
    make_visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], level: Level
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert set(levels(house.check_sqlite(make_visit()))) == {level}
    assert not list(house.check_sqlite(make_visit(database="postgresql://x@y/z")))


def test_check_clock(make_visit: Callable[..., Visit]) -> None:
    visit = make_visit()
    assert Level.FAIL not in levels(house.check_clock(visit))
    visit.clock = lambda: datetime(1970, 1, 1, tzinfo=UTC)
    assert "long ago" in levels(house.check_clock(visit))[Level.FAIL]


def test_check_disk(make_visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch) -> None:
    visit = make_visit()
    assert "are free under" in levels(store.check_disk(visit))[Level.OK]
    full = replace(visit, settings=replace(visit.settings, max_message_size=10**15))
    assert "no mail is taken in" in levels(store.check_disk(full))[Level.FAIL]
    tight = replace(visit, settings=replace(visit.settings, database="sqlite:////no/such/folder/x.db"))
    assert "cannot be looked at" in levels(store.check_disk(tight))[Level.FAIL]
    assert not list(store.check_disk(make_visit(database="postgresql://x@y/z")))


def test_find_filesystem_of_what_is_mounted() -> None:
    assert store.find_filesystem(Path("/proc")) == "proc"
    assert store.find_filesystem(Path("/proc/self")) == "proc"
    assert store.find_filesystem(Path("/")) not in ("", "proc")


def test_check_of_a_database_that_is_not_there_makes_none(make_visit: Callable[..., Visit], folder: Path) -> None:
    assert "not there yet" in levels(store.check(make_visit()))[Level.OK]
    assert not (folder / "data/mailproc.db").exists()


def test_check_of_a_database_that_is_well(make_visit: Callable[..., Visit]) -> None:
    visit = make_visit()
    open_store(visit.settings.database).close()
    found = levels(store.check(visit))
    assert set(found) == {Level.OK} and "quick check finds nothing wrong" in found[Level.OK]


def test_check_of_a_database_of_an_older_version_migrates_nothing(make_visit: Callable[..., Visit]) -> None:
    visit = make_visit()
    open_store(visit.settings.database).close()
    path = visit.settings.database.removeprefix("sqlite:///")
    with sqlite3.connect(path) as raw:
        raw.execute("DELETE FROM schema_version WHERE number > 3")
    assert "schema 3; the next start" in levels(store.check(visit))[Level.OK]
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT max(number) FROM schema_version").fetchone() == (3,)
        raw.execute("INSERT INTO schema_version VALUES (999, 'x', 'y')")
    assert "schema 999" in levels(store.check(visit))[Level.FAIL]


def test_check_of_a_damaged_database(make_visit: Callable[..., Visit]) -> None:
    visit = make_visit()
    open_store(visit.settings.database).close()
    path = Path(visit.settings.database.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[8192:20480] = b"\xff" * 12288
    path.write_bytes(data)
    found = levels(store.check(visit))
    assert "damaged" in found[Level.FAIL] and "backup" in found[Level.FAIL]


def test_check_of_postgresql(make_visit: Callable[..., Visit], postgres: servers.Cluster) -> None:
    visit = make_visit(database=servers.fresh_database(postgres))
    found = levels(store.check(visit))
    assert set(found) == {Level.OK} and "fsync is on" in found[Level.OK], found
    visit.clock = lambda: datetime(2020, 1, 1, tzinfo=UTC)
    assert "apart from this host's" in levels(store.check(visit))[Level.WARN]
    gone = make_visit(database=postgres.url("no_such_database"))
    assert "cannot be reached" in levels(store.check(gone))[Level.FAIL]
