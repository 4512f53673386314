"""What is known of one e-mail: how it came, what it says, how far it can be trusted. Dry: data only."""

from dataclasses import dataclass, field
from datetime import date as Day
from datetime import datetime
from enum import IntEnum, StrEnum

from mailproc.records.making import quick_to_make


class MailClass(StrEnum):
    """What kind of mail this is (mail-policy section 4); the first that fits wins, in this order."""

    OWN = "own"
    BOUNCE = "bounce"
    REPORT = "report"
    REACTION = "reaction"
    RECALL = "recall"
    CALENDAR = "calendar"
    AUTO = "auto"
    LIST = "list"
    ROLE = "role"
    HUMAN = "human"


class Intent(StrEnum):
    """What a requester's few own words say, where they say just that; anything else is NONE."""

    NONE = ""
    THANKS = "thanks"  # and nothing more: a resolved ticket stays resolved
    WORKS = "works"  # "it works now"
    STILL_BROKEN = "still-broken"  # "it still does not"
    STATUS = "status"  # "any news?"
    UNSUBSCRIBE = "unsubscribe"


class Level(IntEnum):
    """How well the From address is proven, A0 (contradicted) to A3 (DMARC pass)."""

    A0 = 0
    A1 = 1
    A2 = 2
    A3 = 3


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox; `addr` is normalised by `message.addresses.normalise`, `name` is decoded for display."""

    addr: str
    name: str = ""


@quick_to_make
@dataclass(frozen=True, slots=True)
class Envelope:
    """How a mail came in; what SMTP, the pipe's arguments or the mailbox said, never what the headers claim."""

    kind: str  # smtp | lmtp | pipe | maildir | imap | feed
    received_at: datetime
    sender: str | None = None  # "" is the null sender, None: the intake was not told
    recipients: tuple[str, ...] = ()  # normalised
    client: str = ""  # IP address of the SMTP client
    helo: str = ""
    identity: str = ""  # the mail's name at its intake, where it has one (imap:support:UIDVALIDITY:UID)
    stored_at: datetime | None = None  # when the mailbox got it (IMAP INTERNALDATE)
    forwards_old: bool = False  # `feed --forward`: old mail may send too

    @property
    def way(self) -> str:
        """The way in, with its name where there may be several of its kind: smtp, imap:support."""
        named = self.identity.split(":", 2)
        return f"{self.kind}:{named[1]}" if self.kind in ("imap", "maildir") and len(named) == 3 else self.kind


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file that came with a mail; `content` is decoded and stays out of comparisons and prints."""

    filename: str  # decoded, cleaned of paths and control characters, never empty
    content_type: str
    size: int  # bytes, decoded
    is_inline: bool = False
    content_id: str = ""
    content: bytes = field(default=b"", repr=False, compare=False)
    summary: str = ""  # one line of what is in it, where that can be said: an appointment, a protected mail


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report about a mail somebody sent (RFC 3464 and its ancestors)."""

    recipients: tuple[str, ...]
    status: str = ""  # 5.1.1
    is_permanent: bool = True
    original_message_id: str = ""
    explanation: str = ""  # in the words of the reporting system, one line
    is_given_up: bool = True  # nobody tries again; False for a warning that the mail is late


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The outermost mail that was forwarded inside this one."""

    from_: Address | None
    subject: str = ""
    date: str = ""  # as written in the mail: clients localise it
    message_id: str = ""
    text: str = ""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    references: tuple[str, ...] = ()  # of an attached one: its In-Reply-To and References
    is_attached: bool = False
    attachments: tuple[Attachment, ...] = field(default=(), compare=False)  # of an attached one: its own files
    inner: "Forwarded | None" = None  # of an attached one: the mail that it forwards in turn
    others: "tuple[Forwarded, ...]" = ()  # further mails attached beside it
    above: str = field(default="", compare=False)  # of one in the text: all that stands above it


@dataclass(frozen=True, slots=True)
class FilledForm:
    """What somebody typed into a form of ours, as the rules said how to read it (`rulebook.forms`)."""

    name: str  # of the form in the rules
    sender: Address  # whoever sent the mail: our own site, a form service
    has_person: bool  # the mail counts as the person's who filled it in
    is_proven: bool = False  # the mail is the form's own; who filled it in, nothing proves
    fields: tuple[tuple[str, str], ...] = ()  # of those that the rules declare
    left_out: tuple[str, ...] = ()  # fields whose value does not fit, or that stand there twice


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong with the bytes that was worked around; `code` is stable, `text` is for people."""

    code: str
    text: str = ""


@quick_to_make
@dataclass(frozen=True, slots=True)
class Inbound:
    """One mail, understood without knowing the site. Made by `message.parse.parse`, which never raises."""

    size: int
    fingerprint: str  # SHA-256 hex of the raw bytes without trace headers: same bytes seen before?
    from_: Address | None
    from_ok: bool  # mail-policy section 3: exactly one From, one plain mailbox
    from_defect: str  # why not, in words; "" when from_ok
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()  # Delivered-To, X-Original-To, Envelope-To, top first, normalised
    return_path: str | None = None  # topmost Return-Path; "" is the null sender
    subject: str = ""  # decoded, one line
    message_id: str = ""  # with its angle brackets, "" when there is none
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: datetime | None = None  # aware UTC
    received_at: datetime | None = None  # date of the topmost Received, aware UTC
    headers: tuple[tuple[str, str], ...] = ()  # (lower-case name, unfolded undecoded value), X-Mailproc-* removed
    text: str = ""
    html: str = field(default="", repr=False, compare=False)  # as it came, for the cells of forms
    has_html: bool = False
    new_text: str = ""
    cut_text: str = ""
    language: str = ""  # among the languages asked for; "" when nothing can be said
    language_confidence: float = 0.0
    attachments: tuple[Attachment, ...] = ()
    mail_class: MailClass = MailClass.HUMAN
    class_evidence: str = ""  # the header or pattern that decided, e.g. "Auto-Submitted: auto-replied"
    auto_kind: str = ""  # of AUTO: "reply" (out-of-office, vacation, auto-replied) or "generated"
    is_away: bool = False  # an out-of-office reply
    away_until: Day | None = None  # the day of return, where an out-of-office reply names one
    intent: Intent = Intent.NONE
    protection: str = ""  # smime-signed | smime-encrypted | pgp-signed | pgp-encrypted, "" when in the open
    bounce: Bounce | None = None
    forwarded: Forwarded | None = None
    form: FilledForm | None = None
    defects: tuple[Defect, ...] = ()
    is_unparsable: bool = False  # past a limit or broken beyond reading: to be held with its raw bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What DNS said about a mail our own listener received (`verify.py`); results are RFC 8601 words."""

    dkim_domains: tuple[str, ...] = ()  # d= of passing signatures that count
    spf: str = "none"
    spf_domain: str = ""
    dmarc: str = "none"  # pass | fail | none | temperror | permerror
    dmarc_policy: str = ""
    organisation: str = ""  # the From domain's, where DNS names one: names at it and below speak for each other
    notes: tuple[str, ...] = ()  # one line each: what did not count, and why


@quick_to_make
@dataclass(frozen=True, slots=True)
class Trust:
    """How far the From address is proven, with what it rests on (mail-policy section 3)."""

    level: Level
    source: str = "none"  # authentication-results | verified | network | submission | none
    dmarc: str = "none"
    has_aligned_dkim: bool = False
    has_aligned_spf: bool = False
    came_past_border: bool = False  # a border of ours handed it in: what its headers say counts
    is_submitted: bool = False  # our own domain, trusted network, no Received: handed in, not relayed
    evidence: tuple[str, ...] = ()  # one line each, for `explain` and the ticket
