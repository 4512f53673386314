"""What became of one try to deliver a mail. Dry: data only; `delivery` makes it, `store.outbox` settles by it."""

from dataclasses import dataclass
from enum import StrEnum


class ReceiptState(StrEnum):
    """How a try to deliver ended."""

    SENT = "sent"  # the other side took responsibility
    DEFERRED = "deferred"  # 4xx or connection trouble before the final dot: try again later
    FAILED = "failed"  # 5xx: trying again will not help
    AMBIGUOUS = "ambiguous"  # the connection broke after the final dot: it may have arrived


@dataclass(frozen=True, slots=True)
class Receipt:
    """The end of one try; `code` is the SMTP reply code, 0 where there was none.

    `is_host`: the next host itself is out of reach or takes nothing from us, whatever mail was tried.
    """

    state: ReceiptState
    code: int = 0
    text: str = ""
    is_host: bool = False
