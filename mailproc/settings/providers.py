"""What is known of each mail provider: hosts, whose Authentication-Results count, limits. Data only.

`provider: NAME` in an IMAP intake or the delivery fills it in; a key that the admin wrote wins. Limits are those the
providers state for an ordinary account, or below them where they state none.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """Where to log in; an empty host means that the admin has to name it."""

    host: str = ""
    port: int = 0
    tls: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider of mailboxes."""

    imap: Server = Server()
    smtp: Server = Server()
    trusted_authserv_ids: tuple[str, ...] = ()
    border_hosts: tuple[str, ...] = ()
    oauth: str = ""  # whose tokens it takes: google | microsoft
    has_passwords: bool = True  # a mailbox can be read with a password (of an app)
    max_connections: int = 10  # IMAP, to one account at a time
    max_message_size: int | None = None  # bytes of an outgoing mail, encoded
    sends_per_minute: int | None = None
    sends_per_day: int | None = None


PROVIDERS: dict[str, Provider] = {
    "gmail": Provider(
        imap=Server("imap.gmail.com", 993, "required"),
        smtp=Server("smtp.gmail.com", 587, "starttls"),
        trusted_authserv_ids=("mx.google.com",),
        border_hosts=("mx.google.com",),
        oauth="google",
        max_connections=15,
        max_message_size=25_000_000,
        sends_per_day=2000,  # of a Workspace account; a free one has 500
    ),
    "microsoft365": Provider(
        imap=Server("outlook.office365.com", 993, "required"),
        smtp=Server("smtp.office365.com", 587, "starttls"),
        trusted_authserv_ids=("microsoft365",),  # its field names no server; this word stands for that form
        border_hosts=("*.outlook.com",),
        oauth="microsoft",
        has_passwords=False,  # since 2022; SMTP still takes some
        max_connections=8,
        max_message_size=35_000_000,
        sends_per_minute=30,
        sends_per_day=10_000,
    ),
    "fastmail": Provider(
        imap=Server("imap.fastmail.com", 993, "required"),
        smtp=Server("smtp.fastmail.com", 465, "required"),
        trusted_authserv_ids=("*.messagingengine.com",),
        border_hosts=("*.messagingengine.com",),
        max_message_size=70_000_000,
        sends_per_day=4000,
    ),
    "generic": Provider(),
}
