"""`mailproc rules check, test, codes`: what is wrong with the rule files. Reads files; writes nothing."""

import json
import sys
from pathlib import Path

import click

from mailproc.cli.rules.schema import find_outdated
from mailproc.cli.rules.source import (
    Findings,
    count,
    examine,
    find_source,
    shorten,
    show_findings,
    with_source,
    write_json,
)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True, path_type=Path))
@with_source
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
    findings = examine(find_source(ctx.obj, (*paths, *((folder,) if folder else ())), addresses))
    form = "json" if as_json else form
    if form == "json":
        write_json(findings)
    else:
        tests = tuple(test.problem for test in findings.failed if test.problem is not None)
        show_findings(findings, (*findings.problems, *tests), form)
        if form == "text":
            click.echo(_sum_up(findings))
            for path in find_outdated(findings.source.paths):
                click.echo(f"{shorten(path)} is another version's; for your editor: mailproc rules schema --write")
    is_wrong = findings.errors or findings.failed or (strict and findings.problems)
    sys.exit(1 if is_wrong else 0)


@click.command()
@with_source
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
    findings = examine(find_source(ctx.obj, (folder,) if folder else (), addresses), only)
    form = "json" if as_json else form
    if only and findings.book is not None and not findings.tests:
        from mailproc.yamlnodes import did_you_mean

        near = did_you_mean(only, (test.name for test in findings.book.tests))
        raise click.UsageError(f'there is no test named "{only}"' + (f": {near}" if near else ""))
    unreached, share = _find_coverage(findings)
    if form == "json":
        extra = {"coverage": share, "unreached": list(unreached)} if coverage or fail_under else {}
        write_json(findings, errors_only=True, **extra)
    else:
        failed = tuple(test.problem for test in findings.failed if test.problem is not None)
        show_findings(findings, (*findings.errors, *failed), form)
        if form == "text":
            for name in unreached if coverage else ():
                click.echo(f'no test reaches "{name}"')
            if coverage or fail_under:
                click.echo(f"{share} % of the rules are reached by a test")
            if findings.book is not None:
                passed = len(findings.tests) - len(findings.failed)
                click.echo(f"{count(len(findings.tests), 'test')}, {passed} passed")
    sys.exit(1 if findings.errors or findings.failed or share < fail_under else 0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def codes(as_json: bool) -> None:
    """Print what each code in a message means."""
    from mailproc.rulebook.codes import CODES

    if as_json:
        click.echo(json.dumps(CODES, ensure_ascii=False, indent=1))
        return
    for code, text in CODES.items():
        click.echo(f"{code}  {text}")


def _find_coverage(findings: Findings) -> tuple[tuple[str, ...], int]:
    """(paths of the rules that no test reached, how many percent were reached)."""
    from mailproc.rulebook.rules import walk

    if findings.book is None:
        return (), 0
    every = tuple(rule.path for rule in (*findings.book.classify, *walk(findings.book.route)))
    reached = {path for test in findings.tests for path in test.rules}
    unreached = tuple(path for path in every if path not in reached)
    return unreached, 100 * (len(every) - len(unreached)) // len(every) if every else 100


def _sum_up(findings: Findings) -> str:
    """One line at the end: what is wrong, or that nothing is."""
    from mailproc import yamlnodes
    from mailproc.rulebook.rules import walk

    warnings = len(findings.problems) - len(findings.errors)
    parts = [
        count(number, word)
        for number, word in (
            (len(findings.errors), "error"),
            (len(findings.failed), "failed test"),
            (warnings, "warning"),
        )
        if number
    ]
    if findings.book is None:
        more = any(problem.code in yamlnodes.CODES for problem in findings.errors)
        return f"{', '.join(parts)}; the tests were not run" + (", and more may show once it can be read" * more)
    every = len(findings.book.classify) + len(walk(findings.book.route))
    seen = f"{count(len(findings.source.files), 'file')}, {count(every, 'rule')}, {count(len(findings.tests), 'test')}"
    return f"{seen}: {', '.join(parts) or 'all is well'}"
