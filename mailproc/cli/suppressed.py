"""How `mailproc report suppressed` prints its counts: text for people, JSON and CSV for programs."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from mailproc.desk.reasons import SUPPRESSED
from mailproc.store.suppressed import SuppressedCount

_COLUMNS = ("reason", "purpose", "mails", "recipients", "first", "last", "why")


def print_suppressed(
    counts: Mapping[tuple[str, str], SuppressedCount], since: datetime, until: datetime, form: str
) -> None:
    """Prints what was kept back, the most frequent first; `form` is text, json or csv."""
    rows = [_row(reason, purpose, count) for (reason, purpose), count in counts.items()]
    rows.sort(key=lambda row: (-row["mails"], row["reason"], row["purpose"]))
    if form == "json":
        answer = {"since": _when(since), "until": _when(until), "suppressed": rows}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    elif form == "csv":
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([row[name] for name in _COLUMNS] for row in rows)
        click.echo(stream.getvalue(), nl=False)
    else:
        total = sum(row["mails"] for row in rows)
        click.echo(f"since {since.astimezone():%Y-%m-%d %H:%M}: {total} mail{'' if total == 1 else 's'} not sent")
        width = max((len(row["purpose"]) for row in rows), default=0)
        for row in rows:
            last = datetime.fromisoformat(row["last"]).astimezone()
            people = f"{row['recipients']} address{'' if row['recipients'] == 1 else 'es'}"
            head = f"{row['mails']:>8}  {row['purpose']:<{width}}  {people:<16}"
            click.echo(f"{head} last {last:%Y-%m-%d %H:%M}  {row['why']}")


def _row(reason: str, purpose: str, count: SuppressedCount) -> dict[str, Any]:
    first, last = count.span
    return {
        "reason": reason,
        "purpose": purpose,
        "mails": count.mails,
        "recipients": len(count.recipients),
        "first": _when(first),
        "last": _when(last),
        "why": SUPPRESSED.get(reason, ""),
    }


def _when(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
