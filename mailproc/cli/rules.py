"""`mailproc rules`: check the rule files, run their tests, explain the codes. Reads files; writes nothing."""

import json
import sys
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

_FORMATS = click.Choice(["text", "json", "github"])


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


@click.group()
def rules() -> None:
    """Check and test the rules.

    \b
    Examples:
      mailproc rules check
      mailproc rules test --only "VIP outage at night pages on-call"
      mailproc rules check --rules rules/ --address support@acme.example
    """


def _with_source(command: Any) -> Any:
    """The options that say which rules are meant, and how the answer is written."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
        click.option("--format", "form", type=_FORMATS, default="text", show_default=True, help="How to answer."),
        click.option("--address", "addresses", multiple=True, metavar="ADDRESS",
                     help="An intake address, to check rules without a site. May be repeated."),
        click.option("--rules", "folder", type=click.Path(exists=True, path_type=Path),
                     help="The rule files (a folder or a file) instead of the site's."),
    ):  # fmt: skip
        command = option(command)
    return command


@rules.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True, path_type=Path))
@_with_source
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.pass_context
def check(
    ctx: click.Context,
    paths: tuple[Path, ...],
    folder: Path | None,
    addresses: tuple[str, ...],
    form: str,
    as_json: bool,
    strict: bool,
) -> None:
    """Check the rule files and run their tests.

    PATH... are rule files or folders instead of the site's. Exit code 1 for errors and failed tests.
    """
    findings = _examine(_find_source(ctx.obj, (*paths, *((folder,) if folder else ())), addresses))
    form = "json" if as_json else form
    if form == "json":
        _write_json(findings)
    else:
        tests = tuple(test.problem for test in findings.failed if test.problem is not None)
        _show_problems(findings, (*findings.problems, *tests), form)
        if form == "text":
            click.echo(_sum_up(findings))
    is_wrong = findings.errors or findings.failed or (strict and findings.problems)
    sys.exit(1 if is_wrong else 0)


@rules.command()
@_with_source
@click.option("--only", default="", metavar="NAME", help="Run the test of that name alone.")
@click.option("--coverage", is_flag=True, help="Name each rule that no test reached.")
@click.option("--fail-under", type=click.IntRange(0, 100), default=0, metavar="N", help="Fail when fewer than N % are.")
@click.pass_context
def test(
    ctx: click.Context,
    folder: Path | None,
    addresses: tuple[str, ...],
    form: str,
    as_json: bool,
    only: str,
    coverage: bool,
    fail_under: int,
) -> None:
    """Run the inline tests of the rules. Exit code 1 when one fails."""
    findings = _examine(_find_source(ctx.obj, (folder,) if folder else (), addresses), only)
    form = "json" if as_json else form
    if only and findings.book is not None and not findings.tests:
        from mailproc.yamlnodes import did_you_mean

        near = did_you_mean(only, (test.name for test in findings.book.tests))
        raise click.UsageError(f'there is no test named "{only}"' + (f": {near}" if near else ""))
    unreached, share = _find_coverage(findings)
    if form == "json":
        extra = {"coverage": share, "unreached": list(unreached)} if coverage or fail_under else {}
        _write_json(findings, errors_only=True, **extra)
    else:
        failed = tuple(test.problem for test in findings.failed if test.problem is not None)
        _show_problems(findings, (*findings.errors, *failed), form)
        if form == "text":
            for name in unreached if coverage else ():
                click.echo(f'no test reaches "{name}"')
            if coverage or fail_under:
                click.echo(f"{share} % of the rules are reached by a test")
            if findings.book is not None:
                passed = len(findings.tests) - len(findings.failed)
                click.echo(f"{_count(len(findings.tests), 'test')}, {passed} passed")
    sys.exit(1 if findings.errors or findings.failed or share < fail_under else 0)


@rules.command()
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def codes(as_json: bool) -> None:
    """Print what each code in a message means."""
    from mailproc.rulebook.codes import CODES

    if as_json:
        click.echo(json.dumps(CODES, ensure_ascii=False, indent=1))
        return
    for code, text in CODES.items():
        click.echo(f"{code}  {text}")


def _find_source(config: Path | None, paths: tuple[Path, ...], addresses: tuple[str, ...]) -> Source:
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
        names += sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
    if not names:
        raise ConfigError(tuple(f"{_shorten(path)}: no rule files (*.yaml) here" for path in paths))
    files: list[tuple[str, str]] = []
    broken: list[Problem] = []
    for name in dict.fromkeys(names):
        try:
            raw = name.read_bytes()
            files.append((_shorten(name), raw.decode("utf-8")))
        except UnicodeDecodeError:
            broken += yamlnodes.load(raw, _shorten(name)).problems
        except OSError as error:
            raise ConfigError((f"{_shorten(name)}: cannot be read: {error.strerror}",)) from None
    folders = (
        base,
        *dict.fromkeys(name.parent for name in names),
        *dict.fromkeys(name.parent.parent for name in names),
    )
    return Source(tuple(files), tuple(broken), site, _find_templates(template_folders), folders)


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
    """The names of the mails there are, in whatever language."""
    return frozenset(path.name.removesuffix(".txt.j2") for folder in folders for path in folder.glob("*/*.txt.j2"))


def _examine(source: Source, only: str = "") -> Findings:
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
        raise FileNotFoundError(f"there is no such file in {', '.join(_shorten(path) for path in source.folders)}")

    return Findings(source, book, problems, run_tests(book, source.site, only, read_mail))


def _find_coverage(findings: Findings) -> tuple[tuple[str, ...], int]:
    """(paths of the rules that no test reached, how many percent were reached)."""
    from mailproc.rulebook.rules import walk

    if findings.book is None:
        return (), 0
    every = tuple(rule.path for rule in (*findings.book.classify, *walk(findings.book.route)))
    reached = {path for test in findings.tests for path in test.rules}
    unreached = tuple(path for path in every if path not in reached)
    return unreached, 100 * (len(every) - len(unreached)) // len(every) if every else 100


def _show_problems(findings: Findings, problems: "Iterable[Problem]", form: str) -> None:
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


def _write_json(findings: Findings, *, errors_only: bool = False, **extra: object) -> None:
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


def _sum_up(findings: Findings) -> str:
    """One line at the end: what is wrong, or that nothing is."""
    from mailproc.rulebook.rules import walk

    warnings = len(findings.problems) - len(findings.errors)
    parts = [
        _count(number, word)
        for number, word in (
            (len(findings.errors), "error"),
            (len(findings.failed), "failed test"),
            (warnings, "warning"),
        )
        if number
    ]
    if findings.book is None:
        return f"{', '.join(parts)}; the tests were not run"
    every = len(findings.book.classify) + len(walk(findings.book.route))
    seen = (
        f"{_count(len(findings.source.files), 'file')}, {_count(every, 'rule')}, {_count(len(findings.tests), 'test')}"
    )
    return f"{seen}: {', '.join(parts) or 'all is well'}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _shorten(path: Path) -> str:
    """The path as an admin would type it here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
