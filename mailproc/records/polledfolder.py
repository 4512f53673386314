"""What is known of one folder that is polled: how far it is taken in, and what was left in it. Dry: data only."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FolderState:
    """How far one folder of a mailbox is taken in.

    A UID names a mail as long as UIDVALIDITY stays (RFC 9051 section 2.3.1.1). Each time it changed, or UIDs were
    given again, is a turn, and names of mails start anew.
    """

    name: str  # of the intake
    folder: str  # as the settings write it
    uidvalidity: int
    start: str  # now | all | a date: what counted when the folder was first seen
    began_at: datetime  # when that was
    turn: int = 0
    first_uid: int = 1  # mail below was there before us and is left alone
    done_uid: int = 0  # everything up to here is settled
    backlog_below: int = 1  # mail below was there when this turn began

    @property
    def epoch(self) -> str:
        """The part of a mail's name that tells turns apart, even where UIDVALIDITY comes back."""
        return f"{self.uidvalidity}.{self.turn}" if self.turn else str(self.uidvalidity)

    def identify(self, uid: int) -> str:
        """The name of a mail, as an Envelope carries it."""
        return f"imap:{self.name}:{self.folder}:{self.epoch}:{uid}"


@dataclass(frozen=True, slots=True)
class LeftMail:
    """A mail that was not taken and stays in its mailbox."""

    uid: int
    size: int
    reason: str  # too-large | unreadable
    is_told: bool = False  # the operator was


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first poll of a folder would take; nothing of it has happened."""

    name: str
    folder: str
    count: int
    bytes: int
    oldest: datetime | None  # arrival in the mailbox
    newest: datetime | None
    will_acknowledge: int  # so many are young enough to be acknowledged, the older ones never are
    too_large: int  # and stay where they are
    left_alone: int  # mails of the folder that this start does not take
