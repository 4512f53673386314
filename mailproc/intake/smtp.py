"""The SMTP listener: takes mail from the network and deposits it; says 250 only after the durable commit.

aiosmtpd in a thread with its own event loop; each client is a `smtpsession.SmtpSession`. It prepends nothing to the
bytes, no Received field either: signatures are checked on what the client sent, and a mail without Received was
submitted and not relayed. The trace is in the Envelope.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future

from mailproc import maillog
from mailproc.errors import Permanent, StoreUnavailable
from mailproc.intake.base import Accepts, Deposit
from mailproc.intake.smtpdata import BareNewlines
from mailproc.intake.smtpsession import NO_SPACE, TRY_LATER, SmtpSession
from mailproc.records.mail import Envelope

_KEPT = "250 2.0.0 Ok, it is in good hands"  # without the inbox id: that would tell everybody how much mail we get
_BIG = 262_144  # bytes; the deposit of a bigger mail (hashing, compressing) is made outside the event loop
_MAY_BE_DISPLACED_SECONDS = 2.0
_BACKLOG = 512


class SmtpListener:
    """Listens on host:port; `start` returns when it does, `stop` when the last session is over.

    `deposit` and `accepts` are called in the listener's thread and must not block (mails of more than 256 KB are
    deposited from another thread). `accepts` gets a normalised address. `has_room` is asked at each MAIL FROM.
    Raises nothing after `start`; each surprise with a mail is a 451 to its client.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        deposit: Deposit,
        accepts: Accepts,
        max_message_size: int,
        hostname: str,
        has_room: Callable[[], bool] = lambda: True,
        tls_context: ssl.SSLContext | None = None,
        bare_newlines: str = BareNewlines.REFUSE,
        max_connections: int = 200,
        max_connections_per_client: int = 50,
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
    ) -> None:
        self.host, self.port = host, port
        self.deposit, self.accepts, self.has_room = deposit, accepts, has_room
        self.max_message_size = max_message_size
        self.hostname = hostname
        self.tls_context = tls_context
        self.bare_newlines = BareNewlines(bare_newlines)
        self.max_connections, self.max_connections_per_client = max_connections, max_connections_per_client
        self.max_recipients, self.max_errors = max_recipients, max_errors
        self.max_line_length, self.max_held_bytes = max_line_length, max_held_bytes
        self.idle_seconds = idle_seconds
        self.data_stall_seconds, self.data_grace_seconds = data_stall_seconds, data_grace_seconds
        self.min_bytes_per_second = min_bytes_per_second
        self.deposit_seconds, self.drain_seconds = deposit_seconds, drain_seconds
        self.held_bytes = 0  # of mails being received, all sessions together
        self._sessions: dict[str, set[SmtpSession]] = {}
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None
        self._is_stopping = False

    def start(self) -> None:
        """Listens from now on; `port` is the real one when 0 was asked for. Raises Permanent when it cannot."""
        bound: Future[int] = Future()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, args=(bound,), name=f"smtp-{self.port}", daemon=True)
        self._thread.start()
        try:
            self.port = bound.result()
        except OSError as error:
            self._thread.join()
            self._thread = None
            raise Permanent(
                f"intake smtp: cannot listen on {self.host}:{self.port}: {error.strerror or error}; "
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

    # For sessions, in the listener's thread

    def admit(self, session: SmtpSession) -> str:
        """ "" when this client may come in, else what to tell it.

        When the house is full, the client that has been standing around longest makes room (T52): otherwise a few
        idle connections would shut honest mail out.
        """
        if self._is_stopping:
            return "421 4.3.2 We are shutting down; please come back later"
        mine = self._sessions.setdefault(session.client, set())
        if len(mine) >= self.max_connections_per_client and not self._displace(mine):
            maillog.refused("smtp", client=session.client, reply="421 too many connections of this client")
            return "421 4.7.0 You have too many connections open; please use fewer"
        if self._count >= self.max_connections:
            everybody = {other for sessions in self._sessions.values() for other in sessions}
            if not self._displace(everybody):
                maillog.refused("smtp", client=session.client, reply="421 too many connections")
                return "421 4.3.2 We are too busy; please come back later"
        self._sessions.setdefault(session.client, set()).add(session)
        self._count += 1
        return ""

    def forget(self, session: SmtpSession) -> None:
        """The session is over; saying so twice does no harm."""
        mine = self._sessions.get(session.client, set())
        if session in mine:
            mine.remove(session)
            self._count -= 1
        if not mine:
            self._sessions.pop(session.client, None)

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
            maillog.intake_failed("smtp", client=envelope.client, error=error)
            return TRY_LATER if self.has_room() else NO_SPACE
        except Exception as error:  # F03: aiosmtpd would say 500, and the sender's mail would be lost
            maillog.intake_failed("smtp", client=envelope.client, error=error)
            return TRY_LATER
        return _KEPT

    def _displace(self, sessions: set[SmtpSession]) -> bool:
        assert self._loop is not None
        now = self._loop.time()
        slowest = min(sessions, key=lambda session: session.stalled_since(now))
        if now - slowest.stalled_since(now) < _MAY_BE_DISPLACED_SECONDS:
            return False
        self.forget(slowest)
        slowest.hang_up("421 4.4.2 Others are waiting and you say nothing; please come back later")
        return True

    # The thread

    def _run(self, bound: "Future[int]") -> None:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            try:
                listening = loop.create_server(
                    lambda: SmtpSession(self, loop), self.host or None, self.port, backlog=_BACKLOG
                )
                self._server = loop.run_until_complete(listening)
                bound.set_result(self._server.sockets[0].getsockname()[1])
            except OSError as error:
                bound.set_exception(error)
                return
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    async def _shut_down(self) -> None:
        assert self._server is not None and self._loop is not None
        self._is_stopping = True
        self._server.close()
        deadline = self._loop.time() + self.drain_seconds
        while self._count and self._loop.time() < deadline:
            for session in [one for sessions in self._sessions.values() for one in sessions]:
                if not session.is_committing:
                    session.hang_up("421 4.3.2 We are shutting down; please come back later")
            await asyncio.sleep(0.02)
        for session in [one for sessions in self._sessions.values() for one in sessions]:
            if isinstance(session.transport, asyncio.WriteTransport):
                session.transport.abort()
        await asyncio.sleep(0)
        self._loop.stop()


def _look_at(future: "asyncio.Future[int]") -> None:
    if not future.cancelled():
        future.exception()  # else asyncio complains of one that nobody waited for
