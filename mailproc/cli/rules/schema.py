"""`mailproc rules schema`: the JSON Schema of rule files, for editors. Prints; reads and writes nothing."""

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of rule files, for editors.

    \b
    Example:
      mailproc rules schema > rules/rules.schema.json

    An editor with a YAML language server then completes keys and marks mistakes in files that begin with

    \b
      # yaml-language-server: $schema=rules.schema.json
    """
    from mailproc.rulebook.schema import make_schema

    click.echo(json.dumps(make_schema(), ensure_ascii=False, indent=1))
