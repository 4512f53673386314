"""`mailproc report`: what the store says about some time, as text, JSON or CSV. It changes nothing."""

import csv
import io
import json
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mailproc.rulebook.book import Rulebook
    from mailproc.store.database import Tx
    from mailproc.store.reports import RuleCount, RuleCounts

_COLUMNS = ("rule", "state", "hits", "share", "shadow_hits", "timed_out", "first_hit", "last_hit")
_MANY = 20_000  # decisions that are worth a progress bar


@click.group()
def report() -> None:
    """Count what happened.

    \b
    Examples:
      mailproc report rules --since 30d
      mailproc report rules --since 2026-01-01 --format csv > rules.csv
      mailproc report suppressed --since 24h
    """


def read_since(ctx: click.Context, _option: click.Parameter, value: str) -> datetime:
    """The moment that `30d` ago, or that day began, in UTC; a click callback."""
    from mailproc.settings import BadValue
    from mailproc.settings.values import read_duration

    now = datetime.now(UTC)
    try:
        if value[:4].isdigit() and value[4:5] == "-":
            day = date.fromisoformat(value)
            return datetime(day.year, day.month, day.day).astimezone().astimezone(UTC)
        return now - read_duration(value)
    except (ValueError, OverflowError):
        raise click.BadParameter("write a day such as 2026-01-31, or a length of time such as 30d") from None
    except BadValue as error:
        raise click.BadParameter(f"{error.text}. {error.hint}".strip()) from None


@report.command()
@click.option("--since", default="30d", show_default=True, callback=read_since, metavar="TIME",
              help="From when on: 30d, 12h, or a day such as 2026-01-31.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_obj
def rules(config: Path | None, since: datetime, form: str, as_json: bool) -> None:
    """How often each rule matched, and which never did.

    Rules in shadow mode are counted beside the others. A mail that was released from hold counts again. Rules that
    are no longer in the rulebook stand at the end.

    \b
    Example:
      mailproc report rules --since 30d
    """
    from mailproc.opening import open_site

    until = datetime.now(UTC)
    with open_site(config) as site, site.store.read() as tx:
        counts = _count(tx, since, until)
        rows = list_rows(site.engine.policy.book, counts)
    form = "json" if as_json else form
    if form == "json":
        click.echo(json.dumps(as_object(rows, counts, since, until), ensure_ascii=False, indent=1))
    elif form == "csv":
        click.echo(as_csv(rows), nl=False)
    else:
        for line in as_text(rows, counts, since):
            click.echo(line)


@report.command()
@click.option("--since", default="30d", show_default=True, callback=read_since, metavar="TIME",
              help="From when on: 30d, 12h, or a day such as 2026-01-31.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_obj
def suppressed(config: Path | None, since: datetime, form: str, as_json: bool) -> None:
    """What was not sent and why: limits, machines, dead addresses, rules.

    Each ticket's history names its own; `mailproc explain` says it of one mail.

    \b
    Example:
      mailproc report suppressed --since 24h
    """
    from mailproc.cli.suppressed import print_suppressed
    from mailproc.opening import open_site
    from mailproc.store.suppressed import count_suppressed

    until = datetime.now(UTC)
    with open_site(config) as site, site.store.read() as tx:
        counts = count_suppressed(tx, since, until)
    print_suppressed(counts, since, until, "json" if as_json else form)


def list_rows(book: "Rulebook", counts: "RuleCounts") -> list[dict[str, Any]]:
    """A row a rule: those of the book in its order, then those that are gone by how often they matched."""
    from mailproc.rulebook.rules import walk
    from mailproc.store.reports import RuleCount

    every = (*book.classify, *walk(book.route))
    states = {rule.path: "shadow" if rule.is_shadow else "live" for rule in every}
    gone = sorted(set(counts.rules) - set(states), key=lambda path: (-counts.rules[path].hits, path))
    states.update(dict.fromkeys(gone, "gone"))
    return [_row(path, state, counts.rules.get(path, RuleCount()), counts.mails) for path, state in states.items()]


def _row(path: str, state: str, count: "RuleCount", mails: int) -> dict[str, Any]:
    has_any = bool(count.first_at)
    first, last = count.span if has_any else (None, None)
    return {
        "rule": path,
        "state": state,
        "hits": count.hits,
        "share": round(count.hits / mails, 4) if mails else 0.0,
        "shadow_hits": count.shadow_hits,
        "timed_out": count.timed_out,
        "first_hit": first.isoformat(timespec="seconds") if first else None,
        "last_hit": last.isoformat(timespec="seconds") if last else None,
    }


def as_object(rows: list[dict[str, Any]], counts: "RuleCounts", since: datetime, until: datetime) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "since": since.isoformat(timespec="seconds"),
        "until": until.isoformat(timespec="seconds"),
        "mails": counts.mails,
        "unmatched": counts.unmatched,
        "rules": [row for row in rows if row["state"] != "gone"],
        "never_hit": [row["rule"] for row in rows if _is_idle(row)],
        "gone": [row for row in rows if row["state"] == "gone"],
    }


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """The rows as CSV with a header line; a rule's `state` says whether it is live, shadow or gone from the book."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([row[name] if row[name] is not None else "" for name in _COLUMNS] for row in rows)
    return stream.getvalue()


def as_text(rows: list[dict[str, Any]], counts: "RuleCounts", since: datetime) -> Iterable[str]:
    """The report for people, the rules that matched most often first."""
    mails = f"{counts.mails:,}".replace(",", " ")
    yield f"since {since.astimezone():%Y-%m-%d %H:%M}: {mails} {'mail' if counts.mails == 1 else 'mails'}, " + (
        f"{counts.unmatched} of them matched by no rule"
    )
    here = [row for row in rows if row["state"] != "gone" and not _is_idle(row)]
    gone = [row for row in rows if row["state"] == "gone" and (row["hits"] or row["shadow_hits"])]
    width = max((len(row["rule"]) for row in (*here, *gone)), default=0)
    if here or gone:
        yield ""
        yield f"{'hits':>8} {'share':>6} {'shadow':>8}  {'rule':<{width}}  first and last"
    for row in sorted(here, key=lambda row: -(row["hits"] + row["shadow_hits"])):
        yield _line(row, width)
    idle = [row for row in rows if _is_idle(row)]
    if idle:
        yield "\nnever hit"
        yield from (f"  {row['rule']}{' (shadow)' if row['state'] == 'shadow' else ''}" for row in idle)
    slow = [row for row in rows if row["timed_out"]]
    if slow:
        yield "\na regex ran out of its time and counted as not matching"
        for row in slow:
            yield f"{row['timed_out']:>8} {'mail' if row['timed_out'] == 1 else 'mails':<5}  {row['rule']}"
    if gone:
        yield "\nno longer in the rules"
        yield from (_line(row, width) for row in gone)


def _line(row: dict[str, Any], width: int) -> str:
    share = f"{100 * row['share']:.0f} %" if row["hits"] else ""
    shadow = str(row["shadow_hits"]) if row["shadow_hits"] else ""
    days = f"{_day(row['first_hit'])} {_day(row['last_hit'])}"
    return f"{row['hits'] or '':>8} {share:>6} {shadow:>8}  {row['rule']:<{width}}  {days}"


def _day(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d}"


def _is_idle(row: dict[str, Any]) -> bool:
    return row["state"] != "gone" and not row["hits"] and not row["shadow_hits"]


def _count(tx: "Tx", since: datetime, until: datetime) -> "RuleCounts":
    from mailproc.store import reports

    total = reports.span_of_decisions(tx, since)
    if total < _MANY or not sys.stderr.isatty():
        return reports.count_rules(tx, since, until)
    with click.progressbar(length=total, label="counting", file=sys.stderr) as bar:
        return reports.count_rules(tx, since, until, progress=bar.update)
