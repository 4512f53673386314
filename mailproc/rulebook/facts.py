"""What is known of a mail when rules are asked: the facts, and the words of the `auto` condition. Dry: data only."""

import re
from dataclasses import dataclass
from datetime import datetime

from mailproc.message.headers import header_values
from mailproc.records.mail import Inbound, MailClass
from mailproc.records.making import quick_to_make

AUTO_WORDS = (
    "reply", "generated", "bounce", "receipt", "reaction", "recall", "calendar", "list", "role", "human", "own",
)  # fmt: skip
FLAGGED_SCORE = 10.0  # of a mail that a border flagged as spam without saying how much

_SCORE = re.compile(r"(?:score\s{0,2}=\s{0,2})?(-?[0-9]{1,4}(?:\.[0-9]{1,6})?)")


@quick_to_make
@dataclass(frozen=True, slots=True)
class Facts:
    """One mail as rules see it; everything that needed the site, the store or a clock is decided already."""

    inbound: Inbound
    recipients: tuple[str, ...]  # normalised, the ones that count, in order; tokens cut off, sub-addresses kept
    level: str  # A0..A3
    dmarc: str  # pass | fail | none | temperror | permerror
    auto: frozenset[str]  # words of AUTO_WORDS
    is_known_sender: bool
    sender: str  # agent | customer
    spam_score: float | None  # None: nobody we trust gave one
    at: datetime  # aware; when the mail arrived
    language: str  # detected; "" when nothing can be said
    is_new: bool = True
    ticket_state: str = ""
    ticket_department: str = ""
    ticket_priority: str = ""
    ticket_tags: tuple[str, ...] = ()
    ticket_fields: tuple[tuple[str, str], ...] = ()


def auto_words(inbound: Inbound, mail_class: MailClass) -> frozenset[str]:
    """The words of the `auto` condition that fit this mail, `human` when it is no automatic mail."""
    if mail_class is MailClass.AUTO:
        return frozenset({inbound.auto_kind if inbound.auto_kind == "reply" else "generated"})
    if mail_class is MailClass.REPORT:
        return frozenset({"receipt"})
    return frozenset({mail_class.value})


def find_spam_score(inbound: Inbound) -> float | None:
    """What the mail's X-Spam headers say; whether they may be believed is the caller's business."""
    flags = header_values(inbound, "x-spam-flag")
    scores = header_values(inbound, "x-spam-score") or header_values(inbound, "x-spam-status")
    found = [float(match[1]) for value in scores[:1] if (match := _SCORE.search(value))]
    score = found[0] if found else None
    if flags and flags[0].strip().upper().startswith("YES"):
        return max(score or 0.0, FLAGGED_SCORE)
    return score
