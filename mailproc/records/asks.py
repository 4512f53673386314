"""What an agent's mail asks the database for, and its answer, read in the transaction that decides. Dry: data only."""

from dataclasses import dataclass
from datetime import datetime

from mailproc.records.mail import Address


@dataclass(frozen=True, slots=True)
class Asks:
    """The questions; `departments` and `addresses` are the agent's own, so that nothing else can be asked for."""

    serials: tuple[int, ...] = ()  # of #merge, #link, #show, #close N
    lists: tuple[str, ...] = ()  # mine | department | open | overdue
    takes_next: bool = False
    splits: bool = False  # the customer's mail that is answered
    answers: tuple[tuple[int, int], ...] = ()  # (serial, n) of the mails of ours that the mail answers
    undoes: bool = False
    on: int | None = None  # the ticket of the mail; None: a mail of commands alone
    departments: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Behalf:
    """What the store is asked about somebody whose words an agent brings in."""

    ids: tuple[str, ...] = ()  # that may lead to a ticket
    serials: tuple[int, ...] = ()
    author: str = ""  # who that is
    subject_key: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list."""

    number: str
    subject: str
    state: str
    priority: str
    department: str
    assignee: str
    requester: str
    created_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A customer's mail on a ticket, to become a ticket of its own."""

    id: int
    author: Address
    subject: str
    date: datetime
    text: str
    message_id: str = ""
    language: str = ""
    is_unverified: bool = False
    is_first: bool = False  # the one the ticket began with


@dataclass(frozen=True, slots=True)
class Past:
    """One change an agent's mail made: `kind` is state, attribute, field, tags, participant, moment or silenced."""

    serial: int
    number: str
    kind: str
    name: str
    before: str
    after: str
    now: str  # what it is by now


@dataclass(frozen=True, slots=True)
class LastAct:
    """What the agent's last mail did, and which of its mails still wait."""

    inbox_id: int
    at: datetime
    changes: tuple[Past, ...] = ()
    waiting: tuple[str, ...] = ()  # recipients of answers that have not gone yet
    gone: tuple[str, ...] = ()
    merged: tuple[int, int] | None = None  # (ticket, survivor)


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers."""

    lists: tuple[tuple[str, tuple[Listed, ...], int], ...] = ()  # (name, lines, how many there are in all)
    next_serial: int | None = None
    split: StoredMail | None = None
    undo: LastAct | None = None
