"""What the promises of a ticket are counted from. Dry: data only; `store.promises` keeps it, `desk.promises` counts."""

from dataclasses import dataclass
from datetime import datetime

from mailproc.records.making import quick_to_make


@quick_to_make
@dataclass(frozen=True, slots=True)
class Clock:
    """Facts alone: when something is due follows from them and from the sla that is in force by then."""

    started_at: datetime
    sla: str = ""  # what a rule set; "": the department's
    waiting_since: datetime | None = None  # the requester's oldest word that nobody has answered
    is_answered: bool = False  # somebody has answered at least once
    heard_at: datetime | None = None  # when the requester last heard of the case; None: no updates go to them
    is_proven: bool = False  # a mail of theirs was proven
    stops: tuple[tuple[datetime, datetime | None], ...] = ()  # it stood still from, until; None: it does still
    told: tuple[str, ...] = ()  # the promises that lapsed and whose lapse the department knows of
    look_at: datetime | None = None  # when the clock next has something to do

    @property
    def is_stopped(self) -> bool:
        """True while the case waits for somebody else, or is finished."""
        return bool(self.stops) and self.stops[-1][1] is None

    def look_again(self, told: tuple[str, ...], look_at: datetime | None) -> "Clock":
        """The same facts with those lapses told, looked at next at that time."""
        return Clock(
            self.started_at, self.sla, self.waiting_since, self.is_answered, self.heard_at, self.is_proven, self.stops,
            told, look_at,
        )  # fmt: skip
