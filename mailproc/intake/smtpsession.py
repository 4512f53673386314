"""One client's SMTP connection: its commands and its mail, handed to the listener to be kept.

aiosmtpd's protocol, hardened: recipients, errors, waiting and memory are limited, a slow client is judged by its
rate, what could smuggle a second mail is refused, and a surprise is a 451, never aiosmtpd's permanent 500. Must not
say 250 to a final dot by itself: that answer is the listener's.
"""

import asyncio
import collections
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

from mailproc import maillog
from mailproc.intake.smtpdata import DataReader, Fault
from mailproc.message.addresses import normalise
from mailproc.records.mail import Envelope

if TYPE_CHECKING:
    from mailproc.intake.smtp import SmtpListener

_COMMAND_LENGTH = 2_048  # bytes, as Postfix; RFC 5321 asks for 512
_PIECE = 65_536  # bytes read from the socket at once
_SMALL = 262_144  # bytes of a mail that is never refused for want of memory
_LINGER_SECONDS = 5.0  # for a peer that does not read our last words
_OVERSHOOT_TIMES = 10  # recipients past the limit get 452 and come back; past that many times the limit it is abuse
_PATH = re.compile(r'(?:<((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>|([^\s<>]+))((?:\s+\S+)*)')
_ROUTE = re.compile(r"@[^:]*:")

TRY_LATER = "451 4.3.0 We cannot store mail at the moment; please send it again later"
NO_SPACE = "452 4.3.1 Our disk is nearly full; please send it again later"
_FAULTS = {
    Fault.TOO_BIG: "552 5.3.4 The mail is larger than we accept",
    Fault.BARE_NEWLINE: "521 5.5.2 The mail has a CR or LF that stands alone (RFC 5321 section 2.3.8); goodbye",
    Fault.LONG_LINE: "521 5.5.2 The mail has a line that is too long (RFC 5321 section 4.5.3.1.6); goodbye",
    Fault.NO_MEMORY: "452 4.3.1 We are receiving too much at once; please send it again later",
}


class _NoHooks:
    """aiosmtpd wants a handler; the session overrides what a handler would do."""

    def __dir__(self) -> list[str]:
        return []  # searched by aiosmtpd for hooks, see SmtpSession.__dir__


class SmtpSession(SMTP):
    """One client's connection."""

    # aiosmtpd takes this as the stream buffer's size, too; lines of a mail are limited by DataReader.
    line_length_limit = 65_536

    def __init__(self, listener: "SmtpListener", loop: asyncio.AbstractEventLoop) -> None:
        self.command_size_limits = collections.defaultdict(lambda: _COMMAND_LENGTH)
        super().__init__(
            _NoHooks(),
            data_size_limit=listener.max_message_size,
            enable_SMTPUTF8=True,
            hostname=listener.hostname,
            ident="ESMTP mailproc",
            tls_context=listener.tls_context,
            timeout=listener.idle_seconds,
            loop=loop,
        )
        self._listener = listener
        self.client = ""
        self.is_committing = False
        self._is_turned_away = False
        self._errors = 0
        self._refused_recipients = 0
        self._deadline = 0.0
        self._progress_at = 0.0  # the last command that made sense
        self._data: DataReader | None = None
        self._data_since = 0.0

    def __dir__(self) -> list[str]:
        # aiosmtpd searches dir() of the protocol for its commands on every connection, twice and slowly.
        return _COMMANDS

    # Connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admits the client or tells it why not; called again after STARTTLS."""
        if self._original_transport is None:
            self.client = _client_address(transport)
            refusal = self._listener.admit(self)
            if refusal:
                self._is_turned_away = True
                assert isinstance(transport, asyncio.WriteTransport)
                transport.write(refusal.encode("ascii") + b"\r\n")
                transport.close()
                return
            # asyncio reads 256 KB at once, which glibc maps anew from the kernel for every command: 20 us each.
            if hasattr(transport, "max_size"):
                transport.max_size = _PIECE
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forgets the client. A commit under way goes on: the mail is kept though nobody heard the 250 (F02)."""
        if self._is_turned_away:
            return
        self._listener.forget(self)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Ends the session; a client that closes its side does not wait for answers."""
        return False if self._is_turned_away else super().eof_received()

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
        maillog.intake_failed("smtp", client=self.client, error=error)
        return TRY_LATER

    def _refuse(self, status: str, *, is_last: bool = False, **details: object) -> str:
        maillog.refused("smtp", client=self.client, reply=status, **details)
        if is_last:
            self.hang_up(status)
        return status

    # Commands

    async def smtp_EHLO(self, hostname: str) -> None:
        if not hostname:
            await self.push("501 5.5.4 Syntax: EHLO hostname")
            return
        self._set_rset_state()
        assert self.session is not None
        self.session.extended_smtp = True
        self.session.host_name = hostname
        # PIPELINING is not offered: bytes behind a final dot then always mean mischief or a broken client (T50).
        words = [self.hostname, f"SIZE {self.data_size_limit}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self.tls_context and not self._tls_protocol:
            words.append("STARTTLS")
        lines = [f"250-{word}" for word in words[:-1]] + [f"250 {words[-1]}"]
        await self.push("\r\n".join(lines))

    async def smtp_MAIL(self, arg: str | None) -> None:
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if self.envelope.mail_from is not None:
            await self.push("503 5.5.1 One sender is enough; RSET starts again")
            return
        path, params = _read_path("FROM:", arg)
        if path is None:
            await self.push("501 5.5.4 Syntax: MAIL FROM:<address>")
            return
        refusal = _find_param_fault(params, self._listener.max_message_size)
        if not refusal and not self._listener.has_room():
            refusal = NO_SPACE
        if refusal:
            await self.push(self._refuse(refusal, sender=path))
            return
        self.envelope.mail_from = path
        await self.push("250 2.1.0 Ok")

    async def smtp_RCPT(self, arg: str | None) -> None:
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if self.envelope.mail_from is None:
            await self.push("503 5.5.1 MAIL FROM comes first")
            return
        path, params = _read_path("TO:", arg)
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
                if address not in self.envelope.rcpt_tos:
                    self.envelope.rcpt_tos.append(address)
                await self.push("250 2.1.5 Ok")

    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 RCPT TO comes first")
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
        if reader.fault is not None:
            self._set_post_data_state()
            # What was sent to smuggle a second mail may go on right behind: nothing more is read.
            is_last = reader.fault in (Fault.BARE_NEWLINE, Fault.LONG_LINE)
            status = self._refuse(_FAULTS[reader.fault], is_last=is_last, bytes=reader.received)
            if not is_last:
                await self.push(status)
            return
        status = await self._deposit(reader.mail())
        self._set_post_data_state()
        await self.push(status)
        if reader.has_trailing_bytes or self._has_unread_bytes():
            self._refuse("421 4.5.0 You sent on without waiting for our answer; goodbye", is_last=True)

    async def smtp_VRFY(self, arg: str | None) -> None:
        # RFC 5321 section 3.5.3: 252 tells nothing and is no error
        await self.push("252 2.1.5 We do not say; send the mail and we will do our best")

    async def smtp_EXPN(self, arg: str | None) -> None:
        await self.push("502 5.5.1 We have no lists to show")

    async def smtp_AUTH(self, arg: str | None) -> None:
        await self.push("502 5.5.1 Nobody needs to log in here")

    async def smtp_HELP(self, arg: str | None) -> None:
        await self.push("214 2.0.0 HELO EHLO MAIL RCPT DATA RSET NOOP VRFY QUIT; write to postmaster for more")

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
                self._refuse(_FAULTS[reader.fault], is_last=True, bytes=reader.received)
                return False
        return True

    async def _deposit(self, raw: bytes) -> str:
        """The answer to the final dot, once the commit is durable or has failed."""
        assert self.envelope is not None and self.session is not None
        listener = self._listener
        sender = self.envelope.mail_from or ""
        envelope = Envelope(
            kind="smtp",
            received_at=datetime.now(UTC),
            # An address nobody could answer is not the null sender: then it would look like a bounce.
            sender=(normalise(sender) or None) if sender else "",
            recipients=tuple(self.envelope.rcpt_tos),
            client=self.client,
            helo=_clean_helo(self.session.host_name),
        )
        # The listener watches the time from here; this timer would close the connection before the answer.
        self._reset_timeout(listener.deposit_seconds + self._timeout_duration)
        self.is_committing = True
        try:
            return await listener.keep(raw, envelope)
        finally:
            self.is_committing = False
            self._reset_timeout()

    def _has_unread_bytes(self) -> bool:
        return bool(self._reader._buffer)  # type: ignore[attr-defined]


_COMMANDS = [name for name in vars(SMTP) | vars(SmtpSession) if name.startswith("smtp_")]


def _read_path(keyword: str, arg: str | None) -> tuple[str | None, list[str]]:
    """(the address, parameters) of `FROM:<address> PARAM`; None when it cannot be read, "" for `<>`."""
    if arg is None or arg[: len(keyword)].upper() != keyword:
        return None, []
    match = _PATH.fullmatch(arg[len(keyword) :].strip())
    if match is None:
        return None, []
    path = match[2] if match[1] is None else match[1]
    # RFC 5321 section 4.1.1.3: a source route is accepted and ignored
    return _ROUTE.sub("", path, count=1) if path.startswith("@") else path, match[3].upper().split()


def _find_param_fault(params: list[str], max_size: int) -> str:
    for param in params:
        name, _, value = param.partition("=")
        if name == "SIZE" and value.isascii() and value.isdigit():
            if len(value) > 18 or int(value) > max_size:  # RFC 1870 section 6.1
                return _FAULTS[Fault.TOO_BIG]
        elif param not in ("BODY=7BIT", "BODY=8BITMIME", "SMTPUTF8"):
            return "555 5.5.4 We know SIZE, BODY and SMTPUTF8 only"
    return ""


def _client_address(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    address = str(peer[0]) if isinstance(peer, tuple) and peer else ""
    return address.removeprefix("::ffff:").partition("%")[0]


def _clean_helo(name: str | None) -> str:
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in (name or "")[:255])


logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's own: it writes what peers send
