"""The log: one line an event, nothing secret, nothing that controls a terminal, never in the way of mail."""

import inspect
import io
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TextIO

import pytest

from mailproc import maillog


@pytest.fixture(autouse=True)
def stop_logging() -> Iterator[None]:
    yield
    maillog.shut_down()


def written(stream: io.StringIO) -> list[str]:
    assert maillog.flush(5)
    return stream.getvalue().splitlines()


def test_line_is_time_level_event_id_and_fields() -> None:
    stream = io.StringIO()
    maillog.setup(stream=stream)
    maillog.decided(
        42, outcome="opened", serial=10_000, seconds=0.25, is_new=True, at=None, to=("a@c.test", "b@c.test")
    )
    (line,) = written(stream)
    at, rest = line.split(" ", 1)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()) < 60
    assert rest == "info decided id=42 outcome=opened serial=10000 seconds=0.25 is_new=true to=a@c.test,b@c.test"


def test_json_is_one_object_a_line_when_asked_for() -> None:
    stream = io.StringIO()
    maillog.setup("json", stream)
    maillog.held(7, reason="spam", count=3, ratio=0.5, is_new=False, when=datetime(2026, 11, 22, tzinfo=UTC))
    entry = json.loads(written(stream)[0])
    assert datetime.fromisoformat(entry.pop("at")).tzinfo is not None
    assert entry == {
        "level": "warning",
        "event": "held",
        "id": 7,
        "reason": "spam",
        "count": 3,
        "ratio": 0.5,
        "is_new": False,
        "when": "2026-11-22T00:00:00+00:00",
    }


EVENTS = [
    function
    for name, function in vars(maillog).items()
    if inspect.isfunction(function) and not name.startswith("_") and "fields" in inspect.signature(function).parameters
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.__name__))
def test_every_event_writes_its_name_and_id(event: Callable[..., None]) -> None:
    stream = io.StringIO()
    maillog.setup(stream=stream)
    event(5, why="x")
    (line,) = written(stream)
    assert line.split()[2:] == [event.__name__, "id=5", "why=x"]
    assert line.split()[1] in ("info", "warning", "error")


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b]0;x\x07\n2026 ERROR",
        "a\r\nb",
        "\x9b31m",
        "\u2028",
        "\u202egpj.exe",
        "\u200b",
        "\ud800",
        "a\0b",
        "tab\there",
    ],
)
def test_t49b_control_characters_are_escaped(hostile: str, format: str) -> None:
    stream = io.StringIO()
    maillog.setup(format, stream)
    maillog.refused("smtp", helo=hostile)
    (line,) = written(stream)
    assert line.isprintable()
    line.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "v=plain"),
        ("two words", 'v="two words"'),
        ('say "hi" \\', 'v="say \\"hi\\" \\\\"'),
        ("a=b", 'v="a=b"'),
        ("", 'v=""'),
        ("Łódź żółć", 'v="Łódź żółć"'),
        (b"raw bytes", 'v="9 bytes"'),
        ("x" * 2000, "v=" + "x" * 500 + "…"),
    ],
)
def test_value_can_be_read_back(value: object, shown: str) -> None:
    stream = io.StringIO()
    maillog.setup(stream=stream)
    maillog.warned("x", v=value)
    assert written(stream)[0].split(" ", 4)[4] == shown


TOKEN = "ar10000abcdefghij234567"


@pytest.mark.parametrize(
    "value",
    [
        f"support+{TOKEN}@our.test",
        f"SUPPORT+{TOKEN.upper()}@our.test",
        f"<support+{TOKEN}@our.test>, cust@c.test",
        f"support-{TOKEN}@our.test",
        f"{TOKEN}@cases.our.test",
        (f"support+{TOKEN}@our.test", "cust@c.test"),
        ValueError(f"no recipient support+{TOKEN}@our.test"),
    ],
)
@pytest.mark.parametrize("format", ["text", "json"])
def test_t49b_tokens_are_never_logged(value: object, format: str) -> None:
    stream = io.StringIO()
    maillog.setup(format, stream)
    maillog.accepted(1, recipient=value)
    (line,) = written(stream)
    assert TOKEN not in line.lower() and "abcdefghij" not in line.lower()
    assert "our.test" in line


def test_t49b_secrets_are_never_logged() -> None:
    stream = io.StringIO()
    maillog.setup(stream=stream)
    maillog.warned("x", password="hush", token="hush", body="hush", database="postgresql://desk:hush@db.test/mail")
    (line,) = written(stream)
    assert "hush" not in line
    assert "postgresql://desk:…@db.test/mail" in line


def test_exception_is_named_with_its_place_and_no_traceback() -> None:
    stream = io.StringIO()
    maillog.setup(stream=stream)
    try:
        raise KeyError("gone")
    except KeyError as error:
        maillog.loop_failed("work", error=error)
    (line,) = written(stream)
    assert "KeyError: 'gone' (test_maillog.py:" in line


def test_warnings_of_libraries_come_along() -> None:
    stream = io.StringIO()
    maillog.setup(stream=stream)
    logging.getLogger("asyncio").warning("socket %s\n", "lost")
    logging.getLogger("asyncio").info("chatter")
    (line,) = written(stream)
    assert line.endswith('warning library logger=asyncio message="socket lost\\n"')


def test_nothing_is_logged_without_setup() -> None:
    maillog.accepted(1)
    assert maillog.flush()
    assert maillog.count_dropped() == 0


def test_f33_full_disk_drops_lines_and_counts_them() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        maillog.setup(stream=full)
        for n in range(100):
            maillog.accepted(n)
        assert maillog.flush(5)
        assert maillog.count_dropped() == 100


class FaultyStream(io.StringIO):
    """A log on a disk that is full for a while."""

    is_full = True

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_f33_dropped_lines_are_reported_once_there_is_room() -> None:
    stream = FaultyStream()
    maillog.setup(stream=stream)
    maillog.accepted(1)
    assert maillog.flush(5)
    stream.is_full = False
    maillog.accepted(2)
    lines = written(stream)
    assert [line.split(" ", 1)[1] for line in lines] == ["info accepted id=2", "warning log_dropped lines=1"]
    maillog.accepted(3)
    assert len(written(stream)) == 3
    assert maillog.count_dropped() == 0


def test_f33_blocked_pipe_stops_nobody() -> None:
    reading, writing = os.pipe()
    stream: TextIO = os.fdopen(writing, "w", encoding="utf-8")
    maillog.setup(stream=stream)
    started = time.monotonic()
    for n in range(15_000):
        maillog.accepted(n, sender="cust@c.test", text_of_some_length="x" * 400)
    assert time.monotonic() - started < 10
    assert maillog.count_dropped() > 1_000

    def drain() -> None:
        while os.read(reading, 1 << 20):
            pass

    draining = threading.Thread(target=drain, daemon=True)
    draining.start()
    assert maillog.flush(10)
    maillog.shut_down()
    stream.close()
    draining.join(10)
    os.close(reading)
