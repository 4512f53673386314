"""The rule files of a folder: read, stamped, judged, written back. It knows no database.

A file's name here is its place below the rules folder, so that the same files on two hosts are the same book; messages
show the whole path.
"""

import os
import pwd
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mailproc.errors import ConfigError
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.rules import walk
from mailproc.settings import Settings
from mailproc.stock import templates_dir
from mailproc.store.rulebooks import Files, digest_of

Stamp = tuple[tuple[str, int, int, int], ...]

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


def find_rule_files(folder: Path) -> list[Path]:
    """The rule files there are, in name order."""
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def read_rules(folder: Path) -> Files:
    """(whole path, text) of every rule file, in name order.

    Raises ConfigError when the folder or a file cannot be read.
    """
    paths = find_rule_files(folder)
    if not paths:
        raise ConfigError((f"{folder}: no rule files (*.yaml) here; `mailproc init` writes a starter set",))
    files = []
    for path in paths:
        try:
            files.append((str(path), path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError((f"{path}: cannot be read as UTF-8 text: {error}",)) from error
    return tuple(files)


def name_below(files: Files, folder: Path) -> Files:
    """The files as they are stored: named by their place below the folder."""
    return tuple((Path(name).relative_to(folder).as_posix(), text) for name, text in files)


def name_whole(files: Files, folder: Path) -> Files:
    """Stored files as messages show them."""
    return tuple((str(folder / name), text) for name, text in files)


def take_stamp(folder: Path) -> Stamp:
    """What changes when a file of the folder does, without reading any."""
    found = []
    for path in find_rule_files(folder):
        with suppress(OSError):  # gone meanwhile: the next look tells
            state = path.stat()
            found.append((path.name, state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)


def load_book(files: Files, loaded: Settings) -> Rulebook:
    """The rulebook of these files, its inline tests passed.

    Raises ConfigError with every problem and every failed test.
    """
    book = load(files, loaded.site, template_names(loaded.templates_dir))
    tests = run_tests(book, loaded.site, read_mail=partial(read_test_mail, loaded))
    failed = tuple(result.line for result in tests if not result.passed)
    if failed:
        raise ConfigError(failed)
    return book


def judge_folder(loaded: Settings, running: Files | None) -> Judged:
    """The files of the rules folder, checked and tested; `running` is the book in force, as it is stored."""
    stamp = take_stamp(loaded.rules_dir)
    try:
        files = read_rules(loaded.rules_dir)
    except ConfigError as error:
        return Judged((), "", None, error.problems, stamp)
    below = name_below(files, loaded.rules_dir)
    cut = find_cut(running, files, loaded.rules_dir) if running else ()
    try:
        book = load_book(files, loaded)
    except ConfigError as error:
        return Judged(below, digest_of(below), None, (*cut, *error.problems), stamp)
    return Judged(below, digest_of(below), None if cut else book, cut, stamp)


def judge_stored(files: Files, loaded: Settings) -> Judged:
    """Files out of the store, checked and tested for this host.

    A test whose mail lies in a file that this host does not have was run where the file is, and does not count.
    """
    whole = name_whole(files, loaded.rules_dir)
    try:
        book = load(whole, loaded.site, template_names(loaded.templates_dir))
    except ConfigError as error:
        return Judged(files, digest_of(files), None, error.problems)
    tests = run_tests(book, loaded.site, read_mail=partial(read_test_mail, loaded))
    failed = tuple(
        test.line for test in tests if not test.passed and test.problem is not None and test.problem.code != "T002"
    )
    return Judged(files, digest_of(files), None if failed else book, failed)


def find_cut(running: Files, files: Files, folder: Path) -> tuple[str, ...]:
    """A line for every file that is the running one cut short (F25).

    Such a file may well be valid: nothing but the missing end tells that a disk was full or a copy broke off. Whoever
    did remove the end of a file says so with `mailproc rules apply`.
    """
    former = dict(running)
    found = []
    for (name, text), (whole, _) in zip(name_below(files, folder), files, strict=True):
        old = former.get(name, "")
        if len(text) < len(old) and old.startswith(text) and old[len(text) :].strip():
            line = text.count("\n") + 1
            found.append(
                f"{whole}:{line}:1 the file ends here, and the running rules go on: it may have been cut short."
                " If its end was removed on purpose, say so: mailproc rules apply"
            )
    return tuple(found)


def looks_unfinished(folder: Path) -> bool:
    """True when the last line of a file has no end: it may still be on its way."""
    for path in find_rule_files(folder):
        try:
            with path.open("rb") as stream:
                if stream.seek(0, os.SEEK_END):
                    stream.seek(-1, os.SEEK_END)
                    if stream.read(1) != b"\n":
                        return True
        except OSError:
            return True
    return False


def count_rules(book: Rulebook) -> int:
    """How many rules a book has, children included."""
    return len(book.classify) + len(walk(book.route))


def find_author(folder: Path) -> str:
    """Who owns the file that was changed last, "" when that cannot be told."""
    newest = (0, -1)
    for path in find_rule_files(folder):
        with suppress(OSError):
            state = path.stat()
            newest = max(newest, (state.st_mtime_ns, state.st_uid))
    try:
        return pwd.getpwuid(newest[1]).pw_name
    except (KeyError, OverflowError):
        return ""


def template_names(site_templates: Path) -> frozenset[str]:
    """Every template a rule may name: shipped ones and the site's own."""
    folders = (templates_dir(), site_templates)
    return frozenset(path.name.removesuffix(".txt.j2") for folder in folders for path in folder.glob("*/*.txt.j2"))


def read_test_mail(loaded: Settings, name: str) -> bytes:
    """The file an inline test names with `eml:`, sought in the site's folder, the rules' folder and above it.

    Raises OSError when none of them has it.
    """
    places = (loaded.path.parent, loaded.rules_dir, loaded.rules_dir.parent)
    found = next((place / name for place in places if (place / name).is_file()), places[0] / name)
    return found.read_bytes()


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
    if Path(name).is_absolute() or ".." in Path(name).parts:
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
