"""What is promised on a ticket and when it is due: the clock follows the effects of a decision, the sla says the rest.

Dry. A ticket keeps facts (since when somebody waits, when the clock stood still), never due times alone: another sla,
department or calendar counts the same facts anew. It stands still while the requester has the word (pending), the case
is on hold, or finished. What lapsed and who is told of it is `deadlines`' business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mailproc.desk.draft import Draft, Policy
from mailproc.records.caseeffects import (
    SetMoment,
    WithdrawMails,
)
from mailproc.records.decision import Decision, Step
from mailproc.records.effects import (
    AddMessage,
    Effect,
    KeepClock,
    OpenTicket,
    SendMail,
    SetAttribute,
    SetState,
    SuppressMail,
)
from mailproc.records.mail import Level
from mailproc.records.promises import Clock
from mailproc.records.ticket import Known, State, Ticket
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.businesstime import add_time
from mailproc.rulebook.calendars import Calendar
from mailproc.rulebook.slas import Sla

FIRST, NEXT, RESOLUTION = "first_response", "next_response", "resolution"
_STOPPED = frozenset({State.PENDING, State.ON_HOLD, State.RESOLVED, State.CLOSED})
_FINISHED = frozenset({State.RESOLVED, State.CLOSED})
_ANSWERS = ("answer", "resolved")
_CUSTOMERS_WORDS = ("request", "followup")
# A limit held the acknowledgement back, nothing else was wrong: updates may go
_PASSING = frozenset({"old", "sender-hour", "sender-day", "domain-hour", "ticket-hour", "ticket-day", "breaker"})
_MOST_STOPS = 100
_FOLLOWED = (OpenTicket, AddMessage, SetState, SetAttribute, SetMoment, SendMail, SuppressMail, WithdrawMails)


@dataclass(frozen=True, slots=True)
class Due:
    """One promise that is running: first_response, next_response or resolution."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket as far as promises go."""

    state: State
    department: str
    clock: Clock


def find_terms(book: Rulebook, department: str, sla: str) -> tuple[Sla, Calendar] | None:
    """The sla in force, a rule's before the department's, and the calendar it is counted in."""
    home = book.departments.get(department)
    found = book.slas.get(sla) or (book.slas.get(home.sla) if home is not None else None)
    if found is None:
        return None
    return found, book.calendars[found.calendar or (home or book.departments[book.defaults.department]).calendar]


def find_dues(book: Rulebook, standing: Standing) -> tuple[Due, ...]:
    """The promises that are running, the next one first; none while the clock stands still."""
    clock = standing.clock
    terms = None if clock.is_stopped else find_terms(book, standing.department, clock.sla)
    if terms is None:
        return ()
    sla, calendar = terms
    found: list[Due] = []
    response = sla.next_response if clock.is_answered else sla.first_response
    if clock.waiting_since is not None and response is not None:
        at = add_time(calendar, clock.waiting_since, response, clock.stops)
        found += [Due(NEXT if clock.is_answered else FIRST, at)] if at is not None else []
    if sla.resolution is not None:
        at = add_time(calendar, clock.started_at, sla.resolution, clock.stops)
        found += [Due(RESOLUTION, at)] if at is not None else []
    return tuple(sorted(found, key=lambda due: due.at))


def find_update(book: Rulebook, standing: Standing) -> datetime | None:
    """When the requester is to hear of the case again; None when nothing promises it."""
    clock = standing.clock
    terms = None if clock.is_stopped else find_terms(book, standing.department, clock.sla)
    if terms is None or clock.heard_at is None or terms[0].update_requester_every is None:
        return None
    return add_time(terms[1], clock.heard_at, terms[0].update_requester_every, clock.stops)


def see_due(draft: Draft, known: Known, ticket: Ticket) -> Ticket:
    """The ticket with its due time as the effects gathered so far leave it: for the card of a mail."""
    book = draft.policy.book
    if not book.slas:
        return ticket
    standing = _follow(draft.effects, known.tickets.get(ticket.serial), known.clocks, ticket.serial, book, draft.now)
    dues = find_dues(book, standing) if standing is not None else ()
    by_hand = find_set_due(draft.effects, known.tickets.get(ticket.serial), ticket.serial)
    return replace(ticket, due_at=by_hand or (dues[0].at if dues else None))


def keep_promises(
    decision: Decision,
    known: Known,
    policy: Policy,
    now: datetime,
    *,
    told: Mapping[int, tuple[str, ...]] | None = None,
) -> Decision:
    """The decision with what it means to the clocks of its tickets; `told` are lapses that the clock has reported."""
    book = policy.book
    if not book.slas and not known.clocks:
        return decision
    told = told or {}
    serials = [serial for effect in decision.effects if (serial := _serial_of(effect)) is not None]
    effects: list[Effect] = []
    steps: list[Step] = []
    for serial in dict.fromkeys((*serials, *told)):
        before = known.tickets.get(serial)
        standing = _follow(decision.effects, before, known.clocks, serial, book, now)
        if standing is None:
            continue
        effects += _follow_sla(decision.effects, before, standing, book)
        dues = find_dues(book, standing)
        clock = _settle(standing, dues, find_update(book, standing), told.get(serial), now)
        due = dues[0] if dues else None
        former = before.due_at if before is not None else None
        by_hand = find_set_due(decision.effects, before, serial)
        due_at = by_hand or (due.at if due is not None else None)
        if clock == known.clocks.get(serial) and due_at == former:
            continue
        effects.append(KeepClock(serial, clock, due_at, due.name if due else "", due_at != former))
        if due_at != former:
            name = due.name if due is not None and by_hand is None else "set by hand,"
            words = f"{name} due {due_at:%Y-%m-%d %H:%M} UTC" if due_at is not None else "nothing is due"
            steps.append(Step("verbs", words))
    if not effects:
        return decision
    return replace(decision, effects=(*decision.effects, *effects), trace=(*decision.trace, *steps))


def find_set_due(effects: Iterable[Effect], before: Ticket | None, serial: int) -> datetime | None:
    """When an agent says it is due, which counts before what is promised."""
    found = before.set_due_at if before is not None else None
    for effect in effects:
        if isinstance(effect, SetMoment) and effect.serial == serial and effect.name == "due":
            found = effect.at
    return found


def _serial_of(effect: Effect) -> int | None:
    if isinstance(effect, SendMail):
        return effect.mail.serial
    return effect.serial if isinstance(effect, _FOLLOWED) else None


def _follow(
    effects: Iterable[Effect],
    before: Ticket | None,
    clocks: Mapping[int, Clock],
    serial: int,
    book: Rulebook,
    now: datetime,
) -> Standing | None:
    """How the ticket stands after the effects; None for one that is not known."""
    standing = None
    if before is not None:
        standing = Standing(before.state, before.department, clocks.get(serial) or _begin(before, book, now))
    for effect in effects:
        if not isinstance(effect, _FOLLOWED):
            continue
        if isinstance(effect, OpenTicket):
            if effect.serial == serial:
                clock = Clock(effect.at, effect.sla if effect.has_own_sla else "", waiting_since=effect.at)
                standing = Standing(State.NEW, effect.department, clock)
        elif standing is not None:
            standing = _take(standing, effect, serial, now)
    return standing


def _take(standing: Standing, effect: Effect, serial: int, now: datetime) -> Standing:
    """One effect's part."""
    clock = standing.clock
    if isinstance(effect, SendMail):
        mail = effect.mail
        if mail.serial != serial or mail.role != "customer":
            return standing
        clock = replace(clock, heard_at=now)
        if mail.purpose in _ANSWERS and not mail.is_automatic:
            told = tuple(name for name in clock.told if name == RESOLUTION)
            clock = replace(clock, waiting_since=None, is_answered=True, told=told)
        return replace(standing, clock=clock)
    if isinstance(effect, SuppressMail):
        is_update = effect.purpose == "status" or (effect.purpose == "received" and effect.reason in _PASSING)
        if effect.serial == serial and is_update:
            return replace(standing, clock=replace(clock, heard_at=now))
        return standing
    if isinstance(effect, AddMessage):
        if effect.serial == serial and effect.direction == "in" and effect.purpose in _CUSTOMERS_WORDS:
            is_proven = clock.is_proven or _is_proof(effect)
            # Thanks on a finished case wait for nothing; a mail that opens it again came with a change of its state
            since = clock.waiting_since or (None if standing.state in _FINISHED else now)
            return replace(standing, clock=replace(clock, waiting_since=since, is_proven=is_proven))
        return standing
    if isinstance(effect, SetState) and effect.serial == serial:
        state = State(effect.state)
        at = effect.at or now
        stops = clock.stops
        if state in _STOPPED and not clock.is_stopped:
            stops = (*stops[-_MOST_STOPS:], (at, None))
        elif state not in _STOPPED and clock.is_stopped:
            stops = (*stops[:-1], (stops[-1][0], at)) if stops[-1][0] < at else stops[:-1]
        since = clock.waiting_since
        if standing.state in _FINISHED and state not in _FINISHED:
            since = at  # whoever opens it again waits from then on
        elif state in _FINISHED:
            since = None
        return Standing(state, standing.department, replace(clock, stops=stops, waiting_since=since))
    if isinstance(effect, WithdrawMails) and effect.serial == serial:
        since = clock.waiting_since or effect.since  # nobody has answered after all
        return replace(
            standing, clock=replace(clock, waiting_since=since, is_answered=clock.is_answered and not effect.is_first)
        )
    if isinstance(effect, SetAttribute) and effect.serial == serial:
        if effect.name == "department":
            return replace(standing, department=effect.value)
        if effect.name == "sla":
            return replace(standing, clock=replace(clock, sla=effect.value))
    return standing


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
        waiting_since=now if waits and ticket.state not in _FINISHED else None,
        is_answered=bool(answers),
        heard_at=now if any(message.direction == "out" for message in public) else None,
        stops=((now, None),) if ticket.state in _STOPPED else (),
    )


def _settle(
    standing: Standing, dues: tuple[Due, ...], update: datetime | None, told: tuple[str, ...] | None, now: datetime
) -> Clock:
    """The clock with what it has to look at next, and without lapses that are none any more."""
    clock = standing.clock
    known = clock.told if told is None else told
    if not clock.is_stopped:
        known = tuple(name for name in known if any(due.name == name and due.at <= now for due in dues))
    times = [due.at for due in dues if due.name not in known]
    return replace(clock, told=known, look_at=min([*times, *([update] if update is not None else [])], default=None))


def _follow_sla(
    effects: Iterable[Effect], before: Ticket | None, standing: Standing, book: Rulebook
) -> Iterable[SetAttribute]:
    """A ticket that moved lives by its new department's sla, unless a rule gave it one of its own."""
    if before is None or standing.department == before.department or standing.clock.sla:
        return ()
    terms = find_terms(book, standing.department, "")
    name = terms[0].name if terms is not None else ""
    if name == before.sla:
        return ()
    return (SetAttribute(before.serial, "sla", name, f"department {standing.department}"),)
