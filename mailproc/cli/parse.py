"""`mailproc parse`: what mailproc understands of messages, without a site. Reads files; writes only with --extract."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mailproc.records.mail import Attachment
    from mailproc.records.site import Site

_MBOXES = frozenset({".mbox", ".mbx"})
_LONGEST_NAME = 200  # bytes: file systems take 255
_LARGEST = 100_000_000  # bytes of one message; no mail server takes as much
_MOST_TAKEN = 10_000
_taken: dict[str, int] = {}  # path wanted -> the number to try next; only saves time
_FEW = 20  # messages that are read faster than processes are started


@dataclass(frozen=True, slots=True)
class Source:
    """One message to read: the name to show, and its file, its bytes or why there are none."""

    name: str
    path: str = ""
    raw: bytes = b""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be printed about one message."""

    out: str = ""  # for standard output
    notes: tuple[str, ...] = ()  # for standard error
    problem: str = ""  # why there is nothing else


@dataclass(frozen=True, slots=True)
class Work:
    """How messages are to be shown."""

    as_json: bool
    is_single: bool
    folder: Path | None  # for the attachments
    site: "Site | None"  # whose trust settings and languages count


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, allow_dash=True, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output; one line a message for several.")
@click.option(
    "--extract", "folder", type=click.Path(file_okay=False, path_type=Path), help="Save the attachments here."
)
@click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes. Default: one a core, none for few messages."
)
@click.pass_obj
def parse(config: Path | None, paths: tuple[Path, ...], as_json: bool, folder: Path | None, jobs: int | None) -> None:
    """Show what mailproc understands of the messages in PATH...: files, folders, mboxes, or - for standard input.

    Sender, subject, new text and quoted text, language, kind of mail (class) with the reason, attachments, bounced
    recipients, forwarded mail, level of trust with its evidence. No site is needed; with `mailproc --config FILE parse`
    that site's languages and trust settings count.

    Many messages are read by several processes and shown in order. A file that cannot be read is reported and the
    others go on; the exit code is then 1.

    \b
    Examples:
      mailproc parse complaint.eml
      mailproc parse --json inbox/ > inbox.jsonl
      mailproc parse --json --jobs 4 old.mbox inbox/ | grep '"class": "bounce"'
      mailproc parse --extract files/ complaint.eml
      mailproc --config mysite/mailproc.yaml parse complaint.eml
    """
    is_single = len(paths) == 1 and not paths[0].is_dir() and paths[0].suffix.lower() not in _MBOXES
    work = Work(as_json, is_single, folder, _load_site(config) if config is not None else None)
    unread = 0
    for source, answer in _with_progress(_read_all(paths, work, jobs), paths):
        for note in answer.notes:
            click.echo(note, err=True)
        if answer.problem:
            unread += 1
            click.echo(f"{source.name}: {answer.problem}", err=True)
            if as_json and not is_single:
                _write(_as_line({"file": source.name, "error": answer.problem}))
        else:
            _write(answer.out)
    if unread:
        sys.exit(1)


def read_message(source: Source, work: Work) -> Answer:
    """Read one message and say what was understood; saves its attachments where that is asked for."""
    from mailproc.cli.parsed import as_object, clean_name, describe
    from mailproc.message.parse import SHIPPED_LANGUAGES
    from mailproc.message.parse import parse as parse_message
    from mailproc.message.trust import assess

    try:
        raw = source.raw
        if source.path:
            with open(source.path, "rb") as file:
                raw = file.read(_LARGEST + 1)
    except OSError as error:
        return Answer(problem=f"cannot be read: {error.strerror or error}")
    if source.problem or len(raw) > _LARGEST:
        return Answer(problem=source.problem or f"is longer than {_LARGEST:,} bytes, no mail is")
    inbound = parse_message(raw, languages=work.site.languages if work.site else SHIPPED_LANGUAGES)
    envelope, site = _stand_in()
    trust = assess(inbound, envelope, work.site or site)
    notes = []
    try:
        for attachment in inbound.attachments if work.folder is not None else ():
            assert work.folder is not None
            notes.append(f"saved {clean_name(str(save_attachment(attachment, work.folder)))}")
    except OSError as error:
        return Answer(notes=tuple(notes), problem=f"its attachments cannot be saved: {error.strerror or error}")
    if not work.as_json:
        return Answer(describe(inbound, trust, "" if work.is_single else source.name), tuple(notes))
    facts = as_object(inbound, trust)
    if work.is_single:
        return Answer(json.dumps(facts, ensure_ascii=False, indent=1), tuple(notes))
    return Answer(_as_line({"file": source.name, **facts}), tuple(notes))


def save_attachment(attachment: "Attachment", folder: Path) -> Path:
    """Write the attachment under its cleaned name and return the path; a name in use gets a number, nothing is lost."""
    folder.mkdir(parents=True, exist_ok=True)
    stem, extension = os.path.splitext(attachment.filename)
    while len((stem + extension).encode("utf-8", "replace")) > _LONGEST_NAME:
        stem = stem[:-1]
    # Thousands of mails hold an image001.png; the count goes on where it was, not at 1
    key = str(folder / (stem + extension))
    if len(_taken) > _MOST_TAKEN:
        _taken.clear()
    number = _taken.get(key, 1)
    while True:
        name = stem + (f"-{number}" if number > 1 else "") + extension
        try:
            # x: fails on whatever is there, a symbolic link too
            with open(folder / name, "xb") as file:
                file.write(attachment.content)
            _taken[key] = number + 1
            return folder / name
        except FileExistsError:
            number += 1


def _read_all(paths: tuple[Path, ...], work: Work, jobs: int | None) -> Iterator[tuple[Source, Answer]]:
    """Every message with what is to be printed about it, in order; few of them are read in this process."""
    sources = _find_all(paths)
    first = list(islice(sources, _FEW))
    if jobs is None and len(first) < _FEW:
        for source in first:
            yield source, read_message(source, work)
        return
    import mailproc.message.parse  # noqa: F401  once, before there are processes
    from mailproc.cli.workers import Died, count_cores, run_ordered

    # Attachments of one name are numbered in the order of their mails, which several processes would not keep
    processes = jobs or (1 if work.folder is not None else count_cores())
    for source, found in run_ordered(chain(first, sources), partial(read_message, work=work), processes):
        yield source, Answer(problem=found.reason) if isinstance(found, Died) else found


def _find_all(paths: Iterable[Path]) -> Iterator[Source]:
    """Every message of these paths, found while the first ones are read already."""
    from mailproc.cli.parsed import clean_name

    for path in paths:
        if str(path) == "-":
            yield Source("-", raw=sys.stdin.buffer.read(_LARGEST + 1))
            continue
        for file in _walk(path) if path.is_dir() else (path,):
            if isinstance(file, OSError):
                yield Source(clean_name(str(file.filename)), problem=f"cannot be read: {file.strerror}")
            elif file.suffix.lower() in _MBOXES:
                yield from _read_mbox(file)
            else:
                yield Source(clean_name(str(file)), path=str(file))


def _read_mbox(file: Path) -> Iterator[Source]:
    from mailproc.cli.parsed import clean_name
    from mailproc.errors import UsageError
    from mailproc.intake.files import iter_mails

    try:
        for name, raw in iter_mails([file]):
            yield Source(clean_name(name), raw=raw)
    except UsageError as error:
        yield Source(clean_name(str(file)), problem=str(error).removeprefix(f"{file}: "))


def _walk(top: Path) -> Iterator["Path | OSError"]:
    """The files of a folder by name, then those of the folders in it; hidden ones are passed over.

    Of a Maildir what stands in tmp is not finished. Links to folders are not followed, so that this ends.
    """
    waiting = [str(top)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted((entry for entry in found if entry.name[0] != "."), key=lambda entry: entry.name)
        except OSError as error:
            yield error
            continue
        yield from (Path(entry.path) for entry in entries if entry.is_file())
        folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        is_maildir = {"cur", "new"} <= {entry.name for entry in folders}
        waiting += [entry.path for entry in reversed(folders) if entry.name != "tmp" or not is_maildir]


def _with_progress(
    answers: Iterator[tuple[Source, Answer]], paths: tuple[Path, ...]
) -> Iterator[tuple[Source, Answer]]:
    """The same answers; a bar on standard error moves where a person looks at nothing else."""
    if not sys.stderr.isatty() or sys.stdout.isatty() or (total := _count(paths)) < _FEW:
        yield from answers
        return
    with click.progressbar(length=total, label="reading", file=sys.stderr) as bar:
        for source, answer in answers:
            yield source, answer
            bar.update(1)


def _count(paths: Iterable[Path]) -> int:
    from mailproc.errors import UsageError
    from mailproc.intake.files import count_mails

    total = 0
    for file in chain.from_iterable(_walk(path) if path.is_dir() else (path,) for path in paths):
        total += 1
        if isinstance(file, Path) and file.suffix.lower() in _MBOXES:
            with suppress(UsageError):  # it counts as one, which will say what is wrong
                total += count_mails([file]) - 1
    return total


def _load_site(config: Path) -> "Site | None":
    """The site of these settings; None with a word on standard error where they cannot be used."""
    from mailproc import settings
    from mailproc.errors import ConfigError

    try:
        return settings.load(settings.find(config), needs_secrets=False).site
    except ConfigError as error:
        click.echo(f"{error}\nmailproc: shown without a site: these settings cannot be used", err=True)
        return None


def _stand_in() -> tuple[Any, Any]:
    """How a mail came that was read from a file, and a site that trusts nobody."""
    from datetime import UTC, datetime

    from mailproc.records.mail import Envelope
    from mailproc.records.site import Site

    return Envelope("feed", datetime.now(UTC)), Site("", "", (), "")


def _as_line(row: dict[str, Any]) -> str:
    # U+2028 and its kin are line ends for some readers of JSON lines
    line = json.dumps(row, ensure_ascii=False)
    for character in "\x85\u2028\u2029":
        line = line.replace(character, f"\\u{ord(character):04x}")
    return line


def _write(text: str) -> None:
    """UTF-8 whatever the locale: JSON is, and half a name helps nobody."""
    click.echo(text.encode("utf-8", "replace"))
