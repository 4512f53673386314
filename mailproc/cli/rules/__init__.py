"""`mailproc rules`: one verb or a few a file of this folder, each imported only when it is called."""

import importlib

import click

# verb -> (module in this folder, what `mailproc rules --help` says)
VERBS: dict[str, tuple[str, str]] = {
    "check": ("check", "Check the rule files and run their tests."),
    "test": ("check", "Run the inline tests; with --coverage name rules no test reaches."),
    "explain": ("explain", "Show what the rules make of a mail, condition by condition."),
    "replay": ("replay", "Decide stored mail again and show what would differ."),
    "apply": ("versions", "Put the rule files in force, after check, tests and a replay."),
    "rollback": ("versions", "Put an earlier version in force again."),
    "log": ("versions", "List the versions: when, who, how, why."),
    "fmt": ("fmt", "Write the rule files in their normal form."),
    "ticket": ("astest", "Make an inline test of a real ticket, redacted."),
    "schema": ("schema", "Print the JSON Schema of rule files, for editors."),
    "codes": ("check", "Print what each code in a message means."),
}


class _Verbs(click.Group):
    """A group whose verbs are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = getattr(importlib.import_module(f"{__name__}.{VERBS[cmd_name][0]}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group(cls=_Verbs)
def rules() -> None:
    """Check and test the rules.

    \b
    Examples:
      mailproc rules check
      mailproc rules test --only "VIP outage at night pages on-call"
      mailproc rules check --rules rules/ --address support@acme.example
    """
