"""`mailproc rules ticket NUMBER --as-test`: an inline test made from a real ticket's first mail, redacted."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailproc.records.site import Site
    from mailproc.rulebook.book import Rulebook
    from mailproc.rulebook.draft import Routing
    from mailproc.rulebook.facts import Facts
    from mailproc.rulebook.inlinetests import SampleMail
    from mailproc.settings import Settings

_PLAIN = re.compile(r"[^\W\d_](?:[\w.@/+-]|[ ](?=\w))*")
_AMBIGUOUS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_COPIED = ("assign", "hold", "reply", "state", "link_to")


@click.command()
@click.argument("number")
@click.option("--as-test", is_flag=True, required=True, help="Print an inline test.")
@click.option("--append", "file", type=click.Path(dir_okay=False, path_type=Path), help="Add it to this file's tests.")
@click.pass_obj
def ticket(config: Path | None, number: str, as_test: bool, file: Path | None) -> None:
    """Make an inline test of the mail that opened ticket NUMBER: it expects what the rule files say now.

    Of the mail only that remains which the rules look at: addresses, names, numbers and links become examples, the text
    of the mail is cut down to the lines that count. Words of the subject stay: read it before you share it.

    \b
    Examples:
      mailproc rules ticket ACME-482-170 --as-test
      mailproc rules ticket ACME-482-170 --as-test --append rules/tests.yaml
    """
    from mailproc import settings
    from mailproc.cli.rules.redaction import Redactor, describe, find_names, outcome_of
    from mailproc.cli.rules.source import shorten
    from mailproc.opening.rulefolder import read_rules
    from mailproc.rulebook.book import load
    from mailproc.rulebook.evaluate import evaluate

    loaded = settings.load(settings.find(config), needs_secrets=False)
    files = read_rules(loaded.rules_dir)
    book = load(files, loaded.site)
    shown, facts = _recall_first_mail(loaded, book, number)
    redactor = Redactor(book, loaded.site, describe(facts, loaded.site), find_names(facts))
    real = outcome_of(evaluate(book, facts))
    if real != redactor.wanted:
        click.echo(
            "The rules say something else of the mail itself than of any mail a test can describe; the test expects"
            f" the latter: {_show_difference(real, redactor.wanted)}",
            err=True,
        )
    mail = redactor.redact()
    name = _find_name(f"as ticket {shown}", book)
    lines = _write_test(name, mail, redactor.wanted, book, loaded.site)
    _prove(files, lines, name, loaded.site)
    if file is None:
        click.echo("\n".join(f"  {line}" if line else "" for line in lines))
        return
    _append(file, lines)
    click.echo(f'{shorten(file)}: the test "{name}" was added')


def _recall_first_mail(loaded: "Settings", book: "Rulebook", number: str) -> "tuple[str, Facts]":
    """(the case number, the facts of the mail that opened the case as the rules saw them)."""
    from dataclasses import replace

    from mailproc import keys
    from mailproc.desk.contactform import read_form
    from mailproc.desk.draft import Arrival, Policy
    from mailproc.desk.routing import gather_facts
    from mailproc.errors import UsageError
    from mailproc.replaying import recall
    from mailproc.store import history, queries
    from mailproc.store.database import open_store
    from mailproc.tickets.followup import Match
    from mailproc.tickets.token import split_reply_address

    ring = keys.load(loaded.keys_file)
    with open_store(loaded.database) as store, store.read() as tx:
        serial = queries.find_serial(tx, number)
        if serial is None:
            raise UsageError(f"there is no ticket {number}; `mailproc ticket list` shows them")
        ids = history.ids_of_ticket(tx, serial)
        stored = next(iter(history.read_mails(tx, ids[:1])), None)
        past = recall(tx, stored, loaded.site, ring, is_reply=False) if stored else None
        if stored is None or past is None:
            raise UsageError(f"ticket {number} was not opened by a mail that is still stored")
    policy = Policy(loaded.site, book, ring)
    inbound, trust = read_form(past.inbound, stored.envelope, past.trust, policy)
    arrival = Arrival(
        inbound, stored.envelope, trust, past.keys, Match(None, "none"), past.known, policy,
        stored.envelope.received_at,
    )  # fmt: skip
    facts = gather_facts(arrival)
    ours = past.keys.recipients
    if len(ours) > 1:
        # The first of our addresses decides; to the rules the mail came to that one alone
        seen = tuple(to for to in facts.recipients if split_reply_address(loaded.site, to)[0] in ("", ours[0]))
        facts = replace(facts, recipients=seen or ours[:1])
    return stored.number or number, facts


def _show_difference(real: "Routing", test: "Routing") -> str:
    from dataclasses import fields

    found = []
    for item in fields(real):
        one, other = getattr(real, item.name), getattr(test, item.name)
        if one != other:
            found.append(f"{item.name}: {one or 'none'} of the mail, {other or 'none'} of the test")
    return "; ".join(found)


def _find_name(wish: str, book: "Rulebook") -> str:
    taken = {test.name for test in book.tests}
    name, number = wish, 1
    while name in taken:
        number += 1
        name = f"{wish} ({number})"
    return name


def _write_test(name: str, mail: "SampleMail", routing: "Routing", book: "Rulebook", site: "Site") -> list[str]:
    """The test as lines of YAML that start with a dash in the first column."""
    lines = [f"- name: {_quote(name)}", "  mail:"]
    to = mail.to if mail.to != site.addresses[:1] else ()
    for key, values in (("to", to), ("cc", mail.cc)):
        if values:
            shown = [_quote(value) for value in values]
            lines.append(f"    {key}: {shown[0] if len(shown) == 1 else '[' + ', '.join(shown) + ']'}")
    for key, value in (("from", mail.from_), ("subject", mail.subject)):
        if value:
            lines.append(f"    {key}: {_quote(value)}")
    if mail.body:
        lines.append(f"    body: {_quote(mail.body)}")
    if mail.headers:
        lines.append("    headers:")
        grouped: dict[str, list[str]] = {}
        for header, value in mail.headers:
            grouped.setdefault(header, []).append(_quote(value))
        for header, found in grouped.items():
            lines.append(f"      {_quote(header)}: {found[0] if len(found) == 1 else '[' + ', '.join(found) + ']'}")
    if mail.attachments:
        files = []
        for file in mail.attachments:
            more = [f"type: {_quote(file.content_type)}"] if file.content_type else []
            more += [f"size: {file.size}"] if file.size is not None else []
            files.append(f"{{name: {_quote(file.name)}, {', '.join(more)}}}" if more else _quote(file.name))
        lines.append(f"    attachments: [{', '.join(files)}]")
    if mail.at is not None:
        lines.append(f"    at: {_quote(mail.at.isoformat())}")
    if mail.language:
        lines.append(f"    language: {mail.language}")
    if mail.level != "A2":
        lines.append(f"    level: {mail.level}")
    if mail.is_known_sender:
        lines.append("    known_sender: yes")
    if mail.spam_score is not None:
        lines.append(f"    spam_score: {mail.spam_score:g}")
    if lines[-1] == "  mail:":
        lines[-1] = f"  mail: {{to: {_quote(site.addresses[0])}}}"
    pairs = _list_expected(routing, book)
    lines.append("  expect: {" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}")
    return lines


def _list_expected(routing: "Routing", book: "Rulebook") -> list[tuple[str, str]]:
    """What the rules decided, by the names of `expect`."""
    pairs: list[tuple[str, str]] = []
    if not routing.makes_ticket:
        pairs.append(("ticket", "none"))
    else:
        pairs += [("department", _quote(routing.department)), ("priority", routing.priority)]
    pairs.append(("ack", _quote(routing.ack)))
    if routing.sla and routing.sla != book.departments[routing.department].sla:
        pairs.append(("sla", _quote(routing.sla)))
    if routing.language:
        pairs.append(("language", routing.language))
    pairs += [(name, _quote(str(getattr(routing, name)))) for name in _COPIED if getattr(routing, name)]
    for name in ("tags", "copy_to", "notify", "ask"):
        values = getattr(routing, name)
        if values:
            pairs.append((name, "[" + ", ".join(_quote(value) for value in values) + "]"))
    pairs += [(f"field.{name}", _quote(value)) for name, value in routing.fields]
    if routing.rule:
        pairs.append(("rule", _quote(routing.rule)))
    return pairs


def _quote(text: str) -> str:
    """The text as YAML, in quotes where a reader might take it for something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _AMBIGUOUS:
        return text
    if "\\" in text and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False).replace("\x85", "\\x85").replace("\ufeff", "\\uFEFF")


def _prove(files: tuple[tuple[str, str], ...], lines: list[str], name: str, site: "Site") -> None:
    """Ends the command when the rules, with the test among theirs, do not pass it."""
    from mailproc.errors import ConfigError
    from mailproc.rulebook.book import load
    from mailproc.rulebook.check import run_tests

    text = "tests:\n" + "\n".join(f"  {line}" for line in lines) + "\n"
    try:
        done = run_tests(load((*files, ("the test", text)), site), site, name)
        failed = [item.line for item in done if not item.passed]
    except ConfigError as error:
        failed = list(error.problems)
    if failed:
        click.echo("\n".join((text.rstrip(), "No test could be made of it that passes:", *failed)), err=True)
        sys.exit(1)


def _append(file: Path, lines: list[str]) -> None:
    """Put the test behind the last one of the file. Raises UsageError when there is no place for it."""
    from mailproc import yamlnodes
    from mailproc.cli.rules.fmt import write_file
    from mailproc.cli.rules.layout import Unsure, find_end_of_list
    from mailproc.errors import UsageError

    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if yamlnodes.load(text, str(file)).errors:
        raise UsageError(f"{file} has errors; `mailproc rules check` shows them")
    try:
        place = find_end_of_list(text, "tests")
    except Unsure as error:
        raise UsageError(f"{file}: {error}; without --append the test is printed") from None
    rows = text.split("\n")
    if place is None:
        start = [text.rstrip("\n"), ""] if text.strip() else []
        rows = [*start, "tests:", *(f"  {line}" for line in lines), ""]
    else:
        at, column = place
        added = [" " * column + line for line in lines]
        rows = [*rows[:at], "", *added, *(rows[at:] or [""])]
    write_file(file, "\n".join(rows))
