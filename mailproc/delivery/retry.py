"""When a deferred mail is tried again. Dry: no clock, no chance; both are arguments."""

import re
from datetime import datetime, timedelta

# mail-policy section 5; RFC 5321 section 4.5.4.1 asks to give up after 4 to 5 days at the earliest
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 60))
LIFETIME = timedelta(days=5)
_MOST_JITTER = 0.1
_READ = 400  # characters of an answer
_LONGEST_WANTED = timedelta(hours=2)
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
# "Greylisted, please try again in 300 seconds", "come back in 00:05:00", "retry after 10 minutes", "wait 7 mins"
_COME_BACK = re.compile(
    r"\b(?:in|after|for|within|wait)\s(?:at least |about |another )?"
    r"(?:(?P<clock>(?:[0-9]{1,2}:)?[0-9]{1,2}:[0-9]{2})\b|(?P<count>[0-9]{1,5})\s?(?P<unit>s|m|h)"
    r"(?:ec|econd|in|inute|r|our)?s?\b)",
    re.IGNORECASE,
)


def next_attempt(attempts: int, now: datetime, created_at: datetime, jitter: float = 0.0) -> datetime | None:
    """The next try after `attempts` tries in all have failed; None when the mail's five days are over.

    `jitter` from 0 to 1 makes the wait up to a tenth longer, so that mails deferred together come back apart. The
    last try is made when the five days end, not before.
    """
    gives_up_at = created_at + LIFETIME
    if now >= gives_up_at:
        return None
    wait = _WAITS[min(max(attempts, 1), len(_WAITS)) - 1]
    return min(now + wait * (1 + _MOST_JITTER * min(max(jitter, 0.0), 1.0)), gives_up_at)


def find_wanted_wait(answer: str) -> timedelta:
    """How long the server asks us to stay away, as greylisting does; nothing where it does not say, 2 hours at most."""
    match = _COME_BACK.search(answer[:_READ])
    if match is None:
        return timedelta(0)
    if match["clock"]:
        minutes, seconds = (int(part) for part in match["clock"].rsplit(":", 2)[-2:])
        wait = timedelta(minutes=minutes, seconds=seconds)
    else:
        wait = int(match["count"]) * _UNITS[match["unit"][0].lower()]
    return min(wait, _LONGEST_WANTED)
