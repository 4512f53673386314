"""What the clock decides: for now, resolved tickets that close by themselves. Dry."""

from datetime import datetime

from mailproc.desk.draft import Draft, Policy
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import SetState
from mailproc.records.ticket import Known, State
from mailproc.tickets.lifecycle import may_change


def decide_clock(known: Known, policy: Policy, now: datetime) -> Decision:
    """Closes what has been resolved for `auto_close_after`; pending never closes by itself."""
    draft = Draft(policy, now)
    limit = policy.site.auto_close_after
    for ticket in known.tickets.values():
        is_due = limit is not None and ticket.resolved_at is not None and now - ticket.resolved_at >= limit
        if ticket.state is State.RESOLVED and is_due and may_change(ticket.state, State.CLOSED, "clock"):
            draft.step("verbs", f"{ticket.number} resolved since {ticket.resolved_at:%Y-%m-%d %H:%M}", True)
            draft.add(SetState(ticket.serial, State.CLOSED, "auto-close", "clock", now))
    if not draft.effects:
        return draft.finish(Outcome.NOTHING, "nothing-to-do")
    return draft.finish(Outcome.CHANGED, "auto-close")
