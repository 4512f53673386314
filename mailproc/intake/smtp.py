"""The SMTP listener: takes mail from the network and deposits it; says 250 only after the durable commit.

aiosmtpd in a thread with its own event loop; each client is a `smtpsession.SmtpSession`. It prepends nothing to the
bytes, no Received field either: signatures are checked on what the client sent, and a mail without Received was
submitted and not relayed. The trace is in the Envelope.
"""

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, ClassVar

from mailproc import maillog
from mailproc.errors import Permanent, StoreUnavailable
from mailproc.intake.admission import Admission
from mailproc.intake.base import Accepts, Deposit, IntakeStatus
from mailproc.intake.certificate import Certificate
from mailproc.intake.smtpdata import BareNewlines
from mailproc.intake.smtpreplies import NO_SPACE, TRY_LATER
from mailproc.intake.smtpsession import SmtpSession
from mailproc.intake.sockets import Spare, UnixSocket, fit_sessions
from mailproc.records.mail import Envelope

_KEPT = "250 2.0.0 Ok, it is in good hands"  # without the inbox id: that would tell everybody how much mail we get
_BIG = 262_144  # bytes; the deposit of a bigger mail (hashing, compressing) is made outside the event loop
_BACKLOG = 512
_NO_FILES_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_SHUTTING_DOWN = "421 4.3.2 We are shutting down; please come back later"
_DISPLACED = "421 4.4.2 Others are waiting and you say nothing; please come back later"


class SmtpListener:
    """Listens on host:port or on a Unix socket; `start` returns when it does, `stop` when the last session is over.

    `deposit` and `accepts` are called in the listener's thread and must not block (mails of more than 256 KB are
    deposited from another thread). `accepts` gets a normalised address. `has_room` is asked at each MAIL FROM.
    Raises nothing after `start`; each surprise with a mail is a 451 to its client.
    """

    kind = "smtp"
    session_class: ClassVar[type[SmtpSession]] = SmtpSession

    def __init__(
        self,
        host: str = "",
        port: int = 0,
        *,
        deposit: Deposit,
        accepts: Accepts,
        max_message_size: int,
        hostname: str,
        name: str = "",
        socket_path: str = "",
        socket_mode: int = 0o666,
        socket_group: str = "",
        has_room: Callable[[], bool] = lambda: True,
        tls_certificate: str = "",
        tls_key: str = "",
        bare_newlines: str = BareNewlines.REFUSE,
        trusted_networks: tuple[str, ...] = (),
        max_connections: int = 200,
        max_connections_per_client: int = 50,
        mails_per_minute: int | None = 300,
        counts_loopback: bool = False,
        max_recipients: int = 100,
        max_errors: int = 20,
        max_line_length: int = 9_190,  # 998 and 8 KB of tolerance; what is longer, parsing would hold anyway
        max_held_bytes: int = 268_435_456,
        idle_seconds: float = 60.0,
        data_stall_seconds: float = 180.0,  # RFC 5321 section 4.5.3.2.5: a client may take 3 minutes for a block
        data_grace_seconds: float = 60.0,
        min_bytes_per_second: float = 500.0,
        deposit_seconds: float = 60.0,
        drain_seconds: float = 10.0,
        look_seconds: float = 10.0,  # how often the certificate's files are looked at
    ) -> None:
        self.name = name or self.kind
        self.host, self.port = host, port
        self.socket_path, self.socket_mode, self.socket_group = socket_path, socket_mode, socket_group
        self.deposit, self.accepts, self.has_room = deposit, accepts, has_room
        self.max_message_size = max_message_size
        self.hostname = hostname
        self.bare_newlines = BareNewlines(bare_newlines)
        self.max_recipients, self.max_errors = max_recipients, max_errors
        self.max_line_length, self.max_held_bytes = max_line_length, max_held_bytes
        self.idle_seconds = idle_seconds
        self.data_stall_seconds, self.data_grace_seconds = data_stall_seconds, data_grace_seconds
        self.min_bytes_per_second = min_bytes_per_second
        self.deposit_seconds, self.drain_seconds = deposit_seconds, drain_seconds
        self.held_bytes = 0  # of mails being received, all sessions together
        self.admission = Admission[SmtpSession](
            max_sessions=max_connections,
            max_sessions_per_client=max_connections_per_client,
            mails_per_minute=mails_per_minute,
            counts_loopback=counts_loopback,
            trusted_networks=trusted_networks,
        )
        self._max_connections = max_connections
        self._tls_files = (tls_certificate, tls_key)
        self._look_seconds = look_seconds
        self._certificate: Certificate | None = None
        self._unix: UnixSocket | None = None
        self._spare: Spare | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None
        self._is_stopping = False
        self._taken = 0
        self._last_mail: datetime | None = None
        self._failing_since: datetime | None = None
        self._problem = ""

    @property
    def address(self) -> str:
        """Where it listens, as the settings write it."""
        return f"unix:{self.socket_path}" if self.socket_path else f"{self.host}:{self.port}"

    def start(self) -> None:
        """Listens from now on; `port` is the real one when 0 was asked for. Raises Permanent when it cannot."""
        self._is_stopping = False
        try:
            self._certificate = Certificate(*self._tls_files, look_seconds=self._look_seconds) if any(
                self._tls_files) else None  # fmt: skip
            if self.socket_path:
                self._unix = UnixSocket(self.socket_path, mode=self.socket_mode, group=self.socket_group)
        except Permanent as error:
            raise Permanent(f"intake {self.name}: {error}") from error
        self.admission.max_sessions = fit_sessions(self._max_connections)
        self._spare = Spare()
        bound: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(bound,), name=self.name, daemon=True)
        self._thread.start()
        try:
            self.port = bound.result()
        except OSError as error:
            self._thread.join()
            self._thread = None
            self._put_away()
            raise Permanent(
                f"intake {self.name}: cannot listen on {self.address}: {error.strerror or error}; "
                "stop the program that uses this port, or change `listen`"
            ) from error

    def stop(self) -> None:
        """Takes no more connections, lets commits under way finish and be answered, then ends the thread."""
        thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return
        if thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._shut_down(), loop)
        thread.join()
        self._thread = self._loop = None
        self._put_away()

    def reload(self) -> None:
        """Reads the certificate again, as after SIGHUP; it is also looked at by itself."""
        if self._certificate is not None:
            self._certificate.reload()

    def status(self) -> IntakeStatus:
        """How it fares; failing while mails cannot be stored."""
        return IntakeStatus(
            self.name,
            self.kind,
            last_mail=self._last_mail,
            failing_since=self._failing_since,
            problem=self._problem,
            taken=self._taken,
        )

    # For sessions, in the listener's thread

    def tls_context(self) -> ssl.SSLContext | None:
        """What STARTTLS uses in a session that begins now; None: it is not offered."""
        return self._certificate.context(self._now()) if self._certificate is not None else None

    async def keep(self, raw: bytes, envelope: Envelope) -> str:
        """The answer to the final dot: 250 once the commit is durable, else 451 or 452, whatever went wrong."""
        loop = asyncio.get_running_loop()
        try:
            if len(raw) > _BIG:
                # The shield: a client that drops now must not stop a deposit that waits for its thread (F02).
                future = await asyncio.shield(loop.run_in_executor(None, self.deposit, raw, envelope))
            else:
                future = self.deposit(raw, envelope)
            committed = asyncio.wrap_future(future, loop=loop)
            committed.add_done_callback(_look_at)
            # asyncio.wait, unlike wait_for, leaves the commit alone when the client drops or time is up (F02).
            await asyncio.wait((committed,), timeout=self.deposit_seconds)
            if not committed.done() or committed.cancelled():
                raise StoreUnavailable(f"the database gave no answer within {self.deposit_seconds:g} s")
            committed.result()
        except StoreUnavailable as error:
            self._failed(error, envelope)
            return TRY_LATER if self.has_room() else NO_SPACE
        except Exception as error:  # F03: aiosmtpd would say 500, and the sender's mail would be lost
            self._failed(error, envelope)
            return TRY_LATER
        self._taken += 1
        self._last_mail = envelope.received_at
        self._failing_since, self._problem = None, ""
        return _KEPT

    def _failed(self, error: Exception, envelope: Envelope) -> None:
        maillog.intake_failed(self.name, client=envelope.client, error=error)
        self._failing_since = self._failing_since or datetime.now(UTC)
        self._problem = f"mail cannot be stored and its senders are asked to try again: {error}"

    def _now(self) -> float:
        assert self._loop is not None
        return self._loop.time()

    def _open_door(self, transport: asyncio.Transport) -> None:
        """Lets the client of a new connection in, or tells it why not."""
        assert self._loop is not None
        client = _client_address(transport)
        # Asked before a session is made, which costs ten times as much: a flood of clients shall be cheap.
        refusal = _SHUTTING_DOWN if self._is_stopping else self.admission.make_room(client, self._now(), _displace)
        if refusal:
            maillog.refused(self.name, client=client, reply=refusal)
            transport.write(refusal.encode("ascii") + b"\r\n")
            transport.close()
            return
        session = self.session_class(self, self._loop, client)
        self.admission.enter(session)
        transport.set_protocol(session)
        session.connection_made(transport)

    # The thread

    def _run(self, bound: "Future[int]") -> None:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(self._on_loop_trouble)
        try:
            try:
                self._server = loop.run_until_complete(self._listen(loop))
                name = self._server.sockets[0].getsockname()
                bound.set_result(name[1] if isinstance(name, tuple) else 0)
            except OSError as error:
                bound.set_exception(error)
                return
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        if self._unix is not None:
            return await loop.create_unix_server(lambda: _Door(self), sock=self._unix.socket, backlog=_BACKLOG)
        return await loop.create_server(lambda: _Door(self), self.host or None, self.port, backlog=_BACKLOG)

    def _on_loop_trouble(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        listening = context.get("socket")
        if isinstance(error, OSError) and error.errno in _NO_FILES_LEFT and listening is not None and self._spare:
            # F31. asyncio now leaves the door alone for a second; those who wait there are told meanwhile.
            with socket.socket(fileno=listening.fileno()) as door:
                count = self._spare.turn_away(door, b"421 4.3.2 We are too busy; please come back later\r\n")
                door.detach()
            maillog.refused(self.name, reply="421 no file descriptor left", clients=count)
            return
        maillog.intake_failed(self.name, problem=context.get("message"), error=error)

    async def _shut_down(self) -> None:
        assert self._server is not None and self._loop is not None
        self._is_stopping = True
        self._server.close()
        deadline = self._loop.time() + self.drain_seconds
        while len(self.admission) and self._loop.time() < deadline:
            for session in self.admission.sessions():
                if not session.is_committing:
                    session.hang_up(_SHUTTING_DOWN)
            await asyncio.sleep(0.02)
        for session in self.admission.sessions():
            if isinstance(session.transport, asyncio.WriteTransport):
                session.transport.abort()
        await asyncio.sleep(0)
        self._loop.stop()

    def _put_away(self) -> None:
        if self._unix is not None:
            self._unix.remove()
            self._unix = None
        if self._spare is not None:
            self._spare.release()
            self._spare = None


class _Door(asyncio.Protocol):
    """A connection before it is known whether its client may come in."""

    def __init__(self, listener: SmtpListener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._listener._open_door(transport)


def _displace(session: SmtpSession) -> None:
    session.hang_up(_DISPLACED)


def _client_address(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    address = str(peer[0]) if isinstance(peer, tuple) and peer else ""
    return address.removeprefix("::ffff:").partition("%")[0]


def _look_at(future: "asyncio.Future[int]") -> None:
    if not future.cancelled():
        future.exception()  # else asyncio complains of one that nobody waited for
