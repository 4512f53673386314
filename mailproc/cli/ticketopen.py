"""`mailproc ticket open`: a case of somebody who called, came by or sent a letter."""

import sys
import uuid
from pathlib import Path

import click

CHANNELS = ("phone", "walk-in", "chat", "letter", "fax", "sms", "social", "other")


@click.command("open")
@click.option("--channel", required=True, type=click.Choice(CHANNELS), help="How they reached you.")
@click.option("--from", "person", required=True, help="Who asks: jane@x.example, Jane Doe <jane@x.example>, or a name.")
@click.option("--subject", required=True, help="What it is about, in a few words; the customer sees it.")
@click.option("--text", required=True, help="What was said; `-` reads it from standard input. It stays inside.")
@click.option("--department", default="", help="Where it goes; else where the rules send it.")
@click.option("--priority", default="", type=click.Choice(["", "low", "normal", "high", "urgent"]), show_choices=False,
              help="low, normal, high or urgent.")  # fmt: skip
@click.option("--assign", "assignee", default="", help="The agent who gets it, by address or name.")
@click.option("--as", "actor", help="The agent who writes it down (address); default: you.")
@click.option("--tell", "tells", is_flag=True, help="Send the customer a mail with the case number.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, open nothing.")
@click.option("--json", "as_json", is_flag=True, help="The new ticket as a JSON object on standard output.")
@click.pass_obj
def open_case(
    config: Path | None,
    channel: str,
    person: str,
    subject: str,
    text: str,
    department: str,
    priority: str,
    assignee: str,
    actor: str | None,
    tells: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Open a ticket for somebody who called, came by, chatted or sent a letter.

    \b
    Example:
      mailproc ticket open --channel phone --from jane@x.example --subject "Printer" --text "Prints blank pages"
    """
    from mailproc.cli import ticket as desk
    from mailproc.desk.contacts.logged import Contact
    from mailproc.desk.requests import Request
    from mailproc.errors import UsageError
    from mailproc.records.effects import OpenTicket, SendMail
    from mailproc.store import queries

    said = sys.stdin.read() if text == "-" else text
    contact = Contact(person, channel, subject, said, department, priority, assignee, tells)
    with desk.open_site_of(config) as site:
        request = Request("open", 0, actor or desk.who_types(), contact=contact)
        decision = site.engine.foresee(request) if dry_run else site.engine.act(request, f"cli-{uuid.uuid4().hex}")
        made = next((effect for effect in decision.effects if isinstance(effect, OpenTicket)), None)
        if made is None:
            raise UsageError(f"no ticket was opened: {decision.reason}")
        if as_json and not dry_run:
            with site.store.read() as tx:
                desk.print_json(queries.get_ticket(tx, made.serial))
            return
    click.echo(f"{made.number if not dry_run else 'a new ticket'}: {'would open' if dry_run else 'opened'}"
               f" in {made.department} for {made.requester.addr or made.requester.name}")  # fmt: skip
    for effect in decision.effects:
        if isinstance(effect, SendMail):
            click.echo(f"  {effect.mail.purpose} to {effect.mail.recipient}{'' if dry_run else ' queued'}")
