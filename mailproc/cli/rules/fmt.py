"""`mailproc rules fmt`: the rule files in their normal form. Writes the files it names."""

import sys
from pathlib import Path

import click


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Name the files that are not in normal form; write nothing.")
@click.option("--diff", "as_diff", is_flag=True, help="Show what would change; write nothing.")
@click.pass_obj
def fmt(config: Path | None, paths: tuple[Path, ...], only_check: bool, as_diff: bool) -> None:
    """Write the rule files in their normal form: two-space steps, name first, no needless quotes.

    PATH... are rule files or folders instead of the site's. Comments stay where they belong. A file whose meaning
    might change is left alone. Exit code 1: a file has errors, was left alone, or, with --check, is not in normal form.

    \b
    Examples:
      mailproc rules fmt
      mailproc rules fmt --check rules/
    """
    import difflib

    from mailproc import yamlnodes
    from mailproc.cli.rules.layout import Unsure, normalise
    from mailproc.cli.rules.source import count, shorten
    from mailproc.rulebook.book import show_problems

    changed = bad = total = 0
    for path in _find_files(config, paths):
        total += 1
        name = shorten(path)
        raw = path.read_bytes()
        document = yamlnodes.load(raw, name)
        if document.errors or document.root is None:
            bad += 1
            text = raw.decode("utf-8", "replace")
            for line in show_problems(document.errors, ((name, text),)) or (f"{name}: the file is empty",):
                click.echo(line)
            continue
        text = raw.decode("utf-8")
        try:
            done = normalise(text, name)
        except Unsure as error:
            bad += 1
            click.echo(f"{name}: left alone: {error}")
            continue
        if done == text:
            continue
        changed += 1
        if as_diff:
            lines = difflib.unified_diff(text.splitlines(), done.splitlines(), name, name, lineterm="")
            click.echo("\n".join(lines))
        elif only_check:
            click.echo(f"{name}: not in normal form; mailproc rules fmt writes it")
        else:
            write_file(path, done)
            click.echo(f"{name}: written")
    if not changed and not bad:
        click.echo(f"{count(total, 'file')} in normal form")
    sys.exit(1 if bad or (changed and only_check) else 0)


def _find_files(config: Path | None, paths: tuple[Path, ...]) -> list[Path]:
    from mailproc import settings
    from mailproc.opening.rulefolder import find_rule_files

    folders = paths or (settings.load(settings.find(config), needs_secrets=False).rules_dir,)
    return [file for path in folders for file in (find_rule_files(path) if path.is_dir() else [path])]


def write_file(path: Path, text: str) -> None:
    """Replaces the file as a whole, so that a daemon never sees half of it."""
    import os
    import shutil

    target = Path(os.path.realpath(path))
    draft = target.with_name(f".{target.name}.new")
    draft.write_text(text, encoding="utf-8", newline="")
    if target.exists():
        shutil.copymode(target, draft)
    draft.replace(target)
