"""Fixtures for every room: a store on each database, made fresh for each test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailproc.store.database import Store, open_store
from tests import servers

# The commands and daemons that tests start shall not compile all of mailproc each time
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Cluster]:
    """The PostgreSQL cluster of this test run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Workers have a folder each inside the run's own
        folder = folder.parent
    with servers.shared_cluster(folder) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with nothing in it, to be copied: the migrations take longer than many a test."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "store.db")
        return f"sqlite:///{tmp_path}/store.db"
    return servers.fresh_database(request.getfixturevalue("postgres"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store on each kind of database."""
    with open_store(store_url, checkpoints=True) as opened:
        yield opened
