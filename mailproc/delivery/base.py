"""What every way out shares: the mail it gets, the checks before anything leaves, the words of a receipt.

Must not change a byte: what is stored as composed is what goes out.
"""

from typing import Protocol

from mailproc.message.addresses import is_sendable
from mailproc.records.delivery import Receipt, ReceiptState

REPLY_LENGTH = 8_192  # of a peer's text that is kept (T61)
# RFC 4954 section 6: login needed, mechanism too weak, login refused, encryption needed
_LOGIN_CODES = frozenset({530, 534, 535, 538})


class OutgoingMail(Protocol):
    """An outbox row as deliveries need it; `store.outbox.OutboxMail` is one."""

    @property
    def id(self) -> int: ...
    @property
    def recipient(self) -> str: ...
    @property
    def envelope_from(self) -> str: ...
    @property
    def raw(self) -> bytes: ...


class Delivery(Protocol):
    """A way out. `deliver` returns a receipt whatever happens; it raises only on a mistake in this program."""

    def deliver(self, mail: OutgoingMail) -> Receipt: ...
    def close(self) -> None: ...


def find_defect(mail: OutgoingMail) -> str:
    """Why this mail must not go out, in words; "" when it may (threats T42, T43)."""
    if not is_sendable(mail.recipient):
        return f"{_shown(mail.recipient)} is no address a mail can be sent to"
    if mail.envelope_from and not is_sendable(mail.envelope_from):
        return f"{_shown(mail.envelope_from)} is no address a mail can be sent from"
    if not mail.raw:
        return "the mail is empty"
    pairs = mail.raw.count(b"\r\n")
    if mail.raw.count(b"\n") != pairs or mail.raw.count(b"\r") != pairs:
        return "the mail has a CR or LF that stands alone"
    return ""


def has_login_trouble(receipt: Receipt) -> bool:
    """True when the next host refuses us and not this mail: nothing goes out until somebody looks (F24)."""
    return receipt.state is ReceiptState.DEFERRED and receipt.code in _LOGIN_CODES


def is_login_code(code: int) -> bool:
    """True for replies that speak of our login, whatever command they answer."""
    return code in _LOGIN_CODES


def clean_reply(text: str | bytes) -> str:
    """A peer's words as one short printable line, however it meant them (T61)."""
    if isinstance(text, bytes):
        text = text[:REPLY_LENGTH].decode("utf-8", "replace")
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:REPLY_LENGTH])
    return " ".join(shown.split())


def _shown(address: str) -> str:
    return ascii(address[:100])
