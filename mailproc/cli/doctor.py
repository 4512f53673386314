"""`mailproc doctor`: what is well, what is not, and what to do about it."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailproc.doctor.findings import Finding
    from mailproc.doctor.visit import Visit

_COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--offline", is_flag=True, help="Ask no server: settings, rules, host, disk, database, ports alone.")
@click.option("--probe", is_flag=True, help="Also send test mails: to a reply address of ours, and to each department.")
@click.option("--dry-run", is_flag=True, help="With --probe: say which test mails would be sent, and send none.")
@click.option("--timeout", type=click.FloatRange(1, 120), default=15.0, show_default=True,
              help="Seconds to wait for each answer of a server.")  # fmt: skip
@click.option("--wait", type=click.FloatRange(1, 3600), default=120.0, show_default=True,
              help="Seconds to wait for the test mail.")  # fmt: skip
@click.pass_obj
def doctor(
    config: Path | None, as_json: bool, offline: bool, probe: bool, dry_run: bool, timeout: float, wait: float
) -> None:
    """Look at everything mail needs, a line each: OK, WARN or FAIL, and what to do.

    Nothing is changed and nothing is sent without --probe. Exit code 1 when a line is FAIL. Run it as the user that
    runs mailproc, with the same environment.

    \b
    Examples:
      mailproc doctor --offline
      mailproc doctor --probe --dry-run
    """
    if dry_run and not probe:
        raise click.UsageError("--dry-run belongs to --probe: nothing else sends anything")
    if probe and offline:
        raise click.UsageError("--probe sends mail, --offline asks nobody: take one of them")
    from mailproc.doctor.findings import Level, worst

    findings: list[Finding] = []
    for finding in _look(config, offline, probe, dry_run, timeout, wait):
        findings.append(finding)
        if not as_json:
            _print(finding)
    level = worst(findings)
    if as_json:
        rows = [
            {"level": str(item.level), "subject": item.subject, "text": item.text, "remedy": item.remedy}
            for item in findings
        ]
        json.dump({"ok": level is not Level.FAIL, "findings": rows}, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        counts = ", ".join(f"{sum(item.level is one for item in findings)} {one}" for one in Level)
        click.echo(f"\n{counts}")
    sys.exit(1 if level is Level.FAIL else 0)


def _look(
    config: Path | None, offline: bool, probe: bool, dry_run: bool, timeout: float, wait: float
) -> "Iterator[Finding]":
    from mailproc.doctor import house
    from mailproc.doctor.rounds import examine, make_visit, read_settings

    loaded, problems = read_settings(config)
    yield from problems
    if loaded is None:
        yield from house.check_versions()
        return
    # Without their secrets no server can be asked properly
    is_offline = offline or bool(problems)
    visit = make_visit(loaded, timeout=timeout, is_offline=is_offline)
    yield from examine(visit, is_offline=is_offline)
    if probe:
        yield from _probe(visit, dry_run, wait)


def _probe(visit: "Visit", dry_run: bool, wait: float) -> "Iterable[Finding]":
    from mailproc import keys
    from mailproc.daemon.outlet import make_delivery
    from mailproc.doctor import probe
    from mailproc.doctor.findings import warn, well
    from mailproc.errors import ConfigError
    from mailproc.oauth import Sources

    try:
        ring = keys.load(visit.settings.keys_file)
    except ConfigError:
        return  # said above
    mails = probe.plan(visit.settings, visit.book, ring)
    if dry_run:
        yield from (well("probe", str(mail)) for mail in mails)
    elif visit.settings.delivery.kind == "maildir":
        yield warn("probe", "no test mail was sent: outgoing mail only goes into a folder", "Write a delivery by SMTP")
    else:
        delivery = make_delivery(visit.settings, Sources(visit.settings.oauth))
        try:
            yield from probe.run(visit, mails, ring, delivery, wait_seconds=wait)
        finally:
            delivery.close()


def _print(finding: "Finding") -> None:
    from mailproc.cli.parsed import clean_text

    # Servers and DNS may say anything; a terminal must not obey it
    level = click.style(f"{finding.level:<4}", fg=_COLOURS[finding.level])
    click.echo(f"{level}  {finding.subject:<10} {clean_text(finding.text)}")
    if finding.remedy:
        click.echo(f"                 {clean_text(finding.remedy)}")
