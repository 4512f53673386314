"""Fixtures for every room: a store on each database, made fresh for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailproc.store.database import Store, open_store
from tests import servers


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Cluster]:
    """The PostgreSQL cluster of this test run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Workers have a folder each inside the run's own
        folder = folder.parent
    with servers.shared_cluster(folder) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return servers.fresh_database(request.getfixturevalue("postgres"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store on each kind of database."""
    with open_store(store_url, checkpoints=True) as opened:
        yield opened
