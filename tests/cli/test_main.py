"""The program as a whole: help, exit codes, errors in words."""

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mailproc.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom mailproc.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'peewee', 'jinja2', 'regex', 'numpy', 'aiosmtpd', 'yaml', 'inscriptis'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "heavy: []" in done.stdout
    for name in COMMANDS:
        assert name in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists_and_helps(name: str) -> None:
    module = importlib.import_module(f"mailproc.cli.{COMMANDS[name][0]}")
    command = getattr(module, name)
    assert isinstance(command, click.Command)
    assert command.help


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["bogus"], 2),
        (["ticket", "show"], 2),
        (["explain"], 2),
        (["--config", "/nowhere.yaml", "run"], 1),
    ],
)
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert (end.value.code or 0) == code


def test_no_traceback_reaches_a_person(shell) -> None:  # type: ignore[no-untyped-def]
    (shell.folder / "mailproc.yaml").write_text("version: 1\nsite: {nmae: x}\n", encoding="utf-8")
    for arguments in (["ticket", "list"], ["run", "--once"], ["feed", str(shell.folder)], ["hold", "list"]):
        code, _, err = shell(*arguments)
        assert code == 1
        assert "did you mean" in err and "mailproc.yaml:2:" in err
        assert "Traceback" not in err
