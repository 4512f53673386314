"""`mailproc feed`: messages from files through the same intake as any other mail."""

import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailproc.settings import Settings

_AT_ONCE = 50  # mails that share a commit


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
    from mailproc import settings
    from mailproc.intake.files import count_mails

    total = count_mails(paths)
    if dry_run:
        click.echo(f"{total} messages")
        return
    loaded = settings.load(settings.find(config), needs_secrets=False)
    with click.progressbar(length=total, label="feeding", file=sys.stderr) as bar:
        stored, refused = _feed(loaded, paths, forward, bar.update)
    for line in refused:
        click.echo(line, err=True)
    click.echo(f"{stored} messages stored, {len(refused)} refused; the daemon or `mailproc run --once` decides them")
    if refused:
        raise SystemExit(1)


def _feed(
    loaded: "Settings", paths: tuple[Path, ...], forward: bool, advance: Callable[[int], None]
) -> tuple[int, list[str]]:
    """(how many mails are stored, a line for each that is refused). Raises Temporary when there is no more room."""
    from datetime import UTC, datetime
    from functools import partial

    from mailproc.errors import StoreUnavailable, Temporary
    from mailproc.intake.base import has_room
    from mailproc.intake.files import iter_mails
    from mailproc.intake.pipe import envelope_from_file
    from mailproc.store import inbox
    from mailproc.store.database import open_store
    from mailproc.tickets.token import split_reply_address

    stored, refused = 0, []
    waiting: list[Future[int]] = []
    again = "feed the same files again then, what is stored is not stored twice"
    disk = Path(loaded.database.removeprefix("sqlite:///")).parent if loaded.database.startswith("sqlite") else None

    def accepts(address: str) -> bool:
        return bool(split_reply_address(loaded.site, address)[0])

    def settle() -> int:
        done = 0
        try:
            for future in waiting:
                future.result()
                done += 1
        except StoreUnavailable as error:
            raise Temporary(f"{error}; {stored + done} messages are stored, {again}") from error
        waiting.clear()
        return done

    with open_store(loaded.database) as store:
        for name, raw in iter_mails(paths):
            advance(1)
            if len(raw) > loaded.max_message_size:
                refused.append(f"{name}: {len(raw)} bytes, more than max_message_size")
                continue
            if not waiting and disk is not None and not has_room(disk, 2 * loaded.max_message_size):
                raise Temporary(
                    f"the disk under {disk} is nearly full; {stored} messages are stored: free some, {again}"
                )
            envelope = envelope_from_file(
                raw, loaded.site.addresses, datetime.now(UTC), accepts=accepts, forwards_old=forward
            )
            waiting.append(store.submit(partial(inbox.put, raw=raw, envelope=envelope)))
            if len(waiting) >= _AT_ONCE:
                stored += settle()
        return stored + settle(), refused
