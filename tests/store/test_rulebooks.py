"""Tests of the versions of the rules, on both databases."""

from pathlib import Path

import pytest

from mailproc.store import rulebooks
from mailproc.store.connection import connect, read_place
from mailproc.store.database import Store, open_store
from mailproc.store.migrate import MIGRATIONS, migrate
from mailproc.store.rulebooks import Arriving, Files, Version
from tests import servers
from tests.store.makers import NOW, count, minutes

ONE: Files = (("10.yaml", "a: ż\n"), ("20.yaml", ""))
TWO: Files = (("10.yaml", "b"),)
THREE: Files = (("10.yaml", "c"),)


def save(store: Store, files: Files, origin: str = "apply", at: float = 0, **more: object) -> tuple[Version, bool]:
    arriving = Arriving(files, origin, **more)  # type: ignore[arg-type]
    return store.run(lambda tx: rulebooks.save(tx, arriving, minutes(at)))


def test_f25_the_last_good_rulebook_comes_back(store: Store) -> None:
    with store.read() as tx:
        assert rulebooks.newest(tx) is None and rulebooks.newest_id(tx) == 0 and rulebooks.find_earlier(tx) is None
    assert [save(store, files)[1] for files in (ONE, ONE, TWO)] == [True, False, True]
    with store.read() as tx:
        assert rulebooks.get_files(tx, rulebooks.newest_id(tx)) == TWO


def test_a_version_keeps_who_when_how_and_why(store: Store) -> None:
    saved, _ = save(store, ONE, "apply", 5, author="ann\0", note="refunds → billing", rules=7)
    with store.read() as tx:
        assert rulebooks.newest(tx) == saved == rulebooks.get(tx, saved.id)
        assert rulebooks.get(tx, 99) is None and rulebooks.get_files(tx, 99) is None
    assert (saved.saved_at, saved.origin, saved.author, saved.note, saved.rules, saved.restores) == (
        minutes(5), "apply", "ann\ufffd", "refunds → billing", 7, None,
    )  # fmt: skip
    assert saved.digest == rulebooks.digest_of(ONE) != rulebooks.digest_of(TWO)
    store.run(lambda tx: rulebooks.sign(tx, saved.id, "bo", "because"))
    with store.read() as tx:
        [version] = rulebooks.list_versions(tx)
        assert (version.author, version.note) == ("bo", "because")


def test_going_back_twice_goes_back_two_versions(store: Store) -> None:
    first, second = save(store, ONE)[0], save(store, TWO)[0]
    save(store, THREE)
    with store.read() as tx:
        assert rulebooks.find_earlier(tx) == second
    save(store, TWO, "rollback", restores=second.id)
    with store.read() as tx:
        assert rulebooks.find_earlier(tx) == first
    save(store, ONE, "rollback", restores=first.id)
    with store.read() as tx:
        assert rulebooks.find_earlier(tx) is None
        assert [item.origin for item in rulebooks.list_versions(tx)] == ["rollback", "rollback", *["apply"] * 3]


def test_old_versions_are_forgotten(store: Store) -> None:
    for n in range(60):
        save(store, (("a", str(n)),))
    assert count(store, "rulebook") == rulebooks.KEPT


def test_the_same_change_seen_by_two_hosts_is_one_version(store_url: str) -> None:
    with open_store(store_url) as one, open_store(store_url) as other:
        assert save(one, ONE)[0].id == save(other, ONE)[0].id


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migration_3_names_the_files_of_former_versions(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = (
        f"sqlite:///{tmp_path}/store.db"
        if kind == "sqlite"
        else servers.empty_database(request.getfixturevalue("postgres"))
    )
    connection = connect(read_place(url, checkpoints=False, busy_seconds=10))
    migrate(connection, MIGRATIONS[:2])
    connection.begin()
    files = '[["/etc/mailproc/rules/10.yaml","a: ż\\n"],["/etc/mailproc/rules/20.yaml",""]]'
    connection.execute(
        "INSERT INTO rulebook (saved_at, digest, files) VALUES (?, ?, ?)",
        ("2026-11-01T12:00:00.000000Z", "x", files),
    )
    connection.commit()
    connection.close()
    with open_store(url) as store, store.read() as tx:
        version = rulebooks.newest(tx)
        assert version is not None and rulebooks.get_files(tx, version.id) == ONE
        assert version.digest == rulebooks.digest_of(ONE)
        assert (version.saved_at, version.origin, version.author, version.rules) == (NOW, "start", "", None)
