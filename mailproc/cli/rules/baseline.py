"""What new rule files are compared with: the running book, those of a git commit, a folder. Reads; writes nothing.

git is called without a shell, by the name of a commit that git itself has looked up; nothing of the repository's
settings is run for that.
"""

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailproc.errors import ConfigError

if TYPE_CHECKING:
    from mailproc.store.transaction import Tx

Files = tuple[tuple[str, str], ...]

RUNNING = "running"
_REF = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_@{}.~^/+-]{0,199}")
_GIT_SECONDS = 30
_LARGEST = 1_000_000  # bytes of a rule file


def read_baseline(against: str, rules: Path, tx: "Tx") -> Files:
    """The (name, text) pairs that `--against` means; `rules` is the folder or the file of the new ones.

    Raises ConfigError when there are none, UsageError for a word that means nothing.
    """
    if against == RUNNING:
        return _read_running(tx)
    if against and Path(against).exists():
        return _read_folder(Path(against))
    return _read_commit(against, rules)


def _read_running(tx: "Tx") -> Files:
    from mailproc.store import rulebooks

    files = rulebooks.get_files(tx, rulebooks.newest_id(tx))
    if files is None:
        advice = "Name what to compare with: --against DIR or --against GIT-REF"
        raise ConfigError(("no rulebook has been active on this site yet", advice))
    return files


def _read_folder(path: Path) -> Files:
    from mailproc.opening.rulefolder import read_rules, read_texts
    from mailproc.yamlnodes import format_problem

    if path.is_dir():
        return read_rules(path)
    files, broken = read_texts([(str(path), path)])
    if broken:
        raise ConfigError(tuple(format_problem(problem, "") for problem in broken))
    return files


def _read_commit(ref: str, rules: Path) -> Files:
    """The rule files as they were in that commit."""
    from mailproc.opening.rulefolder import TESTS, is_rule_name, order_of

    folder = (rules if rules.is_dir() else rules.parent).resolve()
    if not _REF.fullmatch(ref):
        raise click.UsageError(f"--against {ref!r} is neither {RUNNING}, a folder nor the name of a git commit")
    try:
        commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}")
    except _GitError as error:
        text = f": {error}" if str(error) else ""
        raise click.UsageError(f"--against {ref}: no such folder, and no such commit in {folder}{text}") from None
    sha = commit.decode("ascii").strip()
    try:
        listed = _git(folder, "ls-tree", "-z", "--name-only", sha, "./", f"./{TESTS}/")
        names = sorted(filter(is_rule_name, listed.decode("utf-8", "replace").split("\0")), key=order_of)
        if not rules.is_dir():
            names = [name for name in names if name == rules.name]
        files = [(f"{ref}:{name}", _git(folder, "cat-file", "blob", f"{sha}:./{name}")) for name in names]
    except _GitError as error:
        raise ConfigError((f"git cannot read {folder} of {ref}: {error}",)) from None
    if not files:
        raise ConfigError((f"{ref}: {folder} had no rule files (*.yaml) then",))
    for name, raw in files:
        if len(raw) > _LARGEST:
            raise ConfigError((f"{name}: {len(raw)} bytes, a rule file has at most {_LARGEST}",))
    try:
        return tuple((name, raw.decode("utf-8")) for name, raw in files)
    except UnicodeDecodeError as error:
        raise ConfigError((f"{ref}: a rule file is no UTF-8 text: {error}",)) from None


class _GitError(Exception):
    """git said no; the text is what it said."""


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "--no-pager", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise _GitError("git is not installed") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _GitError(str(error)) from None
    if done.returncode:
        raise _GitError(done.stderr.decode("utf-8", "replace").strip())
    return done.stdout
