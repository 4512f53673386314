"""Tests `mailproc report suppressed`: what was not sent is counted by its reason, as text, JSON and CSV."""

import csv
import io
from collections.abc import Callable

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def quiet(shell: Shell, fresh_mail: Callable[..., bytes]) -> Shell:
    """A site that kept back four acknowledgements for two reasons."""
    senders = ("jane@c.example", "jane+2@c.example", "jane+3@c.example", "jane+4@c.example")
    mails = [
        fresh_mail(sender=sender, subject=f"Order {n}", message_id=f"<{n}@c.example>")
        for n, sender in enumerate(senders)
    ]
    shell.take(*mails, fresh_mail(sender="root@c.example", subject="Disk", message_id="<r@c.example>"))
    return shell


def test_what_was_not_sent_is_counted_by_reason(quiet: Shell) -> None:
    answer = quiet.json("report", "suppressed")
    rows = [(row["reason"], row["purpose"], row["mails"], row["recipients"]) for row in answer["suppressed"]]
    assert rows == [("unverified-day", "received", 3, 3), ("rule", "received", 1, 1)]
    assert answer["suppressed"][0]["why"] == "an unproven address gets one automatic mail a day"
    assert answer["since"] < answer["suppressed"][0]["first"] <= answer["suppressed"][0]["last"] <= answer["until"]


def test_text_and_csv_say_the_same(quiet: Shell) -> None:
    code, out, _ = quiet("report", "suppressed", "--since", "12h")
    assert code == 0 and ": 4 mails not sent" in out.splitlines()[0]
    assert "3  received  3 addresses" in out and "an unproven address gets one automatic mail a day" in out
    _, text, _ = quiet("report", "suppressed", "--format", "csv")
    assert [row["mails"] for row in csv.DictReader(io.StringIO(text))] == ["3", "1"]


def test_a_site_that_sent_everything_says_so(shell: Shell) -> None:
    code, out, _ = shell("report", "suppressed")
    assert code == 0 and ": 0 mails not sent" in out
