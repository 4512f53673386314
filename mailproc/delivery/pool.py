"""Several senders side by side, each with a connection of its own; what they finish is collected by one thread.

To one destination (the recipient's domain) only so many at a time. Settles nothing and knows no database.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Generic, TypeVar

from mailproc.delivery.base import Delivery, OutgoingMail
from mailproc.records.delivery import Receipt

SENDERS = 5
PER_DESTINATION = 5
_IDLE_SECONDS = 30.0  # a connection that nobody needed for so long is left

Mail = TypeVar("Mail", bound=OutgoingMail)


class Pool(Generic[Mail]):
    """`make` makes a sender; each is used by one thread at a time, the one that rested last first."""

    def __init__(
        self, make: Callable[[], Delivery], senders: int = SENDERS, per_destination: int = PER_DESTINATION
    ) -> None:
        self._make = make
        self._senders = senders
        self._per_destination = per_destination
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Mail, float]] = deque()
        self._busy: Counter[str] = Counter()  # mails in the senders' hands, by destination
        self._done: list[tuple[Mail, Receipt]] = []
        self._errors: list[BaseException] = []
        self._resting: list[tuple[Delivery, float]] = []
        self._working = 0

    @property
    def senders(self) -> int:
        """How many mails can be on their way at the same time."""
        return self._senders

    @property
    def at_rest(self) -> int:
        """How many senders have nothing to do."""
        with self._changed:
            return max(0, self._senders - self._working - len(self._waiting))

    @property
    def in_hand(self) -> int:
        """How many mails are here and not collected yet."""
        with self._changed:
            return len(self._waiting) + self._busy.total() + len(self._done)

    def hand(self, mails: Iterable[Mail]) -> None:
        """Have the mails delivered, in their order as far as destinations allow; returns at once."""
        with self._changed:
            self._waiting.extend((mail, time.monotonic()) for mail in mails)
            starting = min(self._senders - self._working, len(self._waiting))
            self._working += starting
        for _ in range(starting):
            # Daemons: a host that takes minutes over a mail does not keep the program from ending
            threading.Thread(target=self._work, name="mailproc-sender", daemon=True).start()

    def take(self, seconds: float) -> list[tuple[Mail, Receipt]]:
        """What has ended since; waits so long for the first. Raises what a sender raised: a mistake in this program."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._done or self._errors), seconds)
            done, self._done = self._done, []
            if not done and self._errors:
                raise self._errors.pop()
        return done

    def withdraw(self, seconds: float = 0.0) -> list[Mail]:
        """The mails that no sender has begun with for so long; they are no longer here."""
        limit = time.monotonic() - seconds
        withdrawn = []
        with self._changed:
            while self._waiting and self._waiting[0][1] <= limit:
                withdrawn.append(self._waiting.popleft()[0])
        return withdrawn

    def close_idle(self) -> None:
        """Leave hosts that nothing was sent to lately."""
        limit = time.monotonic() - _IDLE_SECONDS
        with self._changed:
            idle = [delivery for delivery, since in self._resting if since < limit]
            self._resting = [entry for entry in self._resting if entry[1] >= limit]
        for delivery in idle:
            delivery.close()

    def close(self) -> None:
        """Leave all hosts that nothing is on its way to."""
        with self._changed:
            resting, self._resting = self._resting, []
        for delivery, _ in resting:
            delivery.close()

    def _work(self) -> None:
        """One sender, until nothing waits that it may take."""
        with ExitStack() as ending:
            ending.push(self._ended)
            with self._changed:
                delivery = self._resting.pop()[0] if self._resting else None
            if delivery is None:
                delivery = self._make()
            mail = self._next()
            while mail is not None:
                destination = _destination_of(mail)
                try:
                    receipt = delivery.deliver(mail)
                finally:
                    with self._changed:
                        self._busy[destination] -= 1
                with self._changed:
                    self._done.append((mail, receipt))
                    self._changed.notify_all()
                mail = self._next()
            with self._changed:
                self._resting.append((delivery, time.monotonic()))

    def _next(self) -> Mail | None:
        with self._changed:
            for at, (mail, _) in enumerate(self._waiting):
                destination = _destination_of(mail)
                # Whoever ends a mail to a busy destination comes here again and finds the next one for it
                if self._busy[destination] < self._per_destination:
                    del self._waiting[at]
                    self._busy[destination] += 1
                    return mail
            self._working -= 1
            self._busy = +self._busy
            return None

    def _ended(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """What a sender raised goes to whoever collects; its mail stays leased until the lease ends."""
        if error is not None:
            with self._changed:
                self._working -= 1
                self._errors.append(error)
                self._changed.notify_all()
        return True


def _destination_of(mail: OutgoingMail) -> str:
    return mail.recipient.rpartition("@")[2].lower()
