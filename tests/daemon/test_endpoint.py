"""/healthz, /readyz and /metrics over real sockets."""

import http.client
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailproc.daemon.endpoint import Endpoint
from mailproc.daemon.status import StatusBoard
from mailproc.errors import Permanent
from mailproc.intake.base import IntakeStatus
from mailproc.opening import OpenSite
from mailproc.records.mail import Envelope
from tests.daemon.conftest import START, Clock

SAMPLE = re.compile(r'mailproc_[a-z_]+(\{[a-z]+="(\\.|[^"\\])*"(,[a-z]+="(\\.|[^"\\])*")*\})? [0-9.e+-]+')


@pytest.fixture
def board(site: OpenSite, make_board: Callable[..., StatusBoard]) -> StatusBoard:
    return make_board(site)


@pytest.fixture
def endpoint(board: StatusBoard) -> Iterator[Endpoint]:
    made = Endpoint(board, "127.0.0.1", 0, counts=lambda: {"accepted": 3, "alarmed": 1})
    made.start()
    yield made
    made.stop()
    made.stop()


def get(endpoint: Endpoint, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=30)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_healthz_tells_whether_the_watch_lives(endpoint: Endpoint, board: StatusBoard, clock: Clock) -> None:
    assert get(endpoint, "/healthz") == (200, "ok\n")
    clock.pass_time(minutes=2)
    assert get(endpoint, "/healthz")[0] == 503
    board.stop()
    assert get(endpoint, "/healthz")[0] == 200, "a daemon that drains is not to be restarted"
    assert get(endpoint, "/readyz") == (503, "the daemon is ending\n")


def test_readyz_tells_what_is_wrong(endpoint: Endpoint, board: StatusBoard, clock: Clock) -> None:
    assert get(endpoint, "/readyz") == (200, "ok\n")
    board.report(IntakeStatus("support", "imap", failing_since=clock(), problem="[AUTHENTICATIONFAILED] no"))
    board.suffer("rules", "routing.yaml:3: unknown key")
    clock.pass_time(seconds=11)
    board.beat()
    assert wait_for(lambda: get(endpoint, "/readyz")[0] == 503)
    body = get(endpoint, "/readyz")[1]
    assert "support" in body and "routing.yaml:3" in body


def test_readyz_when_the_store_does_not_answer(endpoint: Endpoint, board: StatusBoard, site: OpenSite) -> None:
    site.store.close()
    for path in Path(site.settings.database.removeprefix("sqlite:///")).parent.glob("mailproc.db*"):
        path.write_bytes(b"this is no database" * 1000)
    status, body = get(endpoint, "/readyz")
    assert status == 503 and "is not an SQLite database" in body
    assert get(endpoint, "/healthz")[0] == 200, "a restart would not mend it"
    assert "mailproc_store_up 0" in get(endpoint, "/metrics")[1]


def test_metrics_are_in_the_text_format(endpoint: Endpoint, board: StatusBoard, site: OpenSite, clock: Clock) -> None:
    site.engine.receive(b"Subject: secret words\r\n\r\nbody", Envelope("smtp", START, "jane@c.test")).result(30)
    board.report(IntakeStatus('sup"port\\\n', "imap", last_success=START, last_mail=START, taken=5))
    status, page = get(endpoint, "/metrics")
    assert status == 200 and page.endswith("\n")
    samples = [line for line in page.splitlines() if not line.startswith("#")]
    for line in samples:
        assert SAMPLE.fullmatch(line), line
    values = dict(line.rsplit(" ", 1) for line in samples)
    assert float(values['mailproc_mails_total{event="accepted"}']) == 3
    assert float(values["mailproc_inbox_waiting"]) == 1
    assert float(values["mailproc_store_up"]) == 1
    at = float(values['mailproc_intake_last_success_timestamp_seconds{intake="sup\\"port\\\\\\n",kind="imap"}'])
    assert datetime.fromtimestamp(at, UTC) == START
    assert "jane" not in page and "secret" not in page, "nothing of any mail"
    names = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
    assert len(names) >= 15


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics?x=1", 200), ("POST", "/metrics", 501), ("DELETE", "/healthz", 501)],
)
def test_endpoint_of_other_requests(endpoint: Endpoint, method: str, path: str, status: int) -> None:
    assert get(endpoint, path, method)[0] == status


def test_endpoint_when_the_port_is_taken(endpoint: Endpoint, board: StatusBoard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Permanent, match=r"health\.listen"):
        Endpoint(board, "127.0.0.1", taken.getsockname()[1]).start()


def test_endpoint_when_many_connect_and_say_nothing(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailproc.daemon.endpoint._Handler.timeout", 1.0)
    silent = [socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) for _ in range(40)]
    try:
        # Most are turned away at once, the others after their deadline; then it serves again
        assert wait_for(lambda: threading.active_count() < 40)
        assert wait_for(lambda: answers(endpoint))
    finally:
        for one in silent:
            one.close()


def test_endpoint_serves_while_many_connections_say_nothing(endpoint: Endpoint) -> None:
    silent = [socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) for _ in range(20)]
    try:
        assert get(endpoint, "/healthz")[0] == 200
    finally:
        for one in silent:
            one.close()


def answers(endpoint: Endpoint) -> bool:
    try:
        return get(endpoint, "/healthz")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
