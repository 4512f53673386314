"""`mailproc outbox`: mail on its way out."""

import json
import sys
from pathlib import Path

import click

STATES = ["queued", "sending", "sent", "failed", "ambiguous", "held", "cancelled"]


@click.group()
def outbox() -> None:
    """List outgoing mail, try it again, cancel it."""


@outbox.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only mail in this state.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array on standard output.")
@click.pass_obj
def list_rows(config: Path | None, state: str | None, as_json: bool) -> None:
    """List outgoing mail, oldest first."""
    from mailproc.opening import open_site
    from mailproc.store import queries

    with open_site(config) as site, site.store.read() as tx:
        rows = queries.list_outbox(tx, state=state)
    if as_json:
        json.dump(rows, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return
    for row in rows:
        click.echo(f"{row['id']:>6}  {row['state']:<9} {row['purpose']:<11} {row['to']:<34} {row['subject'][:60]}")
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
    from mailproc.store import queries

    with open_site(config) as site, site.store.read() as tx:
        raw, facts = store_outbox.raw_of(tx, mail_id), queries.get_outbox(tx, mail_id)
    if raw is None or facts is None:
        raise UsageError(f"there is no outgoing mail {mail_id}; `mailproc outbox list` shows them")
    if as_json:
        json.dump(facts, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return
    sys.stdout.buffer.write(raw)


@outbox.command()
@click.argument("mail_id", type=int)
@click.option("--dry-run", is_flag=True, help="Only say what would be tried.")
@click.pass_obj
def retry(config: Path | None, mail_id: int, dry_run: bool) -> None:
    """Try a failed, ambiguous or waiting mail again at once.

    A mail in state `ambiguous` may have arrived: the recipient may get it twice.
    """
    _change(config, mail_id, "retry", dry_run)


@outbox.command()
@click.argument("mail_id", type=int)
@click.pass_obj
def cancel(config: Path | None, mail_id: int) -> None:
    """Never send a mail that still waits."""
    _change(config, mail_id, "cancel", False)


def _change(config: Path | None, mail_id: int, verb: str, dry_run: bool) -> None:
    from mailproc.errors import UsageError
    from mailproc.opening import open_site
    from mailproc.store import outbox as store_outbox
    from mailproc.store import queries

    change = store_outbox.retry if verb == "retry" else store_outbox.cancel
    with open_site(config) as site:
        with site.store.read() as tx:
            row = next((row for row in queries.list_outbox(tx) if row["id"] == mail_id), None)
        if row is None:
            raise UsageError(f"there is no outgoing mail {mail_id}; `mailproc outbox list` shows them")
        if dry_run:
            click.echo(f"mail {mail_id} ({row['state']}) to {row['to']} would be tried again")
            return
        now = site.engine.clock()
        if not (verb == "retry" and site.engine.compose_again(mail_id)):
            site.store.run(lambda tx: change(tx, mail_id, now))
    click.echo(f"mail {mail_id}: {'waits to be sent' if verb == 'retry' else 'cancelled'}")
