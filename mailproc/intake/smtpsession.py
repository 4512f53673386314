"""One client's SMTP connection: its commands and its mail, handed to the listener to be kept.

aiosmtpd's protocol, hardened: recipients, errors, waiting and memory are limited, a slow client is judged by its
rate, what could smuggle a second mail is refused, and a surprise is a 451, never aiosmtpd's permanent 500. Must not
say 250 to a final dot by itself: that answer is the listener's.
"""

import asyncio
import collections
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from aiosmtpd.smtp import SMTP

from mailproc import maillog
from mailproc.intake.smtpdata import DataReader, Fault
from mailproc.intake.smtpgrammar import clean_helo, find_param_fault, read_path
from mailproc.intake.smtpreplies import FAULTS, NO_SPACE, SENT_ON, TRY_LATER
from mailproc.message.addresses import normalise
from mailproc.records.mail import Envelope

if TYPE_CHECKING:
    from mailproc.intake.smtp import SmtpListener

_COMMAND_LENGTH = 2_048  # bytes, as Postfix; RFC 5321 asks for 512
_PIECE = 65_536  # bytes read from the socket at once
_SMALL = 262_144  # bytes of a mail that is never refused for want of memory
_LINGER_SECONDS = 5.0  # for a peer that does not read our last words
_MOST_IDLE_COMMANDS = 100  # between two mails, as Postfix's smtpd_junk_command_limit
_OVERSHOOT_TIMES = 10  # recipients past the limit get 452 and come back; past that many times the limit it is abuse


class _NoHooks:
    """aiosmtpd wants a handler; the session overrides what a handler would do."""

    def __dir__(self) -> list[str]:
        return []  # searched by aiosmtpd for hooks, see SmtpSession.__dir__


class SmtpSession(SMTP):
    """One client's connection; its commands are listed anew for each subclass."""

    protocol = "ESMTP"
    greeting_command = "EHLO"
    offers_pipelining = False  # bytes behind a final dot then always mean mischief or a broken client (T50)

    _commands: ClassVar[list[str]] = []

    # aiosmtpd takes this as the stream buffer's size, too; lines of a mail are limited by DataReader.
    line_length_limit = 65_536

    def __init_subclass__(cls) -> None:
        cls._commands = _list_commands(cls)

    def __init__(self, listener: "SmtpListener", loop: asyncio.AbstractEventLoop, client: str) -> None:
        self.command_size_limits = collections.defaultdict(lambda: _COMMAND_LENGTH)
        super().__init__(
            _NoHooks(),
            data_size_limit=listener.max_message_size,
            enable_SMTPUTF8=True,
            hostname=listener.hostname,
            ident=f"{self.protocol} mailproc",
            tls_context=listener.tls_context(),
            timeout=listener.idle_seconds,
            loop=loop,
        )
        self._listener = listener
        self.client = client
        self.is_committing = False
        self.accepted_recipients = 0  # how often RCPT TO was answered with 250
        self._errors = 0
        self._refused_recipients = 0
        self._idle_commands = 0  # since the last mail: those that bring none
        self._deadline = 0.0
        self._progress_at = 0.0  # the last command that made sense
        self._data: DataReader | None = None
        self._data_since = 0.0

    def __dir__(self) -> list[str]:
        # aiosmtpd searches dir() of the protocol for its commands on every connection, twice and slowly.
        return self._commands

    # Connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins the session; called again after STARTTLS."""
        # asyncio reads 256 KB at once, which glibc maps anew from the kernel for every command: 20 us each.
        if self._original_transport is None and hasattr(transport, "max_size"):
            transport.max_size = _PIECE
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forgets the client. A commit under way goes on: the mail is kept though nobody heard the 250 (F02)."""
        self._listener.admission.forget(self)
        super().connection_lost(error)

    def hang_up(self, last_words: str) -> None:
        """Says why and closes, without waiting for a peer that does not read."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(last_words.encode("ascii") + b"\r\n")
        transport.close()
        self.loop.call_later(_LINGER_SECONDS, transport.abort)
        # What the client has sent ahead is not obeyed while our last words are still on their way (T50).
        self._reader._buffer.clear()  # type: ignore[attr-defined]
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def stalled_since(self, now: float) -> float:
        """Loop time since when this client has brought us nothing; `now` when it is doing well."""
        if self.is_committing:
            return now
        if self._data is None:
            return self._progress_at
        expected = (now - self._data_since) * self._listener.min_bytes_per_second
        return self._data_since if self._data.received < expected else now

    def _set_post_data_state(self) -> None:
        self.envelope = self._create_envelope()
        self.accepted_recipients = 0

    def _set_rset_state(self) -> None:
        self._set_post_data_state()

    def _reset_timeout(self, duration: float | None = None) -> None:
        # Called for each command and piece: moves the deadline; the one timer looks at it when it fires.
        now = self.loop.time()
        self._progress_at = now
        self._deadline = now + (duration or self._timeout_duration)
        if self._timeout_handle is None or self._timeout_handle.when() > self._deadline:
            if self._timeout_handle is not None:
                self._timeout_handle.cancel()
            self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self.loop.time() < self._deadline:
            self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)
            return
        self._refuse("421 4.4.2 We have waited too long; goodbye", is_last=True)

    async def push(self, status: str | bytes) -> None:
        """Answers the client; too many errors end the session."""
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else status
        self._writer.write(text.encode("utf-8", "replace") + b"\r\n")
        if text[:1] in "45" and not text.startswith("452 4.5.3"):
            self._errors += 1
            if self._errors >= self._listener.max_errors:
                self._refuse("421 4.7.0 Too many errors; goodbye", is_last=True)
        await self._writer.drain()

    async def handle_exception(self, error: Exception) -> str:
        """Any surprise is ours, not the sender's: 451, so that the mail is sent again (F03)."""
        maillog.intake_failed(self._listener.name, client=self.client, error=error)
        return TRY_LATER

    def _refuse(self, status: str, *, is_last: bool = False, **details: object) -> str:
        maillog.refused(self._listener.name, client=self.client, reply=status, **details)
        if is_last:
            self.hang_up(status)
        return status

    def answer_mail(self, status: str) -> str:
        """What goes out in answer to a final dot: one line, in SMTP."""
        return status

    # Commands

    async def smtp_EHLO(self, hostname: str) -> None:
        if self._is_idling():
            return
        if not hostname:
            await self.push(f"501 5.5.4 Syntax: {self.greeting_command} hostname")
            return
        self._set_rset_state()
        assert self.session is not None
        self.session.extended_smtp = True
        self.session.host_name = hostname
        words = [self.hostname, f"SIZE {self.data_size_limit}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self.offers_pipelining:
            words.append("PIPELINING")
        if self.tls_context and not self._tls_protocol:
            words.append("STARTTLS")
        lines = [f"250-{word}" for word in words[:-1]] + [f"250 {words[-1]}"]
        await self.push("\r\n".join(lines))

    async def smtp_HELO(self, hostname: str) -> None:
        if not self._is_idling():
            await super().smtp_HELO(hostname)

    async def smtp_NOOP(self, arg: str | None) -> None:
        if not self._is_idling():
            await super().smtp_NOOP(arg)

    async def smtp_RSET(self, arg: str | None) -> None:
        if not self._is_idling():
            await super().smtp_RSET(arg)

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        if self._tls_protocol:
            await self.push("503 5.5.1 TLS is on already")
            return
        is_over = True
        try:
            await super().smtp_STARTTLS(arg)
            is_over = False
        finally:
            if is_over:
                # asyncio tells nobody that a connection was lost in the handshake.
                self._listener.admission.forget(self)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if await self.check_helo_needed(self.greeting_command):
            return
        assert self.envelope is not None
        if self.envelope.mail_from is not None:
            await self.push("503 5.5.1 One sender is enough; RSET starts again")
            return
        path, params = read_path("FROM:", arg)
        if path is None:
            await self.push("501 5.5.4 Syntax: MAIL FROM:<address>")
            return
        listener = self._listener
        refusal = find_param_fault(params, listener.max_message_size)
        if not refusal and not listener.has_room():
            refusal = NO_SPACE
        refusal = refusal or listener.admission.take_mail(self.client, self.loop.time())
        if refusal:
            await self.push(self._refuse(refusal, sender=path))
            return
        self.envelope.mail_from = path
        await self.push("250 2.1.0 Ok")

    async def smtp_RCPT(self, arg: str | None) -> None:
        if await self.check_helo_needed(self.greeting_command):
            return
        assert self.envelope is not None
        if self.envelope.mail_from is None:
            await self.push("503 5.5.1 MAIL FROM comes first")
            return
        path, params = read_path("TO:", arg)
        if not path:
            await self.push("501 5.5.4 Syntax: RCPT TO:<address>")
        elif params:
            await self.push("555 5.5.4 We know no parameters of RCPT TO")
        elif len(self.envelope.rcpt_tos) >= self._listener.max_recipients:
            self._refused_recipients += 1
            if self._refused_recipients > self._listener.max_recipients * _OVERSHOOT_TIMES:
                self._refuse("421 4.5.3 Too many recipients; goodbye", is_last=True)
                return
            # RFC 5321 section 4.5.3.1.10: 452, and the client sends the rest in another mail
            await self.push("452 4.5.3 Too many recipients; send the rest in another mail")
        else:
            address = normalise(path)
            if not address:
                await self.push(self._refuse("553 5.1.3 This is no address we can read", recipient=path))
            elif not self._listener.accepts(address):
                await self.push(self._refuse("550 5.1.1 Nobody has this address here", recipient=address))
            else:
                self.accepted_recipients += 1
                if address not in self.envelope.rcpt_tos:
                    self.envelope.rcpt_tos.append(address)
                await self.push("250 2.1.5 Ok")

    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed(self.greeting_command):
            return
        assert self.envelope is not None
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 RCPT TO comes first")
            if self._unread():
                # A mail that was sent without waiting for our answer must not be read as commands.
                self._refuse(SENT_ON, is_last=True)
            return
        await self.push("354 Send the mail; end it with <CRLF>.<CRLF>")
        listener = self._listener
        reader = self._data = DataReader(listener.max_message_size, listener.max_line_length, listener.bare_newlines)
        try:
            if not await self._receive(reader):
                return
        finally:
            self._data = None
            listener.held_bytes -= reader.held_bytes
        if reader.fault is None:
            answer = self.answer_mail(await self._deposit(reader.mail()))
            is_last = False
        else:
            # What was sent to smuggle a second mail may go on right behind: nothing more is read.
            is_last = reader.fault in (Fault.BARE_NEWLINE, Fault.LONG_LINE)
            answer = self.answer_mail(self._refuse(FAULTS[reader.fault], bytes=reader.received))
        self._set_post_data_state()
        self._idle_commands = 0
        if is_last:
            self.hang_up(answer)
            return
        await self.push(answer)
        behind = reader.trailing + self._unread()
        if self.offers_pipelining and behind.upper() == b"QUIT\r\n":
            await self.smtp_QUIT(None)
        elif behind:
            self._refuse(SENT_ON, is_last=True)

    async def smtp_QUIT(self, arg: str | None) -> None:
        if not arg:
            # Whoever comes next may come in at once, not when the connection has been taken down.
            self._listener.admission.forget(self)
        await super().smtp_QUIT(arg)

    async def smtp_VRFY(self, arg: str | None) -> None:
        # RFC 5321 section 3.5.3: 252 tells nothing and is no error
        if not self._is_idling():
            await self.push("252 2.1.5 We do not say; send the mail and we will do our best")

    async def smtp_EXPN(self, arg: str | None) -> None:
        await self.push("502 5.5.1 We have no lists to show")

    async def smtp_AUTH(self, arg: str | None) -> None:
        await self.push("502 5.5.1 Nobody needs to log in here")

    async def smtp_HELP(self, arg: str | None) -> None:
        if not self._is_idling():
            await self.push(f"214 2.0.0 {self.greeting_command} MAIL RCPT DATA RSET NOOP QUIT; questions: postmaster")

    def _is_idling(self) -> bool:
        """True, the session being over, for a client that chats and brings no mail: others need its place (T52)."""
        self._idle_commands += 1
        if self._idle_commands > _MOST_IDLE_COMMANDS:
            self._refuse("421 4.7.0 Too many commands without a mail; goodbye", is_last=True)
            return True
        return False

    # Receiving and keeping one mail

    async def _receive(self, reader: DataReader) -> bool:
        """Reads the mail to its end; False when the session is over."""
        listener, loop = self._listener, self.loop
        held = 0
        self._data_since = loop.time()
        while not reader.is_complete:
            # A deadline by rate, not in all: who sends slowly but steadily is heard out (F04, T52).
            earned = self._data_since + listener.data_grace_seconds + reader.received / listener.min_bytes_per_second
            self._reset_timeout(max(0.001, min(listener.data_stall_seconds, earned - loop.time())))
            piece = await self._reader.read(_PIECE)
            if not piece:
                return False
            reader.feed(piece)
            listener.held_bytes += reader.held_bytes - held
            if listener.held_bytes > listener.max_held_bytes and reader.held_bytes > _SMALL:
                listener.held_bytes -= reader.held_bytes
                reader.give_up(Fault.NO_MEMORY)
                listener.held_bytes += reader.held_bytes
            held = reader.held_bytes
            if reader.is_hopeless and reader.fault is not None:
                self.hang_up(self.answer_mail(self._refuse(FAULTS[reader.fault], bytes=reader.received)))
                return False
        return True

    async def _deposit(self, raw: bytes) -> str:
        """The answer to the final dot, once the commit is durable or has failed."""
        assert self.envelope is not None and self.session is not None
        listener = self._listener
        sender = self.envelope.mail_from or ""
        envelope = Envelope(
            kind=listener.kind,
            received_at=datetime.now(UTC),
            # An address nobody could answer is not the null sender: then it would look like a bounce.
            sender=(normalise(sender) or None) if sender else "",
            recipients=tuple(self.envelope.rcpt_tos),
            client=self.client,
            helo=clean_helo(self.session.host_name),
        )
        # The listener watches the time from here; this timer would close the connection before the answer.
        self._reset_timeout(listener.deposit_seconds + self._timeout_duration)
        self.is_committing = True
        try:
            return await listener.keep(raw, envelope)
        finally:
            self.is_committing = False
            self._reset_timeout()

    def _unread(self) -> bytes:
        return bytes(self._reader._buffer)  # type: ignore[attr-defined]


def _list_commands(cls: type[SMTP]) -> list[str]:
    return sorted({name for each in cls.__mro__ for name in vars(each) if name.startswith("smtp_")})


SmtpSession._commands = _list_commands(SmtpSession)
logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's own: it writes what peers send
