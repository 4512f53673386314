"""A folder of an IMAP mailbox as a way in: a thread of its own that polls, waits in IDLE, and comes back after trouble.

One of these serves one folder, so that no trouble of one reaches another. It never gives up: whatever a server does,
the next try comes, later and later up to a few minutes.
"""

import contextlib
import imaplib
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from mailproc import maillog
from mailproc.errors import MailprocError, Permanent, StoreUnavailable, Temporary
from mailproc.intake.base import Accepts, Deposit, IntakeStatus, Report, is_ours
from mailproc.intake.imapconnection import Connection, LoginRefused, Server
from mailproc.intake.imapfolder import Home, MailboxStore, Memory, Renumbered, begin, is_before, list_wanted
from mailproc.intake.imapnames import check_name
from mailproc.intake.imaptaking import Taker
from mailproc.intake.imapwire import Refused
from mailproc.records.polledfolder import FolderState, Survey
from mailproc.settings import IntakeSettings

LONGEST_IDLE_SECONDS = 540.0  # NATs forget a quiet connection after 10 minutes, servers log out after 30 (RFC 2177)
_STOP_SECONDS = 1.0
_MOST_EMPTY_LOOKS = 5  # a server may speak of the same mails in every answer


class OnStandby(Temporary):
    """Another daemon polls this folder."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds."""

    first_retry: float = 1.0
    longest_retry: float = 300.0
    login_retry: float = 60.0  # a refused login tried too often locks the account
    lease: float = 90.0
    standby: float = 15.0  # until the lease of another daemon is looked at again
    unreadable: float = 3600.0  # until a mail that the server did not give is tried again


class ImapIntake:
    """One folder of one mailbox.

    `token` gives an access token that is good now, at each login; called with one that was refused, a fresh one.
    `tell` takes (key, text) of what the operator should hear once.
    """

    kind = "imap"

    def __init__(
        self,
        settings: IntakeSettings,
        folder: str,
        *,
        deposit: Deposit,
        mailbox: MailboxStore,
        addresses: tuple[str, ...],
        accepts: Accepts | None = None,
        has_room: Callable[[], bool] = lambda: True,
        token: Callable[..., str] | None = None,
        max_message_size: int = 50_000_000,
        report: Report = lambda status: None,
        tell: Callable[[str, str], None] = lambda key, text: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: Patience = Patience(),
    ) -> None:
        self.name = settings.name if len(settings.folders) < 2 else f"{settings.name}/{folder}"
        self.folder = folder
        self._settings = settings
        self._mailbox = mailbox
        self._token = (lambda *_: settings.token) if token is None and settings.token else token
        self._max_message_size = max_message_size
        self._report_to = report
        self._tell = tell
        self._clock = clock
        self._patience = patience
        self._server = Server(
            settings.host,
            settings.port or (993 if settings.tls == "required" else 143),
            settings.tls,
            settings.user,
            settings.password,
            settings.tls_ca,
            settings.timeout_seconds,
        )
        user = settings.user.lower()
        mine = (user,) if (accepts(user) if accepts else is_ours(user, addresses)) else ()
        self._home = Home(
            name=settings.name,
            deposit=deposit,
            mailbox=mailbox,
            has_room=has_room,
            tell=tell,
            clock=clock,
            addresses=tuple(dict.fromkeys((*mine, *addresses))),
            accepts=accepts,
            max_message_size=max_message_size,
            batch=settings.batch,
            retry_seconds=patience.unreadable,
            after=settings.after,
        )
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._memory: Memory | None = None
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._wake, self._waker = socket.socketpair()
        self._renewed_at = -1e9
        self._retries = 0
        self._is_renumbered = False
        self.status = IntakeStatus(self.name, "imap")

    # ---- the door

    def start(self) -> None:
        """Returns when the thread runs; a mailbox out of reach is no reason to fail, it may come back."""
        if self._thread is None:
            self._check()
            maillog.intake_started(self.name, address=f"{self._server.host}:{self._server.port}", folder=self.folder)
            self._thread = threading.Thread(target=self._run, name=f"imap-{self.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Nothing is deposited afterwards; what was committed and not yet moved is moved after the next start."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._waker.send(b"x")
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.join(_STOP_SECONDS)
        if thread.is_alive() and (connection := self._connection) is not None:
            connection.abandon()  # it waits for a server that does not answer
        thread.join(self._server.timeout_seconds)
        maillog.intake_stopped(self.name)

    def poll_once(self) -> int:
        """Take what is there; how many mails. Raises Temporary when the mailbox is out of reach or another's."""
        try:
            self._check()
            if not self._has_lease():
                raise OnStandby(f"{self.name}: another daemon polls this mailbox")
            return self._poll_fully()
        except Exception as error:  # the border to a server that may say anything
            self._note_failure(error)
            if isinstance(error, MailprocError):
                raise
            raise Temporary(self.status.problem) from error
        finally:
            self._hang_up()
            self._let_go()

    def _poll_fully(self) -> int:
        taker = self._open()
        try:
            taken = taker.poll(is_full=True)
        except Renumbered:
            self._hang_up()
            self._is_renumbered = True
            taker = self._open()
            taken = taker.poll(is_full=True)
        self._note_success(taken, taker)
        return taken

    def survey(self, ack_max_age: timedelta | None = timedelta(hours=24)) -> Survey:
        """What the next poll would take; changes nothing, neither here nor in the mailbox. Raises Temporary."""
        self._check()
        try:
            connection = self._connection = self._connect()
            selected = connection.open(self.folder, is_readonly=True)
            state = begin(selected, self._mailbox.load(self._settings.name, self.folder), self._fresh_state())
            return self._count(connection, state, selected.mails, ack_max_age)
        except Exception as error:  # as above
            raise Temporary(_describe(error, self._server, self.folder)) from error
        finally:
            self._hang_up()

    def _count(self, connection: Connection, state: FolderState, mails: int, ack_max_age: timedelta | None) -> Survey:
        now = self._clock()
        count = size = young = large = 0
        oldest: datetime | None = None
        newest: datetime | None = None
        for uids in list_wanted(connection, state, state.done_uid + 1):
            stored = self._mailbox.find_stored([state.identify(uid) for uid in uids])
            for uid, mail in connection.ask_sizes(uids).items():
                if state.identify(uid) in stored or is_before(state, uid, mail):
                    continue
                if mail.size > self._max_message_size:
                    large += 1
                    continue
                count += 1
                size += mail.size
                stored_at = mail.stored_at or now
                young += ack_max_age is None or now - stored_at <= ack_max_age
                oldest = min(oldest or stored_at, stored_at)
                newest = max(newest or stored_at, stored_at)
        return Survey(
            self._settings.name, self.folder, count, size, oldest, newest, young, large, max(0, mails - count - large)
        )

    # ---- the thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if not self._has_lease():
                    raise OnStandby(f"{self.name}: another daemon polls this mailbox")
                self._serve()
            except Renumbered:
                self._is_renumbered = True
                self._hang_up()
            except Exception as error:  # whatever this server met us with, the thread stays (I4)
                if not self._stopping.is_set():
                    self._note_failure(error)
                self._hang_up()
                self._pause(error)
        self._hang_up()
        self._let_go()

    def _serve(self) -> None:
        """Poll and wait until stopped; raises when something goes wrong."""
        taker = self._open()
        assert self._connection is not None
        connection, settings = self._connection, self._settings
        may_idle = settings.idle and "IDLE" in connection.capabilities
        sweep_at = 0.0
        empty_looks = 0
        while not self._stopping.is_set():
            is_full = time.monotonic() >= sweep_at
            taken = taker.poll(is_full=is_full)
            if is_full:
                sweep_at = time.monotonic() + settings.sweep_seconds
            if self._stopping.is_set():
                return
            self._note_success(taken, taker)
            left = max(0.05, sweep_at - time.monotonic())
            has_room = self._home.has_room()
            empty_looks = 0 if taken else empty_looks + 1
            if may_idle and has_room and connection.has_news() and empty_looks < _MOST_EMPTY_LOOKS:
                continue  # mail came while we looked; IDLE would not tell of it again
            if may_idle and has_room:
                connection.wait(min(left, LONGEST_IDLE_SECONDS), self._wake, self._beat)
                empty_looks = 0
            else:
                self._rest(min(left, settings.poll_seconds))
                self._beat()
                connection.nudge()

    def _open(self) -> Taker:
        connection = self._connection = self._connect()
        selected = connection.open(self.folder, is_readonly=self._settings.after == "keep")
        known = self._mailbox.load(self._settings.name, self.folder)
        state = begin(selected, known, self._fresh_state(), is_renumbered=self._is_renumbered)
        if known is not None and state.turn != known.turn:
            self._tell_renumbered(known, state)
        if state != known:
            self._mailbox.save(state)
        self._is_renumbered = False
        if self._memory is None or self._memory.state.epoch != state.epoch:
            self._memory = Memory(state, top_uid=state.done_uid)
        return Taker(self._home, connection, self._memory, self._is_interrupted)

    def _connect(self) -> Connection:
        return Connection(self._server, token=self._token, longest_literal=2 * self._max_message_size + 1_000_000)

    def _fresh_state(self) -> FolderState:
        return FolderState(self._settings.name, self.folder, 0, self._settings.start, self._clock())

    def _tell_renumbered(self, known: FolderState, state: FolderState) -> None:
        maillog.warned("uidvalidity", intake=self.name, folder=self.folder, before=known.epoch, now=state.epoch)
        self._tell(
            f"renumbered {self._settings.name} {self.folder} {state.epoch}",
            f"The mail server has given all mail in the folder {self.folder} of {self._settings.name} new numbers"
            " (UIDVALIDITY changed), as after a restore or a move to another server. All of it is read again and"
            " compared with what is stored: mail that is known opens no ticket and gets no acknowledgement.",
        )

    def _check(self) -> None:
        settings = self._settings
        verb, _, target = settings.after.partition(":")
        try:
            check_name(self.folder)
            if verb == "move":
                check_name(target)
        except ValueError as error:
            raise Permanent(f"{self.name}: {error}; write another name in the settings") from None
        if verb not in ("keep", "seen", "delete", "move"):
            raise Permanent(f"{self.name}: after: {settings.after} is not keep, seen, delete or move:FOLDER")
        if verb == "move" and target in settings.folders:
            raise Permanent(f"{self.name}: mail is moved to {target}, which is itself polled; name another folder")

    # ---- pauses, lease, end

    def _is_interrupted(self) -> bool:
        self._beat()
        return self._stopping.is_set()

    def _has_lease(self) -> bool:
        now = time.monotonic()
        if now - self._renewed_at < self._patience.lease / 3:
            return True
        if self._mailbox.take_lease(self._settings.name, self.folder, self._owner, self._patience.lease):
            self._renewed_at = now
            return True
        return False

    def _beat(self) -> None:
        """Renew the lease in time. Raises Temporary when another daemon has it: this one was asleep too long."""
        if not self._stopping.is_set() and not self._has_lease():
            raise OnStandby(f"{self.name}: another daemon polls this mailbox")

    def _let_go(self) -> None:
        self._renewed_at = -1e9
        with contextlib.suppress(StoreUnavailable):  # then it ends by itself
            self._mailbox.release_lease(self._settings.name, self.folder, self._owner)

    def _rest(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        step = self._patience.lease / 4
        while (left := deadline - time.monotonic()) > 0 and not self._stopping.wait(min(left, step)):
            self._beat()

    def _pause(self, error: Exception) -> None:
        patience = self._patience
        if isinstance(error, OnStandby):
            self._stopping.wait(patience.standby)
            return
        self._retries += 1
        if isinstance(error, LoginRefused):
            seconds = min(patience.login_retry * 2 ** min(self._retries - 1, 10), max(patience.longest_retry, 900.0))
        elif self._retries == 1:
            seconds = 0.0  # servers close connections as a matter of course
        else:
            seconds = min(patience.first_retry * 2 ** min(self._retries - 2, 20), patience.longest_retry)
        # Many mailboxes on one server must not all come back at the same moment
        self._stopping.wait(seconds * random.uniform(0.5, 1.0))

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # ---- telling

    def _note_success(self, taken: int, taker: Taker) -> None:
        now = self._clock()
        self._retries = 0
        problem = taker.problem
        if not self._home.has_room():
            problem = "the disk is nearly full: mail stays in the mailbox until there is room again"
        self._show(
            replace(
                self.status,
                last_success=now,
                last_mail=now if taken else self.status.last_mail,
                failing_since=None,
                problem=problem,
                taken=self.status.taken + taken,
            )
        )

    def _note_failure(self, error: Exception) -> None:
        problem = _describe(error, self._server, self.folder)
        if isinstance(error, OnStandby):
            self._show(replace(self.status, failing_since=None, problem=problem))
            return
        if problem != self.status.problem:
            maillog.intake_failed(self.name, folder=self.folder, problem=problem)
        since = self.status.failing_since or self._clock()
        self._show(replace(self.status, failing_since=since, problem=problem))

    def _show(self, status: IntakeStatus) -> None:
        self.status = status
        self._report_to(status)


def _describe(error: Exception, server: Server, folder: str) -> str:
    where = f"{server.host}:{server.port}"
    if isinstance(error, Refused):
        return f"the folder {folder} cannot be opened: {error}; create it, or correct `folder` in the settings"
    if isinstance(error, LoginRefused):
        return f"{error}; check user, password or token"
    if isinstance(error, MailprocError):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"{where} does not answer"
    if isinstance(error, OSError | imaplib.IMAP4.error):
        return f"the connection to {where} failed: {error}"
    return f"{where} said something unexpected: {type(error).__name__}: {error}"
