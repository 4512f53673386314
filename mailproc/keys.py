"""The site's secrets that sign tokens and Message-IDs: makes, reads, rotates and revokes keys. Prints no secret.

One key a line, newest first: `<id> <secret in hex> <created at> [<retired at>]`; the id is one character of the base32
alphabet.
Beside them a line `numbering <secret in hex>`, which shuffled case numbers are made with and which never changes.
The file is for its owner only (mode 0600) and is replaced as a whole, never overwritten in place.
"""

import fcntl
import os
import re
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mailproc.errors import ConfigError, Permanent, UsageError
from mailproc.records.site import Key, KeyRing
from mailproc.tickets.token import CUSTOMER_TOKEN_LIFE

KEY_BYTES = 32
RETIRES_AFTER = CUSTOMER_TOKEN_LIFE  # the longest life of what a key signed; agents' tokens end sooner (T62)

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_MAX_BYTES = 65536
_LINE = re.compile(r"([a-z2-7])\s+([0-9a-f]{64})\s+([0-9TZ:.+-]{10,40})(?:\s+([0-9TZ:.+-]{10,40}))?")
_NUMBERING = re.compile(r"numbering\s+([0-9a-f]{64})")
_MOST_RACES = 20
_HEAD = """\
# Keys of this mailproc site: they sign reply addresses and Message-IDs. Keep this file secret and keep a copy:
# without it every reply address that was ever sent stops working. `mailproc keys` changes it; do not edit it by hand.
"""


def create(path: Path, now: datetime | None = None) -> KeyRing:
    """A new keys file with one key, mode 0600 from its first moment. Raises `Permanent` when there is one already."""
    key = Key(_ALPHABET[0], secrets.token_bytes(KEY_BYTES), _now(now))
    ring = KeyRing((key,), secrets.token_bytes(KEY_BYTES))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, ring)
    except FileExistsError:
        raise Permanent(f"{path}: there is a keys file already; it was left as it is") from None
    except OSError as error:
        raise Permanent(f"{path}: the keys file cannot be made: {error.strerror}") from None
    return ring


def load(path: Path, now: datetime | None = None) -> KeyRing:
    """The keys that still count at `now`, newest first.

    Raises `ConfigError` when the file is missing, readable by others than its owner, or not what `create` wrote.
    """
    ring, moment = _read(path), _now(now)
    return replace(ring, keys=tuple(key for key in ring.keys if key.verifies(RETIRES_AFTER, moment)))


def rotate(path: Path, now: datetime | None = None) -> KeyRing:
    """A new key signs from now on; the former ones verify for `RETIRES_AFTER` and then leave the file.

    Raises `ConfigError` like `load`, `Permanent` when the file cannot be written.
    """
    with _changing(path):
        ring = _with_new_key(path, load(path, now), _now(now))
        _replace(path, ring)
    return ring


def revoke(path: Path, key_id: str, now: datetime | None = None) -> KeyRing:
    """Nothing that this key signed counts any more; where it is the newest, another is made first.

    Raises `UsageError` when there is no such key, else like `rotate`.
    """
    with _changing(path):
        ring, moment = load(path, now), _now(now)
        if ring.find(key_id) is None:
            known = ", ".join(key.id for key in ring.keys)
            raise UsageError(f"there is no key {key_id!r}; the keys are {known}")
        if ring.current.id == key_id:
            ring = _with_new_key(path, ring, moment)
        kept = tuple(key for key in ring.keys if key.id != key_id)
        ring = replace(ring, keys=_with_retirements(kept))
        _replace(path, ring)
    return ring


def _with_new_key(path: Path, ring: KeyRing, moment: datetime) -> KeyRing:
    taken = {key.id for key in ring.keys}
    after = _ALPHABET.index(ring.current.id) + 1
    free = [letter for letter in _ALPHABET[after:] + _ALPHABET[:after] if letter not in taken]
    if not free:
        raise Permanent(f"{path}: all {len(_ALPHABET)} key ids are in use; wait until old keys have retired")
    newest = max(moment, ring.current.created_at)  # a clock set back must not bury the new key
    new = Key(free[0], secrets.token_bytes(KEY_BYTES), newest)
    return replace(ring, keys=_with_retirements((new, *ring.keys)))


def _with_retirements(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """Each key retired when the one above it was made, if that is not known already; the newest has not."""
    olders = (
        key if key.retired_at is not None else replace(key, retired_at=newer.created_at)
        for newer, key in zip(keys, keys[1:], strict=False)
    )
    return (replace(keys[0], retired_at=None), *olders)


def _now(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)


@contextmanager
def _changing(path: Path) -> Iterator[None]:
    """One change of the file at a time, on this host; the lock goes with the file that is replaced."""
    for _ in range(_MOST_RACES):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            _read(path)  # says what is wrong with it
            raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                yield
                return
        finally:
            os.close(descriptor)
    raise Permanent(f"{path}: others keep changing the keys file; try again")


def _replace(path: Path, ring: KeyRing) -> None:
    new_path = path.with_name(path.name + ".new")
    try:
        new_path.unlink(missing_ok=True)  # of a change that was cut short: the lock is ours
        _write_new(new_path, ring)
        former = path.stat()
        if (former.st_uid, former.st_gid) != (os.geteuid(), os.getegid()):
            # Changed by root, it stays the daemon's own
            with suppress(PermissionError):
                os.chown(new_path, former.st_uid, former.st_gid)
        os.replace(new_path, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise Permanent(f"{path}: the keys file cannot be written: {error.strerror}") from None


def _write_new(path: Path, ring: KeyRing) -> None:
    lines = [_write_line(key) for key in ring.keys]
    lines.append(f"numbering {ring.numbering_secret.hex()}\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(_HEAD + "".join(lines))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _write_line(key: Key) -> str:
    times = [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (key.created_at, key.retired_at) if at is not None]
    return " ".join([key.id, key.secret.hex(), *times]) + "\n"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> KeyRing:
    """All keys of the file, retired ones too."""
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            raw = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        text = f"{path}: there is no keys file. `mailproc init` makes one; if it was lost, restore it from your backup"
        raise ConfigError((text,)) from None
    except OSError as error:
        raise ConfigError((f"{path}: the keys file cannot be read: {error.strerror}",)) from None
    if mode & 0o077:
        advice = f"Run  chmod 600 {shlex.quote(str(path))}"
        raise ConfigError((f"{path}: others may read or change the keys file (mode {mode:04o}). {advice}",))
    keys: list[Key] = []
    numbering = b""
    for number, line in enumerate(raw.decode("ascii", "replace").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        secret = _NUMBERING.fullmatch(line.strip())
        if secret and not numbering:
            numbering = bytes.fromhex(secret[1])
            continue
        key = _read_line(line)
        if key is None or key.id in {other.id for other in keys}:
            text = "is not a key" if key is None else f'has the id "{key.id}" of a key above'
            # The line itself is not shown: it may hold most of a secret.
            raise ConfigError((f"{path}:{number}: this line {text}. Restore the keys file from your backup",))
        keys.append(key)
    if not keys or len(raw) > _MAX_BYTES:
        raise ConfigError((f"{path}: this is not a keys file. Restore it from your backup",))
    keys.sort(key=lambda key: key.created_at, reverse=True)
    return KeyRing(_with_retirements(tuple(keys)), numbering or keys[-1].secret)


def _read_line(line: str) -> Key | None:
    match = _LINE.fullmatch(line.strip())
    if not match:
        return None
    try:
        created_at, *retired_at = (datetime.fromisoformat(text) for text in match.group(3, 4) if text)
    except ValueError:
        return None
    aware = [at.replace(tzinfo=at.tzinfo or UTC) for at in (created_at, *retired_at)]
    return Key(match[1], bytes.fromhex(match[2]), *aware)
