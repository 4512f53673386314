"""The file that keeps a login between starts: for its owner only, replaced in one step, locked while it is renewed."""

import contextlib
import fcntl
import json
import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mailproc.errors import ConfigError, Permanent, Temporary

_MOST_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class KeptLogin:
    """What a login left; times in seconds since the epoch."""

    refresh_token: str = field(repr=False)
    account: str = ""
    client_id: str = ""  # a refresh token belongs to one application
    scopes: tuple[str, ...] = ()
    logged_in_at: float = 0.0
    refreshed_at: float = 0.0
    refresh_expires_at: float | None = None


def read(path: Path) -> KeptLogin | None:
    """What is kept, None when there is no file.

    Raises ConfigError when others than its owner may read it, or it is no such file.
    """
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            raw = stream.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        advice = "Run  mailproc auth login  as the user that mailproc runs as"
        raise ConfigError((f"{path}: the token file cannot be read: {error.strerror}. {advice}",)) from None
    if mode & 0o077:
        advice = f"Run  chmod 600 {shlex.quote(str(path))}"
        raise ConfigError((f"{path}: others may read or change the token file (mode {mode:04o}). {advice}",))
    try:
        fields = json.loads(raw)
        expires = fields["refresh_expires_at"]
        return KeptLogin(
            refresh_token=_text(fields["refresh_token"]),
            account=_text(fields["account"]),
            client_id=_text(fields["client_id"]),
            scopes=tuple(_text(scope) for scope in fields["scopes"]),
            logged_in_at=float(fields["logged_in_at"]),
            refreshed_at=float(fields["refreshed_at"]),
            refresh_expires_at=None if expires is None else float(expires),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        # What stands there is not shown: it may hold most of a secret.
        raise ConfigError(
            (f"{path}: this is not a token file. Remove it and run  mailproc auth login  again",)
        ) from None


def write(path: Path, kept: KeptLogin) -> None:
    """Keeps it, mode 0600 from the first moment; a crash leaves the former file. Raises Permanent."""
    fields = {
        "refresh_token": kept.refresh_token,
        "account": kept.account,
        "client_id": kept.client_id,
        "scopes": list(kept.scopes),
        "logged_in_at": kept.logged_in_at,
        "refreshed_at": kept.refreshed_at,
        "refresh_expires_at": kept.refresh_expires_at,
    }
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        make_folder(path.parent)
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            _give_to_owner(descriptor, path.parent)
            json.dump(fields, stream, indent=1)
            stream.write("\n")
            stream.flush()
            os.fsync(descriptor)
        os.replace(new, path)
        _sync(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise Permanent(f"{path}: the token file cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time renews the login kept at `path`. Raises Temporary when the lock cannot be had."""
    lock = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Temporary(f"{lock}: cannot be opened: {error.strerror}") from None
    try:
        _give_to_owner(descriptor, path.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """The folder with what is missing above it, for its owner only."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _give_to_owner(descriptor, path.parent)
        finally:
            os.close(descriptor)


def _give_to_owner(descriptor: int, folder: Path) -> None:
    """What root makes belongs to the owner of the folder: `sudo mailproc auth login` must not lock the daemon out."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value
