"""A TCP proxy for the tests that delays, cuts or swallows what passes, and counts it; and a scripted IMAP server.

The scripted server is for what a real one does not do: wrong literals, cuts in the middle of them, missing extensions.
"""

import base64
import contextlib
import queue
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Waiting = queue.SimpleQueue[tuple[float, bytes]]


class Proxy:
    """Passes connections on 127.0.0.1 to another port; all settings may change while it runs."""

    def __init__(self, target: int, *, delay_seconds: float = 0.0) -> None:
        self.target = target
        self.delay_seconds = delay_seconds  # each way: a round trip takes twice as long
        self.cut_after: int | None = None  # bytes from the server, of each connection; then both ends are closed
        self.cut_at_text: bytes = b""  # from the server: closed before this passes
        self.is_swallowing = False  # both ways: connections stay open and nothing arrives any more
        self.refuses = False  # new connections are closed at once
        self.connections = 0
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection now."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        """End it all."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.refuses:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {client, server}
            for source, sink, is_answer in ((client, server, False), (server, client, True)):
                waiting: Waiting = queue.SimpleQueue()
                threading.Thread(target=self._read, args=(source, sink, waiting, is_answer), daemon=True).start()
                threading.Thread(target=self._write, args=(sink, waiting), daemon=True).start()

    def _read(
        self,
        source: socket.socket,
        sink: socket.socket,
        waiting: "queue.SimpleQueue[tuple[float, bytes]]",
        answer: bool,
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.is_swallowing:
                    continue
                if answer and self.cut_after is not None and passed + len(data) >= self.cut_after:
                    sink.sendall(data[: max(0, self.cut_after - passed)])
                    break
                if answer and self.cut_at_text and self.cut_at_text in data:
                    sink.sendall(data[: data.index(self.cut_at_text)])
                    break
                passed += len(data)
                waiting.put((time.monotonic() + self.delay_seconds, data))
        if not self.is_swallowing:
            waiting.put((time.monotonic() + self.delay_seconds, b""))

    def _write(self, sink: socket.socket, waiting: "Waiting") -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = waiting.get()
                if (left := due - time.monotonic()) > 0:
                    time.sleep(left)
                if not data:
                    break
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@dataclass
class FakeImap:
    """An IMAP server with one folder of mails, as wrong as its settings say; it keeps every line it was sent."""

    mails: dict[int, bytes]
    capabilities: str = "IMAP4rev1 UIDPLUS MOVE IDLE"
    uidvalidity: int = 7
    uidnext: int | None = None
    announce: Callable[[int, bytes], int] = lambda uid, raw: len(raw)  # the number in a literal
    body_of: Callable[[int, bytes], bytes] = lambda uid, raw: raw  # what follows it
    cut_body_after: int | None = None  # bytes of a body; the connection ends there
    refuse: dict[str, str] = field(default_factory=dict)  # first words of a command -> NO text
    greeting: bytes = b"* OK ready\r\n"
    bye_on: str = ""  # a command that is answered with BYE
    password: str = "secret"
    lines: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=lambda: ["INBOX", "Processed"])
    delimiter: str = "/"
    flagged: dict[int, set[str]] = field(default_factory=dict)
    copied: list[int] = field(default_factory=list)
    after_search: list[tuple[int, bytes]] = field(default_factory=list)  # mails that come while SEARCH is answered
    top: int = 0  # the highest UID that was ever there
    tokens: set[str] = field(default_factory=set)  # good for XOAUTH2

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End it; connections end with their clients."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), client, client.makefile("rwb") as stream:
            stream.write(self.greeting)
            stream.flush()
            while line := stream.readline():
                self.lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))
                tag, _, command = self.lines[-1].partition(" ")
                if self.bye_on and command.upper().startswith(self.bye_on):
                    stream.write(b"* BYE overloaded\r\n")
                    return
                if command.upper().startswith("AUTHENTICATE XOAUTH2"):
                    stream.write(self._authenticate(tag, stream))
                    stream.flush()
                    continue
                if command.upper() == "IDLE":
                    stream.write(b"+ idling\r\n")
                    stream.flush()
                    self.lines.append(stream.readline().decode().rstrip("\r\n"))
                refused = next((text for key, text in self.refuse.items() if command.upper().startswith(key)), None)
                if refused is not None:
                    stream.write(f"{tag} NO {refused}\r\n".encode())
                else:
                    for part in self._answer(command):
                        if part is None:
                            return
                        stream.write(part)
                    stream.write(f"{tag} OK done\r\n".encode())
                stream.flush()

    def _authenticate(self, tag: str, stream: Any) -> bytes:
        stream.write(b"+ \r\n")
        stream.flush()
        self.lines.append(stream.readline().decode().rstrip("\r\n"))
        words = base64.b64decode(self.lines[-1]).decode()
        if words.partition("auth=Bearer ")[2].rstrip("\1") in self.tokens:
            return f"{tag} OK welcome\r\n".encode()
        stream.write(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
        stream.flush()
        self.lines.append(stream.readline().decode().rstrip("\r\n"))  # RFC 4422 section 3.5: the reason is read
        return f"{tag} NO [AUTHENTICATIONFAILED] invalid credentials\r\n".encode()

    def _answer(self, command: str) -> Iterator[bytes | None]:
        verb, _, rest = command.partition(" ")
        if verb.upper() == "UID":
            verb, _, rest = rest.partition(" ")
            verb = "UID " + verb
        match verb.upper():
            case "CAPABILITY":
                yield f"* CAPABILITY {self.capabilities}\r\n".encode()
            case "LIST":
                for name in self.folders if "*" in rest else [""]:
                    yield f'* LIST () "{self.delimiter}" "{name}"\r\n'.encode()
            case "CREATE":
                self.folders.append(rest.strip('"'))
            case "SELECT" | "EXAMINE":
                yield b"* FLAGS (\\Seen \\Deleted)\r\n"
                yield f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.uidvalidity}] ok\r\n".encode()
                if self.uidnext != 0:
                    self.top = max(self.top, *self.mails, 0)
                    uidnext = self.uidnext or self.top + 1
                    yield f"* OK [UIDNEXT {uidnext}] ok\r\n".encode()
            case "UID SEARCH":
                uids = sorted(self._named(re.search(r"UID (\S+)", rest)[1] if "UID " in rest else "1:*"))  # type: ignore[index]
                yield ("* SEARCH " + " ".join(map(str, uids))).rstrip().encode() + b"\r\n"
                if self.after_search:
                    self.mails.update([self.after_search.pop()])
                    yield f"* {len(self.mails)} EXISTS\r\n".encode()
            case "UID FETCH":
                yield from self._fetch(rest)
            case "UID STORE":
                for uid in self._named(rest.split()[0]):
                    self.flagged.setdefault(uid, set()).add(rest.split("(")[1].rstrip(")"))
            case "UID COPY":
                self.copied += self._named(rest.split()[0])
            case "UID EXPUNGE" | "UID MOVE":
                for uid in self._named(rest.split()[0]):
                    if verb.upper() == "UID MOVE":
                        self.copied.append(uid)
                    elif "\\Deleted" not in self.flagged.get(uid, ()):
                        continue
                    yield f"* {sorted(self.mails).index(uid) + 1} EXPUNGE\r\n".encode()
                    del self.mails[uid]
            case "LOGOUT":
                yield b"* BYE\r\n"

    def _fetch(self, rest: str) -> Iterator[bytes | None]:
        for uid in sorted(self._named(rest.split()[0])):
            raw = self.mails[uid]
            head = f"* {sorted(self.mails).index(uid) + 1} FETCH (UID {uid}"
            if "BODY" not in rest:
                yield f'{head} RFC822.SIZE {len(raw)} INTERNALDATE "17-Nov-2026 10:00:00 +0000")\r\n'.encode()
                continue
            body = self.body_of(uid, raw)
            yield f"{head} BODY[] {{{self.announce(uid, raw)}}}\r\n".encode()
            if self.cut_body_after is not None and len(body) > self.cut_body_after:
                yield body[: self.cut_body_after]
                yield None
            yield body
            yield b")\r\n"

    def _named(self, text: str) -> list[int]:
        found = set()
        for part in text.split(","):
            first, _, last = part.partition(":")
            top = max(self.mails, default=0)
            low, high = sorted(top if word == "*" else int(word) for word in (first, last or first))
            found |= {uid for uid in self.mails if low <= uid <= high}
        return sorted(found)
