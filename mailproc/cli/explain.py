"""`mailproc explain`: what would happen to a mail, or what happened on a ticket."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mailproc.engine import Preview

# A token of purpose h for no held mail
_UNMADE_TOKEN = re.compile("[a-z2-7]h00000[a-z2-7]{16}")


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--ticket", "number", help="Explain what happened on this ticket instead.")
@click.option("--sender", help="Envelope sender to assume; default: as `deliver` would find it.")
@click.option("--recipient", "recipients", multiple=True, help="Envelope recipient to assume.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def explain(
    config: Path | None,
    file: Path | None,
    number: str | None,
    sender: str | None,
    recipients: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what would happen to the message in FILE: nothing is stored, nothing is sent.

    \b
    Examples:
      mailproc explain complaint.eml
      mailproc explain --ticket ACME-482-170
    """
    if (file is None) == (number is None):
        raise click.UsageError("give either FILE or --ticket NUMBER")
    if number is not None:
        from mailproc.cli.ticket import show

        click.get_current_context().invoke(show, number=number, as_json=as_json, trace=True)
        return
    assert file is not None
    from datetime import UTC, datetime

    from mailproc.intake.pipe import envelope_from_pipe
    from mailproc.opening import open_site

    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    with open_site(config) as site:
        envelope = envelope_from_pipe(raw, sender, recipients, site.settings.site.addresses, datetime.now(UTC))
        preview = site.engine.preview(raw, envelope)
    if as_json:
        json.dump(as_object(preview), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        _print(preview)


def as_object(preview: "Preview") -> dict[str, Any]:
    """The preview as a JSON object; other programs rely on every key."""
    from mailproc.records.effects import HoldMail, OpenTicket

    inbound, decision = preview.inbound, preview.decision
    opened = next((effect for effect in decision.effects if isinstance(effect, OpenTicket)), None)
    held = next((effect for effect in decision.effects if isinstance(effect, HoldMail)), None)
    matched = preview.match.ticket
    ticket = matched.number if matched else None
    return {
        "class": str(preview.mail_class),
        "language": opened.language if opened else inbound.language,
        "level": preview.trust.level.name,
        "trust": {"source": preview.trust.source, "evidence": list(preview.trust.evidence)},
        "followup": {"ticket": ticket, "reason": preview.match.reason},
        "outcome": str(decision.outcome),
        "reason": decision.reason,
        "held_because": held.text if held else "",
        "ticket": opened.number if opened else ticket,
        "department": opened.department if opened else matched.department if matched else None,
        "priority": opened.priority if opened else matched.priority if matched else None,
        "tags": list(opened.tags if opened else matched.tags if matched else ()),
        "fields": dict(opened.fields if opened else matched.fields if matched else ()),
        "rules": list(decision.rules),
        "mails": [
            {"to": item.mail.recipient, "purpose": item.mail.purpose, "subject": item.subject} for item in preview.mails
        ],
        "new_text": inbound.new_text,
        "cut_text": inbound.cut_text,
        "from": inbound.from_.addr if inbound.from_ else "",
        "subject": inbound.subject,
        "attachments": [
            {"filename": item.filename, "content_type": item.content_type, "size": item.size}
            for item in inbound.attachments
        ],
        "defects": [{"code": defect.code, "text": defect.text} for defect in inbound.defects],
        "trace": [{"room": step.room, "text": step.text, "matched": step.matched} for step in decision.trace],
    }


def _print(preview: "Preview") -> None:
    from mailproc.cli.parsed import LEVELS
    from mailproc.desk.reasons import REASONS

    facts = as_object(preview)
    click.echo(f"{facts['outcome']}: {REASONS[facts['reason']]}")
    shown = {**facts, "level": f"{facts['level']}, {LEVELS[preview.trust.level]}"}
    for key in ("from", "subject", "class", "level", "language", "ticket", "department", "priority", "held_because"):
        if shown[key]:
            click.echo(f"  {key:<12} {shown[key]}")
        if key == "level":
            for line in preview.trust.evidence:
                click.echo(f"  {'':<12} - {line}")
    click.echo("\nwhy")
    for step in facts["trace"]:
        mark = {True: "✓", False: "✗"}.get(step["matched"], "·")
        click.echo(f"  {mark} {step['room']}: {step['text']}")
    for item in preview.mails:
        click.echo(f"\n── {item.mail.purpose} to {item.mail.recipient}: {item.subject}")
        if item.error:
            click.echo(f"   cannot be written: {item.error}")
        else:
            text = item.text
            if item.mail.held == 0:  # nothing is held yet that a token could be bound to
                text = _UNMADE_TOKEN.sub("TOKEN", text)
                click.echo("   (TOKEN is made when the mail is sent: it is bound to what is then held)")
            click.echo(text)
