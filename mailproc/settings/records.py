"""What mailproc.yaml says, typed: the site for the dry rooms, and what the wet rooms need. Data only.

A secret (password, token, client secret, database URL) is never in a `repr`.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from mailproc.records.site import Site


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """One way in; `kind` says which of the fields count. Paths are absolute, "" where there is none."""

    kind: str  # smtp | lmtp | imap | maildir
    name: str  # unique; the first of a kind is named after it
    host: str = ""  # smtp, lmtp: the address to listen on; imap: the server
    port: int = 0
    socket: str = ""  # lmtp: path of a Unix socket, instead of host and port
    path: str = ""  # maildir
    tls: str = "none"  # imap: required | starttls | none
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)  # imap: an OAuth2 access token that somebody else keeps fresh
    oauth: str = ""  # imap: name of an `OAuthSettings`; at most one of password, token, oauth
    provider: str = ""  # imap: gmail | microsoft365 | fastmail | generic; its values are filled in
    tls_ca: str = ""  # imap: certificates to trust instead of the system's
    folders: tuple[str, ...] = ("INBOX",)
    start: str = "now"  # imap, maildir: now | all | a date (2026-01-31): which mail counts at the first poll
    after: str = "move:Processed"  # what becomes of a stored mail: imap keep | seen | delete | move:FOLDER,
    #                                maildir cur | keep | delete | move:FOLDER
    idle: bool = True
    poll_seconds: int = 60
    sweep_seconds: int = 300  # imap: all UIDs are looked through so often, whatever IDLE says
    batch: int = 50  # imap: mails of one FETCH
    timeout_seconds: int = 60  # imap: of each answer
    alarm_after: timedelta | None = timedelta(minutes=15)  # failing for so long raises an alarm; None: never
    quiet_after: timedelta | None = None  # no mail for so long raises one
    socket_mode: int = 0o666  # lmtp
    socket_group: str = ""
    tls_certificate: str = ""  # smtp, lmtp: STARTTLS is offered when set, and then tls_key is set, too
    tls_key: str = ""
    max_connections: int = 200  # smtp, lmtp: from clients; imap: to this account
    max_connections_per_client: int = 50
    max_recipients: int = 100
    max_errors: int = 20  # of one session
    mails_per_minute: int | None = 300  # of a client outside trusted_networks; None: no limit
    min_bytes_per_second: int = 500
    idle_seconds: int = 60
    bare_newlines: str = "refuse"  # refuse | normalise
    line: int = field(default=0, compare=False)  # in the settings file, for messages

    @property
    def folder(self) -> str:
        """The first of the folders."""
        return self.folders[0]

    @property
    def since(self) -> date | None:
        """The day of `start: since DATE`; None for now and all."""
        return None if self.start in ("now", "all") else date.fromisoformat(self.start)


@dataclass(frozen=True, slots=True)
class DkimSettings:
    """How outgoing mail is signed."""

    selector: str
    domain: str
    key_file: str  # PEM, absolute
    algorithm: str = "rsa-sha256"  # | ed25519-sha256


@dataclass(frozen=True, slots=True)
class SentCopySettings:
    """Where copies of mail to customers are kept: a folder of the mailbox that an intake reads."""

    intake: str
    folder: str = "Sent"


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """The way out."""

    kind: str  # smtp | maildir
    host: str = ""
    port: int = 0
    tls: str = "none"  # required | starttls | none
    user: str = ""
    password: str = field(default="", repr=False)
    path: str = ""  # maildir: absolute
    oauth: str = ""  # name of an `OAuthSettings`, instead of a password
    provider: str = ""  # gmail | microsoft365 | fastmail | generic; its values are filled in
    tls_ca: str = ""  # certificates to trust instead of the system's
    max_message_size: int | None = None  # bytes of a whole mail that the next host takes
    sends_per_minute: int | None = None  # that it takes; None: as many as there are
    sends_per_day: int | None = None
    senders: int = 5  # connections at work side by side
    senders_per_destination: int = 5  # of them for mail to one domain
    dkim: DkimSettings | None = None  # None: mail is not signed here
    sent_copy: SentCopySettings | None = None


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """How access tokens of one account or application are got. Paths are absolute, "" where there is none."""

    name: str
    provider: str  # google | microsoft
    flow: str  # service_account (google) | client_credentials (microsoft) | login
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    tenant: str = ""  # microsoft: of the organisation; login: also organizations, common, consumers
    key_file: str = ""  # service_account: Google's JSON; client_credentials: PEM of private key and certificate
    user: str = ""  # login: who logs in; else whose mailbox, where no intake or delivery says it
    token_file: str = ""  # what is kept between starts, for its owner only
    scopes: tuple[str, ...] = ()  # (): the provider's for IMAP and SMTP
    authority: str = ""  # base of all URLs, without a slash at the end: sovereign clouds
    auth_url: str = ""  # explicit ones win over the authority's
    token_url: str = ""
    device_url: str = ""
    line: int = field(default=0, compare=False)  # in the settings file, for messages


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Where /healthz, /readyz and /metrics are served."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Settings:
    """A settings file that holds no error; every path is absolute."""

    path: Path
    site: Site
    database: str = field(repr=False)  # sqlite:////abs/path or postgresql://..., secrets filled in
    keys_file: Path
    rules_dir: Path
    templates_dir: Path
    intakes: tuple[IntakeSettings, ...]
    delivery: DeliverySettings
    max_message_size: int  # bytes
    oauth: tuple[OAuthSettings, ...] = ()
    health: HealthSettings | None = None  # None: not served
    alarm_command: tuple[str, ...] = ()  # program and arguments; gets an alarm's text on standard input
    warnings: tuple[str, ...] = ()  # formatted like errors

    @property
    def folder(self) -> Path:
        """Where the settings file lies: relative paths start here."""
        return self.path.parent

    @property
    def shown_database(self) -> str:
        """The database URL without its password, for messages and logs."""
        parts = urlsplit(self.database)
        if parts.scheme == "sqlite" or "@" not in parts.netloc:
            return self.database if parts.scheme == "sqlite" else urlunsplit(parts._replace(query=""))
        user, _, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}", query=""))

    def find_oauth(self, name: str) -> OAuthSettings | None:
        """The entry of `oauth:` with that name."""
        return next((entry for entry in self.oauth if entry.name == name), None)
