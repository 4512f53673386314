"""The `mailproc` program: one click group, a noun a file, each imported only when it is called."""

import importlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mailproc import __version__
from mailproc.errors import ConfigError, MailprocError, SiteLocked, UsageError

# noun -> (module in this folder, what `mailproc --help` says)
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Make a site: settings, starter rules, keys."),
    "demo": ("demo", "Show the main job on a throw-away site."),
    "run": ("run", "Run the daemon, or with --once work and exit."),
    "deliver": ("deliver", "Take one message from standard input (for an MTA)."),
    "feed": ("feed", "Take messages from files, folders, Maildirs, mboxes."),
    "parse": ("parse", "Show what mailproc understands of a message."),
    "explain": ("explain", "Show what would happen to a message, or what did."),
    "ticket": ("ticket", "List, show, answer, close and reopen tickets."),
    "hold": ("hold", "List, show, release and discard held mail."),
    "outbox": ("outbox", "List outgoing mail, try it again, cancel it."),
    "rules": ("rules", "Check and test the rules."),
    "templates": ("templates", "List, check and preview the mails that are written."),
    "report": ("report", "Count what happened: how often each rule matched."),
    "doctor": ("doctor", "Look at everything mail needs, and say what to do."),
    "health": ("health", "Say whether the daemon is well."),
    "keys": ("keys", "List, rotate and revoke the keys that sign reply addresses."),
    "dkim": ("dkim", "Make the key that signs outgoing mail, show its DNS record, check it."),
    "auth": ("auth", "Log in at Google or Microsoft (OAuth2), show for how long."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported on use, so that `--help` stays instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mailproc.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mailproc")
@click.option(
    "--config",
    type=Path,  # whether it can be read is for the settings to say: each command has its own exit codes
    help="The site's mailproc.yaml. Default: $MAILPROC_CONFIG, ./mailproc.yaml, ~/.config/mailproc/, /etc/mailproc/.",
)
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """A help desk that lives in e-mail.

    \b
    Start here:
      mailproc demo                 see the main job in a few seconds
      mailproc init mysite          make a site
      mailproc --config mysite/mailproc.yaml run
    """
    ctx.obj = config


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit: 0 fine, 1 findings or failure, 2 usage, 75 another daemon holds the site."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without arrows still gets the rest
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = cli.main(
            args=None if arguments is None else list(arguments), prog_name="mailproc", standalone_mode=False
        )
    except click.exceptions.Abort:
        click.echo("mailproc: stopped", err=True)
        sys.exit(1)
    except click.ClickException as error:
        if "deliver" in words:
            # An MTA reads a leading 4.x.x as "keep the mail": a mistyped option must not bounce customers' mail
            click.echo(f"4.3.5 {error.format_message()}", err=True)
            sys.exit(64)
        error.show()
        sys.exit(2 if isinstance(error, click.UsageError) else 1)
    except SiteLocked as error:
        click.echo(f"mailproc: {error}", err=True)
        sys.exit(75)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except UsageError as error:
        click.echo(f"mailproc: {error}", err=True)
        sys.exit(2)
    except MailprocError as error:
        click.echo(f"mailproc: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)
