"""Keeps the senders of a pool busy: hands them what is due, gives back what came of it, rests while the host is away.

Once the next host is out of reach nothing is handed out but one mail now and then, so that an outage of hours costs
each mail nothing and ends within minutes of its end (F22, F24).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from mailproc.delivery.base import OutgoingMail
from mailproc.delivery.pool import Pool
from mailproc.records.delivery import Receipt, ReceiptState

Mail = TypeVar("Mail", bound=OutgoingMail)
_AHEAD = 4  # mails for each sender that are taken from the store at a time
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
_LONGEST_IN_HAND = 300.0  # after so long what nobody has begun with goes back: its lease must outlive its delivery


@dataclass(frozen=True, slots=True)
class Exchange(Generic[Mail]):
    """What the store is told and asked in one transaction."""

    done: Sequence[tuple[Mail, Receipt]] = ()
    given_back: Sequence[Mail] = ()  # never handed to a server
    room: int = 0  # for so many mails more
    once_only: int | None = None  # so many of them may be of those that must not go twice; None: one, and alone


class Dispatcher(Generic[Mail]):
    """One thread calls `step`; `trade` settles and leases in one transaction and returns what was leased."""

    def __init__(
        self,
        pool: Pool[Mail],
        trade: Callable[[Exchange[Mail]], Sequence[Mail]],
        *,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._trade = trade
        self._ticks = ticks
        self._failures = 0  # in a row, of the host
        self._rests_until = 0.0
        # What the store has not taken yet: it may be away for a while
        self._done: list[tuple[Mail, Receipt]] = []
        self._given_back: list[Mail] = []

    @property
    def is_resting(self) -> bool:
        """True while the host is left alone."""
        return self._failures > 0 and self._ticks() < self._rests_until

    def step(self, seconds: float = 0.1) -> bool:
        """One round, waiting so long at most for a mail on its way; False when there is nothing to do.

        Raises StoreUnavailable; what has been sent is settled by a later round then.
        """
        self._done += self._pool.take(seconds if self._pool.in_hand else 0.0)
        self._judge()
        self._given_back += self._pool.withdraw(0.0 if self.is_resting else _LONGEST_IN_HAND)
        room, once_only = self._find_room()
        if not (self._done or self._given_back or room):
            self._pool.close_idle()
            return self._pool.in_hand > 0
        is_busy = bool(self._done or self._given_back)
        mails = self._trade(Exchange(tuple(self._done), tuple(self._given_back), room, once_only))
        self._done.clear()
        self._given_back.clear()
        if mails:
            self._pool.hand(mails)
        else:
            self._pool.close_idle()
        return is_busy or self._pool.in_hand > 0

    def drain(self, seconds: float) -> None:
        """Settle what is on its way, hand out nothing more; the next start takes back what does not end in time."""
        self._given_back += self._pool.withdraw()
        deadline = self._ticks() + seconds
        while self._done or self._given_back or (self._pool.in_hand and self._ticks() < deadline):
            self._done += self._pool.take(max(0.0, min(0.1, deadline - self._ticks())))
            if self._done or self._given_back:
                self._trade(Exchange(tuple(self._done), tuple(self._given_back)))
                self._done.clear()
                self._given_back.clear()

    def _find_room(self) -> tuple[int, int]:
        if self.is_resting:
            return 0, 0
        in_hand = self._pool.in_hand
        if self._failures:  # one mail shows whether the host is back
            return (0, 0) if in_hand else (1, 1)
        room = _AHEAD * self._pool.senders - in_hand
        # Asking for each single mail would be a transaction for each: the senders have enough for the moment
        return (room, self._pool.at_rest) if room > self._pool.senders or not in_hand else (0, 0)

    def _judge(self) -> None:
        now = self._ticks()
        for _, receipt in self._done:
            if not receipt.is_host:
                if receipt.code or receipt.state is not ReceiptState.DEFERRED:
                    self._failures, self._rests_until = 0, 0.0
            elif now >= self._rests_until:  # several senders meet the same trouble at once
                self._rests_until = now + min(_FIRST_PAUSE * 2.0 ** min(self._failures, 10), _LONGEST_PAUSE)
                self._failures += 1
