"""What mailproc.yaml says, typed: the site for the dry rooms, and what the wet rooms need. Data only.

A secret (password, token, database URL) is never in a `repr`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from mailproc.records.site import Site


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """One way in; `kind` says which of the fields count."""

    kind: str  # smtp | lmtp | imap | maildir
    name: str  # unique; the first of a kind is named after it
    host: str = ""  # smtp, lmtp: the address to listen on; imap: the server
    port: int = 0
    socket: str = ""  # lmtp, smtp: absolute path of a Unix socket, instead of host and port
    path: str = ""  # maildir: absolute
    tls: str = "none"  # required | starttls | none
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)  # OAuth2 access token
    folder: str = "INBOX"
    start: str = "now"  # now | all | a date (2026-01-31): which mail of a mailbox counts at the first poll
    after: str = "move:Processed"  # move:FOLDER | seen | keep: what becomes of a mail that is stored
    idle: bool = True
    poll_seconds: int = 60
    line: int = field(default=0, compare=False)  # in the settings file, for messages


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
