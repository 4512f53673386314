"""What is known of a polled folder while it is polled, and where to go on in it. No I/O of its own.

A folder has turns: the server may give all mail new UIDs, and then everything is compared with the store again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from mailproc.intake.base import Accepts, Deposit
from mailproc.intake.imapconnection import Connection, Selected
from mailproc.intake.imapwire import Listed
from mailproc.records.polledfolder import FolderState, LeftMail


class MailboxStore(Protocol):
    """What an intake keeps and asks; `store.mailboxes.Mailboxes`. Every call may raise StoreUnavailable."""

    def take_lease(self, name: str, folder: str, owner: str, seconds: float) -> bool: ...
    def release_lease(self, name: str, folder: str, owner: str) -> None: ...
    def load(self, name: str, folder: str) -> FolderState | None: ...
    def save(self, state: FolderState) -> None: ...
    def advance(self, state: FolderState, done_uid: int) -> None: ...
    def find_stored(self, identities: Sequence[str]) -> dict[str, datetime | None]: ...
    def find_fingerprints(self, fingerprints: Collection[str]) -> set[str]: ...
    def leave(self, state: FolderState, mail: LeftMail) -> None: ...
    def list_left(self, state: FolderState) -> tuple[LeftMail, ...]: ...
    def mark_told(self, state: FolderState, uids: Sequence[int]) -> None: ...
    def forget_left(self, state: FolderState, uids: Sequence[int]) -> None: ...


class Renumbered(Exception):
    """A UID names another mail than it did, and UIDVALIDITY is the same as before."""


@dataclass(frozen=True, slots=True)
class Home:
    """What a taker needs from the house it takes mail into."""

    name: str  # of the intake
    deposit: Deposit
    mailbox: MailboxStore
    has_room: Callable[[], bool]
    tell: Callable[[str, str], None]  # (key, text) to the operator
    clock: Callable[[], datetime]
    addresses: tuple[str, ...]  # whose mail this is when no header says
    accepts: Accepts | None
    max_message_size: int
    batch: int = 50
    retry_seconds: float = 3600.0  # between tries at mail that the server does not give
    after: str = "move:Processed"  # keep | seen | delete | move:FOLDER


@dataclass(slots=True)
class Memory:
    """What is remembered of a folder from one connection to the next; the store knows all that matters."""

    state: FolderState
    top_uid: int = 0  # looked at up to here
    settled: set[int] = field(default_factory=set)  # of the last LATE_UIDS
    open_uids: set[int] = field(default_factory=set)  # there, and not settled
    stored: set[int] = field(default_factory=set)  # of those: stored, and still to be moved
    left: dict[int, LeftMail] = field(default_factory=dict)
    suspects: frozenset[int] = frozenset()  # on their way when a connection broke: the next time each comes alone
    strikes: Counter[int] = field(default_factory=Counter)
    warned: set[str] = field(default_factory=set)
    retry_at: float = 0.0  # monotonic; when mail that could not be read is tried again


def begin(
    selected: Selected, known: FolderState | None, fresh: FolderState, *, is_renumbered: bool = False
) -> FolderState:
    """Where to go on in a folder as the server opened it: `known` itself, or a new turn, or from its `start`."""
    if known is None:
        first = selected.uidnext if fresh.start == "now" else 1
        return replace(fresh, uidvalidity=selected.uidvalidity, first_uid=first, done_uid=first - 1,
                       backlog_below=selected.uidnext)  # fmt: skip
    is_same = known.uidvalidity == selected.uidvalidity
    if is_same and not is_renumbered and (selected.is_guessed or selected.uidnext > known.done_uid):
        return known
    # RFC 9051 section 2.3.1.1; UIDs that are given again mean the same, whatever UIDVALIDITY says
    return replace(known, uidvalidity=selected.uidvalidity, turn=known.turn + 1, first_uid=1, done_uid=0,
                   backlog_below=selected.uidnext)  # fmt: skip


def since_of(state: FolderState) -> date | None:
    """The day from which on the backlog of this turn counts; None when all of it does."""
    if state.start == "all":
        return None
    if state.start == "now":
        # Servers compare days of their own zone; the hour is looked at afterwards
        return (state.began_at - timedelta(days=1)).date()
    return date.fromisoformat(state.start)


def is_before(state: FolderState, uid: int, listed: Listed) -> bool:
    """True for mail of the backlog that was in the folder before `start: now` and is left alone after a new turn."""
    is_old = listed.stored_at is not None and listed.stored_at < state.began_at
    return state.start == "now" and state.turn > 0 and uid < state.backlog_below and is_old


def list_wanted(connection: Connection, state: FolderState, low: int) -> Iterator[list[int]]:
    """The UIDs from `low` up that count by the folder's start."""
    low = max(low, state.first_uid)
    if low < state.backlog_below:
        yield from connection.list_uids(low, state.backlog_below, since_of(state))
    yield from connection.list_uids(max(low, state.backlog_below))
