"""Tells the operator when mail stops coming in or going out, and when it is well again: by mail and by another route.

Once for each trouble, again every 24 hours, whatever restarts between; what comes within 15 minutes of an alarm waits
and is told together (mail-policy section 4), but for what only a person can mend. The mail may be what is broken: so
every alarm also goes to the log, to the supervisor's status line and to the program of `alarm.command`.
"""

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailproc import maillog
from mailproc.daemon.status import Difficulty, StatusBoard, find_intake_name
from mailproc.delivery.base import Delivery, OutgoingMail, has_login_trouble
from mailproc.doctor.refusals import explain_refusal
from mailproc.engine import Engine
from mailproc.errors import StoreUnavailable
from mailproc.intake.base import IntakeStatus
from mailproc.opening.operatormail import find_operator, queue_operator_mail
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.settings import IntakeSettings, Settings
from mailproc.store import meta
from mailproc.store.database import Tx

MERGE_WINDOW = timedelta(minutes=15)
REMIND_AFTER = timedelta(hours=24)
DIFFICULTY_AFTER = timedelta(minutes=15)  # a delivery that cannot be reached, a disk that is nearly full
COMMAND_SECONDS = 30.0
_OUTPUT_BYTES = 4_096  # of the command, for the log
_STATUS_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the operator must hear of; the same `key` is the same trouble."""

    key: str
    text: str  # one line: what, since when, what to do
    since: datetime
    is_urgent: bool = False  # only a person can mend it: told at once


def find_troubles(
    settings: Settings,
    statuses: Iterable[IntakeStatus],
    difficulties: Iterable[Difficulty],
    started_at: datetime,
    now: datetime,
) -> dict[str, Trouble]:
    """What is worth an alarm at `now`, by key."""
    troubles: list[Trouble] = []
    by_name = {intake.name: intake for intake in settings.intakes}
    for status in statuses:
        intake = by_name.get(find_intake_name(settings, status.name))
        if intake is not None:
            troubles += _judge_intake(intake, status, started_at, now)
    for item in difficulties:
        if item.is_urgent or now - item.since >= DIFFICULTY_AFTER:
            text = f"{item.key}: {item.text} (since {_clock(item.since)})"
            troubles.append(Trouble(item.key, text, item.since, item.is_urgent))
    return {trouble.key: trouble for trouble in troubles}


def _judge_intake(
    intake: IntakeSettings, status: IntakeStatus, started_at: datetime, now: datetime
) -> Iterable[Trouble]:
    since = status.failing_since
    if since is not None and intake.alarm_after is not None:
        told = explain_refusal(status.problem, status.kind, intake.host)
        is_login = told is not None and told.is_login
        if is_login or now - since >= intake.alarm_after:
            text = f"no mail comes in by {status.name} since {_clock(since)}: {status.problem or 'it does not say why'}"
            yield Trouble(f"intake {status.name}", text, since, is_login)
    if intake.quiet_after is not None and since is None:
        last = status.last_mail or started_at
        if now - last >= intake.quiet_after:
            text = (
                f"{status.name} works, but got no mail since {_clock(last)}. Send it a test mail; if that does not"
                " come in, look at the mail server, its filters and its spam folder"
            )
            yield Trouble(f"quiet {status.name}", text, last)


class Alarms:
    """The alarms of one daemon; `look` is called from one thread, about once a second.

    `notify` tells the supervisor one line (`STATUS=...`).
    """

    def __init__(
        self, settings: Settings, engine: Engine, board: StatusBoard, *, notify: Callable[[str], None] = lambda _: None
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._board = board
        self._notify = notify
        self._command = AlarmCommand(settings.alarm_command) if settings.alarm_command else None
        self._told: dict[str, datetime] | None = None  # key -> when it was told last; None: not read yet
        self._ended: dict[str, datetime] = {}  # what is over, and since when: what comes and goes is not urgent
        self._last_at: datetime | None = None
        self._is_unsaved = False  # the store does not know yet what was told
        self._unsent: list[tuple[str, tuple[str, ...], str, datetime]] = []  # mails that the store did not take yet

    def look(self) -> None:
        """Tell what is new, what goes on and what is over. Raises StoreUnavailable, after all other routes had it."""
        if self._told is None:
            self._read()
        assert self._told is not None
        away: StoreUnavailable | None = None
        try:
            self._queue_mails()
        except StoreUnavailable as error:
            away = error  # what is new goes the other ways all the same
        self._look()
        if away is not None and self._is_unsaved:
            raise away

    def _look(self) -> None:
        assert self._told is not None
        now = self._engine.clock()
        troubles = find_troubles(
            self._settings, self._board.statuses(), self._board.difficulties(), self._board.started_at, now
        )
        new = [trouble for key, trouble in troubles.items() if key not in self._told]
        still = [troubles[key] for key, at in self._told.items() if key in troubles and now - at >= REMIND_AFTER]
        over = [key for key in self._told if key not in troubles and self._is_over(key)]
        if not (new or still or over):
            return
        is_quiet = self._last_at is None or not timedelta(0) <= now - self._last_at < MERGE_WINDOW
        if not is_quiet and not any(trouble.is_urgent and not self._comes_and_goes(trouble, now) for trouble in new):
            return
        self._last_at, self._is_unsaved = now, True
        self._told |= {trouble.key: now for trouble in (*new, *still)}
        for key in over:
            del self._told[key]
            self._ended[key] = now
        self._tell((*new, *still), over, troubles, now)

    def close(self) -> None:
        """Wait a moment for the command."""
        if self._command is not None:
            self._command.close()

    def _comes_and_goes(self, trouble: Trouble, now: datetime) -> bool:
        ended = self._ended.get(trouble.key)
        return ended is not None and timedelta(0) <= now - ended < MERGE_WINDOW

    def _tell(
        self, bad: Sequence[Trouble], over: Sequence[str], troubles: Mapping[str, Trouble], now: datetime
    ) -> None:
        lines = (*(trouble.text for trouble in bad), *(f"well again: {key}" for key in over))
        summary = _sum_up(bad, over)
        for trouble in bad:
            maillog.alarmed(trouble.key, problem=trouble.text)
        for key in over:
            maillog.alarm_over(key)
        first = {trouble.key: trouble for trouble in bad}  # the line is cut: what is new stands in front
        status = "; ".join(trouble.text for trouble in (first | dict(troubles)).values()) or "all is well"
        self._notify(f"STATUS={_to_ascii(status)[:_STATUS_LENGTH]}")
        site = self._settings.site
        if self._command is not None:
            self._command.run("\n".join((f"{site.name}: {summary}", "", *lines, "")))
        if find_operator(site):
            subject = "" if bad else f"{site.name}: {summary}"
            self._unsent.append((summary, lines, subject, now))
        self._queue_mails()

    def _queue_mails(self) -> None:
        """Hand the store what it has not got yet."""
        if not self._is_unsaved:
            return
        waiting = tuple(self._unsent)

        def job(tx: Tx) -> None:
            for summary, lines, subject, at in waiting:
                request_id = f"alarm-{self._board.host}-{self._settings.path}-{at.isoformat()}"
                queue_operator_mail(tx, self._engine, summary, lines, request_id, subject=subject)
            meta.set_value(tx, self._key, self._as_text())

        self._engine.store.run(job)
        self._unsent = self._unsent[len(waiting) :]
        self._is_unsaved = False

    @property
    def _key(self) -> str:
        return f"alarms {self._board.host} {self._settings.path}"

    def _as_text(self) -> str:
        told = {key: at.isoformat() for key, at in (self._told or {}).items()}
        return json.dumps({"told": told, "last_at": self._last_at.isoformat() if self._last_at else None})

    def _read(self) -> None:
        try:
            with self._engine.store.read() as tx:
                data = json.loads(meta.get_value(tx, self._key) or "{}")
        except StoreUnavailable:
            # Better told twice than not at all
            data = {}
        self._told = {key: datetime.fromisoformat(at) for key, at in data.get("told", {}).items()}
        last = data.get("last_at")
        self._last_at = datetime.fromisoformat(last) if last else None

    def _is_over(self, key: str) -> bool:
        """True when somebody says it is well: what has not been looked at since a restart is not."""
        kind, _, name = key.partition(" ")
        if kind not in ("intake", "quiet"):
            return self._board.is_well(key)
        if find_intake_name(self._settings, name) not in {intake.name for intake in self._settings.intakes}:
            return True  # it is no longer a way in
        return any(status.name == name and status.failing_since is None for status in self._board.statuses())


class AlarmCommand:
    """The operator's own program: gets each alarm on standard input, one at a time, without a shell.

    It has 30 seconds; then it and everything it started are killed. What it says is logged.
    """

    def __init__(self, command: Sequence[str], seconds: float = COMMAND_SECONDS) -> None:
        self._command = list(command)
        self._seconds = seconds
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run_all, name="alarm-command", daemon=True)
        self._thread.start()

    def run(self, text: str) -> None:
        """Have the program run with this text; returns at once."""
        self._waiting.put(text)

    def close(self, seconds: float = 5.0) -> None:
        """Wait so long at most for what runs."""
        self._waiting.put(None)
        self._thread.join(seconds)

    def _run_all(self) -> None:
        while (text := self._waiting.get()) is not None:
            self._run(text)

    def _run(self, text: str) -> None:
        name = self._command[0]
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            maillog.alarm_command_failed(name, problem=f"cannot be started: {error.strerror or error}")
            return
        said: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(process, said), daemon=True)
        writer = threading.Thread(target=_feed, args=(process, text.encode()), daemon=True)
        reader.start()
        writer.start()
        try:
            code: int | None = process.wait(self._seconds)
        except subprocess.TimeoutExpired:
            code = None
        _kill_group(process)
        process.wait()
        reader.join(1.0)
        output = b"".join(said).decode("utf-8", "replace").strip()
        if code == 0:
            maillog.alarm_command_ran(name, output=output or None)
        else:
            problem = f"did not end within {self._seconds:g} seconds" if code is None else f"ended with code {code}"
            maillog.alarm_command_failed(name, problem=problem, output=output or None)


class WatchedDelivery:
    """A delivery whose trouble shows on the board: a refused login at once, a host out of reach after a while."""

    def __init__(self, delivery: Delivery, board: StatusBoard, host: str = "") -> None:
        self._delivery = delivery
        self._board = board
        self._host = host

    def __str__(self) -> str:
        return str(self._delivery)

    def deliver(self, mail: OutgoingMail) -> Receipt:
        """As the delivery's own."""
        receipt = self._delivery.deliver(mail)
        if has_login_trouble(receipt):
            self._board.suffer("delivery", self._explain(receipt), is_urgent=True)
        elif receipt.state is ReceiptState.DEFERRED and not receipt.code:
            self._board.suffer("delivery", self._explain(receipt))
        else:
            # The host talks to us; what it thinks of one mail is that mail's affair
            self._board.suffer("delivery", "")
        return receipt

    def close(self) -> None:
        """As the delivery's own."""
        self._delivery.close()

    def _explain(self, receipt: Receipt) -> str:
        answer = f"{receipt.code} {receipt.text}" if receipt.code else receipt.text
        told = explain_refusal(answer, "smtp", self._host)
        text = f"{told} (it said: {answer})" if told else answer
        return f"no mail goes out by {self._delivery}: {text}"


def _feed(process: "subprocess.Popen[bytes]", text: bytes) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # it does not read: its own affair
        process.stdin.write(text)
        process.stdin.close()


def _drain(process: "subprocess.Popen[bytes]", said: list[bytes]) -> None:
    """Read all that it says and keep the first of it, so that no program can fill the memory or hang on its pipe."""
    assert process.stdout is not None
    kept = 0
    try:
        while piece := process.stdout.read1(65_536):  # type: ignore[attr-defined]
            said.append(piece[: max(0, _OUTPUT_BYTES - kept)])
            kept += len(said[-1])
            if not said[-1]:
                said.pop()
    except (OSError, ValueError):
        pass


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):  # all of them are gone
        os.killpg(process.pid, signal.SIGKILL)


def _sum_up(bad: Sequence[Trouble], over: Sequence[str]) -> str:
    if not bad:
        return f"well again: {over[0]}" if len(over) == 1 else f"{len(over)} troubles are over"
    if len(bad) == 1:
        return f"trouble with {bad[0].key}"
    return f"{len(bad)} troubles: " + ", ".join(trouble.key for trouble in bad[:5])


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _to_ascii(text: str) -> str:
    return " ".join(text.encode("ascii", "replace").decode().split())
