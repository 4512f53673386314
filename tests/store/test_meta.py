"""Tests of what the daemon keeps between runs, on both databases."""

from mailproc.store import meta
from mailproc.store.database import Store


def test_values_are_kept_changed_and_forgotten(store: Store) -> None:
    store.run(lambda tx: meta.set_value(tx, "alarm", "a\0"))
    store.run(lambda tx: meta.set_value(tx, "alarm", "b"))
    with store.read() as tx:
        assert (meta.get_value(tx, "alarm"), meta.get_value(tx, "other")) == ("b", None)
    store.run(lambda tx: meta.set_value(tx, "alarm", None))
    with store.read() as tx:
        assert meta.get_value(tx, "alarm") is None
