"""Fills `${env:NAME}` and `${file:PATH}` into the secrets of the settings file; no message ever holds a secret."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from mailproc.settings.values import BadValue

_REFERENCE = re.compile(r"\$\{([^}]*)\}?")
_MAX_SECRET_BYTES = 65536
_HINT = "Write ${env:NAME} for an environment variable or ${file:PATH} for a file."


def has_reference(word: str) -> bool:
    """True where the word asks for something to be filled in."""
    return "${" in word


def fill(word: str, environ: Mapping[str, str], folder: Path, *, in_url: bool = False) -> str:
    """The word with its references filled in; inside a URL each is percent-encoded, unless it is the whole word.

    Raises `BadValue` when a reference is malformed or leads nowhere.
    """
    whole = _REFERENCE.fullmatch(word)

    def resolve(match: re.Match[str]) -> str:
        secret = _look_up(match, environ, folder)
        return quote(secret, safe="") if in_url and not whole else secret

    return _REFERENCE.sub(resolve, word)


def _look_up(match: re.Match[str], environ: Mapping[str, str], folder: Path) -> str:
    kind, colon, name = match[1].partition(":")
    name = name.strip()
    if not match[0].endswith("}") or not colon or kind not in ("env", "file") or not name:
        raise BadValue(f'"{match[0]}" is not understood', _HINT)
    secret = _read_environ(name, environ) if kind == "env" else _read_file(name, folder)
    if re.search(r"[\x00-\x1f\x7f]", secret):
        raise BadValue(f"the secret from {match[0]} holds a control character or more than one line")
    return secret


def _read_environ(name: str, environ: Mapping[str, str]) -> str:
    secret = environ.get(name, "")
    if not secret:
        state = "is empty" if name in environ else "is not set"
        raise BadValue(f"the environment variable {name} {state}", f"Set {name} where mailproc is started.")
    return secret


def _read_file(name: str, folder: Path) -> str:
    path = folder / Path(name)
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_SECRET_BYTES + 1)
        secret = raw.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        hint = "Make the file, with the secret on its one line."
        raise BadValue(f"the secret file {path} cannot be read: {error.strerror}", hint) from None
    except UnicodeDecodeError:
        raise BadValue(f"the secret file {path} is not UTF-8 text") from None
    if not secret or len(raw) > _MAX_SECRET_BYTES:
        raise BadValue(f"the secret file {path} is {'empty' if not secret else 'far too large'}")
    return secret
