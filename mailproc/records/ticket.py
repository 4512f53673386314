"""What is known of tickets, people and earlier mail at a decision. Dry: data only; `store.lookup` fills it."""

from dataclasses import dataclass, field
from datetime import date as Day
from datetime import datetime
from enum import StrEnum

from mailproc.records.asks import Asked
from mailproc.records.correspondence import Echo
from mailproc.records.holds import HoldsKnown
from mailproc.records.mail import Address
from mailproc.records.making import quick_to_make
from mailproc.records.promises import Clock


class State(StrEnum):
    """Where a ticket stands; `tickets.lifecycle` has the table of allowed changes."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on-hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


PRIORITIES = ("low", "normal", "high", "urgent")


@quick_to_make
@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """One stored message of a ticket, as composing and summaries need it."""

    direction: str  # in | out
    visibility: str  # public | internal
    purpose: str  # request | followup | answer | note | received | ...
    author: Address
    date: datetime
    text: str  # new text only, cut to a few thousand characters
    message_id: str = ""
    is_unverified: bool = False  # a follow-up nothing proved: agents see it, no customer ever does
    thread_index: str = ""  # Outlook's
    level: str = ""  # A0..A3 of a mail that came in


@quick_to_make
@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as the desk sees it. `serial` is its identity, `number` what people quote (ACME-482-170)."""

    serial: int
    number: str
    subject: str
    state: State
    requester: Address
    department: str
    created_at: datetime
    updated_at: datetime
    priority: str = "normal"
    language: str = "en"
    assignee: str = ""  # an agent's address
    assignee_back_on: Day | None = None  # the assignee is away until that day; None when they are not
    channel: str = "mail"
    tags: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    sla: str = ""
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    last_mail_at: datetime | None = None  # last message in or out: token lifetimes count from here
    merged_into: int | None = None
    participants: tuple[str, ...] = ()  # normalised addresses, the requester's included
    mails_out: int = 0  # numbers the ticket's outgoing mails: the n of <t.serial.n.sig@domain>
    requester_message_id: str = ""  # of the requester's first mail, "" when it is unknown
    reopened_at: tuple[datetime, ...] = ()  # reopens by mail within the last hour
    notes: tuple[str, ...] = ()  # internal ones, where an agent may be speaking: nothing of them may go out
    token_epoch: int = 0  # tokens of mails up to this n were revoked; 0 when none ever were
    thread: tuple[ThreadMessage, ...] = ()  # oldest first; the first message and the last few
    set_due_at: datetime | None = None  # by hand: it counts before what is promised
    waits_until: datetime | None = None  # by hand: then the clock opens it again
    joined: tuple[tuple[str, datetime], ...] = ()  # people who came later than the ticket: (address, since when)


@quick_to_make
@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail we sent, as a reply, a bounce or a Message-ID of ours points at it."""

    serial: int
    n: int
    purpose: str
    recipient: str
    identity: str  # whom its token speaks for: an address, or "department:KEY"
    author: str  # the agent's address of a relayed answer, else ""
    is_automatic: bool
    role: str = "customer"  # of the recipient: customer | agent
    is_bounced: bool = False
    text: str = ""  # what stood in it, for mails to the inside: agents' answers quote it

    @property
    def is_to_customer(self) -> bool:
        return self.role == "customer"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person who writes to us."""

    address: str
    name: str = ""
    language: str = ""
    is_silenced: bool = False
    is_dead: bool = False  # mail to it bounced for good
    is_trusted: bool = False  # a person said that its mail is no spam


@quick_to_make
@dataclass(frozen=True, slots=True)
class SendCounts:
    """Limited automatic mail already queued or sent, counted in the deciding transaction."""

    sender_hour: int = 0
    sender_day: int = 0
    domain_hour: int = 0
    ticket_hour: int = 0
    ticket_day: int = 0
    site_hour: int = 0
    site_usual_hour: float = 0.0  # mean per hour over the last 7 days
    same_subject: int = 0  # mails of this sender with this normalised subject in the last 10 minutes


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same bytes, seen before."""

    inbox_id: int
    serial: int | None
    recipients: tuple[str, ...]  # every address of ours it has come to so far
    ways: tuple[str, ...] = ()  # `Envelope.way` of each copy so far; () when they came too often to tell


@dataclass(frozen=True, slots=True)
class Resembled:
    """A case in work of the same requester with the same comparable subject."""

    serial: int
    number: str
    department: str


@quick_to_make
@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows that one decision needs; read in the deciding transaction."""

    next_serial: int
    duplicate: Duplicate | None = None
    tickets: dict[int, Ticket] = field(default_factory=dict)  # all that a key led to; merged ones with their survivor
    by_id: dict[str, int] = field(default_factory=dict)  # id -> serial, for ids we received or saw in References
    sent: dict[tuple[int, int], SentMail] = field(default_factory=dict)  # (serial, n) -> mail of ours
    requester: Contact | None = None
    author: Contact | None = None  # whose words an agent brings in
    counts: SendCounts = SendCounts()
    clocks: dict[int, Clock] = field(default_factory=dict)  # of those of `tickets` that have one
    asked: Asked = Asked()  # what an agent's commands want to know
    echo: Echo | None = None  # of the sender's mail before this one, where it is of the last day
    alike: tuple[tuple[str, str, str], ...] = ()  # (number, state, department) of finished tickets with this subject
    holds: HoldsKnown = HoldsKnown()
    resembled: Resembled | None = None  # where no key led to a ticket
