"""`mailproc ticket`: the desk from a terminal."""

import json
import sys
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailproc.cli.ticketopen import open_case

if TYPE_CHECKING:
    from mailproc.opening import OpenSite


MARKS = {True: "✓", False: "✗", None: "·"}
MOST_LINES = 40  # of one message that people are shown


@click.group()
def ticket() -> None:
    """List, show, answer, close and reopen tickets."""


@ticket.command("list")
@click.option("--state", type=click.Choice(["new", "open", "pending", "on-hold", "resolved", "closed"]))
@click.option("--department", help="Only this department's tickets.")
@click.option("--limit", type=click.IntRange(1), help="At most so many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array on standard output.")
@click.pass_obj
def list_tickets(
    config: Path | None, state: str | None, department: str | None, limit: int | None, as_json: bool
) -> None:
    """List tickets, newest first.

    \b
    Example:
      mailproc ticket list --state open
    """
    from mailproc.store import queries

    with _open(config) as site, site.store.read() as tx:
        zone = site.settings.site.timezone
        rows = queries.list_tickets(tx, state=state, department=department, limit=limit)
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        click.echo(
            f"{row['number']:<16} {row['state']:<9} {row['priority']:<7} {row['department']:<14}"
            f" {due_words(row['due'], zone):<25} {row['subject'][:60]}"
        )
    if not rows:
        click.echo("no tickets")


@ticket.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--trace", is_flag=True, help="Also why each mail was decided as it was.")
@click.option("--extract", type=click.Path(file_okay=False, path_type=Path), help="Write all attachments there.")
@click.pass_obj
def show(config: Path | None, number: str, as_json: bool, trace: bool, extract: Path | None = None) -> None:
    """Show a ticket: its facts, its mails and its history.

    \b
    Example:
      mailproc ticket show ACME-482-170 --trace
    """
    from mailproc.cli.parsed import clean_text
    from mailproc.store import queries

    with _open(config) as site, site.store.read() as tx:
        serial = _serial(site, number)
        found = queries.get_ticket(tx, serial)
        if found is None:
            raise _unknown(number)
        traces = queries.traces_of_ticket(tx, serial) if trace else []
        raws = [queries.raw_of_message(tx, message["id"]) for message in found["messages"]] if extract else []
    if extract is not None:
        _extract([raw for raw in raws if raw], extract)
        return
    if as_json:
        plain = [{**item, "steps": [asdict(step) for step in item["steps"]]} for item in traces]
        _print_json({**found, "traces": plain} if trace else found)
        return
    # Mail holds what strangers wrote; a terminal must not obey it
    lines = (*_ticket_lines(found, site.settings.site.timezone), *_trace_lines(traces))
    click.echo(clean_text("\n".join(lines)))


@ticket.command()
@click.argument("number")
@click.option("--text", help="The note or reason; `-` reads it from standard input.")
@click.pass_obj
def close(config: Path | None, number: str, text: str | None) -> None:
    """Close a ticket; the customer is told only where `notify_requester` in mailproc.yaml lists it."""
    _act(config, "close", number, text or "")


@ticket.command()
@click.argument("number")
@click.option("--text", help="An internal note; `-` reads it from standard input.")
@click.pass_obj
def reopen(config: Path | None, number: str, text: str | None) -> None:
    """Reopen a resolved or closed ticket."""
    _act(config, "reopen", number, text or "")


@ticket.command()
@click.argument("number")
@click.pass_obj
def resolve(config: Path | None, number: str) -> None:
    """Resolve a ticket; the customer gets a summary of what was asked and answered."""
    _act(config, "resolve", number, "")


@ticket.command()
@click.argument("number")
@click.option("--text", required=True, help="The note; `-` reads it from standard input.")
@click.pass_obj
def note(config: Path | None, number: str, text: str) -> None:
    """Leave an internal note; it is never sent.

    \b
    Example:
      mailproc ticket note ACME-482-170 --text "Called back, no answer"
    """
    _act(config, "note", number, text)


@ticket.command()
@click.argument("number")
@click.option("--text", required=True, help="The answer; `-` reads it from standard input.")
@click.option("--as", "actor", help="The agent who answers (address); default: you.")
@click.option("--resolve", "resolves", is_flag=True, help="The answer settles the case.")
@click.option("--anyway", is_flag=True, help="Send it though it repeats words of an internal note.")
@click.option("--dry-run", is_flag=True, help="Say who would get the answer, send nothing.")
@click.pass_obj
def reply(
    config: Path | None, number: str, text: str, actor: str | None, resolves: bool, anyway: bool, dry_run: bool
) -> None:
    """Answer the customer.

    \b
    Example:
      mailproc ticket reply ACME-482-170 --text "Your parcel left today." --resolve
    """
    _act(config, "reply", number, text, actor=actor, resolves=resolves, anyway=anyway, dry_run=dry_run)


@ticket.command()
@click.argument("number")
@click.argument("agent")
@click.pass_obj
def assign(config: Path | None, number: str, agent: str) -> None:
    """Give a ticket to an agent, by address or name."""
    _act(config, "assign", number, "", argument=agent)


@ticket.command()
@click.argument("number")
@click.argument("department")
@click.pass_obj
def move(config: Path | None, number: str, department: str) -> None:
    """Move a ticket to another department."""
    _act(config, "move", number, "", argument=department)


@ticket.command()
@click.argument("number")
@click.argument("other")
@click.option("--dry-run", is_flag=True, help="Say who would be told, change nothing.")
@click.pass_obj
def merge(config: Path | None, number: str, other: str, dry_run: bool) -> None:
    """Make ticket NUMBER a part of OTHER; its number goes on as an alias.

    \b
    Example:
      mailproc ticket merge ACME-482-189 ACME-482-170
    """
    _act(config, "merge", number, "", other=other, dry_run=dry_run)


@ticket.command()
@click.argument("number")
@click.option("--dry-run", is_flag=True, help="Say who would get it, change nothing.")
@click.pass_obj
def split(config: Path | None, number: str, dry_run: bool) -> None:
    """Make a ticket of its own of the customer's latest mail, linked to the one it came on."""
    _act(config, "split", number, "", dry_run=dry_run)


@ticket.command()
@click.argument("number")
@click.argument("other")
@click.pass_obj
def link(config: Path | None, number: str, other: str) -> None:
    """Let two tickets know of each other."""
    _act(config, "link", number, "", other=other)


@ticket.command()
@click.argument("number")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, send nothing.")
@click.pass_obj
def remind(config: Path | None, number: str, dry_run: bool) -> None:
    """Remind the requester of what we asked; where it is our turn, tell them how the case stands.

    \b
    Example:
      mailproc ticket remind ACME-482-170 --dry-run
    """
    _act(config, "remind", number, "", dry_run=dry_run)


def due_words(due: str | None, timezone: str) -> str:
    """A due time in the site's time zone, `-` for none; what is past is called overdue."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    if not due:
        return "-"
    at = datetime.fromisoformat(due)
    return f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}" + (" overdue" if at < datetime.now(UTC) else "")


def _extract(raws: list[bytes], folder: Path) -> None:
    from mailproc.cli.parse import save_attachment
    from mailproc.message.parse import parse

    folder.mkdir(parents=True, exist_ok=True)
    for raw in raws:
        for attachment in parse(raw, languages=()).attachments:
            click.echo(save_attachment(attachment, folder))


def _act(
    config: Path | None,
    verb: str,
    number: str,
    text: str,
    *,
    argument: str = "",
    actor: str | None = None,
    resolves: bool = False,
    other: str = "",
    anyway: bool = False,
    dry_run: bool = False,
) -> None:
    from mailproc.desk.reasons import SUPPRESSED
    from mailproc.desk.requests import Request
    from mailproc.records.decision import Outcome
    from mailproc.records.effects import SendMail, SuppressMail

    if text == "-":
        text = sys.stdin.read()
    with _open(config) as site:
        another = _serial(site, other) if other else 0
        request = Request(verb, _serial(site, number), actor or _who(), text, argument, resolves, another, anyway)
        decision = site.engine.foresee(request) if dry_run else site.engine.act(request, f"cli-{uuid.uuid4().hex}")
    if decision.outcome is Outcome.NOTHING:
        click.echo(f"{number}: nothing to do")
        return
    mails = [effect.mail for effect in decision.effects if isinstance(effect, SendMail)]
    click.echo(f"{number}: {'would ' if dry_run else ''}{verb}" + ("" if dry_run else " done"))
    for mail in mails:
        click.echo(f"  {mail.purpose} to {mail.recipient}{'' if dry_run else ' queued'}")
    for effect in decision.effects:
        if isinstance(effect, SuppressMail):
            click.echo(f"  {effect.purpose} to {effect.recipient} not sent: {SUPPRESSED[effect.reason]}")


ticket.add_command(open_case)


def open_site_of(config: Path | None) -> "OpenSite":
    """The site of these settings, for a command of this group."""
    return _open(config)


def who_types() -> str:
    """Who is at the terminal, as the history shows it."""
    return _who()


def print_json(value: Any) -> None:
    """A value on standard output."""
    _print_json(value)


def _open(config: Path | None) -> "OpenSite":
    from mailproc.opening import open_site

    return open_site(config)


def _serial(site: "OpenSite", number: str) -> int:
    from mailproc.tickets.casenumber import parse_number

    here = site.settings.site
    serial = parse_number(number, (here.prefix, *here.prefix_aliases))
    if serial is None:
        from mailproc.errors import UsageError

        raise UsageError(
            f"{number!r} is no case number of this site (like {here.prefix}-482-170): is a digit mistyped?"
        )
    return serial


def _unknown(number: str) -> Exception:
    from mailproc.errors import UsageError

    return UsageError(f"there is no ticket {number}; `mailproc ticket list` shows them all")


def _who() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def _ticket_lines(found: dict[str, Any], timezone: str) -> Iterator[str]:
    yield f"{found['number']}  {found['subject']}"
    for key in ("state", "priority", "department", "assignee", "requester", "language", "channel", "created_at"):
        if found[key]:
            yield f"  {key:<11} {_plain(found[key])}"
    if found["due"]:
        yield f"  {'due':<11} {due_words(found['due'], timezone)}"
    for key in ("tags", "fields", "links"):
        if found[key]:
            yield f"  {key:<11} {_plain(found[key])}"
    for message in found["messages"]:
        yield from ("", *_message_lines(message))
    yield "\nhistory"
    for event in found["events"]:
        yield "  ".join(filter(None, ("", event["at"], event["kind"], event["actor"], _plain(event["data"]))))


def _message_lines(message: dict[str, Any]) -> Iterator[str]:
    from mailproc.cli.parsed import LEVELS
    from mailproc.records.mail import Level

    arrow = "←" if message["direction"] == "in" else "→"
    yield f"{arrow} {message['date']} {message['purpose']} ({message['visibility']}) {message['from']}"
    for line in message["evidence"]:
        level, _, why = line.partition(": ")
        words = f"{level}, {LEVELS[Level[level]]}: {why}" if level in Level.__members__ else line
        yield f"    who wrote it: {words}"
    lines = (message["text"] or "").splitlines()
    yield from (f"    {line}" for line in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield f"    ({len(lines) - MOST_LINES} more lines; --json shows them all)"
    for file in message["attachments"]:
        yield f"    [{file['filename']}, {file['content_type']}, {file['size']} bytes]"


def _trace_lines(traces: list[dict[str, Any]]) -> Iterator[str]:
    from mailproc.desk.reasons import REASONS

    for item in traces:
        what = f"mail {item['inbox_id']}" if item["inbox_id"] is not None else "a request or the clock"
        yield f"\n{what}: {item['outcome']} ({item['reason']}). {REASONS.get(item['reason'], '')}".rstrip()
        for step in item["steps"]:
            yield f"  {MARKS[step.matched]} {step.room}: {step.text}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key}={_plain(item)}" for key, item in value.items() if item not in ("", None, [], {}))
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return str(value)
