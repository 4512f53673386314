"""`mailproc feed`: messages from files through the same intake as any other mail."""

import sys
from pathlib import Path

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--forward", is_flag=True, help="Old mail is acknowledged and forwarded too.")
@click.option("--dry-run", is_flag=True, help="Count the messages, store nothing.")
@click.pass_obj
def feed(config: Path | None, paths: tuple[Path, ...], forward: bool, dry_run: bool) -> None:
    """Take messages from .eml files, folders, Maildirs and mboxes.

    Mail older than the site's ack_max_age is filed without sending anything, unless --forward is given. The daemon
    (or `mailproc run --once`) decides what was fed in. Feeding the same files again adds nothing.

    \b
    Example:
      mailproc feed ~/old-support.mbox export/
    """
    from datetime import UTC, datetime
    from functools import partial

    from mailproc import settings
    from mailproc.intake.files import count_mails, iter_mails
    from mailproc.intake.pipe import envelope_from_file
    from mailproc.store import inbox
    from mailproc.store.database import open_store
    from mailproc.tickets.token import split_reply_address

    total = count_mails(paths)
    if dry_run:
        click.echo(f"{total} messages")
        return
    loaded = settings.load(settings.find(config), needs_secrets=False)
    store = open_store(loaded.database)
    stored, refused, waiting = 0, [], []

    def accepts(address: str) -> bool:
        return bool(split_reply_address(loaded.site, address)[0])

    try:
        with click.progressbar(length=total, label="feeding", file=sys.stderr) as bar:
            for name, raw in iter_mails(paths):
                bar.update(1)
                if len(raw) > loaded.max_message_size:
                    refused.append(f"{name}: {len(raw)} bytes, more than max_message_size")
                    continue
                envelope = envelope_from_file(
                    raw, loaded.site.addresses, datetime.now(UTC), accepts=accepts, forwards_old=forward
                )

                waiting.append(store.submit(partial(inbox.put, raw=raw, envelope=envelope)))
                if len(waiting) >= 50:
                    stored += sum(1 for future in waiting if future.result())
                    waiting.clear()
            stored += sum(1 for future in waiting if future.result())
    finally:
        store.close()
    for line in refused:
        click.echo(line, err=True)
    click.echo(f"{stored} messages stored, {len(refused)} refused; the daemon or `mailproc run --once` decides them")
    if refused:
        raise SystemExit(1)
