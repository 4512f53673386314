"""Delivers by SMTP to the site's next host and says honestly what is known of each mail afterwards.

smtplib over a socket reader of our own: replies have a deadline in all and a size limit, whatever the peer does.
The envelope goes out as it is stored, never re-parsed. Must not send anything in clear where the site asks for TLS.
"""

import contextlib
import smtplib
import socket
import ssl
import time
from pathlib import Path
from typing import Any

from mailproc.delivery.base import OutgoingMail, clean_reply, find_defect, is_login_code
from mailproc.errors import Permanent
from mailproc.records.delivery import Receipt, ReceiptState

_PIECE = 65_536
_REPLY_BYTES = 65_536  # of one reply; a peer that says more is cut off, its code counts
_KEPT_BYTES = 8_192


class SmtpSender:
    """The next host; keeps its connection from mail to mail. One thread at a time.

    `tls`: required (implicit), starttls, none; certificates are always checked, against `ca_file` if given.
    `timeout` is for each step, `final_timeout` for the answer to the final dot (RFC 5321 section 4.5.3.2.6); a peer
    that takes fewer than `min_bytes_per_second` of a mail is given up.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: str = "none",
        user: str = "",
        password: str = "",
        timeout: float = 60.0,
        *,
        hostname: str = "localhost",
        final_timeout: float = 600.0,
        max_idle_seconds: float = 30.0,
        min_bytes_per_second: float = 10_000.0,
        ca_file: Path | None = None,
    ) -> None:
        if tls not in ("required", "starttls", "none"):
            raise Permanent(f"delivery smtp: tls is {tls!r}; use required, starttls or none")
        self.host, self.port, self.tls = host, port, tls
        self._user, self._password = user, password
        self._timeout, self._final_timeout = timeout, final_timeout
        self._max_idle_seconds = max_idle_seconds
        self._min_bytes_per_second = min_bytes_per_second
        self._hostname = hostname
        self._context: ssl.SSLContext | None = None
        if tls != "none":
            try:
                self._context = ssl.create_default_context(cafile=ca_file)
            except OSError as error:
                raise Permanent(f"delivery smtp: cannot read the certificates in {ca_file}: {error}") from error
        self._wire: _Wire | None = None
        self._used_at = 0.0

    def __str__(self) -> str:
        return f"{self._user or 'nobody'} at {self.host}:{self.port}"

    def deliver(self, mail: OutgoingMail) -> Receipt:
        """What became of the mail: SENT, DEFERRED (try again), FAILED (never), AMBIGUOUS (it may be there).

        DEFERRED with a code of `base.has_login_trouble` concerns every mail, not this one.
        """
        defect = find_defect(mail)
        if defect:
            return Receipt(ReceiptState.FAILED, 0, defect)
        if time.monotonic() - self._used_at > self._max_idle_seconds:
            self.close()  # a connection idle for long may be dead without our knowing
        try:
            if self._wire is not None:
                # The peer may have closed since the last mail; nothing is sent yet, so one new try is safe.
                receipt = self._begin(self._wire, mail)
                if receipt is None or (receipt.code and receipt.code != 421):
                    return receipt or self._finish(self._wire, mail)
                self.close()
            self._wire = self._connect()
            receipt = self._begin(self._wire, mail)
            return receipt or self._finish(self._wire, mail)
        except _Refusal as refusal:
            self.close()
            return refusal.receipt
        finally:
            self._used_at = time.monotonic()

    def close(self) -> None:
        """Leaves the peer politely if it still listens."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.leave()

    def _connect(self) -> "_Wire":
        """A connection ready for MAIL FROM. Raises _Refusal: all trouble here is DEFERRED, it is not the mail's."""
        wire = _Wire(self._timeout, self._hostname, self._context if self.tls == "required" else None)
        try:
            self._demand("greeting", *wire.connect(self.host, self.port), accepted=220)
            wire.ehlo_or_helo_if_needed()
            if self.tls == "starttls":
                if not wire.has_extn("starttls"):
                    raise _Refusal(_deferred(0, f"{self.host} offers no STARTTLS, and tls: starttls asks for it"))
                self._demand("STARTTLS", *wire.starttls(context=self._context), accepted=220)
                wire.ehlo_or_helo_if_needed()
            if self._user:
                wire.login(self._user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            wire.leave()
            # RFC 4954 section 6: 454 is a failure of the moment; no other 4xx says that the login is wrong either
            is_temporary = 400 <= error.smtp_code <= 499
            make_receipt = _deferred if is_temporary else _login_refused
            raise _Refusal(make_receipt(error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPNotSupportedError as error:
            wire.leave()
            # The host offers no login, or none that we know: as good as a refused one.
            raise _Refusal(_login_refused(535, str(error))) from error
        except smtplib.SMTPResponseException as error:
            wire.leave()
            raise _Refusal(_deferred(error.smtp_code, error.smtp_error)) from error
        except (OSError, smtplib.SMTPException, UnicodeError) as error:  # ssl.SSLError and timeouts are OSErrors
            wire.close()
            raise _Refusal(_deferred(0, f"{self.host}:{self.port}: {_reason(error)}")) from error
        except _Refusal:
            wire.leave()
            raise
        return wire

    def _demand(self, step: str, code: int, text: bytes, *, accepted: int) -> None:
        if code != accepted:
            raise _Refusal(_deferred(code, f"{self.host} answered the {step}: {code} {clean_reply(text)}"))

    def _begin(self, wire: "_Wire", mail: OutgoingMail) -> Receipt | None:
        """MAIL, RCPT and DATA; None when the peer wants the bytes now. Code 0: the connection is gone."""
        parameters = ""
        if wire.has_extn("size"):
            parameters += f" SIZE={len(mail.raw)}"
        if wire.has_extn("8bitmime") and not mail.raw.isascii():
            parameters += " BODY=8BITMIME"
        commands = (
            (f"MAIL FROM:<{mail.envelope_from}>{parameters}", (250,)),
            # RFC 5321 section 3.3: 251 is accepted, too
            (f"RCPT TO:<{mail.recipient}>", (250, 251)),
            ("DATA", (354,)),
        )
        try:
            for command, accepted in commands:
                code, text = wire.docmd(command)
                if code not in accepted:
                    return self._give_back(wire, code, text)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return _deferred(0, f"{self.host}:{self.port}: {_reason(error)}")
        return None

    def _give_back(self, wire: "_Wire", code: int, text: bytes) -> Receipt:
        """The receipt of a refused command; leaves the connection ready for the next mail or closes it."""
        try:
            # RFC 5321 section 3.8: 421 closes; a peer that says nonsense is left as well
            if code == 421 or not 400 <= code <= 599 or wire.docmd("RSET")[0] != 250:
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()
        if is_login_code(code):
            return _login_refused(code, text)
        if 500 <= code <= 599:
            return Receipt(ReceiptState.FAILED, code, clean_reply(text))
        return _deferred(code, text)

    def _finish(self, wire: "_Wire", mail: OutgoingMail) -> Receipt:
        """The bytes, the final dot and what the peer says to it."""
        try:
            wire.send_mail(mail.raw, self._min_bytes_per_second)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            # The end was not handed to the network: the peer cannot have the mail.
            return _deferred(0, f"{self.host}:{self.port}: {_reason(error)} while the mail was sent")
        try:
            code, text = wire.getreply(self._final_timeout)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Receipt(
                ReceiptState.AMBIGUOUS,
                0,
                clean_reply(f"{self.host}:{self.port} has the whole mail and did not confirm it: {_reason(error)}"),
            )
        if code == 421:
            self.close()
        if 200 <= code <= 299:
            return Receipt(ReceiptState.SENT, code, clean_reply(text))
        if 400 <= code <= 499:
            return _deferred(code, text)
        if 500 <= code <= 599:
            return Receipt(ReceiptState.FAILED, code, clean_reply(text))
        self.close()
        return Receipt(ReceiptState.AMBIGUOUS, 0, clean_reply(b"the answer makes no sense: " + text))


class _Refusal(Exception):
    """The host cannot be used now."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt.text)
        self.receipt = receipt


class _Wire(smtplib.SMTP):
    """smtplib's commands over a reader with deadlines for a whole reply and a limit for its size."""

    def __init__(self, timeout: float, hostname: str, context: ssl.SSLContext | None) -> None:
        self._tls_context = context
        self._unread = bytearray()
        super().__init__(local_hostname=hostname, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout)
        # Commands are small and each waits for its answer: holding them back (Nagle) only costs time.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = host
        if self._tls_context is None:
            return connection
        try:
            return self._tls_context.wrap_socket(connection, server_hostname=host)
        except OSError:
            connection.close()
            raise

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """The greeting; `_host` is set for STARTTLS to check the certificate against."""
        self._unread.clear()
        self.sock = self._get_socket(host, port, self.timeout)
        return self.getreply()

    def starttls(self, *, context: ssl.SSLContext | None = None) -> tuple[int, bytes]:  # type: ignore[override]
        """As smtplib's; what the peer said in clear behind its 220 counts for nothing (T51)."""
        code, text = self.docmd("STARTTLS")
        if code != 220:
            return code, text
        if self._unread:
            self.close()
            raise smtplib.SMTPServerDisconnected("the peer sent more in clear after STARTTLS")
        assert context is not None and self.sock is not None
        self.sock = context.wrap_socket(self.sock, server_hostname=self._host)
        # RFC 3207 section 4.2: what was learned in clear is forgotten
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        return code, text

    def getreply(self, timeout: float | None = None) -> tuple[int, bytes]:
        """(code, text cut to 8 KB) of one reply, within `timeout` seconds in all.

        A reply without end closes the connection; the code of its first line still counts.
        """
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        lines: list[bytes] = []
        code, size = -1, 0
        while True:
            line = self._read_line(deadline)
            size += len(line)
            if code < 0 and line[:3].isdigit() and line[3:4] in (b" ", b"-", b"\r", b"\n", b""):
                code = int(line[:3])
            lines.append(line[4:].strip(b" \t\r\n"))
            is_endless = size >= _REPLY_BYTES or not line.endswith(b"\n")
            if is_endless:
                self.close()
            if is_endless or line[3:4] != b"-" or not line[:3].isdigit():
                break
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        return code, b"\n".join(lines)[:_KEPT_BYTES]

    def send_mail(self, raw: bytes, min_bytes_per_second: float) -> None:
        """The mail with its dots doubled (RFC 5321 section 4.5.2) and the final dot, in as few packets as possible."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        wire = (b"." if raw.startswith(b".") else b"") + raw.replace(b"\n.", b"\n..")
        wire += b".\r\n" if raw.endswith(b"\r\n") else b"\r\n.\r\n"
        deadline = time.monotonic() + self.timeout + len(wire) / min_bytes_per_second
        with memoryview(wire) as view:
            for start in range(0, len(wire), _PIECE):
                self.sock.settimeout(_remaining(deadline))
                self.sock.sendall(view[start : start + _PIECE])
        self.sock.settimeout(self.timeout)

    def leave(self) -> None:
        """QUIT without waiting for long, then close."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self.putcmd("QUIT")
        self.close()

    def _read_line(self, deadline: float) -> bytes:
        """One line with its LF; a piece without LF when it is longer than a whole reply may be."""
        searched = 0
        while True:
            end = self._unread.find(b"\n", searched)
            if end >= 0 or len(self._unread) >= _REPLY_BYTES:
                length = end + 1 if end >= 0 else _REPLY_BYTES
                line = bytes(self._unread[:length])
                del self._unread[:length]
                return line
            searched = len(self._unread)
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("the connection is closed")
            try:
                self.sock.settimeout(_remaining(deadline))
                piece = self.sock.recv(_PIECE)
            except OSError:
                self.close()
                raise
            if not piece:
                self.close()
                raise smtplib.SMTPServerDisconnected("the peer closed the connection")
            self._unread += piece


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("the peer is too slow")
    return remaining


def _deferred(code: int, text: str | bytes) -> Receipt:
    return Receipt(ReceiptState.DEFERRED, max(code, 0), clean_reply(text))


def _login_refused(code: int, text: str | bytes) -> Receipt:
    return Receipt(ReceiptState.DEFERRED, code if is_login_code(code) else 535, f"login refused: {clean_reply(text)}")


def _reason(error: Exception) -> str:
    return clean_reply(str(error)) or type(error).__name__
