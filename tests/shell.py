"""The program called in this process as a shell would call it: a start of Python for each command costs a second."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailproc.cli import main


def call(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of `mailproc ARGUMENTS`."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline=""), io.StringIO()
    former = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
            main(list(arguments))
    finally:
        sys.stdin = former
    out.flush()
    out.seek(0)
    code = end.value.code
    return (code if isinstance(code, int) else 0 if code is None else 1), out.read(), err.getvalue()


@dataclass
class Shell:
    """One site and what its commands print."""

    folder: Path

    def __call__(self, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """(exit code, standard output, standard error) of `mailproc --config SITE ARGUMENTS`."""
        return call("--config", str(self.folder / "mailproc.yaml"), *arguments, stdin=stdin)

    def json(self, *arguments: str) -> Any:
        """What a reading command prints with --json."""
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def take(self, *mails: bytes) -> None:
        """Deliver mails by pipe and decide them."""
        for raw in mails:
            code, _, err = self("deliver", stdin=raw)
            assert code == 0, err
        code, _, err = self("run", "--once")
        assert code == 0, err
