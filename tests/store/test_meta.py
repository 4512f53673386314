"""Tests of what the daemon keeps between runs, on both databases."""

from mailproc.store import meta
from mailproc.store.database import Store
from tests.store.makers import count


def test_values_are_kept_changed_and_forgotten(store: Store) -> None:
    store.run(lambda tx: meta.set_value(tx, "alarm", "a\0"))
    store.run(lambda tx: meta.set_value(tx, "alarm", "b"))
    with store.read() as tx:
        assert (meta.get_value(tx, "alarm"), meta.get_value(tx, "other")) == ("b", None)
    store.run(lambda tx: meta.set_value(tx, "alarm", None))
    with store.read() as tx:
        assert meta.get_value(tx, "alarm") is None


def test_f25_the_last_good_rulebook_comes_back(store: Store) -> None:
    one, two = (("10.yaml", "a: ż\n"), ("20.yaml", "")), (("10.yaml", "b"),)
    with store.read() as tx:
        assert meta.last_rulebook(tx) is None
    saved = [store.run(lambda tx, files=files: meta.save_rulebook(tx, files)) for files in (one, one, two)]
    assert saved == [True, False, True]
    with store.read() as tx:
        assert meta.last_rulebook(tx) == two


def test_old_rulebooks_are_forgotten(store: Store) -> None:
    for n in range(60):
        store.run(lambda tx, n=n: meta.save_rulebook(tx, (("a", str(n)),)))
    assert count(store, "rulebook") == 50
