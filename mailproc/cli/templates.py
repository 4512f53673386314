"""`mailproc templates`: the mails there are, what is wrong with them, how they look. Reads files; sends nothing."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from mailproc.errors import ConfigError

if TYPE_CHECKING:
    from mailproc.yamlnodes import Problem


class _Place(NamedTuple):
    """Which templates are meant."""

    folder: Path | None  # the site's; None: only the shipped ones
    languages: tuple[str, ...]
    default_language: str
    timezone: str


_folder_option = click.option(
    "--templates", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="A folder of templates instead of the site's.",
)  # fmt: skip
_json_option = click.option("--json", "as_json", is_flag=True, help="A JSON object on standard output.")


@click.group()
def templates() -> None:
    """List, check and preview the mails that mailproc writes.

    \b
    Examples:
      mailproc templates list
      mailproc templates check
      mailproc templates preview received --lang de --html --out received.html
    """


@templates.command("list")
@_folder_option
@_json_option
@click.pass_obj
def list_mails(config: Path | None, folder: Path | None, as_json: bool) -> None:
    """List the mails, who gets them, and which the site has changed in which language."""
    from mailproc.render.probe import list_languages, list_names
    from mailproc.render.variables import OPTIONAL, TO_CUSTOMERS, VARIABLES, kind_of
    from mailproc.stock import templates_dir

    place, stock = _find_place(config, folder), templates_dir()
    languages = list_languages(place.folder, stock)
    rows = []
    for name in list_names(place.folder):
        kind = kind_of(name)
        rows.append(
            {
                "name": name,
                "to": "customer" if kind in TO_CUSTOMERS else "inside",
                "shipped": [code for code in languages if (stock / code / f"{name}.txt.j2").is_file()],
                "changed": [code for code in languages if _is_changed(place.folder, code, name)],
                "variables": [f"{key}*" if key in OPTIONAL[kind] else key for key in VARIABLES[kind]],
            }
        )
    if as_json:
        click.echo(json.dumps({"languages": languages, "mails": rows}, ensure_ascii=False, indent=1))
        return
    for row in rows:
        changed = ", ".join(row["changed"])
        note = f"changed: {changed}" if changed and row["shipped"] else f"the site's own: {changed}" if changed else ""
        click.echo(f"{row['name']:<12} {row['to']:<9} {note}".rstrip())
    click.echo(f"\nLanguages: {', '.join(languages)}. Variables: mailproc templates list --json, templates/README.md")


@templates.command()
@_folder_option
@_json_option
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.pass_obj
def check(config: Path | None, folder: Path | None, as_json: bool, strict: bool) -> None:
    """Check the site's templates, or the shipped ones where there is no site.

    Finds unknown variables, mails without the case number, HTML that does not fit together or loads something from
    elsewhere, languages that lack a mail. Exit code 1 for errors.
    """
    from mailproc.render.checking import check_templates, name_files
    from mailproc.stock import templates_dir
    from mailproc.yamlnodes import format_problem

    place = _find_place(config, folder)
    problems = check_templates(place.folder, templates_dir(), place.languages, place.default_language)
    errors = [problem for problem in problems if not problem.is_warning]
    if as_json:
        click.echo(json.dumps({"problems": [_as_object(item) for item in problems]}, ensure_ascii=False, indent=1))
    else:
        texts = name_files(problems)
        for problem in problems:
            click.echo(format_problem(_shortened(problem), texts.get(problem.file, "")))
        click.echo(_sum_up(place, len(errors), len(problems) - len(errors)))
    sys.exit(1 if errors or (strict and problems) else 0)


@templates.command()
@click.argument("name")
@_folder_option
@click.option("--lang", "language", metavar="LANGUAGE", help="Its code, as in de. Default: the site's.")
@click.option("--html", "form", flag_value="html", help="The HTML part.")
@click.option("--text", "form", flag_value="text", default=True, help="Subject and text (the default).")
@click.option("--bare", is_flag=True, help="With everything left out that may be missing.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it to a file.")
@click.pass_obj
def preview(
    config: Path | None,
    name: str,
    folder: Path | None,
    language: str | None,
    form: str,
    bare: bool,
    out: Path | None,
) -> None:
    """Show a mail with the values of a sample case.

    \b
    Example:
      mailproc templates preview resolved --lang pl --html --out resolved.html
    """
    from mailproc.errors import UsageError
    from mailproc.render import Renderer
    from mailproc.render.probe import list_names
    from mailproc.render.variables import sample_contexts
    from mailproc.yamlnodes import did_you_mean

    place = _find_place(config, folder)
    names = list_names(place.folder)
    if name not in names:
        near = did_you_mean(name, names)
        raise UsageError(f"there is no mail {name}" + (f": {near}" if near else f"; there are {', '.join(names)}"))
    values = sample_contexts(name)[1 if bare else 0]
    renderer = Renderer(place.folder, place.default_language)
    rendered = renderer.render(name, language or place.default_language, values, place.timezone)
    made = rendered.html if form == "html" else f"Subject: {rendered.subject}\n\n{rendered.text}"
    if out is None:
        click.echo(made, nl=not made.endswith("\n"))
    else:
        out.write_text(made, "utf-8")
        click.echo(f"{out}: {name}, {'HTML' if form == 'html' else 'text'}")
    if rendered.problem:
        click.echo(rendered.problem, err=True)
        sys.exit(1)


def _find_place(config: Path | None, folder: Path | None) -> _Place:
    """The folder that was named, else the site's; the shipped templates alone where there is no site."""
    from mailproc import settings

    try:
        loaded = settings.load(settings.find(config), needs_secrets=False)
    except ConfigError:
        if config is not None:
            raise
        return _Place(folder, (), "en", "UTC")
    site = loaded.site
    return _Place(folder or loaded.templates_dir, site.languages, site.default_language, site.timezone)


def _is_changed(folder: Path | None, language: str, name: str) -> bool:
    return folder is not None and any((folder / language / f"{name}.{kind}.j2").is_file() for kind in ("txt", "html"))


def _sum_up(place: _Place, errors: int, warnings: int) -> str:
    where = _shorten(place.folder) if place.folder is not None else "the shipped templates"
    if not errors and not warnings:
        return f"{where}: all is well"
    words = ", ".join(
        f"{number} {word}{'' if number == 1 else 's'}" for number, word in ((errors, "error"), (warnings, "warning"))
    )
    return f"{where}: {words}"


def _shortened(problem: "Problem") -> "Problem":
    from dataclasses import replace

    return replace(problem, file=_shorten(Path(problem.file)))


def _shorten(path: Path) -> str:
    """The path as an admin would type it here."""
    absolute, here = Path(os.path.abspath(path)), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)


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
