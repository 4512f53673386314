"""One function per mail event, one structured line each: `maillog.<event>(id, key=value)`.

Writes `time level event id=... key=value` (or one JSON object a line) from a thread of its own, so that a full disk
or a blocked pipe under the log stops no mail: lines that cannot be written are counted and dropped. Never logs a
body, a password or a token; whatever comes from a mail has its control characters escaped.
"""

import atexit
import functools
import json
import logging
import os
import queue
import re
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from typing import TextIO

_WAITING_LINES = 10_000
_GATHER_SECONDS = 0.01
_VALUE_LENGTH = 500
_FLUSH_SECONDS = 1.0
_SECRET_KEYS = frozenset({"password", "token", "secret", "body", "text", "raw", "key", "authorization"})
_PLUS_TOKEN = re.compile(r"\+[^@\s<>\",;]{1,200}@")
# key id, purpose, serial, signature: `tickets.token` makes them, with any address extension
_TOKEN = re.compile(r"(?<![a-z0-9])[a-z2-7][crndh][0-9]{5,14}[a-z2-7]{16}(?![a-z0-9])", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]{0,200}:)[^/\s@]{1,200}@")
_BARE = re.compile(r"[^\s\"'=\\]+")


class _Writer:
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
        self._thread.join(_FLUSH_SECONDS)  # blocked by its target it goes on as a daemon and ends with the process

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
            lines.append(_make_line(self.is_json, "warning", "log_dropped", None, {"lines": dropped}))
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


class _LibraryHandler(logging.Handler):
    """Brings what libraries log through the standard module into the same stream."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = str(record.msg)
        if record.exc_info and record.exc_info[1] is not None:
            message = f"{message}: {_describe(record.exc_info[1])}"
        _log(record.levelname.lower(), "library", None, {"logger": record.name, "message": message})


_writer: _Writer | None = None
_handler = _LibraryHandler(logging.WARNING)


def setup(format: str = "text", stream: TextIO | None = None) -> None:
    """Starts logging to the stream (default: standard error) as `text` (key=value) or `json`; again replaces it."""
    global _writer
    shut_down()
    _writer = _Writer(stream if stream is not None else sys.stderr, format == "json")
    logging.getLogger().addHandler(_handler)


def shut_down() -> None:
    """Writes what waits, for a second at most, and stops logging; without `setup` nothing is logged at all."""
    global _writer
    former, _writer = _writer, None
    logging.getLogger().removeHandler(_handler)
    if former is not None:
        former.close()


def flush(seconds: float = _FLUSH_SECONDS) -> bool:
    """True when everything logged so far was written within that time."""
    return _writer is None or _writer.flush(seconds)


def count_dropped() -> int:
    """Lines lost to a log that could not be written, and not yet reported in the log itself."""
    return _writer.dropped if _writer is not None else 0


# One mail, from the door to the other door


def accepted(inbox_id: int, **fields: object) -> None:
    """A mail came in and is durably stored."""
    _log("info", "accepted", inbox_id, fields)


def refused(intake: str, **fields: object) -> None:
    """An intake turned a client, a recipient or a mail away; the sender was told."""
    _log("info", "refused", intake, fields)


def decided(inbox_id: int, **fields: object) -> None:
    """The desk knows what to do with a mail: outcome, reason, ticket."""
    _log("info", "decided", inbox_id, fields)


def duplicate(inbox_id: int, **fields: object) -> None:
    """The same bytes were here before."""
    _log("info", "duplicate", inbox_id, fields)


def held(inbox_id: int, **fields: object) -> None:
    """A mail waits for a person."""
    _log("warning", "held", inbox_id, fields)


def failed_work(inbox_id: int, **fields: object) -> None:
    """Deciding a mail raised; it is tried again, then held."""
    _log("error", "failed_work", inbox_id, fields)


def changed(request: str, **fields: object) -> None:
    """A request from the command line or the clock changed a ticket."""
    _log("info", "changed", request, fields)


def suppressed(inbox_id: int | None, **fields: object) -> None:
    """A mail that was due is not sent: a limit, a loop, a silenced sender."""
    _log("info", "suppressed", inbox_id, fields)


def sent(outbox_id: int, **fields: object) -> None:
    """The next host has a mail of ours."""
    _log("info", "sent", outbox_id, fields)


def deferred(outbox_id: int, **fields: object) -> None:
    """Delivery did not work this time and is tried again."""
    _log("info", "deferred", outbox_id, fields)


def failed(outbox_id: int, **fields: object) -> None:
    """Delivery will never work; the author is told on the ticket."""
    _log("warning", "failed", outbox_id, fields)


def ambiguous(outbox_id: int, **fields: object) -> None:
    """The peer went away after the final dot: it may have the mail or not."""
    _log("warning", "ambiguous", outbox_id, fields)


def outgoing_held(outbox_id: int | None, **fields: object) -> None:
    """A mail of ours could not be composed safely and waits for a person."""
    _log("warning", "outgoing_held", outbox_id, fields)


# The house


def daemon_started(site: str, **fields: object) -> None:
    """The daemon is up."""
    _log("info", "daemon_started", site, fields)


def daemon_stopped(site: str, **fields: object) -> None:
    """The daemon has drained and ends."""
    _log("info", "daemon_stopped", site, fields)


def loop_failed(loop: str, **fields: object) -> None:
    """A loop of the daemon met a surprise and goes on."""
    _log("error", "loop_failed", loop, fields)


def rules_loaded(version: str, **fields: object) -> None:
    """A rulebook is in force."""
    _log("info", "rules_loaded", version, fields)


def rules_kept(version: str, **fields: object) -> None:
    """The rule files are wrong; the former rulebook stays in force."""
    _log("error", "rules_kept", version, fields)


def settings_loaded(path: str, **fields: object) -> None:
    """The settings were read."""
    _log("info", "settings_loaded", path, fields)


def intake_started(intake: str, **fields: object) -> None:
    """A way in is open."""
    _log("info", "intake_started", intake, fields)


def intake_stopped(intake: str, **fields: object) -> None:
    """A way in is closed."""
    _log("info", "intake_stopped", intake, fields)


def intake_failed(intake: str, **fields: object) -> None:
    """An intake met a surprise; the mail stays with its sender, who tries again."""
    _log("error", "intake_failed", intake, fields)


def login_refused(delivery: str, **fields: object) -> None:
    """The host we deliver to does not take our login: nothing goes out until somebody looks."""
    _log("error", "login_refused", delivery, fields)


def store_unavailable(store: str, **fields: object) -> None:
    """The database is locked, full or away."""
    _log("error", "store_unavailable", store, fields)


def store_recovered(store: str, **fields: object) -> None:
    """The database answers again."""
    _log("info", "store_recovered", store, fields)


def disk_low(path: str, **fields: object) -> None:
    """Less room than the floor: intakes say 452 until there is more."""
    _log("error", "disk_low", path, fields)


def alarmed(reason: str, **fields: object) -> None:
    """The operator was written to."""
    _log("error", "alarmed", reason, fields)


def warned(what: str, **fields: object) -> None:
    """Something an operator might want to act on that has no event of its own."""
    _log("warning", "warned", what, fields)


# Lines


def _log(level: str, event: str, id: int | str | None, fields: dict[str, object]) -> None:
    writer = _writer
    if writer is not None:
        writer.put(_make_line(writer.is_json, level, event, id, fields))


def _make_line(is_json: bool, level: str, event: str, id: int | str | None, fields: dict[str, object]) -> str:
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
        text = _describe(value)
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


def _describe(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1:] if error.__traceback__ else []
    where = "".join(f" ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in place)
    return f"{type(error).__name__}: {error}{where}"


atexit.register(shut_down)
