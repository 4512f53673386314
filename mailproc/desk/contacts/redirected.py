"""Mail that an agent redirected to us: unchanged, with Resent-* fields above it (RFC 5322 section 3.6.6). Dry.

It is its author's own mail, and whoever redirected it may have been anybody: those fields prove nothing and are shown.
"""

from mailproc.desk.contacts.brought import REDIRECTED, Brought, is_same_text
from mailproc.desk.draft import Arrival
from mailproc.message.addresses import parse_mailboxes
from mailproc.message.parts import first
from mailproc.records.ticket import Ticket


def find_redirect(arrival: Arrival) -> Brought | None:
    """Who of our agents passed the mail on, as its Resent-From says; None for any other mail."""
    value = first(arrival.inbound.headers, "resent-from")
    if not value:
        return None
    for box in parse_mailboxes(value[:1_000])[:1]:
        agent = arrival.policy.book.find_agent(box.addr)
        if agent is not None and agent.is_active and arrival.sender not in agent.addresses:
            return Brought(REDIRECTED, box.addr)
    return None


def find_redirected(arrival: Arrival) -> Ticket | None:
    """The case that a redirected mail is on already, by its own Message-ID."""
    if arrival.brought is None or arrival.brought.way != REDIRECTED:
        return None
    tickets, seen = arrival.known.tickets, set[int]()
    ticket = tickets.get(arrival.known.by_id.get(arrival.inbound.message_id, -1))
    while ticket is not None and ticket.merged_into in tickets and ticket.serial not in seen:
        seen.add(ticket.serial)
        ticket = tickets[ticket.merged_into]
    return ticket


def is_on(arrival: Arrival, ticket: Ticket) -> bool:
    """Whether the very words of a redirected mail stand on the case."""
    if arrival.brought is None or arrival.brought.way != REDIRECTED:
        return False
    return any(is_same_text(message.text, arrival.inbound.new_text) for message in ticket.thread)
