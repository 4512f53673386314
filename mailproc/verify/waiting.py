"""Mails whose DNS answers are on their way, beside the line of those that can be decided.

Wet: their questions run in threads. A stranger's silent DNS servers must cost his own mail a few seconds and nobody
else's any: who waits here holds up only later mail of the same From address, so that a sender's mails stay in order.
"""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from mailproc.records.mail import Verified
from mailproc.verify.evidence import Mail, Verifier

T = TypeVar("T")

PATIENCE = 0.1  # seconds that a batch waits in the line: most servers have answered by then
MOST = 200  # that wait at once; their threads do nothing
MOST_BYTES = 24_000_000
HURRIED = 1.0  # seconds for one mail while many wait: a good domain needs less, a silent one gets no more
_MANY = 50
_MANY_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class _Asked(Generic[T]):
    item: T
    sender: str
    size: int
    answer: Future[Verified]


class WaitingRoom(Generic[T]):
    """Items with the evidence that is being gathered for them; for one thread."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._pool = ThreadPoolExecutor(MOST, "verify")
        self._asked: list[_Asked[T]] = []

    def __len__(self) -> int:
        return len(self._asked)

    def has_room(self) -> bool:
        """Whether more mail may be taken in hand; what waits here is held in memory."""
        return len(self._asked) < MOST and self._bytes() < MOST_BYTES

    def add(self, item: T, mail: Mail) -> None:
        """Begin to ask about this mail."""
        is_crowded = len(self._asked) >= _MANY or self._bytes() >= _MANY_BYTES
        seconds = min(HURRIED, self._verifier.timeout) if is_crowded else self._verifier.timeout
        raw, inbound, envelope = mail
        sender = inbound.from_.addr if inbound.from_ is not None else ""
        answer = self._pool.submit(self._verifier.evidence, raw, inbound, envelope, seconds)
        self._asked.append(_Asked(item, sender, len(raw), answer))

    def take(self, patience: float | None = PATIENCE) -> list[tuple[T, Verified]]:
        """Those that are answered, oldest first, after waiting so long for all of them (None: to the end)."""
        if not self._asked:
            return []
        wait([one.answer for one in self._asked], patience)
        taken: list[tuple[T, Verified]] = []
        left: list[_Asked[T]] = []
        unanswered: set[str] = set()
        for one in self._asked:
            if one.answer.done() and one.sender not in unanswered:
                taken.append((one.item, one.answer.result()))
            else:
                left.append(one)
                unanswered.add(one.sender)
        self._asked = left
        return taken

    def _bytes(self) -> int:
        return sum(one.size for one in self._asked)
