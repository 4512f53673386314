"""`mailproc deliver`: one message from an MTA's pipe; answers in sysexits (sysexits.h) and nothing else."""

import sys
from pathlib import Path

import click

EX_OK, EX_USAGE, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG = 0, 64, 69, 75, 78


class SysexitsCommand(click.Command):
    """A command whose usage errors are 64, as an MTA expects."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            # An MTA reads a leading 4.x.x as "keep the mail": a mistyped option must not bounce customers' mail
            click.echo(f"4.3.5 {error.format_message()}", err=True)
            sys.exit(EX_USAGE)


@click.command(cls=SysexitsCommand)
@click.option("--sender", help="Envelope sender; empty for a bounce.")
@click.option("--recipient", "recipients", multiple=True, help="Envelope recipient; may be given several times.")
@click.pass_obj
def deliver(config: Path | None, sender: str | None, recipients: tuple[str, ...]) -> None:
    """Take one message on standard input and store it durably.

    Exit codes: 0 stored (even if it will be held), 64 usage, 69 larger than max_message_size (the MTA
    returns it to its sender), 75 try again later, 78 the settings are wrong.

    \b
    Example (Postfix, master.cf):
      mailproc unix - n n - 4 pipe flags=DRhu user=mailproc
        argv=/usr/bin/mailproc deliver --sender ${sender} --recipient ${original_recipient}
    """
    from mailproc.errors import ConfigError

    try:
        sys.exit(_store(config, sender, recipients))
    except ConfigError as error:
        click.echo(f"4.3.5 {error}", err=True)
        sys.exit(EX_CONFIG)
    except Exception as error:  # an MTA keeps the mail on 75 and bounces on anything it does not know
        click.echo(f"4.3.0 {type(error).__name__}: {error}", err=True)
        sys.exit(EX_TEMPFAIL)


def _store(config: Path | None, sender: str | None, recipients: tuple[str, ...]) -> int:
    from datetime import UTC, datetime

    from mailproc import settings
    from mailproc.intake.base import split_from_line
    from mailproc.intake.pipe import envelope_from_pipe
    from mailproc.store import inbox
    from mailproc.store.database import open_store
    from mailproc.tickets.token import split_reply_address

    loaded = settings.load(settings.find(config), needs_secrets=False)
    raw = sys.stdin.buffer.read(loaded.max_message_size + 1)
    if len(raw) > loaded.max_message_size:
        while sys.stdin.buffer.read(1 << 20):
            pass  # some MTAs take a pipe that closes early for a failure of their own
        click.echo(f"5.3.4 the message is larger than {loaded.max_message_size} bytes", err=True)
        return EX_UNAVAILABLE
    if not raw.strip():
        click.echo("4.3.0 there is nothing on standard input", err=True)
        return EX_TEMPFAIL
    raw, from_line = split_from_line(raw)

    def accepts(address: str) -> bool:
        return bool(split_reply_address(loaded.site, address)[0])

    told = sender if sender is not None else from_line
    envelope = envelope_from_pipe(raw, told, recipients, loaded.site.addresses, datetime.now(UTC), accepts=accepts)
    store = open_store(loaded.database)
    try:
        store.run(lambda tx: inbox.put(tx, raw, envelope), urgent=True)
    finally:
        store.close()
    return EX_OK
