"""This host: keys file, rules, programs and libraries, clock."""

import ctypes
import os
import platform
import sqlite3
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from mailproc import keys
from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.visit import Visit
from mailproc.errors import ConfigError
from mailproc.rulebook.book import Rulebook

# (distribution, least version that has no known hole, what the hole is)
_FIRM = (
    ("aiosmtpd", (1, 4, 6), "mail can be smuggled in (CVE-2024-27305) and commands slipped under TLS (CVE-2024-34083)"),
    ("jinja2", (3, 1, 6), "a template can leave its sandbox (CVE-2024-56326, CVE-2025-27516)"),
)
_SAFE_PYTHON = {(3, 11): (3, 11, 15), (3, 12): (3, 12, 13), (3, 13): (3, 13, 12), (3, 14): (3, 14, 3)}
_SAFE_SQLITE = (3, 51, 3)
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # more than struct timex has anywhere
_EARLIEST_YEAR = 2026


def check_keys(visit: Visit) -> Iterator[Finding]:
    """The keys file: there, whole, for its owner alone."""
    path = visit.settings.keys_file
    try:
        ring = keys.load(path)
    except ConfigError as error:
        yield fail("keys", " ".join(error.problems[0].split()), f"See that {path} is there, unharmed and of mode 0600")
        return
    age = (visit.clock() - ring.current.created_at).days
    yield well("keys", f"{path} has {len(ring.keys)} key{'s' if len(ring.keys) > 1 else ''}, the newest {age} days old")
    if os.geteuid() != path.stat().st_uid and os.geteuid() != 0:
        yield warn("keys", "the keys file belongs to another user", "Run the doctor as the user that runs mailproc")


def check_rules(book: Rulebook | None, problems: tuple[str, ...], folder: Path) -> Iterator[Finding]:
    """Whether the rule files load and pass their own tests."""
    if book is None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        first = " ".join(problems[0].split()) if problems else "they do not load"
        yield fail("rules", f"{first}{more}", "Mend the files;  mailproc rules check  shows all that is wrong")
        return
    yield well("rules", f"{folder}: {len(book.departments)} departments, {len(book.agents)} agents, all tests pass")
    if not any(agent.is_active for agent in book.agents):
        yield warn(
            "rules",
            "there is no active agent: nobody's answer reaches a customer",
            "List who answers below `agents:` in the rules",
        )


def check_versions(_: Visit | None = None) -> Iterator[Finding]:
    """Programs and libraries with holes that are known (G17)."""
    least = _SAFE_PYTHON.get(sys.version_info[:2])
    if least is not None and sys.version_info[:3] < least:
        wanted = ".".join(map(str, least))
        yield warn(
            "python",
            f"Python {platform.python_version()} has known holes in its mail library that mailproc guards "
            "against by itself (CVE-2023-27043, CVE-2024-6923, CVE-2026-1299)",
            f"Upgrade to {wanted} or newer when your system offers it",
        )
    else:
        yield well("python", f"Python {platform.python_version()}")
    for name, firm, hole in _FIRM:
        found = metadata.version(name)
        if _read_version(found) < firm:
            wanted = ".".join(map(str, firm))
            yield fail(name, f"{name} {found}: {hole}", f"Run  pip install '{name}>={wanted}'")
        else:
            yield well(name, f"{name} {found}")


def check_sqlite(visit: Visit) -> Iterator[Finding]:
    """The library under a SQLite site (F09)."""
    if not visit.settings.database.startswith("sqlite"):
        return
    if (3, 7, 0) <= sqlite3.sqlite_version_info < _SAFE_SQLITE:
        wanted = ".".join(map(str, _SAFE_SQLITE))
        yield warn(
            "sqlite",
            f"SQLite {sqlite3.sqlite_version} can damage a database when two programs write at the same "
            "moment; mailproc keeps clear of it as long as nothing else writes to the file",
            f"Upgrade SQLite to {wanted} when your system offers it; never write to the file with other programs",
        )
    else:
        yield well("sqlite", f"SQLite {sqlite3.sqlite_version}")


def check_clock(visit: Visit) -> Iterator[Finding]:
    """Whether this host's clock can be believed: tokens, certificates and ages depend on it."""
    now = visit.clock()
    if now.year < _EARLIEST_YEAR:
        yield fail("clock", f"it says {now:%Y-%m-%d %H:%M} UTC, which is long ago", "Set it, and run an NTP service")
        return
    if _is_synchronised() is False:
        yield warn(
            "clock",
            f"it says {now:%Y-%m-%d %H:%M} UTC, and nothing keeps it right",
            "Run an NTP service: systemd-timesyncd, chrony or ntpd",
        )
    else:
        yield well("clock", f"it says {now:%Y-%m-%d %H:%M} UTC")


def _is_synchronised() -> bool | None:
    """What the kernel says of its clock (adjtimex(2) that changes nothing); None where it does not say."""
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else bool(answer != _TIME_ERROR)


def _read_version(text: str) -> tuple[int, ...]:
    numbers = []
    for part in text.split(".")[:3]:
        digits = "".join(letter for letter in part if letter.isdigit())
        numbers.append(int(digits or 0))
    return tuple(numbers)
