"""`mailproc rules explain`: every rule that is asked about a mail, condition by condition. Stores and sends nothing."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailproc.cli.rules.source import Findings, Source, find_source, show_findings

if TYPE_CHECKING:
    from mailproc.records.decision import Decision
    from mailproc.records.effects import ComposedMail
    from mailproc.records.mail import Envelope, Trust
    from mailproc.rulebook.book import Rulebook
    from mailproc.rulebook.draft import Routing
    from mailproc.rulebook.inlinetests import SampleMail
    from mailproc.rulebook.watching import Tried, Walk, Watcher
    from mailproc.settings import Settings
    from mailproc.store.history import StoredMail

_HEADER = re.compile(r"([!-9;-~]{1,100}):[ \t]*([^\x00-\x1f\x7f]*)")
_MARKS = {True: "✓", False: "✗", None: "·"}
_LISTS = ("tags", "copy_to", "notify", "ask")
_TEXTS = ("department", "priority", "language", "sla", "assign", "ack", "reply", "state", "link_to", "hold", "rule")


@dataclass(frozen=True, slots=True)
class Explained:
    """What would become of one mail, and the way its rules went."""

    decision: "Decision"
    mails: "tuple[ComposedMail, ...]"
    walks: "tuple[Walk, ...]"
    is_supposed: bool = False  # the mail was not given to the rules: the way it would go if it had not come before


@click.command()
@click.argument("file", required=False, metavar="[MAIL.eml]",
                type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--ticket", "number", metavar="NUMBER", help="The mails of this ticket: what was decided, and now.")
@click.option("--from", "from_", metavar="ADDRESS", help="A mail made up on the spot, as inline tests make theirs.")
@click.option("--to", multiple=True, metavar="ADDRESS")
@click.option("--subject", metavar="TEXT")
@click.option("--body", metavar="TEXT")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'")
@click.option("--at", metavar="TIME", help="When it arrives: 2026-11-24T23:10. Default: a Tuesday at 10:00.")
@click.option("--rules", "folder", type=click.Path(exists=True, path_type=Path),
              help="The rule files (a folder or a file) instead of the site's.")
@click.option("--address", "addresses", multiple=True, metavar="ADDRESS",
              help="An intake address, to try rules without a site. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def explain(
    config: Path | None,
    file: Path | None,
    number: str | None,
    from_: str | None,
    to: tuple[str, ...],
    subject: str | None,
    body: str | None,
    headers: tuple[str, ...],
    at: str | None,
    folder: Path | None,
    addresses: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what the rules make of a mail: each rule that is tried, with what each of its conditions saw.

    The mail is a file, a stored one of a ticket, or made of options. Nothing is stored and nothing is sent; for a mail
    that the rules open a ticket for, the mails that would go out are shown.

    \b
    Examples:
      mailproc rules explain complaint.eml
      mailproc rules explain --ticket ACME-482-170
      mailproc rules explain --from ops@big.example --subject "Production is down" --at 2026-11-24T23:10
      mailproc rules explain --rules rules/ --address support@acme.example --subject "Invoice 12"
    """  # fmt: skip
    has_options = any((from_, to, subject, body, headers, at))
    if [file is not None, number is not None, has_options].count(True) != 1:
        raise click.UsageError("give one of MAIL.eml, --ticket NUMBER, or --from, --to, --subject ...")
    if number is not None and addresses:
        raise click.UsageError("--ticket needs a site, --address is for rules without one")
    source = find_source(config, (folder,) if folder else (), addresses)
    book = _read_book(source)
    if number is not None:
        _show_ticket(source, book, _load(config), number, as_json)
        return
    if file is not None:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        found = _explain_file(raw, source, book, None if addresses else _load(config))
    else:
        found = _explain_sample(_make_sample(source, from_, to, subject, body, headers, at), source, book)
    if as_json:
        click.echo(json.dumps(as_object(found, book), ensure_ascii=False, indent=1))
    else:
        _print(found, book)


def as_object(found: Explained, book: "Rulebook") -> dict[str, Any]:
    """What was found as JSON has it."""
    return {
        "outcome": str(found.decision.outcome),
        "reason": found.decision.reason,
        "walks": _walks_as_object(found.walks, book),
        "mails": [
            {"to": item.mail.recipient, "purpose": item.mail.purpose, "subject": item.subject, "text": item.text,
             "error": item.error}
            for item in found.mails
        ],
    }  # fmt: skip


def _walks_as_object(walks: "Sequence[Walk]", book: "Rulebook") -> list[dict[str, Any]]:
    from mailproc.rulebook.evaluate import evaluate

    return [
        {
            "recipients": list(walk.facts.recipients),
            "at": walk.facts.at.isoformat(),
            "rules": [_rule_as_object(tried) for tried in walk.tried],
            "result": _routing_as_object(evaluate(book, walk.facts)),
        }
        for walk in walks
    ]


def _rule_as_object(tried: "Tried") -> dict[str, Any]:
    return {
        "rule": tried.path,
        "list": "classify" if tried.is_classify else "route",
        "place": tried.place,
        "matched": tried.is_met,
        "shadow": tried.is_shadow,
        "conditions": [{"name": seen.name, "seen": seen.value, "met": seen.is_met} for seen in tried.conditions],
        "actions": list(tried.actions),
    }


def _routing_as_object(routing: "Routing") -> dict[str, Any]:
    return {
        "ticket": "new" if routing.makes_ticket else "none",
        **{name: getattr(routing, name) for name in _TEXTS},
        **{name: list(getattr(routing, name)) for name in _LISTS},
        "fields": dict(routing.fields),
        "rules": list(routing.rules),
        "timed_out": list(routing.timed_out),
    }


def _print(found: Explained, book: "Rulebook") -> None:
    from mailproc.desk.reasons import REASONS

    click.echo(f"{found.decision.outcome}: {REASONS[found.decision.reason]}")
    if not found.walks:
        click.echo("the rules were not asked:")
    if not found.walks or found.is_supposed:
        for step in found.decision.trace:
            click.echo(f"  {_MARKS[step.matched]} {step.room}: {step.text}")
    if found.is_supposed:
        click.echo("had it not come before:")
    _print_walks(found.walks, book)
    for item in found.mails:
        click.echo(f"\n── {item.mail.purpose} to {item.mail.recipient}: {item.subject}")
        click.echo(f"   cannot be written: {item.error}" if item.error else item.text)


def _print_walks(walks: "Sequence[Walk]", book: "Rulebook", indent: str = "") -> None:
    from mailproc.rulebook.evaluate import evaluate

    for walk in walks:
        if len(walks) > 1:
            click.echo(f"\n{indent}as mail to {', '.join(walk.facts.recipients)}")
        for name, is_classify in (("classify", True), ("route", False)):
            tried = [one for one in walk.tried if one.is_classify is is_classify]
            if tried:
                click.echo(f"\n{indent}{name}")
            for one in tried:
                shadow = " (shadow: does nothing)" if one.is_shadow else ""
                does = f" → {'; '.join(one.actions)}" if one.is_met and one.actions else ""
                click.echo(f"{indent}  {_MARKS[one.is_met]} {one.path}{does}{shadow}   {one.place}")
                for seen in one.conditions:
                    text = seen.value.removeprefix(f"{seen.name}: ")
                    click.echo(f"{indent}      {_MARKS[seen.is_met]} {seen.name}: {text}")
        result = _routing_as_object(evaluate(book, walk.facts))
        click.echo(f"\n{indent}result")
        for name, value in result.items():
            if isinstance(value, dict):
                value = ", ".join(f"{key}={text}" for key, text in value.items())
            elif isinstance(value, list):
                value = ", ".join(value)
            if value:
                click.echo(f"{indent}  {name:<11} {value}")


def _read_book(source: Source) -> "Rulebook":
    """The book; ends the command with what is wrong with it."""
    from mailproc.rulebook.book import read_book

    book, problems = (None, source.broken) if source.broken else read_book(source.files, source.site, source.templates)
    if book is None:
        findings = Findings(source, None, problems, ())
        show_findings(findings, findings.errors, "text")
        sys.exit(1)
    return book


def _load(config: Path | None) -> "Settings":
    from mailproc import settings

    return settings.load(settings.find(config), needs_secrets=False)


def _explain_file(raw: bytes, source: Source, book: "Rulebook", loaded: "Settings | None") -> Explained:
    """At a site with all that is stored there; without one as the first mail it ever got."""
    from mailproc.intake.pipe import envelope_from_pipe
    from mailproc.records.decision import Outcome
    from mailproc.rulebook.watching import Watcher

    envelope = envelope_from_pipe(raw, None, (), source.site.addresses, datetime.now(UTC))
    watcher = Watcher(book)
    if loaded is None:
        return _decide_alone(raw, envelope, source, watcher)
    from mailproc import keys
    from mailproc.desk.draft import Policy
    from mailproc.engine import Engine
    from mailproc.render import Renderer
    from mailproc.store.database import open_store

    policy = Policy(loaded.site, watcher.book, keys.load(loaded.keys_file))
    with open_store(loaded.database) as store:
        renderer = Renderer(loaded.templates_dir, loaded.site.default_language)
        preview = Engine(policy, store, renderer).preview(raw, envelope)
    if preview.decision.outcome is Outcome.DUPLICATE:  # as a mail saved from a mailbox is: the rules are what matters
        alone = Watcher(book)
        return Explained(preview.decision, (), _decide_alone(raw, envelope, source, alone).walks, is_supposed=True)
    return Explained(preview.decision, preview.mails, tuple(watcher.walks))


def _explain_sample(sample: "SampleMail", source: Source, book: "Rulebook") -> Explained:
    """The mail as an inline test would see it: level A2, a sender nobody knows."""
    from mailproc.records.mail import Envelope, Level, Trust
    from mailproc.rulebook.samplemail import compose_sample, make_facts
    from mailproc.rulebook.watching import Watcher

    facts = make_facts(book, source.site, sample, None)
    envelope = Envelope("pipe", facts.at, facts.inbound.from_.addr if facts.inbound.from_ else None)
    raw = compose_sample(sample, source.site)
    return _decide_alone(raw, envelope, source, Watcher(book), Trust(Level.A2, came_past_border=True))


def _decide_alone(
    raw: bytes, envelope: "Envelope", source: Source, watcher: "Watcher", trust: "Trust | None" = None
) -> Explained:
    """The decision on an empty desk, with keys that sign for nobody."""
    from mailproc.desk.decide import decide_mail
    from mailproc.desk.draft import Policy
    from mailproc.message.parse import parse
    from mailproc.message.trust import assess
    from mailproc.records.effects import SendMail
    from mailproc.records.site import Key, KeyRing
    from mailproc.records.ticket import Known
    from mailproc.render import Renderer
    from mailproc.render.composer import compose_mail
    from mailproc.tickets.followup import find_keys

    site, now = source.site, envelope.received_at
    policy = Policy(site, watcher.book, KeyRing((Key("a", b"explain" * 8, now),)))
    inbound = parse(raw, languages=site.languages)
    trust = trust or assess(inbound, envelope, site)
    found = find_keys(inbound, envelope, site, policy.keys)
    decision = decide_mail(inbound, envelope, trust, found, Known(next_serial=10_000), policy, now)
    renderer = Renderer(source.templates_dir, site.default_language)
    mails = tuple(
        compose_mail(effect.mail, inbound.attachments, now, policy, renderer)
        for effect in decision.effects
        if isinstance(effect, SendMail)
    )
    return Explained(decision, mails, tuple(watcher.walks))


def _make_sample(
    source: Source,
    from_: str | None,
    to: tuple[str, ...],
    subject: str | None,
    body: str | None,
    headers: tuple[str, ...],
    at: str | None,
) -> "SampleMail":
    from email.utils import format_datetime
    from zoneinfo import ZoneInfo

    from mailproc.message.addresses import parse_mailboxes
    from mailproc.rulebook.calendars import find_zone
    from mailproc.rulebook.inlinetests import SampleMail

    for text in (*to, *((from_,) if from_ else ())):
        if len(parse_mailboxes(text)) != 1 or not text.isprintable():
            raise click.UsageError(f"{text!r} is not one address")
    if subject and not subject.isprintable():
        raise click.UsageError("--subject is one line of text")
    named = [_HEADER.fullmatch(header) for header in headers]
    if None in named:
        raise click.UsageError(f"--header {headers[named.index(None)]!r}: write it as 'X-Priority: 1'")
    moment = None
    if at is not None:
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise click.UsageError(f"--at {at!r}: write 2026-11-24T23:10 or 2026-11-24T23:10:00+01:00") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=find_zone(source.site.timezone) or ZoneInfo("UTC"))
    pairs = [(match[1], match[2]) for match in named if match]
    if moment is not None and "date" not in {name.lower() for name, _ in pairs}:
        pairs.append(("Date", format_datetime(moment)))  # written when it arrives: else it would be an old mail
    return SampleMail(
        to=to,
        from_=from_ or "",
        subject=subject or "",
        body=body or "",
        headers=tuple(pairs),
        at=moment,
    )


def _show_ticket(source: Source, book: "Rulebook", loaded: "Settings", number: str, as_json: bool) -> None:
    """Each mail of the ticket that rules were asked about: what was decided then, and what they say now."""
    from mailproc import keys
    from mailproc.errors import UsageError
    from mailproc.replaying import REPLY, find_kind, recall, walk_again
    from mailproc.store import history, queries
    from mailproc.store.database import open_store

    ring = keys.load(loaded.keys_file)
    answer: list[tuple[StoredMail, str, tuple[Walk, ...]]] = []
    with open_store(loaded.database) as store, store.read() as tx:
        serial = queries.find_serial(tx, number)
        if serial is None:
            raise UsageError(f"there is no ticket {number}")
        for stored in history.read_mails(tx, history.ids_of_ticket(tx, serial)):
            kind = find_kind(stored)
            if kind not in ("", REPLY):
                answer.append((stored, kind, ()))
                continue
            past = recall(tx, stored, loaded.site, ring, is_reply=kind == REPLY)
            walks = walk_again(past, loaded.site, ring, book) if past is not None else ()
            answer.append((stored, "" if past is not None else "its bytes are gone", walks))
    if as_json:
        mails = [_mail_as_object(stored, why, walks, book) for stored, why, walks in answer]
        click.echo(json.dumps({"ticket": number, "mails": mails}, ensure_ascii=False, indent=1))
        return
    for stored, why, walks in answer:
        click.echo(f'mail {stored.id} from {stored.sender or "nobody"} "{stored.subject}"')
        click.echo(f"then: {stored.outcome} ({stored.reason})")
        for step in stored.steps:
            if step.room == "rules":
                click.echo(f"  {_MARKS[step.matched]} {step.text}")
        click.echo(f"now: {'the rules are not asked: ' + why if why else 'the rules say'}")
        if not walks and not why:
            click.echo("  nothing: no rule is tried")
        _print_walks(walks, book, "  ")


def _mail_as_object(stored: "StoredMail", why: str, walks: "tuple[Walk, ...]", book: "Rulebook") -> dict[str, Any]:
    return {
        "mail": stored.id,
        "from": stored.sender,
        "subject": stored.subject,
        "then": {
            "outcome": stored.outcome,
            "reason": stored.reason,
            "at": stored.decided_at.isoformat() if stored.decided_at else "",
            "rules": [
                {"text": step.text, "matched": step.matched} for step in stored.steps if step.room == "rules"
            ],
        },
        "not_asked": why,
        "walks": _walks_as_object(walks, book),
    }
