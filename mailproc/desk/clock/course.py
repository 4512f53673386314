"""How the clock of a ticket follows the effects of a decision, one after the other. Dry.

Every mail walks through here, some of them twice: the facts are changed in place and become a record once, at the end.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailproc.records.caseeffects import SetMoment, WithdrawMails
from mailproc.records.effects import (
    AddMessage,
    Effect,
    OpenTicket,
    SendMail,
    SetAttribute,
    SetState,
    SuppressMail,
)
from mailproc.records.mail import Level
from mailproc.records.promises import Clock
from mailproc.records.ticket import State, Ticket
from mailproc.rulebook.book import Rulebook

RESOLUTION = "resolution"
STOPPED = frozenset({State.PENDING, State.ON_HOLD, State.RESOLVED, State.CLOSED})
FINISHED = frozenset({State.RESOLVED, State.CLOSED})
_ANSWERS = ("answer", "resolved")
_CUSTOMERS_WORDS = ("request", "followup")
# A limit held the acknowledgement back, nothing else was wrong: updates may go
_PASSING = frozenset({"old", "sender-hour", "sender-day", "domain-hour", "ticket-hour", "ticket-day", "breaker"})
_MOST_STOPS = 100
FOLLOWED = frozenset(
    {OpenTicket, AddMessage, SetState, SetAttribute, SetMoment, SendMail, SuppressMail, WithdrawMails}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket as far as promises go."""

    state: State
    department: str
    clock: Clock


class _Course:
    """A standing while effects change it; the names are those of `Clock`."""

    __slots__ = (
        "clock", "department", "heard_at", "is_answered", "is_proven", "now", "sla", "state", "stops", "told",
        "waiting_since",
    )  # fmt: skip

    def __init__(self, state: State, department: str, clock: Clock, now: datetime) -> None:
        self.state = state
        self.department = department
        self.clock = clock
        self.now = now
        self.sla = clock.sla
        self.waiting_since = clock.waiting_since
        self.is_answered = clock.is_answered
        self.heard_at = clock.heard_at
        self.is_proven = clock.is_proven
        self.stops = clock.stops
        self.told = clock.told

    def end(self) -> Standing:
        """Where the effects led."""
        clock = Clock(
            self.clock.started_at, self.sla, self.waiting_since, self.is_answered, self.heard_at, self.is_proven,
            self.stops, self.told, self.clock.look_at,
        )  # fmt: skip
        return Standing(self.state, self.department, clock)


def follow(
    effects: Iterable[Effect],
    before: Ticket | None,
    clocks: Mapping[int, Clock],
    serial: int,
    book: Rulebook,
    now: datetime,
) -> Standing | None:
    """How the ticket stands after the effects; None for one that is not known."""
    course = None
    if before is not None:
        course = _Course(before.state, before.department, clocks.get(serial) or _begin(before, book, now), now)
    for effect in effects:
        take = _TAKES.get(type(effect))
        if take is not None:
            change: Any = effect
            if course is not None and change.serial == serial:
                take(course, change)
        elif type(effect) is SendMail:
            if course is not None and effect.mail.serial == serial:
                _take_mail(course, effect)
        elif type(effect) is OpenTicket and effect.serial == serial:
            clock = Clock(effect.at, effect.sla if effect.has_own_sla else "", waiting_since=effect.at)
            course = _Course(State.NEW, effect.department, clock, now)
    return course.end() if course is not None else None


def _take_mail(course: _Course, effect: SendMail) -> None:
    mail = effect.mail
    if mail.role != "customer":
        return
    course.heard_at = course.now
    if mail.purpose in _ANSWERS and not mail.is_automatic:
        course.told = tuple(name for name in course.told if name == RESOLUTION)
        course.waiting_since = None
        course.is_answered = True


def _take_suppressed(course: _Course, effect: SuppressMail) -> None:
    if effect.purpose == "status" or (effect.purpose == "received" and effect.reason in _PASSING):
        course.heard_at = course.now


def _take_message(course: _Course, effect: AddMessage) -> None:
    if effect.direction != "in" or effect.purpose not in _CUSTOMERS_WORDS:
        return
    course.is_proven = course.is_proven or _is_proof(effect)
    # Thanks on a finished case wait for nothing; a mail that opens it again came with a change of its state
    if course.waiting_since is None and course.state not in FINISHED:
        course.waiting_since = course.now


def _take_state(course: _Course, effect: SetState) -> None:
    state, stops = State(effect.state), course.stops
    at = effect.at or course.now
    is_stopped = bool(stops) and stops[-1][1] is None
    if state in STOPPED and not is_stopped:
        course.stops = (*stops[-_MOST_STOPS:], (at, None))
    elif state not in STOPPED and is_stopped:
        course.stops = (*stops[:-1], (stops[-1][0], at)) if stops[-1][0] < at else stops[:-1]
    if course.state in FINISHED and state not in FINISHED:
        course.waiting_since = at  # whoever opens it again waits from then on
    elif state in FINISHED:
        course.waiting_since = None
    course.state = state


def _take_withdrawal(course: _Course, effect: WithdrawMails) -> None:
    course.waiting_since = course.waiting_since or effect.since  # nobody has answered after all
    course.is_answered = course.is_answered and not effect.is_first


def _take_attribute(course: _Course, effect: SetAttribute) -> None:
    if effect.name == "department":
        course.department = effect.value
    elif effect.name == "sla":
        course.sla = effect.value


# Those whose `serial` is their ticket
_TAKES: dict[type, Callable[[_Course, Any], None]] = {
    SuppressMail: _take_suppressed,
    AddMessage: _take_message,
    SetState: _take_state,
    WithdrawMails: _take_withdrawal,
    SetAttribute: _take_attribute,
}


def _is_proof(message: AddMessage) -> bool:
    if message.purpose == "followup":
        return not message.is_unverified
    return message.level in Level.__members__ and Level[message.level] >= Level.A2


def _begin(ticket: Ticket, book: Rulebook, now: datetime) -> Clock:
    """The clock of a ticket that was opened before anything was promised: it counts from now on."""
    home = book.departments.get(ticket.department)
    own = ticket.sla if home is None or ticket.sla != home.sla else ""
    public = [message for message in ticket.thread if message.visibility == "public"]
    answers = [message for message in public if message.direction == "out" and message.purpose in _ANSWERS]
    waits = bool(public) and public[-1].direction == "in" or not answers
    return Clock(
        now,
        own,
        waiting_since=now if waits and ticket.state not in FINISHED else None,
        is_answered=bool(answers),
        heard_at=now if any(message.direction == "out" for message in public) else None,
        stops=((now, None),) if ticket.state in STOPPED else (),
    )
