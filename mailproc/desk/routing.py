"""What the rules say about a mail: facts gathered once, evaluated for each of our addresses it came to. Dry."""

from dataclasses import replace

from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.speakers import class_at_site, find_agent
from mailproc.records.mail import Level
from mailproc.records.ticket import Ticket
from mailproc.rulebook.evaluate import Routing, evaluate
from mailproc.rulebook.facts import Facts, auto_words, find_spam_score
from mailproc.rulebook.patterns import Budget
from mailproc.tickets.token import split_reply_address


def route_mail(arrival: Arrival, draft: Draft) -> tuple[Routing, tuple[str, ...]]:
    """The routing of a new ticket, and the further departments that its other addresses of ours lead to.

    The first of our addresses in To/Cc decides (mail-policy section 2).
    """
    ours = arrival.keys.recipients
    facts = gather_facts(arrival)
    if len(ours) < 2:
        routing = evaluate(arrival.policy.book, facts)
        note_routing(draft, routing)
        return routing, ()
    budget = Budget()  # the time of the rules' regexes is the mail's, however many addresses it came to
    routing = route_address(arrival, ours[0], facts, budget)
    note_routing(draft, routing)
    others = [route_address(arrival, address, facts, budget) for address in ours[1:]]
    draft.timed_out = tuple(dict.fromkeys((*draft.timed_out, *(path for other in others for path in other.timed_out))))
    told = {other.department for other in others if other.makes_ticket and not other.hold}
    return routing, tuple(sorted(told - {routing.department}))


def note_routing(draft: Draft, routing: Routing) -> None:
    """What the rules said goes with the decision."""
    draft.trace.extend(routing.trace)
    draft.rules = routing.rules
    draft.timed_out = tuple(dict.fromkeys(routing.timed_out))


def route_address(
    arrival: Arrival, address: str, facts: Facts | None = None, budget: Budget | None = None
) -> Routing:
    """What the rules say had the mail come to this address of ours alone."""
    facts = facts or gather_facts(arrival)
    site = arrival.policy.site
    seen = tuple(to for to in facts.recipients if split_reply_address(site, to)[0] in ("", address))
    return evaluate(arrival.policy.book, replace(facts, recipients=seen or (address,)), budget)


def gather_facts(arrival: Arrival, ticket: Ticket | None = None) -> Facts:
    """The facts a rulebook may ask about; nothing is computed twice for one mail."""
    inbound = arrival.inbound
    recipients = dict.fromkeys(
        (
            *(_without_token(arrival, address) for address in arrival.envelope.recipients),
            *(_without_token(arrival, address) for address in inbound.delivered_to),
            *(address.addr for address in inbound.to),
            *(address.addr for address in inbound.cc),
        )
    )
    # Not what its rhythm says: a rule that makes no ticket of automatic mail must not lose a person's by a mistake
    kind = class_at_site(inbound, arrival.keys, arrival.policy.site)
    return Facts(
        inbound=inbound,
        recipients=tuple(recipients),
        level=arrival.trust.level.name,
        dmarc=arrival.trust.dmarc,
        auto=auto_words(inbound, kind),
        is_known_sender=arrival.known.requester is not None,
        sender="agent" if find_agent(arrival) is not None and arrival.trust.level > Level.A0 else "customer",
        spam_score=_spam_score(arrival),
        at=arrival.envelope.received_at,
        language=inbound.language,
        is_new=ticket is None,
        ticket_state=ticket.state if ticket else "",
        ticket_department=ticket.department if ticket else "",
        ticket_priority=ticket.priority if ticket else "",
        ticket_tags=ticket.tags if ticket else (),
        ticket_fields=ticket.fields if ticket else (),
    )


def _without_token(arrival: Arrival, address: str) -> str:
    base, claim = split_reply_address(arrival.policy.site, address)
    return base if claim is not None else address


def _spam_score(arrival: Arrival) -> float | None:
    """The score a trusted border gave; its headers count only for mail that came past that border."""
    if arrival.envelope.kind == "smtp" and not arrival.trust.came_past_border:
        return None
    return find_spam_score(arrival.inbound)
