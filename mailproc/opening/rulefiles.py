"""Rule files judged, compared, written back. It knows no database; which files there are: `rulefolder`."""

import os
import pwd
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mailproc.errors import ConfigError
from mailproc.opening.rulefolder import (
    TESTS,
    Stamp,
    find_mail_places,
    find_rule_files,
    is_rule_name,
    name_below,
    name_whole,
    read_mail,
    read_rules,
    take_stamp,
    template_names,
)
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.rules import walk
from mailproc.settings import Settings
from mailproc.stock import templates_dir
from mailproc.store.rulebooks import Files, digest_of

_ASIDE = ".before-rollback"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be said of a set of files."""

    files: Files
    digest: str
    book: Rulebook | None
    problems: tuple[str, ...] = ()
    stamp: Stamp = ()  # of the folder, taken before the files were read

    @property
    def problem(self) -> str:
        """All that is wrong, a paragraph each; "" when nothing is."""
        return "\n".join(self.problems)


def load_book(files: Files, loaded: Settings, *, has_passed: bool = False) -> Rulebook:
    """The rulebook of these files, its inline tests passed; `has_passed`: they did before, and are not run again.

    Raises ConfigError with every problem and every failed test.
    """
    book = load(files, loaded.site, template_names(templates_dir(), loaded.templates_dir))
    if has_passed:
        return book
    tests = run_tests(book, loaded.site, read_mail=_find_reader(loaded))
    failed = tuple(result.line for result in tests if not result.passed)
    if failed:
        raise ConfigError(failed)
    return book


def judge_folder(loaded: Settings, running: Files | None, passed: str = "") -> Judged:
    """The files of the rules folder, checked and tested; `running` is the book in force, as it is stored.

    `passed` is the digest of files whose tests need not be run again.
    """
    stamp = take_stamp(loaded.rules_dir)
    try:
        files = read_rules(loaded.rules_dir)
    except ConfigError as error:
        return Judged((), "", None, error.problems, stamp)
    below = name_below(files, loaded.rules_dir)
    digest = digest_of(below)
    cut = find_cut(running, below, loaded.rules_dir) if running else ()
    try:
        book = load_book(files, loaded, has_passed=digest == passed)
    except ConfigError as error:
        return Judged(below, digest, None, (*cut, *error.problems), stamp)
    return Judged(below, digest, None if cut else book, cut, stamp)


def judge_stored(files: Files, loaded: Settings) -> Judged:
    """Files out of the store, checked and tested for this host.

    A test whose mail lies in a file that this host does not have was run where the file is, and does not count.
    """
    whole = name_whole(files, loaded.rules_dir)
    try:
        book = load(whole, loaded.site, template_names(templates_dir(), loaded.templates_dir))
    except ConfigError as error:
        return Judged(files, digest_of(files), None, error.problems)
    tests = run_tests(book, loaded.site, read_mail=_find_reader(loaded))
    failed = tuple(
        test.line for test in tests if not test.passed and test.problem is not None and test.problem.code != "T002"
    )
    return Judged(files, digest_of(files), None if failed else book, failed)


def find_cut(running: Files, files: Files, folder: Path) -> tuple[str, ...]:
    """A line for every file that is the running one cut short (F25); both sets of files as they are stored.

    Such a file may well be valid: nothing but the missing end tells that a disk was full or a copy broke off. Whoever
    did remove the end of a file says so with `mailproc rules apply`.
    """
    former = dict(running)
    found = []
    for name, text in files:
        old = former.get(name, "")
        if len(text) < len(old) and old.startswith(text) and old[len(text) :].strip():
            line = text.count("\n") + 1
            found.append(
                f"{folder / name}:{line}:1 the file ends here, and the running rules go on: it may have been cut short."
                " If its end was removed on purpose, say so: mailproc rules apply"
            )
    return tuple(found)


def looks_unfinished(folder: Path) -> bool:
    """True when the last line of a file has no end: it may still be on its way."""
    try:
        for path in find_rule_files(folder):
            with path.open("rb") as stream:
                if stream.seek(0, os.SEEK_END):
                    stream.seek(-1, os.SEEK_END)
                    if stream.read(1) != b"\n":
                        return True
    except (OSError, ConfigError):
        return True
    return False


def count_rules(book: Rulebook) -> int:
    """How many rules a book has, children included."""
    return len(book.classify) + len(walk(book.route))


def find_author(folder: Path) -> str:
    """Who owns the file that was changed last, "" when that cannot be told."""
    newest = (0, -1)
    for name, *_ in take_stamp(folder):
        with suppress(OSError):
            state = (folder / name).stat()
            newest = max(newest, (state.st_mtime_ns, state.st_uid))
    try:
        return pwd.getpwuid(newest[1]).pw_name
    except (KeyError, OverflowError):
        return ""


def _find_reader(loaded: Settings) -> partial[bytes]:
    """Reads a mail that a test of the site's rules names."""
    folder = loaded.rules_dir
    return partial(read_mail, find_mail_places(loaded.path.parent, (folder / "any", folder / TESTS / "any")))


def write_back(files: Files, folder: Path) -> tuple[Path, ...]:
    """Make the folder hold exactly these files; what is replaced stays beside it, under the names returned.

    Each file is replaced whole. Raises OSError when one cannot be written, ValueError for a name outside the folder.
    """
    kept: list[Path] = []
    wanted = {_safe_place(folder, name): text for name, text in files}
    for path in find_rule_files(folder):
        if path not in wanted:
            kept.append(_find_aside(path))
            path.rename(kept[-1])
    for path, text in wanted.items():
        target = Path(os.path.realpath(path))  # a link stays a link
        if target.exists():
            if target.read_bytes() == text.encode("utf-8"):
                continue
            kept.append(_find_aside(path))
            shutil.copy2(target, kept[-1])
        _replace(target, text)
    return tuple(kept)


def _safe_place(folder: Path, name: str) -> Path:
    if not is_rule_name(name):
        raise ValueError(f'"{name}" is no name of a rule file')
    return folder / name


def _find_aside(path: Path) -> Path:
    """A free name beside the file that is not read as rules."""
    number = 1
    while True:
        aside = path.with_name(f"{path.name}{_ASIDE}{'' if number == 1 else f'-{number}'}")
        if not aside.exists():
            return aside
        number += 1


def _replace(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    with draft.open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    if target.exists():
        shutil.copymode(target, draft)
    draft.replace(target)
