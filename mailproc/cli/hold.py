"""`mailproc hold`: mail that waits for a person."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click


@click.group()
def hold() -> None:
    """List, show, release and discard held mail."""


@hold.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON array on standard output.")
@click.pass_obj
def list_rows(config: Path | None, as_json: bool) -> None:
    """List held mail, oldest first."""
    from mailproc.desk.reasons import REASONS
    from mailproc.opening import open_site
    from mailproc.store import queries

    with open_site(config) as site, site.store.read() as tx:
        rows = queries.list_held(tx)
    if as_json:
        json.dump(rows, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return
    for row in rows:
        click.echo(f"{row['id']:>6}  {row['received_at']}  {row['from'] or '(no sender)'}  {row['subject'][:60]}")
        click.echo(f"        {row['reason']}: {REASONS.get(row['reason'], row['reason'])}")
    if not rows:
        click.echo("nothing is held")


@hold.command()
@click.argument("mail_id", type=int)
@click.option("--raw", is_flag=True, help="The mail's bytes as they came, nothing else.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def show(config: Path | None, mail_id: int, raw: bool, as_json: bool) -> None:
    """Show a held mail: why it is held and what it says."""
    from mailproc.cli.parsed import clean_text
    from mailproc.errors import UsageError
    from mailproc.message.parse import parse
    from mailproc.opening import open_site
    from mailproc.store import inbox, queries

    with open_site(config) as site, site.store.read() as tx:
        row = inbox.get(tx, mail_id)
        if row is None:
            raise UsageError(f"there is no mail {mail_id}; `mailproc hold list` shows what is held")
        trace = queries.trace_of(tx, mail_id)
        content = inbox.raw_of(tx, mail_id) or b""
    if raw:
        sys.stdout.buffer.write(content)
        return
    mail = parse(content)
    facts = {
        "id": mail_id,
        "state": row.state,
        "reason": row.reason,
        "explanation": row.held_text,
        "from": mail.from_.addr if mail.from_ else "",
        "subject": mail.subject,
        "text": mail.text[:20_000],
        "trace": [asdict(step) for step in trace],
    }
    if as_json:
        json.dump(facts, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return
    lines = [f"{key:<12} {facts[key]}" for key in ("state", "reason", "explanation", "from", "subject")]
    lines += [f"{'who wrote it':<12} {step.text}" for step in trace if step.room == "trust"]
    lines += [f"{'attached':<12} {item.filename}, {item.content_type}, {item.size} bytes" for item in mail.attachments]
    # A held mail is a stranger's more often than not; a terminal must not obey it
    click.echo(clean_text("\n".join((*lines, "", mail.text[:4000]))))
    if row.state == "held":
        click.echo(f"\n`mailproc hold release {mail_id}` lets it do its work, `hold discard {mail_id}` puts it aside")


@hold.command()
@click.argument("mail_id", type=int)
@click.option(
    "--as",
    "released_as",
    type=click.Choice(["customer", "agent", "new"]),
    help="How to treat it: as the customer's mail on its case, as the agent's own, or as a new request.",
)
@click.pass_obj
def release(config: Path | None, mail_id: int, released_as: str | None) -> None:
    """Let a held mail do its work; doing it twice changes nothing the second time.

    Without --as: what was held of an agent is released as the agent's and sent as it stands, all other mail as a new
    request.

    \b
    Example:
      mailproc hold release 17 --as customer
    """
    from mailproc.desk.reasons import AGENT_HOLDS, REASONS
    from mailproc.opening import open_site
    from mailproc.store import inbox

    with open_site(config) as site:
        if released_as is None:
            with site.store.read() as tx:
                row = inbox.get(tx, mail_id)
            is_agents = row is not None and row.reason in AGENT_HOLDS
            released_as = "agent" if is_agents else "new"
        with site.store.read() as tx:
            row = inbox.get(tx, mail_id)
        if row is not None and row.state != "held":
            click.echo(f"mail {mail_id}: nothing to do, it is not held ({REASONS.get(row.reason, row.reason)})")
            return
        after = site.engine.release(mail_id, released_as)
    click.echo(f"mail {mail_id}: {after.outcome} ({REASONS.get(after.reason, after.reason)})")


@hold.command()
@click.argument("mail_id", type=int)
@click.pass_obj
def discard(config: Path | None, mail_id: int) -> None:
    """Put a held mail aside; it stays stored and searchable, and nothing is sent."""
    from mailproc.errors import UsageError
    from mailproc.opening import open_site
    from mailproc.store import inbox

    with open_site(config) as site:
        now = site.engine.clock()
        if not site.store.run(lambda tx: inbox.discard(tx, mail_id, now)):
            raise UsageError(f"mail {mail_id} is not held; `mailproc hold list` shows what is")
    click.echo(f"mail {mail_id}: discarded")
