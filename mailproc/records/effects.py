"""Every change a decision can ask for, as data. Dry: data only; `store.commit` has one handler for each."""

from dataclasses import dataclass, field
from datetime import datetime

from mailproc.records.caseeffects import (
    MergeTickets,
    MoveMessage,
    RemoveParticipant,
    SetMoment,
    UnmergeTickets,
    WithdrawMails,
)
from mailproc.records.correspondence import KeepRhythm
from mailproc.records.mail import Address
from mailproc.records.making import quick_to_make
from mailproc.records.promises import Clock
from mailproc.records.revocations import RevokeTokens


@quick_to_make
@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A new ticket; takes `serial` from the sequence."""

    serial: int
    number: str
    subject: str
    requester: Address
    department: str
    priority: str
    language: str
    channel: str
    at: datetime
    sla: str = ""  # in force: a rule's, else the department's
    has_own_sla: bool = False  # a rule's: it stays when the case moves
    assignee: str = ""
    tags: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    requester_message_id: str = ""
    subject_key: str = ""  # comparable, for finding it again when another asks the same


@quick_to_make
@dataclass(frozen=True, slots=True)
class AddMessage:
    """A message on a ticket. For mail that came in it belongs to the inbox row being decided."""

    serial: int
    direction: str  # in | out
    visibility: str  # public | internal
    purpose: str  # request | followup | answer | note | bounce | auto
    author: Address
    to: tuple[str, ...]
    subject: str
    date: datetime
    text: str  # the new text
    cut_text: str = ""
    message_id: str = ""
    mail_class: str = "human"
    level: str = ""  # A0..A3 of a mail that came in
    language: str = ""
    is_unverified: bool = False
    attachments: tuple[tuple[str, str, int], ...] = ()  # (filename, content type, size)
    thread_index: str = ""  # Outlook's, to be continued by our answer
    is_second: bool = False  # of those that one mail makes: an agent's note on the mail that they brought in


@dataclass(frozen=True, slots=True)
class IndexIds:
    """Message ids that lead to this ticket from now on; the first ticket an id was indexed for keeps it."""

    serial: int
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetState:
    """The ticket's state; sets resolved_at, closed_at or a reopen as the change implies."""

    serial: int
    state: str
    reason: str
    actor: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SetAttribute:
    """One of department, priority, assignee, language, sla, subject."""

    serial: int
    name: str
    value: str
    reason: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class AddTags:
    """Tags added to and removed from a ticket."""

    serial: int
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    actor: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetField:
    """One of the ticket's own fields, such as an order number."""

    serial: int
    name: str
    value: str
    reason: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class AddParticipant:
    """Somebody who may write on the ticket from now on; sees nothing earlier."""

    serial: int
    address: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class LinkTickets:
    """Two tickets that know of each other: `kind` is mentions | follows | split | rule | resembles | agent | merged."""

    serial: int
    other: int
    kind: str


@dataclass(frozen=True, slots=True)
class KeepClock:
    """What the ticket's promises are counted from by now, and the next of them that is due."""

    serial: int
    clock: Clock
    due_at: datetime | None = None
    promise: str = ""  # first_response | next_response | resolution, "" when nothing is due
    is_new_due: bool = True  # the due time is another than before


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """A line of a ticket's history that changes nothing else; `data` is flat text."""

    serial: int
    kind: str
    data: tuple[tuple[str, str], ...] = ()
    actor: str = ""


@dataclass(frozen=True, slots=True)
class RememberContact:
    """The requester as we saw them last; an empty value leaves what is stored."""

    address: str
    name: str = ""
    language: str = ""
    is_dead: bool | None = None
    is_silenced: bool | None = None


@dataclass(frozen=True, slots=True)
class HoldMail:
    """The inbox row waits for a person; `reason` from `desk.reasons`, `text` in plain words."""

    reason: str
    text: str
    serial: int | None = None  # the ticket it was meant for
    detail: str = ""  # what the site's own rules say of it, in whichever language they are written


@dataclass(frozen=True, slots=True)
class AskAbout:
    """Whose decision about the mail being held is waited for: operator or department:KEY; their digest lists it."""

    audience: str


@dataclass(frozen=True, slots=True)
class ReleaseMail:
    """A held mail goes back in line; of one that is not held nothing changes."""

    inbox_id: int
    as_who: str  # customer | agent | new, or its agent's word: confirmed | ok | anyway
    actor: str


@dataclass(frozen=True, slots=True)
class DiscardMail:
    """A held mail is put aside; of one that is not held nothing changes."""

    inbox_id: int
    actor: str


@dataclass(frozen=True, slots=True)
class TrustSender:
    """From now on no mail that claims exactly this address is held as spam, unless its domain contradicts it."""

    address: str
    actor: str
    is_trusted: bool = True


@dataclass(frozen=True, slots=True)
class TellHolds:
    """These held mails were told of: in the alarm about old ones, or in the digest of a day."""

    inbox_ids: tuple[int, ...]
    audience: str = ""  # of a digest; "" for the alarm
    day: str = ""


@dataclass(frozen=True, slots=True)
class RememberAbsence:
    """An agent is away until that day (ISO 8601); "" when they are back."""

    address: str
    until: str


@dataclass(frozen=True, slots=True)
class RecordRoute:
    """A duplicate came to another address of ours: `inbox_id` is the row that was decided first."""

    inbox_id: int
    recipients: tuple[str, ...]


@quick_to_make
@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient, still to be rendered and composed by `engine`."""

    serial: int
    n: int  # its number on the ticket: Message-ID <t.serial.n.sig@domain>
    purpose: str  # received | forward | followup | answer | copy | resolved | status | reminder | undelivered | linked
    template: str
    recipient: str
    language: str
    identity: str  # whom the token speaks for: the recipient's address, or "department:KEY"
    role: str  # customer | agent
    tag: str  # "[ACME-482-170]", "" where the site wants none
    subject: str  # without the tag; "" means the template's own subject
    from_name: str
    from_address: str  # ours
    reply_purpose: str = "r"  # of the token in Reply-To: c customer, r reply, n note
    is_automatic: bool = True
    is_limited: bool = False  # counts towards the requester's limits
    is_unproven: bool = False  # nothing proves that its recipient asked for it
    is_reply: bool = False  # to a mail of its recipient's (RFC 3834 section 5: auto-replied)
    may_resend: bool = True  # after an ambiguous delivery
    author: str = ""  # the agent whose answer is relayed
    text: str = ""  # the human text it carries, "" for none
    in_reply_to: str = ""
    references: tuple[str, ...] = ()  # chain after the root, oldest first, ours and theirs
    context: tuple[tuple[str, str], ...] = ()  # further template variables, flat text
    history: tuple[tuple[str, str, str], ...] = ()  # (author, date, text) of the quoted public thread, newest first
    attaches: bool = False  # the inbound mail's attachments travel along
    headers: tuple[tuple[str, str], ...] = ()  # X-Mailproc-*, List-Id: names and values of ours
    not_before: datetime | None = None
    token_epoch: int = 0  # the ticket's, which its tokens are signed with
    held: int | None = None  # the held mail it asks about: the reply address carries a token of it, of purpose h


@dataclass(frozen=True, slots=True)
class SendMail:
    """A mail to queue."""

    mail: Mail


@quick_to_make
@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail with its final bytes, ready for the outbox; with `error` it is held there and `raw` may be empty."""

    mail: Mail
    message_id: str
    envelope_from: str
    raw: bytes = field(repr=False)
    error: str = ""  # why it could not be composed, in words for the operator
    subject: str = ""  # as it stands in the mail, decoded, for lists; "" falls back to the mail's own
    text: str = ""  # the plain text a person reads, for `explain`


@dataclass(frozen=True, slots=True)
class SuppressMail:
    """A mail that was due and is not sent, with the reason."""

    serial: int
    purpose: str
    recipient: str
    reason: str


@dataclass(frozen=True, slots=True)
class MarkBounced:
    """The outgoing mail (serial, n) came back."""

    serial: int
    n: int
    recipient: str
    status: str
    is_permanent: bool
    explanation: str


Effect = (
    OpenTicket
    | AddMessage
    | IndexIds
    | SetState
    | SetAttribute
    | AddTags
    | SetField
    | AddParticipant
    | RevokeTokens
    | RemoveParticipant
    | SetMoment
    | MergeTickets
    | UnmergeTickets
    | MoveMessage
    | WithdrawMails
    | LinkTickets
    | KeepClock
    | KeepRhythm
    | RecordEvent
    | RememberContact
    | HoldMail
    | AskAbout
    | ReleaseMail
    | DiscardMail
    | TrustSender
    | TellHolds
    | RememberAbsence
    | RecordRoute
    | SendMail
    | SuppressMail
    | MarkBounced
)
