"""What the admin decided about the site, as the dry rooms see it. Dry: data only; `settings` fills it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailproc.records.filegroups import USUALLY_BLOCKED


@dataclass(frozen=True, slots=True)
class Limits:
    """How much automatic mail requesters may get (mail-policy section 4); None switches a limit off."""

    ack_max_age: timedelta | None = timedelta(hours=24)
    sender_per_hour: int | None = 3
    sender_per_day: int | None = 10
    unverified_per_day: int | None = 1
    domain_per_hour: int | None = 60
    ticket_per_hour: int | None = 3
    ticket_per_day: int | None = 10
    breaker_per_hour: int | None = 100


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Whose word counts (mail-policy section 3)."""

    trusted_authserv_ids: tuple[str, ...] = ()  # lower case
    border_hosts: tuple[str, ...] = ()  # lower case; empty: the authserv-ids
    trusted_networks: tuple[str, ...] = ()  # CIDR
    agent_trust: str = "dmarc"  # dmarc | network | token
    verify: bool = True
    resolver: str = ""
    logins: tuple[tuple[str, str], ...] = ()  # (login at a border host, address it may write as); "*" in front of both


@dataclass(frozen=True, slots=True)
class Site:
    """The site as its admin described it in mailproc.yaml."""

    name: str
    prefix: str
    addresses: tuple[str, ...]  # ours, normalised; the first is the default sender
    domain: str
    prefix_aliases: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    default_language: str = "en"
    timezone: str = "UTC"
    operator: str = ""
    trust: TrustPolicy = TrustPolicy()
    address_extension: str = "plus"  # plus | dash | subdomain | none
    subject_tag: str = "always"  # always | reply | never
    numbering: str = "serial"  # serial | shuffled
    copy_answers: bool = True
    # Changes that requesters are told of: reopened, closed, moved, merged, awaiting, rejected
    notify_requester: tuple[str, ...] = ("reopened", "merged", "rejected")
    max_attachments_size: int = 20_000_000  # bytes of attachments one outgoing mail may carry
    # What is never passed on: groups of records/filegroups.py and endings of one's own
    blocked_attachments: tuple[str, ...] = USUALLY_BLOCKED
    reopen_within: timedelta = timedelta(days=30)
    auto_close_after: timedelta | None = timedelta(days=7)
    collision_window: timedelta = timedelta(minutes=10)
    undo_window: timedelta = timedelta(0)
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Key:
    """One secret of the site; `id` is one character of the base32 alphabet and stands in what it signed."""

    id: str
    secret: bytes = field(repr=False)
    created_at: datetime
    retired_at: datetime | None = None  # when a newer one took over; None for the one that signs

    def verifies(self, life: timedelta, now: datetime) -> bool:
        """Whether words it signed, which live that long, still count: none is younger than its retirement."""
        return self.retired_at is None or now - self.retired_at < life


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The site's secrets, newest first: the first signs, all verify."""

    keys: tuple[Key, ...]
    numbering: bytes = field(default=b"", repr=False)  # permutes serials for ever, whatever keys come and go

    @property
    def numbering_secret(self) -> bytes:
        """What shuffled case numbers are made with: another one could give a number twice."""
        return self.numbering or self.keys[-1].secret

    @property
    def current(self) -> Key:
        return self.keys[0]

    def find(self, key_id: str) -> Key | None:
        """The key with that id, None when it was retired."""
        for key in self.keys:
            if key.id == key_id:
                return key
        return None
