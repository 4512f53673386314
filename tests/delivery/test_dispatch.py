"""Several senders at once: in what order, how many to whom, and what an outage costs."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailproc.delivery.base import OutgoingMail
from mailproc.delivery.dispatch import Dispatcher, Exchange
from mailproc.delivery.pool import Pool
from mailproc.records.delivery import Receipt, ReceiptState

SENT = Receipt(ReceiptState.SENT, 250, "kept")
AWAY = Receipt(ReceiptState.DEFERRED, 0, "connection refused", is_host=True)
PATIENCE = 30.0


@dataclass
class World:
    """A host that is slow until `go`, an outbox in memory and a clock."""

    answer: Receipt = SENT
    is_slow: bool = False
    seconds: float = 0.0
    go: threading.Event = field(default_factory=threading.Event)
    busy: list[str] = field(default_factory=list)
    most_busy: int = 0
    tried: list[int] = field(default_factory=list)
    waiting: list[Any] = field(default_factory=list)
    settled: list[tuple[int, ReceiptState]] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    rooms: list[tuple[int, int | None]] = field(default_factory=list)
    senders: int = 0
    closed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self) -> "Sender":
        self.senders += 1
        return Sender(self)

    def trade(self, exchange: Exchange[Any]) -> list[Any]:
        self.settled += [(mail.id, receipt.state) for mail, receipt in exchange.done]
        self.returned += [mail.id for mail in exchange.given_back]
        self.waiting[:0] = exchange.given_back
        self.waiting += [mail for mail, receipt in exchange.done if receipt.is_host]
        self.rooms.append((exchange.room, exchange.once_only))
        mails = self.waiting[: exchange.room]
        del self.waiting[: len(mails)]
        return mails


class Sender:
    """One connection to the world's host."""

    def __init__(self, world: World) -> None:
        self.world = world

    def deliver(self, mail: OutgoingMail) -> Receipt:
        world = self.world
        with world.lock:
            world.tried.append(mail.id)
            world.busy.append(mail.recipient)
            world.most_busy = max(world.most_busy, len(world.busy))
        if world.is_slow:
            assert world.go.wait(PATIENCE)
        with world.lock:
            world.busy.remove(mail.recipient)
        return world.answer

    def close(self) -> None:
        self.world.closed += 1


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.go.set()


def dispatch(world: World, senders: int = 3, per_destination: int = 5) -> Dispatcher[Any]:
    pool: Pool[Any] = Pool(world.make, senders, per_destination)
    return Dispatcher(pool, world.trade, ticks=lambda: world.seconds)


def run(dispatcher: Dispatcher[Any], is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_done():
        assert time.monotonic() < deadline
        dispatcher.step(0.01)


def test_senders_work_side_by_side_and_everything_is_settled_once(world: World, mail: Any) -> None:
    world.is_slow = True
    world.waiting = [mail(id=n, recipient=f"a@c{n}.test") for n in range(40)]
    dispatcher = dispatch(world)
    assert dispatcher.step()
    run(dispatcher, lambda: len(world.busy) == 3)
    world.go.set()
    run(dispatcher, lambda: len(world.settled) == 40)
    assert sorted(n for n, _ in world.settled) == list(range(40)) == sorted(world.tried)
    assert world.most_busy == 3 and world.senders == 3
    while dispatcher.step():
        pass
    assert max(room for room, _ in world.rooms) == 12


def test_one_destination_never_has_more_than_its_share(world: World, mail: Any) -> None:
    world.is_slow = True
    slow = [mail(id=n, recipient="a@slow.test") for n in range(6)]
    world.waiting = [*slow, *(mail(id=n, recipient=f"a@c{n}.test") for n in range(6, 10))]
    dispatcher = dispatch(world, senders=5, per_destination=2)
    dispatcher.step()
    run(dispatcher, lambda: len(world.busy) == 5)
    assert world.busy.count("a@slow.test") == 2
    world.go.set()
    run(dispatcher, lambda: len(world.settled) == 10)


def test_mail_that_must_not_go_twice_is_asked_for_only_as_far_as_senders_rest(world: World, mail: Any) -> None:
    world.is_slow = True
    world.waiting = [mail(id=n, recipient=f"a@c{n}.test") for n in range(2)]
    dispatcher = dispatch(world)
    dispatcher.step()
    run(dispatcher, lambda: len(world.busy) == 2)
    dispatcher.step()
    assert world.rooms[0] == (12, 3) and world.rooms[-1] == (10, 1)


def test_f24_while_the_host_is_away_one_mail_now_and_then_is_tried(world: World, mail: Any) -> None:
    world.answer = AWAY
    world.waiting = [mail(id=n, recipient=f"a@c{n}.test") for n in range(30)]
    dispatcher = dispatch(world)
    dispatcher.step()
    run(dispatcher, lambda: dispatcher.is_resting and not dispatcher.step(0.01))
    assert len(world.waiting) == 30  # all are back
    tried = len(world.tried)
    assert tried <= 12 and not dispatcher.step()
    for _ in range(360):  # half an hour
        world.seconds += 5
        while dispatcher.step(0.01):
            pass
    assert len(world.tried) - tried <= 12
    assert len(world.waiting) == 30
    world.answer = SENT
    world.seconds += 300
    run(dispatcher, lambda: not world.waiting and not dispatcher.step(0.01))
    sent = [n for n, state in world.settled if state is ReceiptState.SENT]
    assert sorted(sent) == list(range(30)) and not dispatcher.is_resting


def test_what_a_sender_raises_reaches_whoever_collects(world: World, mail: Any) -> None:
    class Broken(Sender):
        def deliver(self, mail: OutgoingMail) -> Receipt:
            if mail.id == 1:
                raise ZeroDivisionError
            return super().deliver(mail)

    pool: Pool[Any] = Pool(lambda: Broken(world), 2, 5)
    dispatcher: Dispatcher[Any] = Dispatcher(pool, world.trade)
    world.waiting = [mail(id=1)]
    with pytest.raises(ZeroDivisionError):
        for _ in range(1000):
            dispatcher.step(0.05)
    world.waiting = [mail(id=n) for n in range(2, 6)]
    run(dispatcher, lambda: len(world.settled) == 4)
    assert pool.at_rest == 2 and pool.in_hand == 0


def test_receipts_survive_a_store_that_is_away(world: World, mail: Any) -> None:
    is_away = [False]

    def trade(exchange: Exchange[Any]) -> list[Any]:
        if is_away[0]:
            raise OSError("the database is away")
        return world.trade(exchange)

    dispatcher: Dispatcher[Any] = Dispatcher(Pool(world.make, 2), trade)
    world.waiting = [mail(id=n) for n in range(3)]
    dispatcher.step()
    is_away[0] = True
    deadline = time.monotonic() + PATIENCE
    while len(world.tried) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for _ in range(3):
        with pytest.raises(OSError):
            dispatcher.step(0.5)
    is_away[0] = False
    run(dispatcher, lambda: len(world.settled) == 3)


def test_drain_settles_what_is_on_its_way_and_gives_the_rest_back(world: World, mail: Any) -> None:
    world.is_slow = True
    world.waiting = [mail(id=n, recipient=f"a@c{n}.test") for n in range(6)]
    dispatcher = dispatch(world, senders=2)
    dispatcher.step()
    run(dispatcher, lambda: len(world.busy) == 2)
    threading.Timer(0.1, world.go.set).start()
    dispatcher.drain(1e9)
    assert sorted(n for n, _ in world.settled) + sorted(world.returned) == list(range(6))
