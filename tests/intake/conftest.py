"""Listeners on free ports over a deposit that keeps mail in memory, and a client that speaks raw SMTP or LMTP."""

import contextlib
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from mailproc.intake.lmtp import LmtpListener
from mailproc.intake.smtp import SmtpListener
from mailproc.records.mail import Envelope
from tests.postfix import Postfix, free_port, running

CERTIFICATE = Path(__file__).parent.parent / "delivery" / "certs" / "localhost.crt"
OURS = ("support@our.test", "billing@our.test")


class Ledger:
    """A deposit that commits at once, unless `is_open` is cleared: then its futures wait for `commit_all`."""

    def __init__(self) -> None:
        self.mails: list[tuple[bytes, Envelope]] = []
        self.commits_at_once = True
        self.error: BaseException | None = None
        self.error_in_future: BaseException | None = None
        self.asked = threading.Semaphore(0)
        self._waiting: list[tuple[bytes, Envelope, Future[int]]] = []

    def __call__(self, raw: bytes, envelope: Envelope) -> "Future[int]":
        try:
            if self.error is not None:
                raise self.error
            future: Future[int] = Future()
            self._waiting.append((raw, envelope, future))
            if self.commits_at_once:
                self.commit_all()
            return future
        finally:
            self.asked.release()

    def commit_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for raw, envelope, future in waiting:
            assert future.set_running_or_notify_cancel(), "somebody cancelled a commit"
            if self.error_in_future is not None:
                future.set_exception(self.error_in_future)
            else:
                self.mails.append((raw, envelope))
                future.set_result(len(self.mails))


class Client:
    """A raw client of a port or a Unix socket; with TLS when `starttls` is set, in LMTP when the server speaks it.

    `say` sends a line and returns the reply's lines as one text, "" when the peer has closed.
    """

    def __init__(
        self, place: int | str, source: str = "127.0.0.1", timeout: float = 30.0, *, starttls: bool = False
    ) -> None:
        if isinstance(place, int):
            self.socket = socket.create_connection(("127.0.0.1", place), timeout, (source, 0))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(place)
        self.greeting = self.read()
        self.hello = "LHLO" if " LMTP " in self.greeting else "EHLO"
        if starttls:
            assert "STARTTLS" in self.say(f"{self.hello} client.c.test")
            assert self.say("STARTTLS").startswith("220")
            self.shake_hands()

    def shake_hands(self) -> None:
        """The TLS handshake after STARTTLS."""
        context = ssl.create_default_context(cafile=CERTIFICATE)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def read(self) -> str:
        text = b""
        try:
            while not (text.endswith(b"\n") and text.splitlines()[-1][3:4] != b"-"):
                piece = self.socket.recv(4096)
                if not piece:
                    break
                text += piece
        except ConnectionError:
            pass
        return text.decode("ascii")

    def read_lines(self, count: int) -> list[str]:
        """So many reply lines."""
        text = b""
        while text.count(b"\n") < count:
            piece = self.socket.recv(4096)
            if not piece:
                break
            text += piece
        return text.decode("ascii").splitlines()

    def send(self, raw: bytes) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self.socket.sendall(raw)

    def say(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.read()

    def begin(self, sender: str = "cust@c.test", *recipients: str) -> None:
        """Everything up to the 354."""
        assert self.say(f"{self.hello} client.c.test").startswith("250")
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        for recipient in recipients or ("support@our.test",):
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert self.say("DATA").startswith("354")

    def is_closed(self) -> bool:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while self.socket.recv(4096):
                pass
        return True

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def listen(ledger: Ledger) -> Iterator[Callable[..., SmtpListener]]:
    """`listen(setting=value)` starts a listener, for LMTP with `kind`; all are stopped after the test."""
    listeners: list[SmtpListener] = []

    def start(kind: type[SmtpListener] = SmtpListener, **settings: Any) -> SmtpListener:
        known: dict[str, Any] = {
            "deposit": ledger,
            "accepts": lambda address: address in OURS,
            "max_message_size": 1_000_000,
            "hostname": "mx.our.test",
            "drain_seconds": 0.5,
        }
        host = "" if "socket_path" in settings else "127.0.0.1"
        listener = kind(host, **{**known, **settings})
        listener.start()
        listeners.append(listener)
        return listener

    yield start
    for listener in listeners:
        listener.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """`connect(port or socket)` is a raw client; all are closed after the test."""
    clients: list[Client] = []

    def open_client(place: int | str, **settings: Any) -> Client:
        clients.append(Client(place, **settings))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a Unix socket's, which may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="mp-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def tls_files() -> dict[str, str]:
    """The settings of a listener that offers STARTTLS."""
    return {"tls_certificate": str(CERTIFICATE), "tls_key": str(CERTIFICATE.with_suffix(".key"))}


@pytest.fixture(params=["smtp", "lmtp"])
def both(request: pytest.FixtureRequest) -> type[SmtpListener]:
    """Each of the two listeners in turn."""
    return LmtpListener if request.param == "lmtp" else SmtpListener


class Relay:
    """A Postfix in front of us: what it gets for `domain(kind)` it hands to the listener at `place(kind)`."""

    def __init__(self, postfix: Postfix, port: int) -> None:
        self.postfix, self.smtp_port = postfix, port
        self.socket_path = str(postfix.queue / "mailproc" / "lmtp")

    @staticmethod
    def domain(kind: type[SmtpListener]) -> str:
        return f"{kind.kind}.test"

    def place(self, kind: type[SmtpListener]) -> dict[str, Any]:
        """Settings of a listener that this Postfix delivers to."""
        return {"port": self.smtp_port} if kind is SmtpListener else {"socket_path": self.socket_path}


@pytest.fixture(scope="session")
def relay() -> Iterator[Relay]:
    """The Postfix of this worker, for SMTP to a port and for LMTP to a socket in its queue."""
    port = free_port()
    routes = {"smtp.test": f"smtp:[127.0.0.1]:{port}", "lmtp.test": "lmtp:unix:mailproc/lmtp"}
    # What ends a mail for Postfix itself shall be CRLF.CRLF: then whatever is smuggled gets as far as to us.
    settings = {"smtpd_forbid_bare_newline": "normalize", "smtpd_forbid_bare_newline_exclusions": ""}
    with running(routes, **settings) as postfix:
        (postfix.queue / "mailproc").mkdir(mode=0o755)
        yield Relay(postfix, port)
