"""`mailproc run`: the daemon."""

from pathlib import Path

import click


@click.command()
@click.option("--once", is_flag=True, help="Decide and send what waits, then exit; opens no listener.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def run(config: Path | None, once: bool, log_format: str) -> None:
    """Run the daemon: intakes, decisions, clock and delivery.

    SIGTERM finishes what is in hand (30 s at most), SIGHUP reads the rules again and keeps the running ones when the
    new ones are wrong. Exit code 75: another daemon runs on this site.

    \b
    Example:
      mailproc --config /etc/mailproc/mailproc.yaml run
    """
    from mailproc import maillog
    from mailproc.daemon import Daemon, run_once
    from mailproc.opening import open_site

    maillog.setup(log_format)
    with open_site(config, is_daemon=True) as site:
        for warning in site.settings.warnings:
            click.echo(warning, err=True)
        if site.rules_problem:
            click.echo(f"{site.rules_problem}\nThe last good rules serve until these are mended.", err=True)
        if once:
            run_once(site)
        else:
            Daemon(site).run()
