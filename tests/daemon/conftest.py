"""An open site whose clock the test moves, and its board."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailproc.cli import main
from mailproc.daemon.status import StatusBoard
from mailproc.opening import OpenSite, open_site
from mailproc.settings import IntakeSettings

START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return (self.now - START).total_seconds()

    def pass_time(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def made_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site as `mailproc init` makes it, opened once; each test copies it."""
    folder = tmp_path_factory.mktemp("made") / "site"
    with pytest.raises(SystemExit):
        main(["init", str(folder), "--yes"])
    open_site(folder / "mailproc.yaml").close()
    return folder


@pytest.fixture
def site(tmp_path: Path, made_site: Path, clock: Clock) -> Iterator[OpenSite]:
    """A fresh site with one mailbox, `support`, and an operator elsewhere."""
    folder = tmp_path / "site"
    shutil.copytree(made_site, folder)
    with open_site(folder / "mailproc.yaml", clock=clock) as opened:
        mailbox = IntakeSettings(
            "imap", "support", "imap.acme.example", 993, user="support@acme.example", password="x",
            alarm_after=timedelta(minutes=15), quiet_after=timedelta(hours=48),
        )  # fmt: skip
        yield with_settings(opened, intakes=(mailbox,))


def with_settings(opened: OpenSite, **changes: Any) -> OpenSite:
    """The same site with other settings."""
    return replace(opened, settings=replace(opened.settings, **changes))


@pytest.fixture
def make_board(clock: Clock) -> Callable[..., StatusBoard]:
    """A board as a starting daemon has it."""

    def make(site: OpenSite, host: str = "mail1") -> StatusBoard:
        board = StatusBoard(site.settings, site.store, clock=clock, monotonic=clock.monotonic, host=host)
        board.start()
        return board

    return make
