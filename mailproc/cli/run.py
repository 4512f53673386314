"""`mailproc run`: the daemon."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailproc.opening import OpenSite
    from mailproc.records.polledfolder import Survey


@click.command()
@click.option("--once", is_flag=True, help="Poll each mailbox once, decide and send what waits, then exit.")
@click.option("--dry-run", is_flag=True, help="Only count what the first poll of each mailbox would take.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: the counts as JSON.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def run(config: Path | None, once: bool, dry_run: bool, as_json: bool, log_format: str) -> None:
    """Run the daemon: intakes, decisions, clock and delivery.

    SIGTERM finishes what is in hand (30 s at most), SIGHUP reads the rules again and keeps the running ones when the
    new ones are wrong. Exit code 75: another daemon runs on this site. With --once no listener is opened; exit code 1
    says that a mailbox was out of reach.

    \b
    Example:
      mailproc --config /etc/mailproc/mailproc.yaml run --dry-run
      mailproc --config /etc/mailproc/mailproc.yaml run
    """
    from mailproc import maillog
    from mailproc.daemon import Daemon, run_once
    from mailproc.opening import open_site

    if as_json and not dry_run:
        raise click.UsageError("--json goes with --dry-run")
    maillog.setup(log_format)
    with open_site(config, is_daemon=not dry_run, needs_secrets=True) as site:
        for warning in site.settings.warnings:
            click.echo(warning, err=True)
        if site.rules_problem:
            click.echo(f"{site.rules_problem}\nThe last good rules serve until these are mended.", err=True)
        if dry_run:
            _show_survey(site, as_json=as_json)
        elif once:
            if not run_once(site):
                click.get_current_context().exit(1)
        else:
            Daemon(site).run()


def _show_survey(site: "OpenSite", *, as_json: bool) -> None:
    import json

    from mailproc.daemon import survey

    found = survey(site)
    if as_json:
        click.echo(json.dumps([_as_object(name, one) for name, one in found], indent=1))
    elif not found:
        click.echo("No mailbox is polled here: `intake` names no imap and no maildir. Mail comes to the listeners.")
    else:
        for name, one in found:
            click.echo(f"{name}: {one if isinstance(one, str) else _describe(one, site)}")
    if any(isinstance(one, str) for _, one in found):
        click.get_current_context().exit(1)


def _describe(survey: "Survey", site: "OpenSite") -> str:
    limit = site.settings.site.limits.ack_max_age
    lines = [
        f"{_count(survey.count)} would be taken ({survey.bytes / 1_000_000:.1f} MB), "
        f"{_count(survey.left_alone)} left alone"
    ]
    if survey.oldest and survey.newest:
        lines.append(f"arrived from {survey.oldest:%Y-%m-%d %H:%M} to {survey.newest:%Y-%m-%d %H:%M} UTC")
    age = f"older than {limit.total_seconds() / 3600:g} h is never answered" if limit else "ack_max_age is none"
    lines.append(f"{_count(survey.will_acknowledge)} young enough for an acknowledgement ({age})")
    if survey.too_large:
        lines.append(f"{_count(survey.too_large)} larger than max_message_size: they stay in the mailbox")
    return "\n    ".join(lines)


def _count(number: int) -> str:
    return "1 mail" if number == 1 else f"{number} mails"


def _as_object(name: str, survey: "Survey | str") -> dict[str, object]:
    if isinstance(survey, str):
        return {"intake": name, "problem": survey}
    return {
        "intake": name,
        "folder": survey.folder,
        "count": survey.count,
        "bytes": survey.bytes,
        "oldest": survey.oldest.isoformat() if survey.oldest else None,
        "newest": survey.newest.isoformat() if survey.newest else None,
        "will_acknowledge": survey.will_acknowledge,
        "too_large": survey.too_large,
        "left_alone": survey.left_alone,
        "problem": "",
    }
