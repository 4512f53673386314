"""`mailproc deliver`: one message from an MTA's pipe; answers in sysexits (sysexits.h) and nothing else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import click

EX_OK, EX_USAGE, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG = 0, 64, 69, 75, 78
# What peewee loads as soon as it finds it: a third of this process's time, and nothing for a site on SQLite
_OTHER_DRIVERS = ("psycopg", "psycopg2", "psycopg2cffi", "pymysql", "MySQLdb", "mysql")


class SysexitsCommand(click.Command):
    """A command whose usage errors are 64, as an MTA expects."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            # An MTA reads a leading 4.x.x as "keep the mail": a mistyped option must not bounce customers' mail
            _say(f"4.3.5 {error.format_message()}")
            sys.exit(EX_USAGE)


@click.command(cls=SysexitsCommand)
@click.option("--sender", help="Envelope sender; empty for a bounce.")
@click.option("--recipient", "recipients", multiple=True, help="Envelope recipient; may be given several times.")
@click.argument("more", nargs=-1, metavar="[RECIPIENT]...")
@click.pass_obj
def deliver(config: Path | None, sender: str | None, recipients: tuple[str, ...], more: tuple[str, ...]) -> None:
    """Take one message on standard input and store it durably.

    Exit codes: 0 stored (even if it will be held), 64 usage, 69 larger than max_message_size (the MTA
    returns it to its sender), 75 try again later, 78 the settings are wrong.

    \b
    Example (Postfix, master.cf):
      mailproc unix - n n - 4 pipe flags=Rhu user=mailproc
        argv=/usr/bin/mailproc deliver --sender=${sender} --recipient=${original_recipient}
    """
    from mailproc.errors import ConfigError

    _fill_descriptors()
    try:
        # Postfix puts all recipients of a mail in place of one argument, so that `--recipient ${recipient}` leaves
        # some of them standing alone
        code = _store(config, sender, (*recipients, *more))
    except ConfigError as error:
        _say(f"4.3.5 {error}")
        code = EX_CONFIG
    except Exception as error:  # an MTA keeps the mail on 75 and bounces on anything it does not know
        _say(f"4.3.0 {type(error).__name__}: {error}")
        code = EX_TEMPFAIL
    sys.exit(code)


def _store(config: Path | None, sender: str | None, recipients: tuple[str, ...]) -> int:
    from datetime import UTC, datetime

    from mailproc import settings
    from mailproc.intake.base import has_room, split_from_line
    from mailproc.intake.pipe import envelope_from_pipe

    loaded = settings.load(settings.find(config), needs_secrets=False)
    stdin = _stdin()
    raw = _read(stdin, loaded.max_message_size + 1)
    if len(raw) > loaded.max_message_size:
        while stdin.read(1 << 20):
            pass  # some MTAs take a pipe that closes early for a failure of their own
        _say(f"5.3.4 the message is larger than {loaded.max_message_size} bytes")
        return EX_UNAVAILABLE
    if not raw.strip():
        _say("4.3.0 there is nothing on standard input")
        return EX_TEMPFAIL
    is_sqlite = loaded.database.startswith("sqlite")
    folder = Path(loaded.database.removeprefix("sqlite:///")).parent
    if is_sqlite and not has_room(folder, 2 * loaded.max_message_size):
        _say(f"4.3.1 the disk under {folder} is nearly full; the message is taken when there is room")
        return EX_TEMPFAIL
    raw, from_line = split_from_line(raw)
    with _without_other_drivers() if is_sqlite else nullcontext():
        from mailproc.store import inbox
        from mailproc.store.database import open_store
        from mailproc.tickets.token import split_reply_address

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


def _fill_descriptors() -> None:
    """Closed standard streams become the null device: else a database file would get their number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _stdin() -> BinaryIO:
    if sys.stdin is None:  # closed by whoever started us
        raise OSError("standard input is closed")
    return sys.stdin.buffer


def _read(stdin: BinaryIO, size: int) -> bytes:
    pieces, length = [], 0
    while length < size and (piece := stdin.read(min(size - length, 1 << 20))):
        pieces.append(piece)  # as much memory as the mail needs, not as much as the largest may
        length += len(piece)
    return b"".join(pieces)


def _say(text: str) -> None:
    """A line for the MTA's log and bounce; an exit code counts even where nobody hears a word."""
    try:
        click.echo(text, err=True)
    except OSError:
        # Else Python would try again at exit, fail, and make the code 120
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


@contextmanager
def _without_other_drivers() -> Iterator[None]:
    if "peewee" in sys.modules:
        yield
        return
    hidden = [name for name in _OTHER_DRIVERS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: importing it fails at once
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
