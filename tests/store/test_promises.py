"""Tests of the clocks of tickets on both databases: what is kept, what is found due, and one claim at a time."""

from datetime import timedelta
from typing import Any

import pytest

from mailproc.records.effects import KeepClock, SetState
from mailproc.records.promises import Clock
from mailproc.store import clockwork, promises
from mailproc.store.database import Store
from mailproc.store.lookup import Query
from tests.store.makers import NOW, column, decide, minutes, open_ticket

WEEK = timedelta(days=7)


def keep(store: Store, serial: int, clock: Clock, **changes: Any) -> None:
    decide(store, None, KeepClock(serial, clock, **changes), request_id=f"r{serial}-{clock}")


def claim(store: Store, at: float, terms: str = "") -> tuple[int, ...]:
    return store.run(lambda tx: clockwork.claim(tx, minutes(at), terms, WEEK))


def test_a_clock_is_kept_whole_and_replaced_whole(store: Store) -> None:
    serial = open_ticket(store)
    full = Clock(
        minutes(-60), "gold", minutes(-5), True, minutes(-3), True,
        ((minutes(-50), minutes(-40)), (minutes(-2), None)), ("resolution",), minutes(9),
    )  # fmt: skip
    for clock in (full, Clock(NOW)):
        keep(store, serial, clock)
        with store.read() as tx:
            assert promises.read_clocks(tx, [serial, 9]) == {serial: clock}
            assert clockwork.look_up(tx, Query(serials=(serial,)), NOW).clocks == {serial: clock}


def test_what_is_due_is_claimed_one_by_one_the_longest_overdue_first(store: Store) -> None:
    first, second, third = (open_ticket(store, message_ids=(f"<{n}@x>",)) for n in range(3))
    for serial, at in ((first, 2), (second, 1), (third, 60)):
        keep(store, serial, Clock(NOW, look_at=minutes(at)))
    assert claim(store, 0.5) == ()
    assert [claim(store, 3) for _ in range(3)] == [(second,), (first,), ()]
    assert claim(store, 9) == (first,)  # whoever claimed it never came back


def test_cases_to_close_come_before_promises(store: Store) -> None:
    serial, other = open_ticket(store), open_ticket(store, message_ids=("<o@x>",))
    keep(store, other, Clock(NOW, look_at=NOW))
    decide(store, None, SetState(serial, "resolved", "", at=NOW), request_id="done")
    assert claim(store, 60 * 24 * 8) == (serial,)


@pytest.mark.parametrize("state", ["open", "new"])
def test_other_terms_make_every_open_case_due_once(store: Store, state: str) -> None:
    serial, waiting = open_ticket(store), open_ticket(store, message_ids=("<o@x>",))
    keep(store, serial, Clock(NOW))
    keep(store, waiting, Clock(NOW))
    decide(store, None, SetState(waiting, "pending", ""), request_id="p")
    if state != "new":
        decide(store, None, SetState(serial, state, ""), request_id="o")
    assert [claim(store, 1, "a"), claim(store, 1, "a")] == [(), ()]  # nothing was counted by others yet
    assert [claim(store, 1, ""), claim(store, 1, "")] == [(serial,), ()]
    keep(store, serial, Clock(NOW, heard_at=NOW))
    assert [claim(store, 2, ""), claim(store, 2, "b"), claim(store, 2, "b")] == [(), (serial,), ()]


def test_a_rules_link_is_made_once(store: Store) -> None:
    from mailproc.records.effects import LinkTickets

    serial, other = open_ticket(store), open_ticket(store, message_ids=("<o@x>",))
    for n in range(2):
        decide(store, None, LinkTickets(serial, other, "rule"), request_id=f"link{n}")
    assert column(store, "SELECT count(*) FROM event WHERE kind = 'linked'") == [2]  # a line on either side
