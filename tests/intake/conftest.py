"""A listener on a free port over a deposit that keeps mail in memory, and a client that speaks raw SMTP."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from mailproc.intake.smtp import SmtpListener
from mailproc.records.mail import Envelope

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
    """A raw SMTP client: `say` sends a line and returns the reply's lines as one text, "" when the peer has closed."""

    def __init__(self, port: int, source: str = "127.0.0.1", timeout: float = 10.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.greeting = self.read()

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

    def send(self, raw: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(raw)

    def say(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.read()

    def begin(self, sender: str = "cust@c.test", *recipients: str) -> None:
        """Everything up to the 354."""
        assert self.say("EHLO client.c.test").startswith("250")
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        for recipient in recipients or ("support@our.test",):
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert self.say("DATA").startswith("354")

    def is_closed(self) -> bool:
        try:
            while self.socket.recv(4096):
                pass
        except ConnectionError:
            pass
        return True

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def listen(ledger: Ledger) -> Iterator[Callable[..., SmtpListener]]:
    """`listen(setting=value)` starts a listener; all are stopped after the test."""
    listeners: list[SmtpListener] = []

    def start(**settings: Any) -> SmtpListener:
        known: dict[str, Any] = {
            "deposit": ledger,
            "accepts": lambda address: address in OURS,
            "max_message_size": 1_000_000,
            "hostname": "mx.our.test",
            "drain_seconds": 0.5,
        }
        listener = SmtpListener("127.0.0.1", 0, **{**known, **settings})
        listener.start()
        listeners.append(listener)
        return listener

    yield start
    for listener in listeners:
        listener.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """`connect(port)` is a raw client; all are closed after the test."""
    clients: list[Client] = []

    def open_client(port: int, **settings: Any) -> Client:
        clients.append(Client(port, **settings))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()
