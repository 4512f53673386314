"""One function per mail event, one structured line each: `maillog.<event>(id, key=value)`.

Writes `time level event id=... key=value` (or one JSON object a line) from a thread of its own, so that a full disk
or a blocked pipe under the log stops no mail: lines that cannot be written are counted and dropped. Never logs a
body, a password or a token; whatever comes from a mail has its control characters escaped.
"""

import atexit
import logging
import sys
import threading
from typing import TextIO

from mailproc.maillog import writing


class _LibraryHandler(logging.Handler):
    """Brings what libraries log through the standard module into the same stream."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = str(record.msg)
        if record.exc_info and record.exc_info[1] is not None:
            message = f"{message}: {writing.describe(record.exc_info[1])}"
        _log(record.levelname.lower(), "library", None, {"logger": record.name, "message": message})


_writer: writing.Writer | None = None
_handler = _LibraryHandler(logging.WARNING)


def setup(format: str = "text", stream: TextIO | None = None) -> None:
    """Starts logging to the stream (default: standard error) as `text` (key=value) or `json`; again replaces it."""
    global _writer
    shut_down()
    _writer = writing.Writer(stream if stream is not None else sys.stderr, format == "json")
    logging.getLogger().addHandler(_handler)


def shut_down() -> None:
    """Writes what waits, for a second at most, and stops logging; without `setup` nothing is logged at all."""
    global _writer
    former, _writer = _writer, None
    logging.getLogger().removeHandler(_handler)
    if former is not None:
        former.close()


def flush(seconds: float = writing.FLUSH_SECONDS) -> bool:
    """True when everything logged so far was written within that time."""
    return _writer is None or _writer.flush(seconds)


def count_dropped() -> int:
    """Lines lost to a log that could not be written, and not yet reported in the log itself."""
    return _writer.dropped if _writer is not None else 0


_event_counts: dict[str, int] = {}
_event_lock = threading.Lock()


def count_events() -> dict[str, int]:
    """How many lines of each event were logged since this process started, written or not."""
    with _event_lock:
        return dict(_event_counts)


def _log(level: str, event: str, id: int | str | None, fields: dict[str, object]) -> None:
    with _event_lock:
        _event_counts[event] = _event_counts.get(event, 0) + 1
    writer = _writer
    if writer is not None:
        writer.put(writing.make_line(writer.is_json, level, event, id, fields))


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


def keys_loaded(path: str, **fields: object) -> None:
    """The keys file has changed; what it holds is in force."""
    _log("info", "keys_loaded", path, fields)


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


def vanished(intake: str, **fields: object) -> None:
    """A mail that was seen in a mailbox was gone when it was fetched: somebody else removed it."""
    _log("info", "vanished", intake, fields)


def left(intake: str, **fields: object) -> None:
    """A mail stays in its mailbox: too large, or the server does not give its bytes."""
    _log("warning", "left", intake, fields)


# Alarms


def alarm_over(reason: str, **fields: object) -> None:
    """What the operator was alarmed about is well again."""
    _log("info", "alarm_over", reason, fields)


def alarm_command_ran(command: str, **fields: object) -> None:
    """The operator's own alarm program ran."""
    _log("info", "alarm_command_ran", command, fields)


def alarm_command_failed(command: str, **fields: object) -> None:
    """The operator's own alarm program did not do its work."""
    _log("error", "alarm_command_failed", command, fields)


def rules_timed_out(inbox_id: int, **fields: object) -> None:
    """Regexes of these rules ran out of their time on a mail; they count as not matching."""
    _log("warning", "rules_timed_out", inbox_id, fields)


atexit.register(shut_down)
