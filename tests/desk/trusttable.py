"""The trust table as people agreed on it, stated apart from the code: who may do what, for every mail on a case.

It names no function of the program. Each cell says what may become of a mail whose subject names a case of Jane's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

# Who the From address is. Ann works for the case's department, Bo for another, Ivy no longer works here.
ANN, ANN_ASKED, BO, IVY, JANE, STRANGER, MAILBOX = (
    "ann", "ann-who-asked", "bo", "ivy", "jane", "stranger", "departments-mailbox",
)  # fmt: skip
SPEAKERS = (ANN, ANN_ASKED, BO, IVY, JANE, STRANGER, MAILBOX)
LEVELS = ("A0", "A1", "A2", "A3")
MODES = ("dmarc", "network", "token")
CLASSES = ("human", "list", "absence", "machine", "bounce")
TOKENS = (
    "none",
    "department",  # what a notification to the whole department carries
    "own",  # what one to the speaker carries
    "note",  # the department's, for a note
    "done",  # the department's, for a last answer
    "customers",  # what a mail to the speaker as a customer carries
    "janes",  # Jane's, whoever has it
    "other-case",
    "other-agents",
    "expired",  # nothing was written for longer than any token lives
    "truncated",
    "flipped",
    "unknown-key",  # signed with a key that was revoked
    "retired-key",  # signed with one that was replaced 31 days ago
    "revoked",  # the case's addresses were revoked since
)

HELD = "held"  # waits for a person; nobody outside hears of it
ANSWER = "answer"  # the customer gets the words
NOTE = "note"  # kept inside, commands count
KEPT = "kept"  # kept on the case and nothing else
FOLLOW_UP = "follow-up"  # the customer's word on the case
UNVERIFIED = "unverified"  # the same with a warning
NEW = "new"  # a case of its own, or none
BOUNCE = "bounce"


@dataclass(frozen=True)
class Cell:
    """One kind of mail."""

    speaker: str
    level: str = "A3"
    from_ok: bool = True
    token: str = "none"
    mail_class: str = "human"
    mode: str = "dmarc"
    is_submitted: bool = False
    has_dkim: bool = False


def expected(cell: Cell) -> frozenset[str]:
    """What may become of it."""
    if cell.mail_class == "bounce":
        return frozenset({BOUNCE})
    if not cell.from_ok:
        return frozenset({HELD})
    if cell.speaker in (ANN, ANN_ASKED, BO, IVY) and _speaks_for_us(cell):
        return _agents_right(cell)
    if cell.speaker == MAILBOX:
        return frozenset({HELD})
    if cell.level == "A0":
        return frozenset({HELD})
    if cell.speaker == STRANGER:
        return frozenset({NEW})
    if cell.mail_class != "human":
        return frozenset({KEPT})
    return frozenset({FOLLOW_UP if cell.level in ("A2", "A3") or _has_customers_token(cell) else UNVERIFIED})


def _speaks_for_us(cell: Cell) -> bool:
    """An agent who asked something as a customer speaks as one, unless the mail came to an agent's address."""
    claims_agents = cell.token not in ("none", "customers", "janes", "other-case", "truncated")
    return cell.speaker != ANN_ASKED or claims_agents


def _agents_right(cell: Cell) -> frozenset[str]:
    may = cell.speaker in (ANN, ANN_ASKED) and cell.token in ("department", "own", "note", "done") and _is_proven(cell)
    if cell.mail_class in ("absence", "machine"):
        return frozenset({KEPT, HELD}) if cell.level != "A0" else frozenset({HELD})
    if not may:
        return frozenset({HELD})
    return frozenset({NOTE if cell.token == "note" else ANSWER})


def _is_proven(cell: Cell) -> bool:
    if cell.level == "A0":
        return False
    if cell.mode == "token":
        return True
    return cell.level == "A3" or cell.has_dkim or (cell.mode == "network" and cell.is_submitted)


def _has_customers_token(cell: Cell) -> bool:
    return cell.token == "customers" or (cell.token == "janes" and cell.speaker == JANE)


def cells() -> Iterator[Cell]:
    """The whole product, less what cannot matter: how an agent is proven counts for agents alone."""
    for level, token, mail_class in product(LEVELS, TOKENS, CLASSES):
        for speaker in (JANE, STRANGER, MAILBOX):
            yield Cell(speaker, level, True, token, mail_class)
        for speaker in (BO, IVY):
            yield Cell(speaker, level, True, token, mail_class, "token")
        for speaker in (ANN, ANN_ASKED):
            ways = product(MODES, (False, True), (False, True))
            for mode, is_submitted, has_dkim in ways if mail_class == "human" else (("network", True, True),):
                yield Cell(speaker, level, True, token, mail_class, mode, is_submitted, has_dkim)
    for speaker, level, token in product(SPEAKERS, LEVELS, TOKENS):
        yield Cell(speaker, level, False, token, "human", "token", True, True)
