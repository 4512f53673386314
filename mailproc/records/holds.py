"""Held mail as the desk sees it: what waits for whom, what an answer to it names. Dry: data only; `store` fills it."""

from dataclasses import dataclass, field
from datetime import date as Day
from datetime import datetime

OPERATOR = "operator"  # the audience that always exists


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail that is or was held, as far as an answer to it, the alarm and the digest need it."""

    inbox_id: int
    state: str  # of the inbox row: received | done | held
    reason: str  # while it is held, from `desk.reasons`
    sender: str  # the From address, "" when nobody knows
    subject: str
    serial: int | None  # the ticket it was meant for
    held_at: datetime
    audience: str = OPERATOR  # whose digest lists it: operator, or department:KEY
    received_as: str = ""  # how it was released before: one of `store.inbox.RELEASE_WORDS`

    @property
    def is_held(self) -> bool:
        return self.state == "held"


@dataclass(frozen=True, slots=True)
class HoldsKnown:
    """What one decision knows of held mail."""

    inbox_id: int = 0  # of the mail that is being decided; 0 in a preview
    named: dict[int, HeldMail] = field(default_factory=dict)  # those that an answer names
    challenged: int = 0  # challenges the agent in From got within the last hour
    asked: int = 0  # mails about holds that the From address got within the last hour
    absent: dict[str, Day] = field(default_factory=dict)  # agents who are away, and the day they are back


@dataclass(frozen=True, slots=True)
class HoldsDue:
    """What the clock found: holds nobody looked at for too long, and whose daily digest is due."""

    ageing: tuple[HeldMail, ...] = ()
    digests: dict[str, tuple[HeldMail, ...]] = field(default_factory=dict)  # by audience
    day: str = ""  # in the site's time: 2026-11-22
