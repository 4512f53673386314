"""One SMTP connection: smtplib's commands over a reader with deadlines for a whole reply and a limit for its size.

Whatever the peer does costs bounded time and memory (threat T61). It knows nothing of receipts.
"""

import base64
import contextlib
import smtplib
import socket
import ssl
import time
from typing import Any

_PIECE = 65_536
_REPLY_BYTES = 65_536  # of one reply; a peer that says more is cut off, its code counts
_KEPT_BYTES = 8_192


class Wire(smtplib.SMTP):
    """A connection to one peer. `deadline` (of time.monotonic) ends what is under way, whatever each step may take."""

    def __init__(self, timeout: float, hostname: str, context: ssl.SSLContext | None) -> None:
        self._tls_context = context
        self._unread = bytearray()
        self.deadline = float("inf")
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

    def ask(self, command: str) -> tuple[int, bytes]:
        """The answer to one command; its text is UTF-8, which only addresses after SMTPUTF8 make use of."""
        assert "\r" not in command and "\n" not in command  # addresses were checked (T42)
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        self.sock.settimeout(remaining(min(self.deadline, time.monotonic() + self.timeout)))
        self.sock.sendall(command.encode("utf-8") + b"\r\n")
        return self.getreply()

    def login_with_token(self, user: str, token: str) -> None:
        """SASL XOAUTH2 with an initial response (RFC 4954 section 4). Raises as smtplib's `login`."""
        if "XOAUTH2" not in self.esmtp_features.get("auth", "").upper().split():
            raise smtplib.SMTPNotSupportedError("the host offers no XOAUTH2")
        response = base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode("ascii")
        code, text = self.docmd(f"AUTH XOAUTH2 {response}")
        if code == 334:
            # What failed comes as a challenge; the refusal itself only behind an empty answer to it
            code, text = self.docmd("")
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, text)

    def getreply(self, timeout: float | None = None) -> tuple[int, bytes]:
        """(code, text cut to 8 KB) of one reply, within `timeout` seconds in all.

        A reply without end closes the connection; the code of its first line still counts.
        """
        deadline = min(self.deadline, time.monotonic() + (self.timeout if timeout is None else timeout))
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
        deadline = min(self.deadline, time.monotonic() + self.timeout + len(wire) / min_bytes_per_second)
        with memoryview(wire) as view:
            for start in range(0, len(wire), _PIECE):
                self.sock.settimeout(remaining(deadline))
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
                self.sock.settimeout(remaining(deadline))
                piece = self.sock.recv(_PIECE)
            except OSError:
                self.close()
                raise
            if not piece:
                self.close()
                raise smtplib.SMTPServerDisconnected("the peer closed the connection")
            self._unread += piece


def remaining(deadline: float) -> float:
    """The seconds until then; raises TimeoutError when it has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the peer is too slow")
    return seconds
