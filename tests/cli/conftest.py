"""A site made by `mailproc init`, and the program called in this process as a shell would call it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import make_mail
from tests.shell import Shell, call


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A fresh site with the starter rules; outgoing mail lands in its data/sent."""
    made = Shell(tmp_path / "site")
    assert call("init", str(made.folder), "--yes")[0] == 0
    yield made


@pytest.fixture
def fresh_mail() -> Callable[..., bytes]:
    """A mail written just now, so that nothing about it is old."""
    from email.utils import formatdate

    def make(**changes: str) -> bytes:
        return make_mail(**changes).replace(b"Tue, 13 Jan 2026 08:59:00 +0000", formatdate().encode())

    return make
