"""Which rule files a command reads, for which site, and what there is to say of them. Reads files; writes nothing."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailproc.errors import ConfigError

if TYPE_CHECKING:
    from mailproc.records.site import Site
    from mailproc.rulebook.book import Rulebook
    from mailproc.rulebook.check import TestResult
    from mailproc.yamlnodes import Problem

FORMATS = click.Choice(["text", "json", "github"])


@dataclass(frozen=True, slots=True)
class Source:
    """What a command reads: the files, and the site they are for."""

    files: tuple[tuple[str, str], ...]  # (name as it is shown, text)
    broken: "tuple[Problem, ...]"  # files that are not even text
    site: "Site"
    templates: frozenset[str] | None
    folders: tuple[Path, ...]  # where a test's `eml` is looked for
    paths: tuple[Path, ...] = ()  # of the files
    templates_dir: Path | None = None  # the site's own mails


@dataclass(frozen=True, slots=True)
class Findings:
    """All there is to say about a set of files."""

    source: Source
    book: "Rulebook | None"
    problems: "tuple[Problem, ...]"
    tests: "tuple[TestResult, ...]"

    @property
    def errors(self) -> "tuple[Problem, ...]":
        return tuple(problem for problem in self.problems if not problem.is_warning)

    @property
    def failed(self) -> "tuple[TestResult, ...]":
        return tuple(test for test in self.tests if not test.passed)


def with_source(command: Any) -> Any:
    """The options that say which rules are meant, and how the answer is written."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
        click.option("--format", "form", type=FORMATS, default="text", show_default=True, help="How to answer."),
        click.option("--address", "addresses", multiple=True, metavar="ADDRESS",
                     help="An intake address, to check rules without a site. May be repeated."),
        click.option("--rules", "folder", type=click.Path(exists=True, path_type=Path),
                     help="The rule files (a folder or a file) instead of the site's."),
    ):  # fmt: skip
        command = option(command)
    return command


def find_source(config: Path | None, paths: tuple[Path, ...], addresses: tuple[str, ...]) -> Source:
    """The files that the options name, else the site's. Raises ConfigError when there is no site to check against."""
    from mailproc import settings, stock
    from mailproc.opening.rulefolder import find_mail_places, find_rule_files, read_texts, say_empty, template_names

    templates_dir: Path | None = None
    is_site = False
    if addresses:
        if not paths:
            raise click.UsageError("--address is for rules without a site: name them with --rules DIR or as PATH")
        site, base = _make_site(addresses), Path.cwd()
    else:
        try:
            loaded = settings.load(settings.find(config), needs_secrets=False)
        except ConfigError as error:
            if not paths or config is not None:
                raise
            advice = "To check rules without a site, name its intake addresses: --address support@acme.example"
            raise ConfigError((*error.problems, advice)) from None
        site, base = loaded.site, loaded.folder
        is_site = not paths
        paths = paths or (loaded.rules_dir,)
        templates_dir = loaded.templates_dir
    names: list[Path] = []
    for path in paths:
        found = find_rule_files(path) if is_site or path.is_dir() else [path]
        if not found:
            raise ConfigError((say_empty(path, shorten(path)),))
        names += found
    names = list(dict.fromkeys(names))
    shown = [shorten(name) for name in names]
    files, broken = read_texts(zip(shown, names, strict=True))
    templates = template_names(*(folder for folder in (stock.templates_dir(), templates_dir) if folder))
    if addresses:  # nobody said which languages such a site speaks: it misses no template
        templates = frozenset(name.rpartition("/")[2] for name in templates)
    return Source(files, broken, site, templates, find_mail_places(base, names), tuple(names), templates_dir)


def _make_site(addresses: tuple[str, ...]) -> "Site":
    """A site with these intake addresses and else the defaults; it speaks all shipped languages."""
    from mailproc.message.addresses import domain_of, normalise
    from mailproc.records.site import Site
    from mailproc.settings import SHIPPED_LANGUAGES

    ours = tuple(normalise(address) for address in addresses)
    if "" in ours:
        raise click.UsageError(f"--address {addresses[ours.index('')]!r} is not an address")
    return Site("Example", "ACME", ours, domain_of(ours[0]), languages=tuple(SHIPPED_LANGUAGES))


def examine(source: Source, only: str = "") -> Findings:
    from mailproc.opening.rulefolder import read_mail
    from mailproc.rulebook.book import read_book
    from mailproc.rulebook.check import run_tests

    if source.broken:
        return Findings(source, None, source.broken, ())
    book, problems = read_book(source.files, source.site, source.templates)
    if book is None:
        return Findings(source, None, problems, ())

    reader = partial(read_mail, source.folders, shown=", ".join(map(shorten, source.folders)))
    return Findings(source, book, problems, run_tests(book, source.site, only, reader))


def show_findings(findings: Findings, problems: "Iterable[Problem]", form: str) -> None:
    from mailproc.rulebook.book import show_problems

    if form == "text":
        for text in show_problems(problems, findings.source.files):
            click.echo(text)
        return
    for problem in problems:
        kind = "warning" if problem.is_warning else "error"
        name = _escape(problem.file).replace(":", "%3A").replace(",", "%2C")
        place = f"file={name},line={max(problem.line, 1)},col={max(problem.column, 1)}"
        click.echo(f"::{kind} {place}::{_escape(f'{problem.code} {problem.text}{chr(10)}{problem.hint}'.strip())}")


def _escape(text: str) -> str:
    """The text as workflow commands of GitHub carry it: on one line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def write_json(findings: Findings, *, errors_only: bool = False, **extra: object) -> None:
    problems = findings.errors if errors_only else findings.problems
    answer = {
        "files": [name for name, _ in findings.source.files],
        "problems": [_as_object(problem) for problem in problems],
        "tests": [
            {"name": test.name, "passed": test.passed, "problem": _as_object(test.problem) if test.problem else None}
            for test in findings.tests
        ],
        **extra,
    }
    click.echo(json.dumps(answer, ensure_ascii=False, indent=1))


def _as_object(problem: "Problem") -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "severity": "warning" if problem.is_warning else "error",
        "text": problem.text,
        "hint": problem.hint,
    }


def count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def shorten(path: Path) -> str:
    """The path as an admin would type it here; a link keeps its own name."""
    here = Path.cwd()
    for place in (Path(os.path.abspath(path)), path.parent.resolve() / path.name):
        if place.is_relative_to(here):
            return str(place.relative_to(here))
    return str(path)
