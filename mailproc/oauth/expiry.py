"""What will end before long: logins that are not used, certificates. A client secret's end nobody tells us."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailproc.errors import ConfigError
from mailproc.oauth import assertions, tokenfile
from mailproc.settings import OAuthSettings

# How long a refresh token lives unused: Microsoft 90 days, Google 6 months
_UNUSED_DAYS = {"microsoft": 90, "google": 180}
_AHEAD = timedelta(days=30)


def expiry_warnings(entries: Iterable[OAuthSettings], now: datetime) -> tuple[str, ...]:
    """One line for each entry that cannot work or will soon stop to, with the remedy; asks no server."""
    return tuple(warning for entry in entries if (warning := _find_warning(entry, now)))


def _find_warning(entry: OAuthSettings, now: datetime) -> str:
    try:
        if entry.flow == "login":
            text = _of_login(entry, now)
        elif entry.flow == "service_account":
            assertions.read_service_account(Path(entry.key_file))
            text = ""
        else:
            text = _of_certificate(entry, now)
    except ConfigError as error:
        text = str(error)
    return f"oauth {entry.name}: {text}" if text else ""


def _of_login(entry: OAuthSettings, now: datetime) -> str:
    again = f"run  mailproc auth login {entry.name}"
    kept = tokenfile.read(Path(entry.token_file))
    if kept is None:
        return f"nobody has logged in yet: {again}"
    if kept.client_id != entry.client_id:
        return f"the login belongs to another client_id: {again}"
    if kept.refresh_expires_at is not None:
        ends_at = datetime.fromtimestamp(kept.refresh_expires_at, UTC)
        if ends_at <= now:
            return f"the login ended on {ends_at:%Y-%m-%d}: {again}"
        if ends_at - now < min(_AHEAD, (ends_at - datetime.fromtimestamp(kept.logged_in_at, UTC)) / 2):
            return f"the login ends on {ends_at:%Y-%m-%d}: {again}"
    used_at = datetime.fromtimestamp(max(kept.refreshed_at, kept.logged_in_at), UTC)
    ends_at = used_at + timedelta(days=_UNUSED_DAYS[entry.provider])
    if ends_at - now < _AHEAD:
        verb = "has ended" if ends_at <= now else "ends"
        return f"the login was last used on {used_at:%Y-%m-%d} and {verb} unused on {ends_at:%Y-%m-%d}: {again}"
    return ""


def _of_certificate(entry: OAuthSettings, now: datetime) -> str:
    if not entry.key_file:
        return ""
    ends_at = assertions.read_certificate(Path(entry.key_file)).expires_at
    if ends_at - now >= _AHEAD:
        return ""
    verb = "ended" if ends_at <= now else "ends"
    return (
        f"the certificate in {entry.key_file} {verb} on {ends_at:%Y-%m-%d}: "
        "make a new one and register it with the application in Microsoft Entra"
    )
