"""Changes of whole cases that agents ask for, as data; a part of `effects`. Dry: data only."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RemoveParticipant:
    """Somebody who may not write on the ticket any more."""

    serial: int
    address: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class SetMoment:
    """A moment set by hand: `due` is when the case is due, `wait` until when it rests; None clears it."""

    serial: int
    name: str
    at: datetime | None
    reason: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class MergeTickets:
    """A ticket becomes part of another: its mails and people go there, its number stays as an alias."""

    serial: int
    into: int
    actor: str = ""


@dataclass(frozen=True, slots=True)
class UnmergeTickets:
    """A merging is taken back."""

    serial: int
    into: int
    actor: str = ""


@dataclass(frozen=True, slots=True)
class MoveMessage:
    """A stored mail goes to another ticket, which may be opened by the same decision."""

    serial: int
    message: int  # its id in the store
    to: int
    actor: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawMails:
    """The answer that an agent's mail queued is not sent, as far as it still waits."""

    serial: int
    inbox_id: int
    since: datetime | None = None  # since when the customer waits again
    is_first: bool = False  # nobody had answered before
    actor: str = ""
