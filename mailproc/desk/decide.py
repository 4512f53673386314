"""The decision about one mail. Dry: everything it needs is an argument, everything it wants is an effect.

brakes -> follow-up -> who speaks -> commands or rules -> verbs -> notices; each in its own file of this room.
"""

from datetime import datetime

from mailproc.desk.agentmail import decide_agent_mail
from mailproc.desk.clock.promises import keep_promises
from mailproc.desk.commands.outreach import decide_outreach, is_for_new_case
from mailproc.desk.commands.overview import decide_overview
from mailproc.desk.contacts.onbehalf import decide_on_behalf, find_home
from mailproc.desk.contacts.redirected import find_redirect, find_redirected
from mailproc.desk.customermail import decide_on_ticket, open_ticket
from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.held.holds import ask_about, decide_answer
from mailproc.desk.speakers import BY_AGENT, find_agent, is_department, is_participant, speaks_as_agent
from mailproc.desk.stops.brakes import apply_brakes
from mailproc.desk.stops.limits import is_too_old
from mailproc.desk.stops.loops import judge, keep, record
from mailproc.records.decision import Decision
from mailproc.records.mail import Envelope, Inbound, Level, Trust
from mailproc.records.ticket import Known, Ticket
from mailproc.tickets.followup import Keys, match_ticket


def decide_mail(
    inbound: Inbound,
    envelope: Envelope,
    trust: Trust,
    keys: Keys,
    known: Known,
    policy: Policy,
    now: datetime,
    *,
    released_as: str = "",
) -> Decision:
    """What becomes of this mail; never raises on a mail's account, and always says why.

    `released_as` is a person's word that the mail may pass the check that held it: an operator's (customer, agent,
    new), or its agent's own (`speakers.BY_AGENT`).
    """
    decision = _decide(inbound, envelope, trust, keys, known, policy, now, released_as)
    return keep_promises(decision, known, policy, now)


def _decide(
    inbound: Inbound,
    envelope: Envelope,
    trust: Trust,
    keys: Keys,
    known: Known,
    policy: Policy,
    now: datetime,
    released_as: str,
) -> Decision:
    seen = (inbound, envelope, trust, keys, match_ticket(keys, known), known, policy, now, released_as)
    arrival = Arrival(*seen, judge(Arrival(*seen)), find_redirect(Arrival(*seen)))
    return keep(arrival, ask_about(arrival, _work(arrival)))


def _work(arrival: Arrival) -> Decision:
    inbound, envelope, trust, released_as = arrival.inbound, arrival.envelope, arrival.trust, arrival.released_as
    policy, now = arrival.policy, arrival.now
    is_quiet = envelope.kind == "feed" and not envelope.forwards_old and is_too_old(arrival)
    draft = Draft(policy, now, "old-feed" if is_quiet else "", arrival.sender)
    if released_as:
        by = "its agent" if released_as in BY_AGENT else "an operator"
        draft.step("brakes", f"released as {released_as} by {by}")
    stopped = apply_brakes(arrival, draft)
    if stopped is not None:
        return stopped
    draft.step("trust", f"{trust.level.name}: {'; '.join(trust.evidence) or 'nothing known'}", trust.level > Level.A0)
    if not inbound.from_ok and released_as != "new":
        draft.step("trust", f"From: {inbound.from_defect}", False)
        claimed = arrival.match.ticket.serial if arrival.match.ticket else None
        return draft.hold("from-malformed", f"Nobody knows who wrote this: {inbound.from_defect}", claimed)
    answered = decide_answer(arrival, draft)
    if answered is not None:
        return answered
    if arrival.judgement is not None and arrival.judgement.is_machine:
        recorded = record(arrival, draft, arrival.judgement)
        if recorded is not None:
            return recorded
    ticket = None if released_as == "new" or is_for_new_case(arrival) else _follow_up(arrival, draft)
    if ticket is None and released_as != "new":
        ticket = find_home(arrival) or find_redirected(arrival)
        brought = decide_on_behalf(arrival, draft) if ticket is None else None
        if brought is not None:
            return brought
    if released_as in BY_AGENT and (ticket is None or find_agent(arrival) is None):
        return draft.hold("agent-inactive", serial=ticket.serial if ticket else None)  # gone since (T04)
    if ticket is None:
        return _new(arrival, draft)
    agent = find_agent(arrival)
    if agent is None and not released_as and is_department(arrival) and not is_participant(arrival, ticket):
        draft.step("trust", f"{arrival.sender} is a department's mailbox, not an agent", False)
        return draft.hold("department-not-agent", serial=ticket.serial)
    if agent is not None and released_as != "customer" and speaks_as_agent(arrival, ticket):
        return decide_agent_mail(arrival, draft, agent, ticket)
    return decide_on_ticket(arrival, draft, ticket)


def _follow_up(arrival: Arrival, draft: Draft) -> Ticket | None:
    match, keys = arrival.match, arrival.keys
    draft.step(
        "follow-up",
        f"tokens {len(keys.tokens)}, ids of ours {len(keys.our_ids)}, other ids {len(keys.other_ids)}, tags "
        f"{list(keys.serials)}: {match.ticket.number + ' by ' + match.reason if match.ticket else match.reason}",
        match.ticket is not None,
    )
    return match.ticket


def _new(arrival: Arrival, draft: Draft) -> Decision:
    begun = decide_overview(arrival, draft) or decide_outreach(arrival, draft)
    if begun is not None:
        return begun
    if arrival.match.reason == "two-tags":
        return open_ticket(arrival, draft, "new-two-tags", linked=arrival.match.linked)
    if arrival.inbound.form is not None and arrival.inbound.form.has_person:
        return open_ticket(arrival, draft, "new-form")
    return open_ticket(arrival, draft, "new-by-agent" if find_agent(arrival) is not None else "new")
