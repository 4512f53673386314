"""The `oauth:` entries: does each give an access token, is its file for us alone, does something end soon."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.refusals import explain_refusal
from mailproc.doctor.visit import Visit, describe
from mailproc.errors import MailprocError
from mailproc.settings import Settings


def check(visit: Visit) -> Iterator[Finding]:
    """One access token of every entry that a mailbox or the delivery names."""
    doors = [(intake.oauth, intake.user) for intake in visit.settings.intakes]
    doors.append((visit.settings.delivery.oauth, visit.settings.delivery.user))
    used: dict[str, dict[str, None]] = {}  # a service account speaks for several mailboxes
    for name, user in doors:
        used.setdefault(name, {})[user] = None
    if not visit.settings.oauth:
        return
    from mailproc.oauth import expiry_warnings

    for line in expiry_warnings(visit.settings.oauth, visit.clock()):
        yield warn("oauth", line, "See docs/oauth.md, or run  mailproc auth status")
    for entry in visit.settings.oauth:
        subject = f"oauth {entry.name}"
        yield from _check_file(subject, entry.token_file, 0o077)
        yield from _check_file(subject, entry.key_file, 0o007)  # a group may share it
        if entry.name not in used:
            yield warn(subject, "no intake and no delivery uses it", f"Write  oauth: {entry.name}  there, or remove it")
            continue
        if visit.get_token is None:
            continue
        users = used[entry.name] if entry.flow == "service_account" and not entry.user else {entry.user: None}
        try:
            for user in users:
                visit.get_token(entry.name, user or next(iter(used[entry.name])))
        except MailprocError as error:
            said = describe(error)
            told = explain_refusal(said, "oauth")
            remedy = told.remedy if told else f"Run  mailproc auth login {entry.name}"
            yield fail(subject, said, remedy)
        else:
            yield well(subject, f"{entry.provider} gives access tokens ({entry.flow.replace('_', ' ')})")


def make_tokens(settings: Settings, timeout: float) -> Callable[[str, str], str]:
    """Access tokens by name of the entry and mailbox."""
    from mailproc.oauth import Sources

    sources = Sources(settings.oauth, timeout=timeout)
    return lambda name, user: sources.find(name, user).token()


def _check_file(subject: str, path: str, forbidden: int) -> Iterator[Finding]:
    if not path:
        return
    try:
        mode = stat.S_IMODE(Path(path).stat().st_mode)
    except OSError:
        return  # that it is missing shows when a token is asked for
    if mode & forbidden:
        yield fail(subject, f"others may read {path} (mode {mode:04o})", f"Run  chmod 600 {path}")
