"""`mailproc hold`: mail that waits for a person."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailproc.opening import OpenSite
    from mailproc.store.inbox import InboxRow

_ACTOR = "command line"
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
_dry_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


@click.group()
def hold() -> None:
    """List, show, release and discard held mail, trust its senders."""


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
@_json_option
@_dry_option
@click.pass_obj
def release(config: Path | None, mail_id: int, released_as: str | None, as_json: bool, dry_run: bool) -> None:
    """Let a held mail do its work; doing it twice changes nothing the second time.

    Without --as: what was held of an agent is released as the agent's and sent as it stands, all other mail as a new
    request.

    \b
    Example:
      mailproc hold release 17 --as customer
    """
    from mailproc.desk.held.holds import release_word
    from mailproc.opening import open_site

    with open_site(config) as site:
        row = _find(site, mail_id)
        word = released_as or release_word(row.reason)
        if row.state != "held":
            _say(as_json, row, "nothing to do, it is not held")
        elif dry_run:
            _say(as_json, row, f"would be released as {word}")
        else:
            _say(as_json, site.engine.release(mail_id, word, _ACTOR), "")


@hold.command()
@click.argument("mail_id", type=int)
@_json_option
@_dry_option
@click.pass_obj
def discard(config: Path | None, mail_id: int, as_json: bool, dry_run: bool) -> None:
    """Put a held mail aside; it stays stored and searchable, and nothing is sent."""
    from mailproc.opening import open_site
    from mailproc.store import inbox

    with open_site(config) as site:
        row = _find(site, mail_id)
        if row.state != "held":
            _say(as_json, row, "nothing to do, it is not held")
        elif dry_run:
            _say(as_json, row, "would be discarded")
        else:
            now = site.engine.clock()
            site.store.run(lambda tx: inbox.discard(tx, mail_id, now, actor=_ACTOR))
            _say(as_json, _find(site, mail_id), "discarded")


@hold.command()
@click.argument("mail_id", type=int)
@click.option("--forget", is_flag=True, help="Trust the sender of this mail no longer; the mail stays as it is.")
@_json_option
@_dry_option
@click.pass_obj
def trust(config: Path | None, mail_id: int, forget: bool, as_json: bool, dry_run: bool) -> None:
    """Release a mail held as spam or by a rule, and trust its sender.

    Mail from exactly that address is not held as spam any more, unless its domain says that it is forged. It grants
    nothing else: no part in a case, no agent's right.
    """
    from mailproc.desk.held.holds import TRUSTABLE, is_outside
    from mailproc.errors import UsageError
    from mailproc.opening import open_site
    from mailproc.store import holds

    with open_site(config) as site:
        row = _find(site, mail_id)
        if not is_outside(site.engine.policy, row.sender):
            raise UsageError(f"mail {mail_id} names no sender who could be trusted: {row.sender or 'nobody'}")
        if row.state == "held" and row.reason not in TRUSTABLE and not forget:
            raise UsageError(f"mail {mail_id} is held for another reason; `mailproc hold show {mail_id}` says which")
        if dry_run:
            _say(as_json, row, f"{row.sender} would {'not be trusted any more' if forget else 'be trusted'}")
            return
        now = site.engine.clock()
        site.store.run(lambda tx: holds.set_trusted(tx, row.sender, now, is_trusted=not forget))
        after = site.engine.release(mail_id, "new", _ACTOR) if row.state == "held" and not forget else row
        _say(as_json, after, f"{row.sender} is {'not trusted any more' if forget else 'trusted'}")


def _find(site: "OpenSite", mail_id: int) -> "InboxRow":
    from mailproc.errors import UsageError
    from mailproc.store import inbox

    with site.store.read() as tx:
        row = inbox.get(tx, mail_id)
    if row is None:
        raise UsageError(f"there is no mail {mail_id}; `mailproc hold list` shows what is held")
    return row


def _say(as_json: bool, row: "InboxRow", done: str) -> None:
    from mailproc.desk.reasons import REASONS

    if as_json:
        facts = {"id": row.id, "state": row.state, "outcome": row.outcome, "reason": row.reason, "done": done}
        json.dump(facts, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return
    why = REASONS.get(row.reason, row.reason)
    click.echo(f"mail {row.id}: {done}, {row.outcome} ({why})" if done else f"mail {row.id}: {row.outcome} ({why})")
