"""Keeps a way out within what its host takes: so many mails a minute, so many a day.

A host whose limit is passed refuses for good what would have gone tomorrow, and may close the account.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from mailproc.delivery.base import Delivery, OutgoingMail
from mailproc.records.delivery import Receipt, ReceiptState

_MINUTE, _DAY = 60.0, 86_400.0


class Pace:
    """What all senders to one host share; any thread may ask.

    `per_minute` is kept by waiting, a burst of that many goes at once. `ages` are the seconds since each mail of the
    last day went, from before the start.
    """

    def __init__(
        self,
        *,
        per_minute: int | None = None,
        per_day: int | None = None,
        ages: Iterable[float] = (),
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_minute, self._per_day = per_minute, per_day
        self._ticks, self._sleep = ticks, sleep
        self._lock = threading.Lock()
        # A bucket of as many mails as a minute takes, and when each mail of the last day went or began to go
        self._room = float(per_minute or 0)
        self._filled_at = ticks()
        self._sent_at: deque[float] = deque(sorted(self._filled_at - age for age in ages))

    def admit(self) -> str:
        """Wait until a mail may go; why none may today, in words, or "". What is admitted counts."""
        with self._lock:
            now = self._ticks()
            while self._sent_at and now - self._sent_at[0] >= _DAY:
                self._sent_at.popleft()
            if self._per_day is not None:
                if len(self._sent_at) >= self._per_day:
                    went = f"{self._per_day} mails have gone within a day"
                    return f"not sent yet: {went}, more the next host does not take"
                self._sent_at.append(now)
            pause = self._reserve(now)
        if pause > 0:
            self._sleep(pause)
        return ""

    def take_back(self) -> None:
        """The mail admitted last never reached the host."""
        with self._lock:
            self._room = min(self._room + 1, float(self._per_minute or 0))
            if self._per_day is not None and self._sent_at:
                self._sent_at.pop()

    def _reserve(self, now: float) -> float:
        """Seconds until there is room for one mail more, which is taken now."""
        if self._per_minute is None:
            return 0.0
        self._room = min(float(self._per_minute), self._room + (now - self._filled_at) * self._per_minute / _MINUTE)
        self._filled_at = now
        self._room -= 1
        return max(0.0, -self._room * _MINUTE / self._per_minute)


class PacedDelivery:
    """Another delivery, slowed down by a pace that several may share; past the day's mails DEFERRED."""

    def __init__(self, inner: Delivery, pace: Pace) -> None:
        self._inner = inner
        self._pace = pace

    def __str__(self) -> str:
        return str(self._inner)

    def deliver(self, mail: OutgoingMail) -> Receipt:
        """As the inner delivery; DEFERRED without asking it when the day's mails have gone."""
        refusal = self._pace.admit()
        if refusal:
            return Receipt(ReceiptState.DEFERRED, 0, refusal, is_host=True)
        receipt = self._inner.deliver(mail)
        # A refused mail counts at the host as well; one that never reached it does not
        if receipt.state is ReceiptState.DEFERRED and not receipt.code:
            self._pace.take_back()
        return receipt

    def close(self) -> None:
        """Close the inner delivery."""
        self._inner.close()
