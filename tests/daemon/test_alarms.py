"""When the operator hears of trouble, by which ways, how often, and that it is over."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from pathlib import Path

import pytest

from mailproc import maillog
from mailproc.daemon.alarms import AlarmCommand, Alarms, WatchedDelivery, find_troubles
from mailproc.daemon.status import Difficulty, StatusBoard
from mailproc.errors import StoreUnavailable
from mailproc.intake.base import IntakeStatus
from mailproc.opening import OpenSite
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.store import outbox, queries
from mailproc.store.database import open_store
from tests.daemon.conftest import START, Clock, with_settings

REFUSED = "[AUTHENTICATIONFAILED] Authentication failed."


@pytest.fixture
def log() -> Iterator[Callable[[], list[dict[str, object]]]]:
    """The lines that were logged, as objects."""
    stream = StringIO()
    maillog.setup("json", stream)

    def read() -> list[dict[str, object]]:
        assert maillog.flush(30)
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    maillog.shut_down()


@dataclass
class Watch:
    """A daemon's alarms at work."""

    site: OpenSite
    board: StatusBoard
    clock: Clock
    alarms: Alarms = field(init=False)
    notified: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alarms = Alarms(self.site.settings, self.site.engine, self.board, notify=self.notified.append)

    def look(self, **span: float) -> list[EmailMessage]:
        """Time passes, the daemon looks; the mails to the operator that were queued in all."""
        self.clock.pass_time(**span)
        self.alarms.look()
        return self.mails()

    def mails(self) -> list[EmailMessage]:
        with self.site.store.read() as tx:
            rows = queries.list_outbox(tx)
            raws = [outbox.raw_of(tx, row["id"]) or b"" for row in rows]
        parsed = [message_from_bytes(raw, policy=policy.default) for raw in raws]
        assert all(row["to"] == self.site.settings.site.operator for row in rows)
        return [mail for mail in parsed if isinstance(mail, EmailMessage)]

    def fail(self, problem: str = "timed out", name: str = "support") -> None:
        self.board.report(IntakeStatus(name, "imap", failing_since=self.clock(), problem=problem))

    def fine(self, name: str = "support") -> None:
        self.board.report(IntakeStatus(name, "imap", last_success=self.clock(), last_mail=self.clock()))


@pytest.fixture
def watch(site: OpenSite, make_board: Callable[..., StatusBoard], clock: Clock) -> Watch:
    return Watch(site, make_board(site), clock)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_alarm_when_a_mailbox_fails_for_longer_than_alarm_after(watch: Watch) -> None:
    watch.fail()
    assert not watch.look(minutes=14)
    (mail,) = watch.look(minutes=1)
    assert "support" in mail["Subject"] and "2026-11-22 07:00 UTC" in text_of(mail) and "timed out" in text_of(mail)
    assert watch.look(minutes=20) == [mail] or len(watch.mails()) == 1, "once for each trouble"
    assert watch.notified and watch.notified[0].startswith("STATUS=no mail comes in by support")


def test_alarm_when_a_login_is_refused_comes_at_once(watch: Watch) -> None:
    watch.fail(REFUSED)
    (mail,) = watch.look(seconds=1)
    assert "user name and password" in text_of(mail)


def test_alarm_when_it_goes_on_comes_again_every_day(watch: Watch) -> None:
    watch.fail(REFUSED)
    watch.look(seconds=1)
    assert len(watch.look(hours=23)) == 1
    assert len(watch.look(hours=1)) == 2
    assert len(watch.look(hours=1)) == 2
    assert len(watch.look(hours=24)) == 3


def test_alarm_when_it_is_over_says_so_once(watch: Watch, log: Callable[[], list[dict[str, object]]]) -> None:
    watch.fail(REFUSED)
    watch.look(seconds=1)
    watch.fine()
    assert len(watch.look(minutes=5)) == 1, "what comes soon after an alarm waits"
    mails = watch.look(minutes=10)
    assert len(mails) == 2 and "well again" in mails[1]["Subject"] and "intake support" in text_of(mails[1])
    assert len(watch.look(hours=30)) == 2
    events = [(line["level"], line["event"]) for line in log()]
    assert events.count(("error", "alarmed")) == 1 and events.count(("info", "alarm_over")) == 1
    assert watch.notified[-1] == "STATUS=all is well"


def test_alarms_within_fifteen_minutes_are_one_mail(watch: Watch) -> None:
    watch.board.suffer("delivery", "no mail goes out", is_urgent=True)
    watch.fail()
    watch.look(minutes=14)
    assert len(watch.mails()) == 1
    watch.board.suffer("disk", "full")
    watch.look(minutes=2)  # the mailbox has failed for long enough now, and waits for the window
    assert len(watch.mails()) == 1
    mails = watch.look(minutes=15)
    assert len(mails) == 2 and "intake support" in mails[1]["Subject"] and "disk" in mails[1]["Subject"]


def test_urgent_alarm_does_not_wait_for_the_window_but_when_it_comes_and_goes(watch: Watch) -> None:
    watch.fail()
    watch.look(minutes=15)
    watch.board.suffer("delivery", "login refused", is_urgent=True)
    assert len(watch.look(seconds=10)) == 2
    watch.board.suffer("delivery", "")
    watch.look(minutes=16)
    assert len(watch.mails()) == 3
    for _ in range(10):
        watch.board.suffer("delivery", "login refused", is_urgent=True)
        watch.look(seconds=20)
        watch.board.suffer("delivery", "")
        watch.look(seconds=20)
    assert len(watch.mails()) == 3, "what comes and goes is told in the rhythm of the window"


def test_alarm_when_a_mailbox_is_silent_for_longer_than_quiet_after(watch: Watch) -> None:
    watch.fine()
    assert not watch.look(hours=47)
    (mail,) = watch.look(hours=1)
    assert "no mail since 2026-11-22 07:00 UTC" in text_of(mail)
    watch.fine()
    assert "well again: quiet support" in text_of(watch.look(hours=1)[1])


def test_alarm_when_it_is_switched_off(watch: Watch, site: OpenSite) -> None:
    intake = replace(site.settings.intakes[0], alarm_after=None, quiet_after=None)
    settings = replace(site.settings, intakes=(intake,))
    status = IntakeStatus("support", "imap", failing_since=START, problem=REFUSED)
    assert not find_troubles(settings, [status], [], START, START + timedelta(days=9))


def test_difficulty_when_it_is_not_urgent_has_a_quarter_of_an_hour(watch: Watch, site: OpenSite) -> None:
    item = Difficulty("delivery", "connection refused", START)
    assert not find_troubles(site.settings, [], [item], START, START + timedelta(minutes=14))
    assert find_troubles(site.settings, [], [item], START, START + timedelta(minutes=15))


def test_alarm_after_a_restart_is_not_told_again_nor_called_over(
    watch: Watch, site: OpenSite, make_board: Callable[..., StatusBoard]
) -> None:
    watch.fail(REFUSED)
    watch.board.suffer("delivery", "login refused", is_urgent=True)
    watch.look(seconds=1)
    later = Watch(site, make_board(site), watch.clock)
    assert len(later.look(minutes=30)) == 1, "nothing has been looked at yet"
    later.fail(REFUSED)
    later.board.suffer("delivery", "login refused", is_urgent=True)
    assert len(later.look(minutes=30)) == 1
    later.fine()
    later.board.suffer("delivery", "")
    assert len(later.look(minutes=30)) == 2


def test_alarm_of_a_mailbox_that_left_the_settings_is_over(
    watch: Watch, site: OpenSite, make_board: Callable[..., StatusBoard]
) -> None:
    watch.fail(REFUSED)
    watch.look(seconds=1)
    without = with_settings(site, intakes=())
    later = Watch(without, make_board(without), watch.clock)
    assert len(later.look(minutes=30)) == 2


@pytest.mark.parametrize("operator", ["", "support@acme.example", "support+x@acme.example"])
def test_alarm_when_nobody_can_be_written_to_goes_the_other_ways(
    watch: Watch, site: OpenSite, operator: str, log: Callable[[], list[dict[str, object]]]
) -> None:
    silent = with_settings(site, site=replace(site.settings.site, operator=operator))
    deaf = Watch(silent, watch.board, watch.clock)
    deaf.fail(REFUSED)
    assert not deaf.look(seconds=1)
    assert deaf.notified and "alarmed" in [line["event"] for line in log()]


def test_alarm_when_the_store_is_away_goes_the_other_ways_and_is_mailed_later(watch: Watch, tmp_path: Path) -> None:
    told = tmp_path / "told"
    watch.alarms.close()
    watch.site = with_settings(watch.site, alarm_command=(sys.executable, "-c", SAVE, str(told)))
    watch.alarms = Alarms(watch.site.settings, watch.site.engine, watch.board, notify=watch.notified.append)
    watch.alarms.look()
    watch.fail(REFUSED)
    watch.site.store.close()
    with pytest.raises(StoreUnavailable):
        watch.alarms.look()
    watch.alarms.close()
    assert "support" in told.read_text() and watch.notified
    watch.board.suffer("delivery", "login refused", is_urgent=True)
    with pytest.raises(StoreUnavailable):
        watch.look(seconds=5)
    assert "login refused" in watch.notified[-1], "what is new goes the other ways all the same"
    with open_store(watch.site.settings.database) as again:
        watch.site = replace(watch.site, store=again)
        watch.site.engine.store = again
        assert len(watch.look(minutes=1)) == 2


def test_alarm_when_the_store_has_been_away_for_long(watch: Watch, site: OpenSite) -> None:
    watch.look(seconds=1)
    site.store.close()
    for _ in range(3):
        watch.clock.pass_time(minutes=8)
        with pytest.raises(StoreUnavailable):
            watch.board.beat()
        with suppress(StoreUnavailable):
            watch.alarms.look()
    assert "nothing is taken in or sent" in watch.notified[-1]


SAVE = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"


def test_command_gets_the_text_on_standard_input(
    watch: Watch, tmp_path: Path, log: Callable[[], list[dict[str, object]]]
) -> None:
    told = tmp_path / "told; rm -rf x"
    command = (sys.executable, "-c", SAVE + "; print('paged')", str(told))
    site = with_settings(watch.site, alarm_command=command)
    loud = Watch(site, watch.board, watch.clock)
    loud.fail(REFUSED)
    loud.look(seconds=1)
    loud.alarms.close()
    text = told.read_text()
    assert text.splitlines()[0].endswith("trouble with intake support") and "user name and password" in text
    assert [line["output"] for line in log() if line["event"] == "alarm_command_ran"] == ["paged"]


def test_command_when_it_hangs_is_killed_with_its_children(log: Callable[[], list[dict[str, object]]]) -> None:
    script = "import subprocess as s, time; print('begun', flush=True); s.Popen(['sleep', '60']); time.sleep(60)"
    command = AlarmCommand((sys.executable, "-c", script), seconds=2)
    started = time.monotonic()
    command.run("text")
    command.close(50)
    assert time.monotonic() - started < 50
    (line,) = (line for line in log() if line["event"] == "alarm_command_failed")
    assert "did not end within 2 seconds" in str(line["problem"]) and line["output"] == "begun"


@pytest.mark.parametrize(
    ("script", "words"),
    [("import sys; sys.exit(3)", "code 3"), ("import os; os.close(0)", ""), ("print('x' * 5_000_000)", "")],
)
def test_command_whatever_it_does_is_reported(
    script: str, words: str, log: Callable[[], list[dict[str, object]]]
) -> None:
    command = AlarmCommand((sys.executable, "-c", script))
    command.run("text\n" * 200_000)
    command.close(50)
    (line,) = log()
    assert line["event"] == ("alarm_command_failed" if words else "alarm_command_ran")
    assert words in str(line.get("problem", "")) and len(str(line.get("output", ""))) < 1_000


def test_command_that_is_not_there(log: Callable[[], list[dict[str, object]]]) -> None:
    command = AlarmCommand(("/no/such/program",))
    command.run("text")
    command.close(50)
    (line,) = log()
    assert line["event"] == "alarm_command_failed" and "cannot be started" in str(line["problem"])


class Answers:
    """A delivery that answers as it is told."""

    def __init__(self) -> None:
        self.receipt = Receipt(ReceiptState.SENT, 250, "ok")
        self.closed = False

    def __str__(self) -> str:
        return "support at smtp.office365.com:587"

    def deliver(self, mail: object) -> Receipt:
        return self.receipt

    def close(self) -> None:
        self.closed = True


def test_watched_delivery_shows_trouble_with_the_login_at_once(watch: Watch) -> None:
    inner = Answers()
    delivery = WatchedDelivery(inner, watch.board, "smtp.office365.com")
    said = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
    inner.receipt = Receipt(ReceiptState.DEFERRED, 535, said)
    mail = OutMail()
    assert delivery.deliver(mail) is inner.receipt
    (mail_out,) = watch.look(seconds=1)
    assert "Set-CASMailbox" in text_of(mail_out)
    inner.receipt = Receipt(ReceiptState.FAILED, 550, "no such user")
    delivery.deliver(mail)
    assert watch.board.is_well("delivery"), "what the host thinks of one mail is that mail's affair"
    delivery.close()
    assert inner.closed and str(delivery) == str(inner)


def test_watched_delivery_when_the_host_is_out_of_reach_alarms_after_a_while(watch: Watch) -> None:
    inner = Answers()
    delivery = WatchedDelivery(inner, watch.board, "mail.acme.example")
    inner.receipt = Receipt(ReceiptState.DEFERRED, 0, "mail.acme.example:25: [Errno 111] Connection refused")
    delivery.deliver(OutMail())
    assert not watch.look(minutes=14)
    delivery.deliver(OutMail())
    (mail,) = watch.look(minutes=1)
    assert "nobody listens" in text_of(mail)


@dataclass(frozen=True)
class OutMail:
    id: int = 1
    recipient: str = "jane@c.test"
    envelope_from: str = "support@acme.example"
    raw: bytes = b"Subject: x\r\n\r\n"
