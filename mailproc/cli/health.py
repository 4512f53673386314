"""`mailproc health`: is the daemon well, in one exit code."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mailproc.doctor.vitals import Vitals


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def health(config: Path | None, as_json: bool) -> None:
    """Say whether the daemon is well: exit code 0, else 1 and what is wrong.

    Reads what the daemon notes in the database; works while no daemon runs, and says so. `mailproc doctor` looks
    deeper.

    \b
    Example:
      mailproc --config /etc/mailproc/mailproc.yaml health
    """
    from datetime import UTC

    from mailproc import settings
    from mailproc.doctor.vitals import find_problems, find_undelivered, take_vitals
    from mailproc.errors import Permanent, StoreUnavailable

    loaded = settings.load(settings.find(config), needs_secrets=False)
    seen = None
    try:
        seen = take_vitals(loaded, datetime.now(UTC))
        problems: tuple[str, ...] = ("there is no database yet: start the daemon with `mailproc run`",)
    except (StoreUnavailable, Permanent) as error:
        problems = (str(error),)
    if seen is not None:
        problems = (*find_problems(seen, loaded), *find_undelivered(seen))
    if as_json:
        facts = {"ok": not problems, "problems": problems, **(_as_object(seen) if seen else {})}
        json.dump(facts, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        click.echo("\n".join(problems) if problems else "well")
        for line in _describe(seen) if seen else ():
            click.echo(f"  {line}")
    sys.exit(1 if problems else 0)


def _describe(seen: "Vitals") -> list[str]:
    from mailproc.doctor.vitals import show_span

    lines = []
    for beat in seen.daemons:
        state = "ended" if beat.is_stopped else "heard of"
        lines.append(f"daemon on {beat.host} (process {beat.pid}): {state} {show_span(seen.at - beat.at)} ago")
    for note in seen.intakes:
        words = [f"{note.taken} mails since the start"]
        if note.last_success:
            words.append(f"looked through {show_span(seen.at - note.last_success)} ago")
        if note.last_mail:
            words.append(f"last mail {show_span(seen.at - note.last_mail)} ago")
        if note.failing_since:
            words.append(f"failing for {show_span(seen.at - note.failing_since)}")
        name = note.name if note.name.startswith(note.kind) else f"{note.kind} {note.name}"
        lines.append(f"{name}: {', '.join(words)}")
    queues = seen.queues
    stuck = ", ".join(f"{count} {state}" for state, count in queues.stuck)
    lines.append(
        f"{queues.undecided} to decide, {queues.held} held, {queues.queued} to send" + (f", {stuck}" if stuck else "")
    )
    if seen.disk_free is not None:
        lines.append(f"{seen.disk_free // 1_000_000} MB free on the disk")
    return lines


def _as_object(seen: "Vitals") -> dict[str, Any]:
    def time(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    queues = seen.queues
    return {
        "at": time(seen.at),
        "daemons": [
            {
                "host": beat.host,
                "pid": beat.pid,
                "version": beat.version,
                "started_at": time(beat.started_at),
                "heard_at": time(beat.at),
                "is_stopped": beat.is_stopped,
                "troubles": beat.troubles,
            }
            for beat in seen.daemons
        ],
        "intakes": [
            {
                "name": note.name,
                "kind": note.kind,
                "host": note.host,
                "last_success": time(note.last_success),
                "last_mail": time(note.last_mail),
                "failing_since": time(note.failing_since),
                "problem": note.problem,
                "taken": note.taken,
            }
            for note in seen.intakes
        ],
        "undecided": queues.undecided,
        "oldest_undecided_at": time(queues.oldest_undecided_at),
        "held": queues.held,
        "oldest_held_at": time(queues.oldest_held_at),
        "queued": queues.queued,
        "oldest_queued_at": time(queues.oldest_queued_at),
        "stuck": dict(queues.stuck),
        "disk_free_bytes": seen.disk_free,
    }
