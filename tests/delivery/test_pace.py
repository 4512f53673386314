"""A way out within the limits of its host, by a clock that the test moves."""

from typing import Any

import pytest

from mailproc.delivery.pace import Pace, PacedDelivery
from mailproc.records.delivery import Receipt, ReceiptState

SENT, DEFERRED, FAILED = ReceiptState.SENT, ReceiptState.DEFERRED, ReceiptState.FAILED


class World:
    """Time, and a host that answers as told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent_at: list[float] = []
        self.receipt = Receipt(SENT, 250, "kept")
        self.is_closed = False

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def deliver(self, _: object) -> Receipt:
        self.sent_at.append(self.now)
        return self.receipt

    def close(self) -> None:
        self.is_closed = True

    def __str__(self) -> str:
        return "the host"

    def pace(self, **limits: Any) -> PacedDelivery:
        return PacedDelivery(self, Pace(ticks=lambda: self.now, sleep=self.sleep, **limits))


@pytest.mark.parametrize("per_minute", [1, 30, 200])
def test_a_minute_never_holds_more_than_its_burst_and_its_share(per_minute: int, mail: Any) -> None:
    world = World()
    way_out = world.pace(per_minute=per_minute)
    for _ in range(5 * per_minute):
        assert way_out.deliver(mail()).state is SENT
    assert world.sent_at[per_minute - 1] == 0.0
    assert world.now == pytest.approx(4 * 60)
    for start in world.sent_at[per_minute:]:
        within = sum(start <= moment < start + 59.9 for moment in world.sent_at)
        assert within <= per_minute
    world.now += 3600
    before = world.now
    for _ in range(per_minute):
        way_out.deliver(mail())
    assert world.now == before  # an hour of quiet saves up one burst, not sixty
    way_out.deliver(mail())
    assert world.now > before


def test_a_day_holds_its_mails_and_the_next_one_goes_later(mail: Any) -> None:
    world = World()
    way_out = world.pace(per_day=3)
    for _ in range(3):
        assert way_out.deliver(mail()).state is SENT
        world.now += 3600
    receipt = way_out.deliver(mail())
    assert (receipt.state, receipt.code) == (DEFERRED, 0) and "3 mails have gone within a day" in receipt.text
    assert len(world.sent_at) == 3
    world.now = 86_400.0
    assert way_out.deliver(mail()).state is SENT
    assert way_out.deliver(mail()).state is DEFERRED


@pytest.mark.parametrize(
    ("receipt", "counts"),
    [
        (Receipt(FAILED, 550, "no"), True),
        (Receipt(DEFERRED, 451, "later"), True),
        (Receipt(ReceiptState.AMBIGUOUS, 0, "?"), True),
        (Receipt(DEFERRED, 0, "connection refused"), False),
    ],
)
def test_what_the_host_saw_counts(receipt: Receipt, counts: bool, mail: Any) -> None:
    world = World()
    world.receipt = receipt
    way_out = world.pace(per_day=1, per_minute=1)
    assert way_out.deliver(mail()) == receipt
    assert (way_out.deliver(mail()) == receipt) is not counts
    assert world.now == 0.0


def test_mails_of_before_the_start_count(mail: Any) -> None:
    world = World()
    way_out = world.pace(per_day=3, ages=[86_000.0, 10.0])
    assert [way_out.deliver(mail()).state for _ in range(2)] == [SENT, DEFERRED]
    world.now = 401.0
    assert [way_out.deliver(mail()).state for _ in range(2)] == [SENT, DEFERRED]


def test_without_limits_it_is_the_inner_delivery(mail: Any) -> None:
    world = World()
    way_out = world.pace()
    for _ in range(500):
        way_out.deliver(mail())
    way_out.close()
    assert world.now == 0.0 and world.is_closed and str(way_out) == "the host"
