"""A mail to deliver and SMTP peers that follow a script, however evil."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailproc.delivery.smtp import SmtpSender


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """As `store.outbox` leases them."""

    id: int = 7
    recipient: str = "cust@c.test"
    envelope_from: str = "bounces@our.test"
    raw: bytes = b"Subject: hello\r\nTo: cust@c.test\r\n\r\n.dot\r\nbody\r\n"


class Peer:
    """One connection as its script sees it."""

    def __init__(self, connection: socket.socket, log: list[str]) -> None:
        self.socket = connection
        self.log = log
        self._unread = b""

    def say(self, *lines: str) -> None:
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode("latin-1"))

    def hear(self) -> str:
        """The next line, "" at the end; logged."""
        while b"\r\n" not in self._unread:
            piece = self.socket.recv(65_536)
            if not piece:
                return ""
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\r\n")
        self.log.append(line.decode("latin-1"))
        return self.log[-1]

    def hear_mail(self) -> bytes:
        """Everything up to the final dot, as it was on the wire."""
        while not (b"\r\n" + self._unread).endswith(b"\r\n.\r\n"):
            piece = self.socket.recv(65_536)
            if not piece:
                break
            self._unread += piece
        mail, self._unread = self._unread, b""
        return mail

    def serve(self, **replies: str) -> None:
        """A whole session: `replies` by command word, 250 for the rest; `end` answers the final dot, "" hangs up."""
        self.say(replies.get("greeting", "220 peer.test ESMTP"))
        while line := self.hear():
            word = line.split()[0].split(":")[0].lower()
            reply = replies.get(
                word, {"data": "354 go", "quit": "221 bye", "ehlo": "250 peer.test"}.get(word, "250 ok")
            )
            if not reply:
                return
            self.say(*reply.split("\n"))
            if word == "quit":
                return
            if reply.startswith("354"):
                self.log.append(self.hear_mail().decode("latin-1"))
                end = replies.get("end", "250 kept")
                if not end:
                    return
                self.say(*end.split("\n"))


Script = Callable[[Peer], None]


class Host:
    """A listening socket; connection n is served by script n, the last script serves all further ones."""

    def __init__(self, scripts: tuple[Script, ...]) -> None:
        self.log: list[str] = []
        self.connections = 0
        self._scripts = scripts
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                script = self._scripts[min(self.connections, len(self._scripts) - 1)]
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection, script), daemon=True).start()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        with contextlib.suppress(OSError), connection:
            script(Peer(connection, self.log))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def host() -> Iterator[Callable[..., Host]]:
    """`host(script, ...)` starts a peer; `host(end="451 no")` is one that answers so."""
    hosts: list[Host] = []

    def start(*scripts: Script, **replies: str) -> Host:
        hosts.append(Host(scripts or (lambda peer: peer.serve(**replies),)))
        return hosts[-1]

    yield start
    for one in hosts:
        one.close()


@pytest.fixture
def mail() -> Callable[..., OutgoingMail]:
    return OutgoingMail


class Sink:
    """An aiosmtpd handler that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[tuple[str | None, list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 kept"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    return _free_port()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def serve(sink: Sink) -> Iterator[Callable[..., int]]:
    """`serve(setting=value)` starts a real SMTP server over the sink and returns its port."""
    controllers: list[Controller] = []

    def start(**settings: Any) -> int:
        for _ in range(5):
            controller = Controller(sink, hostname="127.0.0.1", port=_free_port(), **settings)
            try:
                controller.start()
            except OSError:  # somebody else took the port meanwhile
                continue
            controllers.append(controller)
            return int(controller.port)
        raise AssertionError("no free port")

    yield start
    for controller in controllers:
        controller.stop()


@pytest.fixture
def sender() -> Iterator[Callable[..., SmtpSender]]:
    """`sender(port, setting=value)` delivers to that port of 127.0.0.1; all are closed after the test."""
    senders: list[SmtpSender] = []

    def make(port: int, host: str = "127.0.0.1", **settings: Any) -> SmtpSender:
        senders.append(SmtpSender(host, port, **{"timeout": 5.0, "final_timeout": 5.0, **settings}))
        return senders[-1]

    yield make
    for one in senders:
        one.close()


@pytest.fixture
def certs() -> Path:
    """A self-signed certificate for localhost and its key, made for these tests."""
    return Path(__file__).parent / "certs"
