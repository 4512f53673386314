"""`mailproc keys`: the secrets that sign reply addresses and Message-IDs. Shows no secret."""

import json
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailproc.records.site import Key


@click.group()
def keys() -> None:
    """List, rotate and revoke the keys that sign reply addresses."""


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON array on standard output.")
@click.pass_obj
def list_keys(config: Path | None, as_json: bool) -> None:
    """List the keys, newest first: the first signs, the others only verify what was sent before."""
    from mailproc import keys, settings

    path = settings.load(settings.find(config), needs_secrets=False).keys_file
    now = datetime.now(UTC)
    ring = keys.load(path, now)
    facts = [_facts(key, now) for key in ring.keys]
    if as_json:
        json.dump(facts, sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    for fact in facts:
        click.echo(f"{fact['id']}  made {_day(fact['created_at'])}  {_state(fact)}")
    click.echo(f"{path} (keep a copy of it where only you can read it)")


@keys.command()
@click.pass_obj
def rotate(config: Path | None) -> None:
    """Make a new key; from now on it signs, and a running daemon takes it up by itself.

    What was sent before goes on working for its lifetime: customers' reply addresses for 180 days, agents' for 30.
    With several hosts, copy the file to the others at once.
    """
    from mailproc import keys, settings

    path = settings.load(settings.find(config), needs_secrets=False).keys_file
    ring = keys.rotate(path)
    former = f"; {ring.keys[1].id} verifies what it signed until it has run out" if len(ring.keys) > 1 else ""
    click.echo(f"key {ring.current.id} signs from now on{former}")
    _say_where(path)


@keys.command()
@click.argument("key_id", required=False)
@click.option("--ticket", "number", help="All reply addresses of one ticket's mails so far, instead of a key.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def revoke(config: Path | None, key_id: str | None, number: str | None, yes: bool) -> None:
    """End what a key signed, or all reply addresses of one ticket, at once.

    For a key that others may know, or a reply address that was made public. Customers who answer such a mail still
    reach their case by its number; agents' answers to it are held, until they answer a newer notification.

    \b
    Example:
      mailproc keys revoke b
      mailproc keys revoke --ticket ACME-482-170
    """
    from mailproc.errors import UsageError

    if bool(key_id) == bool(number):
        raise UsageError("name one key (`mailproc keys list` shows them) or one ticket (--ticket NUMBER)")
    if number:
        _revoke_ticket(config, number)
    else:
        assert key_id is not None
        _revoke_key(config, key_id.lower(), is_sure=yes)


def _revoke_key(config: Path | None, key_id: str, *, is_sure: bool) -> None:
    from mailproc import keys, settings

    path = settings.load(settings.find(config), needs_secrets=False).keys_file
    if not is_sure and sys.stdin.isatty():
        click.confirm(f"Every reply address that key {key_id} signed stops working. Revoke it?", abort=True)
    before = keys.load(path).current.id
    ring = keys.revoke(path, key_id)
    click.echo(f"key {key_id} is revoked: nothing it signed counts any more")
    if before == key_id:
        click.echo(f"key {ring.current.id} signs from now on")
    _say_where(path)


def _revoke_ticket(config: Path | None, number: str) -> None:
    from mailproc.cli.ticket import _serial, _unknown, _who
    from mailproc.desk.requests import Request
    from mailproc.opening import open_site
    from mailproc.records.decision import Outcome
    from mailproc.store.revocations import find_family

    with open_site(config) as site:
        serial = _serial(site, number)
        with site.store.read() as tx:
            family = find_family(tx, serial)
        if not family:
            raise _unknown(number)
        ends = [
            site.engine.act(Request("revoke-tokens", one, _who()), f"cli-{uuid.uuid4().hex}").outcome for one in family
        ]
    if all(end is Outcome.NOTHING for end in ends):
        click.echo(f"{number}: nothing to do, no mail went out since the last time")
        return
    click.echo(f"{number}: the reply addresses of its mails so far are revoked; its next mails carry new ones")


def _facts(key: "Key", now: datetime) -> dict[str, object]:
    from mailproc.tickets.token import AGENT_TOKEN_LIFE, CUSTOMER_TOKEN_LIFE

    def until(life: timedelta) -> str | None:
        return (key.retired_at + life).isoformat() if key.retired_at else None

    return {
        "id": key.id,
        "created_at": key.created_at.isoformat(),
        "signs": key.retired_at is None,
        "retired_at": key.retired_at.isoformat() if key.retired_at else None,
        "agents_until": until(AGENT_TOKEN_LIFE),
        "customers_until": until(CUSTOMER_TOKEN_LIFE),
        "verifies_agents": key.verifies(AGENT_TOKEN_LIFE, now),
    }


def _state(fact: dict[str, object]) -> str:
    if fact["signs"]:
        return "signs"
    agents = f"agents' until {_day(fact['agents_until'])}, " if fact["verifies_agents"] else ""
    return f"retired {_day(fact['retired_at'])}; verifies {agents}customers' until {_day(fact['customers_until'])}"


def _day(at: object) -> str:
    return str(at)[:10]


def _say_where(path: Path) -> None:
    click.echo(f"{path} has changed: keep a copy of the new one; a running daemon takes it up within seconds")
