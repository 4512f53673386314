"""What the clock does at a moment that an agent set: what rested opens again, what is due by then is told of. Dry."""

from dataclasses import replace

from mailproc.desk.draft import Draft
from mailproc.desk.mails import notices
from mailproc.desk.mails.outgoing import agent_identity as identity_of
from mailproc.desk.mails.outgoing import build_mail, card, department_headers, department_of, inner_language, workers_of
from mailproc.records.caseeffects import (
    SetMoment,
)
from mailproc.records.effects import (
    SetState,
)
from mailproc.records.ticket import State, Ticket

_FINISHED = (State.RESOLVED, State.CLOSED)


def wake(draft: Draft, ticket: Ticket) -> bool:
    """True when a moment of this ticket has come; it is looked at no more for it."""
    waited = ticket.waits_until is not None and ticket.waits_until <= draft.now
    is_due = ticket.set_due_at is not None and ticket.set_due_at <= draft.now
    if waited:
        if ticket.state is State.ON_HOLD:
            draft.step("verbs", f"{ticket.number} waited until {ticket.waits_until:%Y-%m-%d %H:%M} UTC", True)
            draft.add(SetState(ticket.serial, State.OPEN, "waited", "clock", draft.now))
            _remind(draft, replace(ticket, state=State.OPEN))
        draft.add(SetMoment(ticket.serial, "wait", None, "waited", "clock"))
    if is_due:
        if ticket.state not in _FINISHED and not waited:
            draft.step("verbs", f"{ticket.number} was due {ticket.set_due_at:%Y-%m-%d %H:%M} UTC", True)
            draft.event(ticket.serial, "overdue", "clock", promise="due", due=str(ticket.set_due_at))
            notices.remind(draft, replace(ticket, due_at=ticket.set_due_at), ("due",), None)
        # The same moment again: it has passed, so that the clock looks at the ticket for it no more
        draft.add(SetMoment(ticket.serial, "due", ticket.set_due_at, "overdue", "clock"))
    return waited or is_due


def _remind(draft: Draft, ticket: Ticket) -> None:
    """Who has the case, or its department, gets it back."""
    policy, department = draft.policy, department_of(draft.policy, ticket)
    asked = [message for message in ticket.thread if message.direction == "in" and message.visibility == "public"]
    for recipient in workers_of(policy, ticket, department):
        draft.send(
            build_mail(
                draft,
                ticket,
                recipient,
                purpose="reminder",
                template="reminder",
                role="agent",
                identity=identity_of(policy, recipient, department),
                subject=ticket.subject,
                language=inner_language(policy, recipient, department),
                text=asked[-1].text if asked else "",
                headers=department_headers(policy, ticket, department, ""),
                context=(*card(ticket, department), ("waiting_days", str((draft.now - ticket.updated_at).days))),
            )
        )
