"""Notices that automatic mail to requesters is paused because the site sends too much of it (mail-policy section 4).

Reads the history from where it last read on, so that a busy site pays for what is new only. It decides nothing.
"""

from collections import deque
from datetime import datetime, timedelta

from mailproc.daemon.status import StatusBoard
from mailproc.store.suppressed import Breaks, find_breaks

KEY = "automatic mail"
_EVERY = timedelta(seconds=30)
_WINDOW = timedelta(hours=1)


class BreakerWatch:
    """One daemon's look at the breaker; `look` is called from one thread."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board
        self._looked_at: datetime | None = None
        self._last_event = 0
        self._breaks: deque[tuple[datetime, int]] = deque()  # (when, mails that were kept back)

    def look(self) -> None:
        """Twice a minute: put on the board what was kept back within the hour, or that all is well."""
        now = self._board.clock()
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < _EVERY:
            return
        with self._board.store.read() as tx:
            found: Breaks = find_breaks(tx, self._last_event, now - _WINDOW)
        self._looked_at, self._last_event = now, found.last_event
        self._breaks.extend(found.times)
        while self._breaks and self._breaks[0][0] <= now - _WINDOW:
            self._breaks.popleft()
        self._board.suffer(KEY, self._describe(), is_urgent=True)

    def _describe(self) -> str:
        mails = sum(count for _, count in self._breaks)
        if not mails:
            return ""
        since = min(at for at, _ in self._breaks)
        return (
            f"{mails} automatic {'mail' if mails == 1 else 'mails'} to requesters not sent within the last hour (from "
            f"{since:%Y-%m-%d %H:%M} UTC on), because the site sent too many: a loop, or a flood of mail, as it seems. "
            "Tickets, answers and mail to departments go on. `mailproc report suppressed` shows who would have got "
            "them; limits.breaker_per_hour sets the limit"
        )
