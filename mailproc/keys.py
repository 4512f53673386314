"""The site's secrets that sign tokens and Message-IDs: makes, reads and rotates the keys file. Prints no secret.

One key a line, newest first: `<id> <secret in hex> <created at>`; the id is one character of the base32 alphabet.
The file is for its owner only (mode 0600) and is never overwritten in place.
"""

import os
import re
import secrets
import shlex
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailproc.errors import ConfigError, Permanent
from mailproc.records.site import Key, KeyRing

KEY_BYTES = 32
RETIRES_AFTER = timedelta(days=30)  # how long a key still verifies after a newer one replaced it (T62)

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_MAX_BYTES = 65536
_LINE = re.compile(r"([a-z2-7])\s+([0-9a-f]{64})\s+([0-9TZ:.+-]{10,40})")
_HEAD = """\
# Keys of this mailproc site: they sign reply addresses and Message-IDs. Keep this file secret and keep a copy:
# without it every reply address that was ever sent stops working. `mailproc` makes it; do not edit it by hand.
"""


def create(path: Path, now: datetime | None = None) -> KeyRing:
    """A new keys file with one key, mode 0600 from its first moment. Raises `Permanent` when there is one already."""
    key = Key(_ALPHABET[0], secrets.token_bytes(KEY_BYTES), _now(now))
    ring = KeyRing((key,))
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
    keys = _read(path)
    moment = _now(now)
    # Each key was retired by the one above it, at the time that one was made.
    valid = keys[:1] + [key for newer, key in zip(keys, keys[1:], strict=False) if _counts(newer, moment)]
    return KeyRing(tuple(valid))


def rotate(path: Path, now: datetime | None = None) -> KeyRing:
    """A new key signs from now on; the former ones verify for `RETIRES_AFTER` and then leave the file.

    Raises `ConfigError` like `load`, `Permanent` when the file cannot be written.
    """
    moment = _now(now)
    ring = load(path, moment)
    taken = {key.id for key in ring.keys}
    after = _ALPHABET.index(ring.current.id) + 1
    free = [letter for letter in _ALPHABET[after:] + _ALPHABET[:after] if letter not in taken]
    if not free:
        raise Permanent(f"{path}: all {len(_ALPHABET)} key ids are in use; wait until old keys have retired")
    newest = max(moment, ring.current.created_at)  # a clock set back must not bury the new key
    rotated = KeyRing((Key(free[0], secrets.token_bytes(KEY_BYTES), newest), *ring.keys))
    new_path = path.with_name(path.name + ".new")
    try:
        _write_new(new_path, rotated)
        os.replace(new_path, path)
        _sync_folder(path.parent)
    except FileExistsError:
        text = f"{new_path} is there: another rotation is running or was cut short. If none runs, remove it"
        raise Permanent(text) from None
    except OSError as error:
        raise Permanent(f"{path}: the keys file cannot be written: {error.strerror}") from None
    return rotated


def _counts(newer: Key, now: datetime) -> bool:
    return now - newer.created_at < RETIRES_AFTER


def _now(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)


def _write_new(path: Path, ring: KeyRing) -> None:
    lines = [f"{key.id} {key.secret.hex()} {key.created_at:%Y-%m-%dT%H:%M:%SZ}\n" for key in ring.keys]
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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> list[Key]:
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
    for number, line in enumerate(raw.decode("ascii", "replace").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = _read_line(line)
        if key is None or key.id in {other.id for other in keys}:
            text = "is not a key" if key is None else f'has the id "{key.id}" of a key above'
            # The line itself is not shown: it may hold most of a secret.
            raise ConfigError((f"{path}:{number}: this line {text}. Restore the keys file from your backup",))
        keys.append(key)
    if not keys or len(raw) > _MAX_BYTES:
        raise ConfigError((f"{path}: this is not a keys file. Restore it from your backup",))
    return sorted(keys, key=lambda key: key.created_at, reverse=True)


def _read_line(line: str) -> Key | None:
    match = _LINE.fullmatch(line.strip())
    if not match:
        return None
    try:
        created_at = datetime.fromisoformat(match[3])
    except ValueError:
        return None
    return Key(match[1], bytes.fromhex(match[2]), created_at.replace(tzinfo=created_at.tzinfo or UTC))
