"""A site to be looked at, its findings, and servers that refuse."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailproc import settings as site_settings
from mailproc.cli import main
from mailproc.doctor.findings import Finding, Level
from mailproc.doctor.visit import Visit
from mailproc.opening.rulefiles import judge_folder
from mailproc.settings import Settings
from mailproc.verify.resolver import Resolver
from tests.verify.dnsserver import DnsServer, start

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def made_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site as `mailproc init` makes it; each test copies it."""
    folder = tmp_path_factory.mktemp("made") / "site"
    with pytest.raises(SystemExit):
        main(["init", str(folder), "--yes"])
    return folder


@pytest.fixture
def folder(made_site: Path, tmp_path: Path) -> Path:
    """A fresh site."""
    return Path(shutil.copytree(made_site, tmp_path / "site"))


@pytest.fixture
def settings(folder: Path) -> Settings:
    return site_settings.load(folder / "mailproc.yaml")


@pytest.fixture(scope="session")
def running_dns() -> Iterator[DnsServer]:
    server = DnsServer()
    running = start(server)
    yield server
    for one in running:
        one.shutdown()
        one.server_close()


@pytest.fixture
def zone(running_dns: DnsServer) -> DnsServer:
    """The DNS server, empty."""
    running_dns.zone, running_dns.asked = {}, []
    return running_dns


@pytest.fixture
def make_visit(settings: Settings) -> Callable[..., Visit]:
    """`make_visit(setting=value)` looks at the site with other settings; `site_KEY` changes the site's own."""

    def make(zone: DnsServer | None = None, **changes: Any) -> Visit:
        of_site = {key.removeprefix("site_"): changes.pop(key) for key in list(changes) if key.startswith("site_")}
        loaded = replace(settings, site=replace(settings.site, **of_site), **changes)
        visit = Visit(loaded, judge_folder(loaded, None).book, timeout=10.0)
        if zone is not None:
            visit.resolver = Resolver(zone.address, 2.0)
        return visit

    return make


def levels(findings: Iterable[Finding]) -> dict[Level, str]:
    """All texts and remedies of each level, joined."""
    found: dict[Level, str] = {}
    for item in findings:
        assert item.text and (item.remedy or item.level is Level.OK), item
        found[item.level] = f"{found.get(item.level, '')}{item.subject}: {item.text} -> {item.remedy}\n"
    return found
