"""What is promised on a ticket and when it is due: the clock follows the effects of a decision, the sla says the rest.

Dry. A ticket keeps facts (since when somebody waits, when the clock stood still), never due times alone: another sla,
department or calendar counts the same facts anew. It stands still while the requester has the word (pending), the case
is on hold, or finished. What lapsed and who is told of it is `deadlines`' business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailproc.desk.clock.course import FOLLOWED, RESOLUTION, Standing, follow
from mailproc.desk.draft import Draft, Policy
from mailproc.records.caseeffects import SetMoment
from mailproc.records.changing import changed
from mailproc.records.decision import Decision, Step
from mailproc.records.effects import Effect, KeepClock, SendMail, SetAttribute
from mailproc.records.promises import Clock
from mailproc.records.ticket import Known, Ticket
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.businesstime import add_time
from mailproc.rulebook.calendars import Calendar
from mailproc.rulebook.slas import Sla

FIRST, NEXT = "first_response", "next_response"


@dataclass(frozen=True, slots=True)
class Due:
    """One promise that is running: first_response, next_response or resolution."""

    name: str
    at: datetime


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
    standing = follow(draft.effects, known.tickets.get(ticket.serial), known.clocks, ticket.serial, book, draft.now)
    dues = find_dues(book, standing) if standing is not None else ()
    by_hand = find_set_due(draft.effects, known.tickets.get(ticket.serial), ticket.serial)
    due_at = by_hand or (dues[0].at if dues else None)
    return ticket if due_at == ticket.due_at else changed(ticket, due_at=due_at)


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
        standing = follow(decision.effects, before, known.clocks, serial, book, now)
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
    return decision.changed((*decision.effects, *effects), (*decision.trace, *steps))


def find_set_due(effects: Iterable[Effect], before: Ticket | None, serial: int) -> datetime | None:
    """When an agent says it is due, which counts before what is promised."""
    found = before.set_due_at if before is not None else None
    for effect in effects:
        if isinstance(effect, SetMoment) and effect.serial == serial and effect.name == "due":
            found = effect.at
    return found


def _serial_of(effect: Any) -> int | None:
    if type(effect) is SendMail:
        return effect.mail.serial
    return effect.serial if type(effect) in FOLLOWED else None


def _settle(
    standing: Standing, dues: tuple[Due, ...], update: datetime | None, told: tuple[str, ...] | None, now: datetime
) -> Clock:
    """The clock with what it has to look at next, and without lapses that are none any more."""
    clock = standing.clock
    known = clock.told if told is None else told
    if not clock.is_stopped:
        known = tuple(name for name in known if any(due.name == name and due.at <= now for due in dues))
    times = [due.at for due in dues if due.name not in known]
    if update is not None:
        times.append(update)
    look_at = min(times, default=None)
    return clock if known == clock.told and look_at == clock.look_at else clock.look_again(known, look_at)


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
