"""`mailproc outbox`: mail on its way out."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mailproc.opening import OpenSite
    from mailproc.store.outboxview import Wanted

STATES = ["queued", "sending", "sent", "failed", "ambiguous", "held", "cancelled"]
_Command = TypeVar("_Command", bound=Callable[..., Any])
_RETRIABLE = ("queued", "failed", "ambiguous", "held", "cancelled")
_CANCELLABLE = ("queued", "failed", "ambiguous", "held")


def _filters(command: _Command) -> _Command:
    """The options that choose mails."""
    for option in (
        click.option("--since", default="", metavar="DATE", help="Only mail of that day (2026-01-31, UTC) and later."),
        click.option("--purpose", default="", metavar="WORD", help="Only mail of this kind: answer, received ..."),
        click.option("--ticket", default="", metavar="NUMBER", help="Only mail of this case."),
        click.option("--to", default="", metavar="ADDRESS",
                     help="Only mail to this address, or to all of a domain: @example.org."),
        click.option("--state", "states", type=click.Choice(STATES), multiple=True,
                     help="Only mail in this state; may be given several times."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def outbox() -> None:
    """List outgoing mail, try it again, cancel it."""


@outbox.command("list")
@_filters
@click.option("--limit", type=click.IntRange(1), help="Only the newest so many.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array on standard output.")
@click.pass_obj
def list_rows(
    config: Path | None, states: tuple[str, ...], to: str, ticket: str, purpose: str, since: str, limit: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """List outgoing mail, oldest first.

    \b
    Example:
      mailproc outbox list --state failed --state ambiguous --to @example.org
    """
    from dataclasses import replace

    from mailproc.cli.parsed import clean_text
    from mailproc.opening import open_site
    from mailproc.store import outboxview

    with open_site(config) as site, site.store.read() as tx:
        wanted = _read_filters(site, (), states, to, ticket, purpose, since)
        rows = outboxview.list_mails(tx, replace(wanted, limit=limit))
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        line = f"{row['id']:>6}  {row['state']:<9} {row['purpose']:<11} {row['to']:<34} {row['subject'][:60]}"
        why = _explain(row)
        click.echo(clean_text(f"{line}\n        {why}" if why else line))
    if not rows:
        click.echo("nothing there")


@outbox.command()
@click.argument("mail_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="What is known of it, tries and answers included, as JSON.")
@click.pass_obj
def show(config: Path | None, mail_id: int, as_json: bool) -> None:
    """Print an outgoing mail's bytes as they are sent.

    \b
    Example:
      mailproc outbox show 17 --json
    """
    from mailproc.errors import UsageError
    from mailproc.opening import open_site
    from mailproc.store import outbox as store_outbox
    from mailproc.store import outboxview, queries

    with open_site(config) as site, site.store.read() as tx:
        raw, facts = store_outbox.raw_of(tx, mail_id), queries.get_outbox(tx, mail_id)
        serial = queries.find_serial(tx, facts["ticket"]) if facts and facts["ticket"] else None
        tries = outboxview.tries_of(tx, mail_id, serial) if serial else []
    if raw is None or facts is None:
        raise UsageError(f"there is no outgoing mail {mail_id}; `mailproc outbox list` shows them")
    if as_json:
        _print_json({**facts, "tries": tries})
        return
    sys.stdout.buffer.write(raw)


@outbox.command()
@click.argument("mail_ids", type=int, nargs=-1)
@_filters
@click.option("--dry-run", is_flag=True, help="Only say what would be tried.")
@click.option("--json", "as_json", is_flag=True, help="What was changed, as a JSON array.")
@click.pass_obj
def retry(
    config: Path | None, mail_ids: tuple[int, ...], states: tuple[str, ...], to: str, ticket: str, purpose: str,
    since: str, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Try failed, ambiguous or waiting mail again at once.

    A mail in state `ambiguous` may have arrived: the recipient may get it twice.

    \b
    Examples:
      mailproc outbox retry 17 18
      mailproc outbox retry --state failed --to @example.org --dry-run
    """
    with _open(config) as site:
        rows = _choose(site, mail_ids, states, to, ticket, purpose, since, _RETRIABLE, "tried again")
        for row in () if dry_run else rows:
            _retry(site, row["id"])
    _tell(rows, "would be tried again" if dry_run else "waits to be sent", as_json=as_json)


@outbox.command()
@click.argument("mail_ids", type=int, nargs=-1)
@_filters
@click.option("--dry-run", is_flag=True, help="Only say what would be cancelled.")
@click.option("--json", "as_json", is_flag=True, help="What was changed, as a JSON array.")
@click.pass_obj
def cancel(
    config: Path | None, mail_ids: tuple[int, ...], states: tuple[str, ...], to: str, ticket: str, purpose: str,
    since: str, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Never send mail that still waits.

    \b
    Examples:
      mailproc outbox cancel 17
      mailproc outbox cancel --state queued --purpose received --dry-run
    """
    from mailproc.store import outbox as store_outbox

    with _open(config) as site:
        rows = _choose(site, mail_ids, states, to, ticket, purpose, since, _CANCELLABLE, "cancelled")
        now = site.engine.clock()
        for row in () if dry_run else rows:
            mail_id = row["id"]
            site.store.run(lambda tx, mail_id=mail_id: store_outbox.cancel(tx, mail_id, now))  # type: ignore[misc]
    _tell(rows, "would be cancelled" if dry_run else "cancelled", as_json=as_json)


def _open(config: Path | None) -> "OpenSite":
    from mailproc.opening import open_site

    return open_site(config)


def _read_filters(
    site: "OpenSite", ids: tuple[int, ...], states: tuple[str, ...], to: str, ticket: str, purpose: str, since: str
) -> "Wanted":
    from datetime import UTC, datetime

    from mailproc.errors import UsageError
    from mailproc.message.addresses import normalise
    from mailproc.store import queries
    from mailproc.store.outboxview import Wanted

    serial = None
    if ticket:
        with site.store.read() as tx:
            serial = queries.find_serial(tx, ticket)
        if serial is None:
            raise UsageError(f"there is no case {ticket}; `mailproc ticket list` shows them")
    try:
        from_day = datetime.fromisoformat(since).replace(tzinfo=UTC) if since else None
    except ValueError:
        raise UsageError(f"--since {since}: write a day like 2026-01-31") from None
    address = to if not to or to.startswith("@") else normalise(to) or to
    return Wanted(ids, states, address, serial, purpose, from_day)


def _choose(
    site: "OpenSite", ids: tuple[int, ...], states: tuple[str, ...], to: str, ticket: str, purpose: str, since: str,
    allowed: tuple[str, ...], verb: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """The mails that were named, or all that the filters choose. Raises UsageError before anything has changed."""
    from mailproc.errors import UsageError
    from mailproc.store import outboxview

    if not (ids or states or to or ticket or purpose or since):
        raise UsageError("name the mails by their numbers or choose them:  --state failed, --to @example.org")
    unfit = [state for state in states if state not in allowed]
    if unfit:
        raise UsageError(f"mail in state {unfit[0]} cannot be {verb}; possible: {', '.join(allowed)}")
    # Without a state, filters choose what has not gone: nobody means to hear of the thousand that have
    chosen = states or (() if ids else allowed)
    wanted = _read_filters(site, ids, chosen, to, ticket, purpose, since)
    with site.store.read() as tx:
        rows = outboxview.list_mails(tx, wanted)
    found = {row["id"]: row for row in rows}
    for mail_id in ids:
        if mail_id not in found:
            raise UsageError(f"there is no outgoing mail {mail_id}; `mailproc outbox list` shows them")
        if found[mail_id]["state"] not in allowed:
            raise UsageError(f"outgoing mail {mail_id} is {found[mail_id]['state']} and cannot be {verb}")
    return rows


def _retry(site: "OpenSite", mail_id: int) -> None:
    from mailproc.store import outbox as store_outbox

    now = site.engine.clock()
    if not site.engine.compose_again(mail_id):
        site.store.run(lambda tx: store_outbox.retry(tx, mail_id, now))


def _tell(rows: list[dict[str, Any]], what: str, *, as_json: bool) -> None:
    from mailproc.cli.parsed import clean_text

    if as_json:
        _print_json([{"id": row["id"], "was": row["state"], "to": row["to"], "done": what} for row in rows])
        return
    for row in rows:
        if what.startswith("would"):
            click.echo(clean_text(f"mail {row['id']} ({row['state']}) to {row['to']} {what}"))
        else:
            click.echo(f"mail {row['id']}: {what}")
    if not rows:
        click.echo("nothing there")


def _explain(row: dict[str, Any]) -> str:
    """The line below a mail that has not simply gone or just come."""
    if row["state"] == "held":
        return str(row["error"])
    if row["state"] in ("sent", "sending") or not row["answer"]:
        return ""
    answer = f"{row['code']} {row['answer']}" if row["code"] else str(row["answer"])
    again = f", next try {row['next_at'][:16].replace('T', ' ')} UTC" if row["state"] == "queued" else ""
    tried = "tried once" if row["attempts"] == 1 else f"tried {row['attempts']} times"
    return f"{tried}{again}: {answer[:160]}" if row["attempts"] else f"{answer[:160]}{again}"


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
