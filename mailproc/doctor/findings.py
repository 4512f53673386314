"""What a check found: one line each, with the remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "OK"
    WARN = "WARN"  # it works, and will not always
    FAIL = "FAIL"  # mail does not come in, does not go out, or is in danger


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    level: Level
    subject: str  # what was looked at: dns, imap support, disk
    text: str
    remedy: str = ""  # what to do; "" when all is well


def well(subject: str, text: str) -> Finding:
    """All is as it should be."""
    return Finding(Level.OK, subject, text)


def warn(subject: str, text: str, remedy: str) -> Finding:
    """It works, and will not always."""
    return Finding(Level.WARN, subject, text, remedy)


def fail(subject: str, text: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(Level.FAIL, subject, text, remedy)


def split_problem(problem: str) -> tuple[str, str]:
    """(what is wrong and where, what to do or "") of a problem of the settings, which is shown over several lines."""
    first, *others = problem.strip().splitlines() or [""]
    last = others[-1].strip() if others else ""
    return first, "" if last.endswith("^") else last


def worst(findings: Iterable[Finding]) -> Level:
    """The level of the worst of them; OK for none."""
    order = list(Level)
    return order[max((order.index(finding.level) for finding in findings), default=0)]
