"""`mailproc rules schema`: the JSON Schema of rule files, for editors. Prints it, or writes it beside the rules."""

import json
from pathlib import Path

import click

FILE_NAME = "rules.schema.json"
HINT = f"# yaml-language-server: $schema={FILE_NAME}"


@click.command()
@click.option("--write", is_flag=True, help=f"Write it to the site's rules folder, as {FILE_NAME}.")
@click.option("--rules", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Write it to that folder instead.")
@click.pass_obj
def schema(config: Path | None, write: bool, folder: Path | None) -> None:
    """Print the JSON Schema (draft 2020-12) of rule files, for editors.

    `mailproc init` puts it beside the starter rules. An editor with a YAML language server completes keys and marks
    mistakes in files that begin with

    \b
      # yaml-language-server: $schema=rules.schema.json

    \b
    Examples:
      mailproc rules schema --write          (again after each upgrade of mailproc)
      mailproc rules schema > rules.schema.json
    """  # fmt: skip
    from mailproc.cli.rules.fmt import write_file
    from mailproc.cli.rules.source import shorten

    if not write and folder is None:
        click.echo(make_text(), nl=False)
        return
    path = (folder or _find_rules(config)) / FILE_NAME
    if _is_current(path):
        click.echo(f"{shorten(path)}: is this version's already")
        return
    write_file(path, make_text())
    click.echo(f"{shorten(path)}: written")


def make_text() -> str:
    """The schema as its file holds it."""
    from mailproc.rulebook.schema import make_schema

    return json.dumps(make_schema(), ensure_ascii=False, indent=1) + "\n"


def find_outdated(rule_files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Schemas beside these files that another version of mailproc wrote: editors mark good rules as wrong by them."""
    places = dict.fromkeys(path.parent / FILE_NAME for path in rule_files)
    return tuple(path for path in places if path.is_file() and not _is_current(path))


def _is_current(path: Path) -> bool:
    try:
        return path.read_text(encoding="utf-8") == make_text()
    except (OSError, UnicodeDecodeError):
        return False


def _find_rules(config: Path | None) -> Path:
    from mailproc import settings

    return settings.load(settings.find(config), needs_secrets=False).rules_dir
