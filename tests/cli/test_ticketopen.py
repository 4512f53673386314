"""`mailproc ticket open`: contacts written down at a terminal."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desks import Desk, open_desk
from tests.shell import call

JANE = "Jane Doe <jane@x.example>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Desk, str]]:
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db") as made:
        yield made, str(tmp_path / "mailproc.yaml")


def test_call_is_opened_and_shown(desk: tuple[Desk, str]) -> None:
    site, config = desk
    words = ("--channel", "phone", "--from", JANE, "--subject", "Printer", "--text", "-", "--as", "ann@acme.example")
    code, out, err = call("--config", config, "ticket", "open", *words, "--json", stdin="It prints – blank.".encode())
    assert (code, err) == (0, ""), err
    found = json.loads(out)
    assert (found["requester"], found["channel"], found["department"]) == ("jane@x.example", "phone", "frontdesk")
    (message,) = found["messages"]
    assert (message["purpose"], message["visibility"], message["text"]) == ("request", "internal", "It prints – blank.")
    assert site.mails() == [("forward", "frontdesk@acme.example")]
    code, out, _ = call("--config", config, "ticket", "show", found["number"])
    assert code == 0 and "channel     phone" in out and "Ann Kowalska" in out


def test_dry_run_opens_nothing_and_tell_sends_the_number(desk: tuple[Desk, str]) -> None:
    site, config = desk
    words = ("--channel", "letter", "--from", JANE, "--subject", "Printer", "--text", "x", "--department", "billing")
    code, out, _ = call("--config", config, "ticket", "open", *words, "--tell", "--dry-run")
    assert code == 0 and "would open in billing" in out and "status to jane@x.example" in out
    assert site.mails() == []
    code, out, _ = call("--config", config, "ticket", "open", *words, "--tell", "--priority", "high", "--assign", "ann")
    assert code == 0 and "opened in billing" in out
    assert site.mails() == [("forward", "ann@acme.example"), ("status", "jane@x.example")]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"--from": "jane@"}, "nobody who can be written to"),
        ({"--text": "  "}, "there is no text"),
        ({"--subject": " "}, "the subject is empty"),
        ({"--department": "nowhere"}, "no department"),
        ({"--assign": "nobody"}, "no agent"),
        ({"--as": "eve@evil.example"}, "no agent's address"),
        ({"--channel": "pigeon"}, "pigeon"),
        ({"--from": "Jane Doe", "--tell": None}, "no address a mail could go to"),
    ],
)
def test_mistake_is_named_and_opens_nothing(desk: tuple[Desk, str], changes: dict[str, str | None], says: str) -> None:
    site, config = desk
    options: dict[str, str | None] = {"--channel": "phone", "--from": JANE, "--subject": "Printer", "--text": "x"}
    words = [word for name, value in (options | changes).items() for word in (name, value) if word is not None]
    code, _, err = call("--config", config, "ticket", "open", *words)
    assert code == 2 and says in err and site.mails() == []
