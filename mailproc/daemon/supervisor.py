"""One daemon a SQLite site, and what systemd hears of it."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from mailproc import maillog
from mailproc.errors import SiteLocked


@contextmanager
def lock_site(database: str) -> Iterator[None]:
    """Keeps every other daemon off a SQLite site; PostgreSQL sites may have several.

    Raises SiteLocked when another one holds it.
    """
    if not database.startswith("sqlite"):
        yield
        return
    path = f"{database.removeprefix('sqlite:///')}.lock"
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SiteLocked(f"another mailproc daemon runs on this site ({path} is locked); stop it first") from error
        yield
    finally:
        os.close(descriptor)


def notify_supervisor(state: str) -> None:
    """Tell systemd where the daemon stands (sd_notify(3)); nothing happens without a supervisor that asks."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
        try:
            notifier.connect(address)
            notifier.sendall(state.encode("ascii"))
        except OSError as error:
            maillog.loop_failed("notify", error=error)
