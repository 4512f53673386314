"""Who is speaking, and whether they may: the trust table of mail-policy section 3. Dry."""

from dataclasses import dataclass
from datetime import timedelta

from mailproc.desk.draft import Arrival
from mailproc.message.parts import first
from mailproc.records.mail import Inbound, Level, MailClass
from mailproc.records.site import Site
from mailproc.records.ticket import Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.followup import LOOP_HEADER, Keys
from mailproc.tickets.token import PURPOSES, TokenClaim, is_genuine

CUSTOMER_TOKEN_LIFE = timedelta(days=180)
AGENT_TOKEN_LIFE = timedelta(days=30)
_LARGEST_CLOCK_ERROR = timedelta(days=1)
AGENT_MAIL_LIFE = timedelta(days=7)  # older than this an agent's mail may be a copy somebody kept (T19)


@dataclass(frozen=True, slots=True)
class AgentStanding:
    """Whether an agent's mail on a ticket may do its work; `reason` says why not, "" when it may."""

    agent: Agent
    reason: str
    purpose: str = "r"  # what the token is for: r reply, n note, d done

    @property
    def may_act(self) -> bool:
        return not self.reason


def department_identity(department: str) -> str:
    """The identity of a token that any agent of a department may use."""
    return f"department:{department}"


def find_agent(arrival: Arrival) -> Agent | None:
    """The agent whose address stands in From, whatever proves it."""
    return arrival.policy.book.find_agent(arrival.sender) if arrival.sender else None


def is_department(arrival: Arrival) -> bool:
    """True when the mail comes from an address that departments' mail is forwarded to."""
    departments = arrival.policy.book.departments.values()
    return any(arrival.sender in department.forward_to for department in departments)


def speaks_as_agent(arrival: Arrival, ticket: Ticket) -> bool:
    """True when a mail on this ticket is an agent's work rather than a customer's word.

    An agent who is the ticket's requester speaks as the customer, unless the mail came with an agent's token.
    """
    if find_agent(arrival) is None:
        return False
    return arrival.sender not in ticket.participants or any(
        PURPOSES[claim.purpose] == "agent" for claim in arrival.keys.tokens if claim.serial == ticket.serial
    )


def agent_standing(arrival: Arrival, agent: Agent, ticket: Ticket) -> AgentStanding:
    """What the trust table says of this agent on this ticket, checked at the time of processing (T04)."""
    claim = _agent_claim(arrival, agent, ticket)
    purpose = claim.purpose if claim else "r"

    def refused(reason: str) -> AgentStanding:
        return AgentStanding(agent, reason, purpose)

    if arrival.released_as == "agent":
        return AgentStanding(agent, "", purpose)
    if not agent.is_active:
        return refused("agent-inactive")
    if ticket.department not in agent.departments:
        return refused("agent-not-entitled")
    if claim is None and not _answers_our_mail_to(arrival, agent, ticket):
        return refused("agent-without-token")
    if not _is_proven_agent(arrival):
        return refused("agent-unproven")
    own = set(agent.addresses)
    if any(address.addr not in own for address in arrival.inbound.reply_to):
        return refused("agent-reply-to")
    date = arrival.inbound.date
    if date is None or not -_LARGEST_CLOCK_ERROR < arrival.now - date <= AGENT_MAIL_LIFE:
        return refused("agent-stale")
    if arrival.inbound.message_id and arrival.inbound.message_id in arrival.known.by_id:
        return refused("agent-replay")  # the same mail with other bytes: a copy somebody changed (T19)
    return AgentStanding(agent, "", purpose)


def is_participant(arrival: Arrival, ticket: Ticket) -> bool:
    """True when the From address is exactly one of the ticket's people (never its domain: T24)."""
    return arrival.sender in ticket.participants


def is_verified_customer(arrival: Arrival, ticket: Ticket) -> bool:
    """True when a participant's mail may be treated as theirs: proven, or with the token we gave them."""
    if arrival.released_as == "customer" or arrival.trust.level >= Level.A2:
        return True
    if _is_fresh(arrival, ticket, CUSTOMER_TOKEN_LIFE):
        for claim in arrival.keys.tokens:
            is_theirs = (
                claim.serial in (ticket.serial, arrival.match.merged_from) and PURPOSES[claim.purpose] == "customer"
            )
            if is_theirs and is_genuine(claim, arrival.policy.keys, arrival.sender):
                return True
    return _sent_to(arrival, ticket, {arrival.sender})


def mail_class(arrival: Arrival) -> MailClass:
    """The mail's class once the site is known (mail-policy section 4)."""
    return class_at_site(arrival.inbound, arrival.keys, arrival.policy.site)


def class_at_site(inbound: Inbound, keys: Keys, site: Site) -> MailClass:
    """OWN by our signed ids; our own address as From without them is a machine of ours (a contact form)."""
    if keys.own_id is not None:
        return MailClass.OWN
    if inbound.mail_class is MailClass.HUMAN and keys.sender in site.addresses:
        return MailClass.ROLE
    if inbound.mail_class is MailClass.HUMAN and first(inbound.headers, LOOP_HEADER):
        return MailClass.AUTO  # another help desk of our kind
    return inbound.mail_class


def _agent_claim(arrival: Arrival, agent: Agent, ticket: Ticket) -> TokenClaim | None:
    if not _is_fresh(arrival, ticket, AGENT_TOKEN_LIFE):
        return None
    # Every identity is tried so that the time does not tell which one it was
    identities = [*agent.addresses, *(department_identity(key) for key in agent.departments)]
    genuine = [
        claim
        for claim in arrival.keys.tokens
        if claim.serial in (ticket.serial, arrival.match.merged_from)
        and PURPOSES[claim.purpose] == "agent"
        and sum(is_genuine(claim, arrival.policy.keys, identity) for identity in identities)
    ]
    # To several addresses at once: what was meant to stay inside stays inside
    return min(genuine, key=lambda claim: "ndrh".index(claim.purpose), default=None)


def _answers_our_mail_to(arrival: Arrival, agent: Agent, ticket: Ticket) -> bool:
    """Where addresses carry no token, the signed id of the notification the agent answers stands in for it."""
    if arrival.policy.site.address_extension != "none" or not _is_fresh(arrival, ticket, AGENT_TOKEN_LIFE):
        return False
    return _sent_to(arrival, ticket, {*agent.addresses, *(department_identity(key) for key in agent.departments)})


def _sent_to(arrival: Arrival, ticket: Ticket, identities: set[str]) -> bool:
    if arrival.policy.site.address_extension != "none":
        return False
    for our_id in arrival.keys.our_ids:
        sent = arrival.known.sent.get((our_id.serial, our_id.n))
        if our_id.serial == ticket.serial and sent is not None and sent.identity in identities:
            return True
    return False


def _is_fresh(arrival: Arrival, ticket: Ticket, life: timedelta) -> bool:
    return arrival.now - (ticket.last_mail_at or ticket.updated_at) <= life


def _is_proven_agent(arrival: Arrival) -> bool:
    trust, mode = arrival.trust, arrival.policy.site.trust.agent_trust
    if trust.level is Level.A0 or not arrival.inbound.from_ok:
        return False
    if mode == "token":
        return True
    return trust.level is Level.A3 or trust.has_aligned_dkim or (mode == "network" and trust.is_submitted)
