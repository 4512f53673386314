"""`mailproc auth`: logins and access tokens of Google and Microsoft. Prints no token, no secret, no code."""

import contextlib
import json
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from mailproc import settings
from mailproc.errors import MailprocError, UsageError
from mailproc.settings import OAuthSettings, Settings


@dataclass(frozen=True, slots=True)
class _Row:
    """How one entry of `oauth` fares for one mailbox."""

    name: str
    provider: str
    flow: str
    user: str
    account: str
    expires_at: datetime | None
    scopes: tuple[str, ...]
    logged_in_at: datetime | None
    refreshed_at: datetime | None
    problems: tuple[str, ...]

    def as_object(self) -> dict[str, object]:
        moments = {key: getattr(self, key) for key in ("expires_at", "logged_in_at", "refreshed_at")}
        return {
            "name": self.name,
            "provider": self.provider,
            "flow": self.flow,
            "user": self.user,
            "account": self.account,
            "scopes": list(self.scopes),
            **{key: f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None for key, moment in moments.items()},
            "problems": list(self.problems),
        }


@click.group()
def auth() -> None:
    """Log in to Google and Microsoft 365, see how the logins fare."""


@auth.command()
@click.argument("name")
@click.option("--paste", is_flag=True, help="The browser is on another machine: paste the address it ended at.")
@click.option("--no-browser", is_flag=True, help="Only print the address to open on this machine.")
@click.option("--device", is_flag=True, help="Microsoft: type a code on any device, where the organisation allows it.")
@click.pass_obj
def login(config: Path | None, name: str, paste: bool, no_browser: bool, device: bool) -> None:
    """Log in for the entry NAME of `oauth:`, once; mailproc keeps the login fresh from then on.

    \b
    Example, on a server without a browser:
      mailproc auth login support --paste
    """
    from mailproc.oauth.login import Login

    loaded = settings.load(settings.find(config), needs_secrets=False)
    entry = loaded.find_oauth(name)
    if entry is None:
        names = ", ".join(entry.name for entry in loaded.oauth)
        known = f"there are {names}" if names else "there are none"
        raise UsageError(f'the settings have no entry "{name}" in oauth: {known}')
    if paste and device:
        raise UsageError("--paste and --device are two ways: take one")
    _demand_secret(entry)
    attempt = Login(entry)
    if device:
        token = attempt.by_device(lambda url, code: click.echo(f"Open  {url}  and type  {code}\nWaiting ..."))
    elif paste:
        token = attempt.by_paste(_show_for_paste(entry), _read_pasted)
    else:
        token = attempt.by_browser(lambda url: _open(url, entry, is_shown_only=no_browser))
    click.echo(f"Logged in as {token.account or entry.user}; kept in {entry.token_file}")


@auth.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON array on standard output.")
@click.option("--offline", is_flag=True, help="Ask no token server.")
@click.pass_obj
def status(config: Path | None, as_json: bool, offline: bool) -> None:
    """Get a token for each entry of `oauth:` and say how it fares; exit 1 when something is wrong."""
    loaded = settings.load(settings.find(config), needs_secrets=False)
    now = datetime.now(UTC)
    rows = [_look_at(entry, user, now, offline=offline) for entry in loaded.oauth for user in _users(loaded, entry)]
    if as_json:
        json.dump([row.as_object() for row in rows], sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        for row in rows:
            for line in _describe(row, now):
                click.echo(line)
        if not rows:
            click.echo("the settings have no entry in oauth")
    if any(row.problems for row in rows):
        raise click.exceptions.Exit(1)


def _look_at(entry: OAuthSettings, user: str, now: datetime, *, offline: bool) -> _Row:
    from mailproc.oauth import Token, TokenSource, expiry_warnings, missing_permissions, tokenfile

    token: Token | None = None
    problems: list[str] = []
    kept: tokenfile.KeptLogin | None = None
    try:
        _demand_secret(entry)
        if entry.flow == "service_account" and not user:
            raise UsageError(f"oauth {entry.name}: no mailbox uses it, and it names no user")
        if not offline:
            source = TokenSource(entry, user)
            token = source.fetch()
            problems += [source.problem] if source.problem else []
    except MailprocError as error:
        problems.append(str(error))
    with contextlib.suppress(MailprocError):  # said above, or by the next line
        kept = tokenfile.read(Path(entry.token_file)) if entry.flow == "login" else None
    if not problems:
        problems += expiry_warnings([entry], now)
    for permission in missing_permissions(entry, token) if token else ():
        problems.append(
            f"oauth {entry.name}: the permission {permission} is missing: add it to the application in Microsoft Entra "
            "(API permissions, Office 365 Exchange Online) and grant admin consent"
            if entry.flow == "client_credentials"
            else f"oauth {entry.name}: the login does not permit {permission}: run  mailproc auth login {entry.name}"
        )
    return _Row(
        entry.name,
        entry.provider,
        entry.flow,
        user,
        (token.account if token else "") or (kept.account if kept else ""),
        _moment(token.expires_at) if token else None,
        (token.scopes if token else ()) or (kept.scopes if kept else ()),
        _moment(kept.logged_in_at) if kept else None,
        _moment(token.got_at) if token else _moment(kept.refreshed_at) if kept else None,
        tuple(dict.fromkeys(problems)),
    )


def _users(loaded: Settings, entry: OAuthSettings) -> tuple[str, ...]:
    """The mailboxes an entry serves; one row for all where its token is the same for all."""
    uses = [intake.user for intake in loaded.intakes if intake.oauth == entry.name]
    uses += [loaded.delivery.user] if loaded.delivery.oauth == entry.name else []
    users = tuple(dict.fromkeys(uses))
    if entry.flow == "login" or not users:
        return (entry.user,)
    return users if entry.flow == "service_account" else (", ".join(users),)


def _describe(row: _Row, now: datetime) -> list[str]:
    """The row for people."""
    state = "FAIL" if row.problems else "OK"
    whose = row.account or row.user
    lines = [f"{state:<5} {row.name}  {row.provider} {row.flow}{f'  {whose}' if whose else ''}"]
    if row.expires_at is not None:
        minutes = (row.expires_at - now).total_seconds() / 60
        lines.append(f"      token until {row.expires_at:%Y-%m-%d %H:%M} UTC ({minutes:.0f} minutes), then renewed")
    if row.scopes:
        lines.append(f"      for {' '.join(row.scopes)}")
    if row.logged_in_at is not None and row.refreshed_at is not None:
        lines.append(
            f"      logged in {row.logged_in_at:%Y-%m-%d %H:%M}, renewed {row.refreshed_at:%Y-%m-%d %H:%M} UTC"
        )
    return [*lines, *(f"      {problem}" for problem in row.problems)]


def _demand_secret(entry: OAuthSettings) -> None:
    """Raises UsageError when the secret is not at hand: it may be in the daemon's environment only."""
    if entry.client_id and not entry.client_id.strip("0-"):
        raise UsageError(f"oauth {entry.name}: client_id is still the placeholder that init wrote: put your own there")
    needs = entry.flow == "client_credentials" or (entry.flow == "login" and entry.provider == "google")
    if needs and not entry.client_secret and not entry.key_file:
        text = "its client_secret is not at hand; set the variable or file that the settings name here, too"
        raise UsageError(f"oauth {entry.name}: {text}")


def _open(url: str, entry: OAuthSettings, *, is_shown_only: bool) -> None:
    click.echo(f"Log in as {entry.user} in a browser on this machine, at\n\n{url}\n")
    if not is_shown_only:
        webbrowser.open(url)
    click.echo("Waiting for the browser to come back. No browser here?  --paste")


def _show_for_paste(entry: OAuthSettings) -> Callable[[str], None]:
    def show(url: str) -> None:
        click.echo(f"Open this address in a browser anywhere and log in as {entry.user}:\n\n{url}\n")
        click.echo("At the end the browser cannot open a page. Copy the whole address it shows and paste it here.")

    return show


def _read_pasted() -> str:
    return str(click.prompt("Address", prompt_suffix=": "))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
