"""Reads mailproc.yaml, the environment and secret files into `Settings`, or names every wrong key as file:line:col.

Written by hand rather than with pydantic: importing pydantic alone costs 90 ms, more than all of this, and every
short command (`deliver` for each mail of a pipe) pays it.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mailproc import yamlnodes
from mailproc.errors import ConfigError
from mailproc.settings.masking import mask
from mailproc.settings.reader import CODES, SECRET_KEYS, Reader
from mailproc.settings.records import (
    DeliverySettings,
    DkimSettings,
    HealthSettings,
    IntakeSettings,
    OAuthSettings,
    SentCopySettings,
    Settings,
)
from mailproc.settings.schema import read_settings
from mailproc.settings.values import SHIPPED_LANGUAGES, BadValue
from mailproc.yamlnodes import Document, Problem, Scalar

__all__ = [
    "CODES",
    "FILE_NAME",
    "SHIPPED_LANGUAGES",
    "BadValue",
    "DeliverySettings",
    "DkimSettings",
    "HealthSettings",
    "IntakeSettings",
    "OAuthSettings",
    "SentCopySettings",
    "Settings",
    "find",
    "load",
    "parse",
]

FILE_NAME = "mailproc.yaml"
SYSTEM_FILE = Path("/etc/mailproc") / FILE_NAME
_WRITTEN_SECRETS = tuple(key for key in SECRET_KEYS if key != "database")


def find(config: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The settings file to use: --config, $MAILPROC_CONFIG, ./, ~/.config/mailproc/, /etc/mailproc/, in this order.

    Raises `ConfigError` that says where it looked.
    """
    named = environ.get("MAILPROC_CONFIG", "")
    if config is not None or named:
        path = config if config is not None else Path(named)
        if path.is_dir():
            path = path / FILE_NAME
        if path.exists():
            return path
        origin = "--config" if config is not None else "$MAILPROC_CONFIG"
        raise ConfigError((f"{path}: there is no such settings file ({origin} names it).\n{_advise(path.parent)}",))
    places = [Path(FILE_NAME), *_find_home(environ), SYSTEM_FILE]
    for path in places:
        if path.is_file():
            return path
    looked = "".join(f"\n    {path.absolute()}" for path in places)
    raise ConfigError((f"no settings file: looked for{looked}\n{_advise(Path('.'))}",))


def load(path: Path, environ: Mapping[str, str] = os.environ, *, needs_secrets: bool = True) -> Settings:
    """The settings in a file. Raises `ConfigError` with everything that is wrong with it, one text each.

    Commands that speak to no mail server pass `needs_secrets=False`: an MTA's pipe has an empty environment.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(yamlnodes.MAX_BYTES + 1)
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
    except FileNotFoundError:
        raise ConfigError((f"{path}: there is no such settings file.\n{_advise(path.parent)}",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: S008 the settings file cannot be read: {error.strerror}",)) from None
    return parse(raw, path, environ, mode=mode, needs_secrets=needs_secrets)


def parse(
    text: str | bytes,
    path: Path,
    environ: Mapping[str, str] = os.environ,
    *,
    mode: int = 0o600,
    needs_secrets: bool = True,
) -> Settings:
    """The settings in the text of the file at `path`; `mode` tells who may read its secrets. Raises like `load`."""
    document = yamlnodes.load(text, str(path))
    reader = Reader(str(path), path.absolute().parent, environ, list(document.problems), needs_secrets)
    settings = None
    if isinstance(document.root, yamlnodes.Mapping):
        settings = read_settings(reader, document.root, path.absolute())
        _warn_of_readers(reader, document.root, path, mode)
    elif not document.errors:
        text_missing = "the file is empty" if document.root is None else "the file must hold keys and values"
        reader.report(document.root, "S003", text_missing, _advise(path.parent).strip())
    errors = [problem for problem in reader.problems if not problem.is_warning]
    if errors or settings is None:
        raise ConfigError(_format(errors, text, document))
    warnings = [problem for problem in reader.problems if problem.is_warning]
    return replace(settings, warnings=_format(warnings, text, document)) if warnings else settings


def _format(problems: list[Problem], text: str | bytes, document: Document) -> tuple[str, ...]:
    """The problems as an admin reads them, in file order; of the text only their lines, without the secrets."""
    wrong = {problem.line for problem in problems}
    keys = _secret_keys(document)
    lines = yamlnodes.split_lines(text if isinstance(text, str) else text.decode("utf-8", "replace"))
    masked = {number: mask(line, keys) for number, line in enumerate(lines, 1) if number in wrong}
    secret = {number for number, line in masked.items() if line != lines[number - 1]}
    shown = "\n".join(masked.get(number, "") for number in range(1, len(lines) + 1))
    problems.sort(key=lambda problem: (problem.line, problem.column))
    safe = (_silence(problem) if problem.line in secret else problem for problem in problems)
    return tuple(dict.fromkeys(yamlnodes.format_problem(problem, shown) for problem in safe))


def _silence(problem: Problem) -> Problem:
    """The problem of a line with a secret: what was said of it may quote the secret, so only the general text stays."""
    general = yamlnodes.CODES.get(problem.code, "").removeprefix("warning: ")
    return replace(problem, text=general, hint="Put secrets between double quotes.") if general else problem


def _secret_keys(document: Document) -> set[str]:
    """The keys whose values are not shown, misspelt ones (`pasword`) among them."""
    keys = set(_WRITTEN_SECRETS)
    waiting = [document.root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yamlnodes.Mapping):
            for key, value in node.entries:
                waiting.append(value)
                if yamlnodes.find_nearest(key.value, _WRITTEN_SECRETS):
                    keys.add(key.value)
        elif isinstance(node, yamlnodes.Sequence):
            waiting.extend(node.items)
    return keys


def _warn_of_readers(reader: Reader, root: yamlnodes.Mapping, path: Path, mode: int) -> None:
    """S009 where a secret stands in the file itself and the file is open to all."""
    if not mode & 0o004:
        return
    waiting: list[yamlnodes.Node] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yamlnodes.Sequence):
            waiting.extend(node.items)
        elif isinstance(node, yamlnodes.Mapping):
            for key, value in node.entries:
                waiting.append(value)
                is_secret = key.value in _WRITTEN_SECRETS
                if is_secret and isinstance(value, Scalar) and value.value and "${" not in value.value:
                    text = "a secret stands in a file that everybody on this machine may read"
                    hint = f"Run  chmod 640 {path}  or write ${{env:NAME}} or ${{file:PATH}} instead."
                    reader.report(key, "S009", text, hint, is_warning=True)


def _find_home(environ: Mapping[str, str]) -> list[Path]:
    home = environ.get("HOME", "")
    return [Path(home) / ".config" / "mailproc" / FILE_NAME] if home else []


def _advise(folder: Path) -> str:
    where = "" if str(folder) == "." else f" {folder}"
    return f"    Run  mailproc init{where}  to make a site."
