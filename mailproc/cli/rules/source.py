"""Which rule files a command reads, for which site, and what there is to say of them. Reads files; writes nothing."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
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

    files: tuple[tuple[str, str], ...]
    broken: "tuple[Problem, ...]"  # files that are not even text
    site: "Site"
    templates: frozenset[str] | None
    folders: tuple[Path, ...]  # where a test's `eml` is looked for


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
    from mailproc import settings, stock, yamlnodes

    template_folders = [stock.templates_dir()]
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
        paths = paths or (loaded.rules_dir,)
        template_folders.append(loaded.templates_dir)
    names: list[Path] = []
    for path in paths:
        names += list_files(path) if path.is_dir() else [path]
    if not names:
        raise ConfigError(tuple(f"{shorten(path)}: no rule files (*.yaml) here" for path in paths))
    files: list[tuple[str, str]] = []
    broken: list[Problem] = []
    for name in dict.fromkeys(names):
        try:
            raw = name.read_bytes()
            files.append((shorten(name), raw.decode("utf-8")))
        except UnicodeDecodeError:
            broken += yamlnodes.load(raw, shorten(name)).problems
        except OSError as error:
            raise ConfigError((f"{shorten(name)}: cannot be read: {error.strerror}",)) from None
    folders = (
        base,
        *dict.fromkeys(name.parent for name in names),
        *dict.fromkeys(name.parent.parent for name in names),
    )
    templates = _find_templates(template_folders)
    if addresses:  # nobody said which languages such a site speaks: it misses no template
        templates = frozenset(name.rpartition("/")[2] for name in templates)
    return Source(tuple(files), tuple(broken), site, templates, folders)


def _make_site(addresses: tuple[str, ...]) -> "Site":
    """A site with these intake addresses and else the defaults; it speaks all shipped languages."""
    from mailproc.message.addresses import domain_of, normalise
    from mailproc.records.site import Site
    from mailproc.settings import SHIPPED_LANGUAGES

    ours = tuple(normalise(address) for address in addresses)
    if "" in ours:
        raise click.UsageError(f"--address {addresses[ours.index('')]!r} is not an address")
    return Site("Example", "ACME", ours, domain_of(ours[0]), languages=tuple(SHIPPED_LANGUAGES))


def _find_templates(folders: Iterable[Path]) -> frozenset[str]:
    """The mails there are, each as `de/received`."""
    paths = (path for folder in folders for path in folder.glob("*/*.txt.j2"))
    return frozenset(f"{path.parent.name}/{path.name.removesuffix('.txt.j2')}" for path in paths)


def examine(source: Source, only: str = "") -> Findings:
    from mailproc.rulebook.book import read_book
    from mailproc.rulebook.check import run_tests

    if source.broken:
        return Findings(source, None, source.broken, ())
    book, problems = read_book(source.files, source.site, source.templates)
    if book is None:
        return Findings(source, None, problems, ())

    def read_mail(name: str) -> bytes:
        for folder in source.folders:
            path = folder / name
            if path.is_file():
                return path.read_bytes()
        raise FileNotFoundError(f"there is no such file in {', '.join(shorten(path) for path in source.folders)}")

    return Findings(source, book, problems, run_tests(book, source.site, only, read_mail))


def show_findings(findings: Findings, problems: "Iterable[Problem]", form: str) -> None:
    from mailproc.rulebook.book import show_problems

    if form == "text":
        for text in show_problems(problems, findings.source.files):
            click.echo(text)
        return
    for problem in problems:
        kind = "warning" if problem.is_warning else "error"
        place = f"file={problem.file},line={max(problem.line, 1)},col={max(problem.column, 1)}"
        text = f"{problem.code} {problem.text}\n{problem.hint}".strip()
        click.echo(f"::{kind} {place}::{text.replace('%', '%25').replace(chr(10), '%0A')}")


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
    """The path as an admin would type it here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def list_files(folder: Path) -> list[Path]:
    """The rule files of a folder in name order, then those of its `tests` folder."""
    folders = (folder, folder / "tests")
    return [path for place in folders for path in sorted([*place.glob("*.yaml"), *place.glob("*.yml")])]
