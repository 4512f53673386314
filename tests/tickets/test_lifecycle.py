"""The table of allowed state changes."""

from datetime import UTC, datetime, timedelta

import pytest

from mailproc.records.ticket import State
from mailproc.tickets.lifecycle import is_past_reopening, is_reopening, may_change

S = State


@pytest.mark.parametrize(
    ("old", "new", "who", "allowed"),
    [
        (S.NEW, S.OPEN, "agent", True),
        (S.OPEN, S.NEW, "agent", False),  # new is only once
        (S.OPEN, S.RESOLVED, "agent", True),
        (S.OPEN, S.RESOLVED, "customer", True),
        (S.PENDING, S.OPEN, "customer", True),
        (S.ON_HOLD, S.OPEN, "customer", True),
        (S.NEW, S.OPEN, "customer", False),
        (S.RESOLVED, S.OPEN, "customer", True),
        (S.RESOLVED, S.CLOSED, "clock", True),
        (S.PENDING, S.CLOSED, "clock", False),  # pending never closes by itself
        (S.CLOSED, S.OPEN, "customer", True),
        (S.CLOSED, S.PENDING, "agent", False),
        (S.CLOSED, S.RESOLVED, "agent", False),
    ],
)
def test_may_change_follows_the_table(old: State, new: State, who: str, allowed: bool) -> None:
    assert may_change(old, new, who) is allowed


def test_no_state_but_new_leads_back_to_new() -> None:
    assert not any(
        may_change(old, S.NEW, who) for old in S for who in ("agent", "customer", "clock") if old is not S.NEW
    )


def test_is_reopening_only_from_the_end() -> None:
    assert is_reopening(S.RESOLVED, S.OPEN) and is_reopening(S.CLOSED, S.OPEN)
    assert not is_reopening(S.PENDING, S.OPEN) and not is_reopening(S.RESOLVED, S.CLOSED)


def test_is_past_reopening_counts_from_the_close() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert is_past_reopening(S.CLOSED, now - timedelta(days=31), now, timedelta(days=30))
    assert not is_past_reopening(S.CLOSED, now - timedelta(days=29), now, timedelta(days=30))
    assert not is_past_reopening(S.RESOLVED, None, now, timedelta(days=30))
