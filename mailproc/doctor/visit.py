"""What every check is given, and what checks of servers share: encryption, and refusals in plain words."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.refusals import explain_refusal
from mailproc.rulebook.book import Rulebook
from mailproc.settings import IntakeSettings, Settings
from mailproc.verify.resolver import Resolver

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_CERTIFICATE_DAYS = 14
_ADVICE = "Look into the log of that server, or ask whoever runs it"


@dataclass(slots=True)
class Visit:
    """One look at one site. `get_token(entry, user)` gives an access token of an `oauth:` entry, or raises."""

    settings: Settings
    book: Rulebook | None = None  # None: the rules do not load
    timeout: float = 15.0  # of each answer of a server
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    get_token: Callable[[str, str], str] | None = None
    resolver: Resolver = field(default_factory=Resolver)


Check = Callable[[Visit], Iterator[Finding]]


def make_context(ca_file: str) -> ssl.SSLContext:
    """For a connection whose certificate is checked. Raises OSError when the file cannot be read."""
    return ssl.create_default_context(cafile=ca_file or None)


def refused(subject: str, step: str, error: object, protocol: str, host: str) -> Finding:
    """What a server said, or why it could not be asked."""
    said = describe(error)
    told = explain_refusal(said, protocol, host)
    if told is None:
        return fail(subject, f"{step}: {said}", _ADVICE)
    return fail(subject, f"{step}: {told.cause} (it said: {said})", told.remedy)


def describe(error: object) -> str:
    """An error in one line; bytes of a server as text."""
    if isinstance(error, BaseException):
        parts = [part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in error.args]
        text = " ".join(parts) or type(error).__name__
    else:
        text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:1_000])
    return " ".join(shown.split())


def judge_certificate(
    subject: str, certificate: dict[str, Any] | None, now: datetime, remedy: str
) -> Iterator[Finding]:
    """Whether a certificate, as `getpeercert` gives it, ends soon."""
    ends = (certificate or {}).get("notAfter")
    if not isinstance(ends, str):
        return
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    days = (until - now).days
    if until <= now:
        yield fail(subject, f"its certificate ended on {until:%Y-%m-%d}", remedy)
    elif days < _CERTIFICATE_DAYS:
        yield warn(subject, f"its certificate ends in {days} days, on {until:%Y-%m-%d}", remedy)
    else:
        yield well(subject, f"its certificate is good until {until:%Y-%m-%d}")


def find_user(visit: Visit, user: str, oauth: str) -> str:
    """Whose mailbox an access token is for: the `oauth:` entry may name another."""
    entry = next((entry for entry in visit.settings.oauth if entry.name == oauth), None)
    return user or (entry.user if entry else "")


def name_intake(intake: IntakeSettings) -> str:
    """A way in as the doctor's lines call it: `imap support`, or `smtp` alone where it has no name of its own."""
    return intake.name if intake.name.startswith(intake.kind) else f"{intake.kind} {intake.name}"


def count(number: int, thing: str) -> str:
    """`1 mail`, `2 mails`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
