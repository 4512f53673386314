"""What the actions of rules do to a ticket: holds, links, changes by a reply, acknowledgements and answers. Dry."""

from dataclasses import replace

from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.mails import courtesy, notices
from mailproc.desk.routing import gather_facts, note_routing
from mailproc.desk.stops.limits import refuse_acknowledgement
from mailproc.records.decision import Decision
from mailproc.records.effects import AddTags, LinkTickets, SetAttribute, SetField, SetState
from mailproc.records.mail import Level
from mailproc.records.ticket import Ticket
from mailproc.rulebook.evaluate import Routing, evaluate
from mailproc.tickets.casenumber import format_number, parse_number

NONE = "none"


def hold(draft: Draft, routing: Routing, serial: int | None = None) -> Decision:
    """The mail waits for a person because a rule says so."""
    is_spam = routing.hold.strip().lower() == "spam"
    rule = routing.cause_of("hold") or routing.rule
    reason, detail = ("spam", "") if is_spam else ("rule-hold", f"{rule}: {routing.hold}")
    return draft.hold(reason, f"Rule {rule!r} says: {routing.hold}", serial, detail)


def route_reply(arrival: Arrival, draft: Draft, ticket: Ticket) -> Routing | None:
    """What rules with `also: [reply]` say about a further mail; None when none of them matched."""
    book = arrival.policy.book
    if not book.has_reply_rules:
        return None
    routing = evaluate(book, gather_facts(arrival, ticket))
    note_routing(draft, routing)
    return routing if routing.rules else None


def apply_to_reply(arrival: Arrival, draft: Draft, ticket: Ticket, routing: Routing) -> Ticket:
    """The ticket after the changes that rules make of a reply; each change names the rule that asked for it."""
    serial = ticket.serial
    values = {
        "department": ("department", routing.department, ticket.department),
        "priority": ("priority", routing.priority, ticket.priority),
        "language": ("language", routing.language, ticket.language),
        "sla": ("sla", routing.sla, ticket.sla),
        "assign": ("assignee", routing.assign, ticket.assignee),
    }
    changed: dict[str, str] = {}
    for action, (name, value, former) in values.items():
        rule = routing.cause_of(action)
        if rule and value != former:
            draft.add(SetAttribute(serial, name, value, f"rule {rule}"))
            changed[name] = value
    for rule in dict.fromkeys(rule for name, _, rule in routing.causes if name == "tags"):
        fresh = tuple(tag for tag in routing.tags if routing.cause_of("tags", tag) == rule)
        draft.add(AddTags(serial, fresh, reason=f"rule {rule}"))
    for name, value in routing.fields:
        if dict(ticket.fields).get(name) != value:
            draft.add(SetField(serial, name, value, f"rule {routing.cause_of(f'field.{name}')}"))
    # The customer's word may have woken the case by now
    states = [effect.state for effect in draft.effects if isinstance(effect, SetState) and effect.serial == serial]
    if (rule := routing.cause_of("state")) and routing.state != (states[-1] if states else ticket.state):
        draft.add(SetState(serial, routing.state, f"rule {rule}", at=arrival.now))
    if routing.link_to:
        link(draft, arrival, ticket, routing)
    return replace(
        ticket,
        department=changed.get("department", ticket.department),
        priority=changed.get("priority", ticket.priority),
        language=changed.get("language", ticket.language),
        assignee=changed.get("assignee", ticket.assignee),
        tags=routing.tags,
        fields=routing.fields,
    )


def link(draft: Draft, arrival: Arrival, ticket: Ticket, routing: Routing) -> int | None:
    """Ties the ticket to the case whose number the rule gave; its serial, None for what is no number of ours.

    Whether there is such a case shows when the link is stored.
    """
    site = arrival.policy.site
    other = parse_number(routing.link_to, (site.prefix, *site.prefix_aliases))
    if other is None or other == ticket.serial:
        why = "is no case number" if other is None else "is this very case"
        draft.step("rules", f"link_to {routing.link_to!r} {why}: not linked", False)
        return None
    draft.add(LinkTickets(ticket.serial, other, "rule"))
    return other


def describe(arrival: Arrival, serial: int) -> tuple[str, str]:
    """A linked case for the card: its number and state, "" where it is not known."""
    other = arrival.known.tickets.get(serial)
    return (other.number, str(other.state)) if other else (format_number(serial, arrival.policy.site.prefix), "")


def acknowledge(arrival: Arrival, draft: Draft, ticket: Ticket, routing: Routing) -> None:
    """One mail to the sender of a new request: the template of a rule's `reply`, else that of `ack`."""
    template = routing.reply or ("" if routing.ack == NONE else routing.ack)
    refused = refuse_acknowledgement(arrival) if template else "rule"
    if refused:
        draft.suppress(ticket.serial, "received", arrival.sender, refused)
        return
    questions = tuple(
        label
        for name in routing.ask
        if name not in dict(ticket.fields) and (label := _field_label(arrival, name, ticket.language))
    )
    if template == "status":
        courtesy.send_status(draft, ticket, is_proven=arrival.trust.level >= Level.A2)
    else:
        template = courtesy.find_template(arrival, template, questions)
        left_out = courtesy.find_rejected(arrival) if template == "rejected" else ()
        notices.acknowledge(draft, arrival, ticket, template, questions, left_out=left_out)
    courtesy.tell_left_out(arrival, draft, ticket, is_verified=arrival.trust.level >= Level.A2)


def answer_reply(arrival: Arrival, draft: Draft, ticket: Ticket, routing: Routing, *, is_verified: bool) -> None:
    """The template of a rule's `reply` to who wrote again; on nobody's word but a proven one."""
    if not routing.reply:
        return
    refused = refuse_acknowledgement(arrival, is_new=False) if is_verified else "sender-unproven"
    if refused:
        draft.suppress(ticket.serial, "received", arrival.sender, refused)
        return
    if routing.reply == "status":
        courtesy.send_status(draft, ticket, is_proven=True)
    else:
        notices.acknowledge(draft, arrival, ticket, routing.reply, recipient=arrival.inbound.from_)


def _field_label(arrival: Arrival, name: str, language: str) -> str:
    field = arrival.policy.book.fields.get(name)
    if field is None:
        return ""
    labels = dict(field.labels)
    return labels.get(language) or labels.get(arrival.policy.site.default_language) or labels.get("en") or name
