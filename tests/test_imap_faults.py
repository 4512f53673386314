"""A short run of the fault harness of the IMAP intake: kills between mailbox and ticket, and a server's worst."""

import subprocess
import sys

import pytest

from bench import imap_faults
from tests.dovecot import find_dovecot


def test_f05_killed_anywhere_every_mail_is_one_ticket_with_one_acknowledgement() -> None:
    find_dovecot()
    # In a process without threads: it forks
    points = "put-after:2,commit-after:3,move-sent-after:1,decision-before:2"
    command = [sys.executable, "-m", "bench.imap_faults", "--points", points, "--mails", "4", "--rounds", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 runs, 4 faults, 16 mails: 16 tickets, 16 acknowledgements; 0 problems" in done.stdout


@pytest.mark.parametrize("name", ["UIDVALIDITY reset, mail kept", "moved out and in by another client"])
def test_g14_mail_survives_what_a_server_and_its_clients_do(name: str) -> None:
    _, fault, changes = next(each for each in imap_faults.FAULTS if each[0] == name)
    total = imap_faults.with_server(name, fault, rounds=1, mails=3, **changes)
    assert total.problems == [] and total.faults > 0


def test_every_step_can_be_a_point_to_be_killed_at() -> None:
    points = list(imap_faults.list_points({"put": 2, "advance": 1}, 10))
    assert points[:6] == [f"{step}-{when}" for step, when in (
        ("put", "before:1"), ("put", "after:1"), ("advance", "before:1"), ("advance", "after:1"),
        ("put", "before:2"), ("put", "after:2"))]  # fmt: skip
    assert len(points) == 10
    for name, owner, attribute in imap_faults.STEPS:
        assert callable(getattr(owner, attribute)), name
