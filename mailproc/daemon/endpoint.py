"""/healthz, /readyz and /metrics over HTTP, for those who watch the daemon; GET alone, nothing of any mail.

/healthz: does this process live (else restart it). /readyz: is the site well, a line for each problem. /metrics: the
text format of Prometheus.
"""

import platform
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, SHUT_RDWR, socket
from typing import Any

from mailproc import __version__, maillog
from mailproc.daemon.status import StatusBoard
from mailproc.doctor.vitals import Vitals, find_problems, measure_disk, read_vitals
from mailproc.errors import MailprocError, Permanent

READ_SECONDS = 5.0  # of each read and write
REQUEST_SECONDS = 10.0  # of a whole request, however slowly it comes
_MOST_CONNECTIONS = 16
_KEPT_SECONDS = 1.0  # several watchers cost one look at the store a second
_PLAIN = "text/plain; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
EVENTS = (
    "accepted", "refused", "duplicate", "decided", "held", "failed_work", "sent", "deferred", "failed", "ambiguous",
)  # fmt: skip


class Endpoint:
    """Serves one board on host:port from `start` to `stop`; port 0 takes a free one, `port` says which."""

    def __init__(
        self,
        board: StatusBoard,
        host: str,
        port: int,
        *,
        counts: Callable[[], Mapping[str, int]] = maillog.count_events,
    ) -> None:
        self.host, self.port = host, port
        self._board = board
        self._counts = counts
        self._lock = threading.Lock()
        self._seen: tuple[float, Vitals | None] = (float("-inf"), None)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen. Raises Permanent when the address cannot be had."""
        try:
            self._server = _Server(self.host, self.port, self.answer)
        except OSError as error:
            raise Permanent(
                f"health: cannot listen on {self.host}:{self.port} ({error.strerror or error}); is another program "
                "there? Change `health.listen`"
            ) from error
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="health", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; stopping twice is fine."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            server.server_close()
            self._thread.join(REQUEST_SECONDS)

    def answer(self, path: str) -> tuple[int, str, str]:
        """(status, content type, body) of a GET."""
        if path == "/healthz":
            is_alive = self._board.is_alive() or self._board.is_stopped  # a daemon that drains is not to be restarted
            return (200, _PLAIN, "ok\n") if is_alive else (503, _PLAIN, "the daemon's watch hangs\n")
        if path == "/readyz":
            problems = self._find_problems()
            return (503, _PLAIN, "".join(f"{problem}\n" for problem in problems)) if problems else (200, _PLAIN, "ok\n")
        if path == "/metrics":
            return 200, _METRICS, self._write_metrics()
        return 404, _PLAIN, "there are /healthz, /readyz and /metrics\n"

    def _look(self) -> tuple[Vitals | None, str]:
        """What the store says now, or why it does not."""
        with self._lock:
            at, seen = self._seen
            if time.monotonic() - at < _KEPT_SECONDS:
                return seen, self._board.store_problem
            try:
                with self._board.store.read() as tx:
                    seen = read_vitals(tx, self._board.settings, self._board.clock())
                problem = ""
            except MailprocError as error:
                seen, problem = None, str(error)
            self._seen = (time.monotonic(), seen)
            return seen, problem

    def _find_problems(self) -> tuple[str, ...]:
        if self._board.is_stopped:
            return ("the daemon is ending",)
        seen, problem = self._look()
        if seen is None:
            return (problem or "the database does not answer",)
        return find_problems(seen, self._board.settings, self._board.host)

    def _write_metrics(self) -> str:
        board, counts = self._board, self._counts()
        seen, _ = self._look()
        page = _Page()
        page.add("build_info", "gauge", "The version that runs.", [(_labels(
            version=__version__, python=platform.python_version(), sqlite=sqlite3.sqlite_version), 1.0)])
        page.add("start_time_seconds", "gauge", "When the daemon started.", [("", board.started_at.timestamp())])
        page.add("mails_total", "counter", "Mails by what became of them, since the start.",
                 [(_labels(event=event), float(counts.get(event, 0))) for event in EVENTS])
        page.add("alarms_total", "counter", "Alarms raised since the start.", [("", float(counts.get("alarmed", 0)))])
        page.add("login_refusals_total", "counter", "Logins for outgoing mail that were refused.",
                 [("", float(counts.get("login_refused", 0)))])
        page.add("log_lines_dropped", "gauge", "Log lines that could not be written.",
                 [("", float(maillog.count_dropped()))])
        page.add("troubles", "gauge", "What the daemon suffers from besides its ways in.",
                 [("", float(len(board.difficulties())))])
        self._add_intakes(page)
        page.add("store_up", "gauge", "1 while the database answers.", [("", float(seen is not None))])
        page.add("store_commit_seconds", "gauge", "How long the last heartbeat took to be durable.",
                 [("", board.store_latency)])
        disk = measure_disk(board.settings)
        if disk is not None:
            page.add("disk_free_bytes", "gauge", "Free space where the database is.", [("", float(disk))])
        if seen is not None:
            _add_queues(page, seen)
        return page.text()

    def _add_intakes(self, page: "_Page") -> None:
        known = [(_labels(intake=status.name, kind=status.kind), status) for status in self._board.statuses()]
        page.add("intake_failing", "gauge", "1 while no mail can be taken from there.",
                 [(labels, float(status.failing_since is not None)) for labels, status in known])
        page.add("intake_mails_total", "counter", "Mails taken since the start.",
                 [(labels, float(status.taken)) for labels, status in known])
        page.add("intake_last_success_timestamp_seconds", "gauge", "When it was last looked through with success.",
                 [(labels, status.last_success.timestamp()) for labels, status in known if status.last_success])
        page.add("intake_last_mail_timestamp_seconds", "gauge", "When the last mail came.",
                 [(labels, status.last_mail.timestamp()) for labels, status in known if status.last_mail])


def _add_queues(page: "_Page", seen: Vitals) -> None:
    queues = seen.queues

    def age(at: datetime | None) -> float:
        return max(0.0, (seen.at - at).total_seconds()) if at else 0.0

    page.add("inbox_waiting", "gauge", "Mails not decided yet.", [("", float(queues.undecided))])
    page.add("inbox_oldest_seconds", "gauge", "Age of the oldest of them.", [("", age(queues.oldest_undecided_at))])
    page.add("held", "gauge", "Mails that wait for a person.", [("", float(queues.held))])
    page.add("held_oldest_seconds", "gauge", "Age of the oldest of them.", [("", age(queues.oldest_held_at))])
    page.add("outbox_queued", "gauge", "Mails to send.", [("", float(queues.queued))])
    page.add("outbox_oldest_seconds", "gauge", "Age of the oldest of them.", [("", age(queues.oldest_queued_at))])
    page.add("outbox_overdue_seconds", "gauge", "How long the next one could have been sent already.",
             [("", age(queues.longest_due_at))])
    stuck = dict(queues.stuck)
    page.add("outbox_stuck", "gauge", "Outgoing mails that nobody tries again by himself.",
             [(_labels(state=state), float(stuck.get(state, 0))) for state in ("ambiguous", "failed", "held")])


class _Page:
    """Metrics in the text format of Prometheus (exposition format 0.0.4)."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, name: str, kind: str, help_text: str, samples: Iterable[tuple[str, float]]) -> None:
        lines = [f"mailproc_{name}{labels} {value:.17g}" for labels, value in samples]
        if lines:
            self._lines += [f"# HELP mailproc_{name} {help_text}", f"# TYPE mailproc_{name} {kind}", *lines]

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def _labels(**labels: str) -> str:
    def quote(value: str) -> str:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

    return "{" + ",".join(f'{name}="{quote(value)}"' for name, value in labels.items()) + "}"


class _Server(ThreadingHTTPServer):
    """A few connections at a time, each with a deadline."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, answer: Callable[[str], tuple[int, str, str]]) -> None:
        if ":" in host:
            self.address_family = AF_INET6
        self.answer = answer
        self._open: dict[socket, float] = {}
        self._lock = threading.Lock()
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if len(self._open) >= _MOST_CONNECTIONS:
                # The oldest goes: a good client is served in milliseconds, and those that say nothing must not keep
                # a watcher out, who would restart a daemon that is well
                oldest = min(self._open, key=self._open.__getitem__)
                del self._open[oldest]
                with suppress(OSError):
                    oldest.shutdown(SHUT_RDWR)
            self._open[request] = time.monotonic() + REQUEST_SECONDS
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called by `serve_forever` several times a second."""
        now = time.monotonic()
        with self._lock:
            late = [request for request, until in self._open.items() if until < now]
            for request in late:
                with suppress(OSError):
                    request.shutdown(SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is its own affair; nothing of it belongs on standard error."""


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_SECONDS
    server_version = "mailproc"
    sys_version = ""
    protocol_version = "HTTP/1.0"  # one request a connection

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        status, content_type, body = self.server.answer(self.path.partition("?")[0])
        self._send(status, content_type, body)

    def _send(self, status: int, content_type: str, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Watchers ask all day; the log is for mail."""
