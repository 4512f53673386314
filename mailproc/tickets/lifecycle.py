"""The states of a ticket and the changes that are allowed. Dry: a table and two questions."""

from datetime import datetime, timedelta

from mailproc.records.ticket import State

# (from, to) -> who may ask for it: "agent" (mail command, CLI), "customer" (a mail of theirs), "clock".
_ACTIVE = (State.NEW, State.OPEN, State.PENDING, State.ON_HOLD)
ALLOWED: dict[tuple[State, State], frozenset[str]] = {
    **{(old, new): frozenset({"agent"}) for old in _ACTIVE for new in (State.OPEN, State.PENDING, State.ON_HOLD)},
    **{(old, State.RESOLVED): frozenset({"agent", "customer"}) for old in _ACTIVE},  # "it works now"
    **{(old, State.CLOSED): frozenset({"agent"}) for old in _ACTIVE},
    (State.PENDING, State.OPEN): frozenset({"agent", "customer"}),
    (State.ON_HOLD, State.OPEN): frozenset({"agent", "customer"}),
    (State.RESOLVED, State.OPEN): frozenset({"agent", "customer"}),
    (State.RESOLVED, State.CLOSED): frozenset({"agent", "clock"}),
    (State.CLOSED, State.OPEN): frozenset({"agent", "customer"}),
}


def may_change(old: State, new: State, who: str) -> bool:
    """True when `who` (agent, customer, clock) may take a ticket from one state to the other; staying is no change."""
    return who in ALLOWED.get((old, new), frozenset())


def is_reopening(old: State, new: State) -> bool:
    """True for a change from a finished state back to work."""
    return old in (State.RESOLVED, State.CLOSED) and new not in (State.RESOLVED, State.CLOSED)


def is_past_reopening(state: State, closed_at: datetime | None, now: datetime, reopen_within: timedelta) -> bool:
    """True when a ticket has been closed for so long that a mail on it opens a new, linked one."""
    return state is State.CLOSED and closed_at is not None and now - closed_at > reopen_within
