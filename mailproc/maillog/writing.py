"""How a line of the log is made and written: from a thread of its own, and nothing secret or unprintable in it."""

import functools
import json
import os
import queue
import re
import threading
import time
import traceback
from datetime import UTC, datetime
from typing import TextIO

_WAITING_LINES = 10_000
_GATHER_SECONDS = 0.01
_VALUE_LENGTH = 500
FLUSH_SECONDS = 1.0
_SECRET_KEYS = frozenset({"password", "token", "secret", "body", "text", "raw", "key", "authorization"})
_PLUS_TOKEN = re.compile(r"\+[^@\s<>\",;]{1,200}@")
# key id, purpose, serial, signature: `tickets.token` makes them, with any address extension
_TOKEN = re.compile(r"(?<![a-z0-9])[a-z2-7][crndh][0-9]{5,14}[a-z2-7]{16}(?![a-z0-9])", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]{0,200}:)[^/\s@]{1,200}@")
_BARE = re.compile(r"[^\s\"'=\\]+")


class Writer:
    """The thread that writes lines; None in its queue ends it."""

    def __init__(self, stream: TextIO, is_json: bool) -> None:
        self.is_json = is_json
        self.dropped = 0
        self._stream = stream
        try:
            # Straight to the file: a text stream would keep what a full disk refused and try it again for ever.
            self._file: int | None = stream.fileno()
        except (OSError, ValueError, AttributeError):
            self._file = None
        # SimpleQueue is written in C and twice as fast as a bounded Queue; the bound is kept by hand.
        self._waiting: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="maillog", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        if self._waiting.qsize() < _WAITING_LINES:
            self._waiting.put(line)
        else:
            self.dropped += 1

    def flush(self, seconds: float) -> bool:
        """True when everything logged before was written within that time."""
        written = threading.Event()
        self._waiting.put(written)
        return written.wait(seconds)

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(FLUSH_SECONDS)  # blocked by its target it goes on as a daemon and ends with the process

    def _run(self) -> None:
        while True:
            entries = [self._waiting.get()]
            if isinstance(entries[0], str):
                time.sleep(_GATHER_SECONDS)  # one wake-up and one write for many lines
            while len(entries) < _WAITING_LINES:
                try:
                    entries.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            self._write([entry for entry in entries if isinstance(entry, str)])
            for entry in entries:
                if isinstance(entry, threading.Event):
                    entry.set()
            if None in entries:
                return

    def _write(self, lines: list[str]) -> None:
        dropped = self.dropped
        if dropped:
            lines.append(make_line(self.is_json, "warning", "log_dropped", None, {"lines": dropped}))
        try:
            self._put("".join(lines))
        except (OSError, ValueError):  # full disk, closed pipe, closed stream
            self.dropped += len(lines) - (1 if dropped else 0)
        else:
            self.dropped -= dropped

    def _put(self, text: str) -> None:
        if self._file is None:
            self._stream.write(text)
            self._stream.flush()
            return
        rest = memoryview(text.encode("utf-8", "backslashreplace"))
        while rest:
            rest = rest[os.write(self._file, rest) :]


def make_line(is_json: bool, level: str, event: str, id: int | str | None, fields: dict[str, object]) -> str:
    """One line of the log, as JSON or as `key=value`, its end included."""
    now = time.time()
    at = f"{_second(int(now))}.{int(now % 1 * 1_000_000):06d}Z"
    known = {"id": id, **fields}
    if is_json:
        values = {key: _plain(key, value) for key, value in known.items() if value is not None}
        return json.dumps({"at": at, "level": level, "event": event, **values}) + "\n"
    pairs = [f"{key}={_quoted(_plain(key, value))}" for key, value in known.items() if value is not None]
    return " ".join([at, level, event, *pairs]) + "\n"


@functools.lru_cache(maxsize=4)
def _second(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _plain(key: str, value: object) -> str | int | float | bool:
    if key in _SECRET_KEYS:
        return "…"
    if isinstance(value, str):
        text = value
    elif isinstance(value, (bool, int, float)):
        return value
    elif isinstance(value, BaseException):
        text = describe(value)
    elif isinstance(value, bytes):
        return f"{len(value)} bytes"
    elif isinstance(value, (tuple, list, set, frozenset)):
        text = ",".join(map(str, value))
    else:
        text = value.isoformat() if isinstance(value, datetime) else str(value)
    text = text[: 2 * _VALUE_LENGTH]
    if "@" in text:
        text = _URL_PASSWORD.sub(r"\1…@", _PLUS_TOKEN.sub("+…@", text))
        text = _TOKEN.sub("…", text)
    return text if len(text) <= _VALUE_LENGTH else text[:_VALUE_LENGTH] + "…"


def _quoted(value: str | int | float | bool) -> str:
    if not isinstance(value, str):
        return str(value).lower()
    if value.isprintable() and _BARE.fullmatch(value):
        return value
    # Not printable: controls, separators, surrogates, and the format characters that turn text around.
    escaped = "".join(
        letter if letter.isprintable() and letter not in '"\\' else json.dumps(letter)[1:-1] for letter in value
    )
    return f'"{escaped}"'


def describe(error: BaseException) -> str:
    """What an error says, and the line that raised it."""
    place = traceback.extract_tb(error.__traceback__)[-1:] if error.__traceback__ else []
    where = "".join(f" ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in place)
    return f"{type(error).__name__}: {error}{where}"
