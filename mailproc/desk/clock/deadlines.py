"""What the clock decides: promises that lapse, updates that requesters are promised, cases that close. Dry."""

from dataclasses import replace
from datetime import datetime

from mailproc.desk.clock import waking
from mailproc.desk.clock.course import Standing
from mailproc.desk.clock.promises import Due, find_dues, find_update, keep_promises
from mailproc.desk.draft import Draft, Policy
from mailproc.desk.mails import courtesy, notices
from mailproc.desk.stops.limits import over_limit, refuse_address
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import SetState
from mailproc.records.mail import Level
from mailproc.records.promises import Clock
from mailproc.records.ticket import Known, State, Ticket
from mailproc.tickets.lifecycle import may_change


def decide_clock(known: Known, policy: Policy, now: datetime, *, promised: frozenset[int] = frozenset()) -> Decision:
    """Tells of lapsed promises, sends due updates, closes what has been resolved for `auto_close_after`.

    Pending never closes by itself. `promised` are the tickets whose clocks asked to be looked at. Updates are limited
    by the requester's counts, so `known` holds one ticket where one may be due.
    """
    draft = Draft(policy, now)
    reasons: list[str] = []
    told: dict[int, tuple[str, ...]] = {}
    for ticket in known.tickets.values():
        if _closes(draft, ticket):
            reasons.append("auto-close")
        if waking.wake(draft, ticket):
            reasons.append("waited")
        clock = known.clocks.get(ticket.serial)
        if clock is not None and ticket.serial in promised:
            told[ticket.serial] = _keep(draft, known, ticket, clock, reasons)
    if not draft.effects and not told:
        return draft.finish(Outcome.NOTHING, "nothing-to-do")
    serial = next(iter(told)) if len(told) == 1 else None
    decision = draft.finish(Outcome.CHANGED, reasons[0] if reasons else "promises-counted", serial)
    return keep_promises(decision, known, policy, now, told=told)


def _closes(draft: Draft, ticket: Ticket) -> bool:
    limit = draft.policy.site.auto_close_after
    is_due = limit is not None and ticket.resolved_at is not None and draft.now - ticket.resolved_at >= limit
    if ticket.state is not State.RESOLVED or not is_due or not may_change(ticket.state, State.CLOSED, "clock"):
        return False
    draft.step("verbs", f"{ticket.number} resolved since {ticket.resolved_at:%Y-%m-%d %H:%M}", True)
    draft.add(SetState(ticket.serial, State.CLOSED, "auto-close", "clock", draft.now))
    days = (draft.now - ticket.resolved_at).days if ticket.resolved_at is not None else 0
    courtesy.tell_changes(draft, ticket, replace(ticket, state=State.CLOSED), waiting_days=days)
    return True


def _keep(draft: Draft, known: Known, ticket: Ticket, clock: Clock, reasons: list[str]) -> tuple[str, ...]:
    """What is due on one ticket; the names of its promises whose lapse the department knows of afterwards."""
    book, standing = draft.policy.book, Standing(ticket.state, ticket.department, clock)
    dues = find_dues(book, standing)
    late = tuple(due for due in dues if due.at <= draft.now)
    fresh = tuple(due for due in late if due.name not in clock.told)
    if fresh:
        reasons.append("promise-lapsed")
        _remind(draft, replace(ticket, due_at=dues[0].at), clock, fresh)
    update = find_update(book, standing)
    if update is not None and update <= draft.now:
        reasons.append("update-due")
        _update(draft, known, ticket, clock)
    return tuple(due.name for due in late)


def _remind(draft: Draft, ticket: Ticket, clock: Clock, lapsed: tuple[Due, ...]) -> None:
    for due in lapsed:
        draft.step("verbs", f"{ticket.number}: {due.name} was due {due.at:%Y-%m-%d %H:%M} UTC", True)
        draft.event(ticket.serial, "overdue", "clock", promise=due.name, due=due.at.isoformat())
    notices.remind(draft, ticket, tuple(due.name for due in lapsed), clock.waiting_since)


def _update(draft: Draft, known: Known, ticket: Ticket, clock: Clock) -> None:
    """A word to the requester on an open case: to nobody who is unproven and whom nobody has answered (T30)."""
    to = ticket.requester.addr
    level = Level.A2 if clock.is_proven else Level.A1
    refused = refuse_address(draft.policy.site, to, known.requester) or (
        "" if clock.is_proven or clock.is_answered else "sender-unproven"
    )
    refused = refused or over_limit(draft.policy.site.limits, known.counts, level)
    if refused:
        draft.suppress(ticket.serial, "status", to, refused)
        return
    courtesy.send_status(draft, ticket, is_proven=clock.is_proven)
