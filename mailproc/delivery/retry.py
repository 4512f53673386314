"""When a deferred mail is tried again. Dry: no clock, no chance; both are arguments."""

from datetime import datetime, timedelta

# mail-policy section 5; RFC 5321 section 4.5.4.1 asks to give up after 4 to 5 days at the earliest
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 60))
LIFETIME = timedelta(days=5)
_MOST_JITTER = 0.1


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
