"""A real Postfix hands mail to our listeners: what it is told to keep it keeps, and delivers once."""

import smtplib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import postfix_faults
from mailproc.errors import StoreUnavailable
from mailproc.intake.lmtp import LmtpListener
from mailproc.intake.smtp import SmtpListener
from tests.postfix import find_obstacle, wait_until

Listen = Callable[..., SmtpListener]


def hand_over(relay: Any, subject: str, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", relay.postfix.port, timeout=60) as client:
        client.sendmail("cust@c.test", recipients, f"Subject: {subject}\r\n\r\nIt burns.\r\n")


def recipients_of(ledger: Any) -> list[tuple[str, ...]]:
    return [envelope.recipients for _, envelope in ledger.mails]


def test_f03_mail_that_gets_a_451_stays_in_the_queue_and_comes_later(
    both: type[SmtpListener], listen: Listen, ledger: Any, relay: Any
) -> None:
    recipient = f"support+abc@{relay.domain(both)}"
    listen(both, accepts=lambda address: True, **relay.place(both))
    ledger.error = StoreUnavailable("database is locked")
    hand_over(relay, "kept", recipient)
    assert wait_until(lambda: "451 4.3.0" in str(relay.postfix.queued())), relay.postfix.log()[-2000:]
    assert ledger.mails == []
    ledger.error = None
    assert relay.postfix.flush_until(lambda: not relay.postfix.queued()), relay.postfix.log()[-2000:]
    assert recipients_of(ledger) == [(recipient,)]
    assert ledger.mails[0][1].sender == "cust@c.test" and b"Subject: kept\r\n" in ledger.mails[0][0]


def test_f10_mail_that_finds_the_disk_full_stays_in_the_queue(
    both: type[SmtpListener], listen: Listen, ledger: Any, relay: Any
) -> None:
    has_room = False
    listen(both, accepts=lambda address: True, has_room=lambda: has_room, **relay.place(both))
    hand_over(relay, "no room", f"support@{relay.domain(both)}")
    assert wait_until(lambda: "452 4.3.1" in str(relay.postfix.queued())), relay.postfix.log()[-2000:]
    has_room = True
    assert relay.postfix.flush_until(lambda: not relay.postfix.queued()), relay.postfix.log()[-2000:]
    assert len(ledger.mails) == 1


def test_mail_waits_while_nobody_listens(both: type[SmtpListener], listen: Listen, ledger: Any, relay: Any) -> None:
    hand_over(relay, "waits", f"support@{relay.domain(both)}")
    assert wait_until(lambda: "delay_reason" in str(relay.postfix.queued()))
    listen(both, accepts=lambda address: True, **relay.place(both))
    assert relay.postfix.flush_until(lambda: not relay.postfix.queued()), relay.postfix.log()[-2000:]
    assert len(ledger.mails) == 1


def test_t60_only_the_recipient_over_the_limit_comes_again(listen: Listen, ledger: Any, relay: Any) -> None:
    listen(LmtpListener, max_recipients=1, accepts=lambda address: True, **relay.place(LmtpListener))
    hand_over(relay, "for two", "support@lmtp.test", "billing@lmtp.test")
    assert wait_until(lambda: len(ledger.mails) >= 1)
    assert relay.postfix.flush_until(lambda: not relay.postfix.queued()), relay.postfix.log()[-2000:]
    assert sorted(recipients_of(ledger)) == [("billing@lmtp.test",), ("support@lmtp.test",)]
    assert ledger.mails[0][0].split(b"\r\n\r\n")[1] == ledger.mails[1][0].split(b"\r\n\r\n")[1]


def test_unknown_recipient_is_told_to_postfix_and_not_queued(
    both: type[SmtpListener], listen: Listen, ledger: Any, relay: Any
) -> None:
    known = f"support@{relay.domain(both)}"
    listen(both, accepts=lambda address: address == known, **relay.place(both))
    hand_over(relay, "one of two", known, f"stranger@{relay.domain(both)}")
    assert wait_until(lambda: not relay.postfix.queued())
    assert recipients_of(ledger) == [(known,)]
    assert "550 5.1.1 Nobody has this address here" in relay.postfix.log()


@pytest.mark.parametrize("kind", postfix_faults.KINDS)
def test_f01_daemon_killed_and_restarted_under_postfix_loses_and_doubles_nothing(kind: str, tmp_path: Path) -> None:
    obstacle = find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    report = postfix_faults.kill_and_restart(tmp_path, kind, mails=60, kills=1, seed=1)
    assert report.problems == []
    assert report.kills == 1 and report.kept == 60
